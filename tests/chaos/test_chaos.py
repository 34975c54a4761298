"""Never lost, never twice: thousands of jobs, and everything around them fails; the table of the promise is kept.

Larger, and by hand: `python -m tests.chaos`.
"""

import sys

import pytest

from tests.chaos.plan import plan
from tests.chaos.run import run
from tests.chaos.table import kept, printed


def test_of_two_thousand_jobs_none_is_lost_or_published_twice_though_workers_broker_and_store_fail(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran = run(plan(jobs=2_000, kills=100, stops=25, wipes=3, seed=7))
    table = "\n".join(printed(ran))
    with capsys.disabled():
        sys.stdout.write(f"\n{table}\n")
    assert kept(ran), table
