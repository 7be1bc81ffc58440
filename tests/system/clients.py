"""A service that only reports to Enginel: its environment holds what the extra `client` needs, and no Django."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from launcher.ports import free_port
from launcher.processes import die_with_parent
from packaging.requirements import Requirement

from .platform import ROOT


def link_environment(folder: Path, *beside: str) -> Path:
    """Fill a folder with what `pip install '.[client]'` would bring, from what is installed here; nothing is loaded.

    Args:
        folder: Where to; it is put on the path of an interpreter that has nothing else.
        *beside: Further packages, by their names.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["client"], *beside]
    folder.mkdir(parents=True)
    for found in _closure(wanted).values():
        for top in {path.parts[0] for path in found.files or () if path.parts[0] not in ("..", "__pycache__")}:
            target = folder / top
            if not target.exists():
                target.symlink_to(Path(str(found.locate_file(top))))
    (folder / "monitoring").symlink_to(ROOT / "monitoring")
    return folder


def _closure(texts: Iterable[str]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    waiting = [(Requirement(text), frozenset({""})) for text in texts]
    while waiting:
        wish, extras = waiting.pop()
        if wish.marker and not any(wish.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        name = re.sub(r"[-_.]+", "-", wish.name).lower()
        try:
            one = found.get(name) or distribution(name)
        except PackageNotFoundError:  # not for this platform, or optional
            continue
        if name not in found or wish.extras:
            found[name] = one
            more = frozenset({"", *wish.extras})
            waiting += [(Requirement(text), more) for text in one.requires or ()]
    return found


class Service:
    """A FastAPI application behind uvicorn, in an environment of its own.

    Args:
        folder: Of the application and its environment.
        environment: What it is told.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self._folder = folder
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{folder / 'packages'}:{folder}", **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, code: str) -> str:
        """Run code in its environment, and return what that printed."""
        command = [sys.executable, "-S", "-c", code]
        ran = subprocess.run(
            command, env=self._environment, cwd=self._folder, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def start(self, *arguments: str) -> None:
        """Serve `service:app`."""
        command = [sys.executable, "-S", "-m", "uvicorn", "service:app", "--port", str(self.port), *arguments]
        with (self._folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=self._environment,
                cwd=self._folder,
                stdout=output,
                stderr=output,
                preexec_fn=die_with_parent(),  # noqa: PLW1509  # as the launcher does
            )

    @property
    def output(self) -> str:
        return (self._folder / "output.txt").read_text()

    def stop(self) -> int:
        """Have it end as supervisors do, and return its exit status."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        status = self._process.wait(60)
        self._process = None
        return status
