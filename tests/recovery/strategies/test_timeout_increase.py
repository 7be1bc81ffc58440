"""A timeout that ran out is raised where code or settings have offered it, on the real thing, and lowered again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connections, transaction
from pytest_httpserver import HTTPServer

from monitoring.recording import presence
from monitoring.recording.effects import statements
from monitoring.recording.resilience import http, timeouts
from monitoring.recovery.strategies.base import Applied, Case, Order, RefusedError, Site
from monitoring.recovery.strategies.timeout_increase import TimeoutIncrease
from monitoring.stream import heartbeats

from .conftest import case, effect, order, wait_for
from .mills import mill
from .pooled import ALIAS, connect, database

STRATEGY = TimeoutIncrease()
TIMED_OUT = {"error_type": "TimeoutError", "exception_type": "requests.exceptions.ReadTimeout", "message": "timed out"}


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    yield
    timeouts.forget()


def raise_it(of: Case, site: Site) -> tuple[Order, Applied]:
    """Have it raised, and see that all who have it say so."""
    done = order(of, STRATEGY.plan(of, site))
    applied = STRATEGY.apply(done, site)
    site.project()
    seen = effect(STRATEGY, done, applied, site)
    assert seen.effect, seen
    return done, applied


def lower(done: Order, applied: Applied, site: Site) -> None:
    assert applied.undo is not None
    STRATEGY.undo(done, applied.undo, site)
    site.project()


def has(site: Site, of: str, name: str) -> Any:
    """Wait until some process says that it has a timeout."""

    def look() -> Any:
        everybody = [*site.processes(), *site.workers().values()]
        return [one for one in everybody if name in ((one.state.get("can") or {}).get(f"{of}_timeouts") or {})]

    return wait_for(look, f"{of}:{name} is told of")


def test_an_http_client_waits_longer_and_gets_its_answer(db: None, site: Site, httpserver: HTTPServer) -> None:
    slow = threading.Event()
    httpserver.expect_request("/").respond_with_handler(lambda _: (slow.wait(0.4), _answer())[1])
    client = http.session("payments", 0.2, most=10)
    with pytest.raises(requests.ReadTimeout) as caught:
        client.get(httpserver.url_for("/"))
    assert vars(caught.value)["enginel_dependency"] == "payments"
    presence.begin()
    has(site, "http", "payments")

    done, applied = raise_it(case(dependency="payments", **TIMED_OUT), site)
    assert done.plan.parameters["new_timeout_ms"] == 600
    assert client.get(httpserver.url_for("/")).status_code == 200
    lower(done, applied, site)
    wait_for(lambda: timeouts.timeout("payments", 0.2, most=10) == 0.2, "it is as before")
    with pytest.raises(requests.ReadTimeout):
        client.get(httpserver.url_for("/"))
    slow.set()
    assert client.get(httpserver.url_for("/"), timeout=5).status_code == 200
    httpserver.check_assertions()


def _answer() -> Any:
    from werkzeug import Response

    return Response("ok")


def test_a_timeout_never_goes_beyond_its_most(db: None, site: Site) -> None:
    assert timeouts.timeout("payments", 5, most=6) == 5
    presence.begin()
    has(site, "http", "payments")
    raise_it(case(dependency="payments", **TIMED_OUT), site)
    assert timeouts.timeout("payments", 5, most=6) == 6
    assert timeouts.timeout("payments", 5, most=5.5) == 5.5
    assert timeouts.timeout("payments", 7, most=8) == 7
    with pytest.raises(ValueError, match="0 < default <= most"):
        timeouts.timeout("payments", 7, most=6)


def test_a_statement_may_take_longer_on_connections_that_stand_already(db: None, site: Site, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "STATEMENT_TIMEOUTS": {ALIAS: [0.1, 20]}}
    with database() as made:
        held = connect(made)
        statements.watch(held)
        with pytest.raises(OperationalError) as caught:
            sleep(held, 0.2)
        presence.begin()
        has(site, "database", ALIAS)
        of = case(error_type="DatabaseError", message=str(caught.value), exception_type="OperationalError")
        done, applied = raise_it(of, site)
        sleep(held, 0.2)
        lower(done, applied, site)
        wait_for(lambda: statements.in_force(ALIAS) == 0.1, "it is as before")
        with pytest.raises(OperationalError):
            sleep(held, 0.2)


def test_a_statement_timeout_that_a_rollback_took_back_is_set_anew(db: None, settings: Any) -> None:
    settings.MONITORING = {**settings.MONITORING, "STATEMENT_TIMEOUTS": {ALIAS: [7, 20]}}
    with database():
        held = connections[ALIAS]
        with held.wrap_database_errors:
            held.connect()
        statements.watch(held)
        wrappers = len(held.execute_wrappers)
        statements.watch(held)
        assert len(held.execute_wrappers) == wrappers
        with transaction.atomic(ALIAS):
            assert shown(held) == "7s"
            transaction.set_rollback(True, ALIAS)
        assert shown(held) == "7s"


def sleep(held: Any, seconds: float) -> None:
    with held.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def shown(held: Any) -> str:
    with held.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.system
def test_tasks_may_take_longer_in_a_real_worker(db: None, site: Site, tmp_path: Path) -> None:
    with mill(site, tmp_path) as one:
        beat = one.start()
        assert beat.state["can"]["task_timeouts"] == {"mill.grind": {"soft": 0.5, "hard": 30, "most": 60}}
        with pytest.raises(SoftTimeLimitExceeded) as caught:
            one.send("grind", 1.0).get(timeout=30)
        of = case(kind="task", task_id="1", name="mill.grind", exception_type=_name(caught.value), message="()")
        done, applied = raise_it(of, site)
        assert done.plan.parameters["limits"] == {"soft": 1.5, "hard": 60}
        # A message mostly says itself what its publisher knows of limits.
        assert one.send("grind", 1.0, soft_time_limit=0.5).get(timeout=30)
        lower(done, applied, site)
        wait_for(lambda: not (one.heartbeat() or beat).state["effects"], "the worker took it back")
        with pytest.raises(SoftTimeLimitExceeded):
            one.send("grind", 1.0).get(timeout=30)
        with pytest.raises(RefusedError, match="No prefork worker"):
            STRATEGY.plan(case(kind="task", task_id="1", name="mill.polish", exception_type=_name(caught.value)), site)


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"message": "Connection refused"}, "Nothing says that a timeout ran out"),
        ({**TIMED_OUT, "dependency": "payments"}, "No process has offered a timeout 'payments'"),
        (TIMED_OUT, "not known which timeout"),
        ({"message": "canceling statement due to statement timeout"}, "STATEMENT_TIMEOUTS names none"),
    ],
)
def test_it_refuses_where_nobody_offered_anything(values: dict[str, Any], reason: str, site: Site) -> None:
    with pytest.raises(RefusedError, match=reason):
        STRATEGY.plan(case(**values), site)


def tell(site: Site, name: str, **can: Any) -> None:
    state = {"instance": name, "interval": 60, "service": "enginel", "can": can}
    heartbeats.send(site.client, site.config.stream_prefix, "web", "shop@host", state)


def test_it_refuses_what_stands_at_its_most_and_what_a_pooler_would_share(site: Site) -> None:
    tell(site, "one", http_timeouts={"payments": {"default": 5, "most": 5}})
    with pytest.raises(RefusedError, match="5 s, the most"):
        STRATEGY.plan(case(dependency="payments", **TIMED_OUT), site)
    tell(site, "two", database_timeouts={"default": {"refusal": "Its connections go through a pooler."}})
    with pytest.raises(RefusedError, match="pooler"):
        STRATEGY.plan(case(message="canceling statement due to statement timeout"), site)


def test_two_actions_do_not_change_the_same_timeout(db: None, site: Site) -> None:
    tell(site, "one", http_timeouts={"payments": {"default": 5, "most": 20}})
    of = case(dependency="payments", **TIMED_OUT)
    plan = STRATEGY.plan(of, site)
    STRATEGY.apply(first := order(of, plan), site)
    with pytest.raises(RefusedError, match="Another action"):
        STRATEGY.apply(order(of, plan), site)
    assert STRATEGY.seen(first, None, site).effect is None
    STRATEGY.undo(first, {"timeout": "http:payments"}, site)
    assert STRATEGY.seen(first, None, site).effect is False
    STRATEGY.apply(order(of, plan), site)
