"""People are invited, come, and leave; who is asked learns of it, and who asks learns nothing about others."""

from datetime import timedelta

import pytest
from django.utils import timezone

from designs.limits import MAX_OWNED
from designs.models import Invitation, Membership, Organization, Role, User
from tests.designs.refusals import wrong_fields


@pytest.fixture
def admin(acme, join):
    return join(acme, "ad", Role.ADMIN)


@pytest.fixture
def invite(acme, admin, client_of):
    def post(username, **fields):
        return client_of(admin).post(f"/api/organizations/{acme.pk}/invitations/", {"username": username, **fields})

    return post


def accept(client, invitation):
    return client.post(f"/api/invitations/{invitation}/accept/")


def test_everybody_has_an_organization_of_their_own(anna):
    assert anna.organization.personal_of == anna
    assert anna.memberships.get().role == Role.OWNER


def test_users_that_were_made_by_the_dozen_get_theirs_when_it_is_needed(db):
    User.objects.bulk_create([User(username="one")])
    user = User.objects.get()
    assert not Organization.objects.exists()

    assert user.organization == user.organization == Organization.objects.get(personal_of=user)


def test_saving_a_user_again_founds_nothing(anna):
    anna.first_name = "Anna"
    anna.save()

    assert Organization.objects.count() == 1


def test_who_accepts_is_a_member(acme, anna, client_of, invite):
    invitation = invite("anna", role="EDITOR").json()
    client = client_of(anna)
    [mine] = client.get("/api/invitations/").json()["results"]
    assert (mine["id"], mine["organization_name"], mine["role"]) == (invitation["id"], "Acme", "EDITOR")

    answer = accept(client, invitation["id"])

    assert (answer.status_code, answer.json()["role"]) == (200, "EDITOR")
    assert acme.memberships.get(user=anna).role == "EDITOR"
    assert client.get("/api/invitations/").json()["count"] == 0
    assert accept(client, invitation["id"]).status_code == 404


def test_an_invitation_tells_nothing_about_whether_there_is_such_a_user(acme, anna, invite):
    known, unknown = invite("anna").json(), invite("nobody").json()

    assert known.keys() == unknown.keys()
    assert {known[key] == unknown[key] for key in ("organization", "role")} == {True}


def test_only_who_was_asked_can_accept_or_decline(anna, ben, boss, client_of, invite):
    invitation = invite("anna").json()["id"]

    for other in (ben, boss):
        assert accept(client_of(other), invitation).status_code == 404
        assert client_of(other).delete(f"/api/invitations/{invitation}/").status_code == 404
    assert client_of(anna).delete(f"/api/invitations/{invitation}/").status_code == 204
    assert accept(client_of(anna), invitation).status_code == 404


def test_an_invitation_that_was_taken_back_is_none(acme, admin, anna, client_of, invite):
    invitation = invite("anna").json()["id"]
    path = f"/api/organizations/{acme.pk}/invitations/{invitation}/"

    assert client_of(admin).delete(path).status_code == 204
    assert client_of(admin).delete(path).status_code == 404
    assert accept(client_of(anna), invitation).status_code == 404


def test_an_invitation_ends_by_itself_and_its_seat_is_free(acme, anna, client_of, invite):
    acme.max_users = 2
    acme.save()
    invitation = invite("anna").json()["id"]
    assert invite("ben").status_code == 403
    Invitation.objects.update(expires=timezone.now() - timedelta(seconds=1))

    assert accept(client_of(anna), invitation).status_code == 404
    assert client_of(anna).get("/api/invitations/").json()["count"] == 0
    assert invite("anna").status_code == 201


def test_accepting_takes_no_second_seat(acme, anna, client_of, invite):
    acme.max_users = 2
    acme.save()

    assert accept(client_of(anna), invite("anna").json()["id"]).status_code == 200
    assert acme.seats_taken() == 2


def test_a_limit_that_was_lowered_counts_for_who_was_asked_before(acme, anna, client_of, invite):
    invitation = invite("anna").json()["id"]
    acme.max_users = 1
    acme.save()

    assert accept(client_of(anna), invitation).status_code == 403
    assert acme.memberships.count() == 1


@pytest.mark.parametrize(("controls", "status"), [({"itar": True}, 403), ({"clearance": 1}, 403), ({}, 200)])
def test_nobody_joins_an_organization_that_is_closed_to_them(acme, anna, client_of, invite, controls, status):
    invitation = invite("anna").json()["id"]
    Organization.objects.filter(pk=acme.pk).update(**controls)

    assert accept(client_of(anna), invitation).status_code == status
    assert acme.memberships.filter(user=anna).exists() is (status == 200)


@pytest.mark.parametrize("username", ["ad", "twice", "", "x" * 151, "a\0b"])
def test_who_cannot_be_invited_is_refused_with_the_field_named(invite, username):
    invite("twice")
    before = Invitation.objects.count()

    assert wrong_fields(invite(username)) == ["username"]
    assert Invitation.objects.count() == before


def test_names_are_compared_as_django_keeps_them(invite):
    assert invite("\uff41nna").json()["username"] == "anna"
    assert wrong_fields(invite("anna")) == ["username"]


def test_one_founds_organizations_up_to_a_limit(anna, client_of):
    client = client_of(anna)

    answers = [client.post("/api/organizations/", {"name": f"O{n}"}) for n in range(MAX_OWNED + 1)]

    assert [answer.status_code for answer in answers] == [201] * MAX_OWNED + [403]
    assert answers[0].json()["role"] == "OWNER"
    assert client.get("/api/organizations/").json()["count"] == MAX_OWNED + 1


def test_limits_are_not_ones_own_to_change(anna, client_of):
    client, own = client_of(anna), anna.organization
    limits = {"storage_quota": 10**15, "max_users": 10**6, "max_designs": 10**6, "max_series": 10**6}

    client.post("/api/organizations/", {"name": "O", **limits})
    assert client.patch(f"/api/organizations/{own.pk}/", {"name": "mine", **limits}).status_code == 200

    for one in Organization.objects.all():
        assert (one.storage_quota, one.max_users) == (10**10, 50)
    assert Organization.objects.filter(name="mine", pk=own.pk).exists()


def test_one_works_in_the_organization_one_chooses(acme, anna, ben, join, client_of):
    client = client_of(anna)
    current = "/api/organizations/current/"
    assert client.get(current).json()["personal"] is True
    assert client.put(current, {"organization": acme.pk}).status_code == 400

    Membership.objects.create(organization=acme, user=anna)
    assert client.put(current, {"organization": acme.pk}).json()["role"] == "VIEWER"

    anna.refresh_from_db()
    assert anna.organization == acme
    assert client_of(anna).get(current).json()["id"] == acme.pk


def test_a_company_outlives_its_people_and_a_person_takes_along_what_was_theirs(acme, anna, join, make_design):
    editor = join(acme, "ed")
    companys, own = make_design(editor), make_design(anna)

    editor.delete()
    anna.delete()

    companys.refresh_from_db()
    assert (companys.owner, companys.organization) == (None, acme)
    assert not type(own).objects.filter(pk=own.pk).exists()


def test_an_organization_shows_what_it_uses(acme, admin, client_of, make_design, invite):
    design = make_design(admin)
    invite("anna")

    shown = client_of(admin).get(f"/api/organizations/{acme.pk}/").json()

    assert (shown["storage_used"], shown["users"], shown["role"]) == (design.size, 2, "ADMIN")


@pytest.mark.parametrize("pk", [0, 10**30])
@pytest.mark.parametrize(
    "path",
    [
        "organizations/{}/",
        "organizations/{}/members/",
        "organizations/{}/members/{}/",
        "organizations/{}/invitations/",
        "invitations/{}/",
        "invitations/{}/accept/",
    ],
)
def test_what_does_not_exist_is_not_found(anna, client_of, path, pk):
    client = client_of(anna)
    url = f"/api/{path.format(pk, pk)}"

    for method in (client.get, client.patch, client.delete, client.post):
        assert method(url, {"username": "x", "role": "VIEWER"}).status_code in {404, 405}


@pytest.mark.parametrize("number", [0, 10**17, 10**18, 10**30])
def test_numbers_that_are_nobodys_are_not_found(acme, admin, client_of, number):
    client = client_of(admin)

    for path in (f"members/{number}/", f"invitations/{number}/"):
        url = f"/api/organizations/{acme.pk}/{path}"
        assert client.delete(url).status_code == 404
        assert client.patch(url, {"role": "VIEWER"}).status_code in {404, 405}


@pytest.mark.parametrize("number", [1, 12])
def test_the_list_of_organizations_takes_two_queries(anna, client_of, django_assert_num_queries, number):
    for n in range(number):
        Membership.objects.create(organization=Organization.objects.create(name=f"O{n}"), user=anna)
    client = client_of(anna)

    with django_assert_num_queries(2):
        assert client.get("/api/organizations/").json()["count"] == number + 1


@pytest.mark.parametrize("number", [1, 12])
def test_the_list_of_members_takes_three_queries(acme, admin, join, client_of, django_assert_num_queries, number):
    for n in range(number):
        join(acme, f"m{n}")
    client = client_of(admin)

    with django_assert_num_queries(3):
        assert client.get(f"/api/organizations/{acme.pk}/members/").json()["count"] == number + 1
