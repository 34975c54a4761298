"""What may be typed. It knows argparse, and which function does what is asked."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

from report_queue.client.command import acts
from report_queue.client.command.where import KEY, URL

STATES: Final = ("waiting", "delayed", "active", "completed", "failed", "cancelled")
_EXITS: Final = """exit codes:
  0  done              1  a job failed or was cancelled      2  what was typed makes no sense
  3  the API refused   4  no answer, or not ended in time    130  Ctrl-C; what was submitted goes on
"""


def parser() -> argparse.ArgumentParser:
    """The parser; a parsed command has `act`, the function that does it."""
    root = argparse.ArgumentParser(
        prog="report-queue",
        description="Hand in reports, follow them, fetch them.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--url", help=f"of the API; or {URL}; or the local stack that runs")
    common.add_argument("--key-file", type=Path, help=f"file that holds the API key; or {KEY}; or the local stack's")
    common.add_argument("--data-dir", type=Path, default=Path(".data"), help="of a local stack (.data)")
    common.add_argument("--patience", type=float, default=30, help="seconds of asking again where nobody answers (30)")
    common.add_argument("--json", action="store_true", help="for programs")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: acts.Act, told: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, parents=[common], help=told, description=told)
        one.set_defaults(act=act)
        return one

    submit = command("submit", acts.submit, "hand in a report")
    submit.add_argument("type", help="see types")
    submit.add_argument("data", help="a JSON file; - is stdin")
    submit.add_argument("--rows", type=Path, help="a file of rows (.jsonl, .ndjson, .csv), too many for the data")
    submit.add_argument("--wait", action="store_true", help="until it has ended")
    _handing_in(submit)
    preview = command("preview", acts.preview, "a report as it would come out, without a job")
    preview.add_argument("type", help="see types")
    preview.add_argument("data", help="a JSON file; - is stdin")
    preview.add_argument("-o", "--output", type=Path, required=True, help="file, or folder")
    _wishing(preview)
    batch = command("batch", acts.batch, "hand in a report for each row of a file, and wait for all of them")
    batch.add_argument("rows", type=Path, help="a CSV file whose head names members, or a payload a line (.jsonl)")
    batch.add_argument("--type", required=True, help="see types")
    batch.add_argument("--base", help="a JSON file of what all rows have in common")
    batch.add_argument("--name", help="of the batch")
    batch.add_argument("--result", choices=("zip", "pdf"), help="one file of all reports (zip)")
    _handing_in(batch)
    listing = command("list", acts.list_jobs, "jobs, the newest first")
    listing.add_argument("--state", choices=STATES, help="(waiting)")
    for name in ("type", "tag", "signature", "batch", "since", "until"):
        listing.add_argument(f"--{name}")
    listing.add_argument("--limit", type=_count, default=20, help="at most so many (20)")
    download = command("download", acts.download, "save a job's report")
    download.add_argument("job")
    download.add_argument("-o", "--output", type=Path, required=True, help="file, or folder")
    for name, act, told in (
        ("show", acts.show_job, "a job, and what happened to it"),
        ("retry", acts.retry, "a failed or cancelled job, once more"),
        ("cancel", acts.cancel, "end a job that has not ended"),
        ("promote", acts.promote, "start a delayed job now"),
    ):
        command(name, act, told).add_argument("job")
    tail = command("tail", acts.tail, "follow a job to its end, or all jobs until Ctrl-C")
    tail.add_argument("job", nargs="?")
    types = command("types", acts.types, "the report types; of one, its schema or sample")
    types.add_argument("type", nargs="?")
    types.add_argument("--sample", action="store_true", help="its sample, to begin with")
    command("stats", acts.stats, "how many jobs are in which state")
    return root


def _handing_in(command: argparse.ArgumentParser) -> None:
    command.add_argument("-o", "--output", type=Path, help="wait, and save the result as this file, or in this folder")
    _wishing(command)
    command.add_argument("--within", type=float, help="wait at most so many seconds")
    command.add_argument("--idempotency-key", help="sent again with the same key, it is the same job")


def _wishing(command: argparse.ArgumentParser) -> None:
    command.add_argument("--option", type=_option, action="append", default=[], help="name=value; may be given again")


def _option(text: str) -> tuple[str, Any]:
    """One of the API's options; a value that is no JSON is a text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError("say it as name=value, such as priority=9 or locale=de")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)
