"""Rows set by several processes: the same PDF whoever sets them and whatever ends them, and nobody is left over."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from report_words import rendered
from table_words import in_lane, some_rows, tables_from, took_the_lane, with_table

from report_queue.render import seal
from report_queue.render.table import rows, shards
from report_queue.reports import ReportType

WORDS = (
    "شركة النور للتجارة",
    "חברת האור (ישראל)",
    "株式会社日本語",
    "تفاصيل قطع غيار",
    "다람쥐 헌 쳇바퀴에",
    "צַעֲצוּעִים",
    "Ångström-Ⅷ ﬁnal",
    "فاتورة ١٢٣٤",
)


@pytest.fixture(autouse=True)
def forks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that were started: tables are shared out however short they are, as on a machine of three."""
    started: list[int] = []
    fork = os.fork

    def counted() -> int:
        if pid := fork():
            started.append(pid)
        return pid

    monkeypatch.setattr(rows, "_BATCH", 10)
    monkeypatch.setattr(shards, "_WORTH", 1)
    monkeypatch.setattr(shards.os, "sched_getaffinity", lambda _: {0, 1, 2})
    monkeypatch.setattr(shards.os, "fork", counted)
    return started


@pytest.fixture
def report_type(tmp_path: Path) -> ReportType:
    return with_table(tmp_path / "table")


def data(count: int = 95) -> dict[str, Any]:
    """Rows that bring new letters from the first to the last."""
    made = some_rows(count)
    for index, row in enumerate(made):
        row["name"] = f"{WORDS[index * len(WORDS) // count]} {chr(0x3B1 + index % 24)} {index}"
        row["note"] = f"{chr(0x627 + index % 30)}{chr(0x5D0 + index % 27)}{chr(0x4E00 + 7 * index)}"
    return {"rows": made}


def alone(report_type: ReportType, told: Any, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """The report, its rows set by one process."""
    with monkeypatch.context() as only:
        only.setattr(shards, "_MOST", 1)
        return in_lane(report_type, told).pdf


def test_the_bytes_are_the_same_however_many_set_the_rows(
    report_type: ReportType, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = alone(report_type, data(), monkeypatch)
    assert forks == []

    three = in_lane(report_type, data())
    assert len(forks) == 3
    monkeypatch.setattr(shards, "_MOST", 2)
    two = in_lane(report_type, data())

    assert len(forks) == 5
    assert took_the_lane(three)
    assert one == two.pdf == three.pdf


def test_nobody_is_left_over(report_type: ReportType, forks: list[int]) -> None:
    in_lane(report_type, data())
    assert forks
    assert not any(Path(f"/proc/{pid}").exists() for pid in forks)  # not even as one that nobody waited for


@pytest.mark.parametrize("number", [1, 5])
@pytest.mark.parametrize("end", [lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0])
def test_what_a_fork_leaves_is_set_without_it(
    report_type: ReportType, forks: list[int], monkeypatch: pytest.MonkeyPatch, end: Callable[[], Any], number: int
) -> None:
    one = alone(report_type, data(), monkeypatch)
    pack = shards._pack
    monkeypatch.setattr(shards, "_pack", lambda *told: end() if told[-1] == number else pack(*told))

    assert in_lane(report_type, data()).pdf == one
    assert forks


def test_where_no_more_processes_may_be_those_that_are_do_their_share(
    report_type: ReportType, forks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = alone(report_type, data(), monkeypatch)
    fork = shards.os.fork

    def refused() -> int:
        if forks:
            raise PermissionError
        return fork()

    monkeypatch.setattr(shards.os, "fork", refused)

    assert in_lane(report_type, data()).pdf == one
    assert len(forks) == 1


def test_a_row_that_cannot_be_set_is_found_in_whichever_process(report_type: ReportType, forks: list[int]) -> None:
    told = data()
    told["rows"][57]["name"] = "📦"

    with tables_from(1):
        report = rendered(report_type, told, quiet=False)

    assert forks
    assert not took_the_lane(report)
    assert not any(Path(f"/proc/{pid}").exists() for pid in forks)


def test_rows_that_are_set_letter_by_letter_are_not_shared_out(report_type: ReportType, forks: list[int]) -> None:
    assert took_the_lane(in_lane(report_type, {"rows": some_rows(95)}))
    assert forks == []


def test_forks_die_with_the_child_that_made_them(
    report_type: ReportType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Any:
        (tmp_path / f"{os.getpid()}.pid").touch()
        time.sleep(600)

    monkeypatch.setattr(shards, "_pack", never)
    child = os.fork()
    if child == 0:
        try:
            in_lane(report_type, data())
        finally:
            os._exit(1)
    pids = _until(lambda: len(found := [int(file.stem) for file in tmp_path.glob("*.pid")]) == 3 and found)
    assert all(map(_lives, pids))

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    assert _until(lambda: not any(map(_lives, pids)))


def test_a_child_that_is_sealed_may_share_its_rows_out(
    report_type: ReportType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = alone(report_type, data(), monkeypatch)
    child = os.fork()
    if child == 0:
        try:
            seal.seal()
            made = [in_lane(report_type, data()).pdf == one for _ in range(2)]
            (tmp_path / "told").write_text(str(made))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert (tmp_path / "told").read_text() == "[True, True]"


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(found: Callable[[], Any]) -> Any:
    for _ in range(600):
        if what := found():
            return what
        time.sleep(0.1)
    raise AssertionError
