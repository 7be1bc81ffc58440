"""What the guides say of settings is what the code reads."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from django.core.management import get_commands

import monitoring
from monitoring.conf import Config
from monitoring.intake.models import DeadLetter
from monitoring.jobs.findings import KINDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OPERATE = (ROOT / "docs" / "operate.md").read_text()
INSTALL = (ROOT / "docs" / "install-in-your-project.md").read_text()


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([A-Z][A-Z_]+)`", text))


def test_the_table_of_platform_settings_is_the_one_of_the_code() -> None:
    table = OPERATE.partition("## Settings of the platform")[2]
    kept = OPERATE.partition("## What is kept")[2].partition("## Memory")[0]
    memory = OPERATE.partition("## Memory")[2].partition("## Settings")[0]
    known = {field.name.upper() for field in fields(Config)}
    assert quoted(table + kept + memory) - {"MONITORING"} == known - {"EAGER"}


def test_the_readme_names_every_environment_variable_that_is_read() -> None:
    settings = (ROOT / "enginel" / "settings.py").read_text()
    gunicorn = (ROOT / "deploy" / "gunicorn.conf.py").read_text()
    read = set(re.findall(r'(?:env\.|_)\w+\("([A-Z_]+)"', settings))
    read |= set(re.findall(r'environ\.get\("([A-Z_]+)"', gunicorn))
    table = README.partition("## Settings")[2].partition("\n## ")[0]
    assert read <= quoted(table)


def test_every_reason_of_a_dead_letter_is_explained() -> None:
    section = OPERATE.partition("## Dead letters")[2].partition("\n## ")[0]
    assert all(f"`{reason}`" in section for reason in DeadLetter.Reason.values)


def test_every_kind_of_finding_is_explained_in_a_row_of_its_own() -> None:
    table = (ROOT / "docs" / "findings.md").read_text()
    assert re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE) == list(KINDS)


def test_every_command_is_mentioned() -> None:
    ours = {name for name, app in get_commands().items() if app == "monitoring"}
    assert all(f"manage.py {name}" in OPERATE for name in ours)


def test_every_link_leads_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_version_is_the_same_everywhere() -> None:
    assert f'version = "{monitoring.__version__}"' in (ROOT / "pyproject.toml").read_text()
