"""The Django admin shows what was recorded, changes nothing, and replays dead letters."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from monitoring.errors.models import ErrorLog
from monitoring.intake.models import DeadLetter
from monitoring.jobs import findings
from monitoring.performance.models import SlowSample
from monitoring.storage.names import Name
from tests.api.letters import make_letter

pytestmark = pytest.mark.usefixtures("eager", "plain_static_files")


@pytest.fixture
def rows(db: None) -> dict[str, Any]:
    return {
        "errorlog": ErrorLog.objects.create(error_type="ValueError", message="no"),
        "slowsample": SlowSample.objects.create(
            at=timezone.now(), kind="request", service="enginel", name="GET /", duration=6
        ),
        "deadletter": make_letter(),
        "name": Name.objects.create(kind="request", service="enginel", name="GET /"),
    }


@pytest.fixture
def root(client: Client, admin: Any) -> Client:
    client.force_login(admin)
    return client


@pytest.mark.parametrize("model", ["errorlog", "slowsample", "deadletter", "name"])
def test_rows_are_shown_and_cannot_be_changed(root: Client, rows: dict[str, Any], model: str) -> None:
    url = f"/admin/monitoring/{model}/"
    row = rows[model]
    assert root.get(url).status_code == 200
    assert root.get(url, {"q": "x"}).status_code == 200
    assert root.get(f"{url}{row.pk}/change/").status_code == 200
    assert root.get(f"{url}add/").status_code == 403
    assert root.post(f"{url}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert root.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


def test_findings_name_task_worker_and_queue_and_the_second(root: Client) -> None:
    at = datetime(2026, 11, 22, 13, 2, 57, tzinfo=UTC)
    about = {"task": "shop.charge", "task_id": "51d377f0", "queue": "shop", "worker": "shop@one"}
    findings.note("task_lost", "51d377f0 1795352570597", about, at)
    findings.raise_finding("worker_down", "shop@one", {"host": "vm"}, at)
    findings.raise_finding("queue_unconsumed", "shop", {}, at)
    page = root.get("/admin/monitoring/finding/").content.decode()
    cells = [re.findall(r'<td class="field-(\w+)[^>]*>(.*?)</td>', row) for row in page.split("<tr>")]
    shown = {row["kind"]: row for row in map(dict, cells) if "kind" in row}
    lost = {"about": "51d377f0", "task": "shop.charge", "worker": "shop@one", "queue": "shop"}
    assert shown["task_lost"].items() >= lost.items()
    assert (shown["worker_down"]["worker"], shown["queue_unconsumed"]["queue"]) == ("shop@one", "shop")
    assert "2026-11-22 13:02:57" in page
    assert "1795352570597" not in page


def test_the_bytes_of_a_letter_stay_in_the_database(root: Client) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as counted:
            root.get("/admin/monitoring/deadletter/")
        return [query["sql"] for query in counted.captured_queries]

    make_letter()
    few = queries()
    for _ in range(20):
        make_letter()
    many = queries()
    assert len(many) <= len(few)
    listed = [sql for sql in many if '"monitoring_deadletter"."error"' in sql]
    assert listed
    assert not any('"monitoring_deadletter"."fields"' in sql for sql in listed)


def test_selected_letters_are_replayed(root: Client) -> None:
    good, other, broken = make_letter(4), make_letter(), make_letter(broken=True)
    chosen = {"action": "replay", "_selected_action": [good.pk, broken.pk]}
    page = root.post("/admin/monitoring/deadletter/", chosen, follow=True).content.decode()
    assert "4 events counted" in page
    assert "still cannot be taken in" in page
    assert set(DeadLetter.objects.all()) == {other, broken}


def test_who_may_only_look_may_not_replay(client: Client) -> None:
    user = get_user_model().objects.create_user("bob", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_deadletter"))
    client.force_login(user)
    letter = make_letter()
    chosen = {"action": "replay", "_selected_action": [letter.pk]}
    assert client.get("/admin/monitoring/deadletter/").status_code == 200
    client.post("/admin/monitoring/deadletter/", chosen)
    assert DeadLetter.objects.exists()
