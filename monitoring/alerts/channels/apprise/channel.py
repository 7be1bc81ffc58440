"""Sends a message through a service of Apprise, within the guard: no URL leads into private networks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monitoring.outbound.guard import guarded
from monitoring.outbound.quiet import quiet

from .. import rendering, texts
from ..base import Channel, Field, Kind, Message, MessageKind, PermanentError, TemporaryError
from ..fields import problems
from ..limited import call
from ..posting import judge
from .services import NoServiceError, schema_of, service

TOTAL_SECONDS = 25.0
_STATUS = re.compile(r"\berror=(\d{3})\b")
_MENTION = re.compile(r"(?<=@)(?=everyone|here|channel|all\b)|(?<=<)(?=[@!#])", re.IGNORECASE)
_APART = "\N{WORD JOINER}"
_MAX_BODY = 20_000
_FIELDS = (Field("url", "URL of the service, as Apprise documents it", secret=True),)


class AppriseChannel:
    """A service of Apprise.

    Args:
        url: As Apprise documents it.
    """

    kind = "apprise"

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message) -> None:
        """Send it as plain text; services that have markup get it escaped."""
        label = f"{schema_of(self._url)}://"
        call(f"apprise:{self._url}", label, lambda: self._send(message, label), TOTAL_SECONDS)

    def _send(self, message: Message, label: str) -> None:
        from apprise import NotifyFormat

        try:
            found = service(self._url)
        except NoServiceError as error:
            raise PermanentError(f"{error}.") from None
        with quiet() as heard, guarded() as guard:
            try:
                taken = found.notify(
                    title=inert(rendering.subject(message)),
                    body=inert(texts.shorten(_body(message), _MAX_BODY)),
                    notify_type=_notify_type(message),
                    body_format=NotifyFormat.TEXT,
                )
            except Exception as error:  # of the code of a hundred services
                raise TemporaryError(f"{label} raised {type(error).__name__}.") from None
        if taken:
            return
        if guard.refused:
            raise PermanentError(f"{label} is not reached. {guard.refused}")
        if statuses := _STATUS.findall(" ".join(heard)):
            judge(label, int(statuses[-1]), {})
        raise TemporaryError(f"{label} did not take the message.")


def inert(text: str) -> str:
    """Keep a text from mentioning everybody, in services that look for that even in plain text."""
    return _MENTION.sub(_APART, text)


def _body(message: Message) -> str:
    """Return the text without its first line, which is the title."""
    return rendering.text(message).partition("\n\n")[2].rstrip()


def _notify_type(message: Message) -> Any:
    from apprise import NotifyType

    if message.kind is MessageKind.RESOLVED:
        return NotifyType.SUCCESS
    if message.kind in (MessageKind.TEST, MessageKind.ACKNOWLEDGED):
        return NotifyType.INFO
    return NotifyType.FAILURE if message.severity in ("critical", "high") else NotifyType.WARNING


def _problems(settings: Mapping[str, Any]) -> list[str]:
    if found := problems(_FIELDS, settings, {"url": (lambda url: "://" in url, "must be a URL, like discord://…")}):
        return found
    try:
        service(settings["url"])
    except NoServiceError as error:
        return [f"'url': {error}."]
    return []


def _make(settings: Mapping[str, Any]) -> Mapping[str, Channel]:
    return {"": AppriseChannel(settings["url"])}


KIND = Kind(name="apprise", label="Apprise", fields=_FIELDS, problems=_problems, make=_make)
