"""The dashboards' structure; that their expressions return data is tested with a real Prometheus."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from .dashboards import DASHBOARDS, FOLDER, expressions, panels

ALL = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)
VARIABLE = {"type": "prometheus", "uid": "${datasource}"}
KNOWN_TYPES = {"row", "stat", "timeseries", "table", "heatmap", "state-timeline"}


def values_of(key: str, node: Any) -> Iterator[Any]:
    """Find what stands under a key, at any depth."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        if name == key:
            yield child
        yield from values_of(key, child)


def test_the_four_are_there_and_can_be_told_apart() -> None:
    assert set(DASHBOARDS) == {"overview", "requests", "celery", "health"}
    for key in ("uid", "title"):
        assert len({one[key] for one in DASHBOARDS.values()}) == len(DASHBOARDS)


@ALL
def test_panels_have_their_own_number_a_known_kind_and_a_title(dashboard: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    assert {panel["type"] for panel in dashboard["panels"]} <= KNOWN_TYPES
    assert all(panel["title"] for panel in dashboard["panels"])


@ALL
def test_every_target_asks_something(dashboard: dict[str, Any]) -> None:
    for panel in panels(dashboard):
        references = [target["refId"] for target in panel["targets"]]
        assert references, panel["title"]
        assert len(references) == len(set(references))
        assert all(target["expr"].strip() for target in panel["targets"])


@ALL
def test_the_data_source_is_a_variable_everywhere(dashboard: dict[str, Any]) -> None:
    first = dashboard["templating"]["list"][0]
    assert (first["name"], first["type"], first["query"]) == ("datasource", "datasource", "prometheus")
    builtin = {"type": "grafana", "uid": "-- Grafana --"}
    assert all(source in (VARIABLE, builtin) for source in values_of("datasource", dashboard))
    for panel in panels(dashboard):
        assert all(target["datasource"] == VARIABLE for target in [panel, *panel["targets"]])


@ALL
def test_every_variable_that_is_used_is_declared(dashboard: dict[str, Any]) -> None:
    declared = {variable["name"] for variable in dashboard["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z_]+)", json.dumps([panel["targets"] for panel in panels(dashboard)])))
    assert {name for name in used if not name.startswith("__")} <= declared


@ALL
def test_panels_fit_on_the_grid_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    for title, place in places:
        assert place["w"] > 0, title
        assert place["h"] > 0, title
        assert 0 <= place["x"] <= place["x"] + place["w"] <= 24, title
    for (title, one), (other_title, other) in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, f"{title} lies over {other_title}"


@ALL
def test_people_can_choose_the_time(dashboard: dict[str, Any]) -> None:
    assert dashboard["time"]["to"] == "now"
    assert dashboard["refresh"] in dashboard["timepicker"]["refresh_intervals"]
    assert dashboard["timepicker"].get("hidden", False) is False


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
def test_every_expression_is_promql(tmp_path: Path) -> None:
    asked = [query for one in DASHBOARDS.values() for _panel, query in expressions(one, "1m", "1h")]
    rules = [{"record": f"expression:{number}", "expr": query} for number, query in enumerate(asked)]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    ran = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_grafana_finds_the_files_where_the_guide_puts_them() -> None:
    (provider,) = yaml.safe_load((FOLDER / "provisioning" / "dashboards" / "enginel.yaml").read_text())["providers"]
    guide = (FOLDER.parents[1] / "docs" / "operate.md").read_text()
    assert provider["type"] == "file"
    assert f"`{provider['options']['path']}/`" in guide
    (source,) = yaml.safe_load((FOLDER / "provisioning" / "datasources" / "prometheus.yaml").read_text())["datasources"]
    scrape = yaml.safe_load((FOLDER.parent / "prometheus" / "prometheus.yml").read_text())["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrape
