"""What a run came to, in the words of the promise; and whether it was kept."""

from collections.abc import Iterator
from typing import Any

from .run import Ran
from .story import Story, job_of

Row = tuple[str, Any, bool]  # what, how many, whether that is as promised


def rows(ran: Ran) -> list[Row]:
    """The table."""
    finished = ran.states["completed"] + ran.states["failed"] + ran.states["cancelled"]
    missed = [str(line["missed"]) for line in ran.story.ok("wipe") if line["missed"]]
    twice, other = publications(ran.story)
    refused = stale(ran.story)
    planned, landed = ran.planned, ran.landed
    recovered = sorted(recoveries(ran.story))
    still_open = ran.wrong["still open"]
    told = {
        "accepted": (ran.accepted, True),
        "finished": (finished, finished == ran.accepted),
        "  completed, failed, cancelled": (
            ", ".join(str(ran.states[state]) for state in ("completed", "failed", "cancelled")),
            True,
        ),
        "lost": (ran.wrong["lost"], not ran.wrong["lost"]),
        "published twice": (twice, not twice),
        "overwritten": (other, not other),
        "unreadable": (ran.wrong["unreadable"], not ran.wrong["unreadable"]),
        "stale writes refused": (refused, refused > 0 or not planned["stop"]),
        **{
            f"{name}: planned, landed": (f"{planned[act]}, {landed[act]}", planned[act] == landed[act])
            for act, name in (_ACTS | ({"wipe": "broker failed over"} if missed else {})).items()
            if planned[act]
        },
        **({"writes that the replica had missed, in each failover": (", ".join(missed), True)} if missed else {}),
        "workers whose clocks are ten minutes off": (ran.clocks_off, bool(ran.clocks_off)),
        "continued before another attempt had ended the job": (ran.too_early, not ran.too_early),
        "still open": (still_open, not still_open),
        "orphan processes": (len(ran.orphans), not ran.orphans),
        "seconds to recover, p50 / p99": (f"{_part(recovered, 0.5):.1f} / {_part(recovered, 0.99):.1f}", True),
        "invariants broken": (len(ran.found), not ran.found),
        "seconds": (f"{ran.seconds:.0f}", True),
    }
    return [(what, number, kept) for what, (number, kept) in told.items()]


_ACTS = {
    "kill": "workers killed",
    "stop": "workers stopped and continued",
    "wipe": "broker wiped or restarted",
    "store": "requests failed by the store",
    "replies": "replies of scripts lost",
}


def printed(ran: Ran) -> Iterator[str]:
    """The table, as text, and what broke."""
    for what, number, kept in rows(ran):
        yield f"{what:<52} {number!s:>14}{'' if kept else '   NOT AS PROMISED'}"
    for found in [*ran.found, *ran.orphans][:20]:
        yield f"  ! {found}"


def kept(ran: Ran) -> bool:
    """Whether all of it is as promised."""
    return all(good for _, _, good in rows(ran))


def stale(story: Story) -> int:
    """What presumed-dead workers tried and were refused: by the broker's fence, and by the store's condition."""
    refused = sum(verdict in ("superseded", "cancelled") for _, _, _, _, verdict in story.ends())
    for line in story.ok("beat"):
        refused += sum(verdict == "superseded" for verdict in line["verdicts"])
    for line in story.lines:
        if line["op"] == "put" and line["how"] == "failed" and line["status"] == 412:
            refused += line["key"].startswith("reports/")
    return refused


def recoveries(story: Story) -> Iterator[float]:
    """Seconds from a worker's death or stop until each job that it held had ended."""
    ended = {job_of(line["key"]): line["t"] for line in story.writes("open/") if line["op"] == "delete"}
    for line in story.lines:
        if line["op"] in ("kill", "stop"):
            for name in {*line["held"], line["job"]}:
                if name and ended.get(name, 0) > line["t"]:
                    yield (ended[name] - line["t"]) / 1000


def publications(story: Story) -> tuple[int, int]:
    """How many reports were written more than once, and how many of these became other bytes, or none."""
    written: dict[str, list[str]] = {}
    for line in story.writes("reports/"):
        written.setdefault(line["key"], []).append(line["sha256"] if line["op"] == "put" else "")
    return sum(len(each) > 1 for each in written.values()), sum(len(set(each)) > 1 for each in written.values())


def _part(numbers: list[float], part: float) -> float:
    return numbers[min(len(numbers) - 1, int(part * len(numbers)))] if numbers else 0.0
