"""What callers keep with a job, and what is kept of one that has ended."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from gateway import Api
from lives import PDF, Lives

from report_queue.reports import report_types
from report_queue.wiring import Wiring

MINE = {"invoice": "planted-4711", "owner": "Zoë"}


@pytest.mark.parametrize("end", ["waiting", "completed"])
def test_metadata_is_shown_with_the_job_and_never_in_the_broker(
    end: str, api: Api, lives: Lives, wired: Wiring, valkey: str, environment: Callable[..., None]
) -> None:
    name = lives.waiting(metadata=MINE)
    if end == "completed":
        lives.end(name)
    assert api.get(f"/api/jobs/{name}").json["metadata"] == MINE
    with redis.Redis.from_url(valkey) as client:
        kept = [
            client.hgetall(key) if client.type(key) == b"hash" else client.zrange(key, 0, -1)
            for key in wired.queue._broker.keys
        ]
    assert name in str(kept)
    assert "planted" not in str(kept)
    environment(queue="wiped-metadata")
    assert api.get(f"/api/jobs/{name}").json["metadata"] == MINE


def test_metadata_is_a_part_of_the_request(api: Api) -> None:
    body: dict[str, Any] = {"reportType": "test", "data": report_types()["test"].sample}
    key = {"idempotency-key": "one"}
    one, other = ({"options": {"metadata": metadata}} for metadata in (MINE, {"invoice": "4712"}))
    assert api.submit(body | one, headers=key).status == 202
    turned = {"options": {"metadata": dict(reversed(MINE.items()))}}
    assert api.submit(body | turned, headers=key).headers["idempotency-replayed"] == "true"
    assert api.submit(body | other, headers=key).status == 422


def test_a_receipt_says_how_a_job_ended_without_its_payload(api: Api, lives: Lives) -> None:
    name = lives.waiting(metadata=MINE, tags=["may"], locale="de", password="correct horse")
    lives.end(name)
    shown = api.get(f"/api/jobs/{name}/receipt").json
    assert (shown["id"], shown["status"], shown["round"], shown["attempt"]) == (name, "completed", 0, 1)
    assert (shown["metadata"], shown["tags"], shown["edition"]) == (MINE, ["may"], {"locale": "de"})
    assert shown["result"] == api.get(f"/api/jobs/{name}").json["result"]
    assert shown["result"]["fileSize"] == len(PDF)
    assert "correct horse" not in str(shown)
    assert report_types()["test"].sample["message"] not in str(shown)


def test_a_failed_jobs_receipt_shows_no_password(api: Api, lives: Lives) -> None:
    name = lives.waiting(password="correct horse")
    lives.fail(lives.claim())
    shown = api.get(f"/api/jobs/{name}/receipt").json
    assert (shown["status"], shown["reason"], shown["result"]) == ("failed", "template.error", None)
    assert "correct horse" not in str(shown)


def test_a_receipt_is_there_once_a_job_has_ended_and_for_its_tenant(api: Api, lives: Lives) -> None:
    name = lives.waiting()
    early = api.get(f"/api/jobs/{name}/receipt")
    assert (early.status, early.headers["retry-after"]) == (409, "1")
    lives.end(name)
    assert Api(tenant="bolt").get(f"/api/jobs/{name}/receipt").status == 404
    assert Api(scopes="submit").get(f"/api/jobs/{name}/receipt").status == 403
