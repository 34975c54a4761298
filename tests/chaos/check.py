"""The invariants, held against a history. Each is a function that gives what breaks it, in words.

It is told what happened and nothing of the code: the operations as the workers saw them (`witness`), the writes as the
store made them (`front`), what was seen in the broker (`eye`), and what was found in the end (`run`).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Final

from .story import Story, job_of

TAKEN_AWAY: Final = ("superseded", "cancelled")
_SLACK_MS: Final = 5  # the broker counts in whole ms
_KILL_MS: Final = 1_500  # within which a child that is to be killed has ended
_HEARINGS: Final = 4  # of a call: twice, each time by the script's name and, where that is not known, by its text


def violations(story: Story) -> list[str]:
    """All that broke an invariant, each with its name before it."""
    return [f"{check.__name__.replace('_', ' ')}: {found}" for check in CHECKS for found in check(story)]


def one_publication(story: Story) -> Iterator[str]:
    """A report is written once, and never replaced or deleted."""
    written: dict[str, int] = defaultdict(int)
    for line in story.writes("reports/"):
        written[line["key"]] += 1
        if written[line["key"]] == 2:
            yield f"{line['key']} was written twice"


def one_terminal_state(story: Story) -> Iterator[str]:
    """A round's receipt never says something else afterwards, but that a report outweighs a failure where the broker
    had forgotten the attempt that made it."""
    said: dict[tuple[str, str], str] = {}
    for line in story.writes("closed/"):
        if line["op"] == "delete":
            yield f"{line['key']} was deleted"
            continue
        name, state = (line["key"], line["marks"]["round"]), line["marks"]["state"]
        before = said.get(name, state)
        if before != state and not (story.forgets and (before, state) == ("failed", "completed")):
            yield f"{line['key']} was {before} and then {state}"
        said[name] = state


def reports_come_first(story: Story) -> Iterator[str]:
    """Publish, complete, close: neither the broker nor a receipt says that a report is there before it is."""
    never = float("inf")
    published = {job_of(line["key"]): line["t"] for line in reversed(list(story.writes("reports/")))}
    for line in story.writes("closed/"):
        name = job_of(line["key"])
        if line["op"] == "put" and line["marks"]["state"] == "completed" and published.get(name, never) > line["t"]:
            yield f"{name} had its receipt before its report"
    for line, name, _, verb, verdict in story.ends():
        if (verb, verdict) == ("complete", "completed") and published.get(name, never) > line["t"]:
            yield f"{name} was completed before its report was there"


def one_attempt_completes(story: Story) -> Iterator[str]:
    """The broker lets one attempt complete a job."""
    done: dict[tuple[str, int], tuple[str, int]] = {}
    for line, name, attempt, verb, verdict in story.ends():
        life = story.life(line)
        if (verb, verdict) == ("complete", "completed") and life is not None:
            mine = (line["who"], attempt)
            first = done.setdefault((name, life), mine)
            if first != mine:
                yield f"{name} was completed by {first[0]}'s attempt {first[1]} and by {mine[0]}'s {mine[1]}"


def one_attempt_at_a_time(story: Story) -> Iterator[str]:
    """Nobody is given a job while another's lease of it holds, by the clock that the broker goes by."""
    rules = story.rules
    held: dict[str, tuple[str, int, float, float, int]] = {}  # job -> who, attempt, since, until, in which life
    calls: dict[str, int] = {}  # job -> by which of its claims that one holds it
    asked: dict[tuple[str, int], float] = {}  # a claim, which may be made again -> when it was made first
    for line in story.lines:
        if line["op"] == "claim":
            asked.setdefault((line["who"], line["call"]), line["day"])
        if line["op"] in ("claim", "leave"):
            for name, _, _ in line["finished"]:  # from now on it may be let go
                if name in held and held[name][0] == line["who"]:
                    del held[name]
        if line["op"] not in ("claim", "beat") or line["how"] != "ok" or (life := story.life(line)) is None:
            continue
        if line["op"] == "claim":
            for name, attempt in line["leases"]:
                who, other, since, until, then = held.get(name, (line["who"], 0, 0, 0, life))
                if then == life and attempt < other:
                    continue  # an answer that came late, or to one that was stopped meanwhile
                if who != line["who"] and then == life and since < line["began"] and line["day"] < until - _SLACK_MS:
                    yield f"{name} was {who}'s for {until - line['day']:.0f} ms more when {line['who']} got it"
                owned = asked[line["who"], line["call"]] + rules.attempt_ms
                held[name] = (line["who"], attempt, line["t"], min(line["began_day"] + rules.lease_ms, owned), life)
                calls[name] = line["call"]
            continue
        for (name, _), verdict in zip(line["jobs"], line["verdicts"], strict=True):
            if verdict == "active" and name in held and held[name][0] == line["who"]:
                _, attempt, since, until, _ = held[name]
                owned = asked[line["who"], calls[name]] + rules.attempt_ms
                renewed = min(line["began_day"] + rules.lease_ms, owned)
                held[name] = (line["who"], attempt, since, max(until, renewed), life)


def attempts_are_bounded(story: Story) -> Iterator[str]:
    """A job is claimed as often as it may fail and stall, in a life of the broker; outages cost it nothing."""
    rules = story.rules
    claims: dict[tuple[str, int], int] = defaultdict(int)
    outages = {line["job"] for line in story.ok("failed") if line["reason"].endswith(".away")}
    for line in story.ok("claim"):
        if (life := story.life(line)) is not None:
            for name, _ in line["leases"]:
                claims[name, life] += 1
    for (name, _), number in claims.items():
        if number > rules.attempts + rules.stalls + 1 and name not in outages:
            yield f"{name} was claimed {number} times"


def attempts_end(story: Story) -> Iterator[str]:
    """No attempt is told to carry on for longer than it may own a job."""
    claimed: dict[tuple[str, str, int], float] = {}
    for line in story.lines:
        if line["op"] == "claim" and line["how"] == "ok":
            claimed |= {(line["who"], name, attempt): line["day"] for name, attempt in line["leases"]}
        elif line["op"] == "beat" and line["how"] == "ok":
            for (name, attempt), verdict in zip(line["jobs"], line["verdicts"], strict=True):
                since = claimed.get((line["who"], name, attempt), line["began_day"])
                over = line["began_day"] - since - story.rules.attempt_ms
                if verdict == "active" and over > _SLACK_MS:
                    yield f"{name}: attempt {attempt} was to carry on {over:.0f} ms after its time"
                    del claimed[line["who"], name, attempt]


def children_end_with_their_jobs(story: Story) -> Iterator[str]:
    """A child whose job was cancelled or is another's is killed: it does not go on."""
    rendering: dict[tuple[str, str, int], float] = {}  # -> when the job was taken away; 0: not yet
    heard_of: dict[str, float] = {}  # worker -> when, last
    for line in story.lines:
        heard_of[line["who"]] = line["t"]
        if line["op"] == "render":
            name = (line["who"], line["job"], line["attempt"])
            if line["how"] == "invoked":
                rendering[name] = 0
            elif (taken := rendering.pop(name, 0)) and line["t"] - taken > _KILL_MS:
                yield f"{line['job']}: its child went on for {line['t'] - taken:.0f} ms after the job was taken away"
        elif line["op"] == "beat" and line["how"] == "ok":
            for (job, attempt), verdict in zip(line["jobs"], line["verdicts"], strict=True):
                if verdict in TAKEN_AWAY and rendering.get((line["who"], job, attempt)) == 0:
                    rendering[line["who"], job, attempt] = line["t"]
    for (who, job, _), taken in rendering.items():
        if taken and heard_of[who] - taken > _KILL_MS:
            yield f"{job}: its child never ended, {heard_of[who] - taken:.0f} ms after the job was taken away"


def a_call_is_made_twice_at_most(story: Story) -> Iterator[str]:
    """Whoever gets no reply asks once more, and is then told that the broker is away."""
    heard: dict[tuple[str, int], int] = defaultdict(int)
    for line in story.lines:
        if line["op"] == "heard":
            heard[line["worker"], line["call"]] += 1
            if heard[line["worker"], line["call"]] == _HEARINGS + 1:
                yield f"{line['worker']} made its call {line['call']} again and again"
        elif line["op"] == "claim":
            heard.pop((line["who"], line["call"]), None)


def the_broker_is_in_order(story: Story) -> Iterator[str]:
    """Each id stands in one state and accordingly in the index, active ones have a lease, and nothing has a TTL."""
    for line in story.ok("seen"):
        for kind, names in line["wrong"].items():
            yield f"{', '.join(names)}: {kind}"


def everything_ends(story: Story) -> Iterator[str]:
    """What was accepted is open no more and has a receipt: with a report that is what the receipt says, or a reason."""
    for line in story.ok("end"):
        if line["wrong"]:
            yield f"{line['job']}: {line['wrong']}"


def nothing_goes_wrong_unseen(story: Story) -> Iterator[str]:
    """No mistake of ours, also where the code got over it."""
    for line in story.ok("error"):
        yield line["says"]


CHECKS: Final[tuple[Callable[[Story], Iterator[str]], ...]] = (
    one_publication,
    one_terminal_state,
    reports_come_first,
    one_attempt_completes,
    one_attempt_at_a_time,
    attempts_are_bounded,
    attempts_end,
    children_end_with_their_jobs,
    a_call_is_made_twice_at_most,
    the_broker_is_in_order,
    everything_ends,
    nothing_goes_wrong_unseen,
)
