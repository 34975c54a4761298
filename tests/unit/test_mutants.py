"""The faults of `make mutants` fit the code and the tests as they are: a quick look, without making any."""

import ast
from collections import Counter

import pytest

from chaos.faults_runs import RUNS
from mutants.chaos import CHAOS
from mutants.fault import PACKAGE, ROOT, Fault
from mutants.package import PYTHON
from mutants.scripts import SCRIPTS

FAULTS = (*SCRIPTS, *PYTHON, *CHAOS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_a_fault_fits_the_code_and_names_a_test(fault: Fault) -> None:
    assert (PACKAGE / fault.file).read_text("utf-8").count(fault.text) == 1
    assert fault.instead != fault.text
    path, _, name = fault.test.partition("::")
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    assert name.partition("[")[0] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_scripts_the_worker_and_the_ledger_are_among_them() -> None:
    places = Counter(fault.file.partition("/")[0] for fault in FAULTS)
    assert places["lua"] >= 12
    assert {"broker.py", "worker.py", "attempt.py", "beat.py", "ledger.py"} <= places.keys()
    assert len({fault.what for fault in FAULTS}) == len(FAULTS)


def test_each_fault_against_the_promise_has_a_run_of_its_own() -> None:
    """A case that is not there would run no test, and the fault would survive unseen."""
    named = [fault.test.partition("[")[2].removesuffix("]") for fault in CHAOS]
    assert len(named) == 12
    assert sorted(named) == sorted(RUNS)
