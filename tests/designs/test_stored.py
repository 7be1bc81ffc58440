"""Files come with their rows, and go with them."""

import os
import time
from pathlib import Path
from uuid import uuid4

import pytest

from designs import stored
from designs.exceptions import ExternalServiceError
from designs.models import Design
from tasks.designs import remove_orphans


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def make_old(path: Path) -> None:
    long_ago = time.time() - 2 * stored.ORPHAN_AGE.total_seconds()
    os.utime(path, (long_ago, long_ago))


def test_a_deleted_design_gives_back_its_storage_and_its_file(anna, client_of, make_design, own_media):
    design = make_design(anna)
    assert anna.organization.storage_used() == design.size

    assert client_of(anna).delete(f"/api/designs/{design.pk}/").status_code == 204

    assert anna.organization.storage_used() == 0
    assert files(own_media) == []
    assert client_of(anna).delete(f"/api/designs/{design.pk}/").status_code == 404


def test_a_design_is_deleted_while_the_storage_is_away(anna, client_of, make_design, own_media):
    design = make_design(anna)
    elsewhere = own_media.rename(own_media.with_name("elsewhere"))
    own_media.write_text("")

    assert client_of(anna).delete(f"/api/designs/{design.pk}/").status_code == 204

    own_media.unlink()
    elsewhere.rename(own_media)
    [left] = files(own_media)
    make_old(left)
    assert remove_orphans() == 1


def test_files_without_a_design_are_removed_once_they_are_old(anna, make_design, own_media):
    kept, gone, young = make_design(anna), make_design(anna), make_design(anna)
    for design in (kept, gone):
        make_old(Path(design.file.path))
    Design.objects.exclude(pk=kept.pk).delete()

    assert remove_orphans() == 1
    assert remove_orphans() == 0

    assert files(own_media) == sorted([Path(kept.file.path), Path(young.file.path)])


def test_files_that_are_not_ours_stay(db, own_media):
    folder = own_media / "designs" / "ab"
    folder.mkdir(parents=True)
    for name in ("README", f"{uuid4().hex}.step", f"{str(uuid4()).upper()}.step", f"{{{uuid4()}}}.step"):
        (folder / name).write_text("")
        make_old(folder / name)

    assert remove_orphans() == 0
    assert len(files(own_media)) == 4


def test_without_any_upload_there_are_no_orphans(db, own_media):
    assert remove_orphans() == 0


def test_a_storage_that_is_away_is_said_to_be(db, own_media):
    own_media.write_text("")

    with pytest.raises(ExternalServiceError):
        remove_orphans()


def test_a_file_that_is_gone_when_it_is_looked_at_is_no_trouble(anna, make_design, own_media):
    design = make_design(anna)
    path = Path(design.file.path)
    path.with_name(f"{uuid4()}.step").symlink_to("nowhere")  # what a listing shows, and then is not there

    assert remove_orphans() == 0
    assert path.exists()
