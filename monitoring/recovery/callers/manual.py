"""`trigger_manual_recovery` and `trigger_preventive_recovery`: recovery that somebody asks for without an exception."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from monitoring.conf import get_config
from monitoring.error_recovery import get_error_recovery

from . import asking, member, transactions
from .places import places


class NoErrorError(LookupError):
    """There is no such error."""


def trigger_manual_recovery(error_id: str | UUID) -> dict[str, Any]:
    """Ask for the recovery of an error in the log, and wait as long as `ERROR_RECOVERY_TIMEOUT` says.

    Call it where the database may be used: from an async function, through `sync_to_async`. Inside of a transaction
    nothing is waited for.

    Args:
        error_id: The error's id.

    Returns:
        `success` (null while it is not known), `error_id`, and `recovery` as in answers.
    """
    try:
        return triggered(error_id, asking.MANUAL)
    except NoErrorError as error:
        return _told(str(error_id), member.refused(str(error)))


def trigger_preventive_recovery(prediction: Any) -> dict[str, Any]:
    """Ask for what would recover the error that is predicted, before it occurs.

    What is done follows from the latest error of that kind; one that never occurred shows no remedy.

    Args:
        prediction: As `ErrorPredictor.predict_errors` returns them.

    Returns:
        `success` (null while it is not known), `error_id` of the error that it follows from (null where there is none),
        and `recovery` as in answers.
    """
    from monitoring.errors.models import ErrorLog

    found = getattr(prediction, "error_id", "")
    if not found and prediction.name:
        rows = ErrorLog.objects.filter(service=prediction.service, name=prediction.name).order_by("-created", "-id")
        found = rows.values_list("error_id", flat=True).first()
    try:
        return triggered(found or "", asking.PREVENTIVE)
    except NoErrorError:
        return _told(None, member.refused("No such error is in the log, so nothing is known that would prevent it."))


def triggered(error_id: str | UUID, trigger: str) -> dict[str, Any]:
    """Ask for the recovery of an error in the log, and wait.

    Raises:
        NoErrorError: There is none of this id.
    """
    known = _known(error_id)
    config, deadline = get_config(), time.monotonic() + get_error_recovery().seconds
    if config.recovery == "off":
        return _told(str(known), member.refused("Recovery is switched off."))
    with places.one(wanted=not config.eager and not transactions.inside(), patient=True) as waiting:
        asking.request(config, known.hex, trigger, waits=waiting)
        found = asking.outcome(config, known.hex, deadline) if waiting else None
    return _told(str(known), found or _stored(known) or member.queued())


def _known(error_id: str | UUID) -> UUID:
    from monitoring.errors.models import ErrorLog

    try:
        wanted = error_id if isinstance(error_id, UUID) else UUID(str(error_id))
    except ValueError:
        raise NoErrorError("There is no error of this id.") from None
    if not ErrorLog.objects.filter(error_id=wanted).exists():
        raise NoErrorError("There is no error of this id.")
    return wanted


def _stored(error_id: UUID) -> member.Member | None:
    """Return what the database says became of an error, where somebody else has read the outcome."""
    from monitoring.recovery.status import of

    found = member.read(of(error_id))
    return found if found is not None and found["success"] is not None else None


def _told(error_id: str | None, recovery: member.Member) -> dict[str, Any]:
    return {"success": recovery["success"], "error_id": error_id, "recovery": recovery}
