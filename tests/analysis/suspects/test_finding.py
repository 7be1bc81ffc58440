from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitoring.analysis import suspects
from monitoring.analysis.releases.marking import Deployment, mark
from monitoring.analysis.suspects import group as groups
from monitoring.analysis.suspects import slow
from monitoring.errors.groups.models import ErrorGroup, GroupHour
from monitoring.errors.log.models import ErrorLog
from monitoring.jobs.runs.models import TaskRun
from monitoring.performance.models import SlowSample
from monitoring.storage import partitions
from tests.api.conftest import admin, api

__all__ = ["admin", "api"]
pytestmark = pytest.mark.django_db

T0 = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TASK = "tasks.mail.send"


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def group(name: str = "GET api/cart/", **values: Any) -> ErrorGroup:
    seen = {"first_seen": at(0), "last_seen": at(60), "service": "shop", "environment": "production", "title": name}
    return ErrorGroup.objects.create(name=name, **seen | values)


def errors(of: ErrorGroup, number: int, **values: Any) -> None:
    rows = [
        ErrorLog(
            group=of, service="shop", name=of.name, created=at(60 * place / number), trace_id=uuid4().hex, **values
        )
        for place in range(1, number + 1)
    ]
    ErrorLog.objects.bulk_create(rows)
    hour, _ = GroupHour.objects.get_or_create(group=of, hour=int(T0.timestamp()) // 3600)
    GroupHour.objects.filter(pk=hour.pk).update(count=hour.count + number)


def run(place: int, state: str = "SUCCESS", **values: Any) -> TaskRun:
    ended = at(place % 60)
    shown = {"service": "shop", "name": TASK, "reason": "sample" if state == "SUCCESS" else "failure"}
    task_id = values.pop("task_id", uuid4().hex)
    return TaskRun(start=int(ended.timestamp() // 60), ended=ended, state=state, task_id=task_id, **shown | values)


def store(runs: list[TaskRun]) -> None:
    partitions.ensure(connection, TaskRun, {one.start for one in runs})
    TaskRun.objects.bulk_create(runs)


def known(place: int) -> dict[str, str]:
    return {"queue": "mail", "user_id": str(place)}


def test_errors_of_one_release_and_one_network_are_told_from_others() -> None:
    broken, other = group(), group("GET api/home/")
    errors(broken, 30, release="2.0", ip_address="203.0.113.7")
    errors(broken, 3, release="1.9", ip_address="198.51.100.1")
    for place in range(15):
        errors(other, 2, release="2.0" if place < 4 else "1.9", ip_address=f"10.0.{place}.1")
    mark(Deployment("shop", "production", "2.0", at(-4)), "ci")

    found = groups.findings(broken.pk)
    assert [(one.dimension, one.value) for one in found.suspects] == [
        ("client network", "203.0.113.0/24"),
        ("release", "2.0"),
    ]
    assert found.cases == 33
    assert found.compared == {groups.OTHER_ERRORS: 30}
    assert found.began is not None
    assert found.began.words == "began 4 minutes after release 2.0"
    assert suspects.for_group(broken.pk) == found.suspects
    assert suspects.for_group(0) == []


def test_failing_runs_of_a_task_are_told_from_those_that_succeeded_by_worker_and_argument() -> None:
    failing = group(TASK)
    ids = [uuid4().hex for _ in range(20)]
    for place, task_id in enumerate(ids):
        errors(failing, 1, task_id=task_id, user_key=str(place))
    bad = [
        run(place, "FAILURE", task_id=task_id, worker="celery@b", arguments="tenant='acme', n=1", **known(place))
        for place, task_id in enumerate(ids)
    ]
    good = [
        run(place, worker=f"celery@{'ab'[place % 4 == 0]}", arguments=f"tenant='t{place % 9}', n=1", **known(place))
        for place in range(100)
    ]
    store(bad + good)

    found = groups.findings(failing.pk).suspects
    assert {(one.dimension, one.value) for one in found} == {("argument tenant", "acme"), ("worker", "celery@b")}
    assert {one.compared_with for one in found} == {"its runs that succeeded"}
    assert [(one.table.rest, one.table.all_rest) for one in found if one.dimension == "worker"] == [(25, 100)]


def test_one_request_that_fails_often_counts_once_and_too_few_are_not_judged() -> None:
    broken, other = group(), group("GET api/home/")
    errors(broken, 5, release="2.0")
    ErrorLog.objects.filter(group=broken).update(trace_id="ab" * 16)
    errors(other, 30, release="1.9")

    found = groups.findings(broken.pk)
    assert found.cases == 1
    assert found.suspects == []
    assert found.note == "Too few to judge by: 1, of at least 10."


def test_a_user_who_tries_again_and_again_is_one_user_and_so_is_an_address_for_a_minute() -> None:
    broken, other = group(), group("GET api/home/")
    errors(broken, 30, release="2.0")
    errors(other, 30, release="1.9")
    assert groups.findings(broken.pk).suspects
    for one in ({"user_key": "7"}, {"user_key": "", "ip_address": "203.0.113.7"}):
        ErrorLog.objects.filter(group=broken).update(created=at(30), **one)
        assert groups.findings(broken.pk).suspects == []


def test_what_it_costs_does_not_grow_with_the_group() -> None:
    broken, other = group(), group("GET api/home/")
    errors(other, 100, release="1.9")

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            cases = groups.findings(broken.pk).cases
        return len(queries), cases

    errors(broken, 700, release="2.0")
    few, cases = cost()
    errors(broken, 700, release="2.0")
    assert cost() == (few, cases)
    assert cases <= 600
    assert few <= 64


def test_merged_groups_are_one() -> None:
    root, other = group(), group("GET api/home/")
    member = group("GET api/cart/", merged_into=root)
    errors(root, 8, release="2.0")
    errors(member, 8, release="2.0")
    errors(other, 30, release="1.9")

    assert groups.findings(member.pk) == groups.findings(root.pk)
    assert groups.findings(root.pk).cases == 16


def test_slow_requests_of_one_user_are_told_from_what_else_was_slow(api: Client) -> None:
    def sample(place: int, name: str, user: str) -> SlowSample:
        context = {"user_id": user, "release": "2.0", "trace_id": uuid4().hex}
        return SlowSample(
            at=at(10 * place + 0.5), kind="request", service="shop", name=name, duration=9, context=context
        )

    SlowSample.objects.bulk_create(
        [sample(place, "GET api/report/", "7" if place < 18 else str(place)) for place in range(20)]
        + [sample(place, "GET api/home/", str(place % 20)) for place in range(60)]
    )
    mark(Deployment("shop", "", "2.0", at(-10)), "ci")

    (found,) = slow.findings("request", "GET api/report/", at(0), at(600)).suspects
    assert (found.dimension, found.value, found.compared_with) == ("user", "7", slow.OTHERS)

    asked = {"kind": "request", "name": "GET api/report/", "since": at(0).isoformat(), "until": at(600).isoformat()}
    answer = api.get("/api/monitoring/analysis/suspects/slow/", asked).json()
    assert answer["cases"] == 20
    assert answer["suspects"][0]["words"].startswith("user 7: 90% of them, ")
    assert answer["began"]["words"] == "began 10 minutes after release 2.0"
    SlowSample.objects.filter(at__lt=at(1)).update(at=at(-60))
    assert slow.findings("request", "GET api/report/", at(0), at(600)).began is None


def test_over_http_a_group_has_its_suspects_or_is_unknown(api: Client) -> None:
    broken, other = group(), group("GET api/home/")
    errors(broken, 20, release="2.0")
    errors(other, 30, release="1.9")
    url = f"/api/monitoring/analysis/suspects/groups/{broken.pk}/"

    answer = api.get(url).json()
    assert set(answer) == {"since", "until", "cases", "compared", "began", "suspects", "note"}
    (suspect,) = answer["suspects"]
    assert (suspect["dimension"], suspect["value"], suspect["lift"]) == ("release", "2.0", None)
    assert (suspect["cases"], suspect["all_cases"], suspect["rest"], suspect["all_rest"]) == (20, 20, 0, 30)
    assert api.get(url, {"hours": 0}).status_code == 400
    unknown = api.get("/api/monitoring/analysis/suspects/groups/99999999999999999999/")
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "There is no group 99999999999999999999.")
    assert api.get("/api/monitoring/analysis/suspects/slow/", {"kind": "request"}).status_code == 400
    assert Client().get(url).status_code == 401


def test_slow_runs_of_a_task_are_told_from_those_in_time_by_their_worker() -> None:
    ids = [uuid4().hex for _ in range(15)]
    SlowSample.objects.bulk_create(
        SlowSample(at=at(place + 1), kind="task", service="shop", name=TASK, duration=90, context={"task_id": task_id})
        for place, task_id in enumerate(ids)
    )
    store(
        [run(place, task_id=task_id, reason="slow", worker="celery@b") for place, task_id in enumerate(ids)]
        + [run(place, worker=f"celery@{'ab'[place % 5 == 0]}") for place in range(60)]
    )

    (found,) = slow.findings("task", TASK, at(0), at(60)).suspects
    assert (found.dimension, found.value, found.compared_with) == ("worker", "celery@b", "its runs that succeeded")
    assert (found.table.cases, found.table.all_cases) == (15, 15)
