"""On this machine a function may do to bucket, bus and secret what the topology says, as on AWS, and nothing else."""

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError

from cdk_app.local.permits import around
from cdk_app.local.stack import BUCKET, BUS, SECRET
from cdk_app.topology import FUNCTIONS, PREFIXES, Function, May

MAY = May(read=("open/", "closed/"), write=("open/", "reports/"), delete=("open/", "reports/"), wake=True)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/b/open/1.json", True),
        ("HEAD", "/b/closed/1.json", True),
        ("GET", "/b/reports/1.pdf", False),
        ("PUT", "/b/open/1.json", True),
        ("PUT", "/b/closed/1.json", False),
        ("PUT", "/b/wakes/1", True),
        ("DELETE", "/b/open/1.json", True),
        ("DELETE", "/b/closed/1.json", False),
        ("POST", "/b/open/1.json", False),
        ("GET", "/b/opened/1.json", False),
        ("GET", "/b", True),
        ("GET", "/b/", True),
        ("PUT", "/b", False),
        ("DELETE", "/b", False),
        ("POST", "/b", False),
    ],
)
def test_of_the_bucket_it_may_do_what_is_named(method: str, path: str, allowed: bool) -> None:
    assert _allowed(MAY, REQUEST_METHOD=method, PATH_INFO=path) is allowed


def test_a_write_that_depends_on_what_is_there_needs_to_read_it() -> None:
    for prefix, allowed in (("open/", True), ("reports/", False)):
        for method in ("PUT", "DELETE"):
            request = {"REQUEST_METHOD": method, "PATH_INFO": f"/b/{prefix}1", "HTTP_IF_MATCH": '"e"'}
            assert _allowed(MAY, **request) is allowed


def test_no_report_is_written_that_could_replace_one() -> None:
    request = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/b/reports/1.pdf"}
    assert not _allowed(MAY, **request)
    assert _allowed(MAY, **request, HTTP_IF_NONE_MATCH="*")


def test_a_link_is_worth_what_its_maker_may_do() -> None:
    query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=it%2F20261124%2Fus-east-1%2Fs3%2Faws4_request"
    for path, allowed in (("/b/closed/1.json", True), ("/b/reports/1.pdf", False)):
        assert _allowed(MAY, HTTP_AUTHORIZATION="", QUERY_STRING=query, PATH_INFO=path) is allowed


def test_who_reads_nothing_may_not_list_and_who_wakes_nobody_has_no_wakes_to_write() -> None:
    nothing = May(broker=True)
    assert not _allowed(nothing, PATH_INFO="/b")
    assert not _allowed(nothing, REQUEST_METHOD="PUT", PATH_INFO="/b/wakes/1")


def test_whoever_is_no_function_may_do_everything() -> None:
    assert _allowed(MAY, name="local", REQUEST_METHOD="DELETE", PATH_INFO="/b/closed/1.json")


@pytest.mark.parametrize("plan", FUNCTIONS, ids=lambda plan: plan.name)
def test_the_stack_holds_every_function_to_the_topology(real, plan: Function) -> None:
    may = plan.may
    written = (*may.write, "wakes/") if may.wake else may.write
    for prefix in PREFIXES:
        meant = {
            verb for verb, named in (("get", may.read), ("put", written), ("delete", may.delete)) if prefix in named
        }
        assert _verbs(real, plan.name, f"{prefix}a-probe") == meant, prefix
    bus, secrets = _client(real, "events", plan.name), _client(real, "secretsmanager", plan.name)
    entry = {"EventBusName": BUS, "Source": "probe", "DetailType": "probe", "Detail": "{}"}
    assert _refused(bus.put_events, Entries=[entry]) is not may.wake
    assert _refused(secrets.get_secret_value, SecretId=SECRET) is not may.keys


def _verbs(real, name: str, key: str) -> set[str]:
    """What a function may do with the object, which is gone afterwards."""
    store, everybody = _client(real, "s3", name), _client(real, "s3", "local")
    asked = {
        "get": lambda: _refused(store.get_object, Bucket=BUCKET, Key=key),
        "put": lambda: _refused(store.put_object, Bucket=BUCKET, Key=key, Body=b"", IfNoneMatch="*"),
        "delete": lambda: _refused(store.delete_object, Bucket=BUCKET, Key=key),
    }
    try:
        return {verb for verb, ask in asked.items() if not ask()}
    finally:
        everybody.delete_object(Bucket=BUCKET, Key=key)


def _allowed(may: May, *, name: str = "it", **request: str) -> bool:
    signed = f"AWS4-HMAC-SHA256 Credential={name}/20261124/us-east-1/s3/aws4_request, SignedHeaders=host"
    statuses: list[str] = []
    app = around(lambda _, start: (start("200 OK", []), [b""])[1], {"it": may})
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "QUERY_STRING": "", "HTTP_AUTHORIZATION": signed, **request}
    app(environ, lambda status, _headers: statuses.append(status))
    return statuses == ["200 OK"]


def _client(real, service: str, name: str) -> BaseClient:
    return boto3.client(
        service,
        endpoint_url=real.address["aws"],
        region_name="us-east-1",
        aws_access_key_id=name,
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}),
    )


def _refused(ask, **given) -> bool:
    try:
        ask(**given)
    except ClientError as error:
        return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    return False
