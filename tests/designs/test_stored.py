"""Files come with their rows, and go with them."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from designs import stored, uploads
from designs.exceptions import ExternalServiceError
from designs.models import Design, Organization, Orphan
from designs.parsing import samples
from tasks.designs import remove_orphans


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def grow_old() -> None:
    Orphan.objects.update(since=timezone.now() - 2 * stored.ORPHAN_AGE)


def test_a_deleted_design_gives_back_its_storage_and_its_file(anna, client_of, make_design, own_media):
    design = make_design(anna)
    assert anna.organization.storage_used() == design.size

    assert client_of(anna).delete(f"/api/designs/{design.pk}/").status_code == 204

    assert anna.organization.storage_used() == 0
    assert files(own_media) == []
    assert not Orphan.objects.exists()
    assert client_of(anna).delete(f"/api/designs/{design.pk}/").status_code == 404


def test_a_design_is_deleted_while_the_storage_is_away(anna, client_of, make_design, own_media):
    design = make_design(anna)
    elsewhere = own_media.rename(own_media.with_name("elsewhere"))
    own_media.write_text("")

    assert client_of(anna).delete(f"/api/designs/{design.pk}/").status_code == 204
    grow_old()
    with pytest.raises(ExternalServiceError):
        remove_orphans()
    assert Orphan.objects.count() == 1

    own_media.unlink()
    elsewhere.rename(own_media)
    assert remove_orphans() == 1
    assert files(own_media) == []


@pytest.mark.parametrize("way", ["rows", "organization", "user"])
def test_whatever_deletes_a_design_its_file_goes_too_after_a_while(anna, ben, make_design, own_media, way):
    gone, kept = make_design(anna), make_design(ben)
    {"rows": Design.objects.filter(pk=gone.pk), "organization": anna.organization, "user": anna}[way].delete()

    assert remove_orphans() == 0
    grow_old()
    assert remove_orphans() == 1
    assert remove_orphans() == 0

    assert files(own_media) == [Path(kept.file.path)]


def test_an_upload_that_succeeds_leaves_no_orphan(anna, make_design):
    make_design(anna)

    assert not Orphan.objects.exists()


def test_a_file_that_the_storage_took_half_of_is_removed(anna, own_media, monkeypatch):
    def break_off(*args):
        raise OSError("no space left")

    file = SimpleUploadedFile("a.step", samples.plate())
    monkeypatch.setattr(uploads, "_digest", lambda file: setattr(file, "chunks", break_off) or "0" * 64)
    with pytest.raises(ExternalServiceError):
        uploads.take_in(file, "step", anna)

    grow_old()
    assert remove_orphans() == 1
    assert files(own_media) == []


def test_files_that_the_database_does_not_know_stay(anna, make_design, own_media):
    """A database that was restored, or is another one's, must not cost anybody's files."""
    make_design(anna)
    Design.objects.all()._raw_delete("default")
    grow_old()

    assert remove_orphans() == 0
    assert len(files(own_media)) == 1


def test_an_upload_that_took_too_long_does_not_end_without_its_file(anna, own_media, monkeypatch):
    save = stored.save

    def save_slowly(*args):
        save(*args)
        grow_old()
        remove_orphans()

    monkeypatch.setattr(stored, "save", save_slowly)
    with pytest.raises(ExternalServiceError):
        uploads.take_in(SimpleUploadedFile("a.step", samples.plate()), "step", anna)

    assert not Design.objects.exists()
    assert files(own_media) == []


def test_a_design_without_a_file_leaves_none(anna):
    Design.objects.create(owner=anna, name="x", format="step", size=1, sha256="0" * 64).delete()

    assert not Orphan.objects.exists()


def test_an_orphan_that_is_young_may_be_an_upload_that_goes_on(db, own_media):
    young = timezone.now() - stored.ORPHAN_AGE + timedelta(minutes=5)
    Orphan.objects.create(path="designs/ab/x.step", since=young)

    assert remove_orphans() == 0
    assert Organization.objects.count() == 0
