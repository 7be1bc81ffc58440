"""What tests of the monitored service share: people, their clients, uploads, and a broker that only remembers."""

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from designs import dispatch, uploads
from designs.models import Design, User
from designs.parsing import samples


@pytest.fixture(autouse=True)
def own_media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def queued(monkeypatch) -> list[tuple[str, list[str]]]:
    """Names and arguments of what would have been published, chain by chain."""
    published = []

    def remember(self, *args, **kwargs):
        tasks = getattr(self, "tasks", [self])
        published.append(
            ([task.task for task in tasks], [task.args for task in tasks], {t.options["queue"] for t in tasks})
        )

    monkeypatch.setattr(
        dispatch, "chain", lambda *steps: type("Chain", (), {"tasks": steps, "apply_async": remember})()
    )
    return published


@pytest.fixture
def anna(db) -> User:
    return User.objects.create_user("anna", password="a-long-passphrase")


@pytest.fixture
def ben(db) -> User:
    return User.objects.create_user("ben", password="a-long-passphrase")


@pytest.fixture
def boss(db) -> User:
    return User.objects.create_user("boss", password="a-long-passphrase", is_staff=True)


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
