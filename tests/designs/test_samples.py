"""The sample files in the tree are those the generator makes."""

import pytest

from designs.parsing.samples import FOLDER, SAMPLES


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_up_to_date(name):
    assert (FOLDER / name).read_bytes() == SAMPLES[name]()


def test_nothing_else_lies_among_the_samples():
    assert {path.name for path in FOLDER.iterdir()} == set(SAMPLES)
