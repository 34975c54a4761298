"""A webhook's verbs: who is told of what ended."""

from collections.abc import Sequence
from typing import Any

from report_queue.client.calls import Calls, given, id_of


class Webhooks:
    """`client.webhooks`; raises as the client does. A delivery is as the API shows it: {id, event, status, …}."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def make(self, url: str, *, events: Sequence[str] | None = None, description: str | None = None) -> tuple[str, str]:
        """Its id, and the secret that signs what it is told, which is never shown again."""
        body = given({"url": url, "events": events and list(events), "description": description})
        made = self._calls.act("/api/v1/webhooks", body)
        return str(made["webhookId"]), str(made["secret"])

    def all(self) -> list[dict[str, Any]]:
        """The tenant's."""
        return list(self._calls.look("/api/v1/webhooks")["webhooks"])

    def get(self, webhook: str) -> dict[str, Any]:
        """One, with its newest deliveries; `callback`: the deliveries to callbacks of single jobs."""
        return dict(self._calls.look(f"/api/v1/webhooks/{id_of(webhook)}"))

    def rotate(self, webhook: str) -> str:
        """A new secret; the one before signs too, for a day."""
        return str(self._calls.act(f"/api/v1/webhooks/{id_of(webhook)}/rotate")["secret"])

    def enable(self, webhook: str) -> None:
        """One that was disabled is told again."""
        self._calls.act(f"/api/v1/webhooks/{id_of(webhook)}/enable")

    def test(self, webhook: str) -> dict[str, Any]:
        """A ping at once; its delivery."""
        return dict(self._calls.act(f"/api/v1/webhooks/{id_of(webhook)}/test")["delivery"])

    def redeliver(self, webhook: str, delivery: str) -> dict[str, Any]:
        """A message once more, at once; its delivery."""
        message = "_".join(map(id_of, delivery.split("_")))
        path = f"/api/v1/webhooks/{id_of(webhook)}/deliveries/{message}/redeliver"
        return dict(self._calls.act(path)["delivery"])

    def delete(self, webhook: str) -> None:
        """It is forgotten, with its secrets."""
        self._calls.delete(f"/api/v1/webhooks/{id_of(webhook)}")
