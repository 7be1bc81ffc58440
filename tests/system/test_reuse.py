"""Enginel in somebody else's project: the wheel, the guide, and nothing of this repository's own project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .databases import fresh_database
from .platform import Client, wait_until
from .shop import Shop, build_wheel

pytestmark = pytest.mark.system

PERFORMANCE = "/api/monitoring/performance/"


@pytest.fixture
def shop(tmp_path: Path, redis_url: str, redis_client: Any) -> Iterator[Shop]:
    """A new project with Enginel installed from its wheel."""
    with fresh_database() as database_url:
        made = Shop(tmp_path, redis_url, database_url)
        made.install(build_wheel(tmp_path / "dist"))
        made.create()
        yield made
        made.stop()


def test_a_new_project_sees_its_own_requests_and_tasks(shop: Shop) -> None:
    for name in ("designs", "enginel", "tasks.designs"):
        assert "ModuleNotFoundError" in shop.run("-c", f"import {name}", check=False).stderr
    where = shop.run("-c", "import monitoring, tasks; print(monitoring.__file__, tasks.__file__)").stdout.split()
    assert all(path.startswith(str(shop.folder / "venv")) for path in where)

    shop.run("manage.py", "migrate")
    shop.run("manage.py", "makemigrations", "--check", "--dry-run")
    assert "no issues" in shop.run("manage.py", "check", "--database", "default").stdout
    shop.token = shop.run("manage.py", "create_admin_token", "--user", "boss").stdout.strip()
    shop.start()
    client = Client(shop)
    wait_until(lambda: answers(client), "gunicorn answers", why_not=lambda: shop.output)

    for number in (1, 2, 3, 13):
        assert client.get(f"/orders/?number={number}").status == 202
    assert client.get("/orders/broken/").status == 500

    expected = {"GET orders/": (4, 0), "GET orders/broken/": (1, 1), "orders.tasks.pack": (4, 1), "packing": (4, 1)}
    last: dict[str, tuple[int, int]] = {}

    def all_there() -> bool:
        found = client.get(PERFORMANCE).json
        for kind in ("requests", "tasks", "operations"):
            last.update({name: (one["count"], one["error_count"]) for name, one in found[kind].items()})
        return {name: last.get(name) for name in expected} == expected

    wait_until(all_there, "its numbers", why_not=lambda: f"{last}\n{shop.output}")
    dashboard = client.get("/api/monitoring/dashboard/").json
    assert dashboard["metrics"]["orders_total"] == 4
    assert (dashboard["intake"]["lost"], dashboard["intake"]["dead_letters"]) == ({}, 0)
    assert client.get("/api/health/").json == {"status": "ok", "service": "shop"}
    schema = client.get("/api/schema/").json
    assert {PERFORMANCE, "/api/health/"} <= set(schema["paths"])
    assert not [path for path in schema["paths"] if "designs" in path]


def answers(client: Client) -> bool:
    try:
        return client.get("/api/health/").status == 200
    except OSError:
        return False


def test_the_fixture_comes_with_the_wheel_and_needs_no_redis(shop: Shop) -> None:
    ran = shop.run(
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--ds", "shop.settings", "tests"),
        check=False,
        PYTHONPATH=str(shop.folder),
        TASKS_AT_ONCE="1",
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 passed" in ran.stdout
