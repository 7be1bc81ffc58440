"""An API server that behaves as that of Kubernetes does for scales: versions, conflicts, permissions, real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

TOKEN = "a-service-account's"


class FakeCluster:
    """Deployments by name, and the autoscalers of some."""

    def __init__(self, server: HTTPServer, namespace: str = "shop") -> None:
        self.url = server.url_for("").rstrip("/")
        self.replicas: dict[str, int] = {}
        self.made: dict[str, int] = {}
        self.autoscalers: dict[str, str] = {}
        self.allowed = {"get", "update", "list"}
        self.before_write: Callable[[], object] = lambda: None
        self.after_write: Callable[[], object] = lambda: None
        self._versions: dict[str, int] = {}
        self._namespace = namespace
        self._lock = threading.Lock()
        server.expect_request(
            f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"
        ).respond_with_handler(self._list)
        for name in ("web", "none"):
            path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
            server.expect_request(path).respond_with_handler(self._handler(name))

    def has(self, name: str, replicas: int, made: int | None = None) -> None:
        """Set the scale of a Deployment, as somebody else would."""
        with self._lock:
            self.replicas[name], self.made[name] = replicas, replicas if made is None else made
            self._versions[name] = self._versions.get(name, 100) + 1

    def _handler(self, name: str) -> Callable[[Request], Response]:
        return lambda request: self._scale(request, name)

    def _scale(self, request: Request, name: str) -> Response:
        verb = "update" if request.method == "PUT" else "get"
        if refused := self._refused(request, verb):
            return refused
        if name not in self.replicas:
            return _status(404, f'deployments.apps "{name}" not found')
        if verb == "get":
            return self._answer(name)
        self.before_write()
        given = json.loads(request.data)
        with self._lock:
            if given["metadata"]["resourceVersion"] != str(self._versions[name]):
                return _status(409, "the object has been modified; please apply your changes to the latest version")
            self.replicas[name] = given["spec"]["replicas"]
            self._versions[name] += 1
        self.after_write()
        return self._answer(name)

    def _answer(self, name: str) -> Response:
        made, wanted = self.made[name], self.replicas[name]
        return _json(
            200,
            {
                "kind": "Scale",
                "apiVersion": "autoscaling/v1",
                "metadata": {
                    "name": name,
                    "namespace": self._namespace,
                    "uid": "8d1c1c1e",
                    "resourceVersion": str(self._versions[name]),
                },
                # As in Go, where a number that is zero is left out.
                "spec": {"replicas": wanted} if wanted else {},
                "status": {"replicas": made, "selector": f"app={name}"},
            },
        )

    def _list(self, request: Request) -> Response:
        if refused := self._refused(request, "list"):
            return refused
        items = [
            {"metadata": {"name": name}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": of}}}
            for name, of in self.autoscalers.items()
        ]
        return _json(200, {"kind": "HorizontalPodAutoscalerList", "apiVersion": "autoscaling/v2", "items": items})

    def _refused(self, request: Request, verb: str) -> Response | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _status(401, "Unauthorized")
        return None if verb in self.allowed else _status(403, f"cannot {verb} resource")


def _status(code: int, message: str) -> Response:
    return _json(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})


def _json(code: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), code, mimetype="application/json")
