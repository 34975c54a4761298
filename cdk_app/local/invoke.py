"""Invoke one function on one sample event: in the stack that runs on the data directory, or with just what it needs."""

import json
from pathlib import Path
from typing import Any

import httpx

from cdk_app.local.datadir import running
from cdk_app.local.errors import StackError
from cdk_app.local.stack import Drawing, stack


async def invoke(function: str, file: Path, *, data_dir: Path, drawing: Drawing) -> tuple[Any, bool]:
    """The function's answer, and whether it is an error; raises StackError for an unknown function or a bad file."""
    names = [known.name for known in drawing.functions]
    if function not in names:
        raise StackError(f"no function {function!r}; there are: {', '.join(names)}")
    try:
        event = json.loads(file.read_text("utf-8"))
        json.dumps(event, allow_nan=False)  # as it will be sent
    except FileNotFoundError:
        raise StackError(f"no file {file}") from None
    except (OSError, RecursionError, ValueError) as error:
        raise StackError(f"{file} is not JSON: {error}") from None

    there = running(data_dir)
    if there is None:
        async with stack(data_dir=data_dir, port=None, drawing=drawing.only(function), say=lambda _: None) as up:
            answer = await up.invoke(function, event)
            return _parsed(answer.payload), answer.error
    if "bus" not in there:
        raise StackError(f"the stack on {data_dir} is still starting")
    async with httpx.AsyncClient(trust_env=False, timeout=None) as client:  # noqa: S113  - the emulator has the timeout
        response = await client.post(f"{there['bus']}/2015-03-31/functions/{function}/invocations", json=event)
    if response.status_code != httpx.codes.OK:
        raise StackError(f"the running stack refused: {response.status_code} {response.text}")
    return _parsed(response.content), "x-amz-function-error" in response.headers


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
