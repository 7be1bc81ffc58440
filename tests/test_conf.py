"""Settings: wrong ones are named, and never stop what is right."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from monitoring import checks
from monitoring.conf import Config, load, problems


def test_every_default_is_accepted() -> None:
    values = {name.upper(): getattr(Config(), name) for name in Config.__dataclass_fields__}
    assert problems(values) == []
    assert load(values) == Config()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SHARDS", 0),
        ("SHARDS", "2"),
        ("SHARDS", True),
        ("FLUSH_INTERVAL", -1),
        ("FLUSH_INTERVAL", "fast"),
        ("EAGER", "yes"),
        ("SERVICE", None),
        ("IGNORED_TASKS", "tasks.intake.drain"),
        ("SLOW_OPERATION_SECONDS", {"upload": "long"}),
        ("NO_SUCH_SETTING", 1),
    ],
)
def test_a_wrong_setting_is_named_and_the_default_is_used(key: str, value: Any) -> None:
    found = problems({key: value})
    assert len(found) == 1
    assert repr(key) in found[0]
    assert load({key: value, "SERVICE": "shop" if key != "SERVICE" else value}).shards == 1


def test_a_wrong_setting_is_a_system_check_error(settings: Any) -> None:
    settings.MONITORING = {"SHARDS": "many"}
    messages = checks.check_settings()
    assert [message.id for message in messages] == ["monitoring.E001"]
    assert "SHARDS" in str(messages[0])


def test_a_redis_that_evicts_is_a_warning(redis_client: Any) -> None:
    before = redis_client.config_get("maxmemory-policy")["maxmemory-policy"]
    redis_client.config_set("maxmemory-policy", "noeviction")
    assert checks.check_redis() == []
    redis_client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert [message.id for message in checks.check_redis()] == ["monitoring.W001"]
    finally:
        redis_client.config_set("maxmemory-policy", before)


def test_recording_works_without_django_being_configured() -> None:
    code = (
        "import time; from monitoring.recording.metrics import increment_counter;"
        "from monitoring.recording.decorators import track_duration;"
        "from monitoring.recording.recorder import recorder;"
        "from monitoring.conf import get_config;"
        "increment_counter('x');"
        "track_duration('y')(len)([]);"
        "print(get_config().service, recorder.config.redis_url)"
    )
    environment = {**os.environ, "MONITORING": '{"SERVICE": "fastapi", "REDIS_URL": "redis://127.0.0.1:1/0"}'}
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["fastapi", "redis://127.0.0.1:1/0"]
