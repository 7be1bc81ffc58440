"""What is known of a case, and whose trouble it is."""

from __future__ import annotations

from typing import Any

import pytest

from monitoring.errors.log.models import ErrorLog
from monitoring.recovery.execution import case as cases
from monitoring.recovery.execution import log

from .stage import Stage, error, recovery

pytestmark = pytest.mark.django_db
BLAMELESS = {"error_type": "ValueError", "exception_type": "builtins.ValueError", "status_code": 400}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"handled": False}, False),
        ({"handled": True}, True),
        ({"handled": False, "kept": "manual"}, True),
        ({"handled": False, "error_type": "400", "exception_type": ""}, True),
    ],
    ids=["raised", "answered", "written by a program", "an answer alone"],
)
def test_an_answer_of_4xx_is_the_clients_unless_it_is_for_an_exception_that_no_view_handled(
    values: dict[str, Any], expected: bool
) -> None:
    known = cases.load(recovery(error(**BLAMELESS | values), Stage()), "default")
    assert known.blame.clients == expected


@pytest.mark.parametrize("handled", [True, False])
def test_of_a_repetition_without_a_payload_its_group_says_whether_it_was_handled(handled: bool) -> None:
    first = error(**BLAMELESS, handled=handled)
    repeated = error(group=first.group, status_code=400, error_type="", exception_type="", severity="", kept="")
    known = cases.load(recovery(repeated, Stage(), error_type="ValueError"), "default")
    assert known.blame.clients == handled


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({}, False),
        ({"recovery_success": False}, False),
        ({"recovery_success": None}, False),
        ({"recovery_success": True, "recovery_strategy": "reconnected"}, True),
    ],
)
def test_that_nothing_could_be_done_is_written_to_an_error_unless_code_has_recovered_it(
    before: dict[str, Any], expected: bool
) -> None:
    failed = error(context={"order": 7, **before})
    log.note(failed.error_id, "default", success=False, strategy="")
    told = ErrorLog.objects.get(pk=failed.pk).context
    assert told["recovery_success"] is expected
    assert (told["order"], told.get("recovery_strategy")) == (7, before.get("recovery_strategy"))
    log.note(failed.error_id, "default", success=True, strategy="retry")
    assert ErrorLog.objects.get(pk=failed.pk).context["recovery_strategy"] == "retry"
