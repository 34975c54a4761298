"""What is planned: every way of going wrong that there is, and each as often as the others."""

from collections import Counter

import pytest

from tests.chaos.plan import POINTS, REPLIES, STOP_POINTS, STORE, WIPES, plan
from tests.chaos.run import run
from tests.chaos.table import kept


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_each_way_of_going_wrong_is_planned_as_often_as_the_others(seed: int) -> None:
    planned = plan(jobs=2_000, kills=100, stops=25, wipes=3, seed=seed)
    for act, ways in {"kill": POINTS, "stop": STOP_POINTS, "wipe": WIPES, "store": STORE, "replies": REPLIES}.items():
        times = Counter(fault.what for fault in planned.of(act))
        assert set(times) == set(ways)
        assert max(times.values()) - min(times.values()) <= 1


def test_a_run_whose_faults_find_nothing_to_strike_ends_all_the_same_and_is_no_proof() -> None:
    """It went on for ever once: with real reports no upload was long enough for the fault in its midst."""
    ran = run(plan(jobs=4, kills=1, stops=0, wipes=0, seed=1, points=("nowhere",), odd=(), outages=()))
    assert (ran.planned["kill"], ran.landed["kill"]) == (1, 0)
    assert ran.states["completed"] == ran.accepted > 4
    assert not kept(ran)
