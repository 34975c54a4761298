"""The API key of the local stack: made once per data directory, so that a restart prints the same one.

<data-dir>/key holds it in plain text (this machine is all that it opens), <data-dir>/keys.json what the authorizer's
secret holds: the pepper and the key's hash. Both are readable by their owner only.
"""

import json
import os
import secrets
from pathlib import Path

from cdk_app.local.errors import StackError
from report_queue import keys

TENANT = "local"


def local_key(data_dir: Path, *, given: str | None = None) -> str:
    """The data directory's key: the given one, or the one that it has, or a new one. Writes both files."""
    key_file = data_dir / "key"
    pepper = secrets.token_hex(32)
    key = given
    if key is None and key_file.exists():
        key = key_file.read_text("utf-8").strip()
    if key is None:
        key, _, _ = keys.create(TENANT, keys.SCOPES, pepper, entropy=secrets.token_bytes(25))
    try:
        key_id, record = keys.record_of(key, tenant=TENANT, scopes=keys.SCOPES, pepper=pepper)
    except ValueError as error:
        where = "--key" if given is not None else str(key_file)
        raise StackError(f"{where}: {error}") from error
    _write(data_dir / "keys.json", json.dumps({"pepper": pepper, "keys": {key_id: record}}))
    _write(key_file, key + "\n")
    return key


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read, and never half of it."""
    draft = path.with_name(path.name + ".tmp")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
