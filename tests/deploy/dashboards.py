"""The Grafana dashboards as data, and their expressions as Prometheus can read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "dashboards").glob("*.json"))
}


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return what shows something: everything but the headings."""
    return (panel for panel in dashboard["panels"] if panel["type"] != "row")


def expressions(dashboard: dict[str, Any], interval: str, span: str) -> Iterator[tuple[str, str]]:
    """Return (panel, PromQL) with the variables filled in as Grafana would with "All" chosen."""
    filled = {"$__rate_interval": interval, "$__range": span}
    filled |= {f"${variable['name']}": ".*" for variable in dashboard["templating"]["list"][1:]}
    for panel in panels(dashboard):
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in filled.items():
                expression = expression.replace(name, value)
            yield panel["title"], expression
