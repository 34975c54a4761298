"""Webhooks on this side of the wire: a clock to turn, receivers that answer as they are told, and S3's events."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway import Api, keys_in_bucket

from functions.notify import handler as notify
from functions.webhooks import handler as webhooks
from report_queue.delivery import Reply
from report_queue.delivery_store import DeliveryStore
from report_queue.ledger import Ledger
from report_queue.signing import secret_of
from report_queue.webhook_store import WebhookStore
from report_queue.wiring import Outside, outside
from tests.ledger.words import Context, sample

URL = "https://93.184.215.14/hooks"
GOOD, DOWN = Reply(204, None), Reply(500, "The receiver answered 500.")
MINUTE = 60_000


@dataclass(frozen=True)
class Sent:
    """One request that left."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    at: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Told:
    """What is outside, with everything of it in a test's hands."""

    now: int
    answer: Callable[[Sent], Reply] = lambda _: GOOD
    sent: list[Sent] = field(default_factory=list)
    secrets: int = 0

    def wire(self, monkeypatch: Any) -> None:
        """Give it to both functions."""
        monkeypatch.setattr(notify, "outside", self.outside)
        monkeypatch.setattr(webhooks, "outside", self.outside)

    def outside(self, client: Any = None) -> Outside:
        """The wiring, over that client of S3's if one is given."""
        real = outside()
        if client is not None:
            bucket, calm = real.settings.bucket, {"sleep": lambda _: None}
            ledger = Ledger(client, bucket=bucket, **calm)
            real = replace(
                real,
                ledger=ledger,
                untold=ledger.untold,
                webhooks=WebhookStore(client, bucket=bucket, **calm),
                deliveries=DeliveryStore(client, bucket=bucket, **calm),
            )
        return replace(
            real,
            post=self._post,
            now_ms=lambda: self.now,
            sleep=self._sleep,
            jitter=lambda: 0.0,
            new_secret=self._secret,
        )

    def ended(self, job_id: str) -> dict[str, int]:
        """S3 tells of its receipt."""
        event = sample("notify_ended")
        event["detail"]["object"]["key"] = f"closed/{job_id}.json"
        return notify.handler(event, Context(remaining_ms=120_000))

    def minute(self) -> dict[str, int]:
        """A minute goes by, and the next one begins."""
        self.now += MINUTE
        return self.look()

    def look(self) -> dict[str, int]:
        """What a minute begins with."""
        return notify.handler(sample("notify"), Context(remaining_ms=120_000))

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        self.sent.append(Sent(url, body, dict(headers), self.now))
        return self.answer(self.sent[-1])

    def _sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1_000)

    def _secret(self) -> str:
        self.secrets += 1
        return secret_of(bytes([self.secrets]) * 32)


def register(api: Api, url: str = URL, **members: Any) -> tuple[str, str]:
    """A webhook of the tenant: its id and its secret."""
    answer = api.post("/api/v1/webhooks", body={"url": url, **members})
    assert answer.status == 201, answer.json
    return answer.json["data"]["webhookId"], answer.json["data"]["secret"]


def pointers() -> list[str]:
    """The pointers to what is due."""
    return [key for key in keys_in_bucket() if key.startswith("due/")]
