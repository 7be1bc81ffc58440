"""The admin's pages open, and show no more than they should."""

import pytest

from designs.models import Series


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


@pytest.mark.parametrize("page", ["design/", "series/", "user/", "series/add/", "user/add/"])
def test_pages_open(root, anna, make_design, page):
    Series.objects.create(owner=anna, name="S")
    make_design(anna)

    assert root.get(f"/admin/designs/{page}").status_code == 200


def test_a_design_opens_with_what_was_read(root, anna, make_design):
    design = make_design(anna, geometry={"units": "parsec"})

    assert b"parsec" in root.get(f"/admin/designs/design/{design.pk}/change/").content


def test_designs_come_in_by_upload_alone(root):
    assert root.get("/admin/designs/design/add/").status_code == 403
