"""Who may read metrics: scrapers with the token, admins, and allowed networks; nobody else, whatever they write."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from monitoring.access import tokens

from .conftest import TOKEN, URL

pytestmark = pytest.mark.usefixtures("db", "redis_client")


@pytest.fixture
def allow(settings: Any) -> Any:
    """Set networks, proxies, and the token."""

    def change(networks: tuple[str, ...] = (), proxies: tuple[str, ...] = (), token: str = "") -> None:
        settings.MONITORING = {
            **settings.MONITORING,
            "METRICS_TOKEN": token,
            "METRICS_ALLOWED_NETWORKS": list(networks),
            "TRUSTED_PROXIES": list(proxies),
        }

    return change


def get(peer: str = "203.0.113.9", **headers: str) -> Any:
    return Client(REMOTE_ADDR=peer).get(URL, headers=headers)


def test_the_scrape_token_opens_it_from_anywhere() -> None:
    assert get(Authorization=f"Bearer {TOKEN}").status_code == 200
    assert get(Authorization=f"bearer {TOKEN}").status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer \xff"]
)
def test_anything_else_is_a_401_that_says_how(header: str) -> None:
    answer = get(Authorization=header, Accept="application/openmetrics-text; version=1.0.0")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 401


def test_an_admins_token_opens_it_and_a_users_does_not(bearer: str, allow: Any) -> None:
    assert get(Authorization=bearer).status_code == 200
    allow()
    assert get(Authorization=bearer).status_code == 200
    user = get_user_model().objects.create_user("user", password=None)
    assert get(Authorization=f"Bearer {tokens.issue(user, 1)}").status_code == 403


def test_without_token_and_networks_only_admins_may(allow: Any) -> None:
    allow()
    assert get("127.0.0.1").status_code == 401
    assert get("127.0.0.1", Authorization="Bearer ").status_code == 401


@pytest.mark.parametrize("peer", ["10.1.2.3", "::ffff:10.1.2.3", "::1"])
def test_an_allowed_network_needs_no_token(peer: str, allow: Any) -> None:
    allow(("10.0.0.0/8", "::1"))
    assert get(peer).status_code == 200
    assert get("192.0.2.1").status_code == 401


def test_a_wrong_token_is_refused_in_an_allowed_network_too(allow: Any) -> None:
    allow(("10.0.0.0/8",), token=TOKEN)
    assert get("10.0.0.1", Authorization="Bearer not-the-token-at-all-no").status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"])
def test_a_proxy_on_this_machine_does_not_open_it_to_the_world(header: str, allow: Any) -> None:
    allow(("127.0.0.0/8",))
    answer = get("127.0.0.1", **{header: "127.0.0.1"})
    assert answer.status_code == 403
    assert "TRUSTED_PROXIES" in answer.json()["detail"]


def test_behind_a_trusted_proxy_the_client_counts(allow: Any) -> None:
    allow(("10.0.0.0/8", "127.0.0.0/8"), ("127.0.0.1",))
    assert get("127.0.0.1", **{"X-Forwarded-For": "10.0.0.7"}).status_code == 200
    assert get("127.0.0.1", **{"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert get("127.0.0.1", **{"X-Forwarded-For": "10.0.0.7, 203.0.113.9"}).status_code == 401
    assert get("127.0.0.1", **{"X-Forwarded-For": "unknown"}).status_code == 401
    assert get("127.0.0.1").status_code == 200


def test_a_stranger_cannot_say_who_it_is(allow: Any) -> None:
    allow(("10.0.0.0/8",), ("127.0.0.1",))
    assert get("203.0.113.9", **{"X-Forwarded-For": "10.0.0.7"}).status_code == 401


def test_a_session_does_not_open_it(admin: Any, allow: Any) -> None:
    allow()
    client = Client()
    client.force_login(admin)
    assert client.get(URL).status_code == 401
