"""Signing in to the broker: the token, how long it is used, what a refusal says, and when a connection is renewed."""

import hashlib
import hmac
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import botocore.auth
import botocore.session
import pytest
import redis
from botocore.credentials import Credentials
from botocore.exceptions import CredentialRetrievalError
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from brokers import settings_for, tls_server, valkey_server
from certificates import certificate
from queue_words import T0, claim_one, new_job
from report_queue import connections, wiring
from report_queue.errors import BrokerAway
from report_queue.queue import Queue
from report_queue.settings import Settings
from report_queue.sign_in import FRESH_S, TOKEN_S, Tokens, signer

ROLE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+of=the role")
REGION = "eu-central-1"
HOUR_S = 3_600
ADDRESS = "127.0.0.1"
MODES = pytest.mark.parametrize("cluster", [False, True], ids=["plain", "cluster"])


def iam_settings(**changes: Any) -> Settings:
    given = {"broker_auth": "iam", "broker_user": "prod-submit", "broker_name": "Prod-Queue", **changes}
    return settings_for("rediss://cache.example", **given)


# The token.


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signer's clock stands still."""
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: datetime(2026, 11, 24, 12, tzinfo=UTC))


def presigned(query: dict[str, str], *, host: str) -> str:
    """A presigned GET as the specification of Signature Version 4 has it, without the scheme."""
    day, moment = "20261124", "20261124T120000Z"
    scope = f"{day}/{REGION}/elasticache/aws4_request"
    query = {
        **query,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{ROLE.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": "900",
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Security-Token": str(ROLE.token),
    }
    canonical = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
    request = "\n".join(["GET", "/", canonical, f"host:{host}\n", "host", hashlib.sha256(b"").hexdigest()])
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{ROLE.secret_key}".encode()
    for part in (day, REGION, "elasticache", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"{host}/?{canonical}&X-Amz-Signature={key.hex()}"


def told(token: str) -> tuple[str, dict[str, str]]:
    """Where a token leads, and what it says."""
    where, _, query = token.partition("?")
    return where, dict(parse_qsl(query, strict_parsing=True))


@pytest.mark.parametrize("serverless", [False, True])
def test_a_token_is_the_presigned_request_of_the_specification(noon: None, serverless: bool) -> None:
    query = {"Action": "connect", "User": "prod-submit"} | ({"ResourceType": "ServerlessCache"} if serverless else {})
    token = signer(iam_settings(broker_serverless=serverless), role=ROLE, region=REGION)()
    assert told(token) == told(presigned(query, host="prod-queue"))


def test_a_token_is_what_botocores_own_signer_of_requests_makes(noon: None) -> None:
    session = botocore.session.get_session()
    botocores = RequestSigner(
        ServiceId("elasticache"), REGION, "elasticache", "v4", ROLE, session.get_component("event_emitter")
    )
    url = "https://prod-queue/?Action=connect&User=prod-submit"
    request = {"method": "GET", "url": url, "body": {}, "headers": {}, "context": {}}
    expected = botocores.generate_presigned_url(request, "connect", expires_in=TOKEN_S, region_name=REGION)
    token = signer(iam_settings(), role=ROLE, region=REGION)()
    assert told(token) == told(expected.removeprefix("https://"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"broker_user": ""}, "broker_user"),
        ({"broker_name": ""}, "broker_name"),
        ({"broker_url": "redis://cache"}, "rediss://"),
    ],
)
def test_settings_that_lack_what_signing_needs_are_named(changes: dict[str, str], named: str) -> None:
    settings = iam_settings().model_copy(update=changes)
    with pytest.raises(ValueError, match=named):
        signer(settings, role=ROLE, region=REGION)


class Away:
    def get_frozen_credentials(self) -> None:
        raise CredentialRetrievalError(provider="role", error_msg="away")


@pytest.mark.parametrize("role", [None, Away()])
def test_without_credentials_the_broker_is_away(role: Any) -> None:
    tokens = Tokens("prod-submit", signer(iam_settings(), role=role, region=REGION))
    with valkey_server() as url, pytest.raises(BrokerAway, match="user prod-submit"):
        queue_of(url, tokens, cluster=False).now()


# How long it is used.


@dataclass
class Clock:
    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Signer:
    """Signs nothing: tokens that are numbered."""

    signed: int = 0
    only: str = ""  # sign this, whatever is asked

    def __call__(self) -> str:
        self.signed += 1
        return self.only or f"token-{self.signed}"


def test_a_token_is_used_again_while_it_is_fresh_and_never_near_its_end() -> None:
    clock, sign = Clock(), Signer()
    tokens = Tokens("u", sign, clock=clock)
    assert {tokens.get_credentials() for _ in range(3)} == {("u", "token-1")}
    clock.now += FRESH_S - 1
    assert tokens.get_credentials() == ("u", "token-1")
    clock.now += 1
    assert tokens.get_credentials() == ("u", "token-2")
    assert FRESH_S <= TOKEN_S - 300


def test_a_clock_that_was_set_back_makes_no_token_last_longer() -> None:
    clock, sign = Clock(), Signer()
    tokens = Tokens("u", sign, clock=clock)
    tokens.get_credentials()
    clock.now -= 60
    assert tokens.get_credentials() == ("u", "token-2")


def test_threads_that_connect_at_once_share_one_token() -> None:
    sign, together = Signer(), threading.Barrier(8)
    tokens = Tokens("u", sign)

    def connect() -> None:
        together.wait()
        tokens.get_credentials()

    threads = [threading.Thread(target=connect) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sign.signed == 1


# At a broker.


@dataclass
class Signed:
    """A broker whose one user, beside the test's own, has a password that is changed as tokens expire."""

    admin: redis.Redis
    url: str
    cluster: bool
    sign: Signer = field(default_factory=Signer)
    clock: Clock = field(default_factory=Clock)

    def takes(self, *tokens: str) -> None:
        """From now on only these."""
        self.admin.acl_setuser("iam", enabled=True, reset=True, passwords=[f"+{token}" for token in tokens])
        self.admin.acl_setuser("iam", enabled=True, keys=["*"], categories=["+@all"])

    def queue(self) -> Queue:
        return queue_of(self.url, Tokens("iam", self.sign, clock=self.clock), cluster=self.cluster)

    def connections(self) -> set[str]:
        return {str(one["id"]) for one in self.admin.client_list() if one["user"] == "iam"}


def queue_of(url: str, tokens: Tokens, *, cluster: bool) -> Queue:
    """A queue whose client is built as the functions build theirs, but for the signer."""
    numbers = next(_queues)
    settings = settings_for(
        "rediss://cache",
        queue=f"signed-{numbers}",
        broker_auth="iam",
        broker_user=tokens.user,
        broker_name="cache",
        broker_cluster=cluster,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "signer", lambda *_, **__: None)
        patch.setattr(wiring, "Tokens", lambda *_: tokens)
        client = wiring.broker(settings.model_copy(update={"broker_url": url}))
    return Queue(client, settings)


_queues = itertools.count(1)


@pytest.fixture(params=[False, True], ids=["plain", "cluster"])
def signed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Signed]:
    """A broker that takes the first token; the connections' clock is the tokens' one."""
    with valkey_server(cluster=request.param) as url, redis.Redis.from_url(url, decode_responses=True) as admin:
        broker = Signed(admin, url, request.param)
        broker.takes("token-1")
        monkeypatch.setattr(connections, "_wall", broker.clock)
        yield broker


def test_a_queue_works_by_a_token(signed: Signed) -> None:
    queue = signed.queue()
    queue.enqueue(new_job("a"), now=T0)
    assert claim_one(queue).id == "a"
    assert signed.sign.signed == 1


def test_a_connection_outlives_its_token_and_is_renewed_by_a_new_one_before_it_is_cut(signed: Signed) -> None:
    queue = signed.queue()
    queue.now()
    first = signed.connections()
    signed.takes("token-2")  # which ends no connection
    for _ in range(8 * HOUR_S // 240):
        signed.clock.now += 240
        queue.now()
    assert signed.connections() == first
    for _ in range(4 * HOUR_S // 240 - 1):
        signed.clock.now += 240
        queue.now()
    assert signed.connections().isdisjoint(first)
    assert signed.sign.signed == 2


def test_a_connection_that_rested_long_is_renewed_before_it_is_used(signed: Signed) -> None:
    signed.takes("token-1", "token-2")
    queue = signed.queue()
    queue.now()
    first = signed.connections()
    signed.clock.now += 299
    queue.now()
    assert signed.connections() == first
    signed.clock.now += 301
    queue.now()
    assert signed.connections().isdisjoint(first)


def test_connections_that_the_broker_ended_meanwhile_fail_no_call(signed: Signed) -> None:
    queue = signed.queue()
    threads = [threading.Thread(target=queue.now) for _ in range(4)]  # so that several rest
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(3):
        first = signed.connections()
        for name in first:
            signed.admin.client_kill_filter(_id=name)
        queue.now()
        assert signed.connections().isdisjoint(first)


def test_a_refused_token_is_said_with_the_user_and_what_to_check_and_is_told_nowhere(
    signed: Signed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    signed.sign.only = "a-secret-token"
    queue = signed.queue()
    with pytest.raises(BrokerAway) as refused:
        queue.now()
    assert "its user iam" in str(refused.value)
    assert "elasticache:Connect" in str(refused.value)
    chain: BaseException | None = refused.value
    while chain is not None:
        assert "a-secret-token" not in repr(chain)
        chain = chain.__cause__ or chain.__context__
    assert "a-secret-token" not in caplog.text
    tokens = Tokens("iam", signed.sign)
    tokens.get_credentials()
    assert "a-secret-token" not in repr(tokens)


def test_a_user_who_may_too_little_is_said_too(signed: Signed) -> None:
    queue = signed.queue()
    queue.now()
    for commands in (["-time"], ["-evalsha"]):
        signed.admin.acl_setuser("iam", enabled=True, commands=["+time", "+evalsha"])
        signed.admin.acl_setuser("iam", enabled=True, commands=commands)
        with pytest.raises(BrokerAway, match=r"its user iam: .* access string"):
            queue.now()


def test_the_functions_sign_with_their_role(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ACCESS_KEY_ID", "AKIDEXAMPLE"), ("SECRET_ACCESS_KEY", "secret"), ("SESSION_TOKEN", "s")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    wiring._session.cache_clear()
    for cluster in (False, True):
        client = wiring.broker(iam_settings(broker_cluster=cluster))
        if not cluster:
            user, token = client.connection_pool.connection_kwargs["credential_provider"].get_credentials()
            assert user == "prod-submit"
            assert told(token)[1]["X-Amz-Credential"].startswith("AKIDEXAMPLE/")
            assert f"/{REGION}/elasticache/" in told(token)[1]["X-Amz-Credential"]
    wiring._session.cache_clear()


# Over TLS.


@contextmanager
def tls_queue(
    folder: Path, *names: str, cluster: bool, trust: Path | None = None, host: str = "localhost"
) -> Iterator[Queue]:
    """A queue in a broker whose certificate is for this machine; an authority to trust or a host to ask instead."""
    shown = certificate(folder / "shown", "localhost", *names)
    with tls_server(shown, cluster=cluster) as url:
        url = url.replace(str(shown.authority), str(trust or shown.authority)).replace("localhost", host)
        settings = settings_for(url, broker_cluster=cluster)
        yield Queue(wiring.broker(settings), settings)


@MODES
def test_a_queue_works_over_tls(tmp_path: Path, cluster: bool) -> None:
    with tls_queue(tmp_path, ADDRESS, cluster=cluster) as queue:
        queue.enqueue(new_job("a"), now=T0)
        assert claim_one(queue).id == "a"


@MODES
def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(tmp_path: Path, cluster: bool) -> None:
    other = certificate(tmp_path / "other", "localhost").authority
    with tls_queue(tmp_path, ADDRESS, cluster=cluster, trust=other) as queue, pytest.raises(BrokerAway):
        queue.now()


@MODES
def test_a_certificate_of_another_host_is_not_taken(tmp_path: Path, cluster: bool) -> None:
    with tls_queue(tmp_path, cluster=cluster, host=ADDRESS) as queue, pytest.raises(BrokerAway):
        queue.now()


@MODES
def test_over_tls_connections_are_renewed_too(tmp_path: Path, cluster: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(connections, "_wall", clock)
    made: list[Callable[..., Any]] = []
    connect = redis.connection.SSLConnection._connect
    with tls_queue(tmp_path, ADDRESS, cluster=cluster) as queue:
        queue.now()
        monkeypatch.setattr(
            redis.connection.SSLConnection, "_connect", lambda self: (made.append(self), connect(self))[1]
        )
        queue.now()
        assert made == []
        clock.now += 12 * HOUR_S
        queue.now()
        assert made != []
