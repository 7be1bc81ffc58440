"""Export control and clearance: who sees what, in lists, one by one, and through changes."""

import itertools

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from designs.models import Design, Organization, Role, Status, User
from designs.parsing import samples

UPLOAD = "/api/designs/upload/"


def shown(client) -> set[str]:
    return {item["id"] for item in client.get("/api/designs/").json()["results"]}


def upload(client, **fields):
    return client.post(UPLOAD, {"file": SimpleUploadedFile("a.step", samples.plate()), **fields}, format="multipart")


@pytest.mark.parametrize("itar_of", ["nothing", "design", "organization"])
@pytest.mark.parametrize("secret", ["nothing", "design", "organization"])
def test_the_list_shows_exactly_what_opens_one_by_one(acme, join, client_of, make_design, itar_of, secret):
    boss, ben = User.objects.create(username="boss", is_staff=True), User.objects.create(username="ben")
    owner = join(acme, "owner", Role.OWNER, us_person=True, clearance=3)
    controls = {"itar": itar_of == "design", "clearance": 2 if secret == "design" else 0}
    design = make_design(owner, about=controls)
    acme.itar, acme.clearance = itar_of == "organization", 2 if secret == "organization" else 0
    acme.save()
    path = f"/api/designs/{design.pk}/"

    for us_person, clearance in itertools.product((True, False), (1, 2)):
        client = client_of(join(acme, f"{us_person}-{clearance}", us_person=us_person, clearance=clearance))
        allowed = (us_person or itar_of == "nothing") and (clearance == 2 or secret == "nothing")
        assert client.get(path).status_code == (200 if allowed else 403)
        assert shown(client) == ({str(design.pk)} if allowed else set())

    assert client_of(boss).get(path).status_code == 200
    assert shown(client_of(boss)) == {str(design.pk)}
    # An outsider is not even told that it is under control.
    assert client_of(ben).get(path).status_code == 404


@pytest.mark.parametrize("method", ["get", "patch", "delete"])
def test_whatever_one_does_with_a_closed_design_is_refused_alike(acme, join, client_of, make_design, method):
    design = make_design(join(acme, "us", us_person=True), about={"itar": True}, name="plate.step")
    admin = client_of(join(acme, "ad", Role.ADMIN))

    for path in ("", "bom/", "geometry/", "finalize/"):
        answer = (admin.post if path == "finalize/" else getattr(admin, method if path == "" else "get"))(
            f"/api/designs/{design.pk}/{path}"
        )
        assert answer.status_code == 403
        assert "plate" not in answer.content.decode()
        assert answer.json()["detail"] == "This is under ITAR, and open to US persons only."


@pytest.mark.parametrize(
    ("person", "wanted", "status"),
    [
        ({}, {"itar": True}, 403),
        ({"us_person": True}, {"itar": True}, 201),
        ({}, {"clearance": "secret"}, 403),
        ({"clearance": 2}, {"clearance": "secret"}, 201),
        ({"clearance": 2}, {"clearance": "top_secret"}, 403),
        ({}, {"clearance": "2"}, 400),
        ({}, {"itar": "perhaps"}, 400),
    ],
)
def test_nobody_uploads_what_they_could_not_open(acme, join, client_of, queued, person, wanted, status):
    answer = upload(client_of(join(acme, "ed", **person)), **wanted)

    assert answer.status_code == status
    assert Design.objects.count() == (status == 201)


def test_nobody_uploads_to_an_organization_that_is_closed_to_them(acme, join, client_of):
    acme.itar = True
    acme.save()

    assert upload(client_of(join(acme, "ed"))).status_code == 403


@pytest.mark.parametrize("closed", [{"itar": True}, {"clearance": 1}])
def test_the_series_of_an_organization_are_as_closed_as_it_is(acme, join, client_of, boss, closed):
    editor, spy = join(acme, "ed"), join(acme, "spy", us_person=True, clearance=1)
    acme.series.create(name="S", owner=spy)
    assert client_of(editor).get("/api/series/").json()["count"] == 1
    Organization.objects.filter(pk=acme.pk).update(**closed)

    found = [client_of(user).get("/api/series/").json()["count"] for user in (editor, spy, boss)]
    begun = [client_of(user).post("/api/series/", {"name": str(user)}).status_code for user in (editor, spy)]

    assert (found, begun) == ([0, 1, 1], [403, 201])


def test_an_admin_cannot_close_a_design_to_themselves_nor_open_it(acme, join, client_of, make_design):
    design = make_design(join(acme, "spy", clearance=3), about={"clearance": 3})
    open_one = make_design(join(acme, "other"))
    admin = client_of(join(acme, "ad", Role.ADMIN, clearance=1))

    assert admin.patch(f"/api/designs/{design.pk}/", {"clearance": "unclassified"}).status_code == 403
    assert admin.patch(f"/api/designs/{open_one.pk}/", {"clearance": "secret"}).status_code == 403
    assert admin.patch(f"/api/designs/{open_one.pk}/", {"clearance": "confidential"}).status_code == 200
    assert dict(Design.objects.values_list("pk", "clearance")) == {design.pk: 3, open_one.pk: 1}


def test_an_owner_cannot_close_an_organization_to_themselves_nor_open_it(acme, join, client_of):
    stranger = client_of(join(acme, "abroad", Role.OWNER))
    path = f"/api/organizations/{acme.pk}/"

    assert stranger.patch(path, {"itar": True}).status_code == 403
    assert client_of(join(acme, "us", Role.OWNER, us_person=True)).patch(path, {"itar": True}).status_code == 200
    assert stranger.patch(path, {"itar": False}).status_code == 403
    assert stranger.patch(path, {"name": "x"}).status_code == 403


def test_a_form_that_does_not_mention_itar_leaves_it_as_it_is(acme, join, client_of, make_design):
    admin = join(acme, "ad", Role.ADMIN, us_person=True)
    design = make_design(admin, about={"itar": True})

    assert client_of(admin).patch(f"/api/designs/{design.pk}/", {"name": "new"}).status_code == 200

    assert Design.objects.values_list("name", "itar").get() == ("new", True)


def test_nobody_verifies_themselves(acme, join, client_of, make_design):
    design = make_design(join(acme, "us", us_person=True), about={"itar": True})
    client = client_of(join(acme, "ow", Role.OWNER))

    for path in ("/api/organizations/current/", f"/api/organizations/{acme.pk}/"):
        client.patch(path, {"us_person": True, "clearance": "top_secret", "user": {"us_person": True}}, format="json")
        client.put(path, {"us_person": True, "organization": acme.pk}, format="json")

    assert client.get(f"/api/designs/{design.pk}/").status_code == 403


def test_a_controlled_design_opens_with_one_query(acme, join, client_of, make_design, django_assert_num_queries):
    user = join(acme, "us", us_person=True, clearance=3)
    design = make_design(user, about={"itar": True, "clearance": 3}, status=Status.READY)
    client = client_of(user)

    with django_assert_num_queries(1):
        assert client.get(f"/api/designs/{design.pk}/").status_code == 200
