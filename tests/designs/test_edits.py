"""What somebody else does between looking at a design and changing it."""

import pytest
from django.db import IntegrityError
from rest_framework.exceptions import NotFound, ValidationError

from designs import edits, part_numbers, release
from designs.exceptions import InsufficientPermissions
from designs.models import Design, Role, Status


@pytest.fixture
def editor(acme, join):
    return join(acme, "ed")


@pytest.fixture
def seen(editor, make_design) -> Design:
    """A design as the editor saw it a moment ago."""
    return make_design(editor, status=Status.READY)


def test_what_was_finalized_meanwhile_is_not_changed(editor, seen):
    Design(pk=seen.pk).finalize(editor.pk)

    with pytest.raises(ValidationError):
        edits.edit(seen, editor, {"name": "new"})

    assert Design.objects.get().name == "plate"


def test_what_was_deleted_meanwhile_is_not_there(editor, seen):
    Design.objects.all().delete()

    with pytest.raises(NotFound):
        edits.edit(seen, editor, {"name": "new"})
    edits.delete(seen, editor)


def test_what_is_deleted_while_it_is_released_is_not_there(editor, seen):
    Design.objects.all().delete()

    with pytest.raises(NotFound):
        release.finalize(seen, editor)


def test_an_editor_does_not_delete_what_was_finalized_meanwhile(editor, seen):
    Design(pk=seen.pk).finalize(editor.pk)

    with pytest.raises(InsufficientPermissions):
        edits.delete(seen, editor)

    assert Design.objects.exists()
    assert seen.file.storage.exists(seen.file.name)


def test_an_admin_deletes_it_all_the_same(acme, editor, seen):
    Design(pk=seen.pk).finalize(editor.pk)
    acme.memberships.filter(user=editor).update(role=Role.ADMIN)

    edits.delete(seen, editor)

    assert not Design.objects.exists()
    assert not seen.file.storage.exists(seen.file.name)


def test_changing_nothing_changes_nothing(editor, seen, client_of):
    before = Design.objects.values().get()

    assert client_of(editor).patch(f"/api/designs/{seen.pk}/", {}).status_code == 200
    assert Design.objects.values().get() == before


def test_a_row_that_is_refused_for_something_else_is_not_said_to_have_a_taken_number(editor, seen):
    with pytest.raises(IntegrityError), part_numbers.once("A-1"):
        seen.save(force_insert=True)
