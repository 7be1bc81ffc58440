"""One trace from a FastAPI service through Django, a task and its child, with the errors on its way."""

from __future__ import annotations

import contextlib
import json
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .platform import Client, Platform, wait_until
from .storefront import Storefront

pytestmark = pytest.mark.system

pytest.importorskip("fastapi")


@pytest.fixture
def storefront(platform: Platform, tmp_path: Path) -> Iterator[Storefront]:
    platform.start(LOG_FORMAT="json")
    made = Storefront(platform, tmp_path)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def answers(client: Client) -> bool:
    with contextlib.suppress(urllib.error.URLError, OSError):
        return client.get("/well").status == 200
    return False


def lines_of(output: str, trace: str) -> list[dict[str, Any]]:
    """The lines of a log that are JSON and bear a trace's id."""
    found = []
    for line in output.splitlines():
        with contextlib.suppress(ValueError):
            read = json.loads(line[line.index("{") :])
            if isinstance(read, dict) and read.get("trace_id") == trace:
                found.append(read)
    return found


def test_one_id_leads_from_fastapi_through_django_to_a_child_task(platform: Platform, storefront: Storefront) -> None:
    service, admin = Client(storefront), Client(platform)
    wait_until(lambda: answers(service), "uvicorn answers", why_not=lambda: storefront.output)

    failed = service.post("/orders/17")
    assert failed.status == 500, storefront.output
    assert "nobody can pay" not in failed.text, "a stranger is not told what went wrong"
    error_id = failed.json["error"]["error_id"]

    def traces() -> list[dict[str, Any]]:
        return list(admin.get(f"/api/monitoring/traces/?error_id={error_id}").json["results"])

    wait_until(traces, "the error leads to its trace", why_not=lambda: storefront.output)
    (trace,) = {one["trace_id"] for one in traces()}

    def spans() -> dict[tuple[str, str], dict[str, Any]]:
        told = admin.get(f"/api/monitoring/traces/{trace}/").json
        return {(span["service"], span["name"]): span for span in told["spans"]}

    wanted = {
        ("storefront", "POST /orders/{number}"),
        ("enginel", "POST api/designs/upload/"),
        ("enginel", "tasks.designs.geometry_extraction"),
        ("enginel", "tasks.designs.bom_extraction"),
    }
    wait_until(lambda: wanted <= spans().keys(), "request, request, task and child", why_not=lambda: spans().keys())
    found = spans()
    upload, parent = (
        found["enginel", name] for name in ("POST api/designs/upload/", "tasks.designs.geometry_extraction")
    )
    assert found["storefront", "POST /orders/{number}"]["parent_span_id"] in {"", None}
    assert upload["parent_span_id"], "it was called by the storefront"
    assert parent["parent_span_id"], "it was published by the upload"

    told = admin.get(f"/api/monitoring/traces/{trace}/").json
    errors = {event["name"] for event in told["events"] if event["kind"] == "error"}
    assert {"RuntimeError", "GeometryProcessingError"} <= errors
    moments = [event["at"] for event in told["events"]]
    assert moments == sorted(moments), "on one time line"

    # The same id is in the logs, of both services, and in what is kept of them.
    assert "order 17 came in" in [line["event"] for line in lines_of(storefront.output, trace)]
    assert lines_of(platform.output, trace), platform.output
    kept = admin.get(f"/api/monitoring/logs/?trace_id={trace}").json["results"]
    assert {line["service"] for line in kept} >= {"storefront"}
