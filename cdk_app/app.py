"""The CDK app: `cdk synth|diff|deploy -c environment=dev`, with `-c profile=lite` for another profile than its own.

Synthesis looks nothing up, and needs neither an account nor Docker. It does run pip, for the dependencies' layer;
`-c layers=skip` leaves that out, for whoever only wants to read the templates.
"""

import sys
from collections.abc import Mapping
from typing import Any, Final

import aws_cdk as cdk

from cdk_app.environments import Environment
from cdk_app.stacks.app import AppStack
from cdk_app.stacks.data import DataStack
from cdk_app.stacks.monitoring import MonitoringStack
from cdk_app.stacks.network import NetworkStack
from cdk_app.stacks.pipeline import PipelineStack

_BUNDLED_STACKS: Final = "aws:cdk:bundling-stacks"


def build(app: cdk.App) -> Environment:
    """Add the stacks of the environment that the app's context names; raises ValueError where that is wrong."""
    environments: Mapping[str, Mapping[str, Any]] = app.node.get_context("environments")
    environment = Environment.named(
        app.node.get_context("environment"), environments, profile=app.node.try_get_context("profile")
    )
    if app.node.try_get_context("layers") == "skip":
        app.node.set_context(_BUNDLED_STACKS, [])

    network = NetworkStack(app, f"{environment.prefix}-network", environment=environment)
    data = DataStack(app, f"{environment.prefix}-data", environment=environment, network=network)
    functions = AppStack(app, f"{environment.prefix}-app", environment=environment, network=network, data=data)
    MonitoringStack(app, f"{environment.prefix}-monitoring", environment=environment, data=data, app=functions)
    if repository := app.node.try_get_context("repository"):
        PipelineStack(app, f"{environment.prefix}-pipeline", environment=environment, repository=repository)
    cdk.Tags.of(app).add("project", "report-queue")
    cdk.Tags.of(app).add("environment", environment.name)
    cdk.Tags.of(app).add("profile", environment.profile)
    return environment


if __name__ == "__main__":
    cdk_app = cdk.App()
    try:
        build(cdk_app)
    except ValueError as error:
        sys.exit(f"error: {error}")
    cdk_app.synth()
