"""Inside of a transaction nothing is tried again, nobody waits, and the exception goes on so that it is rolled back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory

from monitoring.errors.models import ErrorLog
from monitoring.recording.recorder import recorder
from monitoring.recovery import AIErrorRecoveryMiddleware, ErrorRecoveryContextManager, ai_error_handler
from monitoring.recovery.callers import retries, transactions
from monitoring.recovery.callers.places import places
from monitoring.recovery.models import Recovery
from tests.pipeline import drain_all

from . import views
from .conftest import SUCCEEDED
from .test_middleware import MIDDLEWARE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def project(settings: Any, monkeypatch: pytest.MonkeyPatch, redis_client: Any) -> None:
    settings.ROOT_URLCONF = views
    settings.MIDDLEWARE = MIDDLEWARE[:1]
    settings.ERROR_RECOVERY_TIMEOUT = 60_000
    monkeypatch.setattr(retries, "RETRY_DELAY_MS", 5)
    monkeypatch.setattr(places, "one", nobody)
    views.calls.clear()


def nobody(*, wanted: bool = True, patient: bool = False) -> Any:
    assert not wanted, "nobody may wait while locks are held"
    return type(places).one(places, wanted=False)


def halves() -> int:
    return ErrorLog.objects.filter(message="half of it").count()


def write(_request: Any = None) -> HttpResponse:
    views.calls.append("write")
    ErrorLog.objects.create(message="half of it")
    raise ConnectionError("gone")


@pytest.fixture
def atomic_requests() -> Iterator[None]:
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    yield
    connection.settings_dict["ATOMIC_REQUESTS"] = False


def within(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same, inside of a transaction, as a function of a request."""
    return transaction.atomic(call)


def asked() -> list[str]:
    recorder.flush()
    drain_all()
    return [str(row.trigger) for row in Recovery.objects.order_by("requested_at")]


def test_a_view_in_a_transaction_is_not_tried_again_and_what_it_wrote_is_rolled_back() -> None:
    with pytest.raises(ConnectionError):
        within(ai_error_handler(write))(RequestFactory().get("/writes/"))
    assert (views.calls, halves()) == (["write"], 0)
    assert asked() == ["decorator"]


def test_an_async_caller_inside_of_the_transaction_of_sync_code_is_alike() -> None:
    @ai_error_handler
    async def writes(_request: Any) -> Any:
        await sync_to_async(write)()

    @transaction.atomic
    def outer() -> None:
        from asgiref.sync import async_to_sync

        async_to_sync(writes)(RequestFactory().get("/writes/"))

    with pytest.raises(ConnectionError):
        outer()
    assert (views.calls, halves()) == (["write"], 0)


def test_an_exception_in_a_transaction_goes_through_a_context_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.recovery.callers.asking.recover", lambda *_, **__: SUCCEEDED)
    with pytest.raises(ConnectionError), transaction.atomic(), ErrorRecoveryContextManager():
        write()
    assert halves() == 0

    with ErrorRecoveryContextManager(), transaction.atomic():
        write()
    assert halves() == 0


def test_the_same_goes_for_an_async_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.recovery.callers.asking.recover", lambda *_, **__: SUCCEEDED)

    async def fail() -> None:
        async with ErrorRecoveryContextManager():
            raise ConnectionError("gone")

    @transaction.atomic
    def outer() -> None:
        from asgiref.sync import async_to_sync

        async_to_sync(fail)()

    with pytest.raises(ConnectionError):
        outer()
    asyncio.run(fail())


@pytest.mark.usefixtures("atomic_requests")
def test_views_of_atomic_requests_are_rolled_back_before_the_middleware_answers(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = MIDDLEWARE
    monkeypatch.setattr(views, "_work", write)
    response = Client(raise_request_exception=False).get("/decorated/")
    assert (response.status_code, response.json()["error"]["type"]) == (503, "ConnectionError")
    assert (views.calls, halves()) == (["write"], 0)
    assert len(asked()) == 1


@pytest.mark.usefixtures("atomic_requests")
def test_the_same_goes_for_sync_views_under_asgi(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MIDDLEWARE = MIDDLEWARE
    monkeypatch.setattr(views, "_work", write)
    response = asyncio.run(AsyncClient(raise_request_exception=False).get("/plain/"))
    assert (response.status_code, halves()) == (503, 0)


def test_in_a_transaction_of_a_middleware_the_answer_is_left_to_django() -> None:
    middleware = AIErrorRecoveryMiddleware(lambda _request: HttpResponse())
    failed, request = ValueError("no"), RequestFactory().get("/writes/")
    with transaction.atomic():
        assert middleware.process_exception(request, failed) is None
    answer = middleware.process_exception(request, ValueError("no"))
    assert answer is not None
    assert answer.status_code == 400


def test_manual_transactions_are_transactions_and_those_of_test_cases_are_not() -> None:
    assert not transactions.inside()
    transaction.set_autocommit(False)
    try:
        assert transactions.inside()
    finally:
        transaction.rollback()
        transaction.set_autocommit(True)
    outermost = transaction.atomic()
    outermost._from_testcase = True
    with outermost:
        assert not transactions.inside()
        with transaction.atomic():
            assert transactions.inside()
