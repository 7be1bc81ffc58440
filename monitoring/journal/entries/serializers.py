"""How an entry of the journal is shown: the same in lists, alone, and in exports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class JournalEntrySerializer(serializers.Serializer[Any]):
    """An entry of the journal."""

    id = serializers.SerializerMethodField(help_text="32 hexadecimal digits.")
    stream = serializers.CharField()
    sequence = serializers.IntegerField(
        default=None, allow_null=True, help_text="Its place in its stream; null while it waits to be sealed."
    )
    at = serializers.DateTimeField()
    service = serializers.CharField()
    environment = serializers.CharField()
    action = serializers.CharField(help_text="Object and verb: `block.lift`.")
    outcome = serializers.CharField(help_text="`success`, `failure` or `denied`.")
    actor = serializers.CharField(help_text="Name of who did it; empty for the platform itself.")
    user_id = serializers.CharField()
    token = serializers.CharField(help_text="First characters of the digest of the token they came with.")
    client = serializers.CharField(help_text="Their address.")
    target_type = serializers.CharField()
    target_id = serializers.CharField()
    trace_id = serializers.CharField()
    request_id = serializers.CharField()
    task_id = serializers.CharField()
    details = serializers.DictField()
    previous = serializers.SerializerMethodField(help_text="Digest of the entry before it in its stream.")
    digest = serializers.SerializerMethodField(help_text="Of this entry and the one before; null until it is sealed.")

    def get_id(self, row: Any) -> str:
        """Return the id."""
        return str(row.entry_id.hex)

    def get_previous(self, row: Any) -> str | None:
        """Return the digest of the entry before it."""
        return _hexadecimal(getattr(row, "previous", None))

    def get_digest(self, row: Any) -> str | None:
        """Return the entry's digest."""
        return _hexadecimal(getattr(row, "digest", None))


class JournalSerializer(serializers.Serializer[Any]):
    """A page of the journal."""

    next = serializers.CharField(allow_null=True, help_text="Address of the page that follows.")
    previous = serializers.CharField(allow_null=True, help_text="Address of the page before.")
    results = JournalEntrySerializer(many=True)


def _hexadecimal(digest: Any) -> str | None:
    """Return a digest as text."""
    if isinstance(digest, bytes | memoryview):
        return bytes(digest).hex()
    return str(digest) if digest is not None else None
