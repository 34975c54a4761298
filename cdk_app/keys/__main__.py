"""Make, list, rotate and revoke API keys.

    python -m cdk_app.keys create --env dev --tenant acme --scope submit,read --expires 90d
    python -m cdk_app.keys list --env dev
    python -m cdk_app.keys rotate KEY_ID --env dev --overlap 24h
    python -m cdk_app.keys revoke KEY_ID --env dev

--env reads what `make deploy` has written; --secret takes an ARN or a name; --local is the stack that runs on this
machine. A new key is written to stdout, alone and once; all else goes to stderr. The exit code is 0, or 2 with a
message where nothing was changed.
"""

import argparse
import json
import re
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cdk_app.keys import ring
from cdk_app.keys.kept import Kept, kept
from cdk_app.keys.ring import Key, Made, Refused, moment
from report_queue.keys import SCOPES

_UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_NEVER: Final = 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options, _there(options), now=round(time.time() * 1000))
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _run(options: argparse.Namespace, there: Kept, *, now: int) -> None:
    entropy = secrets.token_bytes(25)
    match options.command:
        case "create":
            made = there.change(
                lambda secret: ring.added(
                    secret,
                    tenant=options.tenant,
                    scopes=options.scope,
                    entropy=entropy,
                    now=now,
                    lifetime=options.expires or _NEVER,
                )
            )
            _show(made)
        case "rotate":
            made, old = there.change(
                lambda secret: ring.rotated(
                    secret,
                    options.key_id,
                    overlap=options.overlap,
                    entropy=entropy,
                    now=now,
                    lifetime=options.expires,
                )
            )
            _say(f"kept {old.id}: {_told(old)}.")
            _show(made)
        case "revoke":
            gone = there.change(lambda secret: ring.revoked(secret, options.key_id))
            _say(f"revoked {gone.id} of {gone.tenant}; functions and gateway may take it for 90 s more")
        case "list":
            _list(ring.listed(there.read()), now, as_json=options.json)


def _show(made: Made) -> None:
    _say(f"made {made.kept.id}: {_told(made.kept)}. It is shown this once, and good within half a minute.")
    try:
        print(made.key, flush=True)
    except OSError:
        raise Refused(f"nobody took the key that was made: revoke {made.kept.id}") from None


def _list(there: list[Key], now: int, *, as_json: bool) -> None:
    if as_json:
        shown = [
            {
                "id": key.id,
                "tenant": key.tenant,
                "scopes": list(key.scopes),
                "created": key.created and moment(key.created),
                "expires": key.expires and moment(key.expires),
                "state": key.state(now),
            }
            for key in there
        ]
        print(json.dumps(shown, indent=2))
        return
    head = ("ID", "TENANT", "SCOPES", "CREATED", "EXPIRES", "STATE")
    rows = [
        (
            key.id,
            key.tenant,
            ",".join(key.scopes),
            moment(key.created) if key.created else "-",
            moment(key.expires) if key.expires else "never",
            key.state(now),
        )
        for key in there
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _told(key: Key) -> str:
    until = f"until {moment(key.expires)}" if key.expires else "until it is revoked"
    return f"tenant {key.tenant}, may {', '.join(key.scopes)}, {until}"


def _there(options: argparse.Namespace) -> Kept:
    """The secret that is meant. Raises Refused."""
    if options.local:
        return _local(options.data_dir)
    return kept(options.secret or _output(options.env))


def _local(data_dir: Path) -> Kept:
    try:
        stack = json.loads((data_dir / "stack.json").read_text("utf-8"))
        name, endpoint, region = stack["secret"], stack["aws"], stack["region"]
    except (OSError, ValueError, KeyError):
        raise Refused(f"no stack runs on {data_dir}: start it with `make run`, or name its --data-dir") from None
    return kept(name, endpoint=endpoint, region=region, copy=data_dir / "keys.json")


def _output(environment: str) -> str:
    outputs = Path("cdk.out") / f"{environment}.outputs.json"
    try:
        stacks = json.loads(outputs.read_text("utf-8"))
        (secret,) = [values["KeysSecret"] for values in stacks.values() if "KeysSecret" in values]
    except (OSError, ValueError) as error:
        raise Refused(
            f"{outputs} names no KeysSecret ({type(error).__name__}): "
            f"run `make deploy ENV={environment}` first, or give --secret"
        ) from None
    return str(secret)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cdk_app.keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    where = argparse.ArgumentParser(add_help=False)
    which = where.add_mutually_exclusive_group(required=True)
    which.add_argument("--env", help="an environment that was deployed from here")
    which.add_argument("--secret", help="ARN or name of the keys' secret")
    which.add_argument("--local", action="store_true", help="the local stack that runs")
    where.add_argument("--data-dir", type=Path, default=Path(".data"), help="of the local stack (.data)")
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", parents=[where], help="a new key for a tenant")
    create.add_argument("--tenant", required=True, help="1 to 63 of a-z, 0-9 and -")
    create.add_argument("--scope", required=True, type=_scopes, help=f"some of {','.join(SCOPES)}")
    rotate = commands.add_parser("rotate", parents=[where], help="a new key in place of one, which expires")
    rotate.add_argument("key_id", help="what stands between the key's underscores")
    rotate.add_argument("--overlap", type=_duration, required=True, help="how long both are good: 24h, 30m, 0s")
    for command in (create, rotate):
        command.add_argument("--expires", type=_lifetime, help="90d, 12h: the new key ends by itself; never")
    revoke = commands.add_parser("revoke", parents=[where], help="a key's end")
    revoke.add_argument("key_id", help="what stands between the key's underscores")
    listing = commands.add_parser("list", parents=[where], help="the keys that are kept")
    listing.add_argument("--json", action="store_true", help="for programs")
    return parser


def _scopes(text: str) -> list[str]:
    granted = list(dict.fromkeys(word for word in text.split(",") if word))
    if unknown := [word for word in granted if word not in SCOPES]:
        raise argparse.ArgumentTypeError(f"no such scope: {', '.join(unknown)}; there are {', '.join(SCOPES)}")
    if not granted:
        raise argparse.ArgumentTypeError(f"name at least one of {', '.join(SCOPES)}")
    return granted


def _duration(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})([smhd])", text, re.ASCII)
    if match is None:
        raise argparse.ArgumentTypeError("say it as 90d, 24h, 30m or 45s")
    return int(match[1]) * _UNITS[match[2]]


def _lifetime(text: str) -> int:
    if text == "never":
        return _NEVER
    if (lifetime := _duration(text)) == 0:
        raise argparse.ArgumentTypeError("a key that ends at once is of no use")
    return lifetime


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
