"""No parameter that is described makes an endpoint fail, whatever its value."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from django.test import Client

from monitoring.jobs import sight
from tests.api.conftest import admin, api
from tests.api.description import description
from tests.jobs.runs.rows import leave_some

__all__ = ["admin", "api"]

VALUES = ["", "\0", "x" * 5_000, "9" * 400, "nan", "\N{FOX FACE}" * 50]
ROOMS = ("tasks/", "workers/", "findings/")


@pytest.mark.usefixtures("eager", "redis_client")
@pytest.mark.parametrize("room", ROOMS)
def test_hostile_values_are_refused_or_find_nothing(api: Client, room: str) -> None:
    leave_some()
    sight.forget()
    schema = description(api)
    asked = 0
    for path, methods in schema["paths"].items():
        if not path.startswith(f"/api/monitoring/{room}") or "get" not in methods:
            continue
        for parameter in methods["get"].get("parameters", []):
            for value in VALUES:
                if parameter["in"] == "path":
                    response = api.get(path.replace(f"{{{parameter['name']}}}", quote(value, safe="")))
                else:
                    response = api.get(path, {parameter["name"]: value})
                assert response.status_code in (200, 400, 404), (path, parameter["name"], value, response.content)
                asked += 1
    assert asked >= len(VALUES)
    sight.forget()
