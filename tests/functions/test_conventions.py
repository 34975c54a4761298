"""What callers know from other APIs: answers that are sent once, lists that lead on, and waiting for an end."""

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from gateway import Answer, Api, Context
from lives import Lives

from report_queue.prefer import wait_of
from report_queue.reports import report_types

SUBMISSION = {"reportType": "test", "data": report_types()["test"].sample}


def following(answer: Answer) -> dict[str, Any]:
    """What the Link header leads to, as a caller takes it apart: path and query."""
    target, _, relation = answer.headers["link"].partition(">; ")
    assert relation == 'rel="next"'
    parts = urlsplit(target.removeprefix("<"))
    return {"path": parts.path, "query": dict(parse_qsl(parts.query))}


def test_a_job_and_the_stats_are_sent_again_only_once_something_has_happened(api: Api, lives: Lives) -> None:
    job = f"/api/jobs/{lives.waiting()}"
    for path in (job, "/api/stats"):
        first = api.get(path)
        assert first.headers["etag"].startswith('W/"')
        time.sleep(0.002)  # the answers' own moments differ
        same = api.get(path, headers={"if-none-match": f'"other", {first.headers["etag"]}'})
        assert (same.status, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
        lives.claim() if path == job else lives.waiting()
        changed = api.get(path, headers={"if-none-match": first.headers["etag"]})
        assert changed.status == 200
        assert changed.headers["etag"] != first.headers["etag"]


def test_another_tenant_learns_nothing_by_an_etag(api: Api, lives: Lives) -> None:
    path = f"/api/jobs/{lives.waiting()}"
    etag = api.get(path).headers["etag"]
    for guess in (etag, "*"):
        assert Api(tenant="other").get(path, headers={"if-none-match": guess}).status == 404


@pytest.mark.parametrize("path", ["/api/jobs", "/api/jobs/failed"])
def test_a_list_leads_to_its_next_page_with_the_same_filters(api: Api, lives: Lives, path: str) -> None:
    made = {lives.failed() for _ in range(3)}
    filters = {"state": "failed", "type": "test"} if path == "/api/jobs" else {}
    first = api.get(path, query={**filters, "limit": "2", "page": "1"})
    leads_to = following(first)
    assert leads_to["path"] == path
    assert leads_to["query"] == {**filters, "limit": "2", "after": first.json["next"]}
    second = api.get(**leads_to)
    assert {job["id"] for page in (first, second) for job in page.json["jobs"]} == made
    assert "link" not in second.headers


def test_schedules_lead_on_too(api: Api) -> None:
    for every in (60, 61):
        api.post("/api/v1/schedules", body={"everySeconds": every, "report": SUBMISSION})
    first = api.get("/api/v1/schedules", query={"limit": "1"})
    second = api.get(**following(first))
    assert len({first.json["schedules"][0]["id"], second.json["schedules"][0]["id"]}) == 2


def test_who_would_rather_wait_gets_the_job_once_it_has_ended(
    api: Api, lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter([lambda lease: lives.complete(lease), lambda lease: lives.fail(lease)])
    monkeypatch.setattr("report_queue.prefer.time.sleep", lambda _: next(ends)(lives.claim()))
    completed = api.submit(SUBMISSION, headers={"prefer": "respond-async, wait=99"})
    assert (completed.status, completed.headers["preference-applied"]) == (200, "wait=25")
    assert completed.json["status"] == "completed"
    assert completed.json == api.get(completed.headers["location"]).json
    failed = api.submit(SUBMISSION, headers={"prefer": "wait=5"})
    assert (failed.status, failed.json["status"], failed.json["reason"]) == (200, "failed", "template.error")


def test_what_takes_longer_or_longer_than_the_function_has_is_accepted_as_ever(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 3_020)
    answer = api.submit(SUBMISSION, headers={"prefer": "wait=25"})
    assert answer.status == 202
    assert "preference-applied" not in answer.headers


def test_nobody_waits_for_a_broker_that_is_away(api: Api, broker_away: None) -> None:
    assert api.submit(SUBMISSION, headers={"prefer": "wait=25"}).status == 202


def test_a_job_that_ended_before_is_there_at_once(api: Api, lives: Lives) -> None:
    api.submit(SUBMISSION, headers={"idempotency-key": "once"})
    lives.complete(lives.claim())
    again = api.submit(SUBMISSION, headers={"idempotency-key": "once", "prefer": "wait=5"})
    assert (again.status, again.headers["idempotency-replayed"]) == (200, "true")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("wait=7", 7),
        ('return=minimal, Wait="9"; x=1', 9),
        ("wait=1, wait=2", 1),
        ("wait=99999999999999999999", 25),
        ("wait=-1", None),
        ("wait=\u0661", None),
        ("wait", None),
        ("await=3", None),
    ],
)
def test_the_header_is_read_as_rfc_7240_has_it(header: str | None, seconds: int | None) -> None:
    assert wait_of(header) == seconds
