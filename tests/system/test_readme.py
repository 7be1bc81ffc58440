"""What the guides tell to type, as it stands there, beside a platform that runs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest
import redis

from .platform import ROOT, SAMPLES, Client, Platform, wait_until

pytestmark = pytest.mark.system

_GUIDES = ("api.md", "alerts-api.md", "protection.md", "recovery-api.md", "analysis.md", "traces.md", "journal.md")
_BLOCKS = re.compile(r"^```(sh|json|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_KEYS = re.compile(r'"[a-z_]+":|^(?:# )?\w+(?=[{ ])', re.MULTILINE)
"""What stands there of an answer in JSON, or of metrics: their keys, their names."""


def examples() -> list[tuple[str, str]]:
    """The commands of the README and of some guides, each block with the answer that stands below it."""
    readme = (ROOT / "README.md").read_text().partition("## Ask it")[2].partition("\n## ")[0]
    blocks = _BLOCKS.findall(readme + "".join((ROOT / "docs" / name).read_text() for name in _GUIDES))
    found: list[tuple[str, str]] = []
    for kind, text in blocks:
        if kind == "sh":
            found.append((text, ""))
        else:
            found[-1] = (found[-1][0], text)
    return found


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")
def test_each_command_answers_what_the_guide_shows(platform: Platform) -> None:
    platform.start(MONITORING='{"SLOW_OPERATION_SECONDS": {"geometry_extraction": 0.001}}')
    leave_a_dead_letter(platform)
    wait_until(lambda: evaluated(Client(platform)), "every web process knows how each component is")
    wait_until(lambda: scheduled(Client(platform)), "a run of the schedule is known")
    commands = ""
    for shown, answer in examples():
        command = shown.replace("http://127.0.0.1:8000", platform.base).replace(
            "$(cat var/", f"$(cat {platform.state}/"
        )
        commands += command.replace("curl -H", "curl -sS -H").replace("curl http", "curl -sS http")
        if not answer:
            continue  # it sets a variable for the next ones
        ran = subprocess.run(
            ["bash", "-e", "-c", commands], cwd=ROOT, capture_output=True, text=True, env=plain(), check=False
        )
        assert ran.returncode == 0, f"{commands}\n{ran.stderr}"
        for key in set(_KEYS.findall(answer)):
            assert key in ran.stdout, f"{key!r} is not in the answer to\n{commands}\n{ran.stdout}"
        commands = commands.partition("\n")[0] + "\n"
        if "/upload/" in shown:
            upload_the_others(Client(platform))


def test_manage_py_meets_the_platform_that_runs(platform: Platform) -> None:
    platform.start()
    leave_a_dead_letter(platform)

    token = manage(platform, "create_admin_token", "--user", "anna", "--days", "90").stdout.strip()
    assert status_for(platform, token) == 200
    assert manage(platform, "revoke_admin_token", "--user", "anna").stdout.strip() == "1 revoked"
    assert status_for(platform, token) == 401

    replayed = manage(platform, "replay", "--all")
    assert replayed.returncode == 1
    assert "unreadable payload" in replayed.stderr
    assert manage(platform, "check", "--database", "default").returncode == 0


def manage(platform: Platform, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=platform.environment(), capture_output=True, text=True, timeout=120, check=False
    )


def status_for(platform: Platform, token: str) -> int:
    return Client(platform, token).get("/api/monitoring/dashboard/").status


def plain() -> dict[str, str]:
    """The environment without a proxy, which must not see what goes to this machine."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def upload_the_others(client: Client) -> None:
    """Upload the other sample files too, as the README says, and wait until all was read and counted."""
    for name in ("bracket.igs", "broken.step"):
        client.upload(name, (SAMPLES / name).read_text())

    def counted() -> bool:
        found = client.get("/api/monitoring/dashboard/").json
        operations = found["performance"]
        counts = [operations.get(name, {}).get("count") for name in ("upload", "geometry_extraction", "bom_extraction")]
        return counts == [3, 3, 2] and "error" in found["intake"]["folded"]

    wait_until(counted, "all three were read and counted")


def evaluated(client: Client) -> bool:
    """Whether there are results of every component, in all web processes: asking eight times reaches both."""
    answers = [client.get("/api/health/detailed/").json for _ in range(8)]
    return all(answer["status"] == "healthy" for answer in answers)


def scheduled(client: Client) -> bool:
    """Whether the schedule was looked at, and one of its entries has run."""
    found = client.get("/api/monitoring/schedule/?name=enginel-file-bugs").json["results"]
    return bool(found) and found[0]["last_run"] is not None and found[0]["last_run"]["ended"] is not None


def leave_a_dead_letter(platform: Platform) -> None:
    """Send a batch that nobody can read."""
    fields = {"p": "abc123", "s": "1", "v": "1", "c": '{"operation": 5}', "d": b"not a payload"}
    with redis.Redis.from_url(platform.secret("redis/url")) as client:
        client.xadd("enginel:stream:0:measures", fields)
    letters = "/api/monitoring/dead-letters/"
    wait_until(lambda: Client(platform).get(letters).json["count"] == 1, "the dead letter is there")
