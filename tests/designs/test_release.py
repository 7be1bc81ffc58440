"""Releasing a design, and what people may still say about it; part numbers."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from designs import part_numbers
from designs.models import Design, Organization, Series, Status
from designs.parsing import samples
from tests.designs.refusals import wrong_fields

UPLOAD = "/api/designs/upload/"


@pytest.fixture
def ready(anna, make_design) -> Design:
    return make_design(anna, status=Status.READY)


def test_a_design_that_was_read_is_finalized_once(anna, client_of, ready):
    client, path = client_of(anna), f"/api/designs/{ready.pk}/finalize/"

    first, second = client.post(path), client.post(path)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["finalized"] is not None
    assert first.json() == second.json()
    assert Design.objects.get().finalized_by == anna


def test_what_is_finalized_already_is_not_looked_at_again(anna, client_of, ready):
    client, path = client_of(anna), f"/api/designs/{ready.pk}/finalize/"
    client.post(path)
    ready.file.storage.delete(ready.file.name)

    assert client.post(path).status_code == 200


@pytest.mark.parametrize(
    ("status", "answer"), [(Status.UPLOADED, 409), (Status.PROCESSING, 409), (Status.FAILED, 422), (Status.READY, 200)]
)
def test_only_what_was_read_can_be_finalized(anna, client_of, make_design, status, answer):
    design = make_design(anna, status=status)

    assert client_of(anna).post(f"/api/designs/{design.pk}/finalize/").status_code == answer
    assert Design.objects.filter(finalized__isnull=False).exists() is (answer == 200)


@pytest.mark.parametrize("status", [Status.UPLOADED, Status.PROCESSING, Status.FAILED])
def test_the_row_itself_refuses_to_be_finalized_too_early(anna, make_design, status):
    assert not make_design(anna, status=status).finalize(anna.pk)


def test_a_lost_file_is_found_out_before_the_release(anna, client_of, ready):
    ready.file.storage.delete(ready.file.name)

    answer = client_of(anna).post(f"/api/designs/{ready.pk}/finalize/")

    assert (answer.status_code, Design.objects.get().finalized) == (500, None)


@pytest.mark.parametrize(
    "change", [{"name": "new"}, {"part_number": "X"}, {"itar": False}, {"clearance": "unclassified"}]
)
def test_a_finalized_design_stays_as_it_is(anna, client_of, ready, change):
    client = client_of(anna)
    client.post(f"/api/designs/{ready.pk}/finalize/")
    before = Design.objects.values().get()

    answer = client.patch(f"/api/designs/{ready.pk}/", change)

    assert (answer.status_code, wrong_fields(answer)) == (400, list(change))
    assert Design.objects.values().get() == before


def test_a_design_can_be_changed_until_then(anna, client_of, ready):
    answer = client_of(anna).patch(f"/api/designs/{ready.pk}/", {"name": "Base", "part_number": " en  7\u2167 "})

    assert (answer.json()["name"], answer.json()["part_number"]) == ("Base", "EN 7VIII")
    assert Design.objects.get().part_number == "EN 7VIII"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"part_number": "x" * 101}, "part_number"),
        ({"part_number": "a\0b"}, "part_number"),
        ({"part_number": "\ufdfa" * 100}, "part_number"),
        ({"clearance": "cosmic"}, "clearance"),
        ({"itar": "maybe"}, "itar"),
    ],
)
def test_a_bad_change_is_refused_with_the_field_named(anna, client_of, ready, change, field):
    answer = client_of(anna).patch(f"/api/designs/{ready.pk}/", change)

    assert (answer.status_code, wrong_fields(answer)) == (400, [field])


@pytest.mark.parametrize("fields", ["status", "organization", "owner", "sha256", "finalized", "size", "id"])
def test_what_is_not_said_by_people_is_not_changed_by_them(anna, client_of, ready, fields):
    before = Design.objects.values().get()

    assert client_of(anna).patch(f"/api/designs/{ready.pk}/", {fields: "1"}).status_code == 200

    assert Design.objects.values().get() == before


@pytest.mark.parametrize("lone", ['{"name": "\\ud800"}', '{"part_number": "\\udfff"}', "[]", "null", '"x"', "{"])
def test_whatever_the_body_is_it_is_refused(anna, client_of, ready, lone):
    answer = client_of(anna).patch(f"/api/designs/{ready.pk}/", lone, content_type="application/json")

    assert answer.status_code == 400


def test_a_part_number_is_free_again_after_its_design_is_deleted(anna, client_of, make_design, queued):
    client = client_of(anna)
    design = make_design(anna, about={"part_number": "A-1"})

    def upload():
        file = SimpleUploadedFile("a.step", samples.plate())
        return client.post(UPLOAD, {"file": file, "part_number": "a-1"}, format="multipart").status_code

    assert upload() == 409
    client.delete(f"/api/designs/{design.pk}/")
    assert upload() == 201


def test_a_part_number_is_taken_within_its_organization_alone(anna, ben, client_of, make_design):
    make_design(anna, about={"part_number": "A-1"})
    own, other = make_design(anna), make_design(ben)

    assert client_of(anna).patch(f"/api/designs/{own.pk}/", {"part_number": "a-1"}).status_code == 409
    assert client_of(ben).patch(f"/api/designs/{other.pk}/", {"part_number": "a-1"}).status_code == 200


@pytest.mark.parametrize("nothing", ["", "  ", "\u3000"])
def test_many_designs_may_have_no_part_number(anna, client_of, make_design, nothing):
    for design in (make_design(anna), make_design(anna)):
        answer = client_of(anna).patch(f"/api/designs/{design.pk}/", {"part_number": nothing})
        assert (answer.status_code, answer.json()["part_number"]) == (200, None)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_the_normal_form_of_a_part_number_is_its_own(text):
    once = part_numbers.normal(text)

    assert once is None or part_numbers.normal(once) == once


def test_a_series_of_another_organization_than_the_one_named_is_refused(anna, client_of, acme):
    acme.memberships.create(user=anna, role="OWNER")
    series = Series.objects.create(owner=anna, name="S")
    fields = {"file": SimpleUploadedFile("a.step", samples.plate()), "series": series.pk, "organization": acme.pk}

    answer = client_of(anna).post(UPLOAD, fields, format="multipart")

    assert (answer.status_code, wrong_fields(answer)) == (400, ["organization"])


def test_an_upload_to_a_series_belongs_to_whom_the_series_does(anna, client_of, acme, queued):
    acme.memberships.create(user=anna, role="EDITOR")
    series = Series.objects.create(owner=anna, name="S", organization=acme)
    fields = {"file": SimpleUploadedFile("a.step", samples.plate()), "series": series.pk}

    assert client_of(anna).post(UPLOAD, fields, format="multipart").json()["organization"] == acme.pk
    assert Organization.objects.get(pk=acme.pk).storage_used() == len(samples.plate())


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 50_000])
@pytest.mark.parametrize(
    ("method", "path"),
    [("patch", "designs/{}/"), ("post", "series/"), ("post", "organizations/"), ("put", "organizations/current/")],
)
def test_a_body_that_is_nested_without_end_is_refused(anna, client_of, ready, body, method, path):
    act = getattr(client_of(anna), method)

    assert act(f"/api/{path.format(ready.pk)}", body, content_type="application/json").status_code == 400
