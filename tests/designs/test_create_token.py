"""`create_token` lets a designer in, and nobody further than that."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from designs.models import User

pytestmark = pytest.mark.django_db


def create(username: str = "anna", **options: Any) -> str:
    output = StringIO()
    call_command("create_token", username, stdout=output, **options)
    return output.getvalue().strip()


def client_with(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_a_name_that_nobody_has_becomes_an_ordinary_user_who_can_begin_to_work() -> None:
    client = client_with(create())
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser, user.has_usable_password()) == (
        "anna",
        False,
        False,
        False,
    )
    assert client.get("/api/organizations/current/").json()["name"] == "anna"
    assert client.get("/api/designs/").status_code == 200
    assert client.get("/api/monitoring/errors/").status_code == 403


def test_one_who_is_known_gets_another_token_and_stays_as_she_is() -> None:
    user = User.objects.create_user("anna", password="correct horse battery", us_person=True)
    tokens = {create(), create()}
    assert len(tokens) == AuthToken.objects.filter(user=user).count() == 2
    assert User.objects.get().us_person
    assert User.objects.get().check_password("correct horse battery")
    assert all(client_with(token).get("/api/designs/").status_code == 200 for token in tokens)


@pytest.mark.parametrize(("options", "days"), [({}, 365), ({"days": 3}, 3)])
def test_it_is_valid_for_as_long_as_asked(options: dict[str, int], days: int) -> None:
    create(**options)
    left = AuthToken.objects.get().expiry - timezone.now()
    assert timedelta(days=days) - timedelta(hours=1) < left <= timedelta(days=days)


def test_tokens_that_expired_go() -> None:
    create()
    AuthToken.objects.update(expiry=timezone.now() - timedelta(days=1))
    create()
    assert AuthToken.objects.count() == 1


@pytest.mark.parametrize("about", [{"is_staff": True}, {"is_superuser": True}, {"is_active": False}])
def test_neither_staff_nor_who_is_locked_out_gets_one(about: dict[str, bool]) -> None:
    User.objects.create_user("anna", **about)
    with pytest.raises(CommandError, match="'anna' is"):
        create()
    assert not AuthToken.objects.exists()


@pytest.mark.parametrize("username", ["", "anna smith", "a" * 151, "anna;drop"])
def test_a_name_that_nobody_can_have_is_refused(username: str) -> None:
    with pytest.raises(CommandError, match=r"(?i)username|characters|blank"):
        create(username)
    assert not User.objects.exists()


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_a_time_that_cannot_be_is_refused(days: int) -> None:
    with pytest.raises(CommandError, match="from 1 to 36500"):
        create(days=days)
    assert not User.objects.exists()
