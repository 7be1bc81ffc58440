"""The pages for operators lead somewhere: links, addresses, metrics and commands that they name exist."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from django.urls import Resolver404, resolve

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted((DOCS / "troubleshooting").glob("*.md")), DOCS / "kubernetes.md", DOCS / "load-balancers.md"]
EACH_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.stem))
MANIFESTS = [
    document
    for file in sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
    for document in yaml.safe_load_all(file.read_text())
]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def exists(path: str) -> bool:
    try:
        return resolve(path).url_name != "nowhere"
    except Resolver404:
        return False


@EACH_PAGE
def test_every_link_leads_to_a_page_and_to_a_heading_of_it(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@EACH_PAGE
def test_every_address_of_the_api_exists(page: Path) -> None:
    for address in re.findall(r"http://127\.0\.0\.1:8000(/[^\s\"`)]*)", page.read_text()):
        assert exists(urlsplit(address).path), address


def test_the_index_names_every_page() -> None:
    index = (DOCS / "troubleshooting" / "README.md").read_text()
    for page in PAGES:
        if page.parent.name == "troubleshooting" and page.name != "README.md":
            assert f"({page.name})" in index


@EACH_PAGE
def test_names_and_labels_of_kubernetes_are_those_of_the_manifests(page: Path) -> None:
    text = page.read_text()
    known = {(one["kind"].lower(), one["metadata"]["name"]) for one in MANIFESTS if one["kind"] != "Kustomization"}
    components = {
        one["metadata"]["labels"].get("app.kubernetes.io/component") for one in MANIFESTS if "metadata" in one
    }
    for kind, name in re.findall(r"\b(deployment|job)[/ ](enginel-[a-z-]+)", text):
        assert (kind, name) in known, name
    for component in re.findall(r"app\.kubernetes\.io/component=([a-z-]+)", text):
        assert component in components


@EACH_PAGE
def test_metrics_of_ours_that_are_named_are_in_the_reference(page: Path) -> None:
    known = set(re.findall(r"enginel_[a-z_]+", (DOCS / "metrics.md").read_text()))
    assert set(re.findall(r"\benginel_[a-z_]+", page.read_text())) - {"enginel_backend"} <= known


def test_metrics_of_ours_that_rules_ask_for_are_in_the_reference() -> None:
    known = set(re.findall(r"enginel_[a-z_]+", (DOCS / "metrics.md").read_text()))
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())["groups"]
    asked = [rule["expr"] for group in rules for rule in group["rules"]]
    assert set(re.findall(r"\benginel_[a-z_]+", " ".join(asked))) <= known
