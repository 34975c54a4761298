"""The local stack's command line: `python -m cdk_app.local up | demo | invoke | verify | audit | preview`.

Each command loads what it needs: a preview is there in the time that the stack's modules take to load.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cdk_app.local.errors import StackError

if TYPE_CHECKING:
    from cdk_app.local.stack import Drawing

_HEALTHY_S = 30.0


def main(drawing: "Drawing | None" = None) -> int:
    """Run; returns the exit code: 0, 1 where a function answered with an error or a proof failed, 2 with stderr."""
    options = _parser().parse_args()
    command = _invoke if options.command == "invoke" else _up
    try:
        if options.command == "verify":
            from cdk_app.local.verify import verify_job

            return verify_job(options.job, data_dir=options.data_dir, bucket=options.bucket)
        if options.command == "audit":
            from cdk_app.local.audit import audit_stack

            return audit_stack(options.data_dir, dry_run=options.dry_run)
        if options.command == "preview":
            from cdk_app.local.preview import Wish, preview

            return preview(Wish(options.type, options.data, options.out, options.rows), watch=options.watch)
        return asyncio.run(_until_signal(command(options, drawing)))
    except StackError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cdk_app.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start everything and serve until Ctrl-C")
    up.add_argument("--demo", action="store_true", help="submit the sample sales report first")
    demo = commands.add_parser("demo", help="start everything, make the sample sales report, stop")
    for command in (up, demo):
        command.add_argument("--port", type=int, default=8080, help="of the HTTP API; 0 takes a free one (8080)")
        command.add_argument("--key", help="API key to accept instead of the data directory's own")
        command.add_argument("--workers", type=_positive, default=2, help="most worker sandboxes at once (2)")
        command.add_argument(
            "--wakes", choices=("bus", "bucket"), default="bus", help="what carries wakes: a bus's events, or objects"
        )
        command.add_argument(
            "--cors-origin",
            type=_origin,
            action="append",
            default=[],
            help="an origin whose pages may call the API, such as http://localhost:5173; may be given again",
        )
        command.add_argument("--assembly", type=Path, help="run what is synthesised there, cdk.out/…, not the topology")
    one = commands.add_parser("invoke", help="run one function on one sample event and print its answer")
    one.add_argument("function")
    one.add_argument("file", type=Path, help="events/….json")
    proof = commands.add_parser("verify", help="render a job's report again and compare its bytes")
    proof.add_argument("job", help="the job's id")
    proof.add_argument("--bucket", help="of a deployment in AWS, instead of the data directory")
    held = commands.add_parser("audit", help="put right what contradicts the records in the running stack's broker")
    held.add_argument("--dry-run", action="store_true", help="only tell")
    look = commands.add_parser("preview", help="render one report type's sample, or your data, as PDF and PNG")
    look.add_argument("type", nargs="?", default="", help="a folder of report_queue/reports")
    look.add_argument("--data", type=Path, help="a JSON file, instead of the type's sample")
    look.add_argument("--rows", type=Path, help="a file of JSON lines or CSV with the data's rows")
    look.add_argument("--out", type=Path, default=Path("out/preview"), help="folder of the files made (out/preview)")
    look.add_argument("--watch", action="store_true", help="again after each change, until Ctrl-C")
    for command in (up, demo, one, proof, held):
        command.add_argument("--data-dir", type=Path, default=Path(".data"), help="queue, documents, logs (.data)")
    return parser


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _origin(text: str) -> str:
    from cdk_app.topology import ORIGIN

    if not re.fullmatch(ORIGIN, text):
        raise argparse.ArgumentTypeError("an origin is http://host or https://host:port, without a path")
    return text


async def _up(options: argparse.Namespace, drawing: "Drawing | None") -> int:
    from cdk_app.local.demo import demonstrate
    from cdk_app.local.stack import Drawing, stack
    from cdk_app.topology import rules

    began = time.monotonic()
    async with stack(
        data_dir=options.data_dir,
        port=options.port,
        key=options.key,
        workers=options.workers,
        cors_origins=options.cors_origin,
        drawing=drawing or (_read(options.assembly) if options.assembly else Drawing(rules=rules(options.wakes))),
        say=_say,
    ) as up:
        await _healthy(up.url)
        _say(f"up after {time.monotonic() - began:.1f} s; data and logs are in {options.data_dir}")
        _say(f"ready {up.url}")
        _say(f"key {up.key}")
        if options.command == "demo" or options.demo:
            await demonstrate(up.url, up.key)
        if options.command == "up":
            _say("serving until Ctrl-C")
            await asyncio.Event().wait()
    return 0


def _read(assembly: Path) -> "Drawing":
    from cdk_app.local.assembly import read_drawing

    return read_drawing(assembly)


async def _healthy(url: str) -> None:
    """Wait until the health route answers 200."""
    import httpx

    said = ""
    async with httpx.AsyncClient(trust_env=False, timeout=_HEALTHY_S) as client:
        end = time.monotonic() + _HEALTHY_S
        while time.monotonic() < end:
            response = await client.get(f"{url}/health")
            if response.status_code == httpx.codes.OK:
                return
            said = f"{response.status_code} {response.text}"
            await asyncio.sleep(0.2)
    raise StackError(f"the stack is up but not healthy: {said}")


async def _invoke(options: argparse.Namespace, drawing: "Drawing | None") -> int:
    from cdk_app.local.invoke import invoke
    from cdk_app.local.stack import Drawing

    drawing = drawing or Drawing()
    answer, is_error = await invoke(options.function, options.file, data_dir=options.data_dir, drawing=drawing)
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return int(is_error)


async def _until_signal(work: Coroutine[Any, Any, int]) -> int:
    """Run until done or asked to stop; the first signal ends everything in order, a second changes nothing."""
    task = asyncio.create_task(work)
    asked: list[int] = []

    def stop(number: int) -> None:
        if not asked:
            asked.append(number)
            _say("stopping")
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    with suppress(asyncio.CancelledError):
        return await task
    return 0


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # whoever read it has gone: the stack goes on, and ends in order when it is told to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
