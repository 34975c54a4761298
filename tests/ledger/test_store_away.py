"""A store that does not answer, or answers with what it should not, is said to be away: one error, and discreet."""

import socket
from collections.abc import Callable, Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from report_queue.errors import StoreAway
from report_queue.ledger import Ledger
from tests.ledger.words import BUCKET, DUMMY, ID, aws, ledger_on, publish, receipt, request, s3

VERBS: dict[str, tuple[str, Callable[[Ledger], object]]] = {
    "accept": ("put_object", lambda ledger: ledger.accept(request())),
    "reopen": ("head_object", lambda ledger: ledger.reopen(request(round=1))),
    "open_request": ("get_object", lambda ledger: ledger.open_request(ID)),
    "receipt": ("get_object", lambda ledger: ledger.receipt(ID)),
    "open_ids": ("list_objects_v2", lambda ledger: ledger.open_ids()),
    "unfinished": ("head_object", lambda ledger: ledger.unfinished(ID)),
    "published": ("head_object", lambda ledger: ledger.published(tenant="acme", id=ID)),
    "publish": ("put_object", lambda ledger: publish(ledger)),
    "close": ("head_object", lambda ledger: ledger.close(receipt(request()))),
    "drop": ("head_object", lambda ledger: ledger.drop(ID)),
    "ping": ("list_objects_v2", lambda ledger: ledger.ping()),
}
every_verb = pytest.mark.parametrize(("operation", "call"), VERBS.values(), ids=list(VERBS))


@pytest.fixture
def nobody() -> Iterator[Ledger]:
    """A ledger at a port that is taken, and where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        once = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        yield ledger_on(boto3.client("s3", endpoint_url=url, config=once, **DUMMY))


@every_verb
def test_a_store_that_nobody_serves_is_away(nobody: Ledger, operation: str, call: Callable[[Ledger], object]) -> None:
    with pytest.raises(StoreAway) as caught:
        call(nobody)
    assert caught.value.reason == "store.away"


@every_verb
@pytest.mark.parametrize(("code", "status"), [("InternalError", 500), ("SlowDown", 503), ("AccessDenied", 403)])
def test_a_store_that_refuses_is_away_and_the_message_names_what_a_reader_needs(
    operation: str, call: Callable[[Ledger], object], code: str, status: int
) -> None:
    client = s3()
    with Stubber(client) as stub:
        stub.add_client_error(operation, code, "the store's own words", http_status_code=status)
        with pytest.raises(StoreAway) as caught:
            call(ledger_on(client))
    message = str(caught.value)
    assert operation in message
    assert code in message
    assert f"s3://{BUCKET}/" in message
    assert ID not in message
    assert "own words" not in message


def test_a_bucket_that_is_not_there_is_not_an_empty_one() -> None:
    with aws():
        elsewhere = Ledger(s3(), bucket="another-bucket")
        for verb in ("accept", "open_request", "open_ids", "close", "publish", "ping"):
            with pytest.raises(StoreAway, match="NoSuchBucket"):
                VERBS[verb][1](elsewhere)


def test_writes_that_never_stop_meeting_are_given_up() -> None:
    client = s3()
    with Stubber(client) as stub:
        for _ in range(5):
            stub.add_client_error("put_object", "ConditionalRequestConflict", http_status_code=409)
        with pytest.raises(StoreAway, match="ConditionalRequestConflict"):
            ledger_on(client).accept(request())


def test_an_object_that_never_stands_still_is_given_up() -> None:
    client = s3()
    with Stubber(client) as stub:
        for _ in range(5):
            stub.add_client_error("put_object", "PreconditionFailed", http_status_code=412)
            stub.add_client_error("head_object", "404", http_status_code=404)
        with pytest.raises(StoreAway, match="changed each time that we looked"):
            publish(ledger_on(client))


def test_a_store_that_answers_is_not_away() -> None:
    with aws():
        ledger_on(s3()).ping()
