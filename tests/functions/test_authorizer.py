"""Who gets in: only a key that is kept, with its tenant and scopes; and nobody while the keys cannot be read."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ConnectTimeoutError
from gateway import Context

from functions.authorizer.handler import _secret, handler
from report_queue import keys
from report_queue.secret import FRESH_S, STALE_S

PEPPER = "ab" * 32
KEY, KEY_ID, RECORD = keys.create("acme", ["submit", "read"], PEPPER, entropy=bytes(range(25)))


def authorize(headers: dict[str, str]) -> Any:
    event = {
        "version": "2.0",
        "type": "REQUEST",
        "identitySource": list(headers.values()),
        "headers": headers,
        "requestContext": {"requestId": "request-1", "http": {"method": "GET", "path": "/api/stats"}},
    }
    return handler(event, Context())


@pytest.fixture
def no_secret(environment: Any) -> Iterator[None]:
    """The environment of the authorizer, with nothing cached, and no secret yet."""
    _secret.cache_clear()
    yield
    _secret.cache_clear()


@pytest.fixture
def secret(no_secret: None) -> None:
    """A secret that knows KEY."""
    boto3.client("secretsmanager").create_secret(
        Name="report-queue/keys", SecretString=json.dumps({"pepper": PEPPER, "keys": {KEY_ID: RECORD}})
    )


@pytest.mark.parametrize("header", ["authorization", "Authorization"])
def test_a_key_that_is_kept_gets_in_with_its_tenant_and_scopes(header: str, secret: None) -> None:
    assert authorize({header: f"Bearer {KEY}"}) == {
        "isAuthorized": True,
        "context": {"tenant": "acme", "keyId": KEY_ID, "scopes": "read submit"},
    }


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", KEY, f"Basic {KEY}", f"Bearer {KEY} x", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}v",
     "Bearer rq_00000000_" + "0" * 32, f"Bearer {KEY}\n", "Bearer ä"],
)  # fmt: skip
def test_anything_else_does_not(value: str, secret: None) -> None:
    assert authorize({"authorization": value}) == {"isAuthorized": False}
    assert authorize({}) == {"isAuthorized": False}


def test_a_key_gets_in_until_the_moment_at_which_it_expires(no_secret: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = 1_900_000_000_000
    key, key_id, record = keys.create("acme", ["read"], PEPPER, entropy=bytes(range(25)), expires=ends)
    boto3.client("secretsmanager").create_secret(
        Name="report-queue/keys", SecretString=json.dumps({"pepper": PEPPER, "keys": {key_id: record}})
    )
    monkeypatch.setattr("time.time", lambda: (ends - 1) / 1000)
    assert authorize({"authorization": f"Bearer {key}"})["isAuthorized"]
    monkeypatch.setattr("time.time", lambda: ends / 1000)
    assert authorize({"authorization": f"Bearer {key}"}) == {"isAuthorized": False}


def test_nobody_gets_in_while_the_keys_cannot_be_read(no_secret: None) -> None:
    with pytest.raises(GetParameterError):
        authorize({"authorization": f"Bearer {KEY}"})


def test_an_outage_of_secrets_manager_keeps_nobody_out_for_a_while_who_had_a_key(
    secret: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    kept = _secret("report-queue/keys")
    kept.clock = lambda: now[0]
    assert authorize({"authorization": f"Bearer {KEY}"})["isAuthorized"]
    monkeypatch.setattr(kept, "_provider", Away())
    now[0] = STALE_S - 1
    assert authorize({"authorization": f"Bearer {KEY}"})["isAuthorized"]
    assert not authorize({"authorization": f"Bearer {KEY[:-1]}v"})["isAuthorized"]
    now[0] = STALE_S + 1
    with pytest.raises(GetParameterError):
        authorize({"authorization": f"Bearer {KEY}"})


def test_a_secret_that_is_gone_is_no_outage(secret: None) -> None:
    now = [0.0]
    kept = _secret("report-queue/keys")
    kept.clock = lambda: now[0]
    assert authorize({"authorization": f"Bearer {KEY}"})["isAuthorized"]
    boto3.client("secretsmanager").delete_secret(SecretId="report-queue/keys", ForceDeleteWithoutRecovery=True)
    assert authorize({"authorization": f"Bearer {KEY}"})["isAuthorized"]  # kept for half a minute
    now[0] = FRESH_S + 1
    with pytest.raises(GetParameterError):
        authorize({"authorization": f"Bearer {KEY}"})


class Away:
    """A provider in an outage, as Powertools tells it."""

    def get(self, *_: object, **__: object) -> str:
        try:
            raise ConnectTimeoutError(endpoint_url="https://secretsmanager")
        except ConnectTimeoutError as error:
            raise GetParameterError(str(error))  # noqa: B904 — so it does


def test_a_secret_that_makes_no_sense_lets_nobody_in(no_secret: None) -> None:
    boto3.client("secretsmanager").create_secret(Name="report-queue/keys", SecretString="not json")
    with pytest.raises(json.JSONDecodeError):
        authorize({"authorization": f"Bearer {KEY}"})


def test_a_token_reaches_no_log(secret: None, logs: StringIO) -> None:
    authorize({"authorization": f"Bearer {KEY}"})
    authorize({"authorization": f"Bearer {KEY[:-1]}v"})
    assert "denied" in logs.getvalue()
    assert KEY.split("_")[2][:16] not in logs.getvalue()
