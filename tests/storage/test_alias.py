"""A second name for a column works wherever the column's own name does."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.migrations.state import ModelState
from django.db.models import Count, F, Max, Q, Value
from django.db.models.functions import Concat, Lower, TruncHour
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework import serializers

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.log.models import ErrorLog
from monitoring.storage.alias import AliasField

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
Rows = ErrorLog.objects


def error(message: str, hours: int = 0, **values: Any) -> ErrorLog:
    return Rows.create(message=message, timestamp=NOON + timedelta(hours=hours), **values)


@pytest.fixture
def three() -> list[ErrorLog]:
    return [error("a", 0), error("b", 1), error("C", 2)]


def messages(rows: Any) -> list[str]:
    return [row.message for row in rows]


class TestOnInstances:
    def test_either_name_is_given_and_either_one_is_read(self) -> None:
        for row in (ErrorLog(message="x", timestamp=NOON), ErrorLog(exception_message="x", created=NOON)):
            assert (row.message, row.exception_message, row.timestamp, row.created) == ("x", "x", NOON, NOON)

    def test_without_a_value_the_default_of_the_column_is_read(self) -> None:
        assert ErrorLog().message == ""
        assert ErrorLog().timestamp is not None

    def test_a_name_that_is_neither_is_refused(self) -> None:
        with pytest.raises(TypeError):
            ErrorLog(massage="x")

    def test_setting_one_sets_the_other(self) -> None:
        row = error("x")
        row.message = "y"
        row.save()
        assert Rows.get().exception_message == "y"

    def test_one_can_be_saved_alone(self) -> None:
        row = error("x", error_type="KeyError")
        row.message, row.error_type = "y", "ValueError"
        row.save(update_fields=["message"])
        row.refresh_from_db()
        assert (row.message, row.error_type) == ("y", "KeyError")

    def test_one_can_be_loaded_again_alone(self) -> None:
        row = error("x")
        Rows.update(message="y", error_type="KeyError")
        row.refresh_from_db(fields=["message"])
        assert (row.message, row.error_type) == ("y", "")

    def test_copies_and_pickles_hold_the_column_once(self) -> None:
        row = error("x")
        for other in (copy.copy(row), copy.deepcopy(row), pickle.loads(pickle.dumps(row))):
            assert (other, other.message, other.timestamp) == (row, "x", NOON)
        assert "message" not in row.__dict__
        assert messages(pickle.loads(pickle.dumps(Rows.all()))) == ["x"]


class TestReading:
    @pytest.mark.parametrize(
        ("condition", "found"),
        [
            (Q(message="b"), ["b"]),
            (Q(message__icontains="c"), ["C"]),
            (Q(message__in=["a", "b"]), ["a", "b"]),
            (Q(message__startswith="a") | Q(message__exact="b"), ["a", "b"]),
            (~Q(message="b"), ["a", "C"]),
            (Q(message=F("exception_message")), ["a", "b", "C"]),
            (Q(timestamp=NOON), ["a"]),
            (Q(timestamp__gte=NOON + timedelta(hours=1)), ["b", "C"]),
            (Q(timestamp__range=(NOON, NOON + timedelta(hours=1))), ["a", "b"]),
            (Q(timestamp__date="2026-11-22", timestamp__hour=13), ["b"]),
            (Q(timestamp__in=[NOON, NOON + timedelta(hours=2)]), ["a", "C"]),
            (Q(timestamp__lt=NOON.astimezone() + timedelta(minutes=1)), ["a"]),
            (Q(message__isnull=False), ["a", "b", "C"]),
            (Q(timestamp__isnull=True), []),
        ],
    )
    def test_conditions(self, three: list[ErrorLog], condition: Q, found: list[str]) -> None:
        assert messages(Rows.filter(condition).order_by("timestamp")) == found

    def test_a_condition_is_the_one_on_the_column(self) -> None:
        pairs = [("message__in", ["a"], "exception_message__in"), ("timestamp__gte", NOON, "created__gte")]
        for alias, value, column in pairs:
            assert str(Rows.filter(**{alias: value}).query) == str(Rows.filter(**{column: value}).query)

    @pytest.mark.parametrize(("order", "found"), [("timestamp", ["a", "b", "C"]), ("-timestamp", ["C", "b", "a"])])
    def test_order(self, three: list[ErrorLog], order: str, found: list[str]) -> None:
        assert messages(Rows.order_by(order)) == found
        assert messages(Rows.order_by(order).reverse()) == found[::-1]

    def test_order_by_an_expression_and_by_both_ends(self, three: list[ErrorLog]) -> None:
        assert messages(Rows.order_by(Lower("message").desc())) == ["C", "b", "a"]
        assert messages(Rows.order_by(F("timestamp").asc())) == ["a", "b", "C"]
        assert (Rows.latest("timestamp").message, Rows.earliest("timestamp").message) == ("C", "a")

    def test_values_are_named_as_asked(self, three: list[ErrorLog]) -> None:
        assert Rows.filter(message="a").values("timestamp", "message").get() == {"timestamp": NOON, "message": "a"}
        assert list(Rows.order_by("timestamp").values_list("message", flat=True)) == ["a", "b", "C"]
        assert Rows.values("message").distinct().count() == 3

    def test_aggregates_annotations_and_groups(self, three: list[ErrorLog]) -> None:
        error("a", 5)
        assert Rows.aggregate(last=Max("timestamp"))["last"] == NOON + timedelta(hours=5)
        grouped = Rows.order_by().values("message").annotate(count=Count("id")).order_by("-count", "message")
        assert grouped[0] == {"message": "a", "count": 2}
        hours = Rows.annotate(hour=TruncHour("timestamp")).order_by("hour").values_list("hour", flat=True)
        assert hours[0] == NOON
        assert list(Rows.datetimes("timestamp", "day")) == [NOON.replace(hour=0)]

    def test_across_a_relation(self, three: list[ErrorLog]) -> None:
        group = ErrorGroup.objects.create(first_seen=NOON, last_seen=NOON)
        error("grouped", 1, group=group)
        assert ErrorGroup.objects.get(errors__message__startswith="grou", errors__timestamp__gt=NOON) == group

    def test_only_what_is_named_is_loaded(self, three: list[ErrorLog]) -> None:
        with CaptureQueriesContext(connection) as counted:
            assert messages(Rows.only("message", "id")) == ["C", "b", "a"]
        assert len(counted) == 1
        assert '"traceback"' not in counted[0]["sql"]

    def test_what_is_deferred_is_loaded_when_it_is_read(self, three: list[ErrorLog]) -> None:
        with CaptureQueriesContext(connection) as counted:
            row = Rows.defer("message").first()
        assert '"exception_message"' not in counted[0]["sql"]
        with CaptureQueriesContext(connection) as counted:
            assert row is not None
            assert row.message == "C"
        assert len(counted) == 1
        assert "exception_message" in str(Rows.defer("message").defer(None).query)


class TestWriting:
    def test_create_and_bulk_create(self) -> None:
        Rows.bulk_create([ErrorLog(message=text, timestamp=NOON) for text in "ab"])
        assert sorted(Rows.filter(created=NOON).values_list("exception_message", flat=True)) == ["a", "b"]

    def test_get_or_create_and_update_or_create(self) -> None:
        first, made = Rows.get_or_create(message="x", defaults={"timestamp": NOON})
        assert (made, first.created) == (True, NOON)
        assert Rows.get_or_create(message="x", defaults={"timestamp": NOON}) == (first, False)
        changed, made = Rows.update_or_create(error_id=first.error_id, defaults={"message": "y"})
        assert (made, changed.pk, Rows.get().message) == (False, first.pk, "y")

    def test_update(self, three: list[ErrorLog]) -> None:
        assert Rows.filter(message="a").update(message="z", timestamp=NOON - timedelta(days=1)) == 1
        row = Rows.get(exception_message="z")
        assert row.created == NOON - timedelta(days=1)
        Rows.update(message=Concat(F("message"), Value("!")))
        assert messages(Rows.order_by("timestamp")) == ["z!", "b!", "C!"]

    def test_bulk_update(self, three: list[ErrorLog]) -> None:
        for row in three:
            row.message = row.message * 2
        assert Rows.bulk_update(three, ["message"]) == 3
        assert messages(Rows.order_by("timestamp")) == ["aa", "bb", "CC"]

    def test_delete(self, three: list[ErrorLog]) -> None:
        Rows.filter(message__in=["a", "b"]).delete()
        assert messages(Rows.all()) == ["C"]


class TestOthers:
    def test_a_serializer_of_the_model_shows_it(self) -> None:
        class Shown(serializers.ModelSerializer[ErrorLog]):
            class Meta:
                model = ErrorLog
                fields = ["message", "timestamp", "exception_message"]

        assert Shown(error("x")).data["message"] == "x"
        written = Shown(data={"exception_message": "y"})
        assert written.is_valid()
        assert written.save().message == "y"

    def test_the_admin_lists_orders_and_searches_by_it(self, three: list[ErrorLog], admin_user: Any) -> None:
        class Shown(admin.ModelAdmin):  # type: ignore[type-arg]
            list_display = ["message", "timestamp"]
            search_fields = ["message"]
            ordering = ["-timestamp"]

        request = RequestFactory().get("/", {"q": "b", "o": "1"})
        request.user = admin_user
        page = Shown(ErrorLog, admin.AdminSite()).changelist_view(request)
        assert messages(page.context_data["cl"].result_list) == ["b"]  # type: ignore[attr-defined]
        assert b"column-message" in page.render().content  # type: ignore[attr-defined]

    def test_migrations_see_no_column_of_it(self) -> None:
        written = ModelState.from_model(ErrorLog).fields
        assert {"exception_message", "created"} <= written.keys()
        assert not {"message", "timestamp"} & written.keys()

    def test_it_can_be_deconstructed(self) -> None:
        name, path, _, kwargs = AliasField(of="x", verbose_name="y").deconstruct()
        assert (name, path, kwargs) == (None, "monitoring.storage.alias.AliasField", {"of": "x", "verbose_name": "y"})
