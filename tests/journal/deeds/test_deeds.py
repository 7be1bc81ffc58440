"""What was done is kept in the transaction that does it, or not done; what changes nothing travels as a fact."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import DataError, router, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitoring.access import tokens
from monitoring.conf import get_config
from monitoring.intake import commit
from monitoring.intake.models import DeadLetter
from monitoring.journal import AuditLogger, BusinessLogger
from monitoring.journal.audit.models import PendingEntry
from monitoring.journal.deeds import keeping
from monitoring.journal.deeds import tokens as token_deeds
from monitoring.journal.deeds.floods import stands_for
from monitoring.journal.deeds.logins import hint
from monitoring.protection.throttles import actions
from monitoring.protection.throttles.limit import Limit
from monitoring.protection.throttles.models import Throttle
from monitoring.recording.recorder import recorder
from monitoring.storage import trail
from monitoring.storage.trail import Deed, NotKept
from tests.faults.batches import Source, operations
from tests.pipeline import drain_all

LIMIT = Limit("all", "*", 1.0, 1, "all")
JSON = "application/json"


class GoneWrongError(Exception):
    """Whatever goes wrong after something was done."""


@pytest.fixture
def ada(db: None) -> Any:
    return get_user_model().objects.create_superuser("ada", password="correct horse")


@pytest.fixture(autouse=True)
def _every_use_is_new() -> None:
    token_deeds.forget()


def told(**values: Any) -> list[tuple[str, str]]:
    rows = PendingEntry.objects.filter(**values).order_by("at", "pk")
    return [(row.action, row.outcome) for row in rows]


def using() -> str:
    return router.db_for_write(PendingEntry)


def undone(act: Callable[[], object]) -> None:
    """Do something in a transaction that is rolled back."""

    def both() -> None:
        with transaction.atomic():
            act()
            raise GoneWrongError

    with pytest.raises(GoneWrongError):
        both()


def throttle(who: str = "anna") -> Throttle:
    return actions.create(LIMIT, who, timezone.now())


@pytest.mark.django_db
def test_what_was_done_is_kept_with_who_did_it_and_what() -> None:
    row = throttle()
    (entry,) = PendingEntry.objects.all()
    assert (entry.stream, entry.action, entry.target_type, entry.target_id) == (
        "audit",
        "throttle.create",
        "throttle",
        str(row.pk),
    )
    assert (entry.actor, entry.outcome, entry.details["rate"]) == ("anna", "success", 1.0)


@pytest.mark.django_db
def test_what_is_rolled_back_leaves_no_entry() -> None:
    undone(throttle)
    assert (Throttle.objects.count(), told()) == (0, [])


@pytest.mark.django_db
def test_what_cannot_be_kept_is_not_done_and_says_so(monkeypatch: pytest.MonkeyPatch, ada: Any) -> None:
    bearer = Client(headers={"authorization": f"Bearer {tokens.issue(ada, 1)}"})

    def full(*_: Any) -> None:
        raise DataError("no room")

    monkeypatch.setattr(keeping, "write", full)
    with pytest.raises(NotKept, match=r"throttle\.create"):
        throttle()
    sent = {"scope": "client", "match": "203.0.113.0/24", "rate": 2, "burst": 10}
    response = bearer.post("/api/monitoring/protection/throttles/", sent, content_type=JSON)
    assert (response.status_code, "journal cannot keep" in response.json()["detail"]) == (503, True)
    assert Throttle.objects.count() == 0


@pytest.mark.django_db
def test_secrets_in_what_was_said_are_filtered_and_its_size_is_bounded() -> None:
    details = {"password": "hunter2", **{f"n{number}": "x" * 1_000 for number in range(40)}}
    trail.tell(Deed("x.y", "x", "1", details=details), using())
    (entry,) = PendingEntry.objects.all()
    assert (entry.details["password"], entry.details["truncated"]) == ("[filtered]", True)
    assert len(str(entry.details)) < 17_000


@pytest.mark.django_db
def test_an_audit_entry_is_written_in_the_transaction_and_rolled_back_with_it() -> None:
    AuditLogger().log_authorization("/videos/1", "update", granted=True, user_id="7")
    assert told() == [("access.update", "success")]
    undone(lambda: AuditLogger().log_event("invoice.approve"))
    assert told() == [("access.update", "success")]


@pytest.mark.django_db
def test_what_was_denied_is_recorded_though_the_transaction_is_rolled_back_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(recorder, "record_fact", recorded.append)
    undone(lambda: AuditLogger().log_authorization("/videos/1", "update", granted=False))
    assert [(one.action, one.values["outcome"]) for one in recorded] == [("access.update", "denied")]


@pytest.mark.django_db
def test_a_business_event_is_recorded_once_its_transaction_is_committed(
    django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(recorder, "record_fact", recorded.append)
    with django_capture_on_commit_callbacks(execute=True):
        undone(lambda: BusinessLogger().log_event("order.pay"))
        BusinessLogger().log_event("order.ship")
        assert recorded == []
    assert [one.action for one in recorded] == ["order.ship"]


@pytest.mark.usefixtures("eager")
def test_logins_logouts_and_failed_ones_are_kept_without_what_was_typed(ada: Any) -> None:
    client = Client(REMOTE_ADDR="198.51.100.4")
    assert client.login(username="ada", password="correct horse")
    client.logout()
    assert authenticate(username="ada@example.com", password="wrong") is None
    recorder.flush()
    assert told(action__startswith="user.") == [
        ("user.login", "success"),
        ("user.logout", "success"),
        ("user.login", "failure"),
    ]
    failed = PendingEntry.objects.get(outcome="failure")
    assert (failed.target_id, failed.actor, failed.details) == (hint("Ada@Example.com "), "", {"attempts": 1})


@pytest.mark.usefixtures("eager")
def test_a_token_is_told_of_when_it_is_made_used_refused_and_removed(ada: Any) -> None:
    token = tokens.issue(ada, 1)
    known = tokens.digest_of(token)[:8]
    good = Client(headers={"authorization": f"Bearer {token}"}, REMOTE_ADDR="198.51.100.5")
    bad = Client(headers={"authorization": "Bearer wrong"}, REMOTE_ADDR="198.51.100.6")
    for _ in range(2):
        assert good.get("/api/monitoring/findings/").status_code == 200
    assert bad.get("/api/monitoring/findings/").status_code == 401
    tokens.revoke(token)
    tokens.store(token, ada, -1)
    assert tokens.find(token) is None
    recorder.flush()
    assert told(target_type="token") == [
        ("token.create", "success"),
        ("token.use", "success"),
        ("token.use", "failure"),
        ("token.delete", "success"),
        ("token.create", "success"),
        ("token.expire", "success"),
    ]
    used = PendingEntry.objects.get(action="token.use", outcome="success")
    assert (used.actor, used.token, used.client) == ("ada", known, "198.51.100.5")
    assert token not in str(list(PendingEntry.objects.values()))


@pytest.mark.usefixtures("eager")
def test_who_may_not_is_told_of() -> None:
    member = Client(REMOTE_ADDR="198.51.100.3")
    member.force_login(get_user_model().objects.create_user("bob"))
    assert member.get("/api/monitoring/findings/").status_code == 403
    recorder.flush()
    denied = PendingEntry.objects.get(action="access.refuse")
    assert (denied.outcome, denied.actor, denied.client) == ("denied", "bob", "198.51.100.3")
    assert denied.target_id == "GET api/monitoring/findings/"


def test_a_storm_is_told_of_in_few_entries_that_stand_for_all_of_it() -> None:
    recorder.reset()
    told_of = [stands_for("key", "203.0.113.7", 60_000_000_000) for _ in range(1_024)]
    assert sum(told_of) == 1_024
    assert len([one for one in told_of if one]) == 15
    assert stands_for("key", "203.0.113.7", 120_000_000_000) == 1


def test_addresses_that_one_customer_is_given_are_one_client() -> None:
    told = [stands_for("one", f"2001:db8::{number:x}", 60_000_000_000) for number in range(1, 65)]
    assert sum(map(bool, told)) == 11
    assert stands_for("one", "2001:db8:1::1", 60_000_000_000) == 1


@pytest.mark.django_db
def test_what_people_do_in_the_admin_is_told_of_once_each(ada: Any) -> None:
    client = Client(REMOTE_ADDR="198.51.100.8")
    client.force_login(ada)
    assert client.post(reverse("admin:auth_group_add"), {"name": "ops"}).status_code == 302
    groups = [Group.objects.get(), *(Group.objects.create(name=name) for name in ("a", "b"))]
    chosen = {"action": "delete_selected", "_selected_action": [one.pk for one in groups], "post": "yes"}
    assert client.post(reverse("admin:auth_group_changelist"), chosen).status_code == 302
    entries = PendingEntry.objects.filter(action__startswith="admin.").order_by("at", "pk")
    assert [one.action for one in entries] == ["admin.add", *["admin.delete"] * 3]
    assert {(one.target_type, one.actor, one.client) for one in entries} == {("auth.group", "ada", "198.51.100.8")}
    assert entries[0].details["object"] == "ops"


@pytest.mark.django_db
def test_an_admin_page_whose_entry_cannot_be_kept_changes_nothing(monkeypatch: pytest.MonkeyPatch, ada: Any) -> None:
    def full(*_: Any) -> None:
        raise DataError("no room")

    client = Client(raise_request_exception=False)
    client.force_login(ada)
    monkeypatch.setattr(keeping, "write", full)
    assert client.post(reverse("admin:auth_group_add"), {"name": "ops"}).status_code >= 500
    assert not Group.objects.exists()


@pytest.mark.django_db
def test_commands_tell_what_they_do(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_admin_token", "--user", "eve")
    throttle()
    call_command("unblock", "--throttles")
    call_command("mark_release", "1.2.3")
    call_command("revoke_admin_token", "--user", "eve")
    assert [action for action, _ in told()] == [
        "user.create",
        "token.create",
        "throttle.create",
        "throttle.end_all",
        "release.mark",
        "token.delete",
    ]


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_client")
def test_a_dead_letter_that_is_replayed_is_told_of(ada: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    good = commit.CONSUMERS

    def broken(measures: Any, *_: Any) -> list[Any]:
        return [1 // 0] if measures else []

    monkeypatch.setattr(commit, "CONSUMERS", (broken,))
    Source().send(*operations(3))
    drain_all()
    monkeypatch.setattr(commit, "CONSUMERS", good)
    letter = DeadLetter.objects.get()
    bearer = Client(headers={"authorization": f"Bearer {tokens.issue(ada, 1)}"})
    answer = bearer.post(f"/api/monitoring/dead-letters/{letter.pk}/replay/")
    assert answer.status_code == 200, answer.content
    (entry,) = PendingEntry.objects.filter(action="dead_letter.replay")
    assert (entry.target_id, entry.actor, entry.details["events"]) == (str(letter.pk), "ada", 3)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body", "action"),
    [
        ("tasks/t-1/revoke/", {}, "task.revoke"),
        ("queues/q/purge/", {"confirm": "q", "expected": 0}, "queue.purge"),
        ("workers/w@vm/scale/", {"by": 1}, "worker.scale"),
        ("workers/w@vm/add-consumer/", {"queue": "q"}, "worker.add-consumer"),
    ],
)
def test_an_action_on_tasks_and_workers_is_told(
    ada: Any, settings: Any, path: str, body: dict[str, Any], action: str
) -> None:
    """The broker is away: what was asked for is told all the same."""
    settings.MONITORING = {**settings.MONITORING, "REDIS_URL": "redis://127.0.0.1:1/0"}
    assert get_config().redis_url.endswith(":1/0")
    bearer = Client(headers={"authorization": f"Bearer {tokens.issue(ada, 1)}"})
    assert bearer.post(f"/api/monitoring/{path}", body, content_type=JSON).status_code == 503
    assert (action, "failure") in told(actor="ada")


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_client")
def test_a_fact_that_is_replayed_is_kept_once(settings: Any) -> None:
    from monitoring.journal.deeds.consume import consume
    from monitoring.storage.folding import Fact
    from tests.errors.groups.making import scope

    entry = {"id": "0" * 31 + "7", "stream": "business", "action": "order.pay", "values": {"details": {"n": 1}}}
    facts = [Fact("entry", "shop", 1_795_000_000_000, entry, {"environment": "staging"})]
    odd = [Fact("entry", "shop", 1, {**entry, "stream": "gossip"}, {}), Fact("entry", "shop", 1, {"id": "x"}, {})]
    where = scope()
    for _ in range(2):
        for write in consume({}, {"entry": [*facts, *facts, *odd]}, where):
            write()
    (row,) = PendingEntry.objects.all()
    assert (row.service, row.environment, row.details, where.due) == ("shop", "staging", {"n": 1}, {"journal"})
