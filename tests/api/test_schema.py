"""The description of the API is complete, and true."""

from __future__ import annotations

from io import StringIO
from typing import Any

import jsonschema
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client

from monitoring.metrics import MetricsCollector
from monitoring.performance import PerformanceMonitor
from tests.api.description import description
from tests.api.letters import make_letter
from tests.api.samples import make_sample
from tests.protection.control.making import make_one_of_each

PROBES = {"/api/health/", "/api/health/ready/", "/api/health/detailed/"}
OURS = PROBES | {
    "/api/monitoring/dashboard/",
    "/api/monitoring/performance/",
    "/api/monitoring/performance/slow/",
    "/api/monitoring/tasks/",
    "/api/monitoring/tasks/running/",
    "/api/monitoring/tasks/sampling/",
    "/api/monitoring/tasks/tree/",
    "/api/monitoring/tasks/{task_id}/",
    "/api/monitoring/workers/",
    "/api/monitoring/workers/{node}/",
    "/api/monitoring/findings/",
    "/api/monitoring/dead-letters/",
    "/api/monitoring/dead-letters/{id}/replay/",
    "/api/monitoring/errors/",
    "/api/monitoring/errors/{error_id}/",
    "/api/errors/summary/",
    "/api/monitoring/errors/groups/",
    "/api/monitoring/errors/groups/{id}/",
    "/api/monitoring/errors/groups/{id}/comments/",
    "/api/monitoring/errors/groups/{id}/merge/",
    "/api/monitoring/errors/groups/{id}/unmerge/",
    "/api/monitoring/protection/",
    "/api/monitoring/protection/allowed/",
    "/api/monitoring/protection/allowed/{id}/",
    "/api/monitoring/protection/blocks/",
    "/api/monitoring/protection/blocks/{id}/",
    "/api/monitoring/protection/blocks/{id}/unblock/",
    "/api/monitoring/protection/throttles/",
    "/api/monitoring/protection/throttles/{id}/",
    "/api/monitoring/protection/unblock/",
    "/api/test-error/",
}


@pytest.fixture
def schema(api: Client) -> dict[str, Any]:
    return description(api)


def test_it_is_generated_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_every_endpoint_is_described(schema: dict[str, Any]) -> None:
    assert schema["paths"].keys() >= OURS
    assert "/api/designs/" in schema["paths"]


def test_a_file_to_upload_is_described_as_one(schema: dict[str, Any]) -> None:
    body = schema["paths"]["/api/designs/upload/"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    described = schema["components"]["schemas"][body["$ref"].rpartition("/")[2]]
    assert described["properties"]["file"]["format"] == "binary"


def test_all_but_probes_need_a_token_or_a_session(schema: dict[str, Any]) -> None:
    for path in OURS - PROBES:
        for operation in schema["paths"][path].values():
            assert operation["security"] == [{"adminToken": []}, {"cookieAuth": []}]
            assert "application/problem+json" in operation["responses"]["401"]["content"]
    assert all("security" not in schema["paths"][path]["get"] for path in PROBES)
    assert schema["components"]["securitySchemes"]["adminToken"]["scheme"] == "bearer"


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/api/health/", {}, 200),
        ("/api/health/ready/", {}, 200),
        ("/api/health/detailed/", {}, 200),
        ("/api/monitoring/dashboard/", {}, 200),
        ("/api/monitoring/performance/", {}, 200),
        ("/api/monitoring/performance/", {"kind": "operation"}, 200),
        ("/api/monitoring/performance/", {"kind": "x", "limit": "x"}, 400),
        ("/api/monitoring/performance/slow/", {"limit": 1}, 200),
        ("/api/monitoring/performance/slow/", {"kind": "x"}, 400),
        ("/api/monitoring/dead-letters/", {"limit": 1}, 200),
        ("/api/monitoring/dead-letters/", {"limit": "x"}, 400),
        ("/api/monitoring/protection/", {}, 200),
        ("/api/monitoring/protection/allowed/", {}, 200),
        ("/api/monitoring/protection/blocks/", {"state": "active"}, 200),
        ("/api/monitoring/protection/blocks/", {"network": "x"}, 400),
        ("/api/monitoring/protection/throttles/", {"scope": "client"}, 200),
    ],
)
def test_answers_are_as_described(
    api: Client, schema: dict[str, Any], path: str, query: dict[str, Any], status: int
) -> None:
    MetricsCollector.increment_counter("uploads_total")
    PerformanceMonitor._record_duration("upload", 0.1)
    make_letter()
    make_letter()
    make_sample()
    make_sample()
    make_one_of_each()
    response = api.get(path, query)
    assert response.status_code == status
    _validate(schema, schema["paths"][path]["get"], response)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize(("broken", "status"), [(False, 200), (True, 409)])
def test_answers_to_a_replay_are_as_described(
    api: Client, schema: dict[str, Any], *, broken: bool, status: int
) -> None:
    response = api.post(f"/api/monitoring/dead-letters/{make_letter(broken=broken).pk}/replay/")
    assert response.status_code == status
    _validate(schema, schema["paths"]["/api/monitoring/dead-letters/{id}/replay/"]["post"], response)


@pytest.mark.parametrize("path", ["/api/schema/", "/api/docs/"])
def test_strangers_see_neither_schema_nor_docs(client: Client, db: None, path: str) -> None:
    assert client.get(path).status_code == 401
    client.force_login(get_user_model().objects.create_user("bob"))
    assert client.get(path).status_code == 403


def test_a_browser_is_sent_to_the_login_and_back(client: Client, admin: Any) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    sent = client.get("/api/docs/?a=b", headers=browser)
    assert (sent.status_code, sent["Location"]) == (302, "/admin/login/?next=%2Fapi%2Fdocs%2F%3Fa%3Db")
    admin.set_password("secret")
    admin.save()
    back = client.post(sent["Location"], {"username": "admin", "password": "secret"})
    assert back["Location"] == "/api/docs/?a=b"


def test_a_browser_that_may_not_is_not_sent_around_in_circles(client: Client, db: None) -> None:
    browser = {"accept": "text/html"}
    client.force_login(get_user_model().objects.create_user("bob"))
    assert client.get("/api/docs/", headers=browser).status_code == 403
    assert client.get("/api/docs/", headers=browser | {"authorization": "Bearer wrong"}).status_code == 401


@pytest.mark.urls("monitoring.urls")
def test_without_an_admin_a_browser_gets_the_error(client: Client, db: None) -> None:
    assert client.get("/api/schema/", headers={"accept": "text/html"}).status_code in {401, 406}


def test_the_root_leads_to_the_docs(client: Client) -> None:
    assert client.get("/")["Location"] == "/api/docs/"


@pytest.mark.usefixtures("plain_static_files")
def test_the_docs_page_loads_nothing_from_elsewhere(client: Client, admin: Any) -> None:
    client.force_login(admin)
    page = client.get("/api/docs/", headers={"accept": "text/html"})
    text = page.content.decode()
    assert page.status_code == 200
    assert "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js" in text
    assert "//" not in text.replace("<!doctype", "")
    assert "<script>" not in text
    script = client.get("/api/docs/?script=")
    assert script["Content-Type"] == "application/javascript"
    assert "/api/schema/" in script.content.decode()


def _validate(schema: dict[str, Any], operation: dict[str, Any], response: Any) -> None:
    content = operation["responses"][str(response.status_code)]["content"]
    described = content[response["Content-Type"]]["schema"]
    components = _with_nulls(schema["components"])
    document = {**described, "components": components}
    rows = [response.json()]
    if "next" in response.json():
        page = components["schemas"][described["$ref"].rpartition("/")[2]]
        document, rows = {**page["properties"]["results"]["items"], "components": components}, rows[0]["results"]
    for row in rows:
        jsonschema.validate(row, document, cls=jsonschema.Draft202012Validator)


def _with_nulls(described: Any) -> Any:
    """Say `nullable`, which OpenAPI 3.0 has and JSON Schema does not, in the words of the latter."""
    if isinstance(described, list):
        return [_with_nulls(one) for one in described]
    if not isinstance(described, dict):
        return described
    plain = {name: _with_nulls(value) for name, value in described.items()}
    return {"anyOf": [plain, {"type": "null"}]} if plain.pop("nullable", False) is True else plain
