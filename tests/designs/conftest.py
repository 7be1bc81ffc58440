"""What tests of the monitored service share: people, their clients, uploads, and a look into the broker's queue."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from rest_framework.test import APIClient
from rest_framework.views import APIView

from designs import dispatch, uploads
from designs.models import Design, Membership, Organization, Role, User
from designs.parsing import samples

# How long an example takes says more about the machine's other work than about the code.
hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("patient")


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


class Queued:
    """What really lies in the broker's queue: a chain a message, as names, arguments and the queues of its steps."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self) -> list[tuple[list[str], list[tuple[str, ...]], set[str]]]:
        return [self._chain(json.loads(raw)) for raw in reversed(self._client.lrange(dispatch.QUEUE, 0, -1))]

    def clear(self) -> None:
        self._client.delete(dispatch.QUEUE)

    @staticmethod
    def _chain(message: dict[str, Any]) -> tuple[list[str], list[tuple[str, ...]], set[str]]:
        arguments, _, embedded = json.loads(base64.b64decode(message["body"]))
        later = list(reversed(embedded["chain"] or []))
        names = [message["headers"]["task"], *(step["task"] for step in later)]
        queues = {message["properties"]["delivery_info"]["routing_key"]}
        queues |= {step["options"]["queue"] for step in later}
        return names, [tuple(arguments), *(tuple(step["args"]) for step in later)], queues


@pytest.fixture
def broker(redis_url, redis_client) -> Iterator[Any]:
    """Publish to this test worker's own Redis; returns a function that points the broker somewhere else."""
    before = current_app.conf.broker_write_url

    def use(url: str) -> None:
        current_app.conf.broker_write_url = url

    use(redis_url)
    yield use
    use(before)


@pytest.fixture
def queued(broker, redis_client) -> Queued:
    return Queued(redis_client)


@pytest.fixture
def anna(db) -> User:
    return User.objects.create(username="anna")


@pytest.fixture
def ben(db) -> User:
    return User.objects.create(username="ben")


@pytest.fixture
def boss(db) -> User:
    return User.objects.create(username="boss", is_staff=True)


@pytest.fixture
def client_of() -> Callable[[User], APIClient]:
    def make(user: User) -> APIClient:
        client = APIClient()
        client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def raised(monkeypatch) -> list[Exception]:
    """What views raised, beside how it was answered."""
    seen: list[Exception] = []
    handle = APIView.handle_exception

    def note(view: APIView, error: Exception) -> Any:
        seen.append(error)
        return handle(view, error)

    monkeypatch.setattr(APIView, "handle_exception", note)
    return seen


@pytest.fixture
def acme(db) -> Organization:
    """A company without anybody in it."""
    return Organization.objects.create(name="Acme")


@pytest.fixture
def join() -> Callable[..., User]:
    """Make somebody a member of an organization, which they work in from then on."""

    def make(organization: Organization, name: str, role: Role = Role.EDITOR, **about: Any) -> User:
        user = User.objects.filter(username=name).first() or User.objects.create(username=name)
        User.objects.filter(pk=user.pk).update(current_organization=organization, **about)
        user.refresh_from_db()
        Membership.objects.create(organization=organization, user=user, role=role)
        return user

    return make


@pytest.fixture
def make_design(queued) -> Callable[..., Design]:
    def make(
        owner: User, name: str = "plate.step", content: bytes | None = None, about: Any = None, **fields
    ) -> Design:
        file = SimpleUploadedFile(name, samples.SAMPLES[name]() if content is None else content)
        design = uploads.take_in(file, "iges" if name.endswith(".igs") else "step", owner, **(about or {}))
        if fields:
            Design.objects.filter(pk=design.pk).update(**fields)
            design.refresh_from_db()
        return design

    return make
