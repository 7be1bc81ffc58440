from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from monitoring.conf import Config
from monitoring.errors.bugs.models import KnownBug
from monitoring.errors.groups import actions, merging
from monitoring.errors.groups.models import ErrorGroup, GroupEntry, GroupFingerprint, GroupHour, GroupUser
from monitoring.errors.groups.retention import prune
from monitoring.errors.log.models import ErrorLog

from .making import T0, at, group, meet, occur

pytestmark = pytest.mark.django_db

CONFIG = Config(hour_retention_days=30, day_retention_days=400)
LATER = T0 + timedelta(days=400, minutes=10)


def left() -> set[str]:
    return set(ErrorGroup.objects.values_list("title", flat=True))


def test_a_group_goes_with_all_that_is_known_of_it() -> None:
    one = group()
    occur(one, [1], "1.0")
    meet(one, ["anna"])
    actions.resolve([one.pk], None)

    prune(CONFIG, LATER)

    for model in (ErrorGroup, ErrorLog, GroupEntry, GroupFingerprint, GroupHour, GroupUser):
        assert not model._default_manager.exists()


def test_what_somebody_cares_about_stays() -> None:
    group("forgotten")
    group("below the threshold", bug_state="candidate")
    group("seen lately", 11)
    bug = group("bug")
    KnownBug.objects.create(bug_id="B-001", group=bug, title="no", fingerprint="f")
    group("wanted", bug_state="wanted")
    commented = group("commented")
    actions.comment(commented.pk, "We wait for the vendor.", None)
    assigned = group("decided only")
    actions.resolve([assigned.pk], None)

    prune(CONFIG, LATER)

    assert left() == {"seen lately", "bug", "wanted", "commented"}


def test_groups_that_are_merged_go_together_or_stay_together() -> None:
    for kind, minutes in [("old", 0), ("new", 11)]:
        root, member = group(f"{kind} root"), group(f"{kind} member", minutes)
        merging.merge(root.pk, [member.pk], None)

    prune(CONFIG, LATER)

    assert left() == {"new root", "new member"}


def test_hours_go_before_their_groups() -> None:
    one = group("one", 60 * 24 * 31)
    occur(one, [0, 60, 24 * 60 * 30])

    prune(CONFIG, at(60 * 24 * 31))

    assert sum(GroupHour.objects.values_list("count", flat=True)) == 1
    assert left() == {"one"}


def test_nobody_waits_long_however_many_go() -> None:
    for _ in range(150):
        group()

    with CaptureQueriesContext(connection) as queries:
        prune(CONFIG, LATER)

    assert left() == set()
    deleted = [query["sql"] for query in queries if query["sql"].startswith('DELETE FROM "monitoring_errorgroup"')]
    assert len(deleted) == 2
