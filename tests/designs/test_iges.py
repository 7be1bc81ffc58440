"""What is read from IGES files."""

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designs.parsing import iges
from designs.parsing.errors import ParseError
from designs.parsing.samples import IgesWriter, bracket

NUMBERS = st.floats(-1e6, 1e6)
POINTS = st.tuples(NUMBERS, NUMBERS, NUMBERS)


def geometry(data: bytes):
    return iges.read_geometry(io.BytesIO(data))


def bom(data: bytes):
    return iges.read_bom(io.BytesIO(data))


def box_of(writer: IgesWriter):
    return geometry(writer.file("X"))["bounding_box"]


def test_a_drawing_is_read():
    found = geometry(bracket())

    assert found["products"] == ["Bracket EN-300", "Bolt M4"]
    assert found["units"] == {"length": {"name": "millimetre", "si_factor": 0.001}}
    assert found["entities"]["110 Line"] == 5
    assert found["originating_system"] == "Enginel samples"
    assert found["description"] == ["A sample made by Enginel"]
    assert found["bounding_box"]["max"] == [60, 55, 12]


def test_subfigures_become_a_tree_with_quantities():
    found = bom(bracket())

    [root] = found["tree"]
    assert [(child["name"], child["quantity"]) for child in root["children"]] == [("Bolt M4", 3)]


@given(st.lists(st.tuples(POINTS, POINTS), min_size=1, max_size=8))
def test_lines_are_boxed(lines):
    writer = IgesWriter()
    for start, end in lines:
        writer.add(110, *start, *end)
    box = box_of(writer)

    points = [point for line in lines for point in line]
    assert box["min"] == [min(p[i] for p in points) for i in range(3)]
    assert box["max"] == [max(p[i] for p in points) for i in range(3)]
    assert box["exact"] is True


def test_arcs_reach_as_far_as_they_bulge():
    writer = IgesWriter()
    writer.add(100, 2.0, 0.0, 0.0, 5.0, 0.0, -5.0, 0.0)

    assert box_of(writer)["min"] == pytest.approx([-5, 0, 2])
    assert box_of(writer)["max"] == pytest.approx([5, 5, 2])


def test_matrices_move_and_turn_even_when_they_come_later():
    writer = IgesWriter()
    writer.add(110, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, matrix=5)
    writer.add(100, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, matrix=5)
    writer.add(124, 0.0, -1.0, 0.0, 10.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    box = box_of(writer)

    assert box["min"] == pytest.approx([9, -1, 0])
    assert box["max"] == pytest.approx([11, 2, 0])


def test_copious_data_of_every_form_is_boxed():
    writer = IgesWriter()
    writer.add(106, 1, 2, 7.0, 0.0, 0.0, 1.0, 1.0)
    writer.add(106, 2, 1, -1.0, -2.0, -3.0)
    writer.add(106, 3, 1, 0.0, 9.0, 0.0, 100.0, 100.0, 100.0)
    box = box_of(writer)

    assert (box["min"], box["max"]) == ([-1, -2, -3], [1, 9, 7])


def test_a_spline_surface_is_boxed_by_its_control_points():
    writer = IgesWriter()
    poles = [0.0, 0.0, 0.0, 4.0, 0.0, 1.0, 0.0, 6.0, 2.0, 4.0, 6.0, 3.0]
    writer.add(128, 1, 1, 1, 1, 0, 0, 1, 0, 0, *[0.0, 0.0, 1.0, 1.0] * 2, *[1.0] * 4, *poles, 0.0, 1.0, 0.0, 1.0)
    box = box_of(writer)

    assert (box["max"], box["exact"]) == ([4, 6, 3], False)


def test_curves_in_parameter_space_are_left_out():
    writer = IgesWriter()
    writer.add(110, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0)
    in_parameters = writer.add(110, 0.0, 0.0, 0.0, 900.0, 0.0, 0.0)
    composite = writer.add(102, 1, in_parameters)
    writer.add(142, 0, 0, composite, 1, 0)
    writer.add(110, 0.0, 0.0, 0.0, 0.0, 900.0, 0.0, status=500)

    assert box_of(writer)["max"] == [1, 1, 1]


def test_inches_are_recognised():
    assert geometry(_one_line().file("X", 1, "IN"))["units"]["length"] == {"name": "inch", "si_factor": 0.0254}


def test_other_delimiters_are_respected():
    data = "\n".join(map(_with_other_delimiters, bracket().decode().splitlines()))

    assert geometry(data.encode()) == geometry(bracket())


def _with_other_delimiters(line: str) -> str:
    if line[72] == "G":
        line = line.replace("1H,,1H;,", "1H||1H!|")
    return line.replace(",", "|").replace(";", "!") if line[72] in "GP" else line


def test_text_with_delimiters_in_it_is_one_parameter():
    writer = IgesWriter()
    shank = writer.add(110, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    bolt = writer.add(308, 0, "Bolt, M4; steel", 1, shank)
    writer.add(408, bolt, 0.0, 0.0, 0.0, 1.0)

    assert bom(writer.file("X"))["parts"] == [
        {"part_number": "Bolt, M4; steel", "name": "Bolt, M4; steel", "quantity": 1}
    ]


def test_a_subfigure_that_contains_itself_is_refused():
    writer = IgesWriter()
    writer.add(308, 0, "A", 1, 3)
    writer.add(408, 1, 0.0, 0.0, 0.0, 1.0)

    with pytest.raises(ParseError, match="contains itself"):
        bom(writer.file("X"))


def test_matrices_in_a_circle_are_refused():
    writer = IgesWriter()
    writer.add(110, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, matrix=3)
    writer.add(124, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, matrix=3)

    with pytest.raises(ParseError, match="chained"):
        geometry(writer.file("X"))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (110, (1.0,)), (126, (10**9, 3, 0, 0, 0, 0)), (128, (10**6, 10**6, 1, 1)), (106, (1, 10**9)), (106, (2, -5)),
        (102, (10**7,)), (116, ("text", 0.0, 0.0)), (110, (float("nan"),) * 6), (110, (float("inf"),) * 6), (308, (0,)),
    ],
)  # fmt: skip
def test_parameters_that_do_not_fit_are_parse_errors(kind, values):
    writer = IgesWriter()
    writer.add(kind, *values)

    with pytest.raises(ParseError, match=r"Line \d+: the parameters"):
        geometry(writer.file("X"))


@pytest.mark.parametrize("section", ["S", "G", "D", "T"])
def test_every_section_is_needed(section):
    data = "\n".join(line for line in bracket().decode().splitlines() if line[72] != section)

    with pytest.raises(ParseError):
        geometry(data.encode())


@given(st.integers(0, 3300))
def test_a_file_cut_off_anywhere_is_a_parse_error(cut):
    whole = bracket()
    last = whole.rstrip().rindex(b"\n")

    with pytest.raises(ParseError):
        geometry(whole[: min(cut, last)])


def test_a_nul_byte_is_named_with_its_line():
    whole = bytearray(bracket())
    whole[81 * 3] = 0

    with pytest.raises(ParseError, match="Line 4: the file holds a NUL byte"):
        geometry(bytes(whole))


def test_the_compressed_form_is_refused_by_name():
    with pytest.raises(ParseError, match="compressed"):
        geometry(f"{'':72}C{1:>7}\n".encode() + bracket())


def test_windows_line_ends_are_no_obstacle():
    assert geometry(bracket().replace(b"\n", b"\r\n")) == geometry(bracket())


@given(st.binary(max_size=500))
def test_arbitrary_bytes_raise_nothing_but_parse_errors(data):
    with pytest.raises(ParseError):
        geometry(data)


@given(st.data())
def test_mutated_files_raise_nothing_but_parse_errors(data):
    whole = bytearray(bracket())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + 1] = data.draw(st.sampled_from([b"9", b"-", b",", b";", b"H", b"D", b" ", b"1", b"\xff"]))
    for read in (geometry, bom):
        with contextlib.suppress(ParseError):
            read(bytes(whole))


def _one_line() -> IgesWriter:
    writer = IgesWriter()
    writer.add(110, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    return writer
