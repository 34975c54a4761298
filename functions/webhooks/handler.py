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


@app.get("/api/v1/webhooks/<webhook>")
def one(principal: Reader, webhook: str) -> Response[str]:
    """One webhook, with its newest deliveries."""
    here = outside()
    found = webhook_desk.get(here, tenant=principal.tenant, id=webhook)
    return json_answer(webhook_views.detail(found, webhook_desk.recent(here, found)))


@app.post("/api/v1/webhooks/<webhook>/rotate")
def rotate(principal: Operator, webhook: str) -> Response[str]:
    """A new secret, which is told this once; the one before signs too, for a day."""
    rotated = webhook_desk.rotate(outside(), tenant=principal.tenant, id=webhook)
    logger.info("secret rotated", webhook=webhook)
    return json_answer(webhook_views.rotated(rotated))


@app.post("/api/v1/webhooks/<webhook>/enable")
def enable(principal: Operator, webhook: str) -> Response[str]:
    """One that was disabled is told again."""
    webhook_desk.enable(outside(), tenant=principal.tenant, id=webhook)
    return json_answer(webhook_views.acted(webhook, "The webhook is enabled."))


@app.post("/api/v1/webhooks/<webhook>/test")
def test(principal: Operator, webhook: str) -> Response[str]:
    """A ping, now."""
    return json_answer(webhook_views.tried(webhook, webhook_desk.test(outside(), tenant=principal.tenant, id=webhook)))


@app.post("/api/v1/webhooks/<webhook>/deliveries/<delivery>/redeliver")
def redeliver(principal: Operator, webhook: str, delivery: str) -> Response[str]:
    """A message once more, now."""
    tried = webhook_desk.redeliver(outside(), tenant=principal.tenant, id=webhook, delivery=delivery)
    return json_answer(webhook_views.tried(webhook, tried))


@app.delete("/api/v1/webhooks/<webhook>")
def delete(principal: Operator, webhook: str) -> Response[str]:
    """The webhook is forgotten, with its secrets."""
    webhook_desk.delete(outside(), tenant=principal.tenant, id=webhook)
    logger.info("webhook deleted", webhook=webhook)
    return json_answer(webhook_views.acted(webhook, "The webhook is deleted."))


handler = entry(app)
