"""The API key of the local stack: made once per data directory, so that a restart prints the same one.

<data-dir>/key holds it in plain text (this machine is all that it opens), <data-dir>/keys.json what the authorizer's
secret holds: the pepper, the key's hash, and those of keys that `cdk_app.keys` made beside it. Both are readable by
their owner only.
"""

import json
import secrets
from pathlib import Path
from typing import Any

from cdk_app.local.errors import StackError
from cdk_app.private import write_private
from report_queue import keys

TENANT = "local"


def local_key(data_dir: Path, *, given: str | None = None) -> str:
    """The data directory's key: the given one, or the one that it has, or a new one. Writes both files."""
    key_file = data_dir / "key"
    pepper, others = _kept(data_dir / "keys.json")
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
    write_private(data_dir / "keys.json", json.dumps({"pepper": pepper, "keys": others | {key_id: record}}))
    write_private(key_file, key + "\n")
    return key


def _kept(path: Path) -> tuple[str, dict[str, Any]]:
    """The pepper, and the keys that somebody made; of another local key before this one nothing is left."""
    try:
        kept = json.loads(path.read_text("utf-8"))
        made = {key_id: record for key_id, record in kept["keys"].items() if "created" in record}
        return str(kept["pepper"]), made
    except (FileNotFoundError, ValueError, KeyError, AttributeError):
        return secrets.token_hex(32), {}
