"""What the API says of jobs is as it is described."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from django.test import Client

from monitoring.conf import get_config
from monitoring.jobs import sight
from monitoring.stream import heartbeats
from tests.api.conftest import admin, api
from tests.api.description import description
from tests.jobs.runs.rows import leave_some
from tests.pipeline import client as redis_of

__all__ = ["admin", "api"]

pytestmark = pytest.mark.usefixtures("eager", "redis_client")

TASKS, WORKERS = "/api/monitoring/tasks/", "/api/monitoring/workers/"


@pytest.mark.parametrize(
    ("path", "url", "query", "status"),
    [
        (TASKS, TASKS, {}, 200),
        (TASKS, TASKS, {"state": "x"}, 400),
        (f"{TASKS}running/", f"{TASKS}running/", {}, 200),
        (f"{TASKS}running/", f"{TASKS}running/", {"limit": "x"}, 400),
        (f"{TASKS}sampling/", f"{TASKS}sampling/", {}, 200),
        (f"{TASKS}sampling/", f"{TASKS}sampling/", {"minutes": "x"}, 400),
        (f"{TASKS}tree/", f"{TASKS}tree/", {"task_id": "t1"}, 200),
        (f"{TASKS}tree/", f"{TASKS}tree/", {}, 400),
        (f"{TASKS}tree/", f"{TASKS}tree/", {"root_id": "nobody"}, 404),
        (f"{TASKS}{{task_id}}/", f"{TASKS}t1/", {}, 200),
        (f"{TASKS}{{task_id}}/", f"{TASKS}t2/", {}, 200),
        (f"{TASKS}{{task_id}}/", f"{TASKS}nobody/", {}, 404),
        (WORKERS, WORKERS, {}, 200),
        (WORKERS, WORKERS, {"state": "x"}, 400),
        (f"{WORKERS}{{node}}/", f"{WORKERS}celery@shop/", {}, 200),
        (f"{WORKERS}{{node}}/", f"{WORKERS}celery@odd/", {}, 200),
        (f"{WORKERS}{{node}}/", f"{WORKERS}nobody/", {}, 404),
        ("/api/monitoring/findings/", "/api/monitoring/findings/", {"limit": 1}, 200),
        ("/api/monitoring/findings/", "/api/monitoring/findings/", {"kind": "x"}, 400),
    ],
)
def test_answers_are_as_described(api: Client, path: str, url: str, query: dict[str, Any], status: int) -> None:
    leave_some()
    active = [{"id": "t2", "name": "shop.pack", "started": 1.0e9}]
    for node, said in (("celery@shop", {"active": active, "pool": "prefork", "autoscale": [3, 1]}), ("celery@odd", {})):
        heartbeats.send(redis_of(), get_config().stream_prefix, "worker", node, said)
    sight.forget()
    response = api.get(url, query)
    assert response.status_code == status, response.content
    schema = _with_null(description(api))
    content = schema["paths"][path]["get"]["responses"][str(status)]["content"]
    described = content[response["Content-Type"]]["schema"]
    document = {**described, "components": schema["components"]}
    jsonschema.validate(response.json(), document, cls=jsonschema.Draft202012Validator)
    sight.forget()


def _with_null(schema: Any) -> Any:
    """Say `nullable`, which is OpenAPI 3.0's, as JSON Schema does."""
    if isinstance(schema, list):
        return [_with_null(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _with_null(value) for key, value in schema.items() if key != "nullable"}
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") is True else found
