"""Which sinks there are: the one list. One that is off is not imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec

from monitoring.conf import Config

from .base import OptionsError, Sink

KINDS: Mapping[str, str] = {
    "otlp_logs": "monitoring.sinks.otlp_logs:OtlpLogs",
    "otlp_traces": "monitoring.sinks.otlp_traces:OtlpTraces",
    "sentry": "monitoring.sinks.sentry:Sentry",
    "syslog": "monitoring.sinks.syslog:Syslog",
}
"""Where each kind of sink lives."""


def configured(config: Config) -> Mapping[str, Sink]:
    """Return the sinks that are on, by their kinds; those whose options are wrong are not (`problems` says so)."""
    if not config.sinks:
        return {}
    return _configured(msgspec.json.encode(config.sinks))


def problems(config: Config) -> Iterator[str]:
    """Say, one line each, what is wrong with the sinks that settings ask for."""
    for kind, options in config.sinks.items():
        if kind not in KINDS:
            yield f"MONITORING['SINKS'] names {kind!r}, which is none of {', '.join(sorted(KINDS))}."
            continue
        try:
            sink = _make(kind, options)
        except OptionsError as error:
            yield f"MONITORING['SINKS'][{kind!r}] {error}."
            continue
        if missing := _missing(sink):
            yield f"MONITORING['SINKS'][{kind!r}] needs what `pip install 'enginel[{missing}]'` installs."


@lru_cache(maxsize=8)
def _configured(encoded: bytes) -> dict[str, Sink]:
    """Make the sinks of settings once; they are keyed by their text, since settings of tests change."""
    found: dict[str, Sink] = {}
    for kind, options in msgspec.json.decode(encoded).items():
        if kind not in KINDS:
            continue
        try:
            sink = _make(kind, options)
        except OptionsError:
            continue
        if not _missing(sink):
            found[kind] = sink
    return found


def _make(kind: str, options: Mapping[str, Any]) -> Sink:
    module, _, name = KINDS[kind].partition(":")
    sink: type[Sink] = getattr(import_module(module), name)
    return sink.of(options)


def _missing(sink: Sink) -> str:
    """Return the extra that a sink needs and that is not installed."""
    module, _, extra = sink.requires.partition(":")
    try:
        return extra if module and find_spec(module) is None else ""
    except ModuleNotFoundError:  # not even the package around it
        return extra
