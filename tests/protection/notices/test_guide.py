"""What the guide says of notices is what they are."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitoring.patches import evidence
from monitoring.protection.notices import texts
from monitoring.protection.notices.planning import Failing
from tests.errors.log.rows import full, make_group
from tests.protection.notices.making import NOW, blocked

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "notices.md").read_text()
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_notice_of_a_block_is_the_one_of_the_guide(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SERVICE": "shop", "ENVIRONMENT": "production"}
    (example,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    block = replace(
        blocked(17, AT), client="203.0.113.7", route="GET api/basket/<int:pk>/", until=AT + timedelta(hours=1)
    )
    assert json.loads(example) == texts.of_block(block)


def test_the_notice_of_many_blocks_has_the_fields_of_the_guide() -> None:
    told = texts.of_several(blocked())
    assert told["event"] == "clients_blocked"
    assert all(f"`{name}`" in GUIDE for name in ("text", "blocked", "blocks"))
    single = list(texts.of_block(blocked()))
    assert list(told["blocks"][0]) == single[single.index("block") : single.index("url") + 1]


@pytest.mark.django_db
def test_the_notice_of_a_route_has_the_fields_of_the_guide() -> None:
    table = GUIDE.partition("## A route fails too often")[2].partition("All of it")[0]
    rows = dict(re.findall(r"^\| (`.+?) \| (.*) \|$", table, re.MULTILINE))
    fields = {name for cell in rows for name in re.findall(r"`(\w+)`", cell)}
    full(make_group()).save()
    told = texts.of_patch(Failing("POST api/basket/", 6, 600), NOW, 20)
    found = evidence(told)
    assert fields == {*told, *found}
    assert set(re.findall(r"`(\w+)`", rows["`samples`"])) == set(found["samples"][0])
    assert set(re.findall(r"`(\w+)`", rows["`groups`"])) == set(found["groups"][0])
    assert evidence({**told, "route": "elsewhere"}).keys() == found.keys() - {"exception_type", "culprit"}
