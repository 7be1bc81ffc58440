"""What each role may do, and what outsiders and staff see."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from designs.models import Design, Membership, Role, Status, User
from designs.parsing import samples

ROLES = {role.name.lower(): role for role in Role}
EVERYBODY = ["owner", "admin", "editor", "viewer", "outsider", "staff"]


@pytest.fixture
def people(acme, join, boss, ben) -> dict[str, User]:
    return {name: join(acme, name, role) for name, role in ROLES.items()} | {"outsider": ben, "staff": boss}


@pytest.fixture
def statuses(people, client_of):
    """Let everybody do something, and return how each was answered."""

    def ask(act) -> list[int]:
        return [act(client_of(people[name]), people[name]).status_code for name in EVERYBODY]

    return ask


def step_file() -> SimpleUploadedFile:
    return SimpleUploadedFile("plate.step", samples.plate())


@pytest.mark.parametrize("path", ["", "bom/", "geometry/"])
def test_members_and_staff_see_a_design(people, statuses, make_design, path):
    done = {"geometry": {"units": {}, "bounding_box": None}, "bom": {"tree": [], "parts": []}, "status": Status.READY}
    design = make_design(people["owner"], **done)

    found = statuses(lambda client, _: client.get(f"/api/designs/{design.pk}/{path}"))

    assert found == [200, 200, 200, 200, 404, 200]


def test_editors_and_those_above_upload(acme, people, statuses, queued):
    def upload(client, _):
        fields = {"file": step_file(), "organization": acme.pk}
        return client.post("/api/designs/upload/", fields, format="multipart")

    # To outsiders the organization does not exist, and so it is for staff who want to bring something in.
    assert statuses(upload) == [201, 201, 201, 403, 400, 400]
    assert set(Design.objects.values_list("organization", flat=True)) == {acme.pk}


def test_editors_and_those_above_begin_series(acme, people, statuses):
    def begin(client, user):
        return client.post("/api/series/", {"name": f"{user}'s", "organization": acme.pk})

    assert statuses(begin) == [201, 201, 201, 403, 400, 400]


def test_editors_and_those_above_say_what_a_design_is(people, statuses, make_design):
    design = make_design(people["owner"])

    found = statuses(lambda client, _: client.patch(f"/api/designs/{design.pk}/", {"part_number": "A-1"}))

    assert found == [200, 200, 200, 403, 404, 403]


@pytest.mark.parametrize("change", [{"itar": False}, {"clearance": "unclassified"}])
def test_admins_and_owners_say_who_may_see_a_design(people, statuses, make_design, change):
    design = make_design(people["owner"])

    found = statuses(lambda client, _: client.patch(f"/api/designs/{design.pk}/", change))

    assert found == [200, 200, 403, 403, 404, 403]


def test_editors_delete_their_own_and_admins_any(people, statuses, make_design, client_of):
    def delete_own(client, user):
        return client.delete(f"/api/designs/{make_design(user).pk}/")

    def delete_the_owners(client, _):
        return client.delete(f"/api/designs/{make_design(people['owner']).pk}/")

    assert statuses(delete_the_owners) == [204, 204, 403, 403, 404, 403]
    assert delete_own(client_of(people["editor"]), people["editor"]).status_code == 204


def test_what_is_finalized_is_deleted_by_admins_alone(people, make_design, client_of):
    design = make_design(people["editor"], status=Status.READY)
    design.finalize(people["editor"].pk)
    path = f"/api/designs/{design.pk}/"

    assert client_of(people["editor"]).delete(path).status_code == 403
    assert client_of(people["admin"]).delete(path).status_code == 204


def test_editors_and_those_above_finalize(people, statuses, make_design):
    def finalize(client, _):
        design = make_design(people["owner"], status=Status.READY)
        return client.post(f"/api/designs/{design.pk}/finalize/")

    assert statuses(finalize) == [200, 200, 200, 403, 404, 403]


def test_members_and_staff_see_who_belongs_to_an_organization(acme, people, statuses):
    found = statuses(lambda client, _: client.get(f"/api/organizations/{acme.pk}/members/"))

    assert found == [200, 200, 200, 200, 404, 200]


def test_admins_and_owners_invite_and_see_who_was_invited(acme, people, statuses):
    path = f"/api/organizations/{acme.pk}/invitations/"

    assert statuses(lambda client, user: client.post(path, {"username": f"x{user}"})) == [201, 201, 403, 403, 404, 403]
    assert statuses(lambda client, _: client.get(path)) == [200, 200, 403, 403, 404, 403]


def test_owners_alone_change_the_organization(acme, people, statuses):
    found = statuses(lambda client, _: client.patch(f"/api/organizations/{acme.pk}/", {"name": "Acme II"}))

    assert found == [200, 403, 403, 403, 404, 403]


@pytest.mark.parametrize(
    ("by", "whom", "role", "status"),
    [
        ("owner", "viewer", "OWNER", 200),
        ("owner", "admin", "VIEWER", 200),
        ("admin", "viewer", "ADMIN", 200),
        ("admin", "viewer", "OWNER", 403),
        ("admin", "owner", "VIEWER", 403),
        ("editor", "viewer", "VIEWER", 403),
        ("viewer", "viewer", "OWNER", 403),
        ("outsider", "viewer", "VIEWER", 404),
        ("staff", "viewer", "EDITOR", 403),
        ("owner", "outsider", "EDITOR", 404),
        ("owner", "owner", "ADMIN", 400),
        ("owner", "viewer", "KING", 400),
    ],
)
def test_nobody_gives_or_takes_more_than_they_have(acme, people, client_of, by, whom, role, status):
    before = dict(Membership.objects.values_list("user__username", "role"))

    path = f"/api/organizations/{acme.pk}/members/{people[whom].pk}/"
    assert client_of(people[by]).patch(path, {"role": role}).status_code == status

    after = dict(Membership.objects.values_list("user__username", "role"))
    assert after == (before | {whom: role} if status == 200 else before)


@pytest.mark.parametrize(
    ("by", "whom", "status"),
    [
        ("owner", "admin", 204),
        ("admin", "editor", 204),
        ("admin", "owner", 403),
        ("editor", "viewer", 403),
        ("viewer", "viewer", 204),
        ("owner", "owner", 400),
        ("outsider", "viewer", 404),
    ],
)
def test_admins_end_memberships_and_everybody_may_leave(acme, people, client_of, by, whom, status):
    path = f"/api/organizations/{acme.pk}/members/{people[whom].pk}/"

    assert client_of(people[by]).delete(path).status_code == status

    assert acme.memberships.filter(user=people[whom]).exists() is (status != 204)


def test_who_left_sees_nothing_any_more_and_works_for_themselves(acme, people, client_of, make_design):
    design, editor = make_design(people["owner"]), people["editor"]
    acme.memberships.get(user=editor).delete()

    assert client_of(editor).get(f"/api/designs/{design.pk}/").status_code == 404
    assert editor.organization.personal_of == editor


def test_the_snippet_for_views_knows_the_organization_of_a_user(acme, people):
    membership = people["viewer"].memberships.get(organization=people["viewer"].organization)

    assert (membership.organization, membership.role) == (acme, "VIEWER")
    assert str(people["viewer"].organization) == "Acme"
