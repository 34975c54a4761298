"""Every setting, with its unit and default, in the one class that both writes and reads the environment.

The stacks and the local stack write it (`environment()`), the functions read it (`Settings.read(os.environ)`).
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from report_queue.targets import networks_of

_PREFIX = "REPORT_QUEUE_"

METRICS_NAMESPACE: Final = "ReportQueue"
INPUT_DAYS: Final = 14  # after its upload an object of rows is deleted
DELIVERY_DAYS: Final = 30  # of a delivery's log, from its last try on
WIND_UP_MS: Final = 45_000  # of the worker's time: after its last attempt, to publish, complete, close and leave

_WEEK_MS: Final = 7 * 86_400_000

Milliseconds = Annotated[int, Field(gt=0)]
Tenant = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class Limits(BaseModel):
    """What one tenant may do, and its share. 0: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight: float = Field(default=1, ge=0.01, le=100, description="share of the workers beside other tenants'")
    rate: float = Field(default=0, ge=0, le=10_000, description="jobs that may start in a second; bursts of as many")
    concurrency: int = Field(default=0, ge=0, description="jobs that may be active at once")
    backlog: int = Field(default=0, ge=0, description="jobs that may wait or be delayed; a submit beyond is a 429")


class Settings(BaseModel):
    """The settings of one deployment. Names in the environment: `REPORT_QUEUE_` and the field in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Where things are.
    broker_url: str = Field(description="redis://, rediss:// or unix:// address of the broker")
    broker_cluster: bool = Field(default=False, description="the broker speaks the cluster protocol")
    broker_auth: Literal["none", "iam"] = Field(default="none", description="iam: sign in to ElastiCache by tokens")
    broker_user: str = Field(default="", description="the broker's user that this function signs in as")
    broker_name: str = Field(default="", description="ElastiCache's name of the broker: what tokens are signed for")
    broker_serverless: bool = Field(default=False, description="the broker is a serverless cache: so the token says")
    queue: str = Field(default="reports", pattern=r"^[a-z][a-z0-9-]{0,31}$", description="name; the keys' hash tag")
    bucket: str = Field(description="S3 bucket of the ledger")
    wake_by: Literal["bus", "bucket"] = Field(default="bus", description="wakes are events of a bus, or objects")
    bus: str = Field(default="", description="EventBridge bus that carries wakes; empty where the bucket does")
    keys_secret: str = Field(description="Secrets Manager id of the API keys' hashes")

    # The queue.
    attempts: int = Field(default=3, ge=1, le=10, description="failures after which a job fails, if it names none")
    stalls: int = Field(default=3, ge=0, description="leases that may run out before a job fails as stalled")
    backoff_ms: Milliseconds = Field(default=5_000, description="wait before the first retry; doubles with each")
    backoff_limit_ms: Milliseconds = Field(default=600_000, description="longest wait before a retry")
    backoff_jitter: float = Field(default=0.5, ge=0, le=1, description="0.5: up to 50 % longer, at random")
    lease_ms: Milliseconds = Field(default=30_000, description="a lease lasts this long unless renewed")
    beat_ms: Milliseconds = Field(default=10_000, description="a worker renews its leases this often")
    attempt_ms: Milliseconds = Field(default=300_000, description="one attempt may own a job for at most this long")
    wake_ms: Milliseconds = Field(default=20_000, description="a wake that nobody answers is forgotten after this long")
    stay_ms: int = Field(default=15_000, ge=0, description="an idle worker stays for a retry that is due so soon")
    workers: int = Field(default=5, ge=1, description="most workers at once")
    slots: int = Field(default=2, ge=1, le=16, description="children that one worker renders with at a time")
    retries_per_second: int = Field(default=50, ge=1, description="retries due in one second; a storm is spread")
    rate: float = Field(default=0, ge=0, le=10_000, description="jobs that may start in a second, all tenants'; 0: any")
    tenant: Limits = Field(default=Limits(), description="JSON: weight, rate, concurrency, backlog of each tenant")
    tenants: dict[Tenant, Limits] = Field(default={}, description="JSON: the same by tenant, instead of `tenant`")
    retention_completed_ms: Milliseconds = Field(default=_WEEK_MS, description="completed jobs are forgotten after it")
    retention_failed_ms: Milliseconds = Field(default=_WEEK_MS, description="failed jobs are forgotten after it")
    retention_cancelled_ms: Milliseconds = Field(default=_WEEK_MS, description="cancelled jobs are forgotten after it")
    retention_completed_count: int = Field(default=10_000, ge=0, description="completed jobs kept, the newest")
    retention_failed_count: int = Field(default=10_000, ge=0, description="failed jobs kept, the newest")
    retention_cancelled_count: int = Field(default=10_000, ge=0, description="cancelled jobs kept, the newest")

    # The API.
    link_seconds: int = Field(default=300, ge=1, le=3600, description="a download link is valid this long")
    body_bytes: int = Field(default=5_000_000, ge=1, description="largest request body")
    preview_bytes: int = Field(default=1_000_000, ge=1, description="largest request body of a preview")
    preview_ms: Milliseconds = Field(default=15_000, le=25_000, description="a preview may take this long")
    upload_seconds: int = Field(default=3_600, ge=1, le=43_200, description="an upload may begin this long")
    input_bytes: int = Field(
        default=1_000_000_000, ge=1, le=1_500_000_000, description="largest object that `dataRef` may name"
    )
    input_rows: int = Field(default=1_000_000, ge=1, description="most rows in such an object")

    # Webhooks.
    webhook_networks: str = Field(
        default="", description="networks (CIDR, with spaces between) that webhooks may lead to beside the internet"
    )

    # Rendering.
    child_memory_mb: int = Field(
        default=1_024, ge=256, description="address space of a child beyond the renderer's own"
    )

    @field_validator("tenant", "tenants", mode="before")
    @classmethod
    def _from_json(cls, value: Any) -> Any:
        """The environment has them as JSON."""
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("webhook_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        networks_of(value)
        return value

    @model_validator(mode="after")
    def _has_a_way_to_wake(self) -> Self:
        if self.wake_by == "bus" and not self.bus:
            raise ValueError("bus: wake_by is bus, which needs one; or set wake_by to bucket")
        return self

    def limits_of(self, tenant: str) -> Limits:
        """A tenant's limits."""
        return self.tenants.get(tenant, self.tenant)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from an environment; raises pydantic.ValidationError that names each bad variable."""
        named = {
            name: environ[_PREFIX + name.upper()] for name in cls.model_fields if _PREFIX + name.upper() in environ
        }
        return cls.model_validate(named)

    def environment(self) -> dict[str, str]:
        """The settings as environment variables, such that `read` gives them back."""
        return {
            _PREFIX + name.upper(): json.dumps(value) if isinstance(value, dict) else str(value)
            for name, value in self.model_dump(mode="json").items()
        }
