"""`bin/lint`: every static check; all run, also when one fails."""

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping

from launcher import environment
from launcher.console import Refusal, run_command, say
from launcher.layout import PYTHON, ROOT, VENV

# Ruff finds Python by its file ending, which commands do not have.
_SOURCES = (".", "bin/up", "bin/test", "bin/lint", "bin/bench")
_BIN = VENV / "bin"


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="bin/lint", description="Run every static check.")
    parser.add_argument("--fix", action="store_true", help="format, and repair what can be repaired, before checking")
    parser.add_argument("--lock", action="store_true", help="compile requirements*.in to hash-pinned files and stop")
    chosen = parser.parse_args(arguments)
    return run_command("lint", _lock if chosen.lock else lambda: _lint(fix=chosen.fix))


def _checks() -> list[tuple[str, list[str]]]:
    return [
        ("format", [str(_BIN / "ruff"), "format", "--check", "--quiet", *_SOURCES]),
        ("ruff", [str(_BIN / "ruff"), "check", "--quiet", *_SOURCES]),
        ("rooms", [str(_BIN / "lint-imports")]),
        ("migrations", [str(PYTHON), "manage.py", "makemigrations", "--check", "--dry-run"]),
        ("types", [str(_BIN / "mypy"), "-p", "monitoring", "-p", "tasks", "-p", "launcher"]),
    ]


def _lint(*, fix: bool) -> int:
    environment.ensure(environment.RUNTIME, environment.DEVELOPMENT)
    with tempfile.TemporaryDirectory(prefix="enginel-lint-") as folder:
        # Checks must not depend on, or touch, the state of a platform that runs here.
        settings = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        settings |= {"ENGINEL_VAR": folder, "MYPYPATH": str(ROOT / "bin"), "PYTHONPATH": str(ROOT)}
        if fix:
            _repair(settings)
        failed = [name for name, command in _checks() if not _passes(name, command, settings)]
    say(f"bin/lint: these failed: {', '.join(failed)}" if failed else "bin/lint: every check passed")
    return 1 if failed else 0


def _repair(settings: Mapping[str, str]) -> None:
    for command in (["format", "--quiet"], ["check", "--fix-only", "--quiet"], ["format", "--quiet"]):
        subprocess.run([str(_BIN / "ruff"), *command, *_SOURCES], check=False, cwd=ROOT, env=settings)


def _passes(name: str, command: list[str], settings: Mapping[str, str]) -> bool:
    """Run one check; what it prints is shown only when it fails."""
    began = time.monotonic()
    finished = subprocess.run(
        command, check=False, cwd=ROOT, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    passed = finished.returncode == 0
    say(f"{'ok    ' if passed else 'FAILED'} {name} ({time.monotonic() - began:.1f} s)")
    if not passed:
        say((finished.stdout + finished.stderr).rstrip())
    return passed


def _lock() -> int:
    """Compile the short files of wishes to long files of exact versions and hashes, with no index address in them."""
    environment.ensure(environment.RUNTIME, environment.DEVELOPMENT)
    for name in ("requirements", "requirements-dev", "requirements-bench"):
        wishes = ROOT / f"{name}.in"
        if not wishes.exists():
            continue
        command = [str(_BIN / "uv"), "pip", "compile", "--quiet", "--no-emit-index-url", "--generate-hashes"]
        command += ["--universal", "--python-version", "3.11", wishes.name, "-o", f"{name}.txt"]
        if subprocess.run(command, check=False, cwd=ROOT).returncode:
            raise Refusal(f"could not compile {wishes.name}; uv says why above")
        say(f"compiled {name}.txt")
    return 0
