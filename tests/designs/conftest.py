"""What tests of the monitored service share: people, their clients, uploads, and a broker that only remembers."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from rest_framework.test import APIClient

from designs import dispatch, uploads
from designs.models import Design, User
from designs.parsing import samples

# How long an example takes says more about the machine's other work than about the code.
hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("patient")


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def queued(monkeypatch) -> list[tuple[list[str], list[tuple[str, ...]], set[str]]]:
    """Names, arguments and queues of what would have been published, chain by chain."""
    published = []

    class RememberedChain:
        def __init__(self, *steps):
            self.steps = steps

        def apply_async(self, connection):
            names, arguments = [step.task for step in self.steps], [step.args for step in self.steps]
            published.append((names, arguments, {step.options["queue"] for step in self.steps}))

    monkeypatch.setattr(dispatch, "chain", RememberedChain)
    return published


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
def make_design(queued) -> Callable[..., Design]:
    def make(owner: User, name: str = "plate.step", content: bytes | None = None, **fields) -> Design:
        file = SimpleUploadedFile(name, samples.SAMPLES[name]() if content is None else content)
        design = uploads.take_in(file, "iges" if name.endswith(".igs") else "step", owner)
        if fields:
            Design.objects.filter(pk=design.pk).update(**fields)
            design.refresh_from_db()
        return design

    return make
