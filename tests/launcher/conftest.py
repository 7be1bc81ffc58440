"""The launcher is a folder of scripts and not an installed package: put it on the path, for child processes too."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

BIN = Path(__file__).resolve().parents[2] / "bin"
sys.path.insert(0, str(BIN))


@pytest.fixture
def launcher_environment() -> dict[str, str]:
    """The environment of a program that imports the launcher."""
    return {**os.environ, "PYTHONPATH": str(BIN), "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition holds, and fail when it does not in time."""

    def wait(condition: Callable[[], object], seconds: float = 10.0, what: str = "the condition") -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not hold within {seconds} s"
            time.sleep(0.02)

    return wait


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real processes, and none of them asks which database the run is for: once is enough."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.system)
