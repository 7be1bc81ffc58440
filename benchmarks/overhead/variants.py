"""What is compared: Django alone, Enginel, and its peers, each set up as its own documentation says."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

OURS = "monitoring.recording.middleware.MonitoringMiddleware"
PROTECTION = "monitoring.protection.middleware.ProtectionMiddleware"
SINK = "ENGINEL_BENCH_SINK"


def nothing() -> None:
    """A variant that needs no set-up."""


def _sentry(traces: float) -> Callable[[], None]:
    def prepare() -> None:
        import sentry_sdk

        sentry_sdk.init(dsn=f"http://key@{os.environ[SINK]}/1", traces_sample_rate=traces, shutdown_timeout=0)

    return prepare


def opentelemetry_to_nowhere() -> None:
    """Have spans made, batched and handed over, and forgotten there."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

    class Nowhere(SpanExporter):
        """Takes what the batch processor hands over, and forgets it."""

        def export(self, spans: Any) -> SpanExportResult:
            return SpanExportResult.SUCCESS

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(Nowhere()))
    trace.set_tracer_provider(provider)


def _opentelemetry() -> None:
    from opentelemetry.instrumentation.django import DjangoInstrumentor

    opentelemetry_to_nowhere()
    DjangoInstrumentor().instrument()


def _structlog() -> None:
    import structlog

    # The logger's own thread-safe path to a stream that costs nothing.
    handler = logging.StreamHandler(open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=structlog.processors.JSONRenderer()))
    logger = logging.getLogger("django_structlog")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def decide() -> None:
    """Have something decided: a process that finds nothing counts each request that it could not judge."""
    from monitoring.conf import get_config
    from monitoring.stream.connection import connect
    from monitoring.stream.decisions import Entry, Replica
    from monitoring.stream.projection import rebuild

    config = get_config()
    blocked = {"block": {"4:32:1": Entry("x")}, "block_length": {"4:32": Entry("1")}}
    providers = {kind: lambda entries=entries: entries for kind, entries in blocked.items()}
    rebuild(connect(config.redis_url, 5.0), Replica(config.stream_prefix), providers)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Variant:
    """One way of watching the service.

    Attributes:
        title: For the table.
        middleware: What it adds to `MIDDLEWARE`.
        apps: What it adds to `INSTALLED_APPS`.
        prepare: What else it needs, after the settings are known and before the handlers are built.
        options: Enginel's settings.
    """

    title: str
    middleware: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    prepare: Callable[[], None] = nothing
    options: dict[str, Any] = field(default_factory=dict)


VARIANTS = {
    "bare": Variant("bare Django"),
    "bare-2": Variant("bare Django, a second process"),
    "enginel": Variant("Enginel", (OURS,)),
    "enginel-full": Variant("Enginel, every error in full", (OURS,), options={"ERRORS_PER_MINUTE": 10**9}),
    "enginel-protection": Variant("Enginel, with protection", (OURS, PROTECTION), prepare=decide),
    "prometheus": Variant(
        "django-prometheus",
        (
            "django_prometheus.middleware.PrometheusBeforeMiddleware",
            "django_prometheus.middleware.PrometheusAfterMiddleware",
        ),
        ("django_prometheus",),
    ),
    "structlog": Variant(
        "django-structlog", ("django_structlog.middlewares.RequestMiddleware",), ("django_structlog",), _structlog
    ),
    "opentelemetry": Variant("OpenTelemetry", prepare=_opentelemetry),
    "sentry": Variant("sentry-sdk, errors only", prepare=_sentry(0.0)),
    "sentry-traced": Variant("sentry-sdk, traces 1.0", prepare=_sentry(1.0)),
}


def set_up(variant: Variant, redis_url: str) -> None:
    """Configure Django for one variant: no other middleware, no database, no log output."""
    import django

    logging.getLogger().addHandler(logging.NullHandler())
    settings.configure(
        DEBUG=False,
        SECRET_KEY="for measuring only",
        ALLOWED_HOSTS=["testserver"],
        ROOT_URLCONF="benchmarks.overhead.service",
        MIDDLEWARE=list(variant.middleware),
        INSTALLED_APPS=list(variant.apps),
        LOGGING_CONFIG=None,
        USE_TZ=True,
        MONITORING={"SERVICE": "bench", "REDIS_URL": redis_url, **variant.options},
    )
    django.setup()
    variant.prepare()
