"""Every sample event runs in the stack of the topology, through the emulator, by the same code as `invoke`."""

import asyncio
from pathlib import Path

import httpx
import pytest

from cdk_app.local.demo import demonstrate
from cdk_app.local.invoke import invoke
from cdk_app.local.stack import Drawing
from cdk_app.topology import FUNCTIONS

EVENTS = sorted((Path(__file__).parents[2] / "events").glob("*.json"))


def _function(event: Path) -> str:
    return max((one.name for one in FUNCTIONS if event.stem.startswith(one.name)), key=len)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.stem)
def test_the_sample_event_is_answered(real, event):
    _, is_error = asyncio.run(invoke(_function(event), event, data_dir=real.data_dir, drawing=Drawing()))
    assert not is_error


def test_every_function_has_a_sample_event():
    assert {_function(event) for event in EVENTS} == {one.name for one in FUNCTIONS}


def test_the_demonstration_ends_with_a_pdf_in_out(real, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = asyncio.run(demonstrate(real.url, real.key))
    assert path.read_bytes().startswith(b"%PDF")
    told = capsys.readouterr().out
    assert str(path) in told
    assert "100 % completed" in told


def test_the_api_wants_the_key(real):
    assert httpx.get(f"{real.url}/api/stats", trust_env=False).status_code == 401
    for key, status in ((real.key, 200), (real.key[:-1] + ("0" if real.key[-1] != "0" else "1"), 403)):
        response = httpx.get(f"{real.url}/api/stats", headers={"authorization": f"Bearer {key}"}, trust_env=False)
        assert response.status_code == status
