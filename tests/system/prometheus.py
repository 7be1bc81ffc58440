"""A real Prometheus for a test, in a temporary folder on a free port, with the configuration and rules that we ship."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import yaml
from launcher.ports import free_port
from launcher.processes import die_with_parent

from .platform import ROOT, wait_until

SHIPPED = ROOT / "deploy" / "prometheus"
INTERVAL = 1
"""Seconds between two scrapes, and between two evaluations of the rules."""


class Prometheus:
    """One Prometheus that scrapes one platform.

    Args:
        folder: Where it keeps everything.
        target: Host and port of what it scrapes.
        token: What it says to be let in.
    """

    def __init__(self, folder: Path, target: str, token: str) -> None:
        self._folder = folder
        self._base = f"http://127.0.0.1:{free_port()}"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._process: subprocess.Popen[bytes] | None = None
        self._configure(target, token)

    def _configure(self, target: str, token: str) -> None:
        """Take what we ship; change nothing but address and pace."""
        config = yaml.safe_load((SHIPPED / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": f"{INTERVAL}s", "evaluation_interval": f"{INTERVAL}s"}
        (scrape,) = config["scrape_configs"]
        scrape["static_configs"] = [{"targets": [target]}]
        (self._folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        (self._folder / "rules.yml").write_text((SHIPPED / "rules.yml").read_text())
        (self._folder / scrape["authorization"]["credentials_file"]).write_text(token)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            "prometheus",
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address={urllib.parse.urlsplit(self._base).netloc}",
            "--log.level=warn",
        ]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - this process has one thread
            )
        wait_until(self._ready, "Prometheus is ready", why_not=(self._folder / "log").read_text)

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            with self._opener.open(f"{self._base}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def stop(self) -> None:
        """Leave nothing of it behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask(self, path: str, **parameters: str) -> Any:
        """Ask its API, and return the data of the answer."""
        url = f"{self._base}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with self._opener.open(url, timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return the series that an expression has now, each with its labels and value."""
        found = self.ask("query", query=expression)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def values(self, label: str, selector: str) -> list[str]:
        """Return the values of a label, as Grafana's `label_values` does."""
        return list(self.ask(f"label/{label}/values", **{"match[]": selector}))

    def alert(self, name: str) -> str:
        """Return in which state an alert is: `inactive`, `pending` or `firing`."""
        states = [one["state"] for one in self.ask("alerts")["alerts"] if one["labels"]["alertname"] == name]
        return str(states[0]) if states else "inactive"
