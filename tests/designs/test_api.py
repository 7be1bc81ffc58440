"""The HTTP interface, as a client sees it."""

import hashlib
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from designs import uploads
from designs.models import Design, Series, Status
from designs.monitoring import MetricsCollector, PerformanceMonitor
from designs.parsing import samples
from tests.designs.refusals import wrong_fields

UPLOAD = "/api/designs/upload/"


@pytest.fixture(autouse=True)
def committed(monkeypatch):
    """Run at once what waits for a commit: a test's own transaction never commits."""
    monkeypatch.setattr(uploads.transaction, "on_commit", lambda call, robust=False: call())


def step_file(name: str = "plate.step", content: bytes | None = None) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, samples.plate() if content is None else content)


def upload(client, file=None, **fields):
    return client.post(UPLOAD, {"file": file or step_file(), **fields}, format="multipart")


def test_an_upload_is_stored_and_queued(anna, client_of, queued):
    answer = upload(client_of(anna))

    assert answer.status_code == 201
    body = answer.json()
    design = Design.objects.get(pk=body["id"])
    assert body["status"] == "uploaded"
    assert body["url"] == answer["Location"] == f"http://testserver/api/designs/{design.pk}/"
    assert type(answer["Location"]) is str  # strict servers take no subclass
    assert (design.owner, design.name, design.format, design.size) == (anna, "plate", "step", len(samples.plate()))
    assert design.sha256 == hashlib.sha256(samples.plate()).hexdigest()
    assert design.file.open().read() == samples.plate()
    assert queued.read() == [
        (
            ["tasks.designs.geometry_extraction", "tasks.designs.bom_extraction"],
            [(str(design.pk),), (str(design.pk),)],
            {"designs"},
        )
    ]


@pytest.mark.parametrize("name", ["a.step", "a.STP", "a.p21"])
def test_step_extensions_are_taken(anna, client_of, queued, name):
    assert upload(client_of(anna), step_file(name)).json()["format"] == "step"


@pytest.mark.parametrize("name", ["a.igs", "a.IGES"])
def test_iges_extensions_are_taken(anna, client_of, queued, name):
    assert upload(client_of(anna), step_file(name, samples.bracket())).json()["format"] == "iges"


def test_uploads_are_counted_by_their_documented_names(anna, client_of, queued, eager):
    upload(client_of(anna))
    upload(client_of(anna), step_file("bracket.igs", samples.bracket()))
    upload(client_of(anna), step_file("plate.txt"))

    metrics = MetricsCollector.get_metrics()
    expected = {"uploads_total": 2, "uploads_step": 1, "uploads_iges": 1}
    expected["total_bytes_uploaded"] = len(samples.plate()) + len(samples.bracket())
    assert {name: metrics[name] for name in expected} == expected


def test_an_upload_is_a_tracked_operation(anna, client_of, queued, eager):
    upload(client_of(anna))

    assert PerformanceMonitor.get_operation_stats("upload")["count"] == 1


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (SimpleUploadedFile("empty.step", b""), "empty"),
        (SimpleUploadedFile("plate.txt", samples.plate()), "extension"),
        (SimpleUploadedFile("plate", samples.plate()), "extension"),
        (SimpleUploadedFile("plate.step", b"\x89PNG\r\n"), "begin like a STEP"),
        (SimpleUploadedFile("plate.igs", samples.plate()), "begin like an IGES"),
    ],
)
def test_a_bad_file_is_refused_with_the_field_named(anna, client_of, queued, file, message):
    answer = upload(client_of(anna), file)

    assert answer.status_code == 400
    assert message in answer.json()["detail"]
    assert not Design.objects.exists()


def test_a_missing_file_is_refused_with_the_field_named(anna, client_of):
    answer = client_of(anna).post(UPLOAD, {"name": "x"}, format="multipart")

    assert (answer.status_code, wrong_fields(answer)) == (400, ["file"])


def test_text_instead_of_a_file_is_refused_with_the_field_named(anna, client_of):
    answer = client_of(anna).post(UPLOAD, {"file": "text"}, format="multipart")

    assert (answer.status_code, wrong_fields(answer)) == (400, ["file"])


def test_a_file_over_the_limit_is_refused(anna, client_of, settings):
    settings.DESIGN_MAX_UPLOAD_BYTES = 1000

    answer = upload(client_of(anna))

    assert answer.status_code == 400
    assert "larger than 1000 bytes" in answer.json()["detail"]


def test_a_body_declared_far_over_the_limit_is_refused_unread(anna, client_of, settings, monkeypatch):
    settings.DESIGN_MAX_UPLOAD_BYTES = 1000
    monkeypatch.setattr("rest_framework.parsers.MultiPartParser.parse", lambda *args, **kwargs: pytest.fail("read"))

    answer = upload(client_of(anna), step_file(content=b"ISO-10303-21;" + b" " * 100_000))

    assert answer.status_code == 400
    assert "larger than 1000 bytes" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["../../etc/passwd.step", "a\x00b.step", "\udcff.step", " .step", "x" * 200 + ".step"])
def test_file_names_cannot_do_harm(anna, client_of, queued, name, own_media):
    file = step_file("plate.step")
    file._name = name

    design = uploads.take_in(file, "step", anna)

    design.refresh_from_db()
    assert design.name
    assert design.name.isprintable()
    assert own_media in Path(design.file.path).parents


def test_a_given_name_wins_over_the_files(anna, client_of, queued):
    assert upload(client_of(anna), name="My plate").json()["name"] == "My plate"


@pytest.mark.parametrize("name", ["x" * 201, "a\x00b"])
def test_a_bad_name_is_refused_with_the_field_named(anna, client_of, name):
    answer = upload(client_of(anna), name=name)

    assert (answer.status_code, wrong_fields(answer)) == (400, ["name"])


def test_uploads_to_a_series_are_numbered(anna, client_of, queued):
    series = Series.objects.create(owner=anna, name="Plates")
    client = client_of(anna)

    assert [upload(client, series=series.pk).json()["revision"] for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("pk", ["0", "-1", "x", str(2**70), "999999"])
def test_an_unknown_series_is_refused_with_the_field_named(anna, client_of, pk):
    answer = upload(client_of(anna), series=pk)

    assert (answer.status_code, wrong_fields(answer)) == (400, ["series"])


def test_a_strangers_series_looks_like_an_unknown_one(anna, ben, client_of):
    series = Series.objects.create(owner=ben, name="Ben's")

    answer = upload(client_of(anna), series=series.pk)

    assert wrong_fields(answer) == ["series"]
    assert f'Invalid pk \\"{series.pk}\\" - object does not exist.' in answer.content.decode()


def test_without_a_broker_the_upload_still_succeeds_and_is_found_later(anna, client_of, broker):
    broker("redis://127.0.0.1:1/0")

    answer = upload(client_of(anna))

    assert answer.status_code == 201
    assert Design.objects.overdue().get().pk == Design.objects.get().pk


def test_a_file_whose_row_cannot_be_written_is_not_left_behind(anna, own_media, monkeypatch):
    monkeypatch.setattr(Design, "save", lambda *args, **kwargs: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        uploads.take_in(step_file(), "step", anna)

    assert [path for path in own_media.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("path", [UPLOAD, "/api/designs/", f"/api/designs/{UUID(int=7)}/", "/api/series/"])
def test_strangers_are_refused(db, path):
    client = APIClient()

    assert (client.post if path == UPLOAD else client.get)(path).status_code in {401, 403}


def test_only_the_owner_and_staff_see_a_design(anna, ben, boss, client_of, make_design):
    design = make_design(anna)
    path = f"/api/designs/{design.pk}/"

    assert [client_of(user).get(path).status_code for user in (anna, ben, boss)] == [200, 404, 200]
    assert [client_of(user).get("/api/designs/").json()["count"] for user in (anna, ben, boss)] == [1, 0, 1]


def test_a_design_shows_what_was_read(anna, client_of, make_design):
    design = make_design(anna, geometry={"a": 1}, bom={"tree": []}, status=Status.READY)

    body = client_of(anna).get(f"/api/designs/{design.pk}/").json()

    assert (body["geometry"], body["bom"], body["status"]) == ({"a": 1}, {"tree": []}, "ready")


def test_the_list_leaves_the_large_results_out(anna, client_of, make_design):
    make_design(anna)

    [item] = client_of(anna).get("/api/designs/").json()["results"]

    assert "geometry" not in item


def test_the_list_is_filtered(anna, client_of, make_design):
    series = Series.objects.create(owner=anna, name="S")
    make_design(anna, status=Status.READY, series=series)
    make_design(anna, "bracket.igs")
    client = client_of(anna)

    def names(query):
        return [item["name"] for item in client.get(f"/api/designs/?{query}").json()["results"]]

    assert names("") == ["bracket", "plate"]
    assert names("status=ready") == names("format=step") == names(f"series={series.pk}") == ["plate"]
    assert names("status=failed") == []


def test_a_link_leads_to_the_design_however_the_list_was_filtered(anna, client_of, make_design):
    make_design(anna)
    client = client_of(anna)

    [item] = client.get("/api/designs/?format=step").json()["results"]

    assert client.get(item["url"]).json()["id"] == item["id"]


@pytest.mark.parametrize("query", ["status=lost", "format=dwg", "series=x", f"series={2**80}"])
def test_a_bad_filter_is_refused_with_the_field_named(anna, client_of, query):
    answer = client_of(anna).get(f"/api/designs/?{query}")

    assert (answer.status_code, wrong_fields(answer)) == (400, [query.split("=")[0]])


def test_the_list_is_paginated(anna, client_of, make_design):
    for _ in range(3):
        make_design(anna)

    page = client_of(anna).get("/api/designs/?limit=2").json()

    assert (page["count"], len(page["results"]), bool(page["next"])) == (3, 2, True)


@pytest.mark.parametrize("where", ["/api/designs/", "/api/series/"])
@pytest.mark.parametrize("query", ["limit=abc", "limit=0", "limit=501", "offset=-1"])
def test_a_page_that_cannot_be_is_refused(anna, client_of, where, query):
    answer = client_of(anna).get(f"{where}?{query}")

    assert (answer.status_code, wrong_fields(answer)) == (400, [query.split("=")[0]])


@pytest.mark.parametrize("number", [1, 12])
def test_the_list_takes_two_queries_however_long_it_is(anna, client_of, make_design, django_assert_num_queries, number):
    for _ in range(number):
        make_design(anna)
    client = client_of(anna)

    with django_assert_num_queries(2):
        client.get("/api/designs/")


def test_one_design_takes_one_query(anna, client_of, make_design, django_assert_num_queries):
    design = make_design(anna)
    client = client_of(anna)

    with django_assert_num_queries(1):
        client.get(f"/api/designs/{design.pk}/")


def test_series_are_begun_and_listed(anna, ben, client_of):
    answer = client_of(anna).post("/api/series/", {"name": "Plates", "part_number_prefix": "EN-"})

    assert answer.status_code == 201
    assert [item["name"] for item in client_of(anna).get("/api/series/").json()["results"]] == ["Plates"]
    assert client_of(ben).get("/api/series/").json()["count"] == 0


def test_a_second_series_of_the_same_name_is_refused_with_the_field_named(anna, ben, client_of):
    client_of(anna).post("/api/series/", {"name": "Plates"})

    answer = client_of(anna).post("/api/series/", {"name": "Plates"})

    assert (answer.status_code, wrong_fields(answer)) == (400, ["name"])
    assert client_of(ben).post("/api/series/", {"name": "Plates"}).status_code == 201


def test_the_schema_of_these_views_has_no_warnings():
    from drf_spectacular.drainage import GENERATOR_STATS
    from drf_spectacular.generators import SchemaGenerator

    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        schema = SchemaGenerator(urlconf="designs.urls").get_schema(request=None, public=True)

    assert not GENERATOR_STATS
    assert {UPLOAD, "/api/designs/", "/api/designs/{id}/", "/api/series/"} < set(schema["paths"])
