"""The scale of Deployments, through the API of Kubernetes: what recovery needs of it, and no more.

In a pod everything is found as Kubernetes hands it out: address, token, certificates and namespace of its service
account. The token is read anew each time, as it is replaced within the hour.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from monitoring.conf import Config
from monitoring.outbound.errors import OutboundError
from monitoring.outbound.http import Answer, Session, Timeouts
from monitoring.recovery.strategies.base import RefusedError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts what belongs to a pod's service account."""
_HOST, _PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"
_TIMEOUTS = Timeouts(connect=2.0, read=3.0, total=5.0)
_MAX_BYTES = 8 * 1024 * 1024
_OK, _FORBIDDEN, _NOT_FOUND, _CONFLICT = 200, 403, 404, 409


class AwayError(Exception):
    """The API did not answer; whether it did what it was told is unknown."""


class ConflictError(Exception):
    """Somebody else changed it since it was read; nothing was changed."""


@dataclass(frozen=True)
class Scale:
    """The scale of a Deployment, as it was read.

    Attributes:
        wanted: Replicas that there should be.
        made: Replicas that there are, ready or not.
        body: All of it, with the version by which a change since then is noticed.
    """

    wanted: int
    made: int
    body: Mapping[str, Any]


class Cluster:
    """The API as one service account may use it.

    Args:
        config: This installation's settings.

    Raises:
        RefusedError: It is not known where the API is, or who asks.
    """

    def __init__(self, config: Config) -> None:
        self._url = (config.kubernetes_url or _own_address()).rstrip("/")
        self._token = config.kubernetes_token or _of_account("token")
        self._authorities = config.kubernetes_ca or _certificates()
        self.namespace = config.kubernetes_namespace or _of_account("namespace")
        missing = {"KUBERNETES_URL": self._url, "KUBERNETES_TOKEN": self._token, "KUBERNETES_NAMESPACE": self.namespace}
        if names := [name for name, value in missing.items() if not value]:
            raise RefusedError(f"This is no pod of Kubernetes, and {' and '.join(names)} are not set.")

    def scale(self, deployment: str) -> Scale:
        """Read the scale of a Deployment.

        Raises:
            RefusedError: There is none of that name, or it must not be read.
            AwayError: The API did not answer.
        """
        answer = self._ask("GET", self._path_of(deployment))
        return _read(answer, f"read the scale of the Deployment {deployment}")

    def change(self, deployment: str, scale: Scale, replicas: int) -> Scale:
        """Have so many replicas of a Deployment, if nobody changed it since its scale was read.

        Raises:
            ConflictError: Somebody did.
            RefusedError: It must not be changed.
            AwayError: The API did not answer.
        """
        body = {**scale.body, "spec": {**scale.body["spec"], "replicas": replicas}}
        answer = self._ask("PUT", self._path_of(deployment), body)
        if answer.status == _CONFLICT:
            raise ConflictError
        return _read(answer, f"scale the Deployment {deployment}")

    def autoscaler_of(self, deployment: str) -> str | None:
        """Return the autoscaler that decides on the scale of a Deployment; None where nothing does.

        Raises:
            RefusedError: It must not be read which autoscalers there are.
            AwayError: The API did not answer.
        """
        answer = self._ask("GET", f"autoscaling/v2/namespaces/{quote(self.namespace)}/horizontalpodautoscalers")
        if answer.status == _NOT_FOUND:
            return None
        if answer.status != _OK:
            raise _refusal(answer, "list horizontalpodautoscalers")
        listed = answer.json()
        for one in listed.get("items") or () if isinstance(listed, dict) else ():
            target = one.get("spec", {}).get("scaleTargetRef", {})
            if (target.get("kind"), target.get("name")) == ("Deployment", deployment):
                return str(one.get("metadata", {}).get("name"))
        return None

    def _path_of(self, deployment: str) -> str:
        return f"apps/v1/namespaces/{quote(self.namespace)}/deployments/{quote(deployment, safe='')}/scale"

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        try:
            with Session(
                allow_private=True,
                timeouts=_TIMEOUTS,
                max_bytes=_MAX_BYTES,
                redirects=0,
                named="Kubernetes",
                authorities=self._authorities,
            ) as session:
                answer = session.send(method, f"{self._url}/apis/{path}", json=body, headers=headers)
        except OutboundError as error:
            raise AwayError(str(error)) from error
        if answer.status >= 500:  # whatever goes wrong there
            raise AwayError(f"Kubernetes answered with {answer.status}.")
        return answer


def _read(answer: Answer, what: str) -> Scale:
    if not answer.ok:
        raise _refusal(answer, what)
    body = answer.json()
    try:
        wanted = int(body["spec"].get("replicas", 0))
        made = int((body.get("status") or {}).get("replicas", 0))
        version = body["metadata"]["resourceVersion"]
    except (AttributeError, KeyError, TypeError, ValueError):
        raise AwayError("Kubernetes answered with what is no scale.") from None
    if not isinstance(version, str) or not version:
        raise AwayError("Kubernetes answered with a scale that has no version.")
    return Scale(wanted, made, body)


def _refusal(answer: Answer, what: str) -> RefusedError:
    if answer.status == _FORBIDDEN:
        return RefusedError(f"The service account of Enginel must not {what}.")
    told = answer.json()
    message = str(told.get("message") or "")[:200] if isinstance(told, dict) else ""
    return RefusedError(f"Kubernetes does not {what}: {answer.status} {message}".rstrip())


def _own_address() -> str:
    host, port = os.environ.get(_HOST, ""), os.environ.get(_PORT, "443")
    return f"https://{f'[{host}]' if ':' in host else host}:{port}" if host else ""


def _of_account(name: str) -> str:
    try:
        return (ACCOUNT / name).read_text().strip()
    except OSError:
        return ""


def _certificates() -> str:
    path = ACCOUNT / "ca.crt"
    return str(path) if path.exists() else ""
