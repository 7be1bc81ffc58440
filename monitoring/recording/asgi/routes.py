"""Which pattern answers a request: what Starlette and FastAPI leave in the scope, or what their routes say before.

A name is never made of what a client wrote: what matches no route has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Scope = dict[str, Any]
PATTERN = "enginel.route"
"""Where an application of another framework says which of its patterns answers."""
_FULL, _PARTIAL = 2, 1
_REST = "/{path}"
_DEEPEST = 10


def matched(scope: Scope) -> str:
    """Return the pattern that answers a request, as far as its scope says; empty where none does.

    Args:
        scope: Of a request that was routed.
    """
    told = scope.get(PATTERN)
    if isinstance(told, str):
        return told
    if "endpoint" not in scope:
        return ""
    route = scope.get("route")
    if route is None:  # Starlette before it said so
        return ahead({**scope, "root_path": scope.get("app_root_path", scope.get("root_path", ""))}, _routes_of(scope))
    if isinstance(route, str):
        return route
    own = _effective(scope, route)
    if _is_mount(own):
        # Of an application with routes of its own none has matched; of one without, nobody knows more.
        return "" if _routes_of_mount(own) is not None else _joined(scope, _prefix_of(own), own, mounted=True)
    pattern = getattr(own, "path_format", None) or getattr(own, "path", None)
    return _joined(scope, pattern, own) if isinstance(pattern, str) else ""


def ahead(scope: Scope, routes: Iterable[Any], depth: int = 0) -> str:
    """Return the pattern that is going to answer a request; empty where none does.

    Args:
        scope: Of a request that was not routed yet; it is left as it is.
        routes: Of the application.
        depth: How many mounts lead here.
    """
    partial = ""
    for one in routes:
        for route in _candidates(one):
            match, child = route.matches(dict(scope))
            verdict = match.value
            if verdict not in (_FULL, _PARTIAL):
                continue
            found = _pattern_of(route, {**scope, **child}, depth)
            if verdict == _FULL:
                return found
            partial = partial or found
    return partial


def _pattern_of(candidate: Any, scope: Scope, depth: int) -> str:
    route = getattr(candidate, "starlette_route", None) or candidate
    inner = _routes_of_mount(route) if hasattr(route, "app") else None
    if inner is not None and depth < _DEEPEST and not hasattr(route, "endpoint"):
        found = ahead(scope, inner, depth + 1)
        return f"{_prefix_of(route)}{found}" if found else ""
    if _is_mount(route):
        return f"{_prefix_of(route)}{_REST}"
    return str(getattr(route, "path_format", None) or getattr(route, "path", ""))


def _candidates(route: Any) -> Iterable[Any]:
    """Return what can match of a route: of a router that FastAPI has included, its routes."""
    contexts = getattr(route, "effective_route_contexts", None)
    return contexts() if callable(contexts) else (route,)


def _effective(scope: Scope, route: Any) -> Any:
    """Return a route as it is where FastAPI has included its router: with the prefix."""
    told = scope.get("fastapi")
    context = told.get("effective_route_context") if isinstance(told, dict) else None
    if context is None:
        return route
    own = getattr(context, "starlette_route", None)
    if getattr(context, "original_route", None) is route:
        return own or context
    # The scope names the router; what of it has answered, the context does.
    return own or context if hasattr(route, "effective_route_contexts") else route


def _is_mount(route: Any) -> bool:
    return not hasattr(route, "endpoint") and hasattr(route, "app")


def _routes_of_mount(route: Any) -> Any:
    """Return the routes of what is mounted; None where it has none to tell of."""
    app = getattr(route, "_base_app", None) or getattr(route, "app", None)
    return getattr(app, "routes", None)


def _prefix_of(mount: Any) -> str:
    path = getattr(mount, "path_format", "")
    return path.removesuffix(_REST) if isinstance(path, str) else ""


def _routes_of(scope: Scope) -> Iterable[Any]:
    owner = scope.get("router") or scope.get("app")
    return getattr(owner, "routes", None) or ()


def _joined(scope: Scope, pattern: str, route: Any, *, mounted: bool = False) -> str:
    """Put what mounts lead to a pattern before it."""
    root, base = scope.get("root_path", ""), scope.get("app_root_path")
    if mounted:
        pattern = f"{pattern}{_REST}"
    if base is None or root == base or not root.startswith(base):
        return pattern
    taken = root[len(base) :]
    if mounted:  # the last of them is the pattern itself
        segments = pattern.removesuffix(_REST).count("/")
        taken = taken.rsplit("/", segments)[0] if segments else taken
    return f"{_generalized(taken, scope, route)}{pattern}"


def _generalized(prefix: str, scope: Scope, route: Any) -> str:
    """Put the names of parameters in the place of what a client wrote for them."""
    params = scope.get("path_params") or {}
    own = getattr(route, "param_convertors", None) or {}
    foreign = {name: str(value) for name, value in params.items() if name not in own}
    if not foreign:
        return prefix
    segments = prefix.split("/")
    for name, value in foreign.items():
        if value not in segments:  # it was converted: say where it came from, not what it was
            return "".join(f"/{{{one}}}" for one in foreign)
        segments[segments.index(value)] = f"{{{name}}}"
    return "/".join(segments)
