"""Releases of the shop: copies of its source, edited as people edit, imported as an application of its own."""

from __future__ import annotations

import ast
import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from django.urls import clear_url_caches

_SOURCE = Path(__file__).parent / "shop"
MODULES = (
    "api",
    "checks",
    "commands",
    "depots",
    "made",
    "orders",
    "pages",
    "payments",
    "prices",
    "quotes",
    "rows",
    "tasks",
)
MODULES += ("trees", "urls", "values", "views")
Edit = Callable[[str, str], str]
"""Takes the name of a module and its source."""


def unchanged(_module: str, source: str) -> str:
    return source


def moved(_module: str, source: str) -> str:
    """Everything lies further down: somebody wrote comments."""
    lines: list[str] = []
    for line in source.splitlines():
        lines += ["# A remark.", ""] * line.startswith(("def ", "async def ", "class ")) + [line]
    return "\n".join(lines)


def rewritten(_module: str, source: str) -> str:
    """Other line breaks, no comments, and other names of local variables."""
    return ast.unparse(_Renamed().visit(ast.parse(source)))


def extracted(module: str, source: str) -> str:
    """In some modules a step between was introduced, and the views got a decorator."""
    if module == "prices":
        source += _STEP.format(name="parse_amount") + _STEP.format(name="distance")
    if module == "orders":
        source += _STEP.format(name="total_of")
    if module == "views":
        source += _DECORATED
    return source


_STEP = """

_inner_{name} = {name}


def _checked_{name}(*args):
    return _inner_{name}(*args)


{name} = _checked_{name}
"""
_DECORATED = """

for name in ('show_total', 'tree', 'pay', 'refund'):
    globals()[name] = made.traced(globals()[name])
    globals()[name].__name__, globals()[name].__module__ = name, __name__
"""
RELEASES: dict[str, Edit] = {"first": unchanged, "moved": moved, "rewritten": rewritten, "extracted": extracted}


class _Renamed(ast.NodeTransformer):
    """Gives local variables of functions other names; arguments keep theirs, as callers may use them."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        stored -= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and one.id in stored:
                one.id += "_1" if not one.id.endswith("_1") else ""
        return node

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815


@contextmanager
def release(name: str, folder: Path) -> Iterator[SimpleNamespace]:
    """Import a release from a folder of its own, and forget it afterwards; its modules are the attributes."""
    root = folder / f"release-{name}"
    shutil.copytree(_SOURCE, root / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    for file in (root / "shop").glob("*.py"):
        file.write_text(RELEASES[name](file.stem, file.read_text(encoding="utf-8")), encoding="utf-8")
    sys.path.insert(0, str(root))
    try:
        importlib.invalidate_caches()
        yield SimpleNamespace(**{module: importlib.import_module(f"shop.{module}") for module in MODULES})
    finally:
        sys.path.remove(str(root))
        for module in [module for module in sys.modules if module.partition(".")[0] == "shop"]:
            del sys.modules[module]
        clear_url_caches()
