"""The worker's image, really built and run: by its own entry point, as its own user, a report comes out of it.

Debian 13 stands in for the base that the Dockerfile names. `make image-test` runs this, and prints what it measured.
"""

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from moto.server import ThreadedMotoServer

from brokers import settings_for, valkey_server
from cdk_app import topology
from cdk_app.local.processes import descendants
from report_queue.ledger import Ledger
from report_queue.queue import Queue
from report_queue.reports import report_types
from report_queue.wake import Bus
from report_queue.wiring import broker
from stacks import text_of
from tests.image.engine import Engine, base, build, engine
from tests.image.runtime_api import RuntimeApi, runtime_api
from worker_world import World

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "out" / "image"
TAG = "localhost/report-queue-worker"
LIMIT_MB = 500
WORKER = topology.function("worker")


@dataclass
class Image:
    """The image, and a container of it."""

    buildah: Engine
    container: str
    root: Path  # the container's file system
    config: dict[str, Any]
    figures: list[tuple[str, str]]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    figures = []
    with engine(FOLDER) as buildah:
        began = time.monotonic()
        tar = base(FOLDER)
        figures.append(("base", f"{time.monotonic() - began:.0f} s, {tar.stat().st_size / 1e6:.0f} MB"))
        began = time.monotonic()
        build(buildah, base_tar=tar, dockerfile="functions/worker/Dockerfile", root=ROOT, tag=TAG)
        figures.append(("build", f"{time.monotonic() - began:.0f} s"))
        container = buildah("from", "--pull-never", TAG)
        yield Image(buildah, container, Path(buildah("mount", container)), buildah.config(TAG), figures)
    (FOLDER / "figures.txt").write_text("".join(f"{name:<28}{told}\n" for name, told in figures), "utf-8")
    print("\n\n" + (FOLDER / "figures.txt").read_text("utf-8"))


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[World, dict[str, str]]]:
    """A broker in cluster mode and moto, both on 127.0.0.1, and the variables by which a function finds them."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    address = f"http://{host}:{port}"
    access = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    s3, events = (boto3.client(name, endpoint_url=address, **access) for name in ("s3", "events"))
    s3.create_bucket(Bucket="reports")
    events.create_event_bus(Name="report-queue")
    with valkey_server(cluster=True) as url:
        settings = settings_for(url, broker_cluster=True)
        variables = {
            **settings.environment(),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL_S3": address,
            "AWS_ENDPOINT_URL_EVENTBRIDGE": address,
            "AWS_LAMBDA_FUNCTION_NAME": WORKER.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(WORKER.memory_mb),
            "POWERTOOLS_SERVICE_NAME": WORKER.name,
            "POWERTOOLS_METRICS_NAMESPACE": "ReportQueue",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
        queue = Queue(broker(settings), settings)
        yield World(settings, queue, Ledger(s3, bucket="reports"), Bus(events, bus="report-queue"), None, s3), variables  # type: ignore[arg-type]
    moto.stop()


def test_the_image_is_smaller_than_500_mb(image: Image) -> None:
    size_mb = _size(image.root) / 1e6
    image.figures.append(("image", f"{size_mb:.0f} MB"))
    image.figures += [(f"  layer: {told}"[:28], f"{size / 1e6:.0f} MB") for told, size in _layers(image)[:5]]
    packages = [(path.name, _size(path) / 1e6) for path in (image.root / "opt/python").iterdir()]
    image.figures += _biggest("python", packages)
    admin = f"--admindir={image.root / 'var/lib/dpkg'}"
    listed = subprocess.run(
        ["dpkg-query", admin, "-W", "-f", "${Package} ${Installed-Size}\n"], check=True, capture_output=True, text=True
    ).stdout
    image.figures += _biggest("debian", [(name, int(kb) / 1e3) for name, kb in map(str.split, listed.splitlines())])
    assert size_mb < LIMIT_MB


def test_the_image_does_not_run_as_root_and_its_code_cannot_be_written_to(image: Image) -> None:
    assert image.config["User"] not in {"", "0", "root"}
    code = [path for place in ("var/task", "opt/python") for path in (image.root / place).rglob("*")]
    assert len(code) > 1_000
    assert [
        path for path in code if not path.is_symlink() and (path.stat().st_uid or path.stat().st_mode & 0o022)
    ] == []


def test_a_sales_report_comes_out_of_the_images_own_entry_point(
    image: Image, world: tuple[World, dict[str, str]], tmp_path: Path
) -> None:
    world_, variables = world
    first = world_.accept("sales")
    log = tmp_path / "worker.log"
    with runtime_api(timeout_s=WORKER.timeout_s) as api:
        command = [*image.config["Entrypoint"], *image.config["Cmd"]]
        began = time.monotonic()
        process = image.buildah.run(
            image.container, *command, variables={**variables, "AWS_LAMBDA_RUNTIME_API": api.address}, log=log
        )
        try:
            assert _answer(api, process, log) == {"ended": 1, "lost": 0}
            seconds = time.monotonic() - began
            image.figures.append(("cold start to first PDF", f"{seconds:.2f} s, {_cpu_s(process):.2f} s of CPU"))
            second = world_.accept("sales")
            began = time.monotonic()
            assert _answer(api, process, log) == {"ended": 1, "lost": 0}
            image.figures.append(("another, warm", f"{time.monotonic() - began:.2f} s"))
            users = {_user(pid) for pid in descendants(process.pid) if _runs(pid, "awslambdaric", "zygote")}
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert users
    assert 0 not in users
    title = report_types()["sales"].sample["title"]
    for job_id in (first, second):
        assert world_.ended_well(job_id)
        assert title.split()[0] in text_of(world_.pdf(job_id))
    assert world_.keys("open/") == []


def test_a_preview_comes_out_of_the_same_image_where_nothing_is_to_be_had(image: Image, tmp_path: Path) -> None:
    plan, log = topology.function("preview"), tmp_path / "preview.log"
    settings = settings_for("unix:///nonexistent")
    event = json.loads((ROOT / "events/preview.json").read_text("utf-8"))
    variables = {"AWS_LAMBDA_FUNCTION_NAME": plan.name, "POWERTOOLS_TRACE_DISABLED": "true"}
    with runtime_api(timeout_s=plan.timeout_s) as api:
        command = [*image.config["Entrypoint"], f"{plan.name}.handler.handler"]
        began = time.monotonic()
        process = image.buildah.run(
            image.container,
            *command,
            variables={**settings.environment(), **variables, "AWS_LAMBDA_RUNTIME_API": api.address},
            log=log,
        )
        try:
            shown = _answer(api, process, log, event=event)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        image.figures.append(("cold start to first preview", f"{time.monotonic() - began:.2f} s"))
    assert (shown["statusCode"], shown["isBase64Encoded"]) == (200, True)
    assert report_types()["test"].sample["title"] in text_of(base64.b64decode(shown["body"]))


_WAKE: Final = {"detail": {"token": "wake"}}


def _answer(api: RuntimeApi, process: "subprocess.Popen[bytes]", log: Path, *, event: Any = _WAKE) -> Any:
    try:
        return api.invoke(event, within_s=60)
    except Exception as error:
        raise AssertionError(f"no answer (exit {process.poll()}): {log.read_text('utf-8')[-3000:]}") from error


def _runs(pid: int, *words: str) -> bool:
    """Whether a process that is no part of buildah holds one of these words in its command line."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return not line.startswith(("buildah", "sudo")) and any(word in line for word in words)


def _cpu_s(process: "subprocess.Popen[bytes]") -> float:
    """What the container's processes have used so far, those that have ended too, buildah's own among them."""
    ticks = 0
    for pid in [process.pid, *descendants(process.pid)]:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _user(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def _size(path: Path) -> int:
    """Bytes of all files below, each once, however many names it has."""
    if path.is_file() and not path.is_symlink():
        return path.stat().st_size
    seen = {(found.st_dev, found.st_ino): found.st_size for found in _files(path)}
    return sum(seen.values())


def _files(folder: Path) -> Iterator[os.stat_result]:
    for place, _, names in os.walk(folder):
        for name in names:
            yield (Path(place) / name).lstat()


def _biggest(kind: str, sizes: list[tuple[str, float]]) -> list[tuple[str, str]]:
    ranked = sorted(sizes, key=lambda one: -one[1])[:6]
    return [(f"  {kind}: {name}"[:27], f"{size_mb:.1f} MB") for name, size_mb in ranked]


def _layers(image: Image) -> list[tuple[str, int]]:
    """What made each layer, and its bytes, the biggest first."""
    told = json.loads(image.buildah("inspect", "--type", "image", TAG))["OCIv1"]["history"]
    made = [entry.get("created_by", "the base") for entry in told if not entry.get("empty_layer")]
    kept = json.loads((image.buildah.store / "root/overlay-layers/layers.json").read_text("utf-8"))
    by_id = {layer["id"]: layer for layer in kept}
    images = json.loads((image.buildah.store / "root/overlay-images/images.json").read_text("utf-8"))
    (top,) = [entry["layer"] for entry in images if any(name.startswith(TAG) for name in entry.get("names") or [])]
    sizes = []
    while top:
        sizes.append(by_id[top].get("diff-size", 0))
        top = by_id[top].get("parent", "")
    return sorted(zip(made, reversed(sizes), strict=False), key=lambda one: -one[1])
