"""What the wheel holds, and what it leaves here."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import HeaderParser
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_OWN_PROJECT = {"tasks/designs.py"}
# What is installed under another name than it is imported by.
_DISTRIBUTIONS = {
    "celery": "celery",
    "cronsim": "cronsim",
    "cryptography": "cryptography",
    "django": "django",
    "django_celery_beat": "django-celery-beat",
    "drf_spectacular": "drf-spectacular",
    "knox": "django-rest-knox",
    "msgspec": "msgspec",
    "numpy": "numpy",
    "prometheus_client": "prometheus-client",
    "psutil": "psutil",
    "re2": "google-re2",
    "redis": "redis",
    "requests": "requests",
    "rest_framework": "djangorestframework",
    "structlog": "structlog",
}
_COME_ALONG = {"asgiref", "kombu", "billiard", "urllib3"}
# Extras, and what only those have who run tests.
_OPTIONAL = {"apprise", "google", "opentelemetry", "psycopg", "pytest", "sentry_sdk", "starlette"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built without a network."""
    folder = tmp_path_factory.mktemp("dist")
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "build", "--wheel", "--offline", "--quiet", "--out-dir", str(folder)], cwd=ROOT, check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def files(wheel: zipfile.ZipFile) -> set[str]:
    return {name for name in wheel.namelist() if not name.endswith("/") and ".dist-info/" not in name}


def test_it_holds_the_platform_and_its_tasks_whole_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    sources = {
        str(path.relative_to(ROOT))
        for package in ("monitoring", "tasks")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files(wheel) == sources - _OWN_PROJECT
    assert {"monitoring/py.typed", "tasks/py.typed", "monitoring/templates/monitoring/docs.html"} <= files(wheel)
    assert "monitoring/migrations/0001_initial.py" in files(wheel)


def test_nothing_in_it_imports_what_it_leaves_out(wheel: zipfile.ZipFile) -> None:
    for name in files(wheel):
        if name.endswith(".py"):
            assert not imported(wheel.read(name)) & {"designs", "enginel", "launcher", "tests"}, name


def test_it_names_every_package_that_it_imports_and_no_other(wheel: zipfile.ZipFile) -> None:
    (metadata,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    needed = HeaderParser().parsestr(wheel.read(metadata).decode()).get_all("Requires-Dist", [])
    named = {re.split(r"[<>=;\[ ]", one)[0] for one in needed if "extra ==" not in one or "'server'" in one}
    used = set().union(*(imported(wheel.read(name)) for name in files(wheel) if name.endswith(".py")))
    third_parties = used - sys.stdlib_module_names - {"monitoring", "tasks"} - _COME_ALONG - _OPTIONAL
    assert {_DISTRIBUTIONS[name] for name in third_parties} == named


def test_pytest_finds_the_plugin(wheel: zipfile.ZipFile) -> None:
    (listing,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    entry_points = configparser.ConfigParser()
    entry_points.read_string(wheel.read(listing).decode())
    assert dict(entry_points["pytest11"]) == {"enginel": "monitoring.testing"}


def test_its_version_ranges_admit_what_this_repository_is_tested_with() -> None:
    from packaging.requirements import Requirement

    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pinned = dict(line.split(" ")[0].split("==") for line in lines if "==" in line and not line.startswith(" "))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for text in (*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())):
        wish = Requirement(text)
        assert wish.specifier.contains(pinned[wish.name.lower()]), text


def imported(source: bytes) -> set[str]:
    """Top-level packages that a module imports, inside of functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found
