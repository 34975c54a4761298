"""The stack as a whole: how it starts, how it ends, what it leaves, what it finds again."""

import json
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import redis

from cdk_app.acl import VERBS
from cdk_app.keys.kept import kept
from cdk_app.local.datadir import running
from cdk_app.local.keys import local_key
from report_queue.keys import verify

ROOT = Path(__file__).parents[2]


def _live(pids: list[int]) -> list[str]:
    """Those that still run, with their command lines."""
    live = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            live.append(f"{pid} {command}")
    return live


def _all_gone(pids: list[int]) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end and _live(pids):
        time.sleep(0.02)
    assert _live(pids) == []


def _invoke_for_long(stack) -> None:
    with suppress(httpx.HTTPError):
        stack.invoke("ticked", {"sleep": 60})


def _appears(path: Path) -> None:
    end = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < end, f"{path} never came"
        time.sleep(0.02)


def _broker(stack) -> redis.Redis:
    return redis.Redis.from_url((running(stack.data_dir) or {})["broker"])


def _local(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cdk_app.local", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_ends_everything_and_exits_with_0(start_stub, number):
    stack = start_stub()
    family = stack.family()
    sockets = Path(running(stack.data_dir)["sockets"])
    child = stack.invoke("probe", {"do": "spawn"}).json()["child"]  # what a function started ends too
    assert _live([child])
    assert len(family) >= 13  # itself, Valkey, moto, five functions: an emulator and a runtime each
    assert stack.end(number) == 0
    _all_gone([*family, child])
    assert not sockets.exists()
    assert not (stack.data_dir / "stack.json").exists()


def test_a_stack_to_which_nobody_listens_any_more_is_stopped_all_the_same(start_stub):
    stack = start_stub()
    family = stack.family()
    stack.process.stdout.close()
    assert stack.end(signal.SIGTERM) == 0
    _all_gone(family)


def test_a_killed_supervisor_leaves_no_process_and_a_restart_finds_everything(start_stub):
    stack = start_stub()
    busy = threading.Thread(target=_invoke_for_long, args=[stack])
    busy.start()
    _appears(stack.code / "ticked" / "sleeping")
    family = stack.family()
    left_over = Path(running(stack.data_dir)["sockets"])
    _broker(stack).set("kept", "yes")
    assert stack.end(signal.SIGKILL) == -signal.SIGKILL
    _all_gone(family)  # also the runtime in the middle of an invocation
    busy.join()
    again = start_stub()
    assert _broker(again).get("kept") == b"yes"
    assert again.key == stack.key
    assert not left_over.exists()


def test_a_second_stack_on_the_same_data_directory_is_refused(stub):
    done = _local("up", "--port", "0", "--data-dir", str(stub.data_dir))
    assert done.returncode == 2
    assert "another stack runs on" in done.stderr
    assert "--data-dir" in done.stderr
    assert stub.invoke("probe", {}).status_code == 200


def test_a_port_that_is_taken_is_said_to_be_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = _local("up", "--port", str(taken.getsockname()[1]), "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_key_survives_a_restart_and_a_given_one_replaces_it(tmp_path):
    given = "rq_0123abcd_" + "v" * 32
    keys = [local_key(tmp_path), local_key(tmp_path), local_key(tmp_path, given=given), local_key(tmp_path)]
    assert keys[0] == keys[1] != given == keys[2] == keys[3]
    for name in ("key", "keys.json"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_secret_knows_the_key_but_does_not_hold_it(tmp_path):
    key = local_key(tmp_path)
    secret = (tmp_path / "keys.json").read_text()
    principal = verify(key, secret, now=0)
    assert (principal.tenant, len(principal.scopes)) == ("local", 4)
    assert key.rpartition("_")[2] not in secret


def test_a_key_that_is_made_on_a_stack_that_runs_is_known_to_it_and_to_the_next_one(real):
    words = ("create", "--tenant", "acme", "--scope", "read", "--local", "--data-dir", str(real.data_dir))
    command = [sys.executable, "-m", "cdk_app.keys", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    now = kept(real.address["secret"], endpoint=real.address["aws"], region=real.address["region"]).read()
    for text in (json.dumps(now), (real.data_dir / "keys.json").read_text()):
        assert verify(done.stdout.strip(), text, now=0).tenant == "acme"
        assert verify(real.key, text, now=0).tenant == "local"


def test_a_malformed_key_is_refused(tmp_path):
    done = _local("up", "--port", "0", "--data-dir", str(tmp_path), "--key", "letmein")
    assert done.returncode == 2
    assert "--key" in done.stderr
    assert not (tmp_path / "key").exists()


def test_a_data_directory_may_have_a_long_path_with_odd_characters(start_stub, tmp_path):
    stack = start_stub(data_dir=tmp_path / ("long and odd ü " * 8))
    assert _broker(stack).ping()


def test_a_function_that_cannot_be_imported_stops_the_start_and_names_its_log(start_stub, tmp_path):
    (tmp_path / "code" / "probe" / "handler.py").write_text("import nothing_of_this_name\n")
    with pytest.raises(AssertionError, match=r"function probe does not start.*nothing_of_this_name.*probe\.log"):
        start_stub()


def test_everything_listens_on_this_machine_only(stub):
    inodes = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A":
            inodes[fields[9]] = fields[1]
    listening = set()
    for pid in stub.family():
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            try:
                inode = str(fd.readlink()).removeprefix("socket:[").removesuffix("]")
            except OSError:
                continue
            if inode in inodes:
                listening.add(inodes[inode].partition(":")[0])
    assert listening == {"0100007F"}


def test_invoke_without_a_stack_starts_what_it_needs_and_stops_it(tmp_path):
    done = _local("invoke", "dashboard", "events/dashboard_health.json", "--data-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["statusCode"] == 200
    assert running(tmp_path) is None


@pytest.mark.parametrize(
    ("function", "file", "says"),
    [
        ("nobody", "events/poller.json", "no function 'nobody'; there are: authorizer, submit"),
        ("poller", "events/nothing.json", "no file events/nothing.json"),
        ("poller", "Makefile", "is not JSON"),
    ],
)
def test_invoke_says_what_is_wrong_with_its_arguments(tmp_path, function, file, says):
    done = _local("invoke", function, file, "--data-dir", str(tmp_path))
    assert done.returncode == 2
    assert says in done.stderr


def _environment(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def test_each_function_signs_in_to_the_broker_as_a_user_of_its_own_and_nobody_as_no_one(real):
    with redis.Redis.from_url(real.address["broker"], decode_responses=True) as operator:
        users = {line.split()[1]: line for line in operator.acl_list()}
        assert set(users) == {"default", "operator", *VERBS}
        assert users["default"].split()[2] == "off"
        passwords = {}
        for pid in real.pids("awslambdaric"):
            found = _environment(pid)
            address = urlsplit(found["REPORT_QUEUE_BROKER_URL"])
            name = found["AWS_LAMBDA_FUNCTION_NAME"]
            assert (address.username or "", found["REPORT_QUEUE_BROKER_USER"]) == (name if name in VERBS else "", name)
            if address.password:
                passwords[name] = address.password
        assert len(set(passwords.values())) == len(VERBS)
        assert operator.acl_log() == []  # no function was refused anything so far
    told = "".join(file.read_text() for file in (real.data_dir / "logs").iterdir())
    for file in real.data_dir.rglob("*.acl"):
        told += file.read_text()
    told += "".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in real.family())
    assert not [name for name, password in passwords.items() if password in told]
    socket_path = urlsplit(real.address["broker"]).path
    with pytest.raises(redis.exceptions.AuthenticationError), redis.Redis(unix_socket_path=socket_path) as anybody:
        anybody.get("x")
