"""Lengths in other units: there and back, without surprises, and whatever is typed as a unit."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designs.exceptions import UnitConversionError
from designs.models import Design
from designs.units import convert, length_unit
from tasks.designs import bom_extraction, geometry_extraction

UNITS = [
    "mm",
    "cm",
    "m",
    "km",
    "inch",
    "ft",
    "thou",
    "um",
    "micrometre",
    "yard",
    "angstrom",
    "nautical_mile",
    "light_year",
]
LENGTHS = st.lists(st.floats(-1e12, 1e12), max_size=6)


@given(LENGTHS, st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_there_and_back_is_the_same(lengths, here, there):
    one, other = length_unit(here)[1], length_unit(there)[1]

    assert convert(convert(lengths, one, other), other, one) == pytest.approx(lengths, rel=1e-12, abs=1e-300)


@given(LENGTHS, st.sampled_from(UNITS))
def test_what_is_in_the_unit_already_stays_exactly_as_it_is(lengths, unit):
    metres = length_unit(unit)[1]

    assert convert(lengths, metres, metres) == lengths


@given(st.floats(0, 1e9), st.floats(0, 1e9), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_the_longer_stays_the_longer(first, second, here, there):
    low, high = sorted((first, second))

    one, other = convert([low, high], length_unit(here)[1], length_unit(there)[1])

    assert one <= other


@pytest.mark.parametrize(
    ("unit", "name", "metres"),
    [
        ("mm", "millimeter", 0.001),
        ("inch", "inch", 0.0254),
        ("in", "inch", 0.0254),
        ("ft", "foot", 0.3048),
        ("\u00b5m", "micrometer", 1e-6),
        ("\u03bcm", "micrometer", 1e-6),
        ("millimetre", "millimeter", 0.001),
    ],
)
def test_units_go_by_their_usual_names(unit, name, metres):
    assert length_unit(unit) == (name, pytest.approx(metres, rel=1e-15))


@pytest.mark.parametrize(
    "unit",
    ["", " ", "kg", "degC", "mm*mm", "9**9**9**9", "1/0", "__class__", "import os", "mm\0", "x" * 10_000, "None", "e",
     "pi", "lambda", "\U0001d7d8", "nan", "inf", "dimensionless", "delta_degC", "_", "____", "mm mm", "%", "if", "and"],
)  # fmt: skip
def test_what_is_no_length_is_refused(unit):
    with pytest.raises(UnitConversionError):
        length_unit(unit)


@given(st.text(max_size=50))
def test_whatever_is_typed_is_a_length_or_refused(text):
    try:
        _, metres = length_unit(text)
    except UnitConversionError:
        return
    assert metres > 0
    assert math.isfinite(metres)


@pytest.mark.parametrize("lengths", [[1e308], [-1e308, 1.0], [math.inf], [math.nan]])
def test_what_is_too_large_to_tell_is_refused(lengths):
    with pytest.raises(UnitConversionError):
        convert(lengths, 1e3, 1e-9)


@pytest.fixture
def gearbox(anna, make_design) -> Design:
    design = make_design(anna, "gearbox.step")
    geometry_extraction(str(design.pk))
    bom_extraction(str(design.pk))
    return design


@pytest.mark.parametrize(
    ("query", "unit", "size"),
    [
        ({}, "inch", [8.0, 4.0, 3.65]),
        ({"unit": ""}, "inch", [8.0, 4.0, 3.65]),
        ({"unit": "inch"}, "inch", [8.0, 4.0, 3.65]),
        ({"unit": "mm"}, "millimeter", [203.2, 101.6, 92.71]),
        ({"unit": "m"}, "meter", [0.2032, 0.1016, 0.09271]),
    ],
)
def test_a_bill_of_materials_tells_the_size_in_any_unit(anna, client_of, gearbox, query, unit, size):
    found = client_of(anna).get(f"/api/designs/{gearbox.pk}/bom/", query).json()

    assert found["dimensions"] == {"unit": unit, "size": pytest.approx(size)}
    assert found["tree"][0]["part_number"] == "EN-200"
    assert {part["name"]: part["quantity"] for part in found["parts"]}["Housing"] == 2
    assert (found["design"], found["truncated"]) == (str(gearbox.pk), False)


def test_a_geometry_tells_the_whole_box_in_any_unit(anna, client_of, gearbox):
    client = client_of(anna)

    inches, millimetres = (client.get(f"/api/designs/{gearbox.pk}/geometry/?unit={u}").json() for u in ("inch", "mm"))

    for side in ("min", "max", "size"):
        assert millimetres["bounding_box"][side] == pytest.approx([25.4 * at for at in inches["bounding_box"][side]])
    assert millimetres["bounding_box"]["exact"] is True
    assert millimetres["entities"] == inches["entities"]


def test_a_unit_of_its_own_making_is_converted_by_what_it_is(anna, client_of, gearbox):
    Design.objects.update(
        geometry={**Design.objects.get().geometry, "units": {"length": {"name": "cubit", "si_factor": 0.4572}}}
    )

    found = client_of(anna).get(f"/api/designs/{gearbox.pk}/bom/?unit=m").json()

    assert found["dimensions"]["size"][0] == pytest.approx(8 * 0.4572)


@pytest.mark.parametrize(
    ("units", "shown"),
    [
        ({"length": {"name": "inch", "si_factor": 0.0254}, "mixed": True}, None),
        ({}, None),
        ({"length": {"name": "nothing", "si_factor": 0}}, "nothing"),
        ({"length": {"name": "less", "si_factor": -1.0}}, "less"),
        ({"length": {"name": "unknown", "si_factor": None}}, "unknown"),
    ],
)
def test_lengths_of_unknown_or_several_units_are_not_converted(anna, client_of, gearbox, units, shown):
    Design.objects.update(geometry={**Design.objects.get().geometry, "units": units})
    client = client_of(anna)

    assert client.get(f"/api/designs/{gearbox.pk}/bom/").json()["dimensions"]["unit"] == shown
    assert client.get(f"/api/designs/{gearbox.pk}/bom/?unit=mm").status_code == 422


def test_without_a_box_there_is_no_size(anna, client_of, gearbox):
    Design.objects.update(geometry={**Design.objects.get().geometry, "bounding_box": None})

    client = client_of(anna)
    assert client.get(f"/api/designs/{gearbox.pk}/bom/?unit=mm").json()["dimensions"] is None
    assert client.get(f"/api/designs/{gearbox.pk}/bom/?unit=kg").status_code == 422
