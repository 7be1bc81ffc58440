"""The virtual environment: created once, filled with exactly the pinned packages, and then left alone."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.console import Refusal, say
from launcher.layout import PYTHON, ROOT, VENV

RUNTIME = "requirements.txt"
DEVELOPMENT = "requirements-dev.txt"
BENCHMARKS = "requirements-bench.txt"


def ensure(*requirements: str) -> None:
    """Make sure `.venv` works and holds what these files pin. Costs a few milliseconds when it already does."""
    with _one_at_a_time():
        if not _works():
            _create()
        for name in requirements:
            _install(ROOT / name)


def _stamp(requirements: Path) -> Path:
    """Return the file that says which version of the requirements is installed."""
    return VENV / f".installed-{requirements.stem}"


def _digest(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def _installed(requirements: Path) -> bool:
    stamp = _stamp(requirements)
    return stamp.exists() and stamp.read_text().strip() == _digest(requirements)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two commands started together must not fill one environment at once."""
    with (ROOT / RUNTIME).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _works() -> bool:
    """Tell whether the environment's Python starts; it does not after its base Python was removed."""
    if not PYTHON.exists():
        return False
    probe = [str(PYTHON), "-I", "-S", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def _create() -> None:
    for module in ("venv", "ensurepip"):
        if not _importable(module):
            minor = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise Refusal(
                f"this Python has no module '{module}'; on Debian or Ubuntu: apt-get install python{minor}-venv"
            )
    say("Creating .venv ...")
    if VENV.exists():
        shutil.rmtree(VENV)
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, capture_output=True, text=True)
    if made.returncode:
        raise Refusal(f"could not create .venv: {_last_line(made.stdout + made.stderr)}")


def _importable(module: str) -> bool:
    """Ask in a fresh process: Debian's `ensurepip` exists only with python3-venv."""
    return subprocess.run([sys.executable, "-c", f"import {module}"], check=False, capture_output=True).returncode == 0


def _install(requirements: Path) -> None:
    if _installed(requirements):
        return
    say(f"Installing {requirements.name} into .venv (a minute or two, once) ...")
    if not (VENV / "bin" / "pip").exists():
        subprocess.run([str(PYTHON), "-m", "ensurepip", "--upgrade"], check=False, capture_output=True)
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "-qq"]
    # pip byte-compiles what it installs, which takes three seconds off every later start.
    finished = subprocess.run([*command, "--compile", "--require-hashes", "-r", str(requirements)], check=False)
    if finished.returncode:
        raise Refusal(f"could not install {requirements.name}; pip says why above")
    _stamp(requirements).write_text(_digest(requirements) + "\n")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
