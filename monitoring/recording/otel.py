"""OpenTelemetry's current span, where the project itself uses OpenTelemetry: nothing of it is imported here."""

from __future__ import annotations

from sys import modules

from .w3c import SAMPLED, Parent

_MODULE = "opentelemetry.trace"


def is_set_up() -> bool:
    """Whether the project has told OpenTelemetry to make spans. It is also loaded by libraries that merely could."""
    trace = modules.get(_MODULE)
    return trace is not None and getattr(trace, "_TRACER_PROVIDER", trace) is not None


def current_span() -> Parent | None:
    """Return OpenTelemetry's current span, or None where there is none or OpenTelemetry is not loaded."""
    trace = modules.get(_MODULE)
    if trace is None:
        return None
    try:
        current = trace.get_current_span()
        if current is trace.INVALID_SPAN:  # nearly always: told in half the time
            return None
        span = current.get_span_context()
        if not span.is_valid:
            return None
        return Parent(f"{span.trace_id:032x}", f"{span.span_id:016x}", bool(span.trace_flags & SAMPLED))
    except Exception:  # it is being imported, or is of a release that we do not know
        return None
