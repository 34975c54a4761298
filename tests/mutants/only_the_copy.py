"""A plugin for pytest that ends it where the package under test is not the copy that was asked for."""

import os
from pathlib import Path
from typing import Final

import pytest

COPY: Final = "MUTANT_COPY"  # the environment's word for the folder that holds the copy


def pytest_sessionstart() -> None:
    import report_queue

    loaded = Path(report_queue.__file__)
    if not loaded.is_relative_to(os.environ[COPY]):
        raise pytest.UsageError(f"{loaded} would be tested, not the copy in {os.environ[COPY]}")
