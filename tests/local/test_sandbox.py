"""Functions run behind the real emulator: timeouts, crashes, concurrency, environment."""

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from cdk_app.local.pool import Pool
from cdk_app.local.sandbox import Answer, EmulatorGone, Sandbox


def test_the_timeout_is_enforced_and_the_sandbox_replaced(stub):
    before = stub.invoke("probe", {}).json()["pid"]
    late = stub.invoke("probe", {"do": "sleep", "seconds": 4})
    assert late.headers["x-amz-function-error"] == "Unhandled"
    assert "timed out after 1.00 seconds" in late.json()["errorMessage"]
    after = stub.invoke("probe", {})
    assert "x-amz-function-error" not in after.headers
    assert after.json()["pid"] != before


def test_a_runtime_that_dies_is_an_error_and_is_replaced(stub):
    dead = stub.invoke("probe", {"do": "die"})
    assert dead.headers["x-amz-function-error"] == "Unhandled"
    assert dead.json()["errorType"] == "Runtime.ExitError"
    assert stub.invoke("probe", {}).json()["pid"]


def test_a_runtime_that_is_killed_while_idle_costs_no_invocation(stub):
    pid = stub.invoke("probe", {}).json()["pid"]
    os.kill(pid, signal.SIGKILL)
    after = stub.invoke("probe", {})
    assert "x-amz-function-error" not in after.headers
    assert after.json()["pid"] != pid


def test_an_exception_is_told_from_an_answer_and_costs_no_sandbox(stub):
    before = stub.invoke("probe", {}).json()["pid"]
    raised = stub.invoke("probe", {"do": "raise"})
    assert raised.headers["x-amz-function-error"] == "Unhandled"
    assert (raised.json()["errorType"], raised.json()["errorMessage"]) == ("ValueError", "on purpose")
    assert stub.invoke("probe", {}).json()["pid"] == before


def test_invocations_that_overlap_have_a_sandbox_each(stub):
    with ThreadPoolExecutor(3) as callers:
        answers = callers.map(lambda _: stub.invoke("probe", {"do": "sleep", "seconds": 0.5}).json()["pid"], range(3))
    assert len(set(answers)) == 3


def test_more_than_the_limit_wait_for_their_turn(stub):
    with ThreadPoolExecutor(6) as callers:
        answers = list(callers.map(lambda _: stub.invoke("probe", {"do": "sleep", "seconds": 0.3}), range(6)))
    assert not any("x-amz-function-error" in answer.headers for answer in answers)
    assert len({answer.json()["pid"] for answer in answers}) <= 4


def test_a_function_sees_its_own_settings_and_nothing_of_the_callers(stub):
    answer = stub.invoke("probe", {}).json()
    environment = answer["environment"]
    assert answer["memory"] == environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "192"
    assert 0 < answer["left"] <= 1000
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == environment["POWERTOOLS_SERVICE_NAME"] == "probe"
    assert environment["REPORT_QUEUE_BROKER_URL"].startswith("unix:///")
    assert environment["AWS_ENDPOINT_URL_EVENTBRIDGE"] == stub.bus
    assert environment["AWS_ACCESS_KEY_ID"] == "probe"
    assert not {"AWS_PROFILE", "CALLERS_SECRET"} & environment.keys()


def test_a_function_that_is_not_there_is_not_found(stub):
    assert stub.invoke("nobody", {}).status_code == 404


def test_a_browser_page_cannot_invoke(stub):
    url = f"{stub.bus}/2015-03-31/functions/probe/invocations"
    response = httpx.post(url, json={}, headers={"Origin": "https://elsewhere.example"}, trust_env=False)
    assert response.status_code == 403


@pytest.mark.parametrize("function", ["authorizer", "echo", "probe", "sink", "ticked"])
def test_each_function_has_a_log(stub, function):
    assert (stub.data_dir / "logs" / f"{function}.log").exists()


class FakeSandbox:
    alive = True

    def __init__(self, does):
        self.invoke = does


def _pool(does) -> tuple[Pool, list[str]]:
    """A pool of one whose sandboxes all do this, and what happened to them."""
    story = []

    async def start():
        story.append("start")
        return FakeSandbox(does)

    async def end(sandbox):
        story.append("end")

    return Pool(start=start, end=end, limit=1), story


def test_a_sandbox_that_lost_its_runtime_is_ended_before_another_starts():
    answers = iter([Answer(b"1"), Answer(b"2", error=True), Answer(b"3", error=True, lost=True), Answer(b"4")])

    async def does(event):
        return next(answers)

    async def run():
        pool, story = _pool(does)
        for _ in range(4):
            await pool.invoke({})
        return story

    assert asyncio.run(run()) == ["start", "end", "start"]


def test_a_sandbox_whose_invocation_was_given_up_is_not_used_again():
    async def does(event):
        await asyncio.sleep(60)

    async def run():
        pool, story = _pool(does)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.invoke({}), 0.05)
        return story

    assert asyncio.run(run()) == ["start", "end"]


def test_an_emulator_that_ends_while_it_starts_is_told_from_a_function_that_cannot():
    def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("")

    async def start():
        process = await asyncio.create_subprocess_exec("true")
        async with httpx.AsyncClient(transport=httpx.MockTransport(broken)) as client:
            await Sandbox(process, port=1, timeout_s=1, client=client).warm_up()

    with pytest.raises(EmulatorGone):
        asyncio.run(start())
