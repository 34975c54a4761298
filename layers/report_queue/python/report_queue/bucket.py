"""The conversation with S3: conditions as arguments, their refusal as an answer, everything else as StoreAway.

It knows boto and one bucket, and nothing of what is kept there. Its messages name no payload, no id and no link.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from botocore.exceptions import BotoCoreError, ClientError

from report_queue.errors import StoreAway
from report_queue.marks import Head

# S3 answers 409 to one of two conditional writes that meet: it says nothing of the condition, so we ask again.
_PAUSES_S: Final = (0.05, 0.1, 0.2, 0.4)
_CHUNK: Final = 1 << 20  # bytes of an object that is read piece by piece
_LOOKS: Final = 5  # as often as we look again where someone else was quicker


class Bucket:
    """The conversation with S3: conditions as arguments, their refusal as None or False, all else as StoreAway."""

    def __init__(self, client: Any, name: str, sleep: Callable[[float], None]) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def put(
        self,
        key: str,
        body: bytes | BinaryIO,
        *,
        content_type: str,
        marks: dict[str, str],
        replaces: str | None = None,
        size: int | None = None,
        sha256: str | None = None,
    ) -> str | None:
        """Put an object where there is none, or in the place of the one with that etag. Its etag, or None: not so."""
        length: dict[str, Any] = {} if size is None else {"ContentLength": size}
        checksum = {"ChecksumSHA256": b64encode(bytes.fromhex(sha256)).decode()} if sha256 else {}
        condition = {"IfNoneMatch": "*"} if replaces is None else {"IfMatch": replaces}
        reply = self._ask(
            "put_object",
            key,
            body=body,
            ContentType=content_type,
            Metadata=marks,
            **{"ChecksumAlgorithm": "SHA256"} | checksum | length | condition,
        )
        return str(reply["ETag"]) if reply is not None else None

    def put_once(
        self, key: str, body: BinaryIO, *, content_type: str, marks: dict[str, str], size: int, sha256: str
    ) -> Head | None:
        """Put an object that never changes afterwards. None: it is ours; else the head of the one that was there."""
        for _ in range(_LOOKS):
            if self.put(key, body, content_type=content_type, marks=marks, size=size, sha256=sha256):
                return None
            if (there := self.head(key)) is not None:
                return there
        raise self.unsteady("publish", key)

    def get(self, key: str) -> bytes | None:
        found = self.read(key)
        return found[0] if found else None

    def read(self, key: str) -> tuple[bytes, str] | None:
        """The object, and the etag by which it can be replaced or deleted."""
        reply = self._ask("get_object", key)
        return (bytes(reply["Body"]), str(reply["ETag"])) if reply is not None else None

    def pieces(self, key: str, *, etag: str) -> Iterator[bytes] | None:
        """The object with exactly that etag, piece by piece; None where it is gone or another one stands there."""
        reply = self._ask("get_object", key, whole=False, IfMatch=etag)
        return self._pieces(key, reply["Body"]) if reply is not None else None

    def head(self, key: str) -> Head | None:
        reply = self._ask("head_object", key)
        return (
            Head(reply["ETag"], reply["ContentLength"], reply["Metadata"], round(reply["LastModified"].timestamp()))
            if reply is not None
            else None
        )

    def delete(self, key: str, *, etag: str) -> bool:
        """Delete exactly that object; False where it is gone or another one stands there."""
        return self._ask("delete_object", key, IfMatch=etag) is not None

    def remove(self, key: str) -> None:
        """Delete whatever stands there, which says nothing but its key."""
        self._ask("delete_object", key)

    def page(self, prefix: str, *, after: str, limit: int) -> list[str]:
        reply = self._ask("list_objects_v2", None, Prefix=prefix, StartAfter=after, MaxKeys=limit) or {}
        return [entry["Key"] for entry in reply.get("Contents", [])]

    def link(self, key: str, *, disposition: str, content_type: str, seconds: int) -> str:
        wanted = {
            "Bucket": self._name,
            "Key": key,
            "ResponseContentDisposition": disposition,
            "ResponseContentType": content_type,
        }
        return self._presigned("get_object", wanted, seconds)

    def upload_link(self, key: str, *, seconds: int) -> str:
        """A link by which one object of that key may be put, for that long. It is a key: it belongs in no log."""
        return self._presigned("put_object", {"Bucket": self._name, "Key": key}, seconds)

    def _presigned(self, operation: str, wanted: dict[str, str], seconds: int) -> str:
        try:
            return str(self._client.generate_presigned_url(operation, Params=wanted, ExpiresIn=seconds))
        except BotoCoreError as error:
            raise self._away("presign", wanted["Key"], type(error).__name__) from error

    def _pieces(self, key: str, body: Any) -> Iterator[bytes]:
        try:
            yield from body.iter_chunks(_CHUNK)
        except BotoCoreError as error:
            raise self._away("get_object", key, type(error).__name__) from error
        finally:
            body.close()

    def unsteady(self, verb: str, key: str) -> StoreAway:
        return self._away(verb, key, "the object changed each time that we looked")

    def _ask(
        self, operation: str, key: str | None, *, body: bytes | BinaryIO | None = None, whole: bool = True, **given: Any
    ) -> Any:
        """One call; None where the object, or the one that the condition asks for, is not there.

        A body that comes back is read, unless it is not to be had `whole`.
        """
        named: dict[str, Any] = {"Bucket": self._name} if key is None else {"Bucket": self._name, "Key": key}
        for pause in (*_PAUSES_S, None):
            if body is not None:
                named |= {"Body": body}
                if not isinstance(body, bytes):
                    body.seek(0)
            try:
                reply = getattr(self._client, operation)(**named, **given)
                return reply | {"Body": reply["Body"].read()} if whole and "Body" in reply else reply
            except ClientError as error:
                code = str(error.response["Error"]["Code"])
                if code in {"404", "NoSuchKey", "412", "PreconditionFailed"}:
                    return None
                if code not in {"409", "ConditionalRequestConflict", "OperationAborted"} or pause is None:
                    raise self._away(operation, key or given["Prefix"], code) from error
                self._sleep(pause)
            except BotoCoreError as error:
                raise self._away(operation, key or given["Prefix"], type(error).__name__) from error
        raise AssertionError("unreachable")

    def _away(self, operation: str, key: str, why: str) -> StoreAway:
        return StoreAway(f"S3: {operation} under s3://{self._name}/{key.split('/')[0]}/ did not succeed ({why})")
