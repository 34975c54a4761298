"""Never lost, never twice, with real renderers, real reports and botocore: few of them, for each takes its time."""

import sys

import pytest

from tests.chaos.plan import REAL_KINDS, plan
from tests.chaos.run import run
from tests.chaos.table import kept, printed


def test_of_sixty_real_reports_none_is_lost_or_published_twice_though_their_workers_are_killed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ran = run(plan(jobs=60, kills=10, stops=0, wipes=0, seed=7, odd=REAL_KINDS), real=True)
    table = "\n".join(printed(ran))
    with capsys.disabled():
        sys.stdout.write(f"\n{table}\n")
    assert kept(ran), table
