"""What many do at the same time: limits hold, and what happens once happens once."""

import threading
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.utils import timezone

from designs import members, part_numbers, release, stored, uploads
from designs.access import open_design
from designs.exceptions import (
    DuplicatePartNumber,
    EnginelBaseException,
    OrganizationLimitExceeded,
    StorageQuotaExceeded,
    UserLimitExceeded,
)
from designs.models import Design, Invitation, Organization, Orphan, Role, Status, User
from designs.parsing import samples
from tests.faults.conftest import database
from tests.faults.processes import ENDED, Thread, end, in_child

__all__ = ["database"]
pytestmark = pytest.mark.usefixtures("database", "queued")

MANY = 6
SIZE = len(samples.plate())


def at_once(action, number: int = MANY) -> Counter[str]:
    """Do something in many threads that begin together; count how it ended for each."""
    together = threading.Barrier(number)

    def run(n: int) -> str:
        together.wait(30)
        try:
            action(n)
        except EnginelBaseException as error:
            return type(error).__name__
        return "done"

    return Counter(str(thread.result()) for thread in [Thread(lambda n=n: run(n)) for n in range(number)])


def company(**limits: int) -> tuple[Organization, User]:
    organization = Organization.objects.create(name="Acme", **limits)
    owner = User.objects.create(username="owner", current_organization=organization)
    organization.memberships.create(user=owner, role=Role.OWNER)
    return organization, owner


def upload(owner: User, **about: object) -> Design:
    return uploads.take_in(SimpleUploadedFile("a.step", samples.plate()), "step", owner, **about)


@pytest.fixture
def all_stored(monkeypatch) -> None:
    """Let nobody's row be written before everybody's file is stored: all have been told by then that there is room."""
    together, save = threading.Barrier(MANY), stored.save

    def save_and_wait(design: Design, file: object) -> None:
        save(design, file)
        together.wait(30)

    monkeypatch.setattr(stored, "save", save_and_wait)


def test_uploads_at_once_do_not_exceed_the_storage_quota(own_media, broker, all_stored):
    broker("redis://127.0.0.1:1/0")
    organization, owner = company(storage_quota=3 * SIZE + SIZE // 2)

    ended = at_once(lambda _: upload(owner))

    assert ended == {"done": 3, StorageQuotaExceeded.__name__: MANY - 3}
    assert organization.storage_used() == 3 * SIZE
    assert len([path for path in own_media.rglob("*") if path.is_file()]) == 3


def test_uploads_at_once_do_not_exceed_the_number_of_designs(broker, all_stored):
    broker("redis://127.0.0.1:1/0")
    organization, owner = company(max_designs=2)

    assert at_once(lambda _: upload(owner)) == {"done": 2, OrganizationLimitExceeded.__name__: MANY - 2}
    assert organization.designs.count() == 2


def test_invitations_at_once_do_not_exceed_the_limit_of_users():
    organization, owner = company(max_users=3)

    ended = at_once(lambda n: members.invite(organization, owner, f"user-{n}", Role.VIEWER))

    assert ended == {"done": 2, UserLimitExceeded.__name__: MANY - 2}
    assert organization.seats_taken() == 3


def test_people_who_accept_at_once_do_not_exceed_a_limit_that_was_lowered():
    organization, _ = company(max_users=3)
    people = [User.objects.create(username=f"user-{n}") for n in range(MANY)]
    invited = [Invitation.objects.create(organization=organization, username=user.username).pk for user in people]

    ended = at_once(lambda n: members.accept(people[n], invited[n]))

    assert ended == {"done": 2, UserLimitExceeded.__name__: MANY - 2}
    assert organization.memberships.count() == 3


def test_a_part_number_is_given_out_once(broker):
    broker("redis://127.0.0.1:1/0")
    organization, owner = company()

    ended = at_once(lambda _: upload(owner, part_number="GB-1"))

    assert ended == {"done": 1, DuplicatePartNumber.__name__: MANY - 1}
    assert organization.designs.count() == 1


def test_a_part_number_that_is_being_given_out_is_waited_for(broker):
    broker("redis://127.0.0.1:1/0")
    _, owner = company()
    first, second = upload(owner), upload(owner)

    def number(design: Design) -> None:
        with part_numbers.once("GB-1"):
            design.describe(part_number="GB-1")

    assert at_once(lambda n: number((first, second)[n]), 2) == {"done": 1, DuplicatePartNumber.__name__: 1}


def test_a_design_is_finalized_once_and_everybody_is_told_the_same(broker, monkeypatch):
    broker("redis://127.0.0.1:1/0")
    _, owner = company()
    design = upload(owner)
    Design.objects.update(status=Status.READY)
    released, counted = [], []
    monkeypatch.setattr(release.MetricsCollector, "increment_counter", counted.append)

    def finalize(_: int) -> None:
        released.append(release.finalize(open_design(owner, design.pk, Role.EDITOR), owner).finalized)

    assert at_once(finalize) == {"done": MANY}
    assert len(set(released)) == 1
    assert counted == ["designs_finalized"]


def test_revisions_of_uploads_at_once_are_all_different(broker):
    broker("redis://127.0.0.1:1/0")
    organization, owner = company()
    series = organization.series.create(name="S", owner=owner)

    at_once(lambda _: upload(owner, series=type(series).objects.get(pk=series.pk)))

    assert sorted(organization.designs.values_list("revision", flat=True)) == list(range(1, MANY + 1))


def test_two_owners_who_leave_at_once_do_not_leave_nobody():
    organization, owner = company()
    other = User.objects.create(username="other")
    organization.memberships.create(user=other, role=Role.OWNER)

    def leave(n: int) -> None:
        try:
            members.remove(organization, (owner, other)[n], (owner, other)[n].pk)
        except members.ValidationError as error:
            raise EnginelBaseException from error

    assert at_once(leave, 2) == {"done": 1, EnginelBaseException.__name__: 1}
    assert organization.memberships.filter(role=Role.OWNER).count() == 1


def test_a_users_own_organization_is_founded_once():
    User.objects.bulk_create([User(username="one")])

    at_once(lambda _: User.objects.get().organization)

    assert Organization.objects.count() == User.objects.get().memberships.count() == 1


@pytest.mark.parametrize("moment", ["stored", "inserted"])
def test_an_upload_that_dies_half_way_holds_no_quota(own_media, broker, monkeypatch, moment):
    broker("redis://127.0.0.1:1/0")
    organization, owner = company(storage_quota=SIZE)

    def die_half_way() -> None:
        if moment == "stored":
            monkeypatch.setattr(Organization.objects.__class__, "lock", lambda *args: end())
        else:
            monkeypatch.setattr(transaction, "on_commit", lambda *args, **kwargs: end())
        upload(owner)

    assert in_child(die_half_way) == ENDED
    monkeypatch.undo()
    connections.close_all()
    assert [path for path in own_media.rglob("*") if path.is_file()], "the file was stored"

    assert organization.storage_used() == 0
    upload(owner)
    Orphan.objects.update(since=timezone.now() - 2 * stored.ORPHAN_AGE)
    assert stored.remove_orphans() == 1
    assert len([path for path in own_media.rglob("*") if path.is_file()]) == 1
