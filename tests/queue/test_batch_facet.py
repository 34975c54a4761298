"""The broker knows where a batch's jobs stand and which open batches have ended, and nothing else of them."""

import pytest

from brokers import settings_for
from queue_words import T0, claim_one, completed, failed, new_job, worker
from report_queue.batch_facet import BatchFacet, Seen
from report_queue.broker import Broker
from report_queue.job import State
from report_queue.queue import Queue
from report_queue.wiring import broker


@pytest.fixture(params=["plain", "cluster"])
def both(request: pytest.FixtureRequest) -> tuple[Queue, BatchFacet]:
    url = request.getfixturevalue("valkey" if request.param == "plain" else "valkey_cluster")
    settings = settings_for(url, broker_cluster=request.param == "cluster")
    client = broker(settings)
    return Queue(client, settings), BatchFacet(Broker(client, settings))


def test_a_batchs_jobs_are_found_in_whatever_state_they_are(both: tuple[Queue, BatchFacet]) -> None:
    queue, facet = both
    names = ("good", "bad", "held", "late", "last")
    for number, name in enumerate(names):
        due_at = T0 + 60_000 if name == "late" else None
        queue.enqueue(new_job(name, batch="b", accepted_at=T0 + number, due_at=due_at), now=T0)
    queue.enqueue(new_job("other", batch="bb"), new_job("alone"), now=T0)
    good, bad = (claim_one(queue, call=call) for call in (0, 1))
    queue.complete(worker(), completed(good), now=T0)
    queue.fail(worker(), failed(bad, permanent=True), now=T0)
    held = claim_one(queue, call=2)
    assert (good.id, bad.id, held.id) == names[:3]
    assert facet.members("b") == {
        "good": Seen(State.COMPLETED, 0, 100, None, None),
        "bad": Seen(State.FAILED, 0, 10, "render.timeout", "it took too long"),
        "held": Seen(State.ACTIVE, 0, 10, None, None),
        "late": Seen(State.DELAYED, 0, 0, None, None),
        "last": Seen(State.WAITING, 0, 0, None, None),
    }
    queue.retry("bad", round=1, now=T0)
    assert facet.members("b")["bad"] == Seen(State.WAITING, 1, 0, None, None)
    assert facet.members("none") == {}


def test_a_batch_has_ended_when_none_of_its_jobs_waits_is_delayed_or_active(both: tuple[Queue, BatchFacet]) -> None:
    queue, facet = both
    queue.enqueue(new_job("one", batch="b"), new_job("two", batch="b", due_at=T0 + 60_000), now=T0)
    facet.open(("acme", "b"))
    assert list(facet.ended()) == []  # waiting, delayed
    lease = claim_one(queue)
    queue.cancel("two", now=T0)
    assert list(facet.ended()) == []  # active
    queue.complete(worker(), completed(lease), now=T0)
    assert list(facet.ended()) == [("acme", "b")]


def test_a_batch_that_is_closed_or_was_never_opened_is_not_looked_at(both: tuple[Queue, BatchFacet]) -> None:
    _, facet = both
    assert list(facet.ended()) == []
    assert facet.open(("acme", "b"), ("other", "c")) == 2
    assert facet.open(("acme", "b")) == 0
    assert facet.close("b")
    assert not facet.close("b")
    assert list(facet.ended()) == [("other", "c")]


def test_more_batches_are_walked_than_one_script_looks_at(both: tuple[Queue, BatchFacet]) -> None:
    _, facet = both
    everything = {("acme", f"{number:026}") for number in range(1_200)}
    assert facet.open(*everything) == 1_200
    assert set(facet.ended(limit=100)) == everything
