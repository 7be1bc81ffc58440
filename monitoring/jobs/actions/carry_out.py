"""Carry an action out: write it down, do it, look at what came of it, and write that down.

Each step is committed by itself. Who moves the row from `requested` to `performing` does it, and nobody else: a request
that is sent twice, and a process that died, leave a row that says how far it got.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import redis
from celery import Celery
from django.db import IntegrityError, router, transaction

from monitoring.conf import Config
from monitoring.recording import scrub
from monitoring.storage import trail
from monitoring.stream import heartbeats
from monitoring.stream.connection import Client, connect

from .kind import Kind, Order, Site
from .models import Action, ActionQuerySet, as_json
from .outcomes import OPEN, ActionError, BrokerAwayError, NoAnswerError, Outcome, RefusedError, State
from .remote import SECONDS, connected, watch_for

_CONNECTIONS = 8
_PATIENCE = 3.0


class KeyReusedError(ActionError):
    """The same idempotency key came with another action."""


def no_step(name: str) -> None:
    """Go on: outside of tests nothing happens between the steps of an action."""


@dataclass(frozen=True)
class Requester:
    """Who wants it, as it was at that time."""

    user_id: str
    user: str
    token: str = ""
    address: str | None = None


@dataclass(frozen=True)
class Wish:
    """What is wanted.

    Attributes:
        kind: The kind of action.
        target: Id of a task, name of a queue, or node of a worker.
        parameters: The kind's own.
        by: Who wants it.
        key: What tells this request from any other of the same user, or None.
    """

    kind: Kind[Any]
    target: str
    parameters: Any
    by: Requester
    key: str | None = None


@dataclass(frozen=True)
class Desk:
    """What actions are carried out with.

    Attributes:
        app: The Celery application.
        config: This installation's settings.
        step: Called with the name of each step before it happens; tests end the process there.
    """

    app: Celery
    config: Config
    step: Callable[[str], None] = no_step


_ABOUT = {"rerun": "task", "revoke": "task", "purge": "queue"}
"""What kinds of actions are done to; the others to workers."""
_OUTCOMES: dict[str, str] = {State.REFUSED: "denied", State.FAILED: "failure", State.UNKNOWN: "failure"}


def carry_out(wish: Wish, desk: Desk) -> Action:
    """Carry an action out, or return the one that the same key stands for.

    Returns:
        The action; still `performing` where another request with the same key takes long.

    Raises:
        UnknownTargetError: Nobody knows what it is about; nothing was written.
        KeyReusedError: The key stands for something else.
    """
    if known := _known(wish):
        return _again(known, wish, desk)
    try:
        with _site(desk) as site:
            before = wish.kind.look(wish.target, wish.parameters, site)
            try:
                action = _write(wish, before=before)
            except IntegrityError:  # the same request came twice at once
                if known := _known(wish):
                    return _again(known, wish, desk)
                raise
            return _perform(action, before, wish, site, desk)
    except RefusedError as error:
        if known := _known(wish):  # what is in the way is what the same request did just now
            return _again(known, wish, desk)
        return _write(wish, State.REFUSED, str(error))
    except (BrokerAwayError, NoAnswerError) as error:
        return _write(wish, State.FAILED, f"{str(error).rstrip('.')}. Nothing was changed.")


def _known(wish: Wish) -> Action | None:
    """Return the action that the key of a request stands for already."""
    return _rows().filter(user_id=wish.by.user_id, key=wish.key).first() if wish.key else None


def _perform(action: Action, before: dict[str, Any], wish: Wish, site: Site, desk: Desk) -> Action:
    desk.step("begin")
    mine = _rows().filter(pk=action.pk, state=State.REQUESTED)
    if not mine.update(state=State.PERFORMING, performing_at=datetime.now(UTC), before=before):
        return _wait(action)
    order = Order(action.pk, wish.target, wish.parameters, before)
    try:
        outcome = _do(order, wish.kind, site, desk)
    except BaseException as error:
        _finish(action, Outcome(State.UNKNOWN, f"It ended with {type(error).__name__}."))
        raise
    return _finish(action, outcome)


def _do(order: Order[Any], kind: Kind[Any], site: Site, desk: Desk) -> Outcome:
    said, problem = "", ""
    desk.step("perform")
    try:
        said = kind.perform(order, site)
    except RefusedError as error:
        return Outcome(State.REFUSED, str(error))
    except (NoAnswerError, BrokerAwayError) as error:
        problem = str(error)
    desk.step("verify")
    try:
        outcome = kind.verify(order, said, site)
    except (NoAnswerError, BrokerAwayError, RefusedError) as error:
        return Outcome(State.UNKNOWN, problem or f"It was told, but what came of it was not seen: {error}")
    desk.step("finish")
    return replace(outcome, detail=f"{outcome.detail} {problem}".strip())


def _again(known: Action, wish: Wish, desk: Desk) -> Action:
    """Go on where an earlier request with the same key got to, without doing again what may have been done."""
    if (known.kind, known.target, known.parameters) != (wish.kind.name, wish.target, _shown(wish)):
        raise KeyReusedError(f"This Idempotency-Key stands for another action: {known.kind} {known.target}.")
    if known.state not in OPEN:
        return known
    if known.state == State.PERFORMING and not known.abandoned:
        return _wait(known)
    try:
        with _site(desk) as site:
            if known.state == State.PERFORMING:
                return _look_after(known, wish, site)
            before = wish.kind.look(wish.target, wish.parameters, site)
            return _perform(known, before, wish, site, desk)
    except RefusedError as error:
        # Whoever took it up meanwhile may be what is in the way.
        refused = _finish(known, Outcome(State.REFUSED, str(error)), State.REQUESTED)
        return _wait(refused) if refused.state in OPEN else refused
    except (BrokerAwayError, NoAnswerError):
        return known


def _look_after(known: Action, wish: Wish, site: Site) -> Action:
    """See what came of an action whose process died while it performed it."""
    order = Order(known.pk, wish.target, wish.parameters, known.before)
    outcome = wish.kind.verify(order, "", site)
    return _finish(known, outcome)


def _wait(action: Action) -> Action:
    """Wait for whoever performs an action; return it as it is when that takes long."""
    ended = watch_for(lambda: _rows().filter(pk=action.pk).exclude(state__in=OPEN).first(), _PATIENCE)
    return ended or _rows().get(pk=action.pk)


def _write(wish: Wish, state: State = State.REQUESTED, detail: str = "", before: Any = None) -> Action:
    """Write an action down, in a transaction of its own; one that ends before anything was done gives its key back."""
    now = datetime.now(UTC)
    final = state not in OPEN
    action = Action(
        id=uuid.uuid4(),
        kind=wish.kind.name,
        target=wish.target,
        parameters=_shown(wish),
        key=None if final else wish.key,
        user_id=wish.by.user_id,
        user=wish.by.user,
        token=wish.by.token,
        address=wish.by.address,
        state=state,
        requested_at=now,
        finished_at=now if final else None,
        detail=detail,
        before=before or {},
    )
    using = router.db_for_write(Action)
    with transaction.atomic(using=using, durable=True):
        action.save(using=using, force_insert=True)
        _tell(action, using)
    return action


def _finish(action: Action, outcome: Outcome, *states: State) -> Action:
    """Write down what came of an action, unless it has left these states (the open ones unless given).

    One where nothing was done gives its key back.
    """
    values = {
        "state": outcome.state,
        "detail": outcome.detail,
        "facts": dict(outcome.facts),
        "finished_at": datetime.now(UTC),
    }
    if outcome.state == State.REFUSED:
        values["key"] = None
    using = router.db_for_write(Action)
    with transaction.atomic(using=using):
        ended = _rows().filter(pk=action.pk, state__in=states or OPEN).update(**values)
        finished = _rows().get(pk=action.pk)
        if ended:
            _tell(finished, using)
    return finished


def _tell(action: Action, using: str) -> None:
    """Tell that an action was asked for, and once more what came of it."""
    about = _ABOUT.get(action.kind, "worker")
    deed = trail.Deed(
        f"{about}.{action.kind}",
        about,
        action.target,
        actor=action.user,
        user_id=str(action.user_id or ""),
        client=str(action.address or ""),
        outcome=_OUTCOMES.get(action.state, "success"),
        details={"id": action.pk, "state": str(action.state), "parameters": action.parameters, "says": action.detail},
    )
    trail.tell(deed, using)


def _shown(wish: Wish) -> dict[str, Any]:
    return scrub.mapping(as_json(wish.parameters))


def _rows() -> ActionQuerySet:
    return ActionQuerySet(Action, using=router.db_for_write(Action))


@contextmanager
def _site(desk: Desk) -> Iterator[Site]:
    """Read the heartbeats and connect to the broker.

    Raises:
        BrokerAwayError: One of them does not answer.
    """
    try:
        beats = heartbeats.read(_client(desk.config.redis_url), desk.config.stream_prefix)
    except redis.RedisError as error:
        raise BrokerAwayError(f"The Redis that holds the heartbeats does not answer: {error}") from error
    workers = {beat.node: beat for beat in beats if beat.kind == "worker"}
    with connected(desk.app) as remote:
        yield Site(remote, workers, desk.config)


@lru_cache(maxsize=4)
def _client(url: str) -> Client:
    return connect(url, SECONDS, _CONNECTIONS)
