"""S3's client as `bucket` uses it, at a tenth of botocore's cost: most of a run's time would be botocore's.

It asks twice at most, as botocore does, and raises what botocore would. Runs with real PDFs use the real one.
"""

import http.client
import re
import threading
from email.utils import parsedate_to_datetime
from io import BytesIO
from typing import Any, Final
from urllib.parse import quote, urlencode

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from .objects import MARK

_PATIENCE_S: Final = 1.0
_TRIES: Final = 2
_BLOCK: Final = 16_384  # bytes that are sent at once
_GONE: Final = (http.client.HTTPException, ConnectionError)


class ThinS3:
    """One connection a thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._host, _, self._port = url.removeprefix("http://").partition(":")
        self._own = threading.local()

    def put_object(self, *, Key: str, Body: Any, ContentType: str, Metadata: dict[str, str], **given: Any) -> Any:  # noqa: N803
        headers = {"content-type": ContentType, **{MARK + name: value for name, value in Metadata.items()}}
        headers |= _conditions(given)
        headers["content-length"] = str(given.get("ContentLength", len(Body) if isinstance(Body, bytes) else 0))
        _, found, _ = self._ask("PutObject", "PUT", Key, headers=headers, body=Body)
        return {"ETag": found["etag"]}

    def get_object(self, *, Key: str, **given: Any) -> Any:  # noqa: N803
        _, found, body = self._ask("GetObject", "GET", Key, headers=_conditions(given))
        return {"Body": BytesIO(body), "ETag": found["etag"]}

    def head_object(self, *, Key: str, **_: Any) -> Any:  # noqa: N803
        _, found, _ = self._ask("HeadObject", "HEAD", Key)
        return {
            "ETag": found["etag"],
            "ContentLength": int(found["content-length"]),
            "LastModified": parsedate_to_datetime(found["last-modified"]),
            "Metadata": {name.removeprefix(MARK): value for name, value in found.items() if name.startswith(MARK)},
        }

    def delete_object(self, *, Key: str, **given: Any) -> Any:  # noqa: N803
        self._ask("DeleteObject", "DELETE", Key, headers=_conditions(given))
        return {}

    def list_objects_v2(self, *, Prefix: str, StartAfter: str, MaxKeys: int, **_: Any) -> Any:  # noqa: N803
        query = {"prefix": Prefix, "start-after": StartAfter, "max-keys": MaxKeys}
        _, _, body = self._ask("ListObjectsV2", "GET", "", query=f"?{urlencode(query)}")
        return {"Contents": [{"Key": key} for key in re.findall("<Key>(.*?)</Key>", body.decode())]}

    def _ask(
        self,
        operation: str,
        method: str,
        key: str,
        *,
        headers: dict[str, str] | None = None,
        query: str = "",
        body: Any = b"",
    ) -> tuple[int, dict[str, str], bytes]:
        for left in reversed(range(_TRIES)):
            try:
                status, found, given = self._once(method, f"/reports/{quote(key)}{query}", headers or {}, body)
            except TimeoutError as error:
                self._hang_up()
                if not left:
                    raise ReadTimeoutError(endpoint_url=self._url) from error
            except _GONE as error:
                self._hang_up()
                if not left:
                    raise ConnectionClosedError(endpoint_url=self._url) from error
            else:
                if status < 300:
                    return status, found, given
                if status < 500 or not left:
                    code = re.search(b"<Code>(.*)</Code>", given)
                    said = code[1].decode() if code else str(status)
                    raise ClientError({"Error": {"Code": said}}, operation)
        raise AssertionError("unreachable")

    def _once(self, method: str, target: str, headers: dict[str, str], body: Any) -> tuple[int, dict[str, str], bytes]:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = http.client.HTTPConnection(
                self._host, int(self._port), timeout=_PATIENCE_S
            )
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        if isinstance(body, bytes):
            if body:
                connection.send(body)
        else:
            body.seek(0)
            while block := body.read(_BLOCK):
                connection.send(block)
        reply = connection.getresponse()
        given = reply.read()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, given

    def _hang_up(self) -> None:
        self._own.connection.close()
        del self._own.connection


def _conditions(given: dict[str, Any]) -> dict[str, str]:
    names = {"IfMatch": "if-match", "IfNoneMatch": "if-none-match"}
    return {names[name]: given[name] for name in names if name in given}
