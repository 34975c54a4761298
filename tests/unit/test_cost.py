"""What a report costs is arithmetic that a reader can follow."""

import pytest

from report_queue import cost


def test_a_report_pays_for_its_share_of_the_workers_memory_and_time_and_for_its_requests() -> None:
    assert cost.of_report(worker_seconds=0, memory_mb=3_008) == pytest.approx(cost.REQUESTS)
    rendered = cost.of_report(worker_seconds=2, memory_mb=1_024) - cost.REQUESTS
    assert rendered == pytest.approx(2 * 0.0000133334)
    assert cost.of_report(worker_seconds=2, memory_mb=2_048) - cost.REQUESTS == pytest.approx(2 * rendered)


def test_the_requests_of_a_report_are_those_that_it_makes() -> None:
    invoked, looked = {"submit, a worker, notify": 0.6}, {"seven GET or HEAD": 2.8}
    in_millionths = {"POST": 1.0, "a wake": 1.0, "three PUT": 15.0} | invoked | looked
    assert pytest.approx(sum(in_millionths.values())) == cost.REQUESTS * 1e6
