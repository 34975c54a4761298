"""The schedules of the topology: each invokes its function at start and then every so many minutes.

The event is the one that an EventBridge schedule sends. It is delivered like any other event: if the function is
still at the last one, this one waits, but never longer than until the next.
"""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

from cdk_app.local.aws import ACCOUNT, REGION
from cdk_app.local.delivery import Delivery
from cdk_app.topology import Schedule


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
