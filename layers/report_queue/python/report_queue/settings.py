"""Every setting, with its unit and default, in the one class that both writes and reads the environment.

The stacks and the local stack write it (`environment()`), the functions read it (`Settings.read(os.environ)`).
"""

from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

_PREFIX = "REPORT_QUEUE_"

METRICS_NAMESPACE: Final = "ReportQueue"
WIND_UP_MS: Final = 45_000  # of the worker's time: after its last attempt, to publish, complete, close and leave

Milliseconds = Annotated[int, Field(gt=0)]


class Settings(BaseModel):
    """The settings of one deployment. Names in the environment: `REPORT_QUEUE_` and the field in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Where things are.
    broker_url: str = Field(description="redis://, rediss:// or unix:// address of the broker")
    broker_cluster: bool = Field(default=False, description="the broker speaks the cluster protocol")
    queue: str = Field(default="reports", pattern=r"^[a-z][a-z0-9-]{0,31}$", description="name; the keys' hash tag")
    bucket: str = Field(description="S3 bucket of the ledger")
    bus: str = Field(description="EventBridge bus that carries wakes")
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
    workers: int = Field(default=5, ge=1, description="most workers at once")
    slots: int = Field(default=2, ge=1, le=16, description="children that one worker renders with at a time")
    retention_ms: Milliseconds = Field(default=7 * 86_400_000, description="the broker forgets ended jobs after this")
    retention_count: int = Field(default=10_000, ge=0, description="ended jobs kept per state, the newest")

    # The API.
    link_seconds: int = Field(default=300, ge=1, le=3600, description="a download link is valid this long")
    body_bytes: int = Field(default=5_000_000, ge=1, description="largest request body")

    # Rendering.
    child_memory_mb: int = Field(
        default=1_024, ge=256, description="address space of a child beyond the renderer's own"
    )

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from an environment; raises pydantic.ValidationError that names each bad variable."""
        named = {
            name: environ[_PREFIX + name.upper()] for name in cls.model_fields if _PREFIX + name.upper() in environ
        }
        return cls.model_validate(named)

    def environment(self) -> dict[str, str]:
        """The settings as environment variables, such that `read` gives them back."""
        return {_PREFIX + name.upper(): str(value) for name, value in self.model_dump(mode="json").items()}
