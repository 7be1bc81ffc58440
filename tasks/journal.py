"""When the journal is sealed, soon after something was written, and when it is looked at for tampering."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from celery import shared_task

from monitoring.conf import get_config

from . import nudging

logger = logging.getLogger("monitoring.journal.audit")
_LEASE = 10.0
_TAMPERED = "audit_tampered"


@shared_task(
    name="tasks.journal.seal", ignore_result=True, acks_late=False, expires=60, soft_time_limit=50, time_limit=60
)
def seal() -> None:
    """Make entries that wait part of their chains, and seal where the chains end outside of the database."""
    from django.db import router

    from monitoring.journal.audit import heads, sealing
    from monitoring.journal.audit.models import JournalEntry

    with nudging.alone(seal, _LEASE) as mine:
        if not mine:
            return
        using, now = router.db_for_write(JournalEntry), datetime.now(UTC)
        sealing.seal(using, now)
        tell(heads.seal(get_config(), using, now))


@shared_task(name="tasks.journal.check", ignore_result=True, expires=600, soft_time_limit=250, time_limit=300)
def check() -> None:
    """Look at the next part of each chain; what is not as it was written is noted once."""
    from django.db import router

    from monitoring.jobs import findings
    from monitoring.journal.audit import checking
    from monitoring.journal.audit.models import JournalEntry

    for proof in checking.look(get_config(), router.db_for_write(JournalEntry)):
        for problem in proof.problems[:1]:
            logger.error("the journal is not what was written: %s: %s", proof.stream, problem.says)
            detail = {"kind": problem.kind, "sequence": problem.sequence, "says": problem.says}
            findings.note(_TAMPERED, f"{proof.stream} {problem.sequence} {problem.kind}", detail)


def tell(wrong: list[str]) -> None:
    """Tell what is wrong with seals, once a day for each stream.

    Args:
        wrong: Sentences that begin with a stream and a colon.
    """
    from monitoring.jobs import findings

    now = datetime.now(UTC)
    for sentence in wrong:
        stream, _, says = sentence.partition(": ")
        logger.error("the seals of the journal are not as they should be: %s", sentence)
        findings.note(_TAMPERED, f"{stream} seal {now:%Y-%m-%d}", {"kind": "seal", "says": says}, now)
