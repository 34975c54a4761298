"""What a finished document may hold beside its pages: links to the web and to mail addresses, and nothing that acts.

WeasyPrint writes no JavaScript. It would write form fields (a style sheet can ask for them), attachments and links of
any scheme; a template that asks for these fails its job.
"""

from typing import Final
from urllib.parse import urlsplit

import weasyprint  # type: ignore[import-untyped]

from report_queue.errors import PermanentFailure

_SCHEMES: Final = frozenset({"http", "https", "mailto"})


def refuse_what_leaves(document: weasyprint.Document) -> None:
    """Raises PermanentFailure (`link.blocked`, `asset.blocked`, `template.form`) for a document that is laid out.

    What the renderer itself attaches is not the template's and is not looked at here: it is handed to `write_pdf`.
    """
    links = {(kind, target) for page in document.pages for kind, target, _, _ in page.links}
    # Refused and not only locked: an attachment carries the clock's time, and a report is the same at any time.
    if document.metadata.attachments or any(kind == "attachment" for kind, _ in links):
        raise PermanentFailure("The template attaches a file; a report carries none.", reason="asset.blocked")
    if any(inputs for page in document.pages for inputs in page.forms.values()):
        raise PermanentFailure("The template asks for form fields; a report has none.", reason="template.form")
    for scheme in sorted({scheme_of(target) for kind, target in links if kind == "external"}):
        refuse_scheme(scheme)


def refuse_scheme(scheme: str) -> None:
    """Raises PermanentFailure, `link.blocked`, for a link that a report may not have."""
    if scheme not in _SCHEMES:
        raise PermanentFailure(
            f"The template links to {scheme}:; a report may link to http, https and mailto.", reason="link.blocked"
        )


def scheme_of(target: str) -> str:
    """In small letters; empty for what is relative."""
    try:
        return urlsplit(target).scheme
    except ValueError:
        return "an address that cannot be read"
