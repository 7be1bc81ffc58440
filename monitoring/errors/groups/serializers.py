"""How groups are shown, and what may be asked of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from monitoring.access.fields import ChoicesField, MomentField, WholeNumberField

from .actions import MAX_COMMENT
from .listing import ORDERS
from .models import EntryKind, ErrorGroup, ErrorKind, GroupEntry, GroupStatus

MAX_ID = 2**63 - 1
_MAX_GROUPS = 100
_MOST, _MOST_AT_ONCE, _MOST_MINUTES = 10**9, 10_000, 24 * 60
DECISIONS = [
    (status.value, status.label)
    for status in (
        GroupStatus.UNRESOLVED,
        GroupStatus.RESOLVED,
        GroupStatus.RESOLVED_IN_RELEASE,
        GroupStatus.IGNORED,
    )
]
"""What people can decide; that a group has regressed is found out."""
_CONDITIONS = ("until", "count", "rate", "minutes")


class Exact(serializers.CharField):
    """Text that is looked for as it is."""

    def __init__(self, max_length: int = 200, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "max_length": max_length, "trim_whitespace": False, **kwargs})


class GroupFilterSerializer(serializers.Serializer[Any]):
    """Which groups."""

    status = ChoicesField(
        GroupStatus.values, required=False, help_text=f"One or several of {', '.join(GroupStatus)}, by commas."
    )
    service = Exact()
    environment = Exact(50, help_text="The one in which it was first seen.")
    release = Exact(help_text="One in which it occurred.")
    severity = Exact(10)
    category = Exact(40, help_text="What its errors are: `database_error`, `not_found`, …")
    error_type = Exact(help_text="Class of the exception, or `csrf`, `404`, …")
    kind = serializers.ChoiceField(choices=ErrorKind.choices, required=False)
    name = Exact(help_text="What failed: method and route, a task, or a logger.")
    status_code = WholeNumberField(required=False, min_value=0, max_value=999)
    assignee = Exact(150, help_text="Name of the user who looks after it.")
    has_bug = serializers.ChoiceField(
        choices=["true", "false"], required=False, help_text="Whether there is a known bug of it."
    )
    search = Exact(trim_whitespace=True, help_text="Part of its title, type, culprit or name.")
    since = MomentField(required=False, help_text="Those that occurred then or later.")
    until = MomentField(required=False, help_text="Those that occurred first before.")
    order = serializers.ChoiceField(choices=ORDERS, required=False, help_text="The latest or greatest come first.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a window that ends before it begins."""
        if "since" in attrs and "until" in attrs and attrs["until"] <= attrs["since"]:
            raise serializers.ValidationError({"until": ["Must be after `since`."]})
        return attrs


class IgnoredSerializer(serializers.Serializer[Any]):
    """Until when a group is ignored: until one of these comes about, or for good."""

    until = serializers.DateTimeField(allow_null=True)
    count = serializers.IntegerField(allow_null=True, help_text="Until it occurs so many times more.")
    rate = serializers.IntegerField(allow_null=True, help_text="Until it occurs so many times within `minutes`.")
    minutes = serializers.IntegerField(allow_null=True)


class GroupSerializer(serializers.ModelSerializer[ErrorGroup]):
    """A group, with what is merged into it."""

    count = serializers.SerializerMethodField(help_text="Occurrences since ever.")
    users = serializers.SerializerMethodField(help_text="Users that it met.")
    users_exact = serializers.SerializerMethodField(help_text="Whether they are not too many to be counted exactly.")
    first_seen = serializers.SerializerMethodField()
    last_seen = serializers.SerializerMethodField()
    first_release = serializers.SerializerMethodField()
    last_release = serializers.SerializerMethodField()
    assignee = serializers.SerializerMethodField(help_text="Who looks after it.")
    ignored = serializers.SerializerMethodField()
    merged_into = serializers.IntegerField(source="merged_into_id", allow_null=True)
    members = serializers.SerializerMethodField(help_text="How many groups are merged into it.")
    bug_id = serializers.SerializerMethodField(help_text="Its known bug.")

    class Meta:
        model = ErrorGroup
        fields = [
            "id",
            "title",
            "service",
            "environment",
            "kind",
            "error_type",
            "exception_type",
            "category",
            "severity",
            "status_code",
            "name",
            "culprit",
            "status",
            "status_at",
            "resolved_at",
            "resolved_release",
            "ignored",
            "assignee",
            "count",
            "users",
            "users_exact",
            "first_seen",
            "last_seen",
            "first_release",
            "last_release",
            "merged_into",
            "members",
            "bug_id",
        ]
        read_only_fields = fields

    def get_count(self, group: ErrorGroup) -> int:
        """Return what it and its members add up to."""
        return int(self.context["totals"][group.pk].count)

    def get_users(self, group: ErrorGroup) -> int:
        """Return how many there are of it and its members."""
        return int(self.context["totals"][group.pk].users)

    def get_users_exact(self, group: ErrorGroup) -> bool:
        """Return whether all of them are known by name."""
        return bool(self.context["totals"][group.pk].exact)

    def get_first_seen(self, group: ErrorGroup) -> datetime:
        """Return when the first of it and its members was seen."""
        return self.context["totals"][group.pk].first_seen  # type: ignore[no-any-return]

    def get_last_seen(self, group: ErrorGroup) -> datetime:
        """Return when the last of it and its members was seen."""
        return self.context["totals"][group.pk].last_seen  # type: ignore[no-any-return]

    def get_first_release(self, group: ErrorGroup) -> str:
        """Return the release of the first."""
        return str(self.context["totals"][group.pk].first_release)

    def get_last_release(self, group: ErrorGroup) -> str:
        """Return the release of the last."""
        return str(self.context["totals"][group.pk].last_release)

    def get_assignee(self, group: ErrorGroup) -> str | None:
        """Return the user's name."""
        return None if group.assignee is None else group.assignee.get_username()

    @extend_schema_field(IgnoredSerializer(allow_null=True))
    def get_ignored(self, group: ErrorGroup) -> dict[str, Any] | None:
        """Return until when, where it is ignored."""
        if group.status != GroupStatus.IGNORED:
            return None
        left = None if group.ignored_count is None else max(group.ignored_count - self.get_count(group), 0)
        values = (group.ignored_until, left, group.ignored_rate, group.ignored_rate_minutes)
        return IgnoredSerializer(dict(zip(_CONDITIONS, values, strict=True))).data

    def get_members(self, group: ErrorGroup) -> int:
        """Return how many there are."""
        return len(self.context["totals"][group.pk].members)

    def get_bug_id(self, group: ErrorGroup) -> str | None:
        """Return that of the group, or of one of its members."""
        return self.context["bugs"].get(group.pk)  # type: ignore[no-any-return]


class MergedGroupSerializer(serializers.ModelSerializer[ErrorGroup]):
    """A group that is merged into another, with what was counted of it alone."""

    class Meta:
        model = ErrorGroup
        fields = ["id", "title", "culprit", "count", "users", "first_seen", "last_seen"]
        read_only_fields = fields


class OccurrencesSerializer(serializers.Serializer[Any]):
    """Occurrences in spans of time that follow each other without a gap."""

    start = serializers.DateTimeField(help_text="When the first span begins.")
    seconds = serializers.IntegerField(help_text="How long each is.")
    counts = serializers.ListField(
        child=serializers.IntegerField(), help_text="How many in each; the last one goes on."
    )


class GroupReleaseSerializer(serializers.Serializer[Any]):
    """A release in which it occurred."""

    release = serializers.CharField()
    count = serializers.IntegerField()
    first_seen = serializers.DateTimeField()


class GroupEntrySerializer(serializers.ModelSerializer[GroupEntry]):
    """An entry of the history."""

    group = serializers.IntegerField(source="group_id")
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    detail = serializers.DictField(help_text="What belongs to the kind: the `text` of a comment, `groups`, …")

    class Meta:
        model = GroupEntry
        fields = ["id", "group", "at", "kind", "who", "detail"]
        read_only_fields = fields


class GroupDetailSerializer(serializers.Serializer[Any]):
    """All that is known of a group, with what is merged into it."""

    group = serializers.SerializerMethodField()
    merged = MergedGroupSerializer(source="totals.members", many=True)
    fingerprints = serializers.ListField(child=serializers.CharField())
    last_24_hours = OccurrencesSerializer(source="hours")
    last_14_days = OccurrencesSerializer(source="days")
    releases = GroupReleaseSerializer(
        many=True, help_text="The latest hundred, in the order of their first occurrence."
    )
    first_error = serializers.UUIDField(allow_null=True, help_text="The first error that is kept in full.")
    latest_error = serializers.UUIDField(allow_null=True, help_text="The latest one.")
    history = GroupEntrySerializer(many=True, help_text="The latest first, two hundred at most.")

    @extend_schema_field(GroupSerializer)
    def get_group(self, known: Any) -> dict[str, Any]:
        """Return what lists show of it, too."""
        context = {"totals": {known.group.pk: known.totals}, "bugs": known.bugs}
        return GroupSerializer(known.group, context=context).data


class DecisionSerializer(serializers.Serializer[Any]):
    """What is decided about groups."""

    status = serializers.ChoiceField(choices=DECISIONS, required=False)
    release = Exact(
        allow_blank=True,
        help_text="With `resolved_in_release`: the release; the next one that is seen unless given.",
    )
    until = MomentField(required=False, help_text="With `ignored`: until then.")
    count = WholeNumberField(
        required=False, min_value=1, max_value=_MOST, help_text="With `ignored`: until it occurs so many times more."
    )
    rate = WholeNumberField(
        required=False,
        min_value=1,
        max_value=_MOST_AT_ONCE,
        help_text="With `ignored`: until it occurs so many times within `minutes`.",
    )
    minutes = WholeNumberField(required=False, min_value=1, max_value=_MOST_MINUTES)
    assignee = serializers.CharField(
        required=False, allow_null=True, max_length=150, help_text="Name of a user, or null for nobody."
    )

    def validate_until(self, until: datetime) -> datetime:
        """Refuse a time that has passed."""
        if until <= datetime.now(UTC):
            raise serializers.ValidationError("Must be in the future.")
        return until

    def validate_assignee(self, name: str | None) -> Any:
        """Return the user of that name."""
        if name is None:
            return None
        found = (
            get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: name}, is_active=True).first()
        )
        if found is None:
            raise serializers.ValidationError("There is no active user of this name.")
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what has no meaning together, and a decision about nothing."""
        if unknown := sorted(set(self.initial_data) - set(self.fields)):
            message = f"This cannot be given. What can: {', '.join(self.fields)}."
            raise serializers.ValidationError({str(name)[:100]: [message] for name in unknown[:10]})
        if not attrs.keys() & {"status", "assignee"}:
            raise serializers.ValidationError("Give `status`, `assignee` or both.")
        status = attrs.get("status")
        if "release" in attrs and status != GroupStatus.RESOLVED_IN_RELEASE:
            raise serializers.ValidationError({"release": ["Goes with the status `resolved_in_release` alone."]})
        for name in _CONDITIONS:
            if name in attrs and status != GroupStatus.IGNORED:
                raise serializers.ValidationError({name: ["Goes with the status `ignored` alone."]})
        if ("rate" in attrs) is not ("minutes" in attrs):
            raise serializers.ValidationError({"rate": ["Goes together with `minutes`."]})
        return attrs


class GroupsSerializer(serializers.Serializer[Any]):
    """Some groups."""

    groups = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID), min_length=1, max_length=_MAX_GROUPS
    )


class ManyDecisionsSerializer(GroupsSerializer, DecisionSerializer):
    """What is decided about several groups."""


class ChangedSerializer(serializers.Serializer[Any]):
    """Which groups a decision changed: it was new to these."""

    changed = serializers.ListField(child=serializers.IntegerField())


class CommentSerializer(serializers.Serializer[Any]):
    """A comment."""

    text = serializers.CharField(max_length=MAX_COMMENT)
