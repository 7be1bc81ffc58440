"""What `manage.py check --deploy` says of settings that are unsafe where others can reach this installation.

Each check looks at one thing, and is silent where it is as it should be. None keeps anything from running.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Warning as CheckWarning
from django.db import router

from monitoring.conf import Config, load
from monitoring.environments import DEVELOPMENT, PRODUCTION, STAGING
from monitoring.forms import network
from monitoring.outbound.reach import Reach, reach_of

_DEFAULT_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "testserver"})
_PLAIN = frozenset({"http", "udp", "tcp", "redis"})
Check = Callable[[], Iterator[CheckMessage]]


def _environment() -> Iterator[CheckMessage]:
    """Look for an environment that is not meant for others, or contradicts DEBUG."""
    environment, debug = _config().environment, settings.DEBUG
    if environment == DEVELOPMENT and not debug:
        yield _warning(
            101,
            "ENVIRONMENT is development though DEBUG is off: recovery and alerts are off, bodies are recorded.",
            "Set ENVIRONMENT to production or staging.",
        )
    if debug and environment != DEVELOPMENT:
        yield _warning(
            102,
            f"DEBUG is on though ENVIRONMENT is {environment}: visitors see tracebacks and settings.",
            "Set DEBUG to false; where you develop, set ENVIRONMENT to development.",
        )
    if environment not in (PRODUCTION, STAGING, DEVELOPMENT):
        yield _warning(
            103,
            f"ENVIRONMENT is {environment!r}, which has no defaults of its own: those of production hold.",
            "If that is meant, silence this check; else use production, staging or development.",
        )


def _recorded() -> Iterator[CheckMessage]:
    """Look for recording that takes along what may be personal."""
    config = _config()
    if config.environment == DEVELOPMENT:
        return
    if config.record_body or config.record_headers:
        names = " and ".join(name for name in ("RECORD_BODY", "RECORD_HEADERS") if getattr(config, name.lower()))
        yield _warning(
            104,
            f"{names} on: errors hold what people sent, as far as scrubbing knows no better.",
            "Leave them off, or name what is sensitive in SCRUB_KEYS.",
        )
    if config.error_locals:
        yield _warning(
            105,
            "ERROR_LOCALS is on: errors hold local variables, as far as scrubbing knows no better.",
            "Switch it on while you look for a fault, not for good.",
        )


def _open_doors() -> Iterator[CheckMessage]:
    """Look for what strangers could use."""
    config = _config()
    if getattr(settings, "ENABLE_TEST_ERROR", False):
        yield _warning(106, "ENABLE_TEST_ERROR is on: anybody can have errors recorded.", "Switch it off.")
    if any(_is_public(text) for text in config.metrics_allowed_networks):
        yield _warning(
            107,
            "METRICS_ALLOWED_NETWORKS holds public addresses: they read routes, tasks and counts without a token.",
            "Name the network of Prometheus alone, or use METRICS_TOKEN.",
        )
    if any(_is_everybody(text) for text in config.trusted_proxies):
        yield _warning(
            108,
            "TRUSTED_PROXIES holds all addresses: every client can say that it is another.",
            "Name the networks of your proxies.",
        )
    if config.eager:
        yield _warning(
            109,
            "EAGER is on: requests fold what they record themselves, and wait for it.",
            "It is for tests; remove it.",
        )


def _hosts() -> Iterator[CheckMessage]:
    """Look for hosts that were never said, or are all."""
    hosts = set(settings.ALLOWED_HOSTS)
    if "*" in hosts:
        yield _warning(
            110, "ALLOWED_HOSTS holds *: links in answers can be made to lead elsewhere.", "Name your hosts."
        )
    elif hosts <= _DEFAULT_HOSTS:
        yield _warning(
            111, "ALLOWED_HOSTS names this machine alone: others get 400.", "Name the hosts people reach this at."
        )


def _secret_key() -> Iterator[CheckMessage]:
    """Look for a secret key that was made up."""
    if getattr(settings, "SECRET_KEY_IS_GENERATED", False):
        yield _warning(
            112,
            "SECRET_KEY was generated into the folder of state: a second host has another one, and a lost folder "
            "ends sessions and links in messages.",
            "Set the environment variable SECRET_KEY, the same for all hosts.",
        )


def _database() -> Iterator[CheckMessage]:
    """Look for a database in a file where there may be several hosts."""
    from monitoring.sinks.models import SinkBatch

    engine = settings.DATABASES[router.db_for_write(SinkBatch)]["ENGINE"]
    several = os.environ.get("KUBERNETES_SERVICE_HOST") or _config().kubernetes_deployments
    if engine.endswith("sqlite3") and several:
        yield _warning(
            113,
            "The database is SQLite on Kubernetes: replicas cannot share it, and a pod takes it along.",
            "Set DATABASE_URL to a PostgreSQL server.",
        )


def _redis() -> Iterator[CheckMessage]:
    """Look for a Redis that strangers can reach."""
    url = urlsplit(_config().redis_url)
    if not url.hostname or not _leads_outside(url.hostname):
        return
    if not url.password:
        yield _warning(
            114,
            "Redis is at a public address and REDIS_URL holds no password: anybody may run tasks in your workers.",
            "Set a password, and keep Redis in a private network.",
        )
    if url.scheme in _PLAIN:
        yield _warning(
            115,
            "Redis is at a public address and is spoken to in plain text.",
            "Use rediss://, and keep Redis in a private network.",
        )


def _sinks() -> Iterator[CheckMessage]:
    """Look for what is forwarded in plain text through networks of others."""
    config = _config()
    if not config.sinks:
        return
    from monitoring.sinks import kinds

    for kind, sink in sorted(kinds.configured(config).items()):
        url = urlsplit(sink.address)
        if url.scheme in _PLAIN and url.hostname and _leads_outside(url.hostname):
            yield _warning(
                116,
                f"The sink {kind} sends to a public address in plain text: what errors and lines hold can be read.",
                "Use https:// (for syslog tls://), or a collector in a private network.",
            )


def _public_url() -> Iterator[CheckMessage]:
    """Look for links that let who reads along act."""
    url = urlsplit(_config().public_url)
    if url.scheme == "http" and url.hostname and _leads_outside(url.hostname):
        yield _warning(
            117,
            "PUBLIC_URL begins with http://: links in messages, which acknowledge and silence, travel in plain text.",
            "Serve this installation over https.",
        )


def _journal() -> Iterator[CheckMessage]:
    """Look for a journal whose proof stands and falls with what it proves."""
    config = _config()
    if not (config.journal_seals_folder or config.journal_seals_storage):
        yield _warning(
            118,
            "The journal has no place for its seals: whoever can write the database can write it anew.",
            "Set JOURNAL_SEALS_FOLDER or JOURNAL_SEALS_STORAGE, where the database's admins cannot write.",
        )
        return
    if not config.journal_trusted_keys:
        yield _warning(
            119,
            "The journal's key is known by its own file alone: lost or exchanged, it proves nothing any more.",
            "Keep a copy of JOURNAL_KEY_FILE elsewhere, and name its public key in JOURNAL_TRUSTED_KEYS.",
        )
    if config.journal_seals_folder and config.journal_key_file:
        folder = Path(config.journal_seals_folder).resolve()
        if Path(config.journal_key_file).resolve().is_relative_to(folder):
            yield _warning(
                120,
                "The journal's key lies in the folder of its seals: who exchanges these can sign them, too.",
                "Set JOURNAL_KEY_FILE to a file that only the workers read.",
            )


_CHECKS: tuple[Check, ...] = (
    _environment,
    _recorded,
    _open_doors,
    _hosts,
    _secret_key,
    _database,
    _redis,
    _sinks,
    _public_url,
    _journal,
)


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Report what is unsafe where others can reach this installation."""
    return [message for check in _CHECKS for message in check()]


def _config() -> Config:
    return load(getattr(settings, "MONITORING", {}))


def _warning(number: int, text: str, hint: str) -> CheckWarning:
    return CheckWarning(text, hint=hint, id=f"monitoring.W{number}")


def _is_public(text: str) -> bool:
    """Whether a network holds addresses of everybody's."""
    found = network(text)
    return found is not None and not (found.is_private or found.is_loopback or found.is_link_local)


def _is_everybody(text: str) -> bool:
    found = network(text)
    return found is not None and found.prefixlen == 0


def _leads_outside(host: str) -> bool:
    """Whether a host has a public address; a name that is not known here has none that anybody can tell."""
    try:
        addresses = [ip_address(host)]
    except ValueError:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError:
            return False
        addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    return any(reach_of(address) is Reach.PUBLIC for address in addresses)
