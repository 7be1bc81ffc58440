"""Known bugs over HTTP: read them, decide about them, have what they lack tried again."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import router, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework import generics, serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.paging import CursorPages
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView
from monitoring.errors.groups.locking import RefusedError, UnknownGroupError
from monitoring.storage import trail

from . import budget, resolving
from .desk import Desk, desk
from .gate import trouble
from .models import BugSeverity, BugStatus, KnownBug
from .retrying import retry

_ID = re.compile(r"B-[0-9]{3,8}")
_WITHIN_SECONDS = 10


class BugSerializer(serializers.ModelSerializer[KnownBug]):
    """A known bug."""

    group = serializers.IntegerField(source="group_id", allow_null=True, help_text="The group of its errors.")
    pending = serializers.ListField(
        child=serializers.ChoiceField(choices=["file", "issue", "comment"]), help_text="What is still to be made."
    )
    problem = serializers.SerializerMethodField(help_text="Why that is not made yet, where something is in the way.")
    next_attempt = serializers.DateTimeField(allow_null=True, help_text="When it is tried again, at the earliest.")

    class Meta:
        model = KnownBug
        fields = [
            "bug_id",
            "title",
            "description",
            "severity",
            "status",
            "service",
            "fingerprint",
            "group",
            "occurrence_count",
            "last_occurrence",
            "created",
            "resolved_at",
            "regressions",
            "file_path",
            "tracker",
            "github_issue_number",
            "github_issue_url",
            "pending",
            "problem",
            "next_attempt",
        ]
        read_only_fields = fields

    def get_problem(self, bug: KnownBug) -> str:
        """Return the bug's own trouble, or that of the tracker that it waits for."""
        if bug.issue_due is None:
            return bug.file_problem
        why: Callable[[KnownBug], str] = self.context["why"]
        return bug.file_problem or bug.issue_problem or why(bug)


class BugListSerializer(BugSerializer):
    """A known bug in a list: without its description, which can be long."""

    class Meta(BugSerializer.Meta):
        fields = [name for name in BugSerializer.Meta.fields if name != "description"]
        read_only_fields = fields


class BugFilterSerializer(serializers.Serializer[Any]):
    """Which bugs."""

    status = serializers.ChoiceField(choices=BugStatus.choices, required=False)
    severity = serializers.ChoiceField(choices=BugSeverity.choices, required=False)
    service = serializers.CharField(max_length=200, required=False)
    search = serializers.CharField(max_length=200, required=False, help_text="Part of the id, title or description.")
    pending = serializers.ChoiceField(
        choices=["true", "false"],
        required=False,
        help_text="Whether a file, an issue or a comment is still to be made.",
    )


class BugChangeSerializer(serializers.Serializer[Any]):
    """What can be changed. File and issue keep the title and severity that they were made with."""

    title = serializers.CharField(max_length=200, required=False)
    severity = serializers.ChoiceField(choices=BugSeverity.choices, required=False)
    status = serializers.ChoiceField(choices=BugStatus.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a change of nothing, and of what cannot be changed.

        Raises:
            ValidationError: It is one.
        """
        if unknown := sorted(set(self.initial_data) - set(self.fields)):
            message = f"This cannot be changed. What can: {', '.join(self.fields)}."
            raise serializers.ValidationError({str(name)[:100]: [message] for name in unknown[:10]})
        if not attrs:
            raise serializers.ValidationError(f"Give at least one of {', '.join(self.fields)}.")
        return attrs


class BugPages(CursorPages):
    """Pages of bugs, the newest first."""

    ordering = ("-number",)


class BugsView(ApiView, generics.ListAPIView[KnownBug]):
    """Known bugs."""

    serializer_class = BugListSerializer
    pagination_class = BugPages
    filter_backends = []

    def get_queryset(self) -> QuerySet[KnownBug]:
        """Narrow down by the query parameters."""
        given = read(self.request, BugFilterSerializer, BugPages)
        bugs = KnownBug.objects.select_related("group").defer("description", "group__users_sketch")
        waits = Q(file_due__isnull=False) | Q(issue_due__isnull=False)
        if (pending := given.pop("pending", None)) is not None:
            bugs = bugs.filter(waits if pending == "true" else ~waits)
        if (text := given.pop("search", None)) is not None:
            bugs = bugs.filter(Q(bug_id__iexact=text) | Q(title__icontains=text) | Q(description__icontains=text))
        return bugs.filter(**given)

    def get_serializer_context(self) -> dict[str, Any]:
        """Let rows say why they wait."""
        return {**super().get_serializer_context(), "why": _reason()}

    @describe(
        operation_id="bugs",
        parameters=[BugFilterSerializer],
        responses={200: BugListSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List known bugs, the newest first."""
        return super().get(request, *args, **kwargs)


class BugView(ApiView):
    """One known bug."""

    @describe(operation_id="bug", responses={200: BugSerializer, **refusals(404)})
    def get(self, _request: Request, bug_id: str) -> Response:
        """Return a bug."""
        return Response(_shown(_bug(bug_id)))

    @describe(
        operation_id="change_bug",
        request=BugChangeSerializer,
        responses={200: BugSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request, bug_id: str) -> Response:
        """Change title or severity, resolve the bug with the group of its errors, or open both again."""
        bug = _bug(bug_id)
        change = BugChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        values = dict(change.validated_data)
        status, user = values.pop("status", None), cast(AbstractBaseUser, request.user)
        if values:
            alias = router.db_for_write(KnownBug)
            with transaction.atomic(using=alias):
                _rows().filter(pk=bug.pk).update(**values, modified=timezone.now())
                deed = trail.Deed("bug.change", "bug", bug.bug_id, actor=user.get_username(), details=values)
                trail.tell(deed, alias)
        try:
            if status is not None:
                (resolving.resolve if status == BugStatus.RESOLVED else resolving.reopen)([bug], user)
        except (RefusedError, UnknownGroupError):
            return problem(409, "The group of its errors was changed just now; ask again.")
        return Response(_shown(_bug(bug_id)))


class FileBugView(ApiView):
    """What a bug lacks."""

    @describe(operation_id="file_bug", request=None, responses={202: BugSerializer, **refusals(404)})
    def post(self, _request: Request, bug_id: str) -> Response:
        """Have the file, the issue and the comment that a bug lacks made now: within ten seconds, in the background."""
        used = desk()
        retry([_bug(bug_id).bug_id], used)
        return Response(_shown(_bug(bug_id), used), status=202, headers={"Retry-After": str(_WITHIN_SECONDS)})


def _bug(bug_id: str) -> KnownBug:
    """Return a bug that was not deleted.

    Raises:
        NotFound: There is none.
    """
    bugs = _rows().filter(deleted_at=None).select_related("group__merged_into")
    found = bugs.filter(bug_id=bug_id).first() if _ID.fullmatch(bug_id) else None
    if found is None:
        raise NotFound("There is no such bug.")
    return found


def _rows() -> QuerySet[KnownBug]:
    return KnownBug.all_objects.using(router.db_for_write(KnownBug))


def _shown(bug: KnownBug, used: Desk | None = None) -> dict[str, Any]:
    return BugSerializer(bug, context={"why": _reason(used)}).data


def _reason(used: Desk | None = None) -> Callable[[KnownBug], str]:
    """Return what says why the issue of a bug waits, and looks up at most once what is the same for all."""
    told = cache(lambda: _looked_up(used or desk()))

    def why(bug: KnownBug) -> str:
        text, left, most = told()
        return text or budget.why_it_waits(bug, left, most)

    return why


def _looked_up(used: Desk) -> tuple[str, budget.Room, int]:
    """Return why the tracker is left alone, how many issues may still be opened, and how many may be in an hour."""
    most, now = used.config.issues_per_hour, used.now()
    return trouble(used.tracker, used.alias, now), budget.room(most, used.alias, now), most
