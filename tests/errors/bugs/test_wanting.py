"""Which errors make their group want a bug: all, but those that are said to be nobody's mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client

from monitoring.conf import Config, load
from monitoring.errors.bugs import wanting
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.bugs.opening import want
from monitoring.errors.groups.models import ErrorGroup, GroupFingerprint
from monitoring.intake.drain import drain
from monitoring.recording.recorder import recorder
from monitoring.stream.streams import FACTS
from tests.errors.bugs.making import at_desk, bug, run
from tests.errors.digest.events import Shop, error, repetition
from tests.pipeline import client, drain_all, intake

ERROR: dict[str, Any] = {
    "kind": "exception",
    "name": "POST orders/",
    "chain": [
        {
            "type": "shop.errors.SoldOut",
            "mro": ["shop.errors.SoldOut", "shop.errors.Refusal", "Exception"],
            "message": "no bolts left",
            "frames": [["shop.stock", "/srv/stock.py", "Stock.take", 7, True]],
        }
    ],
}
DEFAULT = wanting.read_all(Config().bugs_not_for)


def may(*entries: dict[str, str], status: int = 409, severity: str = "low", **values: Any) -> bool:
    read = wanting.read_all(entries) if entries else DEFAULT
    return wanting.may_have_bug(ERROR | values, "shop", status, lambda: severity, read)


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "SoldOut"},
        {"type": "shop.errors.*"},
        {"type": "Refusal"},
        {"status": "409"},
        {"status": "4*"},
        {"severity": "low"},
        {"kind": "exception"},
        {"name": "* orders/"},
        {"module": "shop.stock"},
        {"function": "Stock.*"},
        {"message": "no * left"},
        {"service": "shop", "status": "4??"},
    ],
)
def test_what_an_entry_names_may_have_no_bug(entry: dict[str, str]) -> None:
    assert not may(entry)


@pytest.mark.parametrize(
    "entry", [{"type": "SoldOut", "status": "5*"}, {"status": "4"}, {"severity": "high"}, {"name": "orders/"}]
)
def test_an_entry_is_met_as_a_whole(entry: dict[str, str]) -> None:
    assert may(entry)
    assert not may(entry, {"type": "SoldOut"}), "one of several is enough"


@pytest.mark.parametrize(
    "name",
    [
        "GET api/monitoring/bugs/",
        "POST ops/api/monitoring/errors/groups/<int:pk>/merge/",
        "GET ^api/monitoring/(?:.*/)?$",
        "GET api/errors/summary/",
        "GET api/docs/",
        "GET metrics",
    ],
)
def test_refusals_of_enginels_own_addresses_are_nobodys_mistake_and_crashes_there_are(name: str) -> None:
    assert not may(name=name, status=400)
    assert may(name=name, status=500)


def test_a_probe_that_says_what_is_unhealthy_is_no_bug() -> None:
    told: dict[str, Any] = {"kind": "response", "chain": [], "name": "GET api/health/detailed/"}
    assert not may(status=503, **told)
    assert may(status=500, **told)
    assert may(status=503, **{**told, "name": "GET orders/"})


def test_by_default_refusals_of_the_project_may_have_bugs_and_unknown_hosts_none() -> None:
    assert may()
    assert may(name="GET shop/api/monitoringes/", status=404)
    unknown = "django.core.exceptions.DisallowedHost"
    assert not may(chain=[{"type": unknown, "mro": [unknown, "Exception"], "frames": []}], status=400)


def test_what_a_task_says_it_may_end_with_has_no_bug() -> None:
    assert not may(expected=True)
    assert may(expected="yes")


def test_a_severity_is_found_out_only_where_an_entry_asks_for_it() -> None:
    asked: list[int] = []
    entries = wanting.read_all([{"status": "5*"}])
    assert wanting.may_have_bug(ERROR, "shop", 409, lambda: str(asked.append(1)), entries)
    assert asked == []


@pytest.mark.parametrize("value", [7, {}, "x", {"regex": "x"}, {"type": ""}, {"type": 5}, {"type": "x" * 201}])
def test_an_entry_of_another_form_is_told_with_its_place_and_left_out(value: Any) -> None:
    (told,) = wanting.problems([{"type": "x"}, value])
    assert told.startswith("MONITORING['BUGS_NOT_FOR'][1]")
    assert " must be " in told
    assert len(wanting.read_all([{"type": "x"}, value])) == 1


def test_there_is_an_end_of_entries() -> None:
    assert wanting.problems([{"type": "x"}] * 201) == ["MONITORING['BUGS_NOT_FOR'] can have 200 entries, not 201."]


def test_django_reports_wrong_entries_at_start(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "BUGS_NOT_FOR": [{"type": "x"}, {"match": {"type": "x"}}]}
    assert len([message for message in run_checks() if message.id == "monitoring.E007"]) == 1
    assert len(wanting.configured()) == 1
    assert load({"BUGS_NOT_FOR": {"type": "x"}}).bugs_not_for == Config().bugs_not_for
    assert wanting.problems(Config().bugs_not_for) == []


class TestInADrain:
    """Groups that such errors are counted in."""

    pytestmark = [pytest.mark.usefixtures("redis_client", "planning"), pytest.mark.django_db]

    def test_a_group_of_excluded_errors_wants_none_until_one_comes_that_is_not(self, settings: Any) -> None:
        settings.MONITORING = {**settings.MONITORING, "BUGS_NOT_FOR": [{"status": "4*"}]}
        shop, due = Shop(), intake(FACTS)
        shop.send(error(status=409), error(expected=True))
        drain(due, client())
        assert (ErrorGroup.objects.get().bug_state, due.due) == ("", {"alerts"})
        shop.send(error(status=500))
        drain(due, client())
        assert (ErrorGroup.objects.get().bug_state, due.due) == ("wanted", {"alerts", "bugs"})

    def test_somebody_may_ask_for_its_bug_all_the_same(self) -> None:
        Shop().send(error(expected=True))
        drain_all(FACTS)
        assert want([ErrorGroup.objects.get().pk], at_desk()) == 1
        run()
        assert bug().group == ErrorGroup.objects.get()

    def test_repetitions_reach_the_threshold_of_what_came_in_full(self, settings: Any) -> None:
        settings.ERROR_TRACKING = {**settings.ERROR_TRACKING, "BUG_THRESHOLD": 3}
        shop = Shop()
        shop.send(error(), error("sell", expected=True))
        drain_all(FACTS)
        prints = dict(GroupFingerprint.objects.values_list("group_id", "fingerprint"))
        shop.send(*[repetition(one) for one in prints.values() for _ in range(4)])
        drain_all(FACTS)
        states = ErrorGroup.objects.order_by("culprit").values_list("culprit", "count", "bug_state")
        assert list(states) == [("shop.stock.buy", 5, "wanted"), ("shop.stock.sell", 5, "")]

    def test_who_mistypes_enginels_api_or_asks_an_unknown_host_makes_no_bug(self, api: Client, planning: Path) -> None:
        api.get("/api/monitoring/bugs/?bogus=1")
        api.get("/api/monitoring/nowhere/")
        api.post("/api/monitoring/bugs/")
        Client().get("/api/errors/summary/")
        Client().get("/", headers={"host": "evil.example.com"})
        Client(enforce_csrf_checks=True).post("/admin/login/")
        assert recorder.flush()
        drain_all(FACTS)
        run()
        assert ErrorGroup.objects.count() == 6
        (made,) = KnownBug.objects.all()
        assert made.title == "CSRF check failed: POST admin/login/"
        assert "CSRF cookie not set" in made.description
        (file,) = planning.iterdir()
        assert made.description in file.read_text()
