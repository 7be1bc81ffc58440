"""Enginel's settings as one frozen value.

Everything lives in the `MONITORING` dict of the Django settings; without Django it is read as JSON from the
environment variable of the same name, with `SERVICE`, `ENVIRONMENT`, `RELEASE`, `REDIS_URL` and `TRUSTED_PROXIES`
beside it. Nothing else in the platform looks settings up.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

from monitoring.environments import defaults
from monitoring.forms import FORMS
from monitoring.journaling import Journaling
from monitoring.remedies import Remedies

QUEUE = "monitoring"
"""The queue of Enginel's own tasks."""
MINUTE = 60
_OWN_ADDRESSES = (
    "api/monitoring/*",
    "api/errors/*",
    "api/health/*",
    "api/docs/*",
    "api/schema/*",
    "metrics",
    "monitoring/alerts/act/*",
)


@dataclass(frozen=True)
class Config(Remedies, Journaling):
    """What an operator can choose. The attribute `flush_interval` is the key `FLUSH_INTERVAL` of `MONITORING`."""

    service: str = "enginel"
    """Name of the monitored service; part of every rollup's key."""
    release: str = ""
    """Version of the monitored service, for errors and deploy markers."""
    environment: str = "production"
    """`production`, `staging` or `development`: chooses some of the other defaults."""
    redis_url: str = "redis://127.0.0.1:6379/0"
    """Where the event streams live."""
    enabled: bool = True
    """Off: nothing is recorded at all."""
    eager: bool = False
    """Fold at once in the calling thread and connection. For tests only."""

    shards: int = 1
    """Into how many pairs of streams producers spread."""
    stream_prefix: str = "enginel"
    """First part of every key Enginel writes to Redis."""
    measures_stream_bytes: int = 256 * 1024 * 1024
    """Byte budget of one measures stream in Redis; producers wait beyond it."""
    facts_stream_bytes: int = 128 * 1024 * 1024
    """Byte budget of one facts stream in Redis."""

    flush_interval: float = 0.1
    """Seconds between two sends of a busy process."""
    flush_events: int = 500
    """A buffer this long is sent at once."""
    buffer_events: int = 20_000
    """Events of one kind a process holds unsent and unencoded; the oldest go first beyond that, counted."""
    pending_measures_bytes: int = 4 * 1024 * 1024
    """Encoded measures a process holds while Redis is away."""
    pending_facts_bytes: int = 4 * 1024 * 1024
    """Encoded facts a process holds while Redis is away."""
    keepalive_interval: float = 60.0
    """Seconds after which an idle producer says it is alive, and reports what it dropped."""
    producer_idle_limit: float = 30.0 * MINUTE
    """Seconds of idleness after which a producer takes a new id."""
    send_timeout: float = 2.0
    """Seconds a send may take before its outcome counts as unknown."""
    error_classes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What is known of classes of exceptions, by qualified name, over the built-in table; for their subclasses too."""
    fingerprint_rules: tuple[dict[str, Any], ...] = ()
    """Which errors are of one cause: patterns that an error meets, and what its fingerprint is made of then."""
    bugs_not_for: tuple[dict[str, Any], ...] = (
        {"type": "DisallowedHost"},
        {"status": "503", "kind": "response", "name": "*[ /^]api/health/*"},
        *({"status": "4*", "name": f"*[ /^]{address}"} for address in _OWN_ADDRESSES),
    )
    """Which errors are recorded without becoming known bugs: patterns that an error meets."""
    alert_rules: tuple[dict[str, Any], ...] = ()
    """Alert rules, and what is changed about the builtin ones."""
    errors_per_minute: int = 10
    """Errors of one place in the code that a process sends in full per minute; the rest travel as occurrences."""
    error_details: int = 3
    """Errors of one place in the code that a process sends with lines of source per minute."""
    error_locals: bool = False
    """Send the local variables of where it was raised with as many errors, scrubbed and bounded."""
    record_headers: bool = False
    """Send the headers of a request with its errors, scrubbed; never cookies or what authenticates."""
    record_body: bool = False
    """Send the body of a request with its errors, as far as the view had read it, scrubbed and bounded."""
    scrub_keys: tuple[str, ...] = ()
    """Names, or patterns such as `*_licence`, whose values are filtered like those of passwords wherever they stand."""
    breadcrumbs: int = 20
    """Last log lines and queries of a request or task that its errors tell of."""
    in_app: tuple[str, ...] = ()
    """Packages that are the application's own though they are installed like libraries."""
    not_in_app: tuple[str, ...] = ()
    """Packages that are not the application's own though they lie beside it."""
    capture_logs: bool = True
    """Record what is logged at ERROR and above, and tell errors what was logged before."""

    drain_seconds: float = 5.0
    """How long one drain task works and listens before it hands over to the next."""
    drain_block: float = 1.0
    """Seconds a drain waits for the first entry of an empty stream."""
    drain_linger: float = 0.5
    """Seconds a drain of measures lets entries gather, so that commits stay few."""
    drain_entries: int = 5_000
    """Entries read in one drain at most."""
    drain_bytes: int = 32 * 1024 * 1024
    """Bytes of entries read in one drain at most."""
    names_per_minute: int = 10_000
    """Distinct names of one kind and minute that get rows of their own; the rest folds into `<other>`."""
    names_in_all: int = 200_000
    """Distinct names of one kind that are ever stored; later ones fold into `<other>`."""

    minute_retention_hours: int = 48
    """How long minute rows are kept."""
    hour_retention_days: int = 30
    """How long hour rows are kept."""
    day_retention_days: int = 400
    """How long day rows are kept."""
    sample_retention_days: int = 14
    """How long slow samples and errors are kept."""
    errors_kept_per_group: int = 200
    """Errors of one group that are kept in full, spread evenly over time; of the others it is kept that they were."""
    errors_kept_per_service: int = 50_000
    """Errors of one service that are kept in full."""
    errors_kept: int = 100_000
    """Errors that are kept in full, in all."""
    groups_per_hour: int = 1_000
    """Groups of errors that a service may have anew in an hour; errors of further causes are counted in one."""
    errors_stored: int = 5_000_000
    """Errors in the log, whether in full or not; beyond it the oldest go before their time, counted."""

    heartbeat_interval: float = 3.0
    """Seconds between two heartbeats of a worker or beat; one that missed three is down."""
    watch_interval: float = 5.0
    """Seconds between two looks at workers, queues, running tasks and the schedule."""
    sampled_runs_per_minute: int = 10
    """Successful runs of one task a process keeps per minute, with all that came of them."""
    runs_per_minute: int = 600
    """Failed, retried and slow runs of one task a process keeps per minute."""
    run_arguments: bool = False
    """Keep the arguments of task runs, as scrubbed and bounded text."""
    capture_arguments: tuple[str, ...] = ()
    """Names of tasks, or patterns such as `shop.*`, whose messages are kept until they succeed, to run them again."""
    action_retention_days: int = 400
    """How long it is kept what admins did to tasks, queues and workers."""
    run_retention_days: int = 14
    """How long task runs and findings are kept."""
    stuck_task_seconds: dict[str, float] = field(default_factory=dict)
    """Seconds from which a running task counts as stuck, by its name; `*` is for all others, an hour unless given."""
    wedged_seconds: float = 120.0
    """A worker is wedged when it lives, has work waiting, and finished nothing for so long."""
    watched_queues: tuple[str, ...] = ()
    """Queues to look at beside those that workers consume, Celery's settings name, and recorded tasks went through."""
    queue_unconsumed_seconds: float = 30.0
    """A queue with messages from which nothing was taken for so long, and that no live worker consumes, is found."""
    queue_stalled_seconds: float = 60.0
    """A queue with messages from which nothing was taken for so long, though an idle worker consumes it, is found."""
    rabbitmq_management_url: str = field(default="", repr=False)
    """Address of RabbitMQ's management API with user and password, for unacknowledged messages; none unless given."""

    schedule_late_seconds: float = 30.0
    """A scheduled run that is published longer than this after its slot is late."""
    schedule_missed_seconds: float = 300.0
    """A slot of the schedule is missed when no run was published for so long, or until the next slot."""
    schedule_unwatched: tuple[str, ...] = ("enginel-*",)
    """Entries of the schedule, by name or pattern, of which only failed runs are told; Enginel's own unless given."""
    schedule_runs_kept: int = 50
    """Runs of each entry of the schedule that are kept, the latest."""
    beat_dead_seconds: float = 30.0
    """Beat is dead when none has lived, or its loop has not ticked, for so long."""

    metrics_token: str = field(default="", repr=False)
    """Token with which `/metrics` may be scraped, beside the tokens of admins."""
    metrics_allowed_networks: tuple[str, ...] = ()
    """Networks from which `/metrics` may be scraped without a token."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks of the proxies whose `X-Forwarded-For` is believed."""
    outbound_allowed_networks: tuple[str, ...] = ()
    """Networks that notifications may be sent to though they are not public."""
    outbound_proxies: bool = False
    """Send requests to others through the proxies of the environment (`HTTPS_PROXY`, `NO_PROXY`, …)."""
    protection: str = "enforce"
    """What becomes of clients that cause too many errors: `enforce`, `dry_run` (it is only said) or `off`."""
    allowed_clients: tuple[str, ...] = ()
    """Networks whose requests are never refused."""
    acting_admin_seconds: float = 86_400.0
    """An address from which a staff member acted is not blocked for so long."""
    route_blame: str = "majority"
    """Who is blocked for a route that fails too often: the client with a `majority` of its errors, `any` last one, or
    nobody (`off`)."""
    block_escalation: float = 1.0
    """Each further block of a client lasts so many times as long as its last; the first as long as documented."""
    block_max_seconds: int = 86_400
    """No block lasts longer, unless the documented time is."""
    metrics_cache_seconds: float = 1.0
    """For so long a process answers scrapes with what it last read."""
    metrics_series: int = 2_000
    """Label sets of one metric, and names of counters and of gauges, that `/metrics` shows."""
    storage_provider: str = ""
    """Dotted path of a function that returns used and granted bytes of storage; none unless given."""

    slow_request_seconds: float = 5.0
    """A request at least this long is a slow one."""
    slow_operation_seconds: dict[str, float] = field(default_factory=dict)
    """Thresholds by operation name, over the documented ones; the key `*` is for all others."""
    ignored_tasks: tuple[str, ...] = (
        "tasks.alerts.deliver",
        "tasks.alerts.evaluate",
        "tasks.intake.drain",
        "tasks.intake.revive",
        "tasks.decisions.project",
        "tasks.health.evaluate",
        "tasks.jobs.watch",
        "tasks.journal.seal",
        "tasks.protection.decide",
        "tasks.protection.send",
        "tasks.recovery.advance",
        "tasks.security.watch",
        "tasks.sinks.forward",
        "tasks.sinks.send",
    )
    """Tasks that are not recorded: those that carry the recording itself, project decisions, or evaluate health."""

    internal_tasks: tuple[str, ...] = (
        "tasks.alerts.",
        "tasks.analysis.",
        "tasks.errors.",
        "tasks.decisions.",
        "tasks.health.",
        "tasks.intake.",
        "tasks.jobs.",
        "tasks.journal.",
        "tasks.metrics.",
        "tasks.performance.",
        "tasks.protection.",
        "tasks.recovery.",
        "tasks.retention.",
        "tasks.security.",
        "tasks.sinks.",
    )
    """How names of Enginel's own tasks begin: lists leave out what went well of them, unless it is asked for."""

    github_token: str = field(default="", repr=False)
    """Token that opens issues in GitHub; without one the command `gh` does, where it is installed."""
    github_api_url: str = "https://api.github.com"
    """Address of GitHub's REST API; another one for GitHub Enterprise Server."""
    issues_per_hour: int = 30
    """Issues that are opened within an hour at most; bugs beyond that wait for theirs."""
    public_url: str = ""
    """Address at which people reach this installation, for links in bugs' files and issues, and in messages."""

    health_checks: tuple[str, ...] = ()
    """Dotted paths of further checks: subclasses of `monitoring.component.Check`, made without arguments."""
    health_dependencies: dict[str, str] = field(default_factory=dict, repr=False)
    """Services that the monitored one depends on: the name of the component, and the URL that must answer."""
    health_fall: int = 2
    """Results in a row that it takes until a component counts as worse."""
    health_rise: int = 2
    """Results in a row that it takes until a component counts as better."""
    health_stale_seconds: float = 20.0
    """A health snapshot that does not change for so long means that the evaluator is dead."""
    health_grace_seconds: float = 60.0
    """For so long after a process first asked, components without a result are degraded; then they are unhealthy."""
    intake_degraded_seconds: float = 30.0
    """An event that waits for so long makes intake degraded."""
    intake_unhealthy_seconds: float = 300.0
    """An event that waits for so long makes intake unhealthy."""
    disk_paths: tuple[str, ...] = ()
    """Folders whose disks are watched, beside those of uploads and of SQLite's file."""
    disk_degraded_bytes: int = 2 * 1024**3
    """With less free space than this a disk is degraded."""
    disk_unhealthy_bytes: int = 512 * 1024**2
    """With less free space than this a disk is unhealthy."""

    alert_interval: float = 5.0
    """Seconds between two evaluations of the alert rules; errors have them evaluated at once."""
    alert_flap_changes: int = 5
    """An alert that fired and was resolved so often within `alert_flap_seconds` is flapping, and held firing."""
    alert_flap_seconds: float = 1_800.0
    """Within so long; a flapping alert is held until it was steady for as long."""
    alert_missing_seconds: float = 3_600.0
    """Incidents of a rule that has no data at all are kept for so long after they were last found."""
    incident_retention_days: int = 90
    """How long incidents that are over are kept, with their histories; silences that ended, too."""
    watchdog_url: str = field(default="", repr=False)
    """Address that is asked while alerting works; whoever is behind it raises the alarm when that stops."""
    watchdog_interval: float = 60.0
    """Seconds between two requests to it."""
    escalate_after_seconds: float = 900.0
    """An incident that fires for so long without anybody having acknowledged it is escalated."""
    escalate_severities: tuple[str, ...] = ("critical", "high")
    """Severities of the incidents that are escalated."""
    digest_after: int = 5
    """When more messages than this are due to one destination, they become one."""
    digest_rest_seconds: float = 30.0
    """For so long after a message that told of many, what happens is gathered into the next one."""
    delivery_retention_days: int = 30
    """How long it is kept who was told of what."""

    flower_url: str = ""
    """Address of Flower, to link to; empty where there is none."""
    heartbeat_file: str = ""
    """A file that workers and beat touch with each heartbeat, for liveness probes; empty for none."""


def load(values: dict[str, Any]) -> Config:
    """Build a config from a `MONITORING` dict, unknown and ill-typed keys left out (`problems` reports them).

    What is not given has the default of the environment.
    """
    known = {f.name: f for f in fields(Config)}
    accepted: dict[str, Any] = {}
    for key, value in values.items():
        name = key.lower()
        if name in known and _problem(name, value) is None:
            accepted[name] = tuple(value) if isinstance(value, list) else value
    return Config(**{**defaults(accepted.get("environment", Config.environment)).config, **accepted})


def problems(values: dict[str, Any]) -> list[str]:
    """Say, one line each, which keys of a `MONITORING` dict are wrong and which form is accepted."""
    known = {f.name for f in fields(Config)}
    found = []
    for key, value in values.items():
        if key.lower() not in known:
            found.append(f"MONITORING[{key!r}] is not a setting of Enginel.")
        elif problem := _problem(key.lower(), value):
            found.append(f"MONITORING[{key!r}] {problem}.")
    return found


def _problem(name: str, value: Any) -> str | None:
    """Compare a value with the default's type and sign."""
    default = getattr(Config(), name)
    if name in FORMS:
        fits, form = FORMS[name]
        return None if fits(value) else form
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "must be true or false"
    if isinstance(default, int | float):
        numeric = isinstance(value, int | float if isinstance(default, float) else int) and not isinstance(value, bool)
        return None if numeric and value > 0 else f"must be a positive {type(default).__name__}, like {default}"
    if isinstance(default, tuple):
        return None if isinstance(value, list | tuple) else "must be a list of names"
    if isinstance(default, dict):
        good = isinstance(value, dict) and all(isinstance(v, int | float) and v > 0 for v in value.values())
        return None if good else "must be a dict of positive seconds by operation name"
    return None if isinstance(value, str) else "must be a string"


@cache
def get_config() -> Config:
    """Return this process's config, read once: from Django's settings where there are any, else the environment."""
    return load(_values())


def provide(values: Mapping[str, Any]) -> None:
    """Set what code says, over the environment; for processes that have no Django settings.

    Args:
        values: Settings by their names in lower case; what has the wrong form is left out.
    """
    _provided.update({name.upper(): value for name, value in values.items()})
    get_config.cache_clear()


def unread() -> list[str]:
    """Say, one line each, which settings of this process are wrong, where no system check does."""
    return problems(_values())


_provided: dict[str, Any] = {}
_OF_ENVIRONMENT = ("SERVICE", "ENVIRONMENT", "RELEASE", "REDIS_URL")
_LISTS = ("TRUSTED_PROXIES",)


def _values() -> dict[str, Any]:
    try:
        from django.conf import settings

        return dict(getattr(settings, "MONITORING", {}))
    except Exception:  # no Django, or none that is configured
        return {**_read_environment(), **_provided}


def _read_environment() -> dict[str, Any]:
    """Return what environment variables say: those of single settings, and the JSON of `MONITORING` over them."""
    given: dict[str, Any] = {name: os.environ[name] for name in _OF_ENVIRONMENT if os.environ.get(name)}
    given |= {name: os.environ[name].split(",") for name in _LISTS if os.environ.get(name)}
    return given | dict(json.loads(os.environ.get("MONITORING") or "{}"))
