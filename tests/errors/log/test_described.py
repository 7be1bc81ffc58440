"""Answers about errors are as the API's description says."""

from __future__ import annotations

import uuid
from typing import Any

import jsonschema
import pytest
from django.test import Client

from monitoring.errors.bugs.models import KnownBug
from tests.api.description import description

from .rows import full, make_group, slim, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_client")]


def nullable(node: Any) -> Any:
    """Say in JSON Schema what OpenAPI 3.0 calls nullable."""
    if isinstance(node, list):
        return [nullable(part) for part in node]
    if not isinstance(node, dict):
        return node
    plain = {key: nullable(part) for key, part in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


@pytest.fixture
def schema(api: Client) -> dict[str, Any]:
    return dict(nullable(description(api)))


def test_all_of_them(api: Client, schema: dict[str, Any]) -> None:
    def validate(template: str, url: str, status: int) -> Any:
        return validated(schema, template, api.get(url), status)

    root = make_group()
    group = make_group(merged_into=root)
    KnownBug.objects.create(bug_id="B-001", group=root, fingerprint="x", title="A bug")
    rows = store(full(group, ago=3), slim(group, ago=2), full(group, ago=1), full(user_key="anna"), slim())
    assert validate("/api/monitoring/errors/", "/api/monitoring/errors/?limit=4", 200)["count"] == 4
    validate("/api/monitoring/errors/", "/api/monitoring/errors/?status=x&group=y", 400)
    for row in rows:
        validate("/api/monitoring/errors/{error_id}/", f"/api/monitoring/errors/{row.error_id}/", 200)
    validate("/api/monitoring/errors/{error_id}/", f"/api/monitoring/errors/{uuid.uuid4()}/", 404)
    assert validate("/api/errors/summary/", "/api/errors/summary/", 200)["total_errors"] == 2
    validate("/api/errors/summary/", "/api/errors/summary/?hours=0", 400)
    assert len(validate("/api/monitoring/dashboard/", "/api/monitoring/dashboard/", 200)["recent_errors"]) == 5


def validated(schema: dict[str, Any], template: str, response: Any, status: int) -> Any:
    assert response.status_code == status, response.content
    described = schema["paths"][template]["get"]["responses"][str(status)]["content"][response["Content-Type"]][
        "schema"
    ]
    document = {**described, "components": schema["components"]}
    jsonschema.validate(response.json(), document, cls=jsonschema.Draft202012Validator)
    return response.json()
