"""Which files a report may use: those of its own folder, those of the shared kit, and images inside data: URLs.

Everything else is refused, and a refusal fails the job. WeasyPrint on its own would log a failed fetch and go on,
and it swallows any exception at all while it draws an SVG: so the fetcher raises what WeasyPrint lets through
(FatalURLFetchingError) and also remembers, for `document` to look at the end.

A message names the scheme and host that were asked for, never the rest of the URL: that can hold the payload.
"""

from mimetypes import guess_type
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit
from urllib.request import DataHandler, Request, url2pathname

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

from report_queue.errors import PermanentFailure


class AssetFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Fetches for one document. `refusal` is the failure of the first fetch that was refused, if one was."""

    def __init__(self, *folders: Path) -> None:
        # `fetch` below decides alone; these say the same to whatever of the parent would run without it.
        super().__init__(allowed_protocols=("file", "data"), allow_redirects=False, fail_on_errors=True)
        self._folders = tuple(folder.resolve() for folder in folders)
        self.refusal: PermanentFailure | None = None

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002 - WeasyPrint's signature
        """The asset behind `url`. Raises FatalURLFetchingError, with `refusal` set, for anything that is not ours."""
        try:
            parts = urlsplit(url)
        except ValueError:
            self._refuse("asset.blocked", "a URL that cannot be read")
        if parts.scheme == "data":
            return self._inline(url)
        if parts.scheme == "file":
            return self._file(url, parts.netloc, parts.path)
        return self._refuse("asset.blocked", f"{parts.scheme}://{parts.hostname or ''}")

    def _inline(self, url: str) -> URLFetcherResponse:
        if not url[len("data:") :].lstrip().lower().startswith("image/"):
            self._refuse("asset.blocked", "a data: URL that is no image")
        try:
            response = DataHandler().data_open(Request(url))  # noqa: S310 - opens nothing: data: only
        except ValueError:
            self._refuse("asset.blocked", "a data: URL that cannot be read")
        return URLFetcherResponse(url, response.read(), response.headers)

    def _file(self, url: str, host: str, path: str) -> URLFetcherResponse:
        try:
            file = Path(url2pathname(path)).resolve()
        except ValueError:  # a NUL in the path
            self._refuse("asset.blocked", "file: outside its folder")
        if host or not any(file.is_relative_to(folder) for folder in self._folders):
            self._refuse("asset.blocked", "file: outside its folder")
        if not file.is_file():
            self._refuse("asset.missing", f"{file.name}, which is not in its folder")
        kind = guess_type(file.name)[0] or "application/octet-stream"
        return URLFetcherResponse(url, file.read_bytes(), {"Content-Type": kind})

    def _refuse(self, reason: str, what: str) -> NoReturn:
        failure = PermanentFailure(
            f"The template asks for {what}; it may use files of its own folder only.", reason=reason
        )
        self.refusal = self.refusal or failure
        raise FatalURLFetchingError(str(failure)) from failure
