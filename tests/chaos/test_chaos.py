"""Never lost, never twice: thousands of jobs, and everything around them fails; the table of the promise is kept.

Run by hand, about two minutes: `python -m pytest tests/chaos`; larger: `python -m tests.chaos`.
"""

from tests.chaos.plan import plan
from tests.chaos.run import run
from tests.chaos.table import kept, printed


def test_of_two_thousand_jobs_none_is_lost_or_published_twice_though_workers_broker_and_store_fail() -> None:
    ran = run(plan(jobs=2_000, kills=100, stops=25, wipes=3, seed=7), say=print)
    assert kept(ran), "\n".join(printed(ran))
