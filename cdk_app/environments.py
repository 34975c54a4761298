"""What differs between deployments (dev, prod): one validated class, filled from `cdk.json`.

It knows nothing of CDK. What is the same everywhere stands in `topology` (memory, timeouts, routes) or is a default of
`report_queue.settings`, and is not repeated here.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from cdk_app.topology import FUNCTIONS, function
from report_queue.settings import METRICS_NAMESPACE, WIND_UP_MS, Settings

_ADDRESSES = {"broker_url": "rediss://broker", "bucket": "bucket", "bus": "bus", "keys_secret": "secret"}
"""Settings that only the deployment knows; here they stand in for it, so that the others can be validated."""

_WARM_MB = 512  # the worker and its warm renderer, beside the children


class Environment(BaseModel):
    """One deployment. Every field is a line of `cdk.json`, under `context.environments.<name>`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9]{0,11}$", description="part of every physical name")
    protected: bool = Field(description="bucket, key and secret outlive their stack, and the stacks refuse deletion")
    log_retention: Literal["ONE_WEEK", "TWO_WEEKS", "ONE_MONTH", "THREE_MONTHS", "SIX_MONTHS", "ONE_YEAR"]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tracing: bool = Field(default=False, description="X-Ray traces of every function")
    broker_storage_gb: int = Field(default=1, ge=1, le=5_000, description="what ElastiCache may grow to")
    broker_units_per_second: int = Field(default=5_000, ge=1_000, le=15_000_000, description="ElastiCache ECPU limit")
    pages_to: str | None = Field(
        default=None,
        pattern=r"^[^@\s]+@[^@\s]+$",
        description="e-mail address that is paged; it must confirm the subscription",
    )
    runbook: str = Field(
        default="cdk_app/RUNBOOK.md", description="where the runbook is read: its address in the repository"
    )
    spend_usd_an_hour: float = Field(default=1, gt=0, description="more than this for the reports of an hour: an alarm")
    requests_per_second: int = Field(
        default=20, ge=1, description="the API throttles above this; bursts may be twice it"
    )
    reserved_concurrency: dict[str, int] = Field(
        default_factory=dict,
        description="by function; empty by default, since a new account has ten in all and must keep them unreserved",
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="fields of Settings that differ from its defaults"
    )

    @property
    def prefix(self) -> str:
        """Begins the name of every stack, function and log group."""
        return f"report-queue-{self.name}"

    @property
    def metrics_namespace(self) -> str:
        """Of this environment's metrics: two environments may share an account."""
        return f"{METRICS_NAMESPACE}/{self.name}"

    @field_validator("reserved_concurrency")
    @classmethod
    def _names_functions(cls, value: dict[str, int]) -> dict[str, int]:
        if unknown := value.keys() - {function.name for function in FUNCTIONS}:
            raise ValueError(f"not in the topology: {', '.join(sorted(unknown))}")
        return value

    @field_validator("settings")
    @classmethod
    def _are_settings(cls, value: dict[str, Any]) -> dict[str, Any]:
        if addresses := value.keys() & _ADDRESSES.keys():
            raise ValueError(f"known only by the deployment itself: {', '.join(sorted(addresses))}")
        settings = Settings.model_validate({**_ADDRESSES, **value})
        worker = function("worker")
        if settings.attempt_ms + WIND_UP_MS >= 1_000 * worker.timeout_s:
            raise ValueError(
                f"attempt_ms: an attempt and {WIND_UP_MS} ms to wind up must fit in the worker's {worker.timeout_s} s"
            )
        if settings.slots * settings.child_memory_mb + _WARM_MB > worker.memory_mb:
            raise ValueError(
                f"slots x child_memory_mb and {_WARM_MB} MB for the worker must fit in its {worker.memory_mb} MB"
            )
        return value

    @classmethod
    def named(cls, name: str, environments: Mapping[str, Mapping[str, Any]]) -> Self:
        """The environment of that name; raises ValueError where there is none or a line of it is wrong."""
        if name not in environments:
            raise ValueError(f"no environment {name!r} in cdk.json: there are {', '.join(environments)}")
        return cls.model_validate({"name": name, **environments[name]})
