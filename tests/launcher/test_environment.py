"""The virtual environment, made for real in a copy of the launcher."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(__file__).resolve().parents[2] / "bin"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that holds the launcher alone and wishes for no package."""
    shutil.copytree(BIN / "launcher", tmp_path / "bin" / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    return tmp_path


def ensure(checkout: Path) -> subprocess.CompletedProcess[str]:
    code = (
        "from launcher import environment; from launcher.console import run_command\n"
        "raise SystemExit(run_command('up', lambda: environment.ensure(environment.RUNTIME) or 0))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=checkout / "bin", capture_output=True, text=True, check=False, timeout=120
    )


def test_it_is_created_once_refilled_on_change_and_repaired_when_broken(checkout: Path) -> None:
    first = ensure(checkout)
    assert first.returncode == 0, first.stderr
    assert "Creating .venv" in first.stdout
    assert "Installing requirements.txt" in first.stdout

    assert ensure(checkout).stdout == "", "a second run has nothing to do"

    (checkout / "requirements.txt").write_text("# nothing either\n")
    changed = ensure(checkout)
    assert "Creating" not in changed.stdout
    assert "Installing requirements.txt" in changed.stdout

    (checkout / ".venv" / "bin" / "python").unlink()
    assert "Creating .venv" in ensure(checkout).stdout


def test_a_package_without_a_hash_is_refused_and_tried_again_next_time(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text("six==1.17.0\n")
    for _ in range(2):
        finished = ensure(checkout)
        assert finished.returncode == 1
        assert finished.stderr.splitlines()[-1] == ("bin/up: could not install requirements.txt; pip says why above")
