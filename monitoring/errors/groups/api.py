"""Groups over HTTP: lists, one in full, and what is decided about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.db import router
from rest_framework import generics
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.access.openapi import describe
from monitoring.access.problems import problem, refusals
from monitoring.access.query import read
from monitoring.access.views import ApiView

from . import actions, locking, merging, reading, totals
from .listing import GroupPages, Listing, listing
from .locking import RefusedError, UnknownGroupError
from .models import ErrorGroup, GroupStatus
from .serializers import (
    MAX_ID,
    ChangedSerializer,
    CommentSerializer,
    DecisionSerializer,
    GroupDetailSerializer,
    GroupEntrySerializer,
    GroupFilterSerializer,
    GroupSerializer,
    GroupsSerializer,
    ManyDecisionsSerializer,
)


class GroupsView(ApiView, generics.ListAPIView[ErrorGroup]):
    """Groups of errors."""

    serializer_class = GroupSerializer
    pagination_class = GroupPages
    filter_backends = []

    def get_queryset(self) -> Any:
        """Narrow down by the query parameters."""
        return listing(read(self.request, GroupFilterSerializer, GroupPages))

    def filter_queryset(self, queryset: Any) -> Any:
        """Leave it as it is: it is narrowed down already, and two lists in one."""
        found: Listing = queryset
        return found

    def get_serializer(self, *args: Any, **kwargs: Any) -> Any:
        """Show the groups of a page with what they add up to."""
        page: Sequence[ErrorGroup] = args[0]
        alias = router.db_for_read(ErrorGroup)
        group_ids = [group.pk for group in page]
        sums = totals.of(group_ids, alias)
        members = [member for one in sums.values() for member in one.members]
        context = {"totals": sums, "bugs": reading.bugs(group_ids, members, alias)}
        return GroupSerializer(page, context=context, **kwargs)

    @describe(
        operation_id="error_groups",
        parameters=[GroupFilterSerializer],
        responses={200: GroupSerializer(many=True), **refusals(400)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """List groups that are merged into no other."""
        return super().get(request, *args, **kwargs)

    @describe(
        operation_id="decide_about_error_groups",
        request=ManyDecisionsSerializer,
        responses={200: ChangedSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request) -> Response:
        """Decide the same about several groups."""
        given = ManyDecisionsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        group_ids = wanted.pop("groups")
        return _carry_out(lambda: Response({"changed": sorted(_decide(group_ids, wanted, _user(request)))}))


class OneGroupView(ApiView):
    """What is at the address of one group."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse ids that no group can have.

        Raises:
            NotFound: It is one.
        """
        super().initial(request, *args, **kwargs)
        if kwargs["pk"] > MAX_ID:
            raise NotFound("There is no such group.")


class GroupView(OneGroupView):
    """One group of errors."""

    @describe(operation_id="error_group", responses={200: GroupDetailSerializer, **refusals(404)})
    def get(self, _request: Request, pk: int) -> Response:
        """Return all that is known of a group."""
        return _carry_out(lambda: _shown(pk, router.db_for_read(ErrorGroup)))

    @describe(
        operation_id="decide_about_error_group",
        request=DecisionSerializer,
        responses={200: GroupDetailSerializer, **refusals(400, 404, 409)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Resolve a group, ignore it, take that back, or say who looks after it."""
        given = DecisionSerializer(data=request.data)
        given.is_valid(raise_exception=True)

        def decide() -> Response:
            _decide([pk], given.validated_data, _user(request))
            return _shown(pk)

        return _carry_out(decide)


class CommentsView(OneGroupView):
    """Comments on a group."""

    @describe(
        operation_id="comment_on_error_group",
        request=CommentSerializer,
        responses={201: GroupEntrySerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Add a comment to the history; one that is sent once more is added once."""
        given = CommentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        text = given.validated_data["text"]
        return _carry_out(
            lambda: Response(GroupEntrySerializer(actions.comment(pk, text, _user(request))).data, status=201)
        )


class MergeView(OneGroupView):
    """Merging."""

    @describe(
        operation_id="merge_error_groups",
        request=GroupsSerializer,
        responses={200: GroupDetailSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Merge groups of the same service into this one."""
        group_ids = _groups(request)
        return _carry_out(lambda: _shown(merging.merge(pk, group_ids, _user(request))))


class UnmergeView(OneGroupView):
    """Taking a merge back."""

    @describe(
        operation_id="unmerge_error_groups",
        request=GroupsSerializer,
        responses={200: GroupDetailSerializer, **refusals(400, 404, 409)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take groups out of this one: each has again what was counted of it alone."""
        group_ids = _groups(request)

        def unmerge() -> Response:
            merging.unmerge(pk, group_ids, _user(request))
            return _shown(pk)

        return _carry_out(unmerge)


def _groups(request: Request) -> list[int]:
    given = GroupsSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    return list(given.validated_data["groups"])


def _user(request: Request) -> AbstractBaseUser:
    return cast(AbstractBaseUser, request.user)


def _carry_out(work: Callable[[], Response]) -> Response:
    """Answer 409 with the reason where something is refused.

    Raises:
        NotFound: One of the groups does not exist.
    """
    try:
        return work()
    except UnknownGroupError as error:
        raise NotFound(str(error)) from error
    except RefusedError as error:
        return problem(409, str(error))


def _shown(pk: int, alias: str = "") -> Response:
    """Show a group; after a change as it is where changes are written."""
    return Response(GroupDetailSerializer(reading.known(pk, alias or router.db_for_write(ErrorGroup))).data)


def _decide(group_ids: Sequence[int], wanted: dict[str, Any], user: AbstractBaseUser) -> set[int]:
    """Carry a decision out, the whole of it or nothing; return the groups that it changed."""

    def work(_alias: str) -> set[int]:
        changed = set(actions.assign(group_ids, wanted["assignee"], user)) if "assignee" in wanted else set()
        return changed.union(_set_status(group_ids, wanted, user))

    return locking.transact(work)


def _set_status(group_ids: Sequence[int], wanted: dict[str, Any], user: AbstractBaseUser) -> list[int]:
    status = wanted.get("status")
    if status == GroupStatus.RESOLVED:
        return actions.resolve(group_ids, user)
    if status == GroupStatus.RESOLVED_IN_RELEASE:
        return actions.resolve_in_release(group_ids, wanted.get("release", ""), user)
    if status == GroupStatus.IGNORED:
        conditions = {name: wanted[name] for name in ("until", "count", "rate", "minutes") if name in wanted}
        return actions.ignore(group_ids, actions.Ignoring(**conditions), user)
    return actions.unresolve(group_ids, user) if status == GroupStatus.UNRESOLVED else []
