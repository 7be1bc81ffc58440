"""What becomes known of an error later: in the same drain, in a later one, or too late."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.errors.groups.models import ErrorGroup
from monitoring.errors.models import ErrorLog
from monitoring.recording.wire import Record
from monitoring.stream.streams import FACTS
from tests.errors.digest.events import Shop, error, now
from tests.pipeline import counted, drain_all

pytestmark = [pytest.mark.usefixtures("redis_client"), pytest.mark.django_db]


def amendment(about: Record, **values: Any) -> Record:
    return Record("amendment", now(), {"id": about.values["id"], **values})


@pytest.mark.parametrize("later", [False, True])
def test_it_is_added_and_what_was_said_first_stays(later: bool) -> None:
    shop = Shop()
    first = error(status=0, handled=True, context={"design": 1, "step": "read"})
    more = amendment(
        first, status=503, handled=False, context={"design": 2, "log": "broke"}, severity="CRITICAL", route="orders/"
    )
    if later:
        shop.send(first)
        drain_all(FACTS)
        shop.send(more)
    else:
        shop.send(first, more)
    drain_all(FACTS)
    row = ErrorLog.objects.get()
    assert (row.status_code, row.handled, row.severity, row.url_pattern) == (503, False, "critical", "orders/")
    assert row.context == {"design": 1, "step": "read", "log": "broke"}
    assert ErrorGroup.objects.get().count == 1


def test_what_is_about_an_error_that_is_not_there_or_thinned_changes_nothing() -> None:
    shop, gone = Shop(), error()
    shop.send(gone)
    drain_all(FACTS)
    ErrorLog.objects.update(kept="", context={})
    shop.send(amendment(gone, context={"late": 1}), amendment(error(), context={"lost": 1}))
    drain_all(FACTS)
    assert ErrorLog.objects.get().context == {}
    assert counted("folded") == {"error": 1, "amendment": 2}


@pytest.mark.parametrize(
    "values",
    [{}, {"id": 5}, {"id": "x"}, {"context": 5}, {"status": "x", "severity": 9, "handled": "no", "route": [1]}],
)
def test_what_is_not_of_its_form_degrades_itself_alone(values: dict[str, Any]) -> None:
    shop, first = Shop(), error(context={"a": 1})
    shop.send(first)
    drain_all(FACTS)
    shop.send(Record("amendment", now(), {"id": first.values["id"]} | values))
    drain_all(FACTS)
    row = ErrorLog.objects.get()
    assert (row.context, row.status_code) == ({"a": 1}, 500)
