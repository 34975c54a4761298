"""The AWS services of the local stack: moto's S3, EventBridge and Secrets Manager in one process of their own.

Run as a program it serves on a socket that the supervisor has opened, so there is no port to guess and no moment at
which it cannot be connected to. S3 is what the mirror holds; bus and secret are made anew at each start.
Knows moto; the functions know only its address.
"""

import argparse
import asyncio
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_app.local import permits
from cdk_app.local.processes import Processes
from cdk_app.topology import FUNCTIONS

if TYPE_CHECKING:  # the supervisor imports this module and has no use for moto
    from moto.moto_server.werkzeug_app import MotoRequestHandler

REGION = "us-east-1"
ACCOUNT = "123456789012"


async def start_aws(
    processes: Processes,
    *,
    front: socket.socket,
    data_dir: Path,
    bucket: str,
    bus: str,
    secret: str,
    told: str,
    prefixes: Sequence[str],
    log: Path,
    env: Mapping[str, str],
) -> asyncio.subprocess.Process:
    """Start it; `told` is where it says of each object under the prefixes that is put, as S3 tells EventBridge.

    It is behind a socket that listens already: a request waits there until it is up."""
    return await processes.start(
        *(sys.executable, "-m", "cdk_app.local.aws"),
        *("--fd", str(front.fileno()), "--data-dir", str(data_dir)),
        *("--bucket", bucket, "--bus", bus, "--secret", secret, "--told", told),
        *("--prefixes", *prefixes),
        log=log,
        env=env,
        cwd=Path(__file__).parents[2],
        pass_fds=(front.fileno(),),
    )


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--data-dir", type=Path, required=True)
    for name in ("bucket", "bus", "secret"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--told", default="")
    parser.add_argument("--prefixes", nargs="*", default=[])
    options = parser.parse_args()

    from moto.events.models import events_backends
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.s3.models import s3_backends
    from moto.secretsmanager.models import secretsmanager_backends
    from werkzeug.serving import make_server

    from cdk_app.local.mirror import Mirror

    mirror = Mirror(options.data_dir / "s3", told=options.told, prefixes=options.prefixes)
    mirror.load()
    if options.bucket not in s3_backends[ACCOUNT]["aws"].buckets:
        s3_backends[ACCOUNT]["aws"].create_bucket(options.bucket, REGION)
    events_backends[ACCOUNT][REGION].create_event_bus(options.bus)
    secretsmanager_backends[ACCOUNT][REGION].create_secret(
        name=options.secret,
        secret_string=(options.data_dir / "keys.json").read_text("utf-8"),
        secret_binary=None,
        description=None,
        tags=None,
        kms_key_id=None,
        client_request_token=None,
        replica_regions=[],
        force_overwrite=False,
    )
    app = mirror.around(DomainDispatcherApplication(create_backend_app))
    app = permits.around(app, {function.name: function.may for function in FUNCTIONS})
    make_server("127.0.0.1", 0, app, threaded=True, request_handler=_request_class(), fd=options.fd).serve_forever()


def _request_class() -> "type[MotoRequestHandler]":
    """Requests over connections that stay open and do not wait for acknowledgements; no line a request in the log."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Kept(MotoRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_expect_100(self) -> bool:
            return True  # Werkzeug says it itself

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    return Kept


if __name__ == "__main__":
    main()
