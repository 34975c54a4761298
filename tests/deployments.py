"""An environment of `cdk.json` for tests of what is looked at, and the names that a deployment of it would have."""

import json
from pathlib import Path

from cdk_app.environments import Environment
from cdk_app.monitoring.lines import Names

ROOT = Path(__file__).parents[1]
ENVIRONMENT = Environment.named("dev", json.loads((ROOT / "cdk.json").read_text("utf-8"))["context"]["environments"])


def names(*nodes: str, namespace: str = "ReportQueue/dev") -> Names:
    """Of a broker with these nodes, or of a serverless one."""
    return Names(ENVIRONMENT.prefix, namespace, "api-1", "bucket-1", ENVIRONMENT.prefix, nodes)
