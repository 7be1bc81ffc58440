"""How errors are shown."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}], "nullable": True})
class UserField(serializers.Field):  # type: ignore[type-arg]
    """A user's id: a number where it is one."""

    def to_representation(self, value: Any) -> Any:
        """Show it as it is."""
        return value


@extend_schema_field(OpenApiTypes.OBJECT)
class ContextField(serializers.JSONField):
    """What was said of an error."""


class RecentErrorSerializer(serializers.Serializer[Any]):
    """An error, as documented."""

    timestamp = serializers.CharField(help_text="ISO 8601, UTC.")
    error_type = serializers.CharField()
    error_message = serializers.CharField()
    severity = serializers.CharField(help_text="`CRITICAL`, `ERROR`, `WARNING` or `INFO`.")
    user_id = UserField(allow_null=True)
    request_path = serializers.CharField(allow_null=True, help_text="The route, where only that is known.")
    context = ContextField()  # type: ignore[assignment]
    traceback = serializers.CharField(help_text="Empty where the error is not kept in full.")
    error_id = serializers.UUIDField()


class ListedErrorSerializer(RecentErrorSerializer):
    """An error in the list."""

    kept = serializers.CharField(
        help_text="Why it is kept in full: `new`, `turning`, `rare`, `sample`; empty where it is not."
    )
    service = serializers.CharField()
    name = serializers.CharField(help_text="What failed: method and route, a task, or a logger.")
    status_code = serializers.IntegerField(help_text="0 without a response.")
    group = serializers.IntegerField(allow_null=True, help_text="The one it is counted with, after merging.")
    trace_id = serializers.CharField()
    task_id = serializers.CharField()


class ErrorsSerializer(serializers.Serializer[Any]):
    """A page of errors, the newest first."""

    count = serializers.IntegerField(help_text="How many are on this page.")
    next = serializers.URLField(allow_null=True, help_text="The page of older ones.")
    previous = serializers.URLField(allow_null=True)
    errors = ListedErrorSerializer(many=True)  # type: ignore[assignment]


class SourceSerializer(serializers.Serializer[Any]):
    """A line of source."""

    line = serializers.IntegerField()
    text = serializers.CharField()


class FrameSerializer(serializers.Serializer[Any]):
    """A call, the outermost first."""

    module = serializers.CharField()
    file = serializers.CharField()
    function = serializers.CharField()
    line = serializers.IntegerField()
    in_app = serializers.BooleanField(help_text="It is the application's own code.")
    source = SourceSerializer(many=True)  # type: ignore[assignment]
    locals = serializers.DictField(help_text="Local variables as scrubbed text; empty unless they are recorded.")


class RaisedSerializer(serializers.Serializer[Any]):
    """An exception of a chain."""

    type = serializers.CharField()
    message = serializers.CharField()
    link = serializers.CharField(
        help_text="What it is to the one before: its `cause`, its `context`, one of its `group`; empty for the first."
    )
    frames = FrameSerializer(many=True)


class CrumbSerializer(serializers.Serializer[Any]):
    """Something that was logged or queried before."""

    timestamp = serializers.CharField()
    level = serializers.CharField(help_text="A log level, or `query`.")
    logger = serializers.CharField()
    text = serializers.CharField()


class BugOfErrorSerializer(serializers.Serializer[Any]):
    """A known bug."""

    bug_id = serializers.CharField()
    status = serializers.CharField()
    github_issue_url = serializers.CharField()


class GroupOfErrorSerializer(serializers.Serializer[Any]):
    """The group of an error, with all that was merged into it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    status = serializers.CharField(help_text="Such as `unresolved`, `resolved`, `ignored` or `regressed`.")
    count = serializers.IntegerField(help_text="Its errors since ever.")
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    bugs = BugOfErrorSerializer(many=True)


class DescribedErrorSerializer(RecentErrorSerializer):
    """All that a row of the log knows of an error."""

    kept = serializers.CharField(help_text="Why it is kept in full; empty where it is not.")
    service = serializers.CharField()
    release = serializers.CharField()
    environment = serializers.CharField()
    exception_type = serializers.CharField(help_text="Qualified name of the exception's class.")
    status_code = serializers.IntegerField(help_text="0 without a response.")
    name = serializers.CharField(help_text="What failed: method and route, a task, or a logger.")
    handled = serializers.BooleanField(help_text="Somebody reported it, instead of it ending a request or a task.")
    fingerprint = serializers.CharField()
    task_id = serializers.CharField()
    trace_id = serializers.CharField()
    request_id = serializers.CharField()
    client = serializers.CharField(help_text="Address of who made the request.")
    request = ContextField(allow_null=True)
    exceptions = RaisedSerializer(many=True, help_text="First the one that was caught.")
    crumbs = CrumbSerializer(many=True, help_text="The oldest first.")


class LoggedErrorSerializer(DescribedErrorSerializer):
    """An error in full."""

    group = GroupOfErrorSerializer(allow_null=True)
    previous = serializers.UUIDField(allow_null=True, help_text="The error of its group kept in full before it.")
    next = serializers.UUIDField(allow_null=True, help_text="The one after it.")
    nearest = DescribedErrorSerializer(
        allow_null=True, help_text="Of an error that is not kept in full: the one of its group nearest in time that is."
    )


class TypeCountSerializer(serializers.Serializer[Any]):
    """How many errors there were of a type."""

    error_type = serializers.CharField()
    count = serializers.IntegerField()


class SummarySerializer(serializers.Serializer[Any]):
    """How many errors there were."""

    total_errors = serializers.IntegerField()
    critical_errors = serializers.IntegerField()
    high_errors = serializers.IntegerField()
    unresolved_errors = serializers.IntegerField(help_text="Those whose group is unresolved, or has come back.")
    error_types = TypeCountSerializer(many=True, help_text="The most frequent first, 100 at most.")
    since = serializers.DateTimeField(
        help_text="From when on they are counted: exactly `hours` ago, or the beginning of that hour where more than "
        "100,000 errors occurred in it, or some of its errors are not stored any more."
    )
