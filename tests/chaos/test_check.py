"""Each invariant is broken by a history that breaks it; one that is sound breaks none."""

from typing import Any

import pytest

from tests.chaos.check import CHECKS, violations
from tests.chaos.story import Rules, Story

RULES = Rules(lease_ms=2_000, attempt_ms=6_000, stalls=4)


def told(*lines: tuple[Any, ...]) -> list[str]:
    """The violations of a history of (moment, who, op, facts), each operation done at once."""
    history: list[dict[str, Any]] = []
    for number, (moment, who, op, facts) in enumerate(lines):
        line = {"t": moment, "day": moment, "who": who, "op": op, "n": number, "finished": [], "how": "ok", **facts}
        history += [line] if op == "render" else [{**line, "t": moment - 0.5, "how": "invoked"}, line]
    return violations(Story(history, RULES))


def claim(moment: float, who: str, *leases: list[Any], finished: Any = (), verdicts: Any = ()) -> tuple[Any, ...]:
    return moment, who, "claim", {"leases": leases, "finished": finished, "verdicts": verdicts, "call": moment}


def put(moment: float, key: str, **marks: str) -> tuple[Any, ...]:
    return moment, "store", "put", {"key": key, "marks": {"round": "0", **marks}}


def beat(moment: float, who: str, job: str, verdict: str) -> tuple[Any, ...]:
    return moment, who, "beat", {"jobs": [[job, 1]], "verdicts": [verdict]}


def closed(moment: float, state: str) -> tuple[Any, ...]:
    return put(moment, "closed/a.json", state=state)


REPORT = put(100, "reports/acme/a.pdf")
DONE = claim(200, "w1", finished=[["a", 1, "complete"]], verdicts=["completed"])
RENDER = (50, "w1", "render", {"how": "invoked", "job": "a", "attempt": 1})

SOUND = (
    claim(10, "w1", ["a", 1]),
    beat(60, "w1", "a", "active"),
    REPORT,
    DONE,
    closed(300, "completed"),
)

BROKEN = {
    "one publication": (REPORT, put(101, "reports/acme/a.pdf")),
    "one terminal state": (REPORT, closed(300, "cancelled"), closed(400, "completed")),
    "reports come first": (closed(50, "completed"), REPORT),
    "one attempt completes": (
        REPORT,
        DONE,
        claim(300, "w2", finished=[["a", 2, "complete"]], verdicts=["completed"]),
    ),
    "one attempt at a time": (
        claim(10, "w1", ["a", 1]),
        beat(1_000, "w1", "a", "active"),
        claim(2_500, "w2", ["a", 2]),
    ),
    "attempts are bounded": tuple(claim(10_000 * number, "w1", ["a", number]) for number in range(1, 10)),
    "attempts end": (claim(10, "w1", ["a", 1]), beat(6_100, "w1", "a", "active")),
    "children end with their jobs": (
        RENDER,
        beat(60, "w1", "a", "superseded"),
        (2_000, "w1", "render", {"job": "a", "attempt": 1}),
    ),
    "a call is made twice at most": tuple(
        (moment, "run", "heard", {"worker": "w1", "call": 3}) for moment in range(1, 6)
    ),
    "the broker is in order": ((10, "run", "seen", {"wrong": {"in two states": ["a"]}}),),
    "everything ends": ((10, "run", "end", {"job": "a", "wrong": "still open"}),),
    "nothing goes wrong unseen": ((10, "w1", "error", {"says": "job a: a mistake of ours"}),),
}


def test_a_sound_history_breaks_nothing() -> None:
    assert told(*SOUND) == []


@pytest.mark.parametrize(("last", "found"), [(1_000, 0), (2_000, 1)])
def test_a_child_that_never_ends_is_found_where_its_worker_lives_on(last: float, found: int) -> None:
    assert len(told(RENDER, beat(60, "w1", "a", "cancelled"), claim(last, "w1"))) == found


def test_a_lease_holds_by_the_clock_of_the_day_that_the_broker_goes_by() -> None:
    """Which someone may set: an earlier checker, which went by the steady clock alone, took this for two attempts."""
    began, set_forward = claim(10, "w1", ["a", 1]), claim(600, "w2", ["a", 2])
    assert told(began, set_forward)
    assert told(began, (*set_forward[:3], set_forward[3] | {"day": 2_600})) == []


def test_a_claim_whose_replies_were_lost_began_when_it_was_made_first() -> None:
    lost, again, other = claim(10, "w1"), claim(1_900, "w1", ["a", 1]), claim(6_050, "w2", ["a", 2])
    lost, again = ((*one[:3], one[3] | {"call": 1}) for one in (lost, again))
    renewals = [beat(moment, "w1", "a", "active") for moment in (3_000, 4_500, 5_900)]
    assert told((*lost[:3], lost[3] | {"how": "unknown"}), again, *renewals, other) == []
    assert told(again, *renewals, other)


def test_a_broker_that_was_wiped_may_let_another_attempt_complete() -> None:
    wiped = (250, "run", "wipe", {})
    again = claim(300, "w2", finished=[["a", 1, "complete"]], verdicts=["completed"])
    assert told(*SOUND[:4], wiped, again) == []


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_an_invariant_is_found(name: str) -> None:
    (found,) = told(*BROKEN[name])
    assert found.startswith(f"{name}: ")


def test_each_invariant_has_a_history_that_breaks_it() -> None:
    assert {check.__name__.replace("_", " ") for check in CHECKS} == set(BROKEN)
