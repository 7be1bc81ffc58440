"""Sends a message to one address through Django's mail backend, whichever `EMAIL_BACKEND` names.

One address is one destination: a server that refuses one of several, or takes only some for now, would otherwise make
it impossible to say who has the message and who is to get it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import smtplib
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from django.conf import settings as project
from django.core.mail import EmailMultiAlternatives, get_connection
from django.utils.crypto import salted_hmac

from monitoring.recipients import is_address

from .. import rendering, texts
from ..base import Channel, Field, Kind, Message, MessageKind, PermanentError, TemporaryError
from ..fields import problems
from ..limited import call
from .html import html

STEP_SECONDS, TOTAL_SECONDS = 10.0, 25.0
"""For each answer of the server, unless `EMAIL_TIMEOUT` says so; and for all together."""
_FIELDS = (Field("addresses", "Who gets it: each address a mail of its own", many=True),)
_URGENT = frozenset({MessageKind.FIRING, MessageKind.ESCALATED})


class EmailChannel:
    """One mailbox.

    Args:
        address: Of whoever gets the mails.
    """

    kind = "email"

    def __init__(self, address: str) -> None:
        self._address = address

    def send(self, message: Message) -> None:
        """Send the mail; what the server says decides whether it is tried again."""
        call(f"email:{self._address}", "The mail server", lambda: self._send(message), TOTAL_SECONDS)

    def _send(self, message: Message) -> None:
        try:
            connection: Any = get_connection()
            if getattr(connection, "timeout", STEP_SECONDS) is None:
                connection.timeout = STEP_SECONDS
            mail = compose(message, self._address)
            mail.connection = connection
            try:
                connection.open()
                taken = mail.send()
            finally:
                # The server has answered for the mail by now: an unfriendly farewell must not have it sent again.
                with contextlib.suppress(Exception):
                    connection.close()
        except (smtplib.SMTPException, OSError) as error:
            raise _judged(error) from None
        except ValueError as error:
            raise PermanentError(f"The mail cannot be made: {type(error).__name__}.") from None
        except Exception as error:  # of whichever backend; its text may hold the key of a service
            raise TemporaryError(f"The mail backend raised {type(error).__name__}.") from None
        if not taken:
            raise TemporaryError("The mail backend took nothing.")


def compose(message: Message, address: str) -> EmailMultiAlternatives:
    """Return the mail. That it is the same one is said by its id, and which belong together by `References`."""
    domain = _domain()
    headers = {
        "Message-ID": f"<{_token(message.idempotency_key)}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if len(message.incidents) == 1:
        # No longer than that, so that no program folds the header.
        thread = f"<incident-{_token(message.incidents[0].key or str(message.incidents[0].id))[:24]}@{domain}>"
        headers |= {"In-Reply-To": thread, "References": thread}
    if message.severity == "critical" and message.kind in _URGENT:
        headers["Importance"] = "high"
    mail = EmailMultiAlternatives(
        subject=rendering.subject(message), body=rendering.text(message), to=[address], headers=headers
    )
    mail.attach_alternative(html(message), "text/html")
    return mail


def _judged(error: Exception) -> TemporaryError | PermanentError:
    """Say what an error means for the next attempt: what the server says of this mail, it will say again."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, said = next(iter(error.recipients.values()), (550, b""))
            text = f"The mail server refuses the recipient: {code} {_said(said)}"
            return PermanentError(text) if code >= 500 else TemporaryError(text)
        case smtplib.SMTPAuthenticationError():
            return TemporaryError(f"The mail server refuses our user and password: {error.smtp_code}.")
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return TemporaryError(f"The mail server does not talk to us: {error.smtp_code} {_said(error.smtp_error)}")
        case smtplib.SMTPResponseException():
            text = f"The mail server refuses the mail: {error.smtp_code} {_said(error.smtp_error)}"
            return PermanentError(text) if error.smtp_code >= 500 else TemporaryError(text)
        case TimeoutError() | smtplib.SMTPServerDisconnected():
            return TemporaryError("The mail server did not answer in time, or ended the connection.")
        case _:
            return TemporaryError(f"The mail server did not take the mail: {type(error).__name__}.")


def _said(answer: bytes | str) -> str:
    return texts.line(answer.decode(errors="replace") if isinstance(answer, bytes) else answer, 200)


def _domain() -> str:
    """Return that of our own address, for ids of mails."""
    domain = parseaddr(project.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return domain if re.fullmatch(r"[A-Za-z0-9.-]{1,200}", domain) else "enginel.invalid"


def _token(text: str) -> str:
    """Return a text that can stand in the id of a mail, for any text."""
    return (
        text if re.fullmatch(r"[A-Za-z0-9-]{1,80}", text) else hashlib.sha256(text.encode(errors="replace")).hexdigest()
    )


def _make(settings: Mapping[str, Any]) -> Mapping[str, Channel]:
    return {part_of(address): EmailChannel(address) for address in settings["addresses"]}


def part_of(address: str) -> str:
    """Return by which part of its key an address is found among those of one row."""
    return salted_hmac("monitoring.alerts.channels.email", address.lower(), algorithm="sha256").hexdigest()[:12]


KIND = Kind(
    name="email",
    label="E-mail",
    fields=_FIELDS,
    problems=lambda settings: problems(
        _FIELDS, settings, {"addresses": (is_address, "must be addresses, like ops@example.com")}
    ),
    make=_make,
)
