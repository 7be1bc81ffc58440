"""A real Prometheus scrapes a running platform: what we ship for it works, and what there is for celery-exporter."""

from __future__ import annotations

import math
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.deploy.dashboards import DASHBOARDS, expressions

from . import celery_exporter_mixin as mixin
from .databases import migrated_database
from .platform import ROOT, SAMPLES, Client, Platform, wait_until
from .prometheus import INTERVAL, SHIPPED, Prometheus

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus here"),
]

TOKEN = "a-scrape-token-of-the-test"
HEARTBEAT = 1.0
SLACK = 15.0
"""Seconds that a busy machine may take for what takes none."""
LINT_EXCEPTIONS = {
    "storage_used_gb",
    "storage_quota_gb",
    "celery_active_worker_count",
    "celery_active_process_count",
    "celery_active_consumer_count",
}
"""Documented names and those of celery-exporter, which promtool would spell otherwise."""
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((SHIPPED / "rules.yml").read_text())["groups"] for rule in group["rules"]
]
_COMPARISON = re.compile(r" (==|!=|<=|>=|<|>) (?!bool)")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with migrated_database() as database_url:
        made = Platform(tmp_path_factory.mktemp("platform"), database_url)
        settings = f'{{"HEARTBEAT_INTERVAL": {HEARTBEAT}, "METRICS_CACHE_SECONDS": 0.1}}'
        try:
            made.start(MONITORING=settings, METRICS_TOKEN=TOKEN)
            yield made
        finally:
            made.kill()


@pytest.fixture(scope="module")
def prometheus(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has seen the counters grow: a rate needs two scrapes."""
    made = Prometheus(tmp_path_factory.mktemp("prometheus"), f"127.0.0.1:{platform.port}", TOKEN)
    made.start()
    try:
        work(platform)
        look_at_the_storage(platform)
        wait_until(lambda: counted(made) == (1, 1, 1), "what was done first was scraped")
        work(platform)
        wait_until(lambda: counted(made) == (2, 2, 2), "what was done then was scraped")
        wait_until(lambda: made.query("storage_quota_gb"), "the use of storage was scraped")
        yield made
    finally:
        made.stop()


def work(platform: Platform) -> None:
    """Let a request fail, a task succeed and a task fail."""
    client = Client(platform)
    for name in ("plate.step", "broken.step"):
        assert client.upload(name, (SAMPLES / name).read_text()).status == 201
    assert client.post("/api/test-error/").status == 500


def look_at_the_storage(platform: Platform) -> None:
    """Do now what beat has done once a minute."""
    command = [str(Path(sys.executable).with_name("celery")), "-A", "enginel", "call", "tasks.metrics.refresh_storage"]
    subprocess.run(command, cwd=ROOT, env=platform.environment(), check=True, capture_output=True, timeout=60)


def counted(prometheus: Prometheus) -> tuple[float, ...]:
    """How many designs were read, how many could not be, and how many requests failed."""
    task = 'name="tasks.designs.geometry_extraction"'
    names = (f"celery_task_succeeded_total{{{task}}}", f"celery_task_failed_total{{{task}}}", "http_status_500")
    ended = [prometheus.query(f"sum({name})") for name in names]
    return tuple(found[0][1] if found else 0 for found in ended)


def answered(expression: str) -> str:
    """Let comparisons answer 0 or 1 instead of leaving out what is well."""
    return _COMPARISON.sub(r" \1 bool ", expression)


def without_data(prometheus: Prometheus, asked: list[str]) -> str:
    return "\n".join(expression for expression in asked if not prometheus.query(answered(expression)))


def test_it_is_up_and_promtool_finds_nothing_to_mend(platform: Platform, prometheus: Prometheus) -> None:
    assert [value for _, value in prometheus.query("up")] == [1.0]
    text = Client(platform, TOKEN).get("/metrics").text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60
    )
    found = (checked.stdout + checked.stderr).splitlines()
    assert {line for line in found if line.partition(" ")[0] not in LINT_EXCEPTIONS} == set()


def test_every_rule_and_panel_finds_its_data(prometheus: Prometheus) -> None:
    asked = [rule["expr"] for rule in RULES]
    asked += [query for one in DASHBOARDS.values() for _panel, query in expressions(one, "1m", "1h")]
    asked = [query for query in asked if "enginel_sink_" not in query]  # there are some where something is forwarded
    wait_until(lambda: not without_data(prometheus, asked), "data", SLACK, lambda: without_data(prometheus, asked))
    assert {rule["health"] for group in prometheus.ask("rules")["groups"] for rule in group["rules"]} == {"ok"}


def test_the_documented_ratios_are_numbers(prometheus: Prometheus) -> None:
    for ratio in (
        "sum(rate(http_status_500[5m])) / sum(rate(http_requests_total[5m]))",
        "rate(http_status_500[5m]) / rate(http_requests_total[5m])",
        "rate(api_request_duration_sum[5m]) / rate(api_request_duration_count[5m])",
        "rate(celery_task_SUCCESS[5m]) / rate(celery_task_total[5m])",
        "histogram_quantile(0.95, rate(api_request_duration_bucket[5m]))",
        "storage_used_gb / storage_quota_gb",
    ):
        ((_, value),) = prometheus.query(ratio)
        assert math.isfinite(value), ratio
        assert value > 0, ratio


def test_dashboards_and_alerts_made_for_celery_exporter_find_their_data(prometheus: Prometheus) -> None:
    assert without_data(prometheus, list(mixin.EXPRESSIONS)) == ""
    for label, selector in mixin.VARIABLES:
        assert prometheus.values(label, selector), (label, selector)


def test_workers_that_stop_are_an_alert_until_they_go_on(platform: Platform, prometheus: Prometheus) -> None:
    assert prometheus.alert("CeleryWorkersDown") == "inactive"
    assert platform.process is not None
    workers = [
        child
        for child in psutil.Process(platform.process.pid).children()
        if {"worker", "--hostname"} <= set(child.cmdline())
    ]
    assert len(workers) == 2
    seen = 3 * HEARTBEAT + INTERVAL
    began = time.monotonic()
    for worker in workers:
        worker.send_signal(signal.SIGSTOP)
    try:
        wait_until(lambda: prometheus.alert("CeleryWorkersDown") == "pending", "it is pending", seen + SLACK)
        print(f"pending after {time.monotonic() - began:.1f} s; the heartbeats expire after {3 * HEARTBEAT:g} s")
        assert {value for _, value in prometheus.query("celery_worker_up")} == {0.0}
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGCONT)
    wait_until(lambda: prometheus.alert("CeleryWorkersDown") == "inactive", "it is over", seen + SLACK)
