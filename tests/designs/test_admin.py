"""The admin's pages open, and show no more than they should."""

import pytest

from designs.models import Design, Invitation, Organization, Series, Status


@pytest.fixture(autouse=True)
def plain_static_files(settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def root(client, anna):
    anna.is_staff = anna.is_superuser = True
    anna.save()
    client.force_login(anna)
    return client


@pytest.mark.parametrize("page", [
    "design/", "series/", "user/", "series/add/", "user/add/", "organization/", "organization/add/", "invitation/",
])  # fmt: skip
def test_pages_open(root, anna, make_design, page):
    Series.objects.create(owner=anna, name="S")
    make_design(anna)

    assert root.get(f"/admin/designs/{page}").status_code == 200


def test_a_design_opens_with_what_was_read(root, anna, make_design):
    design = make_design(anna, geometry={"units": "parsec"})

    assert b"parsec" in root.get(f"/admin/designs/design/{design.pk}/change/").content


def test_designs_come_in_by_upload_alone(root):
    assert root.get("/admin/designs/design/add/").status_code == 403


def test_an_organization_opens_with_its_members_and_what_it_uses(root, anna, make_design):
    design = make_design(anna)

    page = root.get(f"/admin/designs/organization/{anna.organization.pk}/change/").content.decode()

    assert f'<div class="readonly">{design.size}</div>' in page.replace(",", "")
    assert 'value="OWNER" selected' in page


def test_a_user_opens_with_what_staff_verify(root, anna):
    page = root.get(f"/admin/designs/user/{anna.pk}/change/").content.decode()

    assert all(f'name="{field}"' in page for field in ("us_person", "clearance", "current_organization"))


def test_people_are_not_invited_past_the_limit(root, acme):
    invitation = Invitation.objects.create(organization=acme, username="x")

    assert root.get("/admin/designs/invitation/add/").status_code == 403
    assert root.post(f"/admin/designs/invitation/{invitation.pk}/change/", {"role": "OWNER"}).status_code == 403
    assert Organization.objects.get(pk=acme.pk).seats_taken() == 1


def test_what_a_worker_writes_meanwhile_is_not_overwritten(root, anna, make_design, monkeypatch):
    design = make_design(anna)
    save = Design.save

    def save_late(self, *args, **kwargs):
        Design.objects.filter(pk=design.pk).update(status=Status.READY, geometry={"a": 1})
        save(self, *args, **kwargs)

    monkeypatch.setattr(Design, "save", save_late)
    form = {"name": "renamed", "owner": anna.pk, "clearance": 0, "itar": "on"}

    assert root.post(f"/admin/designs/design/{design.pk}/change/", form).status_code == 302

    design.refresh_from_db()
    assert (design.name, design.itar, design.status, design.geometry) == ("renamed", True, "ready", {"a": 1})
