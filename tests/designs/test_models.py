"""A design's states change once, whoever comes first."""

from datetime import timedelta

import pytest
from django.utils import timezone

from designs.models import LEASE, MAX_ATTEMPTS, Design, Series, Status


def reread(design: Design) -> Design:
    return Design.objects.get(pk=design.pk)


def test_work_begins_on_an_uploaded_design(anna, make_design):
    design = make_design(anna)

    assert design.begin()
    assert reread(design).status == Status.PROCESSING
    assert reread(design).lease_until > timezone.now() + LEASE / 2


def test_work_can_begin_again_when_a_task_is_delivered_twice(anna, make_design):
    design = make_design(anna)

    assert design.begin()
    assert design.begin()


@pytest.mark.parametrize("status", [Status.READY, Status.FAILED])
def test_a_finished_design_never_changes_again(anna, make_design, status):
    design = make_design(anna, status=status)

    assert not design.begin()
    assert not design.keep("geometry", {})
    assert not design.fail("too late")
    assert not design.expect_work()
    assert not design.due_now()
    assert (reread(design).status, reread(design).error_message, reread(design).geometry) == (status, "", None)


@pytest.mark.parametrize("order", [("geometry", "bom"), ("bom", "geometry")])
def test_a_design_is_ready_once_it_has_both_results_in_any_order(anna, make_design, order):
    design = make_design(anna)
    design.begin()

    assert design.keep(order[0], {"a": 1})
    assert reread(design).status == Status.PROCESSING
    assert design.keep(order[1], {"b": 2})
    assert reread(design).status == Status.READY


def test_a_result_is_kept_once(anna, make_design):
    design = make_design(anna)
    design.begin()

    assert design.keep("geometry", {"first": True})
    assert not design.keep("geometry", {"second": True})
    assert reread(design).geometry == {"first": True}


def test_a_failure_keeps_its_message_within_bounds(anna, make_design):
    design = make_design(anna)

    assert design.fail("x" * 10_000)
    assert len(reread(design).error_message) == 500


def test_no_worker_takes_up_a_design_that_took_others_down(anna, make_design):
    design = make_design(anna, attempts=MAX_ATTEMPTS)

    assert not design.begin()


def test_only_one_of_two_resumers_gets_an_overdue_design(anna, make_design):
    design = make_design(anna, lease_until=timezone.now() - timedelta(minutes=1))
    other = reread(design)

    assert design.expect_work()
    assert not other.expect_work()


def test_each_wait_is_longer_than_the_one_before(anna, make_design):
    leases = []
    for times in (0, 1, 2, 60):
        design = make_design(anna, lease_until=timezone.now() - timedelta(minutes=1), times_queued=times)
        design.expect_work()
        leases.append(reread(design).lease_until)

    assert leases == sorted(leases)
    assert leases[-1] < timezone.now() + timedelta(hours=7)


def test_revisions_count_up_within_a_series(anna):
    series = Series.objects.create(owner=anna, name="Gearbox")

    assert [series.next_revision(), Series.objects.get(pk=series.pk).next_revision()] == [1, 2]


def test_a_file_is_stored_under_its_id_and_never_under_its_name(anna, make_design):
    design = make_design(anna, "plate.step")

    assert design.file.name == f"designs/{design.pk.hex[:2]}/{design.pk}.step"
