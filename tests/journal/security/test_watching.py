"""From requests to findings: over Redis, the drain, the tables and the watch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from monitoring.conf import get_config
from monitoring.guarding import guard
from monitoring.jobs.findings import Finding, FindingTotal
from monitoring.journal.audit.models import PendingEntry
from monitoring.journal.security import retention
from monitoring.journal.security.actions import dismiss
from monitoring.journal.security.kinds import QUIET_MINUTES, WINDOW_MINUTES
from monitoring.journal.security.models import PatternHit, SecurityFinding, TriedMinute, VisitMinute
from monitoring.journal.security.own import paths
from monitoring.protection.admins.models import ActingAdmin
from monitoring.protection.allowed.models import AllowedNetwork
from monitoring.protection.blocks.models import Block
from monitoring.recording import visits
from monitoring.recording.recorder import recorder
from monitoring.stream.streams import FACTS, MEASURES
from tests.pipeline import client as redis_of
from tests.pipeline import drain_all, stream

from .attackers import ATTACKS, BROWSER, PROBES
from .ordinary import everything
from .stage import ATTACKER, OFFICE, ask, kinds, sweep, take_in, watch

pytestmark = pytest.mark.usefixtures("redis_client", "transactional_db")
NETWORK = f"{ATTACKER}/32"


def test_ten_thousand_ordinary_requests_of_an_office_are_no_finding(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SECURITY_REQUESTS_PER_MINUTE": 20_000}
    ask(OFFICE, everything())
    for number in range(200):
        visits.sign_in(OFFICE, f"person {number}", success=True)
        visits.sign_in(OFFICE, f"person {number % 9}", success=False)
        visits.note(OFFICE, None, 200, "/api/", "", f"Bearer token-{number}", BROWSER)
        visits.note(OFFICE, None, 401, "/api/", "", f"Bearer expired-{number % 40}", BROWSER)
    sweep(OFFICE, [f"/removed/{number}/" for number in range(60)])
    sweep(OFFICE, [f"/assets/app.{number}.js" for number in range(300)])
    assert watch() == []


def test_requests_with_patterns_are_an_injection_whose_evidence_is_kept() -> None:
    ask(ATTACKER, ATTACKS["sql"][:5])
    (found,) = watch()
    assert (found.kind, found.subject, found.client) == ("security_injection", NETWORK, NETWORK)
    assert found.confidence > 0.99
    assert found.evidence["hits"] == 5
    assert found.evidence["patterns"] == {"sql": 5}
    assert all(len(example) <= 250 for example in found.evidence["examples"])
    assert PendingEntry.objects.filter(stream="security", action="finding.open").count() == 1
    assert PendingEntry.objects.filter(stream="security", action="pattern.sql").count() == 5


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        ("script", "injection"),
        ("command", "injection"),
        ("template", "injection"),
        ("traversal", "traversal"),
        ("tool", "scan"),
    ],
)
def test_each_kind_of_attack_is_found_from_one_request(kind: str, of: str) -> None:
    ask(ATTACKER, ATTACKS[kind][:1])
    assert kinds(watch()) == [(f"security_{of}", NETWORK)]


def test_one_weak_pattern_in_a_search_is_no_finding() -> None:
    ask(OFFICE, [("/search", "q=1'+UNION+SELECT+1,2--", BROWSER)])
    assert watch() == []
    assert PatternHit.objects.count() == 1


def test_a_sweep_of_paths_that_are_not_there_is_a_scan() -> None:
    sweep(ATTACKER, [f"/guess-{number}/" for number in range(80)])
    (found,) = watch()
    assert found.kind == "security_scan"
    assert (found.evidence["paths"], found.evidence["missing"]) == (80, 80)
    assert found.confidence == pytest.approx(1 - 30 / 160, abs=0.001)


def test_a_few_paths_that_only_scanners_ask_for_are_a_scan() -> None:
    sweep(ATTACKER, PROBES[:12])
    (found,) = watch()
    assert (found.kind, found.evidence["probes"]) == ("security_scan", 12)


def test_the_same_missing_path_again_and_again_is_no_scan() -> None:
    sweep(OFFICE, ["/favicon/", "/old/"] * 500)
    assert watch() == []


def test_many_accounts_of_one_client_are_stuffed_credentials() -> None:
    for number in range(25):
        visits.sign_in(ATTACKER, f"victim {number}", success=False)
    (found,) = watch()
    assert (found.kind, found.subject) == ("security_credentials", NETWORK)
    assert (found.evidence["accounts"], found.evidence["failures"]) == (25, 25)


def test_many_clients_at_one_account_are_stuffed_credentials() -> None:
    for number in range(25):
        visits.sign_in(f"203.0.{number}.9", "victim", success=False)
    (found,) = watch()
    assert (found.kind, found.subject, found.client) == ("security_credentials", "account victim", "")


def test_many_refused_tokens_of_one_client_are_abuse() -> None:
    for number in range(25):
        visits.note(ATTACKER, None, 401, "/api/", "", f"Bearer guess-{number}", BROWSER)
    (found,) = watch()
    assert (found.kind, found.subject, found.evidence["refused"]) == ("security_tokens", NETWORK, 25)


def test_one_expired_token_that_is_tried_for_ever_is_none() -> None:
    for _ in range(500):
        visits.note(OFFICE, None, 401, "/api/", "", "Bearer expired", BROWSER)
    assert watch() == []


def test_one_token_from_many_networks_is_abuse() -> None:
    for number in range(25):
        visits.note(f"203.{number}.113.9", None, 200, "/api/", "", "Bearer stolen", BROWSER)
    (found,) = watch()
    assert (found.kind, found.client, found.evidence["networks"]) == ("security_tokens", "", 25)
    assert "stolen" not in found.subject


def test_three_minutes_above_the_rate_are_a_finding_and_two_are_none() -> None:
    now = datetime.now(UTC)
    minute = int(now.timestamp()) // 60
    for network, minutes in ((NETWORK, 3), (f"{OFFICE}/32", 2)):
        for back in range(minutes):
            VisitMinute.objects.create(
                minute=minute - back, client=network, shard=0, requests=9_000, missing=0, denied=0
            )
    (found,) = watch(now)
    assert (found.kind, found.subject) == ("security_rate", NETWORK)
    assert found.confidence == pytest.approx(1 - 3_000 / 18_000, abs=0.001)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.0.2.5"])
def test_proxies_this_machine_and_who_is_allowed_make_no_scan(address: str, settings: Any) -> None:
    settings.MONITORING = {
        **settings.MONITORING,
        "TRUSTED_PROXIES": ["10.0.0.0/8"],
        "ALLOWED_CLIENTS": ["192.0.2.0/24"],
    }
    sweep(address, [f"/guess-{number}/" for number in range(80)])
    assert watch() == []


def test_a_finding_goes_on_as_one_row_and_closes_when_it_is_quiet() -> None:
    ask(ATTACKER, ATTACKS["sql"][:2])
    (first,) = watch()
    ask(ATTACKER, ATTACKS["sql"][2:6])
    (again,) = watch()
    assert (again.pk, again.evidence["hits"]) == (first.pk, 6)
    assert Finding.objects.get().detail["finding"] == first.pk
    assert FindingTotal.objects.get(kind="security_injection").count == 1
    later = datetime.now(UTC) + timedelta(minutes=QUIET_MINUTES + WINDOW_MINUTES)
    assert watch(later) == []
    assert SecurityFinding.objects.get().state == "closed"
    assert Finding.objects.get().closed == later
    actions = PendingEntry.objects.filter(action__startswith="finding.").order_by("action")
    assert list(actions.values_list("action", flat=True)) == ["finding.close", "finding.open"]


def test_what_was_dismissed_is_not_found_anew() -> None:
    ask(ATTACKER, ATTACKS["sql"][:2])
    (found,) = watch()
    assert dismiss(found.pk, "ann", datetime.now(UTC))
    assert not dismiss(found.pk, "bob", datetime.now(UTC))
    ask(ATTACKER, ATTACKS["sql"][:2])
    assert watch() == []
    assert Finding.objects.get().closed is not None
    found.refresh_from_db()
    assert (found.state, found.dismissed_by) == ("dismissed", "ann")
    assert PendingEntry.objects.filter(action="finding.dismiss", actor="ann").count() == 1


def test_nobody_is_blocked_unless_a_rule_says_so() -> None:
    ask(ATTACKER, ATTACKS["sql"])
    assert len(watch()) == 1
    assert not Block.objects.exists()


def test_a_rule_blocks_for_the_kinds_that_it_names(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SECURITY_BLOCKS": ["security_injection"]}
    ask(ATTACKER, ATTACKS["sql"][:5])
    sweep("203.0.113.99", [f"/guess-{number}/" for number in range(300)])
    found = watch()
    assert [(one.kind, one.blocked) for one in found] == [("security_injection", True), ("security_scan", False)]
    block = Block.objects.get()
    assert (block.network, block.withheld, block.crossed) == (NETWORK, "", "")
    assert block.reason.startswith("security_injection: ")
    Block.objects.update(ended=datetime.now(UTC))
    watch()
    assert Block.objects.count() == 1, "whom somebody let go is not blocked for the same again"


def test_nobody_is_blocked_who_is_allowed_or_from_where_staff_acts(settings: Any) -> None:
    now = datetime.now(UTC)
    settings.MONITORING = {
        **settings.MONITORING,
        "SECURITY_BLOCKS": ["security_injection"],
        "TRUSTED_PROXIES": ["10.0.0.0/8"],
    }
    AllowedNetwork.objects.create(network="192.0.2.0/24", created=now)
    ActingAdmin.objects.create(address="198.51.100.77", at=now)
    for one in ("192.0.2.5", "10.1.2.3", "198.51.100.77", "127.0.0.1"):
        ask(one, ATTACKS["sql"][:5])
    assert [found.blocked for found in watch()] == [False] * 4
    assert not Block.objects.filter(withheld="").exists()


def test_a_replayed_batch_counts_once() -> None:
    ask(ATTACKER, [*ATTACKS["sql"][:3], ("/", "", BROWSER)])
    assert recorder.flush()
    copies = {lane: redis_of().xrange(stream(lane).key) for lane in (MEASURES, FACTS)}
    drain_all()
    for lane, entries in copies.items():
        for _, fields in entries:
            redis_of().xadd(stream(lane).key, fields)
    drain_all()
    assert VisitMinute.objects.get().requests == 4
    assert PatternHit.objects.count() == 3


def test_hits_of_a_replay_under_another_producer_are_known_by_their_entry() -> None:
    ask(ATTACKER, ATTACKS["sql"][:1])
    take_in()
    hit = PatternHit.objects.get()
    PatternHit.objects.bulk_create(
        [PatternHit(entry_id=hit.pk, at=hit.at, client="x", weight=1, what=1)], ignore_conflicts=True
    )
    assert PatternHit.objects.get().client == NETWORK


def test_own_probes_are_no_evidence() -> None:
    assert "/metrics" in paths()
    assert "/api/health/" in paths()
    ask(OFFICE, [("/metrics", "", BROWSER), ("/api/health/", "", BROWSER), ("/", "", BROWSER)])
    take_in()
    assert VisitMinute.objects.get().requests == 1


def test_rows_go_when_the_window_has_passed_them() -> None:
    sweep(ATTACKER, ["/x/"])
    ask(ATTACKER, ATTACKS["sql"][:1])
    take_in()
    guard(get_config(), datetime.now(UTC) + timedelta(minutes=WINDOW_MINUTES + 5))
    assert not VisitMinute.objects.exists()
    assert not TriedMinute.objects.exists()
    assert not PatternHit.objects.exists()


def test_findings_that_were_closed_long_ago_are_dropped() -> None:
    old = datetime.now(UTC) - timedelta(days=100)
    values = {"kind": "security_scan", "confidence": 0.9, "says": "", "started": old, "seen": old}
    SecurityFinding.objects.create(subject=str(uuid4()), state="closed", closed=old, **values)
    kept = SecurityFinding.objects.create(subject=str(uuid4()), **values)
    retention.prune(get_config())
    assert list(SecurityFinding.objects.all()) == [kept]


def test_off_means_that_nothing_is_judged(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "SECURITY": False}
    ask(ATTACKER, ATTACKS["sql"][:5])
    assert watch() == []


def test_requests_of_django_are_looked_at(client: Client) -> None:
    for number in range(80):
        assert client.get(f"/guess-{number}/", REMOTE_ADDR=ATTACKER).status_code == 404
    assert client.get("/", {"id": "1' OR '1'='1"}, REMOTE_ADDR=ATTACKER).status_code < 500
    assert kinds(watch()) == [("security_injection", NETWORK), ("security_scan", NETWORK)]
