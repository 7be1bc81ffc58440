"""From where staff members acted is known, whatever they came with, and without a look at the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils.functional import SimpleLazyObject

from monitoring.access import tokens
from monitoring.protection.admins.models import ActingAdmin
from monitoring.protection.admins.reader import acting_admins
from monitoring.recording import acting
from monitoring.recording.context import Context
from monitoring.recording.events import Acted
from monitoring.recording.recorder import recorder
from monitoring.stream.streams import FACTS
from tests.pipeline import drain_all

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def admin(db: None) -> Any:
    return get_user_model().objects.create_superuser("admin", password=None)


@pytest.mark.usefixtures("eager")
def test_a_token_and_a_session_tell_from_where_their_admin_acts(admin: Any) -> None:
    bearer = Client(headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"}, REMOTE_ADDR="198.51.100.1")
    assert bearer.get("/api/monitoring/findings/").status_code == 200
    session = Client(REMOTE_ADDR="2001:db8::7")
    session.force_login(admin)
    assert session.get("/admin/").status_code == 200
    assert acting_admins(now()) == {ip_address("198.51.100.1"), ip_address("2001:db8::7")}


@pytest.mark.usefixtures("eager", "admin")
def test_strangers_and_users_who_are_not_on_the_staff_are_nobody() -> None:
    stranger = Client(REMOTE_ADDR="198.51.100.2", headers={"authorization": "Bearer wrong"})
    assert stranger.get("/api/monitoring/findings/").status_code == 401
    member = Client(REMOTE_ADDR="198.51.100.3")
    member.force_login(get_user_model().objects.create_user("bob"))
    assert member.get("/api/monitoring/findings/").status_code == 403
    assert acting_admins(now()) == frozenset()


@pytest.mark.usefixtures("eager")
def test_no_header_that_an_admin_is_made_to_send_changes_the_address(admin: Any) -> None:
    client = Client(REMOTE_ADDR="198.51.100.1", headers={"x-forwarded-for": "203.0.113.9"})
    client.force_login(admin)
    client.get("/admin/")
    assert acting_admins(now()) == {ip_address("198.51.100.1")}


@pytest.mark.usefixtures("redis_client")
def test_who_acted_too_long_ago_may_be_blocked_again(admin: Any, settings: Any) -> None:
    ActingAdmin.objects.create(address="198.51.100.1", at=now() - 23 * HOUR)
    ActingAdmin.objects.create(address="198.51.100.2", at=now() - 25 * HOUR)
    assert acting_admins(now()) == {ip_address("198.51.100.1")}
    settings.MONITORING = {**settings.MONITORING, "ACTING_ADMIN_SECONDS": 3600}
    assert acting_admins(now()) == frozenset()


@pytest.mark.usefixtures("redis_client", "db")
def test_the_latest_time_stays_in_whatever_order_batches_come() -> None:
    latest = now().replace(microsecond=0)
    for moment in (latest - HOUR, latest, latest - 2 * HOUR):
        recorder.record_fact(Acted(int(moment.timestamp() * 1e9), "198.51.100.1"))
        recorder.record_fact(Acted(int(moment.timestamp() * 1e9), "no address"))
        recorder.flush()
        drain_all(FACTS)
    assert ActingAdmin.objects.get().at == latest


def by(user: Any, address: str = "198.51.100.1") -> Context:
    request: HttpRequest = RequestFactory().get("/", REMOTE_ADDR=address)
    request.user = user
    return Context("", request)


class Recorded:
    """What would be recorded."""

    def __init__(self) -> None:
        self.clients: list[str] = []

    def record_fact(self, event: Acted) -> None:
        self.clients.append(event.client)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    found = Recorded()
    monkeypatch.setattr(acting, "recorder", found)
    acting.forget()
    return found


class Staff:
    is_staff = True


def test_an_address_is_recorded_once_a_minute(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    passed = [1000.0]
    monkeypatch.setattr(acting, "monotonic", lambda: passed[0])
    for _ in range(3):
        acting.notice(by(Staff()))
        acting.notice(by(Staff(), "198.51.100.2"))
        passed[0] += 29
    assert recorded.clients == ["198.51.100.1", "198.51.100.2"]
    passed[0] += 1
    acting.notice(by(Staff()))
    assert recorded.clients[2:] == ["198.51.100.1"]


def test_any_number_of_addresses_is_held_in_bounds(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acting, "_MOST", 3)
    for number in range(10):
        acting.notice(by(Staff(), f"198.51.100.{number}"))
    assert len(recorded.clients) == 10
    assert len(acting._recorded) <= 3


def test_nobody_is_loaded_for_it(recorded: Recorded) -> None:
    def load() -> Any:
        pytest.fail("the user was loaded")

    acting.notice(by(SimpleLazyObject(load)))
    acting.notice(by(AnonymousUser()))
    acting.notice(Context("a task"))
    assert recorded.clients == []


def test_a_user_model_that_raises_is_no_matter(recorded: Recorded) -> None:
    class Odd:
        @property
        def is_staff(self) -> bool:
            raise RuntimeError("it queries")

    acting.notice(by(Odd()))
    assert recorded.clients == []
