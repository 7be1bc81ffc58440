"""Actions over HTTP: have one carried out, and read what was done."""

from __future__ import annotations

import re
from typing import Any

from celery.app import app_or_default
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.address import client_of, networks
from monitoring.conf import get_config

from .carry_out import Desk, KeyReusedError, Requester, Wish, carry_out
from .kind import Kind
from .kinds import KINDS
from .models import Action
from .outcomes import OPEN, State, UnknownTargetError

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_MAX_TARGET = 200


class ActionSerializer(serializers.ModelSerializer[Action]):
    """What was done, by whom, and what came of it."""

    state = serializers.CharField(source="told_state", read_only=True)
    detail = serializers.CharField(source="told_detail", read_only=True)

    class Meta:
        model = Action
        fields = [
            "id",
            "kind",
            "target",
            "parameters",
            "state",
            "detail",
            "facts",
            "user",
            "address",
            "requested_at",
            "finished_at",
        ]
        read_only_fields = fields


class FilterSerializer(serializers.Serializer[Any]):
    """By what a list of actions can be narrowed down."""

    kind = serializers.ChoiceField(choices=sorted(KINDS), required=False)
    state = serializers.ChoiceField(choices=State.choices, required=False)
    target = serializers.CharField(max_length=_MAX_TARGET, required=False)
    user = serializers.CharField(max_length=200, required=False)
    since = serializers.DateTimeField(required=False)


class NewestFirst(CursorPages):
    """Pages of actions, the newest first."""

    ordering = ("-requested_at", "-id")


class ActionsView(ApiView, generics.ListAPIView[Action]):
    """What admins did to tasks, queues and workers."""

    serializer_class = ActionSerializer
    pagination_class = NewestFirst
    filter_backends = []

    def get_queryset(self) -> QuerySet[Action]:
        """Narrow down by the query parameters."""
        given = read(self.request, FilterSerializer, NewestFirst)
        found = Action.objects.told()
        for parameter, lookup in {"state": "shown", "since": "requested_at__gte"}.items():
            if parameter in given:
                found = found.filter(**{lookup: given.pop(parameter)})
        return found.filter(**given)

    @describe(
        operation_id="actions",
        parameters=[FilterSerializer],
        responses={200: ActionSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List actions, the newest first."""
        return super().get(request, *args, **kwargs)


def view_of(name: str) -> type[ApiView]:
    """Return the view that has one kind of action carried out."""
    kind = KINDS[name]

    class ActView(ApiView):
        @describe(
            operation_id=name.replace("-", "_"),
            description=kind.__doc__,
            request=kind.serializer,
            parameters=[
                OpenApiParameter(
                    "Idempotency-Key",
                    location=OpenApiParameter.HEADER,
                    description="The action is carried out once, however often it is asked for with the same key.",
                )
            ],
            responses={200: ActionSerializer, **refusals(400, 404, 409, 422, 503)},
        )
        def post(self, request: Request, target: str) -> Response:
            """Carry it out, and answer with what came of it."""
            return _act(kind, request, target)

    ActView.__doc__ = kind.__doc__
    ActView.__name__ = ActView.__qualname__ = f"{type(kind).__name__}View"
    return ActView


def _act(kind: Kind[Any], request: Request, target: str) -> Response:
    given = kind.serializer(data=request.data, context={"target": target})
    given.is_valid(raise_exception=True)
    if len(target) > _MAX_TARGET or not target.isprintable():
        return problem(404, "Nothing has such a name.")
    config = get_config()
    client = client_of(request.META, networks(config.trusted_proxies))
    user: Any = request.user
    by = Requester(
        user_id=str(user.pk),
        user=str(user.get_username())[:200],
        token=str(getattr(request.auth, "token_key", ""))[:20],
        address=str(client) if client is not None else None,
    )
    wish = Wish(kind, target, kind.parameters(**given.validated_data), by, _key(request))
    try:
        action = carry_out(wish, Desk(app_or_default(), config))
    except UnknownTargetError as error:
        return problem(404, str(error))
    except KeyReusedError as error:
        return problem(422, str(error))
    return _answer(action)


def _key(request: Request) -> str | None:
    """Return the idempotency key of a request.

    Raises:
        ValidationError: It is none.
    """
    key = request.headers.get("Idempotency-Key", "").strip().strip('"')
    if key and not _KEY.fullmatch(key):
        raise serializers.ValidationError({"Idempotency-Key": ["Must be 1 to 200 visible ASCII characters."]})
    return key or None


def _answer(action: Action) -> Response:
    shown = {"action": str(action.pk)}
    if action.state in OPEN and not action.abandoned:
        headers = {"Retry-After": "2"}
        return problem(409, "It is being carried out just now; ask again.", headers=headers, extensions=shown)
    if action.state == State.REFUSED:
        return problem(409, action.detail, extensions=shown)
    if action.told_state() == State.FAILED:
        return problem(503, action.told_detail(), extensions=shown)
    return Response(ActionSerializer(action).data)
