"""What the deployment consists of, as plain data: the one drawing that has two interpreters.

`cdk_app.stacks` turns it into CloudFormation, `cdk_app.local` into processes on this machine. Neither adds a function,
a route, a schedule or a rule of its own; a test reads the synthesised template and holds them to it.

              routes            rule `wake`
    HTTPS ───────────► submit ─────────────► worker ◄── poller ◄── every minute
      │               dashboard                  ▲
      │               webhooks, preview          └───── requeue_stalled ◄── every minute
      └── authorizer
                          rule `ended`
    receipts in the bucket ────────────────► notify ◄── every minute

This module imports nothing but the standard library and knows neither CDK nor this machine.
"""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class May:
    """What a function may touch: nothing that is not named here is granted. Prefixes end in a slash."""

    broker: bool = False
    read: tuple[str, ...] = ()  # GetObject on these prefixes, and ListBucket, so that a missing key is a 404 and no 403
    write: tuple[str, ...] = ()  # PutObject
    delete: tuple[str, ...] = ()  # DeleteObject; with If-Match, which is how we delete, S3 wants GetObject as well
    wake: bool = False  # PutEvents on the bus; where wakes go by the bucket, PutObject on `wakes/` instead
    keys: bool = False  # GetSecretValue on the API keys' secret


@dataclass(frozen=True)
class Function:
    """A Lambda: its code is `functions/<name>`, its handler `handler.handler`, its samples `events/<name>*.json`.

    All of the kind `image` are one image, in which the handler is `<name>.handler.handler`.
    """

    name: str
    memory_mb: int
    timeout_s: int
    may: May
    kind: Literal["zip", "image"] = "zip"
    tmp_mb: int = 512  # of /tmp


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API. A path's static segments win over `{id}`. Routes that are not public need a key."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    function: str
    public: bool = False


@dataclass(frozen=True)
class Cors:
    """What pages of other origins may do, where any are let in: none is by default, and none with cookies."""

    methods: tuple[str, ...]
    headers: tuple[str, ...]  # that a request may have
    exposed: tuple[str, ...]  # that a page may read
    max_age_s: int  # a browser need not ask again for so long


@dataclass(frozen=True)
class Schedule:
    """An EventBridge schedule: the function is invoked once every so many minutes."""

    function: str
    every_minutes: int


@dataclass(frozen=True)
class Rule:
    """A rule of a bus: an event of this source and detail type invokes the function, asynchronously."""

    name: str
    source: str
    detail_type: str
    function: str
    prefix: str = ""  # of the object's key, where the event is the bucket's own; those are on the default bus
    retries: int = 0  # a wake that is late is worth nothing, and the poller is the safety net
    max_age_s: int = 60


WAKE_SOURCE: Final = "report-queue"
WAKE_DETAIL_TYPE: Final = "wake"

WAKE_PREFIX: Final = "wakes/"

PREFIXES: Final = {
    "open/": "Accepted jobs by id",
    "closed/": "Receipts by the job's id",
    "reports/": "Reports by tenant and the job's id",
    "inputs/": "Rows that callers upload, by tenant and id",
    "batches/": "Batches by tenant and id, and pointers to them, the newest first",
    "pending/": "Batches with something left to do, by tenant and id",
    "schedules/": "Schedules by tenant and id",
    "controls/": "What is paused",
    "usage/": "What tenants used, by month and tenant",
    WAKE_PREFIX: "Wakes by token",
    "webhooks/": "Webhooks by tenant",
    "signing/": "Secrets of webhooks by tenant and id",
    "untold/": "Marks of receipts that nobody has been told of yet",
    "deliveries/": "Deliveries by tenant and webhook, the newest first",
    "due/": "Pointers to deliveries by the moment of their next try",
}
"""All that the bucket holds."""

FUNCTIONS: Final = (
    Function("authorizer", memory_mb=256, timeout_s=10, may=May(keys=True)),
    Function(
        "submit",
        memory_mb=512,
        timeout_s=30,  # a caller may wait for the end of its job, up to 25 s; the gateway gives up after 30
        may=May(
            broker=True,
            read=("open/", "closed/", "schedules/", "batches/", "pending/", "inputs/", "webhooks/"),
            # closed: of a job whose dedup key a newer one takes; inputs: by the links that it gives
            write=("open/", "closed/", "schedules/", "batches/", "pending/", "inputs/", "untold/"),
            delete=("open/",),
            wake=True,
        ),
    ),
    Function(
        "dashboard",
        memory_mb=512,
        timeout_s=15,
        may=May(
            broker=True,
            read=(
                *("open/", "closed/", "reports/", "schedules/", "controls/", "batches/", "pending/", "webhooks/"),
                "usage/",
            ),
            write=("open/", "closed/", "schedules/", "controls/", "pending/", "untold/"),
            delete=("open/", "schedules/", "reports/"),  # reports: of jobs whose documents are deleted
            wake=True,
        ),
    ),
    Function(
        "worker",
        memory_mb=3_008,
        timeout_s=900,
        may=May(
            broker=True,
            read=("open/", "closed/", "reports/", "inputs/", "webhooks/"),
            write=("reports/", "closed/", "untold/"),
            delete=("open/",),
            wake=True,
        ),
        tmp_mb=4_096,  # a batch's reports, and the file that they become; rows that come from the bucket
        kind="image",
    ),
    Function(
        "poller",
        memory_mb=256,
        timeout_s=75,
        may=May(
            broker=True,
            read=("open/", "closed/", "schedules/", "batches/", "pending/"),
            write=("open/", "schedules/"),
            delete=("open/", "pending/"),
            wake=True,
        ),
    ),
    Function(
        "requeue_stalled",
        memory_mb=256,
        timeout_s=120,
        may=May(
            broker=True,
            read=("open/", "closed/", "reports/", "controls/", "batches/", "pending/", "webhooks/", "usage/"),
            write=("open/", "closed/", "pending/", "untold/", "usage/"),
            delete=("open/", "pending/", "reports/"),  # reports: where the dashboard had begun
            wake=True,
        ),
    ),
    # The two that reach the internet, and so stand outside of the broker's network.
    Function(
        "notify",
        memory_mb=256,
        timeout_s=120,
        may=May(
            read=("closed/", "webhooks/", "signing/", "deliveries/"),
            write=("webhooks/", "deliveries/", "due/"),
            delete=("untold/", "due/"),
        ),
    ),
    Function(
        "webhooks",
        memory_mb=256,
        timeout_s=29,  # the gateway waits for 30
        may=May(
            read=("webhooks/", "signing/", "deliveries/"),
            write=("webhooks/", "signing/", "deliveries/", "due/"),
            delete=("signing/", "due/"),
        ),
    ),
    # In the worker's image and with its memory, for it starts the same children; it may touch nothing.
    Function("preview", memory_mb=3_008, timeout_s=29, may=May(), kind="image"),
)

AUTHORIZER: Final = "authorizer"
AUTHORIZER_CACHE_S: Final = 60

ROUTES: Final = (
    Route("POST", "/api/v1/reports/generate", "submit"),
    Route("POST", "/api/v1/reports/preview", "preview"),
    Route("GET", "/api/v1/reports/{id}/download", "dashboard"),
    Route("POST", "/api/v1/inputs", "submit"),
    Route("POST", "/api/v1/batches", "submit"),
    Route("GET", "/api/v1/batches", "dashboard"),
    Route("GET", "/api/v1/batches/{id}", "dashboard"),
    Route("GET", "/api/v1/batches/{id}/download", "dashboard"),
    Route("POST", "/api/v1/batches/{id}/retry", "dashboard"),
    Route("POST", "/api/v1/batches/{id}/cancel", "dashboard"),
    Route("POST", "/api/v1/schedules", "submit"),
    Route("GET", "/api/v1/schedules", "dashboard"),
    Route("GET", "/api/v1/schedules/{id}", "dashboard"),
    Route("POST", "/api/v1/schedules/{id}/pause", "dashboard"),
    Route("POST", "/api/v1/schedules/{id}/resume", "dashboard"),
    Route("POST", "/api/v1/schedules/{id}/run", "dashboard"),
    Route("POST", "/api/v1/schedules/{id}/end", "dashboard"),
    Route("GET", "/api/key", "dashboard"),
    Route("POST", "/api/v1/webhooks", "webhooks"),
    Route("GET", "/api/v1/webhooks", "webhooks"),
    Route("GET", "/api/v1/webhooks/{webhook}", "webhooks"),
    Route("POST", "/api/v1/webhooks/{webhook}/rotate", "webhooks"),
    Route("POST", "/api/v1/webhooks/{webhook}/enable", "webhooks"),
    Route("POST", "/api/v1/webhooks/{webhook}/test", "webhooks"),
    Route("POST", "/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver", "webhooks"),
    Route("DELETE", "/api/v1/webhooks/{webhook}", "webhooks"),
    Route("GET", "/api/stats", "dashboard"),
    Route("GET", "/api/queue", "dashboard"),
    Route("POST", "/api/queue/pause", "dashboard"),
    Route("POST", "/api/queue/resume", "dashboard"),
    Route("GET", "/api/usage", "dashboard"),
    Route("GET", "/api/usage/tenants", "dashboard"),
    Route("GET", "/api/workers", "dashboard"),
    Route("GET", "/api/jobs", "dashboard"),
    Route("GET", "/api/jobs/completed", "dashboard"),
    Route("GET", "/api/jobs/failed", "dashboard"),
    Route("GET", "/api/jobs/groups", "dashboard"),
    Route("POST", "/api/jobs/retry", "dashboard"),
    Route("GET", "/api/jobs/{id}", "dashboard"),
    Route("DELETE", "/api/jobs/{id}", "dashboard"),
    Route("GET", "/api/jobs/{id}/receipt", "dashboard"),
    Route("POST", "/api/jobs/{id}/retry", "dashboard"),
    Route("POST", "/api/jobs/{id}/cancel", "dashboard"),
    Route("POST", "/api/jobs/{id}/promote", "dashboard"),
    Route("GET", "/api/report-types", "dashboard"),
    Route("GET", "/health", "dashboard", public=True),
    Route("GET", "/openapi.json", "dashboard", public=True),
    Route("GET", "/docs", "dashboard", public=True),
    Route("GET", "/problems/{name}", "dashboard", public=True),
    Route("GET", "/", "dashboard", public=True),
    Route("GET", "/page/{name}", "dashboard", public=True),
)

ORIGIN: Final = r"https?://[a-z0-9.-]+(:\d{1,5})?"
CORS: Final = Cors(
    methods=("GET", "POST", "DELETE", "OPTIONS"),
    headers=("authorization", "content-type", "idempotency-key", "if-none-match", "prefer"),
    exposed=(
        "etag",
        "link",
        "location",
        "retry-after",
        "idempotency-replayed",
        "preference-applied",
        "ratelimit",
        "ratelimit-policy",
        "report-warnings",
    ),
    max_age_s=600,
)
"""For the origins that a deployment names; API Gateway and the local gateway answer alike."""

SCHEDULES: Final = (
    Schedule("poller", every_minutes=1),
    Schedule("requeue_stalled", every_minutes=1),
    Schedule("notify", every_minutes=1),
)

_CREATED: Final = ("aws.s3", "Object Created")

# What a receipt tells is told late rather than not; and where its event is lost the minute finds its mark.
_ENDED: Final = Rule("ended", *_CREATED, "notify", prefix="closed/", retries=2, max_age_s=3_600)

RULES: Final = (Rule("wake", WAKE_SOURCE, WAKE_DETAIL_TYPE, "worker"), _ENDED)

BUCKET_RULES: Final = (Rule("wake", *_CREATED, "worker", prefix=WAKE_PREFIX), _ENDED)
"""Instead of RULES where there is no bus: an object under the prefix is the event."""


def rules(wake_by: Literal["bus", "bucket"]) -> tuple[Rule, ...]:
    """The rules of a deployment whose wakes go that way."""
    return RULES if wake_by == "bus" else BUCKET_RULES


def function(name: str) -> Function:
    """The function of that name; raises KeyError where there is none."""
    for candidate in FUNCTIONS:
        if candidate.name == name:
            return candidate
    raise KeyError(name)
