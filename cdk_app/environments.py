"""What differs between deployments (dev, prod): one validated class, filled from `cdk.json`.

It knows nothing of CDK. What is the same everywhere stands in `topology` (memory, timeouts, routes) or is a default of
`report_queue.settings`, and is not repeated here. What a profile brings stands in `profiles`.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from cdk_app.profiles import BROKERS, Broker, Profile
from cdk_app.topology import FUNCTIONS, ORIGIN, function
from report_queue.settings import METRICS_NAMESPACE, WIND_UP_MS, Settings

_FROM_THE_STACKS: Mapping[str, Any] = {
    "broker_url": "rediss://broker",
    "broker_cluster": True,
    "broker_auth": "iam",
    "broker_user": "user",
    "broker_name": "broker",
    "broker_serverless": False,
    "wake_by": "bus",
    "bucket": "bucket",
    "bus": "bus",
    "keys_secret": "secret",
}
"""Settings that the deployment itself knows; here they stand in for it, so that the others can be validated."""

_WARM_MB = 512  # the worker and its warm renderer, beside the children
_DAY_MS = 86_400_000


class Environment(BaseModel):
    """One deployment. Every field is a line of `cdk.json`, under `context.environments.<name>`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    # 11 letters: ElastiCache takes 40 for a user, such as report-queue-<name>-requeue-stalled.
    name: str = Field(pattern=r"^[a-z][a-z0-9]{0,10}$", description="part of every physical name")
    profile: Profile = Field(description="which broker: `cdk_app.profiles` says what each is")
    protected: bool = Field(description="bucket, key and secret outlive their stack, and the stacks refuse deletion")
    log_retention: Literal["ONE_WEEK", "TWO_WEEKS", "ONE_MONTH", "THREE_MONTHS", "SIX_MONTHS", "ONE_YEAR"]
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    tracing: bool = Field(default=False, description="X-Ray traces of every function")
    snap_start: bool = Field(default=False, description="functions from zips start from a snapshot; it costs money")
    report_days: int = Field(default=0, ge=0, description="reports are deleted after it; 0: never")
    receipt_days: int = Field(default=0, ge=0, description="receipts and batches are deleted after it; 0: never")
    broker_node: str | None = Field(
        default=None,
        pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$",
        description="ElastiCache node type, instead of the profile's; lite has no nodes and ignores it",
    )
    broker_storage_gb: int = Field(default=1, ge=1, le=5_000, description="what the broker of lite may grow to")
    broker_units_per_second: int = Field(default=5_000, ge=1_000, le=15_000_000, description="ECPU limit of lite")
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
    cors_origins: list[str] = Field(
        default_factory=list,
        description="origins whose pages may call the API, such as https://app.example.com; none: no page but our own",
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

    @property
    def broker(self) -> Broker:
        """What ElastiCache is asked for."""
        return BROKERS[self.profile].on(self.broker_node)

    @property
    def shared(self) -> Settings:
        """The settings that are known before anything is deployed; addresses are stand-ins."""
        return Settings.model_validate({**_FROM_THE_STACKS, **self.settings})

    def user(self, function: str) -> str:
        """Who a function is to the broker: for IAM an ElastiCache user's id and name must be the same."""
        return f"{self.prefix}-{function.replace('_', '-')}"

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: list[str]) -> list[str]:
        if wrong := [origin for origin in value if not re.fullmatch(ORIGIN, origin)]:
            raise ValueError(f"{', '.join(wrong)}: no origin; name each as https://host or https://host:port, and no *")
        return value

    @field_validator("reserved_concurrency")
    @classmethod
    def _names_functions(cls, value: dict[str, int]) -> dict[str, int]:
        if unknown := value.keys() - {function.name for function in FUNCTIONS}:
            raise ValueError(f"not in the topology: {', '.join(sorted(unknown))}; name one of its functions")
        return value

    @field_validator("settings")
    @classmethod
    def _are_settings(cls, value: dict[str, Any]) -> dict[str, Any]:
        if known := value.keys() & _FROM_THE_STACKS.keys():
            raise ValueError(f"the stacks set them, so leave them out: {', '.join(sorted(known))}")
        try:
            settings = Settings.model_validate({**_FROM_THE_STACKS, **value})
        except ValidationError as error:
            faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            raise ValueError("; ".join(faults)) from error
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

    @model_validator(mode="after")
    def _keeps_what_it_names(self) -> Self:
        settings = self.shared
        listed = max(settings.retention_completed_ms, settings.retention_failed_ms, settings.retention_cancelled_ms)
        for field, days in (("report_days", self.report_days), ("receipt_days", self.receipt_days)):
            if days and days * _DAY_MS < listed:
                raise ValueError(
                    f"{field}: jobs are listed for {listed // _DAY_MS} days; keep it for as long, or list them for less"
                )
        if self.receipt_days and not 0 < self.report_days <= self.receipt_days:
            raise ValueError("receipt_days: a receipt says whose a report is; set report_days, and not to more than it")
        if wrong := self.broker.fault():
            raise ValueError(f"broker_node: {wrong}")
        return self

    @classmethod
    def named(cls, name: str, environments: Mapping[str, Mapping[str, Any]], *, profile: str | None = None) -> Self:
        """The environment of that name, with that profile instead of its own where one is given.

        Raises ValueError where there is none or a line of it is wrong; the message has a line for each, with its place.
        """
        if name not in environments:
            raise ValueError(f"no environment {name!r} in cdk.json: there are {', '.join(environments)}")
        chosen = {"profile": profile} if profile else {}
        try:
            return cls.model_validate({"name": name, **environments[name], **chosen})
        except ValidationError as error:
            raise ValueError("\n".join(f"cdk.json: {_told(name, fault)}" for fault in error.errors())) from error


def _told(name: str, fault: Any) -> str:
    place = ".".join(["environments", name, *map(str, fault["loc"])])
    if not fault["loc"]:  # of several fields: it names the one to change
        return f"{place}.{str(fault['msg']).removeprefix('Value error, ')}"
    match fault["type"]:
        case "extra_forbidden":
            return f"{place}: no such field; there are {', '.join(sorted(Environment.model_fields.keys() - {'name'}))}"
        case "missing":
            described = Environment.model_fields[str(fault["loc"][-1])].description
            return f"{place}: must be set" + (f" ({described})" if described else "")
        case _:
            return f"{place}: {str(fault['msg']).removeprefix('Value error, ')}"
