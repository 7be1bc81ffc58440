"""Django settings of the Enginel project. Every value can be given as an environment variable.

With nothing set, Enginel runs on what lies in `var/`: a SQLite database, a secret key, and the private Redis that
`bin/up` starts and whose address it leaves in `var/redis/url`.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

import monitoring
from enginel import mail
from monitoring import environments, recipients

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

VAR_DIR = Path(env.str("ENGINEL_VAR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(mode=0o700, exist_ok=True)


def _kept_secret(path: Path) -> str:
    """Read a secret from a file; the first process to ask creates it, readable by its owner alone."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    secret = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
    return secret


def _whole_number(name: str, default: int) -> int:
    given = env.str(name, default="") or str(default)
    if not given.isdecimal() or int(given) < 1:
        raise ImproperlyConfigured(f"{name} must be a whole number from 1 up, like {default}, not {given!r}")
    return int(given)


def _number(name: str, default: float) -> float:
    given = env.str(name, default="") or str(default)
    try:
        return float(given)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, like {default}, not {given!r}") from None


def _json_object(name: str, example: str = '{"SLOW_REQUEST_SECONDS": 2}') -> dict[str, Any]:
    wrong = ImproperlyConfigured(f"{name} must be a JSON object, like {example}")
    try:
        found = json.loads(env.str(name, default="") or "{}")
    except ValueError:
        raise wrong from None
    if not isinstance(found, dict):
        raise wrong
    return found


def _recipients(name: str) -> Any:
    """Read who is told; what is wrong in it, the system checks say."""
    given = env.str(name, default="").strip()
    return recipients.read(name, given) if given else {} if name == recipients.BY_SEVERITY else []


def _one_of(name: str, default: str, accepted: tuple[str, ...], spelled: Callable[[str], str]) -> str:
    given = spelled(env.str(name, default="") or default)
    if given not in accepted:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(accepted)}, not {given!r}")
    return given


def _embedded_redis_url() -> str:
    """Return the address of the private Redis of `bin/up`, or the usual local one."""
    address = VAR_DIR / "redis" / "url"
    return address.read_text().strip() if address.exists() else "redis://127.0.0.1:6379/0"


_LOG_LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY_IS_GENERATED = not env.str("SECRET_KEY", default="")
SECRET_KEY = env.str("SECRET_KEY", default="") or _kept_secret(VAR_DIR / "secret-key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
ENVIRONMENT = env.str("ENVIRONMENT", default="production")
ENABLE_TEST_ERROR = env.bool("ENABLE_TEST_ERROR", default=False)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    "django_celery_beat",
    "monitoring",
    "designs",
]

MIDDLEWARE = [
    "monitoring.recording.middleware.MonitoringMiddleware",
    "monitoring.access.probes.ProbeMiddleware",
    "monitoring.protection.middleware.ProtectionMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

CSRF_FAILURE_VIEW = "monitoring.errors.answers.views.csrf_failure"

ROOT_URLCONF = "enginel.urls"
WSGI_APPLICATION = "enginel.wsgi.application"
ASGI_APPLICATION = "enginel.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database(url: str) -> dict[str, Any]:
    """Read a database URL and add what each engine needs to serve many processes."""
    # The URL is never repeated: it may hold a password.
    if not url.startswith(("postgres://", "postgresql://", "sqlite:")):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite:///")
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        hint = "in a password, write / : @ # and % as %2F %3A %40 %23 and %25"
        raise ImproperlyConfigured(f"DATABASE_URL is not a URL; {hint}") from None
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"].endswith("sqlite3"):
        # Immediate transactions wait for the write lock instead of failing half-way.
        options.setdefault("transaction_mode", "IMMEDIATE")
        options.setdefault("timeout", 20)
        options.setdefault("init_command", "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    else:
        config.setdefault("CONN_HEALTH_CHECKS", True)
        config.setdefault("CONN_MAX_AGE", 60)
        options.setdefault("connect_timeout", 5)
        # A server that vanished is noticed within a minute, whatever a thread that waits for it is doing.
        for name, seconds in {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3}.items():
            options.setdefault(name, seconds)
        options.setdefault("tcp_user_timeout", 50_000)
    return config


DATABASES = {"default": _database(env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'db.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "designs.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(VAR_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DESIGN_MAX_UPLOAD_BYTES = _whole_number("DESIGN_MAX_UPLOAD_BYTES", 100 * 1024 * 1024)
STORAGE_QUOTA_GB = _whole_number("STORAGE_QUOTA_GB", 100)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

REDIS_URL = env.str("REDIS_URL", default="") or _embedded_redis_url()

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "monitoring.access.authentication.BearerTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "monitoring.access.parser.BoundedJSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "monitoring.errors.answers.drf.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "monitoring.access.paging.Pages",
    # `?format=` filters designs; REST framework would take it for the answer's, and repeat it in every link.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Enginel",
    "DESCRIPTION": "Background monitoring for Django and Celery.",
    "VERSION": monitoring.__version__,
    # A file to send is another thing than the file's address in an answer; pages that try it out offer a file chooser.
    "COMPONENT_SPLIT_REQUEST": True,
    # What several things have, each with values of its own, would be told apart by a digest.
    "ENUM_NAME_OVERRIDES": {
        "BlockOriginEnum": "monitoring.protection.blocks.models.BlockOrigin",
        "BlockStateEnum": "monitoring.protection.blocks.models.BlockState",
        "BugStatusEnum": "monitoring.errors.bugs.models.BugStatus",
        "CircuitStateEnum": "monitoring.protection.circuits.models.State",
        "DesignStatusEnum": "designs.models.Status",
        "GroupDecisionEnum": "monitoring.errors.groups.serializers.DECISIONS",
        "GroupStatusEnum": "monitoring.errors.groups.models.GroupStatus",
        "ThrottleOriginEnum": "monitoring.protection.throttles.models.Origin",
        "ThrottleScopeEnum": "monitoring.protection.throttles.limit.Scope",
        "ThrottleStateEnum": "monitoring.protection.throttles.models.ThrottleState",
    },
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "designs"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_POOL_RESTARTS = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "socket_connect_timeout": 2, "socket_timeout": 30}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 2, "interval_start": 0, "interval_step": 0.2, "interval_max": 0.5}
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
CELERY_TIMEZONE = "UTC"

# Enginel's own settings; `monitoring/conf.py` documents each and checks it.
MONITORING: dict[str, Any] = {
    "SERVICE": env.str("SERVICE", default="enginel"),
    "RELEASE": env.str("RELEASE", default=""),
    "ENVIRONMENT": ENVIRONMENT,
    "REDIS_URL": REDIS_URL,
    "METRICS_TOKEN": env.str("METRICS_TOKEN", default=""),
    "METRICS_ALLOWED_NETWORKS": env.list("METRICS_ALLOWED_NETWORKS", default=[]),
    "TRUSTED_PROXIES": env.list("TRUSTED_PROXIES", default=[]),
    "GITHUB_TOKEN": env.str("GITHUB_TOKEN", default="").strip(),
    "PUBLIC_URL": env.str("PUBLIC_URL", default="").strip(),
    "STORAGE_PROVIDER": "designs.storage.usage",
    "DISK_PATHS": [str(VAR_DIR)],
    "JOURNAL_SEALS_FOLDER": str(VAR_DIR / "journal-seals"),
    "JOURNAL_KEY_FILE": str(VAR_DIR / "journal-key"),
    "FLOWER_URL": env.str("FLOWER_URL", default=""),
    "HEARTBEAT_FILE": env.str("HEARTBEAT_FILE", default=""),
    "SUPERVISED": env.bool("SUPERVISED") if env.str("SUPERVISED", default="") else None,
    **_json_object("MONITORING"),
}

# Files of bugs lie in the checkout, as documented, unless all state is kept elsewhere: the code may be read-only then.
ERROR_TRACKING: dict[str, Any] = {
    **({} if VAR_DIR == BASE_DIR / "var" else {"PLANNING_DIR": str(VAR_DIR.absolute() / "planning" / "tasks")}),
    **_json_object("ERROR_TRACKING", '{"GITHUB_REPO": "owner/repo"}'),
}

ERROR_RATE_LIMIT_COUNT = _whole_number("ERROR_RATE_LIMIT_COUNT", 5)
ERROR_RATE_LIMIT_WINDOW_SECONDS = _whole_number("ERROR_RATE_LIMIT_WINDOW_SECONDS", 600)
IP_BLOCK_DURATION_SECONDS = _whole_number("IP_BLOCK_DURATION_SECONDS", 3600)
SLACK_NOTIFICATION_URL = env.str("SLACK_NOTIFICATION_URL", default="")
CODEX_TRIGGER_URL = env.str("CODEX_TRIGGER_URL", default="")
CODEX_TRIGGER_COOLDOWN_SECONDS = _whole_number("CODEX_TRIGGER_COOLDOWN_SECONDS", 600)

ERROR_RECOVERY_TIMEOUT = _whole_number("ERROR_RECOVERY_TIMEOUT", 5000)
AUTO_SCALE_ON_ERROR = env.bool("AUTO_SCALE_ON_ERROR", default=False)
MAX_SCALE_FACTOR = _number("MAX_SCALE_FACTOR", 3.0)

# Who is told of incidents, and how mail is sent; `monitoring/recipients.py` checks each entry.
ERROR_ALERT_RECIPIENTS = _recipients(recipients.ALERT)
ERROR_ESCALATION_RECIPIENTS = _recipients(recipients.ESCALATION)
ALERTS_BY_SEVERITY = _recipients(recipients.BY_SEVERITY)
SLACK_WEBHOOK_URL = env.str("SLACK_WEBHOOK_URL", default="").strip()
_MAIL = mail.read(os.environ)
EMAIL_BACKEND = _MAIL.backend
EMAIL_HOST, EMAIL_PORT = _MAIL.host, _MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.user, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.use_tls, _MAIL.use_ssl
EMAIL_TIMEOUT = _MAIL.timeout
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _MAIL.sender

_SAID = environments.defaults(ENVIRONMENT)
_LOG_LEVEL = _one_of("LOG_LEVEL", _SAID.log_level, _LOG_LEVELS, str.upper)
# At DEBUG they would bury what the project says.
_TALKATIVE = ("amqp", "asyncio", "celery", "kombu", "redis", "urllib3")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "monitoring.journal.logs.setting_up.formatter",
            "log_format": _one_of("LOG_FORMAT", _SAID.log_format, ("json", "console"), str.lower),
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": _LOG_LEVEL},
    "loggers": {
        # It warns for each question no worker answers, as at every start; who is away is told by the platform itself.
        "flower.inspector": {"level": "ERROR"},
        **({name: {"level": "INFO"} for name in _TALKATIVE} if _LOG_LEVEL == "DEBUG" else {}),
        # They write to the console by themselves otherwise, in a form of their own.
        **{name: {"handlers": [], "propagate": True} for name in ("django", "django.server", "gunicorn.error")},
    },
}
