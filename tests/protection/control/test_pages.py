"""The admin pages of blocks and throttles."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client

from monitoring.protection.blocks.models import Block
from monitoring.protection.throttles.models import Throttle

from .making import active, make, now

BLOCKS = "/admin/monitoring/block/"
THROTTLES = "/admin/monitoring/throttle/"


def test_blocks_are_looked_at_and_unblocked(browser: Client) -> None:
    first, second, withheld = make(), make("2001:db8::/64"), make("203.0.113.9", withheld="shared")
    text = browser.get(BLOCKS).content.decode()
    assert "203.0.113.7/32" in text
    assert "withheld" in text
    page = browser.get(f"{BLOCKS}{first.pk}/change/").content.decode()
    assert "GET api/x/" in page
    chosen = {"action": "unblock", "_selected_action": [first.pk, second.pk, withheld.pk]}
    assert "2 clients unblocked." in browser.post(BLOCKS, chosen, follow=True).content.decode()
    assert active() == set()
    assert Block.objects.get(pk=first.pk).ended_by == "admin"
    assert Block.objects.get(pk=withheld.pk).ended is None


def test_lists_are_narrowed_down_by_state(browser: Client) -> None:
    make("203.0.113.7")
    make("203.0.113.8", ended=now())
    text = browser.get(BLOCKS, {"state": "ended"}).content.decode()
    assert ("203.0.113.7" in text, "203.0.113.8" in text) == (False, True)


def test_nobody_makes_changes_or_deletes_a_block_there(browser: Client) -> None:
    row = make()
    assert browser.get(f"{BLOCKS}add/").status_code == 403
    assert browser.post(f"{BLOCKS}{row.pk}/change/", {"network": "203.0.113.9/32"}).status_code == 403
    assert browser.post(f"{BLOCKS}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert active() == {"203.0.113.7/32"}


def test_who_may_only_look_does_not_unblock(db: None) -> None:
    viewer = get_user_model().objects.create_user("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_block"))
    client, row = Client(), make()
    client.force_login(viewer)
    assert "203.0.113.7/32" in client.get(BLOCKS).content.decode()
    client.post(BLOCKS, {"action": "unblock", "_selected_action": [row.pk]})
    assert active() == {"203.0.113.7/32"}


def form(**values: Any) -> dict[str, Any]:
    given = {"scope": "client", "match": "203.0.113.0/24", "rate": "2", "burst": "10", "per": "client", "enabled": "on"}
    return given | {"reason": "", "expires_0": "", "expires_1": ""} | values


def test_throttles_are_made_changed_and_ended(browser: Client) -> None:
    assert browser.post(f"{THROTTLES}add/", form()).status_code == 302
    row = Throttle.objects.get()
    assert (row.created_by, row.match, row.origin) == ("admin", "203.0.113.0/24", "manual")
    changed = {name: value for name, value in form(rate="5").items() if name != "scope"}
    assert browser.post(f"{THROTTLES}{row.pk}/change/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.rate, row.changed_by, row.scope) == (5.0, "admin", "client")
    assert browser.post(f"{THROTTLES}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = {"action": "end_selected", "_selected_action": [row.pk]}
    assert "1 throttle ended." in browser.post(THROTTLES, chosen, follow=True).content.decode()
    row.refresh_from_db()
    assert row.ended_by == "admin"
    assert browser.get(f"{THROTTLES}{row.pk}/change/").status_code == 200


def test_a_throttle_that_nobody_can_keep_is_refused_there_as_well(browser: Client) -> None:
    for values in ({"match": "somewhere"}, {"rate": "0"}, {"rate": "nan"}, {"scope": "token", "match": "secret"}):
        page = browser.post(f"{THROTTLES}add/", form(**values))
        assert (page.status_code, "errorlist" in page.content.decode()) == (200, True)
    assert not Throttle.objects.exists()
