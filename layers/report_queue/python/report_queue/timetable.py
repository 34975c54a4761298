"""The schedules in S3. What stands here is the truth; the broker only knows when to look at which (`plans`).

    schedules/<tenant>/<id>.json      the schedule, its report and how far it has come

Every write is conditional on the version that was read, so that of two who change a schedule at once one has to look
again. It knows nothing of Redis or of jobs. Every method raises `StoreAway` where S3 does not answer or refuses.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from report_queue.bucket import Bucket
from report_queue.schedule import Schedule

_JSON: Final = "application/json"
_LOOKS: Final = 5  # as often as we look again where someone else was quicker; each time they got somewhere
_KEY: Final = re.compile(r"schedules/([a-z0-9][a-z0-9-]{0,62})/([0-9a-v]{26})\.json")


@dataclass(frozen=True)
class Kept:
    """A schedule as it was read, and the version that this was."""

    schedule: Schedule
    etag: str


class Timetable:
    """The schedules of all tenants in one bucket."""

    def __init__(self, s3_client: Any, *, bucket: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._bucket = Bucket(s3_client, bucket, sleep)

    def add(self, schedule: Schedule) -> bool:
        """Keep a new schedule; False where there is one of that id."""
        key = _key(schedule.tenant, schedule.id)
        return self._bucket.put(key, schedule.to_json(), content_type=_JSON, marks={}) is not None

    def get(self, *, tenant: str, id: str) -> Kept | None:  # noqa: A002 (the word of the API)
        """A schedule; None where there is none. Raises ValueError where the object is none of ours."""
        found = self._bucket.read(_key(tenant, id))
        return Kept(Schedule.from_json(found[0]), found[1]) if found else None

    def has(self, *, tenant: str, id: str) -> bool:  # noqa: A002 (as in `get`)
        """Whether there is one, also where it cannot be read."""
        return self._bucket.head(_key(tenant, id)) is not None

    def change(self, *, tenant: str, id: str, by: Callable[[Schedule], Schedule]) -> Schedule | None:  # noqa: A002 (as in `get`)
        """Change a schedule, however often others do at the same time; None where there is none."""
        for _ in range(_LOOKS):
            kept = self.get(tenant=tenant, id=id)
            if kept is None:
                return None
            changed = by(kept.schedule)
            if changed == kept.schedule or self.replace(kept, changed):
                return changed
        raise self._bucket.unsteady("change", _key(tenant, id))

    def replace(self, kept: Kept, schedule: Schedule) -> Kept | None:
        """Keep what became of a schedule; None where someone else has changed or ended it since."""
        key = _key(schedule.tenant, schedule.id)
        etag = self._bucket.put(key, schedule.to_json(), content_type=_JSON, marks={}, replaces=kept.etag)
        return Kept(schedule, etag) if etag else None

    def remove(self, *, tenant: str, id: str) -> bool:  # noqa: A002 (as in `get`)
        """Forget a schedule, whatever it is by now and also where it cannot be read; False where there is none."""
        key = _key(tenant, id)
        for _ in range(_LOOKS):
            there = self._bucket.head(key)
            if there is None:
                return False
            if self._bucket.delete(key, etag=there.etag):
                return True
        raise self._bucket.unsteady("remove", key)

    def ids(self, tenant: str, *, after: str = "", limit: int = 100) -> list[str]:
        """One page of a tenant's schedules, in the order of their ids; empty at the end."""
        keys = self._bucket.page(f"schedules/{tenant}/", after=_key(tenant, after) if after else "", limit=limit)
        return [match[2] for match in map(_KEY.fullmatch, keys) if match]

    def pages(self, *, size: int = 500) -> Iterator[list[tuple[str, str]]]:
        """Every schedule of every tenant, as pages of (tenant, id)."""
        after = ""
        while keys := self._bucket.page("schedules/", after=after, limit=size):
            yield [(match[1], match[2]) for match in map(_KEY.fullmatch, keys) if match]
            after = keys[-1]


def _key(tenant: str, id: str) -> str:  # noqa: A002 (as in `get`)
    return f"schedules/{tenant}/{id}.json"
