"""`trigger_manual_recovery` and `trigger_preventive_recovery`: recovery that somebody asks for without an exception.

Without Django the log of errors is looked at over HTTP; recovery is asked for as everywhere, through what is recorded.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

from monitoring import remote
from monitoring.conf import get_config
from monitoring.error_recovery import get_error_recovery

from . import asking, member, transactions
from .places import places

_NOT_FOUND = 404


class NoErrorError(LookupError):
    """There is no such error."""


def trigger_manual_recovery(error_id: str | UUID) -> dict[str, Any]:
    """Ask for the recovery of an error in the log, and wait as long as `ERROR_RECOVERY_TIMEOUT` says.

    Call it where may be waited: from an async function through `sync_to_async`, and without Django through
    `asyncio.to_thread`. Inside of a transaction nothing is waited for.

    Args:
        error_id: The error's id.

    Returns:
        `success` (null while it is not known), `error_id`, and `recovery` as in answers.

    Raises:
        RemoteError: Without Django: Enginel could not be asked about the error.
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

    Raises:
        RemoteError: Without Django: Enginel could not be asked about the error.
    """
    found = getattr(prediction, "error_id", "")
    if not found and prediction.name:
        found = _latest(prediction.service, prediction.name)
    try:
        return triggered(found or "", asking.PREVENTIVE)
    except NoErrorError:
        return _told(None, member.refused("No such error is in the log, so nothing is known that would prevent it."))


def triggered(error_id: str | UUID, trigger: str) -> dict[str, Any]:
    """Ask for the recovery of an error in the log, and wait.

    Raises:
        NoErrorError: There is none of this id.
    """
    known = require(error_id)
    config, deadline = get_config(), time.monotonic() + get_error_recovery().seconds
    if config.recovery == "off":
        return _told(str(known), member.refused("Recovery is switched off."))
    with places.one(wanted=not config.eager and not transactions.inside(), patient=True) as waiting:
        asking.request(config, known.hex, trigger, waits=waiting)
        found = asking.outcome(config, known.hex, deadline) if waiting else None
    return _told(str(known), found or _stored(known) or member.queued())


def require(error_id: str | UUID) -> UUID:
    """Return the id of an error that is in the log.

    Raises:
        NoErrorError: There is none of this id.
        RemoteError: Without Django: Enginel could not be asked.
    """
    try:
        wanted = error_id if isinstance(error_id, UUID) else UUID(str(error_id))
    except ValueError:
        raise NoErrorError("There is no error of this id.") from None
    if not (_is_logged_there(wanted) if remote.wanted() else _is_logged(wanted)):
        raise NoErrorError("There is no error of this id.")
    return wanted


def _is_logged(error_id: UUID) -> bool:
    from monitoring.errors.models import ErrorLog

    return ErrorLog.objects.filter(error_id=error_id).exists()


def _is_logged_there(error_id: UUID) -> bool:
    try:
        remote.get(f"api/monitoring/errors/{error_id}/")
    except remote.RefusedError as error:
        if error.status == _NOT_FOUND:
            return False
        raise
    return True


def _latest(service: str, name: str) -> Any:
    """Return the id of the latest error of an operation; None where there is none."""
    if remote.wanted():
        listed = remote.get("api/monitoring/errors/", service=service, name=name, since=0, limit=1)["errors"]
        return listed[0]["error_id"] if listed else None
    from monitoring.errors.models import ErrorLog

    rows = ErrorLog.objects.filter(service=service, name=name).order_by("-created", "-id")
    return rows.values_list("error_id", flat=True).first()


def _stored(error_id: UUID) -> member.Member | None:
    """Return what the database says became of an error, where somebody else has read the outcome."""
    if remote.wanted():
        return None
    from monitoring.recovery.status import of

    found = member.read(of(error_id))
    return found if found is not None and found["success"] is not None else None


def _told(error_id: str | None, recovery: member.Member) -> dict[str, Any]:
    return {"success": recovery["success"], "error_id": error_id, "recovery": recovery}
