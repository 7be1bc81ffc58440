from __future__ import annotations

import re
import socket
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from hypothesis import given

from monitoring.alerts.channels import rendering
from monitoring.alerts.channels.base import Message, MessageKind, PermanentError, TemporaryError
from monitoring.alerts.channels.email import EmailChannel
from monitoring.alerts.channels.email.channel import compose
from monitoring.alerts.channels.email.html import html
from monitoring.recipients import is_address

from . import making
from .mailbox import Mailbox
from .making import KEY, incident, message

OPS = "ops@example.com"
TAGS = frozenset(["html", "head", "meta", "title", "body", "table", "tr", "td", "th", "h1", "h2", "p", "a"])


class Page(HTMLParser):
    """Every tag and address of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.said += data


def test_a_mail_arrives_as_text_and_as_html_that_say_the_same(mailbox: Mailbox) -> None:
    EmailChannel(OPS).send(message())
    ((sender, recipients, _),) = mailbox.received
    (received,) = mailbox.mails()
    assert (sender, recipients) == ("enginel@monitoring.example.com", [OPS])
    assert received["Subject"] == "[Critical] OperationalError: database is locked"
    assert received["To"] == OPS
    text, page = received.get_body(("plain",)), received.get_body(("html",))
    assert text is not None
    assert page is not None
    assert text.get_content().replace("\r\n", "\n") == rendering.text(message())
    shown = Page(page.get_content())
    for name, held in rendering.told(message())[0].rows:
        assert name in shown.said
        assert held in shown.said
    assert shown.addresses == [link.url for link in making.LINKS]


def test_its_headers_say_which_mail_it_is_that_a_program_sent_it_and_what_it_belongs_to(mailbox: Mailbox) -> None:
    EmailChannel(OPS).send(message())
    EmailChannel(OPS).send(message(MessageKind.RESOLVED, idempotency_key="another"))
    firing, resolved = mailbox.mails()
    thread = f"<incident-{'ab' * 12}@monitoring.example.com>"
    assert firing["Message-ID"] == f"<{KEY}@monitoring.example.com>"
    assert resolved["Message-ID"] == "<another@monitoring.example.com>"
    for received in (firing, resolved):
        assert (received["In-Reply-To"], received["References"]) == (thread, thread)
        assert received["Auto-Submitted"] == "auto-generated"
    assert (firing["Importance"], resolved["Importance"]) == ("high", None)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("450 4.2.0 greylisted, try later", TemporaryError),
        ("550 5.1.1 no such user", PermanentError),
    ],
)
def test_a_recipient_that_is_refused_is_refused_for_now_or_for_good(
    mailbox: Mailbox, answer: str, kind: type[Exception]
) -> None:
    mailbox.recipients[OPS] = answer
    with pytest.raises(kind, match=f"refuses the recipient: {answer[:3]} {answer[4:].split(',', maxsplit=1)[0]}"):
        EmailChannel(OPS).send(message())
    EmailChannel("other@example.com").send(message())
    assert [recipients for _, recipients, _ in mailbox.received] == [["other@example.com"]]


@pytest.mark.parametrize(
    ("answer", "kind"), [("451 4.3.0 busy", TemporaryError), ("554 5.7.1 looks like spam", PermanentError)]
)
def test_a_mail_that_is_refused_is_refused_for_now_or_for_good(
    mailbox: Mailbox, answer: str, kind: type[Exception]
) -> None:
    mailbox.data = answer
    with pytest.raises(kind, match=re.escape(answer)):
        EmailChannel(OPS).send(message())


def test_a_mail_that_was_taken_is_not_sent_again_because_of_a_rude_farewell(mailbox: Mailbox) -> None:
    mailbox.farewell = False
    EmailChannel(OPS).send(message())
    assert len(mailbox.received) == 1


def test_a_server_that_is_away_may_be_back_later(settings: Any, mailbox: Mailbox) -> None:
    with socket.socket() as bound:  # nobody listens there
        bound.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = bound.getsockname()[1]
        with pytest.raises(TemporaryError, match=r"did not take the mail: ConnectionRefusedError\."):
            EmailChannel(OPS).send(message())


def test_a_server_that_says_nothing_is_not_waited_for(settings: Any, mailbox: Mailbox) -> None:
    settings.EMAIL_TIMEOUT = 0.2
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_PORT = silent.getsockname()[1]
        with pytest.raises(TemporaryError, match="did not answer in time"):
            EmailChannel(OPS).send(message())


def test_a_password_that_is_refused_is_not_told(settings: Any, mailbox: Mailbox) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "enginel", "hunter2-hunter2"
    with pytest.raises(TemporaryError) as raised:  # this server knows no AUTH
        EmailChannel(OPS).send(message())
    assert "hunter2" not in str(raised.value)


def test_any_backend_of_django_will_do(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    EmailChannel(OPS).send(message())
    assert [sent.subject for sent in mail.outbox] == ["[Critical] OperationalError: database is locked"]


class Offended(BaseEmailBackend):
    """A backend of somebody else's."""

    def send_messages(self, _messages: Any) -> int:
        raise RuntimeError("key=sesame")


def test_what_a_foreign_backend_raises_is_told_by_its_class_alone(settings: Any) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.Offended"
    with pytest.raises(TemporaryError, match=r"^The mail backend raised RuntimeError\.$"):
        EmailChannel(OPS).send(message())


def test_a_backend_that_does_not_exist_may_be_set_right_in_time(settings: Any) -> None:
    settings.EMAIL_BACKEND = "nowhere.Backend"
    with pytest.raises(TemporaryError, match="ModuleNotFoundError"):
        EmailChannel(OPS).send(message())


def test_nothing_in_a_message_becomes_a_header_or_markup(mailbox: Mailbox) -> None:
    EmailChannel(OPS).send(making.hostile())
    (received,) = mailbox.mails()
    assert received["Bcc"] is None
    assert [recipients for _, recipients, _ in mailbox.received] == [[OPS]]
    page = received.get_body(("html",))
    assert page is not None
    shown = Page(page.get_content())
    assert shown.tags <= TAGS
    assert "<b>x</b> & <!channel>" in shown.said
    assert shown.addresses == []


@making.FEW
@given(making.messages())
def test_whatever_it_holds_the_mail_can_be_made_and_its_page_holds_our_tags_alone(told: Message) -> None:
    compose(told, OPS).message().as_bytes()
    shown = Page(html(told))
    assert shown.tags <= TAGS
    assert not any(name.startswith("on") for name in shown.attributes)
    assert all(address.startswith(("https://", "http://")) for address in shown.addresses)


@pytest.mark.parametrize(
    "text", ["a@b\nBcc: c@d", "a b@c", "<a@b>", "a@b, c@d", "@b", "a@", "", "a@b;c@d", "mailto:a@b", "ä@b"]
)
def test_what_could_be_more_than_one_address_is_none(text: str) -> None:
    assert not is_address(text)


def test_incidents_are_told_apart_by_their_key_alone() -> None:
    odd = compose(message(MessageKind.FIRING, incident(key="a b\r\nBcc: x@y")), OPS).extra_headers["References"]
    assert re.fullmatch(r"<incident-[0-9a-f]{24}@[a-z.]+>", odd)
