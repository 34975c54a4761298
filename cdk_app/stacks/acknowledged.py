"""Findings of cdk-nag that stand, each with its reason. Those of functions and their roles are here, all others beside
the construct that they are about.

A finding that is not acknowledged fails tests/cdk/test_nag.py; an acknowledgement of a finding that is none does too.
"""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

from cdk_app import topology
from cdk_app.environments import Environment


def acknowledge(construct: IConstruct, findings: dict[str, str]) -> None:
    """Let these findings stand for the construct and what is in it: rule, such as AwsSolutions-S1, to reason."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=rule, reason=reason) for rule, reason in findings.items())
    )


def of_function(plan: topology.Function, environment: Environment, *, queued: bool) -> dict[str, str]:
    """Of a function; `queued`: Lambda keeps its events until it has time for them."""
    if queued:
        lost = "What an event that fails was about stands in queue and ledger, where the next minute's finds it."
        found = {"Serverless-LambdaDLQ": lost, "Serverless-LambdaAsyncFailureDestination": lost}
    else:
        found = {
            "Serverless-LambdaDLQ": "Invoked by the API alone, which waits for the answer: nothing is ever queued."
        }
    if plan.kind == "zip":
        version = "The worker's image has Python 3.13, and the layers are made for it; all of them move at once."
        found |= {"AwsSolutions-L1": version, "Serverless-LambdaLatestVersion": version}
    if not environment.tracing:
        found["Serverless-LambdaTracing"] = "The environment's `tracing` is off: traces would cost more than they tell."
    return found


def of_role(plan: topology.Function, environment: Environment, *, ledger: str) -> dict[str, str]:
    """Of a function's role: its wildcards, and why each is as narrow as can be; `ledger` is the bucket's export."""
    prefixes = {*plan.may.read, *plan.may.write, *plan.may.delete}
    if plan.may.wake and environment.broker.wake_by == "bucket":
        prefixes.add(topology.WAKE_PREFIX)
    found = {
        f"AwsSolutions-IAM5[Resource::{ledger}/{prefix}*]": (
            f"{topology.PREFIXES[prefix]}: the names are made while it runs, so the prefix is all there is to name."
        )
        for prefix in sorted(prefixes)
    }
    why = []
    if plan.may.broker:
        why.append("Lambda checks the network's actions before there is an interface that an ARN could name")
        found["Serverless-LambdaStarPermissions"] = f"{why[0]}; no action is a wildcard."
    if environment.tracing:
        why.append("X-Ray has no resources of its own to name")
    if why:
        found["AwsSolutions-IAM5[Resource::*]"] = f"{'; '.join(why)}."
    return found
