"""`bin/up` for real: what it starts, says, keeps and leaves behind."""

import base64
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.system.platform import READY_SECONDS, ROOT, Platform, free_port, wait_until

pytestmark = pytest.mark.system

_STOP_SECONDS = 10.0


GIVEN_TOKEN = "a-token-that-was-given-0123456789abcdef"
GIVEN_PASSWORD = "a-password-that-was-given"


class Watched(Platform):
    """A platform on its own database and Redis, whose processes are watched."""

    family_before: list[psutil.Process]

    def wait(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        def alive_and_true() -> object:
            assert self.process is not None
            assert self.process.poll() is None, f"bin/up ended:\n{self.output}"
            return condition()

        wait_until(alive_and_true, "the condition", seconds, lambda: self.output)

    def family(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def children_of(self, word: str) -> list[psutil.Process]:
        """Find the direct children whose command line holds this word."""
        assert self.process is not None
        return [
            child
            for child in psutil.Process(self.process.pid).children()
            if any(word in part for part in child.cmdline())
        ]

    def end(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Signal it and return how long it took to end."""
        assert self.process is not None
        self.family_before = self.family()
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - began

    def left_over(self) -> list[str]:
        """Describe what still runs of the processes that it had."""
        alive = [one for one in self.family_before if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        return [f"{one.pid} {one.name()}" for one in alive]

    def wait_until_gone(self) -> None:
        wait_until(lambda: not self.left_over(), "all gone", _STOP_SECONDS, self.left_over)

    def get(self, path: str, *, flower: bool = False, **headers: str) -> tuple[int, str]:
        """Send a GET and return status and body."""
        port = self.flower_port if flower else self.port
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def secret(self, name: str) -> str:
        path = self.state / name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, f"{name} must be for its owner alone"
        return path.read_text().strip()


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.end(signal.SIGKILL)
        made.wait_until_gone()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """One platform with the demo and secrets that were given, for the tests that only look at it."""
    made = Watched(tmp_path_factory.mktemp("running"))
    made.start("--demo", ADMIN_TOKEN=GIVEN_TOKEN, FLOWER_USER="boss", FLOWER_PASSWORD=GIVEN_PASSWORD)
    yield made
    found = made.get("/api/monitoring/findings/", Authorization=f"Bearer {GIVEN_TOKEN}")[1]
    assert json.loads(found)["results"] == [], "a platform that is well is no reason for an alarm"
    assert made.end() < _STOP_SECONDS
    assert made.left_over() == []


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.smoke
def test_it_starts_serves_stops_and_starts_again_with_what_it_kept(platform: Watched) -> None:
    platform.from_nothing = True
    platform.start()
    token, password = platform.secret("admin-token"), platform.secret("admin-password")

    assert f"http://127.0.0.1:{platform.port}/api/health/" in platform.output
    assert f"http://127.0.0.1:{platform.port}/api/docs/" in platform.output
    assert f"http://127.0.0.1:{platform.flower_port}/  (user admin, password in " in platform.output
    for address in re.findall(r"^  [A-Z].*? (http://\S+)", platform.output, re.MULTILINE):
        flower = f":{platform.flower_port}/" in address
        platform.wait(lambda flower=flower: answers(platform, flower=flower))
        assert platform.get(urlsplit(address).path, flower=flower)[0] in {200, 401}, address
    assert token in platform.output
    assert password not in platform.output, "the password stays in its file"
    assert "running a private Redis at 127.0.0.1:" in platform.output

    assert platform.get("/api/health/")[0] == 200
    assert platform.get("/api/monitoring/performance/")[0] == 401
    assert platform.get("/api/monitoring/performance/", Authorization=f"Bearer {token}")[0] == 200

    platform.wait(lambda: answers(platform, flower=True))
    assert platform.get("/", flower=True)[0] == 401
    login = basic("admin", platform.secret("flower-password"))
    assert platform.get("/workers", flower=True, Authorization=login)[0] == 200

    # Recorded a moment before the end: what the processes still hold must be counted after the restart.
    for _ in range(20):
        assert platform.get("/api/series/", Authorization=f"Bearer {token}")[0] == 200
    assert platform.end() < _STOP_SECONDS
    assert platform.process is not None
    assert platform.process.returncode == 0
    assert platform.left_over() == []

    platform.start()
    assert platform.secret("admin-token") == token
    assert platform.secret("admin-password") == password
    platform.wait(lambda: requests_counted(platform, token).get("GET api/series/", 0) >= 20)
    assert requests_counted(platform, token)["GET api/series/"] == 20
    assert platform.end(signal.SIGINT) < _STOP_SECONDS
    assert platform.left_over() == []


def requests_counted(platform: Watched, token: str) -> dict[str, int]:
    """Read how many requests of each name the platform has counted."""
    _status, body = platform.get("/api/monitoring/performance/", Authorization=f"Bearer {token}")
    return {name: facts["count"] for name, facts in json.loads(body)["requests"].items()}


def answers(platform: Watched, *, flower: bool) -> bool:
    try:
        return bool(platform.get("/healthcheck" if flower else "/api/health/", flower=flower))
    except OSError:
        return False


def test_whatever_dies_comes_back_and_nothing_survives_a_kill_of_the_whole(platform: Watched) -> None:
    platform.start()
    ready = {name: platform.state / "run" / f"{name}.ready" for name in ("designs", "monitoring")}
    for path in ready.values():
        path.unlink()
    address = platform.secret("redis/url")
    victims = {
        "-server": "redis",
        "gunicorn": "web",
        "designs@": "designs",
        "monitoring@": "monitoring",
        "beat": "beat",
    }
    for word, name in victims.items():
        # Who cannot bear that the one before is gone may be on its way back, too.
        platform.wait(lambda word=word: len(platform.children_of(word)) == 1)
        (victim,) = platform.children_of(word)
        victim.kill()
        platform.wait(lambda name=name: f"{name} was killed by SIGKILL; starting it again" in platform.output)
    platform.wait(lambda: all(path.exists() for path in ready.values()), READY_SECONDS)
    platform.wait(lambda: answers(platform, flower=False))
    assert platform.secret("redis/url") == address, "who still holds the address finds Redis again"

    platform.end(signal.SIGKILL)
    platform.wait_until_gone()


def test_it_refuses_to_share_its_ports_and_its_folder(running: Watched) -> None:
    same_folder = {**os.environ, "ENGINEL_VAR": str(running.state)}
    for name in ("DATABASE_URL", "REDIS_URL"):
        same_folder.pop(name, None)
    same_ports = {**same_folder, "PORT": str(running.port), "FLOWER_PORT": str(running.flower_port)}
    other_ports = {**same_folder, "PORT": str(free_port()), "FLOWER_PORT": str(free_port())}
    for environment, reason in ((same_ports, "is in use"), (other_ports, "another bin/up already runs")):
        second = subprocess.run(
            [sys.executable, str(ROOT / "bin" / "up")],
            check=False,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert second.returncode == 1
        assert reason in second.stderr
        assert len(second.stderr.splitlines()) == 1, second.stderr
    assert answers(running, flower=False), "the first one goes on"


def test_given_secrets_are_used_and_never_on_a_command_line(running: Watched) -> None:
    assert running.get("/api/monitoring/performance/", Authorization=f"Bearer {GIVEN_TOKEN}")[0] == 200
    running.wait(lambda: answers(running, flower=True))
    assert running.get("/workers", flower=True, Authorization=basic("boss", GIVEN_PASSWORD))[0] == 200
    for process in running.family():
        line = " ".join(process.cmdline())
        assert GIVEN_TOKEN not in line
        assert GIVEN_PASSWORD not in line


def test_flower_asks_for_a_login_and_shows_the_workers_that_the_api_shows(running: Watched) -> None:
    running.wait(lambda: answers(running, flower=True))
    for path in ("/", "/workers", "/api/workers"):
        assert running.get(path, flower=True)[0] == 401

    def of_flower(path: str) -> dict[str, object]:
        found = running.get(path, flower=True, Authorization=basic("boss", GIVEN_PASSWORD))[1]
        return dict(json.loads(found))

    answer = running.get("/api/monitoring/workers/?state=up", Authorization=f"Bearer {GIVEN_TOKEN}")[1]
    workers = {worker["node"]: worker for worker in json.loads(answer)["workers"]}
    assert len(workers) == 2
    running.wait(lambda: of_flower("/api/workers?refresh=1").keys() == workers.keys())
    for worker in workers.values():
        address = urlsplit(worker["flower"])
        assert address.port == running.flower_port
        login = basic("boss", GIVEN_PASSWORD)
        assert running.get(address.path, flower=True, Authorization=login)[0] == 200
    assert of_flower("/api/tasks") == {}, "task events are off, also with Flower beside it"


def test_what_the_troubleshooting_pages_ask_is_answered(running: Watched) -> None:
    pages = (ROOT / "docs" / "troubleshooting").glob("*.md")
    asked = {
        address
        for page in pages
        for line in page.read_text().splitlines()
        if "curl" in line and "-X " not in line and "$" not in line.partition("http")[2]
        for address in re.findall(r"http://127\.0\.0\.1:8000([^\s\"`)]+)", line)
    }
    assert len(asked) > 10
    for address in asked:
        assert running.get(address, Authorization=f"Bearer {GIVEN_TOKEN}")[0] == 200, address


def test_a_newcomer_sees_data_within_ten_seconds_of_the_demo(running: Watched) -> None:
    running.wait(lambda: "POST api/designs/upload/" in requests_counted(running, GIVEN_TOKEN), 10)
    designs = json.loads(running.get("/api/designs/", Authorization=f"Bearer {GIVEN_TOKEN}")[1])
    assert designs["results"]


def test_the_demo_has_slow_work_and_failing_requests_too(running: Watched) -> None:
    def rows(path: str) -> dict[str, object]:
        return dict(json.loads(running.get(path, Authorization=f"Bearer {GIVEN_TOKEN}")[1]))

    running.wait(lambda: rows("/api/monitoring/performance/slow/")["count"], 60)
    running.wait(lambda: failures(running).get("POST api/test-error/", 0) > 0, 60)


def failures(platform: Watched) -> dict[str, int]:
    """Read how many requests of each name ended with an error."""
    _status, body = platform.get("/api/monitoring/performance/", Authorization=f"Bearer {GIVEN_TOKEN}")
    return {name: facts["error_count"] for name, facts in json.loads(body)["requests"].items()}
