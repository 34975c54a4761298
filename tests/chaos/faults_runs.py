"""A small run for each fault of `tests.mutants.chaos`, with the plan that lets it do harm: `make mutants` runs them.

Not of `make test`: the large run there has all of it.
"""

from typing import Any

import pytest

from tests.chaos.plan import plan
from tests.chaos.run import run
from tests.chaos.table import kept, printed

PATIENCE_S = 25.0  # with a run in which nothing moves
NOTHING: dict[str, Any] = {"jobs": 30, "kills": 0, "stops": 0, "wipes": 0, "odd": (), "outages": ()}
STOPPED = {**NOTHING, "stops": 4}
HANGING = {**NOTHING, "jobs": 12, "odd": ("deaf",)}

RUNS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no fence": ({**STOPPED, "stop_points": ("before complete", "after upload")}, {}),
    "unconditional publication": ({**STOPPED, "stop_points": ("mid-upload",)}, {}),
    "complete before publish": (NOTHING, {}),
    "claim not atomic": (NOTHING, {}),
    "requeue without guard": (NOTHING, {}),
    "client retries on": ({**NOTHING, "outages": ("replies",), "replies": ("dropped",), "losses": 6}, {"workers": 3}),
    "stalls uncounted": ({**NOTHING, "jobs": 12, "odd": ("poison",)}, {"stalls": 1}),
    "TTL on live jobs": (NOTHING, {}),
    "endless beat": (HANGING, {"attempt_ms": 3_000}),
    "reconciler that ignores finished jobs": (
        {**NOTHING, "kills": 4, "points": ("after complete", "between publish and receipt")},
        {},
    ),
    "close before publish": (NOTHING, {}),
    "child not killed": (HANGING, {"attempt_ms": 3_000}),
}


@pytest.mark.parametrize("fault", RUNS)
def test_a_small_run_keeps_the_promise(fault: str) -> None:
    planned, changes = RUNS[fault]
    ran = run(plan(seed=5, **planned), say=print, patience_s=PATIENCE_S, **changes)
    assert kept(ran), "\n".join(printed(ran))
