"""Findings over HTTP, in the admin pages and in /metrics; sign-ins that Django tells of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.test import Client, RequestFactory

from monitoring.access import tokens
from monitoring.journal.security.families import families
from monitoring.journal.security.models import SecurityFinding
from monitoring.protection.blocks.models import Block
from monitoring.protection.ruling import Ruling, block
from monitoring.recording import visits

pytestmark = pytest.mark.django_db
URL = "/api/monitoring/security/"


@pytest.fixture
def api() -> Client:
    admin = get_user_model().objects.create_superuser("admin", password=None)
    return Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"})


@pytest.fixture
def finding() -> SecurityFinding:
    now = datetime.now(UTC)
    return SecurityFinding.objects.create(
        kind="security_scan",
        subject="203.0.113.7/32",
        client="203.0.113.7/32",
        confidence=0.8,
        says="80 paths.",
        evidence={"paths": 80},
        started=now,
        seen=now,
    )


def test_findings_are_listed_and_narrowed_down(api: Client, finding: SecurityFinding) -> None:
    (shown,) = api.get(URL).json()["results"]
    assert (shown["id"], shown["kind"], shown["evidence"]) == (finding.pk, "security_scan", {"paths": 80})
    for query, number in (
        ("kind=security_scan,security_rate", 1),
        ("kind=security_rate", 0),
        ("state=open", 1),
        ("state=dismissed,closed", 0),
        ("client=203.0.113.7/32", 1),
        ("since=2020-01-01T00:00:00Z", 1),
    ):
        assert len(api.get(f"{URL}?{query}").json()["results"]) == number, query
    assert api.get(f"{URL}?kind=nothing").status_code == 400


def test_one_is_read_and_dismissed_once(api: Client, finding: SecurityFinding) -> None:
    assert api.get(f"{URL}{finding.pk}/").json()["says"] == "80 paths."
    done = api.post(f"{URL}{finding.pk}/dismiss/", {"hours": 2}, content_type="application/json")
    assert (done.status_code, done.json()["state"], done.json()["dismissed_by"]) == (200, "dismissed", "admin")
    assert api.post(f"{URL}{finding.pk}/dismiss/", {}, content_type="application/json").status_code == 409
    assert api.post(f"{URL}99999/dismiss/", {}, content_type="application/json").status_code == 404


@pytest.mark.parametrize("given", [{"hours": -1}, {"hours": 1e9}, {"hours": "x"}, {"days": 1}])
def test_what_is_no_time_is_refused(api: Client, finding: SecurityFinding, given: dict[str, Any]) -> None:
    answer = api.post(f"{URL}{finding.pk}/dismiss/", given, content_type="application/json")
    assert answer.status_code == 400
    finding.refresh_from_db()
    assert finding.state == "open"


def test_strangers_see_and_dismiss_nothing(finding: SecurityFinding) -> None:
    stranger = Client()
    assert stranger.get(URL).status_code == 401
    assert stranger.post(f"{URL}{finding.pk}/dismiss/").status_code == 401


def test_the_admin_pages_dismiss_too(finding: SecurityFinding) -> None:
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("ann", password=None))
    page = "/admin/monitoring/securityfinding/"
    assert browser.get(page).status_code == 200
    browser.post(page, {"action": "dismiss", "_selected_action": [finding.pk]})
    finding.refresh_from_db()
    assert (finding.state, finding.dismissed_by) == ("dismissed", "ann")


def test_what_was_too_much_is_shown_from_zero_on() -> None:
    (family,) = families({visits.HITS_DROPPED: 3.0})
    assert {sample.labels["reason"]: sample.value for sample in family.samples} == {
        "notes": 0.0,
        "clients": 0.0,
        "tried": 0.0,
        "patterns": 3.0,
    }


def test_a_login_that_fails_is_noted_without_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[tuple[str, str, bool]] = []
    monkeypatch.setattr(visits, "sign_in", lambda client, account, *, success: noted.append((client, account, success)))
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.7")
    assert authenticate(request, username="ann", password="wrong") is None
    ((client, account, success),) = noted
    assert (client, success) == ("203.0.113.7", False)
    assert account
    assert "ann" not in account


def test_a_dry_run_blocks_nobody_and_says_so(settings: Any) -> None:
    from monitoring.conf import get_config

    settings.MONITORING = {**settings.MONITORING, "PROTECTION": "dry_run"}
    assert block([Ruling("203.0.113.7/32", "security_scan: x", 1, 600, {})], get_config()) == set()
    assert Block.objects.get().withheld == "dry_run"
