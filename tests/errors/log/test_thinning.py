"""The log stays within its bounds, and an error's id can be looked up whatever was given up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import tasks.errors
from monitoring.conf import Config
from monitoring.errors.families import families
from monitoring.errors.log import thinning, totals
from monitoring.errors.log.models import ErrorLog
from monitoring.errors.log.thinning import SLIM, evict, thin, thin_payloads
from tasks.schedule import SCHEDULE

from .rows import full, make_group, slim, store

pytestmark = pytest.mark.django_db

CONFIG = Config(errors_kept_per_group=10, errors_kept_per_service=1_000, errors_kept=2_000, errors_stored=1_000_000)


@pytest.fixture(autouse=True)
def short_statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(thinning, "_ROWS", 7)
    return


def kept() -> list[str]:
    return list(ErrorLog.objects.exclude(kept="").order_by("created").values_list("kept", flat=True))


class TestPayloads:
    def test_what_is_within_the_bounds_stays(self) -> None:
        store(*(full(make_group(), ago=ago) for ago in range(10)))
        with CaptureQueriesContext(connection) as counted:
            assert thin(CONFIG) == (0, 0)
        assert len(counted) == 3
        assert totals.read() == {"payloads": 0, "rows": 0}

    def test_a_group_keeps_its_turning_points_and_an_even_sample(self) -> None:
        group = make_group()
        store(full(group, ago=1_000, kept="new"), full(group, ago=500, kept="turning"))
        store(*(full(group, ago=ago, kept="sample") for ago in range(50)))
        assert thin_payloads(CONFIG) == 42
        assert kept() == ["new", "turning", *["sample"] * 8]
        assert ErrorLog.objects.count() == 52
        assert totals.read()["payloads"] == 42
        newest = ErrorLog.objects.first()
        assert newest is not None
        assert newest.kept == "sample"

    def test_a_slim_row_still_says_what_it_was(self) -> None:
        group = make_group()
        first, *_ = store(*(full(group, ago=ago, kept="sample") for ago in range(20, 0, -1)))
        thin_payloads(replace(CONFIG, errors_kept_per_group=1))
        row = ErrorLog.objects.get(error_id=first.error_id)
        assert {name: getattr(row, name) for name in SLIM} == SLIM
        assert (row.group_id, row.error_type, row.severity, row.user_key) == (group.pk, "PriceError", "medium", "5")
        assert (row.name, row.url_pattern, row.trace_id) == ("POST api/basket/", "api/basket/", "ab" * 16)

    def test_a_service_gives_up_samples_of_its_frequent_groups(self) -> None:
        frequent, seldom, other = make_group(), make_group(), make_group(service="other")
        store(*(full(frequent, ago=ago, kept="sample") for ago in range(9)))
        store(full(seldom, kept="sample"), full(seldom, kept="rare"))
        store(*(full(other, service="other", kept="sample") for _ in range(9)))
        thin_payloads(replace(CONFIG, errors_kept_per_service=9))
        left = ErrorLog.objects.exclude(kept="")
        assert [left.filter(group=group).count() for group in (frequent, seldom, other)] == [7, 2, 9]

    def test_in_all_so_many_are_kept_and_the_new_ones_longest(self) -> None:
        for _ in range(20):
            store(full(make_group(), kept="new"), full(make_group(), kept="sample"))
        thin_payloads(replace(CONFIG, errors_kept=15))
        assert kept() == ["new"] * 15

    def test_what_a_program_wrote_is_no_groups_and_goes_last(self) -> None:
        ErrorLog.objects.bulk_create([full(kept="manual", ago=ago) for ago in range(30)])
        group = make_group()
        store(*(full(group, ago=ago, kept="sample") for ago in range(10)))
        thin_payloads(replace(CONFIG, errors_kept=30))
        assert kept() == ["manual"] * 30
        thin_payloads(replace(CONFIG, errors_kept=12))
        assert kept() == ["manual"] * 12

    def test_twice_is_as_good_as_once(self) -> None:
        group = make_group()
        store(*(full(group, ago=ago, kept="sample") for ago in range(50)))
        assert [thin_payloads(CONFIG) for _ in range(3)] == [40, 0, 0]
        assert totals.read()["payloads"] == 40

    def test_it_takes_as_many_statements_for_one_group_as_for_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(thinning, "_ROWS", 500)
        totals.add(totals.PAYLOADS, 1)

        def queries(groups: int) -> int:
            for _ in range(groups):
                group = make_group()
                store(full(group, kept="sample"), full(group, kept="sample"))
            with CaptureQueriesContext(connection) as counted:
                assert thin_payloads(replace(CONFIG, errors_kept_per_group=1)) == groups
            return len(counted)

        assert queries(1) == queries(40)


class TestRows:
    def test_few_rows_are_not_even_counted(self) -> None:
        store(*(slim(ago=ago) for ago in range(10)))
        with CaptureQueriesContext(connection) as counted:
            assert evict(CONFIG) == 0
        assert not any("COUNT" in query["sql"] for query in counted)

    def test_the_oldest_slim_ones_go_and_are_counted(self) -> None:
        store(*(slim(ago=ago) for ago in range(100, 40, -1)), *(full(ago=ago) for ago in range(200, 190, -1)))
        assert evict(replace(CONFIG, errors_stored=50)) == 21
        assert ErrorLog.objects.count() == 49
        assert totals.read()["rows"] == 21
        assert ErrorLog.objects.exclude(kept="").count() == 10
        oldest = ErrorLog.objects.filter(kept="").earliest("created")
        assert (ErrorLog.objects.latest("created").created - oldest.created).total_seconds() < 40

    def test_numbers_that_were_never_used_count_for_nothing(self) -> None:
        store(slim(ago=5, id=1), slim(ago=4, id=1_000))
        assert evict(replace(CONFIG, errors_stored=50)) == 0

    def test_there_may_be_nothing_slim(self) -> None:
        store(*(full(ago=ago) for ago in range(20)))
        assert evict(replace(CONFIG, errors_stored=10)) == 0
        assert ErrorLog.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_a_row_that_intake_writes_to_is_left_for_the_next_time() -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("this database has one writer at a time")
    from django.db import transaction

    from tests.errors.log.threads import elsewhere

    group = make_group()
    first, *_ = store(*(full(group, ago=ago, kept="sample") for ago in range(3)))
    config = replace(CONFIG, errors_kept_per_group=1, errors_kept=1)
    with transaction.atomic():
        ErrorLog.objects.filter(kept="sample").update(severity="high")
        assert elsewhere(lambda: thin_payloads(config)) == 0
    assert elsewhere(lambda: thin_payloads(config)) == 2
    assert first.pk


@pytest.mark.usefixtures("eager")
def test_a_task_does_it_each_minute(settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "ERRORS_KEPT_PER_GROUP": 5}
    group = make_group()
    store(*(full(group, ago=ago, kept="sample") for ago in range(9)))
    tasks.errors.thin()
    assert kept() == ["sample"] * 5
    assert SCHEDULE["enginel-thin-errors"] == {
        "task": tasks.errors.thin.name,
        "schedule": 60.0,
        "options": {"expires": 60},
    }


def test_what_was_given_up_is_among_the_metrics() -> None:
    totals.add(totals.PAYLOADS, 7)
    (family,) = (one for one in families(CONFIG) if one.name == "enginel_errors_given_up")
    assert {sample.labels["what"]: sample.value for sample in family.samples} == {"payloads": 7, "rows": 0}
