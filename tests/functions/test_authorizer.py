"""Who gets in: only a key that is kept, with its tenant and scopes; and nobody while the keys cannot be read."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import clear_caches
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from gateway import Context

from functions.authorizer.handler import handler
from report_queue import keys

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
    clear_caches()
    yield
    clear_caches()


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


def test_nobody_gets_in_while_the_keys_cannot_be_read(no_secret: None) -> None:
    with pytest.raises(GetParameterError):
        authorize({"authorization": f"Bearer {KEY}"})


def test_a_secret_that_makes_no_sense_lets_nobody_in(no_secret: None) -> None:
    boto3.client("secretsmanager").create_secret(Name="report-queue/keys", SecretString="not json")
    with pytest.raises(json.JSONDecodeError):
        authorize({"authorization": f"Bearer {KEY}"})


def test_a_token_reaches_no_log(secret: None, logs: StringIO) -> None:
    authorize({"authorization": f"Bearer {KEY}"})
    authorize({"authorization": f"Bearer {KEY[:-1]}v"})
    assert "denied" in logs.getvalue()
    assert KEY.split("_")[2][:16] not in logs.getvalue()
