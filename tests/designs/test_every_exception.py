"""Each of the eighteen exceptions is raised by a real cause, through the real API or a real task."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.uploadedfile import SimpleUploadedFile

from designs import exceptions
from designs.models import Design, Role
from designs.parsing import samples
from tasks.designs import bom_extraction, geometry_extraction

UPLOAD = "/api/designs/upload/"


@pytest.fixture
def refused(raised):
    """Check how a request is answered, and return what was raised for it."""

    def check(answer, kind: type[exceptions.EnginelBaseException]) -> exceptions.EnginelBaseException:
        [error] = raised
        assert type(error) is kind, error
        assert answer.status_code == kind.status_code
        assert answer.json()["detail"] == str(error.detail)
        return error

    return check


def upload(client, name="plate.step", content=None, **fields):
    file = SimpleUploadedFile(name, samples.plate() if content is None else content)
    return client.post(UPLOAD, {"file": file, **fields}, format="multipart")


def read(design: Design) -> Design:
    geometry_extraction(str(design.pk))
    bom_extraction(str(design.pk))
    return Design.objects.get(pk=design.pk)


def test_enginel_base_exception_when_the_stored_file_was_changed(anna, client_of, make_design, refused):
    design = read(make_design(anna))
    with design.file.storage.open(design.file.name, "wb") as file:
        file.write(b"something else")

    error = refused(
        client_of(anna).post(f"/api/designs/{design.pk}/finalize/"),
        exceptions.EnginelBaseException,
    )

    assert error.details == {"design": str(design.pk)}
    assert Design.objects.get().finalized is None


@pytest.mark.parametrize("damage", [{"bom": []}, {"bom": {"tree": 1, "parts": []}}, {"geometry": {"units": None}}])
def test_enginel_base_exception_when_a_stored_result_is_damaged(anna, client_of, make_design, refused, damage):
    design = read(make_design(anna))
    Design.objects.update(**damage)

    refused(client_of(anna).get(f"/api/designs/{design.pk}/bom/"), exceptions.EnginelBaseException)


@pytest.mark.parametrize("what", ["bom", "geometry", "finalize"])
def test_geometry_processing_error_when_a_file_breaks_off(anna, client_of, make_design, refused, what):
    design = make_design(anna, "broken.step")
    with pytest.raises(exceptions.GeometryProcessingError, match="Failed to parse STEP file: Line 210"):
        geometry_extraction(str(design.pk))
    client = client_of(anna)

    error = refused(
        (client.post if what == "finalize" else client.get)(f"/api/designs/{design.pk}/{what}/"),
        exceptions.GeometryProcessingError,
    )

    assert str(error) == "Failed to parse STEP file: Line 210: the file ends in the middle"
    assert error.details["reason"] == "Line 210: the file ends in the middle"


def test_file_validation_error_when_a_file_is_empty(anna, client_of, refused):
    error = refused(upload(client_of(anna), content=b""), exceptions.FileValidationError)

    assert error.details == {"field": "file"}


@pytest.mark.parametrize(
    ("name", "content"),
    [("plate.dwg", samples.plate()), ("plate.step", b"\x89PNG\r\n"), ("plate.igs", samples.plate())],
)
def test_invalid_file_format_when_a_file_is_of_another_kind(anna, client_of, refused, name, content):
    assert refused(upload(client_of(anna), name, content), exceptions.InvalidFileFormat).details["field"] == "file"


def test_file_size_exceeded_when_a_file_is_too_large(anna, client_of, refused, settings):
    settings.DESIGN_MAX_UPLOAD_BYTES = 1_000

    error = refused(upload(client_of(anna)), exceptions.FileSizeExceeded)

    assert error.details == {"field": "file", "size": len(samples.plate()), "limit": 1_000}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plate.step", b"ISO-10303-21;\nHEADER;\nFILE_NAME('a'"),
        ("plate.step", b"ISO-10303-21;\nDATA;\n#1=A();\nENDSEC;\nEND-ISO-10303-21;"),
        ("plate.step", b"ISO-10303-21;\nHEADER;\0" + b"x" * 5_000),
        ("bracket.igs", samples.bracket().splitlines(keepends=True)[0]),
    ],
)
def test_corrupted_file_when_a_file_is_broken_before_its_data(anna, client_of, refused, name, content):
    error = refused(upload(client_of(anna), name, content), exceptions.CorruptedFile)

    assert error.__cause__ is not None
    assert not Design.objects.exists()


def test_organization_limit_exceeded_when_there_are_as_many_designs_as_may_be(
    acme, join, client_of, make_design, refused
):
    editor = join(acme, "ed")
    make_design(editor)
    acme.max_designs = 1
    acme.save()

    error = refused(upload(client_of(editor)), exceptions.OrganizationLimitExceeded)

    assert error.details == {"resource": "designs", "count": 1, "limit": 1}


def test_organization_limit_exceeded_when_there_are_as_many_series_as_may_be(acme, join, client_of, refused):
    acme.max_series = 0
    acme.save()

    answer = client_of(join(acme, "ed")).post("/api/series/", {"name": "S"})

    assert refused(answer, exceptions.OrganizationLimitExceeded).details["resource"] == "series"


def test_insufficient_permissions_when_a_viewer_uploads(acme, join, client_of, refused):
    error = refused(upload(client_of(join(acme, "vi", Role.VIEWER))), exceptions.InsufficientPermissions)

    assert error.details == {"required_role": "EDITOR", "current_role": "VIEWER"}


def test_itar_violation_when_somebody_who_is_no_us_person_opens_an_itar_design(
    acme, join, client_of, make_design, refused
):
    design = make_design(join(acme, "us", us_person=True), about={"itar": True})

    error = refused(client_of(join(acme, "ed")).get(f"/api/designs/{design.pk}/"), exceptions.ITARViolation)

    assert design.name not in str(error)


def test_clearance_level_insufficient_when_a_design_is_more_secret(acme, join, client_of, make_design, refused):
    design = make_design(join(acme, "spy", clearance=3), about={"clearance": 2})

    answer = client_of(join(acme, "ed", clearance=1)).get(f"/api/designs/{design.pk}/bom/")

    error = refused(answer, exceptions.ClearanceLevelInsufficient)
    assert error.details == {"required": "secret", "current": "confidential"}


@pytest.mark.parametrize("unit", ["kg", "parsnip", "9**9**9", "m/s", "degC"])
def test_unit_conversion_error_when_there_is_no_such_length(anna, client_of, make_design, refused, unit):
    design = read(make_design(anna))

    answer = client_of(anna).get(f"/api/designs/{design.pk}/bom/", {"unit": unit})

    refused(answer, exceptions.UnitConversionError)


def test_unit_conversion_error_when_the_file_does_not_say_in_what_it_measures(anna, client_of, make_design, refused):
    unit_less = samples.plate().replace(b"SI_UNIT(.MILLI.,.METRE.)", b"SI_UNIT(.NONSENSE.,.METRE.)")
    design = read(make_design(anna, content=unit_less))
    client = client_of(anna)
    assert client.get(f"/api/designs/{design.pk}/geometry/").status_code == 200

    refused(client.get(f"/api/designs/{design.pk}/geometry/?unit=mm"), exceptions.UnitConversionError)


def test_bom_extraction_error_when_the_file_is_lost_half_way(anna, client_of, make_design, refused):
    design = make_design(anna)
    geometry_extraction(str(design.pk))
    design.file.storage.delete(design.file.name)
    with pytest.raises(exceptions.BOMExtractionError) as in_task:
        bom_extraction(str(design.pk))
    assert isinstance(in_task.value.__cause__, FileNotFoundError)

    refused(client_of(anna).get(f"/api/designs/{design.pk}/bom/"), exceptions.BOMExtractionError)


def test_storage_quota_exceeded_when_a_file_takes_more_than_is_left(acme, join, client_of, make_design, refused):
    size = len(samples.plate())
    acme.storage_quota = 2 * size - 1
    acme.save()
    editor = join(acme, "ed")
    make_design(editor)

    error = refused(upload(client_of(editor)), exceptions.StorageQuotaExceeded)

    assert error.details == {"size": size, "used": size, "quota": 2 * size - 1}


def test_user_limit_exceeded_when_one_more_is_invited(acme, join, client_of, refused):
    acme.max_users = 2
    acme.save()
    client = client_of(join(acme, "ad", Role.ADMIN))
    invitations = f"/api/organizations/{acme.pk}/invitations/"
    assert client.post(invitations, {"username": "one"}).status_code == 201

    error = refused(client.post(invitations, {"username": "two"}), exceptions.UserLimitExceeded)

    assert error.details == {"users": 2, "limit": 2}


@pytest.mark.parametrize("what", ["bom", "geometry", "finalize"])
def test_design_not_ready_while_it_is_being_read(anna, client_of, make_design, refused, what):
    design, client = make_design(anna), client_of(anna)

    error = refused(
        (client.post if what == "finalize" else client.get)(f"/api/designs/{design.pk}/{what}/"),
        exceptions.DesignNotReady,
    )

    assert error.details == {"design": str(design.pk), "status": "uploaded"}


def test_duplicate_part_number_when_another_design_has_it(anna, client_of, make_design, refused):
    make_design(anna, about={"part_number": "GB-1"})

    error = refused(upload(client_of(anna), part_number=" gb-1 "), exceptions.DuplicatePartNumber)

    assert error.details == {"field": "part_number", "part_number": "GB-1"}
    assert Design.objects.count() == 1


def test_task_timeout_error_when_reading_took_too_long(anna, client_of, make_design, refused):
    design = make_design(anna)
    path = Path(design.file.path)
    path.unlink()
    os.mkfifo(path)  # nobody writes to it: reading waits for ever

    with soft_limit(), pytest.raises(exceptions.TaskTimeoutError):
        geometry_extraction(str(design.pk))

    error = refused(client_of(anna).get(f"/api/designs/{design.pk}/bom/"), exceptions.TaskTimeoutError)
    assert str(error) == "Reading the geometry took longer than 240 seconds."


@contextmanager
def soft_limit() -> Iterator[None]:
    """Interrupt a task as a worker does: a signal comes, and its handler raises."""

    def interrupt(*args):
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_external_service_error_when_the_storage_is_away(anna, client_of, refused, own_media):
    own_media.write_text("a file where the folder should be")

    error = refused(upload(client_of(anna)), exceptions.ExternalServiceError)

    assert error.details == {"service": "storage"}
    assert isinstance(error.__cause__, OSError)
    assert not Design.objects.exists()


def test_external_service_error_when_the_storage_goes_away_before_a_release(
    anna, client_of, make_design, refused, own_media
):
    design = read(make_design(anna))
    own_media.rename(own_media.with_name("elsewhere"))
    own_media.write_text("")

    refused(client_of(anna).post(f"/api/designs/{design.pk}/finalize/"), exceptions.ExternalServiceError)
    assert Design.objects.get().finalized is None
