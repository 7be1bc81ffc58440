"""What the guide tells to type about known bugs works, and its answer has the members that it shows."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from django.test import Client

from monitoring.errors.bugs import wanting
from tests.errors.bugs.making import run, wanted

_GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "errors.md").read_text().partition("\n## Known bugs\n")[2]
_COMMANDS = re.findall(r"^curl .*$", _GUIDE, re.MULTILINE)


@pytest.mark.django_db
@pytest.mark.parametrize("command", _COMMANDS)
def test_each_command_of_the_guide_works(command: str, api: Client) -> None:
    wanted(severity="critical")
    run()
    words = shlex.split(command.replace("$TOKEN", "token"))
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    body = words[words.index("-d") + 1] if "-d" in words else ""
    path = words[-1].removeprefix("http://127.0.0.1:8000")
    answer = api.generic(method, path, body, content_type="application/json")
    assert answer.status_code in (200, 202), answer.content
    if method == "GET":
        (shown,) = json.loads(re.findall(r"```json\n(.*?)```", _GUIDE, re.DOTALL)[0])["results"]
        assert answer.json()["results"][0].keys() == shown.keys()


def test_the_guide_shows_commands() -> None:
    assert len(_COMMANDS) == 3


def test_the_entries_that_the_guide_shows_are_right() -> None:
    (shown,) = re.findall(r"^MONITORING = (\{\n.*?^\})$", _GUIDE, re.DOTALL | re.MULTILINE)
    entries = eval(shown)["BUGS_NOT_FOR"]
    assert wanting.problems(entries) == []
    assert len(wanting.read_all(entries)) == 6
