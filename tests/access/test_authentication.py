"""A Bearer token opens the API while it is valid, and nothing else does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from monitoring.access import tokens

pytestmark = pytest.mark.django_db

URL = "/api/monitoring/dead-letters/"


def ask(client: Client, header: str | None) -> Any:
    return client.get(URL, headers={"authorization": header} if header is not None else {})


def test_a_valid_token_opens(client: Client, admin: Any) -> None:
    assert ask(client, f"Bearer {tokens.issue(admin, 1)}").status_code == 200


def test_the_scheme_may_be_written_in_any_case(client: Client, admin: Any) -> None:
    assert ask(client, f"bEARER {tokens.issue(admin, 1)}").status_code == 200


def test_the_projects_own_knox_prefix_does_not_matter(client: Client, admin: Any, settings: Any) -> None:
    settings.REST_KNOX = {"AUTH_HEADER_PREFIX": "JWT", "TOKEN_PREFIX": "x_"}
    assert ask(client, f"Bearer {tokens.issue(admin, 1)}").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer two words",
        "Bearer caf\u00e9",
        "Bearer \u20ac",
        "Bearer " + "x" * 5000,
        "Token abc",
        "Basic YWRtaW46YWRtaW4=",
    ],
)
def test_anything_else_is_a_401_with_a_challenge(client: Client, admin: Any, header: str | None) -> None:
    tokens.issue(admin, 1)
    encoded = header.encode().decode("latin-1") if header is not None else None
    response = ask(client, encoded)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Bearer"
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 401


def test_a_token_without_its_scheme_does_not_open(client: Client, admin: Any) -> None:
    assert ask(client, tokens.issue(admin, 1)).status_code == 401


def test_the_stored_digest_is_not_a_token(client: Client, admin: Any) -> None:
    tokens.issue(admin, 1)
    assert ask(client, f"Bearer {AuthToken.objects.get().digest}").status_code == 401


def test_no_part_of_a_token_is_stored(admin: Any) -> None:
    token = tokens.issue(admin, 1)
    row = AuthToken.objects.get()
    assert row.token_key[:8] not in token
    assert token[:8] not in row.digest + row.token_key


def test_an_expired_token_is_refused_and_removed(client: Client, admin: Any) -> None:
    token = tokens.issue(admin, 1)
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert ask(client, f"Bearer {token}").status_code == 401
    assert not AuthToken.objects.exists()


def test_a_revoked_token_is_refused(client: Client, admin: Any) -> None:
    token = tokens.issue(admin, 1)
    tokens.revoke(token)
    assert ask(client, f"Bearer {token}").status_code == 401


def test_an_inactive_user_is_refused_in_the_same_words_as_a_wrong_token(client: Client, admin: Any) -> None:
    token = tokens.issue(admin, 1)
    get_user_model().objects.update(is_active=False)
    inactive, wrong = (ask(client, f"Bearer {text}").json() for text in (token, "wrong"))
    assert inactive["error"].pop("error_id") != wrong["error"].pop("error_id")
    assert inactive == wrong


def test_a_user_who_is_not_on_the_staff_is_forbidden(client: Client) -> None:
    user = get_user_model().objects.create_user("bob")
    response = ask(client, f"Bearer {tokens.issue(user, 1)}")
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"


def test_a_token_costs_one_query(client: Client, admin: Any, django_assert_num_queries: Any) -> None:
    token = tokens.issue(admin, 1)
    with django_assert_num_queries(1):
        assert tokens.find(token).user.is_staff


def test_a_staff_session_may_read(client: Client, admin: Any) -> None:
    client.force_login(admin)
    assert ask(client, None).status_code == 200


def test_a_session_of_somebody_else_may_not(client: Client) -> None:
    client.force_login(get_user_model().objects.create_user("bob"))
    assert ask(client, None).status_code == 403


def test_a_session_needs_a_csrf_token_to_post_and_a_token_does_not(admin: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    url = f"{URL}1/replay/"
    assert client.post(url).status_code == 403
    assert client.post(url, headers={"authorization": f"Bearer {tokens.issue(admin, 1)}"}).status_code == 404
