"""Errors of designs reach the error log once, with what is known of them."""

import pytest

from designs.exceptions import GeometryProcessingError
from designs.models import Status
from designs.monitoring import ErrorTracker
from tasks.designs import geometry_extraction

pytestmark = pytest.mark.usefixtures("eager")


def test_a_release_that_fails_is_one_error_with_its_design_and_organization(acme, join, client_of, make_design):
    editor = join(acme, "ed")
    design = make_design(editor, status=Status.FAILED, error_message="Line 3: no")

    answer = client_of(editor).post(f"/api/designs/{design.pk}/finalize/")

    [error] = ErrorTracker.get_recent_errors()
    assert error["error_type"] == "GeometryProcessingError"
    assert error["request_path"] == f"/api/designs/{design.pk}/finalize/"
    assert str(error["user_id"]) == str(editor.pk)
    assert error["context"]["design_id"] == str(design.pk)
    assert error["context"]["organization"] == "Acme"
    assert answer.json()["error"]["error_id"] == error["error_id"]


def test_a_file_that_cannot_be_read_is_an_error_that_knows_what_it_comes_from(acme, join, make_design):
    design = make_design(join(acme, "ed"), "broken.step")

    with pytest.raises(GeometryProcessingError):
        geometry_extraction(str(design.pk))

    [error] = ErrorTracker.get_recent_errors()
    assert error["context"]["step"] == "geometry_extraction"
    assert error["context"]["organization"] == "Acme"
    assert "ParseError" in error["traceback"]
