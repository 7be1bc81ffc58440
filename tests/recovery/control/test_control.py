"""Recoveries over HTTP and in the admin: read, approved, rejected, taken back, switched off."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from monitoring.recovery import switch
from monitoring.recovery.models import Recovery, RecoveryAction, RecoveryEntry, RecoveryTotal
from monitoring.recovery.states import ActionState, Event, State
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]
pytestmark = pytest.mark.django_db
URL = "/api/monitoring/recovery/"


def make_recovery(**values: Any) -> Recovery:
    known = {
        "error_id": uuid.uuid4(),
        "service": "shop",
        "error_type": "TimeoutError",
        "name": "GET api/orders/",
        "state": State.PROPOSED,
        "strategy": "timeout_increase",
        "requested_at": datetime.now(UTC),
    }
    return Recovery.objects.create(**known | values)


def make_action(recovery: Recovery | None = None, **values: Any) -> RecoveryAction:
    known = {
        "ordinal": 1,
        "strategy": "timeout_increase",
        "target": "timeout:http:payments",
        "state": ActionState.PROPOSED,
        "created": datetime.now(UTC),
    }
    return RecoveryAction.objects.create(**known | {"recovery": recovery or make_recovery()} | values)


def post(api: Client, path: str, sent: Any) -> Any:
    return api.post(f"{URL}{path}", sent, content_type="application/json")


class TestReading:
    def test_a_recovery_is_shown_with_its_actions_and_its_trail(self, api: Client) -> None:
        row = make_recovery(choice={"words": "tried retry: 7 of 8 cleared against 3 of 9 untreated"})
        action = make_action(row)
        now = datetime.now(UTC)
        RecoveryEntry.objects.create(at=now, event=Event.PROPOSED, recovery_id=row.pk, action_id=action.pk)
        shown = api.get(f"{URL}{row.pk}/").json()
        assert shown["choice"]["words"].startswith("tried retry")
        assert [one["id"] for one in shown["actions"]] == [str(action.pk)]
        assert [one["event"] for one in shown["trail"]] == ["proposed"]

    def test_recoveries_are_narrowed_down(self, api: Client) -> None:
        old = make_recovery(requested_at=datetime.now(UTC) - timedelta(days=1), state=State.SETTLED, outcome="cleared")
        new = make_recovery(group_id=7)

        def found(**query: str) -> list[str]:
            return [one["id"] for one in api.get(URL, query).json()["results"]]

        assert found() == [str(new.pk), str(old.pk)]
        assert found(state="settled,proposed") == [str(new.pk), str(old.pk)]
        assert found(outcome="cleared") == [str(old.pk)]
        assert found(group="7") == [str(new.pk)]
        assert found(since=(datetime.now(UTC) - timedelta(hours=1)).isoformat()) == [str(new.pk)]
        assert found(error_id=str(old.error_id)) == [str(old.pk)]
        assert api.get(URL, {"state": "nonsense"}).status_code == 400
        assert api.get(URL, {"status": "settled"}).status_code == 400

    def test_who_joined_a_recovery_says_which(self, api: Client) -> None:
        leader = make_recovery()
        joined = make_recovery(state=State.JOINED, leader=leader)
        assert api.get(f"{URL}{joined.pk}/").json()["leader"] == str(leader.pk)
        assert api.get(f"{URL}{leader.pk}/").json()["leader"] is None

    def test_proposals_are_found_among_the_actions(self, api: Client) -> None:
        waiting = make_action()
        make_action(state=ActionState.ENDED)
        found = api.get(f"{URL}actions/", {"state": "proposed"}).json()["results"]
        assert [one["id"] for one in found] == [str(waiting.pk)]
        one = api.get(f"{URL}actions/{waiting.pk}/").json()
        assert (one["id"], one["version"], one["state"]) == (str(waiting.pk), 0, "proposed")

    def test_strategies_tell_whether_they_act_by_themselves_and_what_came_of_them(
        self, api: Client, settings: Any
    ) -> None:
        settings.MONITORING = {**settings.MONITORING, "RECOVERY_STRATEGIES": ["request_throttle"]}
        RecoveryTotal.objects.create(what="action", label="request_throttle", value="executed", count=3)
        shown = {one["name"]: one for one in api.get(f"{URL}strategies/").json()}
        assert shown["request_throttle"]["automatic"] is True
        assert shown["request_throttle"]["actions"] == {"executed": 3}
        assert [name for name, one in shown.items() if one["automatic"]] == ["request_throttle"]

    def test_what_does_not_exist_is_not_found(self, api: Client) -> None:
        unknown = uuid.uuid4()
        assert api.get(f"{URL}{unknown}/").status_code == 404
        assert api.get(f"{URL}actions/{unknown}/").status_code == 404
        for decision in ("approve", "reject", "roll-back"):
            assert post(api, f"actions/{unknown}/{decision}/", {"version": 0}).status_code == 404

    def test_strangers_are_not_answered(self, client: Client) -> None:
        for path in ("", "actions/", "trail/", "strategies/", "switch/", f"{uuid.uuid4()}/"):
            assert client.get(f"{URL}{path}").status_code == 401


class TestDeciding:
    def test_a_proposal_is_approved_once(self, api: Client, admin: Any) -> None:
        action = make_action()
        answer = post(api, f"actions/{action.pk}/approve/", {"version": 0})
        assert (answer.status_code, answer.json()["state"]) == (202, "approved")
        again = post(api, f"actions/{action.pk}/approve/", {"version": 0})
        assert again.status_code == 409
        (entry,) = api.get(f"{URL}trail/", {"recovery": str(action.recovery_id)}).json()["results"]
        assert (entry["event"], entry["who"]) == ("approved", admin.get_username())

    def test_a_rejection_says_why(self, api: Client) -> None:
        action = make_action()
        answer = post(api, f"actions/{action.pk}/reject/", {"version": 0, "reason": "Not today."})
        assert (answer.status_code, answer.json()["says"]) == (202, "Not today.")

    def test_what_has_no_way_back_is_not_taken_back(self, api: Client) -> None:
        bare = make_action(state=ActionState.EXECUTED)
        assert post(api, f"actions/{bare.pk}/roll-back/", {"version": 0}).status_code == 409
        reversible = make_action(state=ActionState.EXECUTED, undo={"was": 5}, target="other")
        assert post(api, f"actions/{reversible.pk}/roll-back/", {"version": 0}).status_code == 202

    @pytest.mark.parametrize("sent", [{}, {"version": "x"}, {"version": -1}, {"version": 0, "force": True}, [], "x"])
    def test_a_decision_without_sense_is_refused(self, api: Client, sent: Any) -> None:
        assert post(api, f"actions/{make_action().pk}/approve/", sent).status_code == 400

    def test_the_switch_is_turned_and_says_by_whom(self, api: Client, admin: Any) -> None:
        assert api.get(f"{URL}switch/").json() | {"mode": ""} == {
            "on": True,
            "mode": "",
            "who": "",
            "reason": "",
            "at": None,
        }
        answer = api.put(f"{URL}switch/", {"on": False, "reason": "Deploying."}, content_type="application/json")
        assert answer.status_code == 200
        shown = api.get(f"{URL}switch/").json()
        assert (shown["on"], shown["who"], shown["reason"]) == (False, admin.get_username(), "Deploying.")
        assert switch.is_off()
        assert api.put(f"{URL}switch/", {}, content_type="application/json").status_code == 400


class TestAdmin:
    @pytest.fixture
    def staff(self, admin: Any, client: Client) -> Client:
        client.force_login(admin)
        return client

    def test_the_pages_open(self, staff: Client) -> None:
        row = make_recovery(choice={"words": "The documented order.", "arms": {}})
        action = make_action(row, says="<script>", undo={"was": 5})
        RecoveryEntry.objects.create(at=datetime.now(UTC), event=Event.PROPOSED, recovery_id=row.pk, who="<b>")
        for model, pk in (("recovery", row.pk), ("recoveryaction", action.pk)):
            assert staff.get(reverse(f"admin:monitoring_{model}_changelist")).status_code == 200
            page = staff.get(reverse(f"admin:monitoring_{model}_change", args=[pk]))
            assert page.status_code == 200
            assert "<script>&lt;" not in page.content.decode()
            assert "&lt;script&gt;" in page.content.decode()
        assert staff.get(reverse("admin:monitoring_recoveryentry_changelist")).status_code == 200

    def test_proposals_are_approved_in_the_list(self, staff: Client) -> None:
        waiting, over = make_action(), make_action(state=ActionState.ENDED)
        sent = {"action": "approve", "_selected_action": [str(waiting.pk), str(over.pk)]}
        page = staff.post(reverse("admin:monitoring_recoveryaction_changelist"), sent, follow=True).content.decode()
        assert "1 action approved." in page
        assert "It is no proposal: it is ended." in page
        waiting.refresh_from_db()
        assert waiting.state == ActionState.APPROVED

    def test_the_switch_is_turned_in_its_list_by_who_may(self, staff: Client, django_user_model: Any) -> None:
        address = reverse("admin:monitoring_recoveryswitch_changelist")
        assert staff.get(address).status_code == 200
        for action, off in (("turn_off", True), ("turn_on", False)):
            page = staff.post(address, {"action": action, "_selected_action": ["1"]}, follow=True).content.decode()
            assert f"Recovery is switched {'off' if off else 'on'}." in page
            assert switch.is_off() is off
        assert [one.event for one in RecoveryEntry.objects.order_by("at")] == [Event.SWITCHED_OFF, Event.SWITCHED_ON]

        looking = django_user_model.objects.create_user("looks", is_staff=True)
        looking.user_permissions.add(Permission.objects.get(codename="view_recoveryswitch"))
        staff.force_login(looking)
        staff.post(address, {"action": "turn_off", "_selected_action": ["1"]})
        assert not switch.is_off()
