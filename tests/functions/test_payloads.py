"""Payloads that hypothesis makes up: any JSON at all, and samples with something changed somewhere.

Whatever it is: it is accepted and kept as it was sent, or it is refused, what is wrong is said, and nothing is kept.
"""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from gateway import Answer, Api
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from report_queue.reports import report_types
from report_queue.wiring import Wiring

TYPES = list(report_types())
ODD = ["\ud800", "\x00", "\u202e", "e\u0301", "</script>", "{{ 7 * 7 }}", "__class__"]
TEXTS = st.text(max_size=8) | st.sampled_from(ODD)
NUMBERS = st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.none() | st.booleans() | NUMBERS | TEXTS
JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
MANY = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where something stands in a payload."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield from places(inner, (*path, step))


@st.composite
def changed(draw: st.DrawFn, sample: Any) -> Any:
    """A sample in which one or two places have another value, are gone, or have a member more."""
    payload = copy.deepcopy(sample)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from([place for place in places(payload) if place]))
        parent = payload
        for step in path[:-1]:
            parent = parent[step]
        match draw(st.sampled_from(["kin", "kin", "other", "gone", "more"])):
            case "kin" if isinstance(parent[path[-1]], str):
                parent[path[-1]] = draw(TEXTS)
            case "kin" if isinstance(parent[path[-1]], int | float):
                parent[path[-1]] = draw(st.integers(0, 10**6) | st.floats(0, 10**6))
            case "gone":
                del parent[path[-1]]
            case "more" if isinstance(parent, dict):
                parent[draw(TEXTS)] = draw(VALUES)
            case _:
                parent[path[-1]] = draw(JSON)
        if not payload:
            break
    return payload


def holds(api: Api, wired: Wiring, name: Any, payload: Any) -> None:
    sent = json.dumps({"reportType": name, "data": payload})
    answer = api.submit(sent)
    if answer.status == 202:
        request = wired.ledger.open_request(answer.json["data"]["jobId"])
        assert request
        assert json.dumps(request.data, sort_keys=True) == json.dumps(payload, sort_keys=True)
        return
    assert answer.status in (400, 422), answer.content
    assert wired.ledger._bucket.page("open/", after="", limit=1) == []
    assert_said(answer, json.loads(sent))


def assert_said(answer: Answer, sent: Any) -> None:
    """Every place that is named is there, or is the place of a member that is wanted; its value is not quoted."""
    for fault in answer.json["errors"]:
        found = sent
        *way, last = [step.replace("~1", "/").replace("~0", "~") for step in fault["pointer"].split("/")[1:]] or [None]
        for step in way:
            found = found[int(step)] if isinstance(found, list) else found[step]
        assert last is None or isinstance(found, dict | list), fault
        assert not re.search(r"Traceback|File \"|0x[0-9a-f]{6}", fault["detail"])


@MANY
@given(payload=JSON, name=st.sampled_from(TYPES) | TEXTS)
def test_any_json_is_answered(api: Api, wired: Wiring, name: str, payload: Any) -> None:
    holds(api, wired, name, payload)


@pytest.mark.parametrize("name", TYPES)
def test_a_sample_with_something_changed_is_kept_as_it_is_or_refused_with_the_place(
    name: str, api: Api, wired: Wiring
) -> None:
    @MANY
    @given(payload=changed(report_types()[name].sample))
    def answered(payload: Any) -> None:
        holds(api, wired, name, payload)
        for key in wired.ledger._bucket.page("open/", after="", limit=100):
            wired.ledger._bucket.remove(key)

    answered()
