"""Webhooks: make, look, rotate a secret, enable, test, redeliver, delete. It stands outside of the broker's network."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response

from report_queue import webhook_body, webhook_desk, webhook_views
from report_queue.api import body_of, entry, json_answer, needs, resolver
from report_queue.keys import Principal
from report_queue.targets import networks_of
from report_queue.telemetry import logger
from report_queue.wiring import outside

app = resolver()

Reader = Annotated[Principal, Depends(needs("read"))]
Operator = Annotated[Principal, Depends(needs("operate"))]


@app.post("/api/v1/webhooks")
def make(principal: Operator) -> Response[str]:
    """201 with the secret, which is told this once."""
    here = outside()
    draft = webhook_body.parse(body_of(app), networks=networks_of(here.settings.webhook_networks))
    made = webhook_desk.make(here, draft, tenant=principal.tenant)
    logger.info("webhook made", webhook=made.webhook.id)
    where = {"Location": f"/api/v1/webhooks/{made.webhook.id}"}
    return json_answer(webhook_views.made(made), status=201, headers=where)


@app.get("/api/v1/webhooks")
def webhooks(principal: Reader) -> Response[str]:
    """The tenant's webhooks."""
    return json_answer({"webhooks": [webhook_views.summary(one) for one in outside().webhooks.all(principal.tenant)]})


@app.get("/api/v1/webhooks/<id>")
def webhook(principal: Reader, id: str) -> Response[str]:  # noqa: A002 (the word of the API)
    """One webhook, with its newest deliveries."""
    here = outside()
    found = webhook_desk.get(here, tenant=principal.tenant, id=id)
    return json_answer(webhook_views.detail(found, webhook_desk.recent(here, found)))


@app.post("/api/v1/webhooks/<id>/rotate")
def rotate(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A new secret, which is told this once; the one before signs too, for a day."""
    rotated = webhook_desk.rotate(outside(), tenant=principal.tenant, id=id)
    logger.info("secret rotated", webhook=id)
    return json_answer(webhook_views.rotated(rotated))


@app.post("/api/v1/webhooks/<id>/enable")
def enable(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """One that was disabled is told again."""
    webhook_desk.enable(outside(), tenant=principal.tenant, id=id)
    return json_answer(webhook_views.acted(id, "The webhook is enabled."))


@app.post("/api/v1/webhooks/<id>/test")
def test(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """A ping, now."""
    return json_answer(webhook_views.tried(id, webhook_desk.test(outside(), tenant=principal.tenant, id=id)))


@app.post("/api/v1/webhooks/<id>/deliveries/<delivery>/redeliver")
def redeliver(principal: Operator, id: str, delivery: str) -> Response[str]:  # noqa: A002 (as above)
    """A message once more, now."""
    tried = webhook_desk.redeliver(outside(), tenant=principal.tenant, id=id, delivery=delivery)
    return json_answer(webhook_views.tried(id, tried))


@app.delete("/api/v1/webhooks/<id>")
def delete(principal: Operator, id: str) -> Response[str]:  # noqa: A002 (as above)
    """The webhook is forgotten, with its secrets."""
    webhook_desk.delete(outside(), tenant=principal.tenant, id=id)
    logger.info("webhook deleted", webhook=id)
    return json_answer(webhook_views.acted(id, "The webhook is deleted."))


handler = entry(app)
