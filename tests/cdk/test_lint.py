"""cfn-lint: properties, types and values as CloudFormation's own schemas have them."""

from cfnlint.api import ManualArgs, lint_file

from tests.cdk.conftest import Deployment

# The CDK makes a function depend on its role by name too, beside the reference.
IGNORED = ["W3005"]


def test_cfn_lint_finds_nothing(any_deployment: Deployment) -> None:
    found = [
        f"{template.name}: {match.rule.id} {match.message}"
        for template in sorted(any_deployment.folder.glob("*.template.json"))
        for match in lint_file(template, config=ManualArgs(ignore_checks=IGNORED, regions=["us-east-1"]))
    ]
    assert found == []
