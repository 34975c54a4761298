"""EventBridge's events, and the schedules of the topology: each invokes its function at start and then every so many
minutes.

A schedule's event is delivered like any other event: if the function is
still at the last one, this one waits, but never longer than until the next.
"""

import asyncio
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from cdk_app.local.aws import ACCOUNT, REGION
from cdk_app.local.delivery import Delivery
from cdk_app.topology import Schedule

S3_SOURCE, CREATED = "aws.s3", "Object Created"


async def tick(schedule: Schedule, delivery: Delivery, *, minute_s: float = 60.0) -> None:
    """Run one schedule until cancelled."""
    loop = asyncio.get_running_loop()
    period_s = schedule.every_minutes * minute_s
    due = loop.time()
    while True:
        delivery.send(schedule.function, scheduled_event(schedule), retries=0, max_age_s=period_s)
        due += period_s
        await asyncio.sleep(due - loop.time())


def scheduled_event(schedule: Schedule) -> dict[str, Any]:
    """The event of one tick, now."""
    return bus_event(
        source="aws.events",
        detail_type="Scheduled Event",
        detail={},
        resources=[f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{schedule.function}"],
    )


def created_event(*, bucket: str, key: str, size: int, etag: str) -> dict[str, Any]:
    """The event by which S3 tells of a new object, now."""
    return bus_event(
        source=S3_SOURCE,
        detail_type=CREATED,
        resources=[f"arn:aws:s3:::{bucket}"],
        detail={
            "version": "0",
            "bucket": {"name": bucket},
            "object": {"key": key, "size": size, "etag": etag, "sequencer": f"{time.time_ns():018X}"},
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": ACCOUNT,
            "source-ip-address": "127.0.0.1",
            "reason": "PutObject",
        },
    )


def bus_event(
    *, source: str, detail_type: str, detail: Any, resources: list[str], event_id: str = ""
) -> dict[str, Any]:
    """What EventBridge hands to a function."""
    return {
        "version": "0",
        "id": event_id or str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": resources,
        "detail": detail,
    }
