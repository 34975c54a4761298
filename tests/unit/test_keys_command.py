"""`python -m cdk_app.keys`: what an operator does to keys counts, whole and once, and only the caller has the key."""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cdk_app.keys import ring
from cdk_app.keys.__main__ import main
from cdk_app.keys.kept import kept
from cdk_app.local.keys import local_key
from report_queue import keys

PEPPER = "ab" * 32
DAY = 86_400_000
HOUR = 3_600_000
NOW = 1_795_939_200_000  # 2026-11-29


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with a secret `keys` as a deployment makes it, and a clock that stands still."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("time.time", lambda: NOW / 1000)
    with mock_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name="keys", SecretString=json.dumps({"keys": {}, "pepper": PEPPER}))
        yield client


@pytest.fixture
def run(aws: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command on the secret; gives its exit code, stdout and stderr."""

    def command(*words: str, secret: str = "keys") -> tuple[int, str, str]:
        code = main([*words, "--secret", secret])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def stored(aws: Any) -> str:
    return str(aws.get_secret_value(SecretId="keys", VersionStage="AWSCURRENT")["SecretString"])


def who(token: str, aws: Any, now: int = NOW) -> keys.Principal | None:
    return keys.verify(token.strip(), stored(aws), now=now)


def test_a_new_key_is_shown_once_alone_and_gets_in_while_only_its_hash_is_kept(run: Any, aws: Any) -> None:
    code, out, err = run("create", "--tenant", "acme", "--scope", "submit,read", "--expires", "90d")
    assert code == 0
    assert re.fullmatch(r"rq_[0-9a-v]{8}_[0-9a-v]{32}\n", out)
    key_id, opens = out.strip().split("_")[1:]
    assert who(out, aws) == keys.Principal("acme", key_id, frozenset({"submit", "read"}))
    assert who(out, aws, NOW + 90 * DAY) is None
    assert opens not in stored(aws) + err
    assert f"made {key_id}: tenant acme, may submit, read, until 2027-02-27T" in err


def test_two_operators_at_once_lose_nothing_of_each_other(aws: Any) -> None:
    one, other = kept("keys"), kept("keys")
    quicker = iter([f"tenant-{number}" for number in range(3)])

    def slowly(secret: ring.Secret) -> Any:
        if tenant := next(quicker, None):  # between our reading and our writing
            other.change(lambda now: _added(now, tenant))
        return _added(secret, "slow")

    one.change(slowly)
    assert {key.tenant for key in ring.listed(one.read())} == {"slow", "tenant-0", "tenant-1", "tenant-2"}


def test_who_is_never_the_quicker_one_is_told_so_and_changes_nothing(aws: Any) -> None:
    one, other = kept("keys"), kept("keys")

    def slowly(secret: ring.Secret) -> Any:
        other.change(lambda now: _added(now, "quick"))
        return _added(secret, "slow")

    with pytest.raises(ring.Refused, match="others change the keys"):
        one.change(slowly)
    assert {key.tenant for key in ring.listed(one.read())} == {"quick"}


def test_versions_that_are_over_keep_no_label_that_would_hold_them_for_ever(run: Any, aws: Any) -> None:
    for _ in range(4):
        assert run("create", "--tenant", "acme", "--scope", "read")[0] == 0
    labelled = [version["VersionStages"] for version in aws.list_secret_version_ids(SecretId="keys")["Versions"]]
    assert sorted(label for labels in labelled for label in labels) == [
        "AWSCURRENT",
        "AWSPREVIOUS",
        "REPORT_QUEUE_NEXT",
    ]


def test_while_a_key_is_rotated_both_are_good_and_then_the_new_one_alone(run: Any, aws: Any) -> None:
    old = run("create", "--tenant", "acme", "--scope", "submit,read")[1]
    code, new, err = run("rotate", old.split("_")[1], "--overlap", "24h")
    assert (code, new == old) == (0, False)
    assert who(old, aws, NOW + DAY - 1) == who(old, aws)
    assert who(old, aws, NOW + DAY) is None
    principal = who(new, aws, NOW + 999 * DAY)
    assert principal
    assert (principal.tenant, principal.scopes) == ("acme", {"submit", "read"})
    assert f"kept {old.split('_')[1]}: tenant acme, may submit, read, until 2026-11-30T" in err


def test_a_rotation_makes_no_key_live_longer_by_mistake(run: Any, aws: Any) -> None:
    old = run("create", "--tenant", "acme", "--scope", "read", "--expires", "2h")[1]
    key_id = old.split("_")[1]
    code, out, err = run("rotate", key_id, "--overlap", "24h")
    assert (code, out) == (2, "")
    assert "say when its successor does" in err
    assert run("rotate", key_id, "--overlap", "24h", "--expires", "never")[0] == 0
    assert who(old, aws, NOW + 2 * HOUR - 1)
    assert who(old, aws, NOW + 2 * HOUR) is None  # as it was to end, and not by the overlap


def test_a_revoked_key_is_gone_and_no_other(run: Any, aws: Any) -> None:
    one, other = (run("create", "--tenant", tenant, "--scope", "read")[1] for tenant in ("acme", "umbrella"))
    code, out, err = run("revoke", one.split("_")[1])
    assert (code, out) == (0, "")
    assert "for 90 s more" in err
    assert who(one, aws) is None
    assert who(other, aws)


def test_the_list_says_what_each_key_may_and_until_when_and_holds_nothing_that_opens(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lasting = run("create", "--tenant", "acme", "--scope", "admin")[1]
    brief = run("create", "--tenant", "beta", "--scope", "submit,read", "--expires", "1h")[1]
    _, out, _ = run("list")
    assert [line.split() for line in out.splitlines()] == [
        ["ID", "TENANT", "SCOPES", "CREATED", "EXPIRES", "STATE"],
        [lasting.split("_")[1], "acme", "admin", "2026-11-29T08:00:00Z", "never", "active"],
        [brief.split("_")[1], "beta", "submit,read", "2026-11-29T08:00:00Z", "2026-11-29T09:00:00Z", "expiring"],
    ]
    _, shown, _ = run("list", "--json")
    monkeypatch.setattr("time.time", lambda: (NOW + HOUR) / 1000)
    _, later, _ = run("list", "--json")
    assert [key["state"] for key in json.loads(shown) + json.loads(later)] == [
        "active",
        "expiring",
        "active",
        "expired",
    ]
    hashes = re.compile(r"[0-9a-f]{64}")
    assert not any(
        hashes.search(text) or key.split("_")[2].strip() in text for text in (out, shown) for key in (lasting, brief)
    )


def test_a_key_that_expired_is_remembered_for_a_month(run: Any, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    brief = run("create", "--tenant", "beta", "--scope", "read", "--expires", "1h")[1].split("_")[1]
    for days, there in ((29, True), (31, False)):
        monkeypatch.setattr("time.time", lambda days=days: (NOW + days * DAY) / 1000)
        run("create", "--tenant", "acme", "--scope", "read")
        assert (brief in json.loads(stored(aws))["keys"]) is there


def test_a_secret_that_is_full_takes_no_more_and_loses_none(run: Any, aws: Any) -> None:
    record = keys.create("acme", ["read"], PEPPER, entropy=bytes(25), created=NOW)[2]
    there = {"pepper": PEPPER, "keys": {f"{number:08d}": record for number in range(300)}}
    with suppress(ring.Refused):  # up to the last that fits
        while full := ring.written(there):
            there["keys"][f"more{len(there['keys']):04d}"] = record
    aws.put_secret_value(SecretId="keys", SecretString=full)
    code, out, err = run("create", "--tenant", "acme", "--scope", "read")
    assert (code, out) == (2, "")
    assert "revoke some first" in err
    assert stored(aws) == full


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("revoke", "nokey000"), "there is no key 'nokey000'"),
        (("rotate", "nokey000", "--overlap", "1h"), "there is no key 'nokey000'"),
        (("create", "--tenant", "No/Tenant", "--scope", "read"), "a tenant is"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(words: tuple[str, ...], says: str, run: Any, aws: Any) -> None:
    before = stored(aws)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert says in err
    assert stored(aws) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("create", "--tenant", "a", "--scope", "root"), "no such scope: root; there are submit, read, operate, admin"),
        (("create", "--tenant", "a", "--scope", ","), "name at least one of"),
        (("create", "--tenant", "a", "--scope", "read", "--expires", "soon"), "say it as 90d"),
        (("create", "--tenant", "a", "--scope", "read", "--expires", "0d"), "ends at once"),
        (("rotate", "nokey000"), "--overlap"),
    ],
)
def test_a_slip_of_the_pen_is_told_before_anything_is_asked(
    words: tuple[str, ...], says: str, run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*words)
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("AccessDeniedException", "your credentials may not GetSecretValue on keys: it takes GetSecretValue, Put"),
        ("ExpiredTokenException", "AWS does not accept your credentials (ExpiredTokenException)"),
        ("InternalServiceError", "Secrets Manager refused GetSecretValue on keys: InternalServiceError"),
    ],
)
def test_what_aws_refuses_is_told_as_what_to_do(
    code: str, says: str, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "arn:aws:iam::1:user/me is not…"}}, "GetSecretValue")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    exit_code, out, err = run("list")
    assert (exit_code, out) == (2, "")
    assert says in err


def test_a_secret_that_is_not_there_or_none_of_ours_is_told(run: Any, aws: Any) -> None:
    aws.create_secret(Name="other", SecretString='{"password": "x"}')
    code, _, err = run("list", secret="nothing")
    assert (code, "there is no secret nothing" in err) == (2, True)
    code, _, err = run("create", "--tenant", "a", "--scope", "read", secret="other")
    assert (code, "holds no keys of a report queue" in err) == (2, True)


def test_without_credentials_a_region_or_an_answer_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert main(["list", "--secret", "keys"]) == 2
    assert "no AWS region" in capsys.readouterr().err
    assert main(["list", "--secret", "arn:aws:secretsmanager:eu-central-1:1:secret:keys"]) == 2
    assert "no AWS credentials (NoCredentialsError)" in capsys.readouterr().err
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert main(["list", "--secret", "keys"]) == 2
    assert "no AWS credentials (ProfileNotFound)" in capsys.readouterr().err
    (tmp_path / "stack.json").write_text(
        json.dumps({"aws": "http://127.0.0.1:9", "region": "us-east-1", "secret": "keys"}), "utf-8"
    )
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between its tries
    assert main(["list", "--local", "--data-dir", str(tmp_path)]) == 2
    assert "does not answer (EndpointConnectionError)" in capsys.readouterr().err
    assert main(["list", "--local", "--data-dir", str(tmp_path / "none")]) == 2
    assert "no stack runs on" in capsys.readouterr().err


def test_the_secret_of_an_environment_is_the_one_that_its_deployment_answered_with(
    run: Any, aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("create", "--tenant", "acme", "--scope", "read")
    arn = aws.describe_secret(SecretId="keys")["ARN"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AWS_DEFAULT_REGION")  # the ARN names it
    assert main(["list", "--env", "dev"]) == 2
    assert "make deploy ENV=dev` first" in capsys.readouterr().err
    outputs = tmp_path / "cdk.out" / "dev.outputs.json"
    outputs.parent.mkdir()
    outputs.write_text(json.dumps({"report-queue-dev-app": {"Url": "https://x"}, "data": {"KeysSecret": arn}}), "utf-8")
    assert main(["list", "--env", "dev"]) == 0
    assert " acme " in capsys.readouterr().out


def test_keys_that_were_made_outlive_a_restart_of_the_local_stack_and_its_own_key_before_does_not(
    tmp_path: Path,
) -> None:
    first = local_key(tmp_path)
    kept_there = json.loads((tmp_path / "keys.json").read_text("utf-8"))
    secret, made = _added(kept_there, "acme")
    (tmp_path / "keys.json").write_text(json.dumps(secret), "utf-8")
    assert local_key(tmp_path) == first
    second = keys.create("local", ["read"], PEPPER, entropy=b"x" * 25)[0]
    assert local_key(tmp_path, given=second) == second
    text = (tmp_path / "keys.json").read_text("utf-8")
    tenants = [
        principal and principal.tenant
        for principal in (keys.verify(key, text, now=NOW) for key in (made.key, second, first))
    ]
    assert tenants == ["acme", "local", None]


def _added(secret: ring.Secret, tenant: str) -> tuple[ring.Secret, ring.Made]:
    return ring.added(secret, tenant=tenant, scopes=["read"], entropy=os.urandom(25), now=NOW, lifetime=0)
