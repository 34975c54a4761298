"""cdk-nag: whatever it finds is put right, or stands with a reason of its own beside the construct."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cdk.conftest import ASSERTED, Deployment, synthesise

Finding = tuple[str, str]  # rule, path of the construct


def test_no_finding_is_open(any_deployment: Deployment) -> None:
    assert list(_findings(any_deployment.app)) == []


def test_every_acknowledgement_says_why_and_is_of_something_that_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    import cdk_app.stacks.acknowledged as acknowledged

    given: dict[Finding, str] = {}

    class Recorded:
        """Takes acknowledgements down instead of giving them to cdk-nag, which then finds everything."""

        def __init__(self, construct: Any) -> None:
            self._path = construct.node.path

        @classmethod
        def of(cls, construct: Any) -> "Recorded":
            return cls(construct)

        def acknowledge(self, *acknowledgements: Any) -> None:
            given.update({(given_.id, self._path): given_.reason for given_ in acknowledgements})

    monkeypatch.setattr(acknowledged, "Validations", Recorded)
    found = {finding for name, profile in ASSERTED for finding in _findings(synthesise(name, profile).app)}
    assert found
    assert [finding for finding in given if not any(_covers(finding, other) for other in found)] == []
    assert [finding for finding in found if not any(_covers(other, finding) for other in given)] == []
    assert min(len(reason.split()) for reason in given.values()) >= 6


def _covers(given: Finding, found: Finding) -> bool:
    (rule, above), (other, path) = given, found
    return rule == other and (path == above or path.startswith(f"{above}/"))


def _findings(app: Any) -> Iterator[Finding]:
    import cdk_nag

    for pack in (cdk_nag.AwsSolutionsChecks, cdk_nag.ServerlessChecks):
        for violation in pack(app, verbose=True).validate_scope(app).violations:
            for resource in violation.violating_resources:
                yield violation.rule_name, resource.construct_path
