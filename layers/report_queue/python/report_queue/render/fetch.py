"""Which files a report may use: those of its own folder, those of the shared kit, and images inside data: URLs.

Everything else is refused, and a refusal fails the job. WeasyPrint on its own would log a failed fetch and go on,
and it swallows any exception at all while it draws an SVG: so the fetcher raises what WeasyPrint lets through
(FatalURLFetchingError) and also remembers, for `document` to look at the end.

A message names the scheme and host that were asked for, never the rest of the URL: that can hold the payload.
"""

import ssl
from pathlib import Path
from typing import Final, NoReturn
from urllib.parse import urlsplit
from urllib.request import DataHandler, Request, url2pathname

from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse  # type: ignore[import-untyped]

from report_queue.errors import PermanentFailure
from report_queue.render import images

# Told by name, for they are the author's; an image is told by its content.
_KINDS: Final = {
    ".css": "text/css",
    ".otf": "font/otf",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_IMAGES: Final = frozenset({".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})
_TRUSTS_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without it, some would load the system's roots


class AssetFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
    """Fetches for one document. `refusal` is the failure of the first fetch that was refused, if one was."""

    def __init__(self, *folders: Path) -> None:
        # `fetch` below decides alone; these say the same to whatever of the parent would run without it.
        super().__init__(
            ssl_context=_TRUSTS_NOBODY, allowed_protocols=("file", "data"), allow_redirects=False, fail_on_errors=True
        )
        self._folders = tuple(folder.resolve() for folder in folders)
        self._images = 0
        self.refusal: PermanentFailure | None = None

    def fetch(self, url: str | None, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002 - WeasyPrint's signature
        """The asset behind `url`. Raises FatalURLFetchingError, with `refusal` set, for anything that is not ours."""
        if url is None:  # an <image> of an SVG that names no source
            self._refuse("The template shows an image that names no source.", "asset.missing")
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
        except ValueError:
            self._block("a URL that cannot be read")
        if parts.scheme == "data":
            return self._image(url, _inline(url) or self._block("a data: URL that is no image"))
        if parts.scheme == "file":
            return self._file(url, parts.netloc, parts.path)
        return self._block(f"{parts.scheme}://{host}")

    def _file(self, url: str, host: str, path: str) -> URLFetcherResponse:
        try:
            file = Path(url2pathname(path)).resolve()
        except ValueError:  # a NUL in the path
            self._block("file: outside its folder")
        if host or not any(file.is_relative_to(folder) for folder in self._folders):
            self._block("file: outside its folder")
        suffix = file.suffix.lower()
        if suffix not in _IMAGES and suffix not in _KINDS:
            self._block("a file that is no image, style sheet or font")
        if not file.is_file():
            self._refuse(f"The template asks for {file.name}, which is not in its folder.", "asset.missing")
        if file.stat().st_size > images.MAX_BYTES:
            self._refuse(f"The file {file.name} is larger than {images.MAX_BYTES >> 20} MB.", "asset.too_large")
        content = file.read_bytes()
        if suffix in _IMAGES:
            return self._image(url, content, file.name)
        return URLFetcherResponse(url, content, {"Content-Type": _KINDS[suffix]})

    def _image(self, url: str, content: bytes, name: str = "in a data: URL") -> URLFetcherResponse:
        self._images += 1
        if self._images > images.MAX_IMAGES:
            self._refuse(f"The report has more than {images.MAX_IMAGES} images.", "asset.too_large")
        try:
            kind = images.kind_of(content)
        except images.UnfitImage as unfit:
            self._refuse(f"The image {name} {unfit}.", unfit.reason)
        return URLFetcherResponse(url, content, {"Content-Type": kind})

    def _block(self, what: str) -> NoReturn:
        self._refuse(f"The template asks for {what}; it may use files of its own folder only.", "asset.blocked")

    def _refuse(self, message: str, reason: str) -> NoReturn:
        failure = PermanentFailure(message, reason=reason)
        self.refusal = self.refusal or failure
        raise FatalURLFetchingError(message) from failure


def _inline(url: str) -> bytes | None:
    """What a data: URL of an image holds; None if it says that it holds something else, or makes no sense."""
    if not url[len("data:") :].lstrip().lower().startswith("image/"):
        return None
    try:
        return bytes(DataHandler().data_open(Request(url)).read())  # noqa: S310 - opens nothing: data: only
    except ValueError:
        return None
