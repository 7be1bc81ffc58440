"""The commands of the guide to groups answer what stands below them."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from django.test import Client

from monitoring.errors.rules.rule import FIELDS, PLACES, problems
from tests.api.conftest import admin, api
from tests.packaging.test_docs import ROOT

from .making import group, occur

__all__ = ["admin", "api"]

GUIDE = (ROOT / "docs" / "errors.md").read_text()
GROUPS = GUIDE.partition("\n## Groups\n")[2].partition("\n## ")[0]
RULES = GUIDE.partition("\n### Rules of your own\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(sh|json)\n(.*?)^```", GROUPS, re.MULTILINE | re.DOTALL)


def run(api: Client, command: str) -> Any:
    """Do what curl would."""
    words = shlex.split(command)
    data = words[words.index("-d") + 1] if "-d" in words else None
    method = words[words.index("-X") + 1] if "-X" in words else "POST" if data else "GET"
    (address,) = (word.partition(":8000")[2] for word in words if word.startswith("http://"))
    answer = api.generic(method, address, data or "", content_type="application/json")
    assert answer.status_code in (200, 201), (command, answer.content)
    return answer.json()


def test_each_command_answers_what_the_guide_shows(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    # Ids as in a database that is new, whatever ran before.
    one, two = group("one", pk=1), group("two", pk=2)
    occur(one, [0])
    for place, (kind, text) in enumerate(BLOCKS):
        if kind != "sh":
            continue
        answers = [run(api, line) for line in text.splitlines() if line.startswith("curl")]
        following = BLOCKS[place + 1] if place + 1 < len(BLOCKS) else ("sh", "")
        for key in set(re.findall(r'"[a-z_0-9]+":', following[1])) if following[0] == "json" else ():
            assert key in json.dumps(answers[-1], separators=(",", ":")), key
    assert [entry.kind for entry in one.entries.order_by("pk")] == [
        *("resolved", "ignored", "unresolved", "comment", "resolved", "merged", "unmerged")
    ]
    two.refresh_from_db()
    assert two.merged_into is None


def test_the_rules_of_the_guide_are_of_the_form_that_is_accepted() -> None:
    example = re.search(r"^MONITORING = (\{.*?^\})", RULES, re.MULTILINE | re.DOTALL)
    assert example is not None
    rules = eval(example[1])["FINGERPRINT_RULES"]

    assert len(rules) == 2
    assert problems(rules) == []


def test_the_guide_names_every_field_and_place() -> None:
    assert all(f"`{field}`" in RULES for field in FIELDS)
    assert all(f"`{{{place}}}`" in RULES for place in PLACES)
