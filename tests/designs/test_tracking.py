"""Errors of designs reach the error log once, with what is known of them."""

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from designs.exceptions import GeometryProcessingError, raise_geometry_error
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


class ProcessDesignView(APIView):
    """A view as the documentation shows it."""

    def post(self, request, design_id):
        try:
            return Response(self.process_geometry())
        except GeometryProcessingError as e:
            ErrorTracker.log_error(
                error=e,
                context={"design_id": design_id, "organization": request.user.organization},
                user_id=request.user.id,
                severity="ERROR",
            )
            raise

    def process_geometry(self):
        try:
            return list("abc").index("d")
        except ValueError as e:
            raise_geometry_error("Failed to parse CAD file", original_exception=e)


def test_a_view_may_add_context_as_the_documentation_shows(acme, join):
    request = APIRequestFactory().post("/process/")
    force_authenticate(request, join(acme, "ed"))

    answer = ProcessDesignView.as_view()(request, design_id="7")

    assert answer.status_code == 422
    [error] = ErrorTracker.get_recent_errors()
    assert (error["error_type"], error["severity"]) == ("GeometryProcessingError", "ERROR")
    assert error["context"]["design_id"] == "7"
    assert isinstance(error["context"]["organization"], str)
    assert "ValueError" in error["traceback"]
