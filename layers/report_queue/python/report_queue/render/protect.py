"""A password for a PDF: AES with a key of 256 bits (PDF 2.0, revision 6), by qpdf.

Encrypting takes random numbers, so no two encryptions are alike: what the same request gives again is the PDF before.
"""

import hashlib
import shutil
import tempfile
import unicodedata
from typing import BinaryIO

import pikepdf


def protect(pdf: BinaryIO, *, password: str) -> str:
    """Encrypt the PDF in an open file, in its place; the sha256, hex, that it had before.

    Whoever has the password may read, print and copy; without it nothing of the document is legible, metadata included.
    """
    pdf.seek(0)
    before = hashlib.file_digest(pdf, "sha256").hexdigest()  # type: ignore[arg-type]  # a file like any other
    key = unicodedata.normalize("NFKC", password)  # as PDF 2.0 has it: one text, however it was typed
    with tempfile.TemporaryFile() as locked:
        pdf.seek(0)
        with pikepdf.open(pdf) as opened:
            # One password for both: without an owner's of its own, anyone could take the protection off.
            opened.save(locked, encryption=pikepdf.Encryption(owner=key, user=key, R=6, aes=True, metadata=True))
        locked.seek(0)
        pdf.seek(0)
        pdf.truncate()
        shutil.copyfileobj(locked, pdf)
    pdf.flush()
    return before
