"""The Kubernetes manifests: valid by the real schemas, hardened, and with probes that cause no outage of their own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from django.urls import resolve

from tasks.designs import HARD_LIMIT

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"
RELEASES = ("1.29", "1.34", "1.37")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

FILES: dict[str, list[dict[str, Any]]] = {
    path.name: list(yaml.safe_load_all(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))
}
KUSTOMIZATION = FILES.pop("kustomization.yaml")[0]
RESOURCES = {(one["kind"], one["metadata"]["name"]): one for found in FILES.values() for one in found}
PODS: dict[str, dict[str, Any]] = {
    name: one["spec"]["template"] for (kind, name), one in RESOURCES.items() if kind in {"Deployment", "Job"}
}
SERVING = sorted(set(PODS) - {"enginel-setup"})
CELERY = ("enginel-worker", "enginel-worker-monitoring", "enginel-beat")


def container(name: str) -> dict[str, Any]:
    (only,) = PODS[name]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def words(name: str) -> str:
    return " ".join(container(name).get("command", []))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("file", sorted(FILES))
def test_the_schemas_of_kubernetes_accept_it(file: str, release: str) -> None:
    for resource in FILES[file]:
        kubernetes_validate.validate(resource, release, strict=True)


def test_what_is_applied_by_default_leaves_out_the_example_and_flower() -> None:
    assert set(KUSTOMIZATION["resources"]) == set(FILES) - {"secret.example.yaml", "flower.yaml"}
    assert {image["name"] for image in KUSTOMIZATION["images"]} == {container(name)["image"] for name in PODS}


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_has_no_privileges_and_a_read_only_root(name: str) -> None:
    pod = PODS[name]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"--uid {pod['securityContext']['runAsUser']} " in (ROOT / "deploy" / "Dockerfile").read_text()
    assert pod["automountServiceAccountToken"] is False
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_service_of_the_namespace_cannot_set_our_environment(name: str) -> None:
    assert PODS[name]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", sorted(PODS))
def test_memory_is_bounded_and_requested(name: str) -> None:
    resources = container(name)["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}


def test_web_is_probed_where_it_should_be() -> None:
    web = container("enginel-web")
    paths = {probe: web[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/api/health/", "liveness": "/api/health/", "readiness": "/api/health/ready/"}
    for path in paths.values():
        assert resolve(path)
    assert "httpHeaders" not in str(web), "a probe comes by the pod's address and needs no Host"


@pytest.mark.parametrize("name", CELERY)
def test_the_liveness_of_a_celery_process_asks_nobody_but_itself(name: str) -> None:
    (variable,) = container(name)["env"]
    assert variable["name"] == "HEARTBEAT_FILE"
    for probe in ("startupProbe", "livenessProbe"):
        command = " ".join(container(name)[probe]["exec"]["command"])
        assert variable["value"] in command
        assert not re.search("celery|python|redis", command)
    assert COMPOSE["worker"]["healthcheck"]["test"][1] == container(name)["livenessProbe"]["exec"]["command"][-1]


@pytest.mark.parametrize("name", SERVING)
def test_a_restart_takes_patience(name: str) -> None:
    liveness = container(name)["livenessProbe"]
    assert liveness["failureThreshold"] * liveness["periodSeconds"] >= 30
    assert liveness["timeoutSeconds"] >= 3


def test_a_worker_may_finish_its_longest_task() -> None:
    assert PODS["enginel-worker"]["spec"]["terminationGracePeriodSeconds"] > HARD_LIMIT


def test_there_is_one_beat_at_a_time() -> None:
    beat = RESOURCES["Deployment", "enginel-beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})


def test_a_secret_is_known_to_those_alone_who_need_it() -> None:
    for secret, reader in (("enginel-admin", "enginel-setup"), ("enginel-flower", "enginel-flower")):
        assert [name for name in PODS if {"secretRef": {"name": secret}} in container(name)["envFrom"]] == [reader]


def test_selectors_find_their_pods() -> None:
    for (kind, name), one in RESOURCES.items():
        if kind in {"Deployment", "Service", "PodDisruptionBudget"}:
            selector = one["spec"]["selector"]
            wanted = (selector.get("matchLabels") or selector).items()
            found = [pod for pod in PODS.values() if pod["metadata"]["labels"].items() >= wanted]
            assert len(found) == 1, f"{kind} {name}"


def test_a_budget_never_forbids_every_disruption() -> None:
    for (kind, name), one in RESOURCES.items():
        if kind == "PodDisruptionBudget":
            assert one["spec"]["maxUnavailable"] == 1
            assert RESOURCES["Deployment", name]["spec"]["replicas"] > 1


def test_configuration_that_is_named_is_there() -> None:
    for name in PODS:
        for source in container(name)["envFrom"]:
            ((reference, target),) = source.items()
            kind = {"configMapRef": "ConfigMap", "secretRef": "Secret"}[reference]
            assert (kind, target["name"]) in RESOURCES
        for volume in PODS[name]["spec"]["volumes"]:
            claim = volume.get("persistentVolumeClaim")
            assert claim is None or ("PersistentVolumeClaim", claim["claimName"]) in RESOURCES


@pytest.mark.parametrize(
    ("name", "service"),
    [("enginel-worker", "worker"), ("enginel-worker-monitoring", "worker-monitoring")],
)
def test_workers_are_the_same_as_in_docker_compose(name: str, service: str) -> None:
    for option in ("queues", "hostname", "pool", "concurrency"):
        pattern = rf"--{option} (\S+)"
        assert re.findall(pattern, words(name)) == re.findall(pattern, COMPOSE[service]["command"])
    assert container(name)["resources"]["limits"]["memory"].lower().startswith(COMPOSE[service].get("mem_limit", "1g"))


def test_the_setup_does_what_it_does_in_docker_compose() -> None:
    assert words("enginel-setup") == " ".join(COMPOSE["setup"]["command"])
