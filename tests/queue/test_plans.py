"""The broker knows when to look at which schedule, and nothing else of it."""

import pytest

from brokers import settings_for
from queue_words import MINUTE, T0
from report_queue.broker import Broker
from report_queue.plans import Look, Plans
from report_queue.recurrence import FOREVER
from report_queue.wiring import broker


@pytest.fixture(params=["plain", "cluster"])
def plans(request: pytest.FixtureRequest) -> Plans:
    url = request.getfixturevalue("valkey" if request.param == "plain" else "valkey_cluster")
    settings = settings_for(url, broker_cluster=request.param == "cluster")
    return Plans(Broker(broker(settings), settings))


def ids(plans: Plans, now: int, *, limit: int = 100) -> list[str]:
    return [look.id for look in plans.due(now=now, limit=limit).looks]


def test_what_is_due_comes_in_its_order_and_nothing_before_its_moment(plans: Plans) -> None:
    plans.plan(Look("acme", "late", T0 + 2), Look("acme", "soon", T0 + 1), Look("other", "later", T0 + 3))
    assert ids(plans, T0) == []
    assert ids(plans, T0 + 2) == ["soon", "late"]
    assert ids(plans, T0 + 3) == ["soon", "late", "later"]
    assert ids(plans, T0 + 3, limit=1) == ["soon"]


def test_the_next_moment_is_told(plans: Plans) -> None:
    assert plans.due(now=T0).next_at is None
    plans.plan(Look("acme", "a", T0), Look("acme", "b", T0 + MINUTE))
    due = plans.due(now=T0)
    assert (due.next_at, due.now) == (T0 + MINUTE, T0)
    assert plans.due(now=T0 + MINUTE).next_at is None


def test_looking_changes_nothing(plans: Plans) -> None:
    plans.plan(Look("acme", "a", T0))
    assert ids(plans, T0) == ids(plans, T0) == ["a"]


def test_a_plan_is_replaced_and_repeating_it_changes_nothing(plans: Plans) -> None:
    assert plans.plan(Look("acme", "a", T0)) == 1
    assert plans.plan(Look("acme", "a", T0)) == 0
    assert plans.plan(Look("acme", "a", T0 + MINUTE)) == 1
    assert ids(plans, T0) == []
    assert ids(plans, T0 + MINUTE) == ["a"]


def test_what_is_planned_is_left_alone_where_only_the_absent_is_asked_for(plans: Plans) -> None:
    plans.plan(Look("acme", "a", T0 + MINUTE))
    assert plans.plan(Look("acme", "a", T0), Look("acme", "b", T0), absent=True) == 1
    assert ids(plans, T0) == ["b"]


def test_a_schedule_that_is_gone_is_looked_at_no_more(plans: Plans) -> None:
    plans.plan(Look("acme", "a", T0), Look("other", "a", T0))
    assert plans.plan(Look("acme", "a")) == 1
    assert plans.plan(Look("acme", "a")) == 0
    assert plans.due(now=T0).looks == (Look("other", "a"),)


def test_what_has_nothing_to_come_is_known_and_never_due(plans: Plans) -> None:
    plans.plan(Look("acme", "a", FOREVER))
    assert plans.plan(Look("acme", "a", T0), absent=True) == 0
    assert ids(plans, FOREVER - 1) == []


def test_more_is_planned_than_one_script_takes(plans: Plans) -> None:
    assert plans.plan(*(Look("acme", str(number), T0 + number) for number in range(1_200))) == 1_200
    assert len(ids(plans, T0 + MINUTE, limit=500)) == 500
    assert plans.due(now=T0 + 599).next_at == T0 + 600


def test_the_clock_is_the_brokers(plans: Plans) -> None:
    plans.plan(Look("acme", "past", 1), Look("acme", "future", FOREVER - 1))
    assert [look.id for look in plans.due().looks] == ["past"]
