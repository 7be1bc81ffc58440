"""Notices in the admin: those that were given up are seen, and sent again by who may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from tests.outbound.server import Server, in_turn, says
from tests.protection.notices.making import only, received, run, tell

URL = "/admin/monitoring/notice/"


@pytest.fixture
def dead(db: None, serve: Callable[..., Server]) -> Server:
    server = serve(in_turn(says(404), says()))
    tell()
    run()
    assert only().state == "dead"
    return server


def _send_again(browser: Client) -> str:
    chosen = {"action": "send_again", "_selected_action": [only().pk]}
    return browser.post(URL, chosen, follow=True).content.decode()


def test_one_that_was_given_up_is_seen_and_sent_again_as_the_same(browser: Client, dead: Server) -> None:
    page = browser.get(URL, {"state": "dead"}).content.decode()
    assert "SLACK_NOTIFICATION_URL answered 404." in page
    one = browser.get(f"{URL}{only().pk}/change/").content.decode()
    assert "python manage.py unblock" in one
    assert str(only().idempotency_key) in one
    assert "1 notice will be sent again." in _send_again(browser)
    assert run() == 1
    first, second = received(dead)
    assert first == second
    assert "0 notices will be sent again." in _send_again(browser)
    assert only().state == "sent"


def test_who_may_only_look_at_them_sends_nothing(dead: Server) -> None:
    viewer = get_user_model().objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_notice"))
    client = Client()
    client.force_login(viewer)
    assert client.get(URL).status_code == 200
    _send_again(client)
    assert only().state == "dead"


def test_a_list_of_notices_costs_the_same_however_many(
    browser: Client, serve: Any, django_assert_max_num_queries: Any
) -> None:
    serve()
    for _ in range(5):
        tell()
    browser.get(URL)
    with django_assert_max_num_queries(8):
        browser.get(URL)
