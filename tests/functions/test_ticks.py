"""What the functions that run every minute write, whether a report is made or not: the idle half of `cdk_app.costs`."""

import json

import pytest

from cdk_app.costs import IDLE_METRICS
from functions.notify import handler as notify
from functions.poller import handler as poller
from functions.requeue_stalled import handler as requeue_stalled
from report_queue.wiring import Wiring
from tests.ledger.words import Context

POWERTOOLS_OWN = "ColdStart"


def test_an_idle_minute_writes_as_many_metrics_as_its_costs_say(
    wired: Wiring, capsys: pytest.CaptureFixture[str]
) -> None:
    for function in (poller, requeue_stalled, notify):
        function.handler({}, Context())  # type: ignore[arg-type]
    lines = [json.loads(text) for text in capsys.readouterr().out.splitlines() if text.startswith('{"_aws"')]
    written = {
        (metric["Name"], *((name, line[name]) for name in shape))
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        for shape in directive["Dimensions"]
        for metric in directive["Metrics"]
        if metric["Name"] != POWERTOOLS_OWN
    }
    assert len(written) == IDLE_METRICS
