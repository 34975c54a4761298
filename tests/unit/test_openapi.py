"""The OpenAPI document: good OpenAPI, of every route and nothing else, and true to what the code takes."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from cdk_app.topology import ROUTES
from contract import validator
from report_queue import options, problems
from report_queue.openapi import pages
from report_queue.openapi.bodies import OPTIONS
from report_queue.openapi.document import document
from report_queue.openapi.operations import OPERATIONS
from report_queue.reports import report_types


def examples() -> Iterator[tuple[str, Any, Any]]:
    """Every example of the document: where, its schema, its value."""
    for operation in operations():
        parts = {**operation["responses"], "body": operation.get("requestBody", {})}
        for place, part in parts.items():
            for content in part.get("content", {}).values():
                shown = {
                    **content.get("examples", {}),
                    **({"": {"value": content["example"]}} if "example" in content else {}),
                }
                for name, example in shown.items():
                    value = document()["components"]["examples"][name] if "$ref" in example else example
                    yield f"{operation['operationId']} {place} {name}", content["schema"], value["value"]


def operations() -> list[dict[str, Any]]:
    return [operation for path in document()["paths"].values() for operation in path.values()]


def test_the_document_is_openapi_and_its_schemas_are_json_schema() -> None:
    validate(document())
    for name, schema in document()["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name


def test_it_has_every_route_of_the_topology_and_nothing_else() -> None:
    assert [row.route for row in OPERATIONS] == [f"{route.method} {route.path}" for route in ROUTES]
    public = {row.route for row in OPERATIONS if row.scope is None}
    assert public == {f"{route.method} {route.path}" for route in ROUTES if route.public}


def test_every_example_is_of_its_schema() -> None:
    found = list(examples())
    wrong = {
        where: error.message
        for where, schema, value in found
        for error in validator(json.dumps(schema)).iter_errors(value)
    }
    assert wrong == {}
    assert len(found) > 60


def test_every_json_answer_of_ours_has_an_example() -> None:
    for operation in operations():
        for status, answer in operation["responses"].items():
            ours = answer["content"].get("application/json") if status < "4" else None
            assert ours is None or "example" in ours or operation["operationId"] == "getOpenApi", operation[
                "operationId"
            ]


def test_every_problem_is_told_somewhere_and_every_report_type_can_be_submitted() -> None:
    told = {name for operation in operations() for answer in operation["responses"].values()
            for name in answer["content"].get(problems.CONTENT_TYPE, {}).get("examples", ())}  # fmt: skip
    assert told == set(problems.ROWS)
    submit = document()["paths"]["/api/v1/reports/generate"]["post"]
    assert {*report_types()} <= {*submit["requestBody"]["content"]["application/json"]["examples"]}


def test_the_options_are_those_that_are_taken() -> None:
    assert list(OPTIONS) == list(options.NAMES)


VALUES = st.one_of(
    st.integers(-1, 10**8),
    st.floats(-1, 2).filter(lambda number: not number.is_integer()),  # 1.0: an integer to a schema only
    st.booleans(),
    st.none(),
    st.text(max_size=5),
    st.sampled_from(["drop", "replace", "warn", "fail", "pdf", "csv", "pdf/ua-1", "de", "de-CH", "factur-x", "UTC"]),
    st.datetimes().map(lambda at: at.isoformat() + "Z"),
    st.lists(st.sampled_from(["csv", "json", "a", 7]), max_size=3),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["fixed", "odd"]), "delaySeconds": st.integers(0, 4_000)},
        optional={"jitter": st.floats(-1, 2), "more": st.none()},
    ),
)


@settings(max_examples=600, deadline=None, derandomize=True)
@given(name=st.sampled_from(sorted(set(OPTIONS) - {"dedupSeconds", "dedupMode"})), value=VALUES)
def test_what_the_schema_of_an_option_refuses_the_code_refuses(name: str, value: Any) -> None:
    taken = not list(options.faults({name: value}))
    schema = validator(json.dumps({"$ref": "#/components/schemas/Options"})).is_valid({name: value})
    # A zone that is none, a year out of bounds, what cannot be printed: no schema says so.
    beyond = {"timezone", "runAt", "expiresAt", "password"}
    assert schema or not taken
    assert taken or not schema or name in beyond


@pytest.mark.parametrize("name", ["docs.html", *(f"{word}.html" for word in problems.ROWS)])
def test_a_page_of_it_is_plain_html_that_needs_nothing_from_elsewhere(name: str) -> None:
    page = pages.files()[name].body.decode()
    assert page.startswith("<!doctype html>")
    for what in ("<script", "style=", "onclick", 'src="', 'href="http', "@import"):
        assert what not in page


def test_the_docs_lead_to_every_operation_problem_and_schema() -> None:
    page = pages.files()["docs.html"].body.decode()
    for operation in operations():
        assert f'id="{operation["operationId"]}"' in page
    for name in document()["components"]["schemas"]:
        assert f'id="schema-{name}"' in page
    for row in problems.ROWS.values():
        assert f'href="{row.address}"' in page
        assert "What to do" in pages.files()[f"{row.type}.html"].body.decode()
