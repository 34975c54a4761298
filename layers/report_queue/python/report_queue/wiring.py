"""The one place that builds clients, reads the clock and makes ids. Everything else is given them.

`wiring()` reads the environment on its first call, never on import, and is made once per process.
"""

import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session
from redis import Redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from report_queue.audit import Audit
from report_queue.batch_facet import BatchFacet
from report_queue.batch_results import BatchResults
from report_queue.batch_store import BatchStore
from report_queue.broker import Broker, Client
from report_queue.connections import Pool
from report_queue.controls import Controls
from report_queue.delivery import Reply
from report_queue.delivery_store import DeliveryStore
from report_queue.ledger import Ledger
from report_queue.meter import Meter
from report_queue.plans import Plans
from report_queue.post import Post
from report_queue.queue import Queue
from report_queue.request import job_id, random_job_id
from report_queue.settings import Settings
from report_queue.sign_in import Tokens, signer
from report_queue.signing import SECRET_BYTES, secret_of
from report_queue.targets import Target, addresses, networks_of
from report_queue.timetable import Timetable
from report_queue.trace import current
from report_queue.untold import Untold
from report_queue.usage_store import UsageStore
from report_queue.wake import Bus, WakeObjects, Wakes
from report_queue.webhook_store import WebhookStore


@dataclass(frozen=True)
class Wiring:
    """What a function works with."""

    settings: Settings
    queue: Queue
    ledger: Ledger
    bus: Wakes
    timetable: Timetable
    plans: Plans
    controls: Controls
    batches: BatchStore
    batch_results: BatchResults
    batch_facet: BatchFacet
    webhooks: WebhookStore
    meter: Meter
    usage: UsageStore
    audit: Audit
    now_ms: Callable[[], int]
    new_id: Callable[[str, str | None], str]  # (tenant, Idempotency-Key or None) -> job id
    trace: Callable[[], str | None]  # traceparent of this invocation


@dataclass(frozen=True)
class Outside:
    """What a function works with that tells receivers, and so stands outside of the broker's network."""

    settings: Settings
    ledger: Ledger
    untold: Untold
    webhooks: WebhookStore
    deliveries: DeliveryStore
    post: Callable[[str, bytes, Mapping[str, str]], Reply]
    look_up: Callable[[Target], Sequence[str]]  # a target's addresses, checked
    now_ms: Callable[[], int]
    sleep: Callable[[float], None]  # seconds
    jitter: Callable[[], float]  # from -1 to 1
    new_id: Callable[[str, str | None], str]  # as above
    new_secret: Callable[[], str]


@cache
def outside() -> Outside:
    """The process's wiring without a broker; raises as `wiring` does."""
    settings = Settings.read(os.environ)
    store = aws_client("s3")
    ledger, networks = Ledger(store, bucket=settings.bucket), networks_of(settings.webhook_networks)
    return Outside(
        settings=settings,
        ledger=ledger,
        untold=ledger.untold,
        webhooks=WebhookStore(store, bucket=settings.bucket),
        deliveries=DeliveryStore(store, bucket=settings.bucket),
        post=Post(networks),
        look_up=lambda target: addresses(target, networks=networks),
        now_ms=now_ms,
        sleep=time.sleep,
        jitter=lambda: random.uniform(-1, 1),  # noqa: S311 — it spreads, and keeps no secret
        new_id=new_id,
        new_secret=lambda: secret_of(os.urandom(SECRET_BYTES)),
    )


@cache
def wiring() -> Wiring:
    """The process's wiring, from its environment; raises pydantic.ValidationError where a setting is wrong."""
    settings = Settings.read(os.environ)
    client, store = broker(settings), aws_client("s3")
    queue = Queue(client, settings)
    ledger = Ledger(store, bucket=settings.bucket)
    return Wiring(
        settings=settings,
        queue=queue,
        ledger=ledger,
        bus=_wakes(settings, store),
        timetable=Timetable(store, bucket=settings.bucket),
        plans=Plans(Broker(client, settings)),
        controls=Controls(store, queue, bucket=settings.bucket),
        batches=BatchStore.beside(ledger),
        batch_results=BatchResults.beside(ledger),
        batch_facet=BatchFacet(Broker(client, settings)),
        webhooks=WebhookStore(store, bucket=settings.bucket),
        meter=Meter(Broker(client, settings)),
        usage=UsageStore.beside(ledger),
        audit=Audit(Broker(client, settings)),
        now_ms=now_ms,
        new_id=new_id,
        trace=trace,
    )


def _wakes(settings: Settings, store: Any) -> Wakes:
    if settings.wake_by == "bucket":
        return WakeObjects(store, bucket=settings.bucket)
    return Bus(aws_client("events"), bus=settings.bus)


def broker(settings: Settings) -> Client:
    """A client of the broker that makes each call once: the queue knows which calls may be made again.

    Raises ValueError where the settings ask for IAM and lack what that needs.
    """
    once = Retry(NoBackoff(), 0)
    options: dict[str, Any] = {
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "decode_responses": True,
        # A command of Redis Cloud's, which neither Valkey nor ElastiCache knows.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
    if settings.broker_auth == "iam":
        session = _session()
        sign = signer(settings, role=session.get_credentials(), region=session.get_config_variable("region"))
        options["credential_provider"] = Tokens(settings.broker_user, sign)
    if settings.broker_cluster:
        return _LazyCluster(
            lambda: RedisCluster.from_url(settings.broker_url, connection_pool_class=Pool, retry=once, **options)
        )
    return Redis(connection_pool=Pool.from_url(settings.broker_url, retry=once, **options))


def aws_client(service: str) -> Any:
    """A botocore client that gives up within seconds: a function's caller is waiting."""
    return _session().create_client(
        service,
        config=Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "total_max_attempts": 2},
            # For links: S3 refuses the older signature, which is the default in some regions, for what KMS encrypts;
            # and the bucket's own host name works from its first minute in every region.
            signature_version="s3v4" if service == "s3" else None,
            s3={"addressing_style": "virtual"},
        ),
    )


@cache
def _session() -> Session:
    # botocore's own: boto3 adds transfers and resources, which nobody here uses and a seventh of a cold start loads.
    return get_session()


def now_ms() -> int:
    """This machine's clock. It stamps acceptance; whatever is decided in the queue goes by the broker's."""
    return time.time_ns() // 1_000_000


def new_id(tenant: str, idempotency_key: str | None) -> str:
    """A job's id: the same for the same tenant and Idempotency-Key, else one that no one can guess."""
    return job_id(tenant, idempotency_key) if idempotency_key else random_job_id(now_ms(), os.urandom(10))


def trace() -> str | None:
    """The traceparent of this invocation, for what it leaves behind; None outside Lambda."""
    found = current()
    return found.parent if found else None


class _LazyCluster:
    """A cluster client that is built at the first call: its constructor asks the nodes, and they may be away."""

    def __init__(self, connect: Callable[[], RedisCluster]) -> None:
        self._connect = connect
        self._connected: RedisCluster | None = None

    def __getattr__(self, name: str) -> Any:
        if self._connected is None:
            self._connected = self._connect()
        return getattr(self._connected, name)
