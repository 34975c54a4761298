"""The workflows: what they run exists, others' code in them is pinned, and no job may more than it needs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cdk_app.supply.locks import LOCKS

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github/actions/deploy/action.yml"
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")
ENVIRONMENTS = ("dev", "prod")


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return {("on" if key is True else key): value for key, value in loaded.items()}  # YAML 1.1 reads `on` as true


WORKFLOWS = {path.stem: _read(path) for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}


def _jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, workflow in WORKFLOWS.items():
        for job_id, job in workflow["jobs"].items():
            yield f"{name}.{job_id}", job


def _steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, job in _jobs():
        for step in job.get("steps", []):
            yield name, step
    for step in _read(ACTION)["runs"]["steps"]:
        yield "actions/deploy", step


def test_what_others_wrote_is_pinned_by_commit_and_says_which_release_that_is() -> None:
    used = [use for _, step in _steps() if (use := step.get("uses"))] + [
        use for _, job in _jobs() if (use := job.get("uses"))
    ]
    assert len(used) > 8
    for use in used:
        if use.startswith("./"):
            target = ROOT / use
            assert target.is_file() or (target / "action.yml").is_file(), use
        else:
            assert PINNED.fullmatch(use), use
    for path in (*ROOT.glob(".github/workflows/*.yml"), ACTION):
        for line in path.read_text("utf-8").splitlines():
            if re.search(r"uses: \w", line):
                assert re.search(r" # v\d+\.\d+\.\d+$", line), line


def test_one_action_has_one_commit_everywhere() -> None:
    commits: dict[str, set[str]] = {}
    for _, step in _steps():
        action, _, commit = step.get("uses", "").partition("@")
        commits.setdefault(action, set()).add(commit)
    assert {action for action, found in commits.items() if len(found) > 1} == set()


def test_no_job_may_more_than_read_but_the_two_that_deploy() -> None:
    assert {name: workflow["permissions"] for name, workflow in WORKFLOWS.items()} == {
        "checks": {"contents": "read"},
        "deploy": {},
    }
    wider = {name: job["permissions"] for name, job in _jobs() if "permissions" in job}
    assert wider == {
        "deploy.checks": {"contents": "read"},
        "deploy.dev": {"contents": "read", "id-token": "write"},
        "deploy.prod": {"contents": "read", "id-token": "write"},
    }
    checkouts = [step for _, step in _steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_every_command_is_a_file_or_a_target_of_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z -]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    targets = {target for line in targets for target in line.split()}
    commands = [step["run"] for _, step in _steps() if "run" in step]
    assert len(commands) == 4
    for command in commands:
        match command.split():
            case ["bash", file]:
                assert (ROOT / file).is_file()
            case ["make", target, *variables]:
                assert target in targets, command
                assert all(re.fullmatch(r'[A-Z]+="\$[A-Z]+"', variable) for variable in variables), command
            case _:
                raise AssertionError(command)


def test_every_push_is_checked_once_and_only_what_passed_on_main_is_deployed() -> None:
    checks, deploy = WORKFLOWS["checks"], WORKFLOWS["deploy"]
    assert checks["on"]["push"] == {"branches-ignore": ["main"]}
    assert {"pull_request", "workflow_call"} <= checks["on"].keys()
    assert deploy["on"] == {"push": {"branches": ["main"]}}
    jobs = deploy["jobs"]
    assert jobs["checks"]["uses"] == "./.github/workflows/checks.yml"
    assert jobs["dev"]["needs"] == "checks"
    assert jobs["prod"]["needs"] == "dev"
    assert [step["run"] for step in checks["jobs"]["checks"]["steps"] if "run" in step] == ["bash .ci/run"]
    assert [step["run"] for step in checks["jobs"]["image"]["steps"] if "run" in step] == ["make image-test"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_is_deployed_one_run_at_a_time_on_arm64_within_its_github_environment(name: str) -> None:
    job = WORKFLOWS["deploy"]["jobs"][name]
    assert job["environment"] == name  # its reviewers approve, and the role's trust policy names it
    assert job["concurrency"] == {"group": f"deploy-{name}", "cancel-in-progress": False}
    assert job["runs-on"].endswith("-arm")
    assert job["timeout-minutes"] <= 60
    assert job["steps"][-1]["with"]["environment"] == name


def test_a_deployment_is_tried_after_it_was_made_and_no_secret_stands_in_a_command() -> None:
    steps = _read(ACTION)["runs"]["steps"]
    assert [step["run"].split()[1] for step in steps if "run" in step] == ["deploy", "smoke"]
    for _, step in _steps():
        assert "${{" not in step.get("run", "")


def test_newer_versions_are_looked_for_wherever_one_is_pinned() -> None:
    updates = _read(ROOT / ".github/dependabot.yml")["updates"]
    looked = {one["package-ecosystem"]: one.get("directories", [one.get("directory")]) for one in updates}
    folders = {kind: {ROOT / path.strip("/") for path in paths} for kind, paths in looked.items()}
    assert folders == {
        "pip": {lock.parent for lock in LOCKS.values()},
        "github-actions": {ROOT, ACTION.parent},
        "docker": {path.parent for path in ROOT.glob("functions/*/Dockerfile")},
    }
    assert all(one["cooldown"]["default-days"] >= 7 for one in updates)


def test_a_linter_of_workflows_finds_nothing() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", ".github"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
