"""What the API tells of itself over HTTP, without a key."""

import pytest
from gateway import Api

from contract import validator
from functions.dashboard import handler as dashboard
from functions.submit import handler as submit
from functions.webhooks import handler as webhooks
from report_queue import problems
from report_queue.openapi.document import document

pytestmark = pytest.mark.usefixtures("environment")

NOBODY = Api(scopes="")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/openapi.json", "application/json"),
        ("/docs", "text/html"),
        *((f"/problems/{word}", "text/html") for word in problems.ROWS),
    ],
)
def test_it_is_there_for_everyone_and_safe_and_not_sent_twice(path: str, kind: str) -> None:
    answer = NOBODY.get(path, headers={"accept-encoding": "gzip"})
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, kind)
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    again = NOBODY.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status, again.content) == (304, b"")


def test_the_document_is_the_one_that_is_held_against_the_code() -> None:
    assert NOBODY.get("/openapi.json").json == document()


def test_a_problem_leads_to_its_own_explanation_and_an_unknown_one_nowhere() -> None:
    problem = Api().get("/api/jobs/no-such-job").json
    assert NOBODY.get(problem["type"]).status == 200
    assert NOBODY.get("/problems/no-such-problem").status == 404


def test_every_parameter_that_a_route_takes_is_told_and_no_other() -> None:
    told = {
        (method, path): {document()["components"]["parameters"][named["$ref"].rpartition("/")[2]]["name"]
                         for named in operation.get("parameters", ())
                         if document()["components"]["parameters"][named["$ref"].rpartition("/")[2]]["in"] != "header"}
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }  # fmt: skip
    taken = {
        (route.method.lower(), str(route.openapi_path)): {
            field.alias for field in (*route.dependant.query_params, *route.dependant.path_params)
        }
        for app in (submit.app, dashboard.app, webhooks.app)
        for route in app._static_routes + app._dynamic_routes
    }
    assert {route: names for route, names in taken.items() if names} == {
        route: names for route, names in told.items() if names
    }


def test_a_validator_of_the_document_finds_what_is_wrong() -> None:
    schema = '{"$ref": "#/components/schemas/Stats"}'
    assert not validator(schema).is_valid({"queue": "reports"})
