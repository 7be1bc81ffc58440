"""What is read from STEP files."""

import contextlib
import io
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from designs.parsing import shape, step
from designs.parsing.errors import ParseError
from designs.parsing.samples import Group, Part, StepWriter, broken, gearbox, plate

HEAD = b"ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('TEST'));\nENDSEC;\nDATA;\n"
TAIL = b"\nENDSEC;\nEND-ISO-10303-21;\n"
SIZES = st.tuples(*[st.floats(0.5, 500)] * 3)
PLACES = st.tuples(*[st.floats(-1e4, 1e4)] * 3)


def geometry(data: bytes):
    return step.read_geometry(io.BytesIO(data))


def bom(data: bytes):
    return step.read_bom(io.BytesIO(data))


def file_of(*lines: str) -> bytes:
    return HEAD + "\n".join(lines).encode() + TAIL


def products(*usages: tuple[int, int], count: int) -> bytes:
    """A bare product structure: products 1..count, and who uses whom."""
    lines = []
    for n in range(1, count + 1):
        lines += [
            f"#{n * 10}=PRODUCT('P{n}','Part {n}','',());",
            f"#{n * 10 + 1}=PRODUCT_DEFINITION_FORMATION('','',#{n * 10});",
            f"#{n * 10 + 2}=PRODUCT_DEFINITION('design','',#{n * 10 + 1},$);",
        ]
    for i, (whole, part) in enumerate(usages):
        lines.append(f"#{10**6 + i}=NEXT_ASSEMBLY_USAGE_OCCURRENCE('{i}','','',#{whole * 10 + 2},#{part * 10 + 2},$);")
    return file_of(*lines)


def block(representation: str = "", *, unit: str = "MILLI") -> bytes:
    writer = StepWriter(unit)
    writer.product(Part("P", representation or "Block", (3.0, 4.0, 5.0)))
    return writer.file("block.step")


def test_a_single_part_is_read():
    found = geometry(plate())

    assert found["schema"] == ["AUTOMOTIVE_DESIGN { 1 0 10303 214 3 1 1 }"]
    assert found["originating_system"] == "Enginel samples"
    assert found["units"]["length"] == {"name": "millimetre", "si_factor": 0.001}
    assert found["products"] == ["Base plate"]
    assert found["entities"]["ADVANCED_FACE"] == 7
    assert found["entities"]["SI_UNIT"] == 3
    assert found["bounding_box"] == {
        "min": [0, 0, 0], "max": [120, 80, 10], "size": [120, 80, 10], "exact": True,
        "basis": "vertices, arcs and control points",
    }  # fmt: skip


def test_an_assembly_is_read_with_quantities():
    found = bom(gearbox())

    assert [(part["name"], part["quantity"]) for part in found["parts"]] == [
        ("Gearbox plate", 1), ("Housing", 2), ("Ring 6201 \u00d832", 4), ("Spacer, customer's own", 4),
    ]  # fmt: skip
    [root] = found["tree"]
    assert root["part_number"] == "EN-200"
    [unit] = [child for child in root["children"] if child["part_number"] == "EN-210"]
    assert unit["quantity"] == 2
    assert [(child["name"], child["quantity"]) for child in unit["children"]] == [
        ("Housing", 1),
        ("Ring 6201 \u00d832", 2),
    ]
    assert found["truncated"] is False


def test_an_assembly_is_boxed_where_its_parts_are_placed():
    found = geometry(gearbox())

    assert found["units"]["length"] == {"name": "inch", "si_factor": 0.0254}
    assert found["bounding_box"]["min"] == [0, 0, -0.75]
    assert found["bounding_box"]["max"] == pytest.approx([8, 4, 2.9])
    assert found["bounding_box"]["exact"] is True


@given(SIZES, st.lists(PLACES, min_size=1, max_size=4), PLACES)
def test_nested_placements_add_up(size, places, group_at):
    part = Part("P", "Part", size)
    writer = StepWriter()
    writer.product(Group("A", "A", [(Group("B", "B", [(part, place) for place in places]), group_at)]))

    box = geometry(writer.file("x.step"))["bounding_box"]

    for axis in range(3):
        low = min(place[axis] for place in places) + group_at[axis]
        assert box["min"][axis] == pytest.approx(low, abs=1e-6)
        assert box["max"][axis] == pytest.approx(max(p[axis] for p in places) + group_at[axis] + size[axis], abs=1e-6)


def test_a_placement_turned_by_right_angles_stays_exact():
    writer = StepWriter()
    writer.product(Group("A", "A", [(Part("P", "Part", (1.0, 2.0, 3.0)), (10.0, 0.0, 0.0))]))
    data = writer.file("x.step")
    # The component's x axis is laid along y.
    at = data.rindex(b"DIRECTION('',(1.0,0.0,0.0))")
    turned = data[:at] + b"DIRECTION('',(0.0,1.0,0.0))" + data[at + 27 :]

    box = geometry(turned)["bounding_box"]

    assert box["min"] == pytest.approx([8, 0, 0])
    assert box["max"] == pytest.approx([10, 1, 3])
    assert box["exact"] is True


def test_a_placement_turned_askew_gives_an_outer_bound_and_says_so():
    writer = StepWriter()
    writer.product(Group("A", "A", [(Part("P", "Part", (1.0, 1.0, 1.0)), (0.0, 0.0, 0.0))]))
    data = writer.file("x.step")
    at = data.rindex(b"DIRECTION('',(1.0,0.0,0.0))")
    box = geometry(data[:at] + b"DIRECTION('',(1.0,1.0,0.0))" + data[at + 27 :])["bounding_box"]

    assert box["exact"] is False
    assert box["size"][:2] == pytest.approx([math.sqrt(2)] * 2)


def test_the_order_of_the_two_sides_of_a_placement_does_not_matter():
    swapped = re.sub(
        rb"(REPRESENTATION_RELATIONSHIP|ITEM_DEFINED_TRANSFORMATION)\('','',(#\d+),(#\d+)\)",
        rb"\1('','',\3,\2)",
        gearbox(),
    )

    assert swapped != gearbox()
    assert geometry(swapped)["bounding_box"] == geometry(gearbox())["bounding_box"]


def test_without_placements_an_assembly_is_boxed_unmoved_and_inexact():
    data = b"\n".join(line for line in gearbox().split(b"\n") if b"CONTEXT_DEPENDENT" not in line)

    box = geometry(data)["bounding_box"]

    assert box["exact"] is False
    assert box["max"] == [8, 4, 1.5]


def test_free_form_surfaces_make_the_box_inexact():
    data = plate().replace(b"CYLINDRICAL_SURFACE", b"TOROIDAL_SURFACE")

    assert geometry(data)["bounding_box"]["exact"] is False


def test_half_circles_reach_as_far_as_they_bulge():
    lines = [
        "#1=CARTESIAN_POINT('',(0.,0.,0.));", "#2=AXIS2_PLACEMENT_3D('',#1,$,$);", "#3=CIRCLE('',#2,5.);",
        "#4=CARTESIAN_POINT('',(5.,0.,0.));", "#5=VERTEX_POINT('',#4);",
        "#6=CARTESIAN_POINT('',(-5.,0.,0.));", "#7=VERTEX_POINT('',#6);",
        "#8=EDGE_CURVE('',#5,#7,#3,.{sense}.);", "#9=EDGE_LOOP('',(#8));",
        "#10=SHAPE_REPRESENTATION('',(#9),$);", "#11=PRODUCT('P','P','',());",
        "#12=PRODUCT_DEFINITION_FORMATION('','',#11);", "#13=PRODUCT_DEFINITION('','',#12,$);",
        "#14=PRODUCT_DEFINITION_SHAPE('','',#13);", "#15=SHAPE_DEFINITION_REPRESENTATION(#14,#10);",
    ]  # fmt: skip
    upper = geometry(file_of(*lines).replace(b"{sense}", b"T"))["bounding_box"]
    lower = geometry(file_of(*lines).replace(b"{sense}", b"F"))["bounding_box"]

    assert (upper["min"], upper["max"]) == (pytest.approx([-5, 0, 0]), pytest.approx([5, 5, 0]))
    assert (lower["min"], lower["max"]) == (pytest.approx([-5, -5, 0]), pytest.approx([5, 0, 0]))


def test_a_file_without_products_is_boxed_around_all_its_points():
    box = geometry(file_of("#1=CARTESIAN_POINT('',(1.,2.,3.));", "#2=CARTESIAN_POINT('',(-1.,0.,0.));"))["bounding_box"]

    assert (box["min"], box["max"], box["exact"]) == ([-1, 0, 0], [1, 2, 3], False)
    assert box["basis"] == "all points of the file"


def test_a_file_without_points_has_no_box():
    assert geometry(products(count=1))["bounding_box"] is None


def test_references_inside_strings_are_text():
    data = plate().replace(b"ADVANCED_FACE('',", b"ADVANCED_FACE('Face#1 #99999',")

    assert geometry(data)["bounding_box"] == geometry(plate())["bounding_box"]


def test_contexts_in_different_units_are_reported():
    other = (
        b"#900=(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT($,.METRE.));\n"
        b"#901=(GLOBAL_UNIT_ASSIGNED_CONTEXT((#900))REPRESENTATION_CONTEXT('',''));\n"
    )
    found = geometry(block().replace(b"ENDSEC;\nEND", other + b"ENDSEC;\nEND"))

    assert found["units"]["mixed"] is True
    assert found["bounding_box"]["exact"] is False


def test_units_converted_in_a_circle_have_no_factor():
    data = file_of(
        "#1=(CONVERSION_BASED_UNIT('ODD',#2)LENGTH_UNIT()NAMED_UNIT($));",
        "#2=LENGTH_MEASURE_WITH_UNIT(LENGTH_MEASURE(2.),#1);",
        "#3=(GLOBAL_UNIT_ASSIGNED_CONTEXT((#1))REPRESENTATION_CONTEXT('',''));",
    )

    assert geometry(data)["units"]["length"] == {"name": "odd", "si_factor": None}


def test_an_assembly_that_contains_itself_is_refused():
    with pytest.raises(ParseError, match="contains itself: Part"):
        bom(products((1, 2), (2, 3), (3, 1), count=3))


def test_a_small_file_that_describes_an_enormous_tree_is_cut_short_but_counted_in_full():
    # Each level uses both products of the next: 2^29 nodes, written out.
    pairs = [(2 * level, 2 * level + 2) for level in range(1, 30)]
    usages = [(above + i, below + j) for above, below in pairs for i in (0, 1) for j in (0, 1)]
    found = bom(products((1, 2), (1, 3), *usages, count=61))

    assert found["truncated"] is True
    assert [part["quantity"] for part in found["parts"]] == [2**29, 2**29]


def test_nesting_is_bounded():
    with pytest.raises(ParseError, match="nested"):
        bom(products(*((n, n + 1) for n in range(1, 500)), count=500))


def test_a_usage_of_nothing_is_refused_with_its_line():
    with pytest.raises(ParseError, match=r"Line 9: #1000000 uses #92"):
        bom(products((1, 9), count=1))


def test_a_number_taken_twice_is_refused():
    with pytest.raises(ParseError, match=r"#1 is defined twice"):
        geometry(file_of("#1=CARTESIAN_POINT('',(0.,0.,0.));", "#1=CARTESIAN_POINT('',(1.,0.,0.));"))
    with pytest.raises(ParseError, match=r"#10 is defined twice"):
        bom(products(count=1).replace(b"#11=", b"#10="))


FAR_APART = "#1=CARTESIAN_POINT('',(1.E308,0.,0.));#2=CARTESIAN_POINT('',(-1.E308,0.,0.));"
COMPLEX = "#1=(REPRESENTATION_RELATIONSHIP()REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION());"


@pytest.mark.parametrize(
    "line",
    [
        "#1=CARTESIAN_POINT('');", "#1=CARTESIAN_POINT();", "#1=CARTESIAN_POINT('',(1.,.,2.));",
        "#1=CARTESIAN_POINT('',(1.,'x',2.));", "#1=CARTESIAN_POINT('',(1.,2.,3.,4.));", "#1=CIRCLE('',#2,$);",
        "#1=CIRCLE();", "#1=PRODUCT_DEFINITION('','',$,$);", "#1=PRODUCT_DEFINITION('','',#9,$);",
        "#1=NEXT_ASSEMBLY_USAGE_OCCURRENCE('1');", COMPLEX,
        "#1=CARTESIAN_POINT('',(1.E400,0.,0.));", FAR_APART,
        "", "#1=(;", "#1=();", "#1=A(;", "1=A();",
    ],
)  # fmt: skip
def test_broken_instances_are_parse_errors(line):
    with pytest.raises(ParseError):
        geometry(file_of(line))


def test_the_broken_sample_says_where_it_ends():
    with pytest.raises(ParseError, match=r"Line \d+: the file ends in the middle"):
        geometry(broken())


def test_too_many_entity_types_are_refused(monkeypatch):
    monkeypatch.setattr(step, "MAX_KINDS", 50)

    with pytest.raises(ParseError, match="entity types"):
        geometry(file_of(*(f"#{n}=KIND_{n}();" for n in range(1, 100))))


def test_geometry_shared_without_measure_is_refused():
    shared = [f"#{n}=EDGE_LOOP('',(#{n + 1}));" for n in range(1, 5000)]
    lines = [*shared]
    for n in range(10_000, 12_000, 10):
        lines += [
            f"#{n}=PRODUCT('P{n}','','',());", f"#{n + 1}=PRODUCT_DEFINITION_FORMATION('','',#{n});",
            f"#{n + 2}=PRODUCT_DEFINITION('','',#{n + 1},$);", f"#{n + 3}=PRODUCT_DEFINITION_SHAPE('','',#{n + 2});",
            f"#{n + 4}=SHAPE_REPRESENTATION('',(#1),$);",
            f"#{n + 5}=SHAPE_DEFINITION_REPRESENTATION(#{n + 3},#{n + 4});",
        ]  # fmt: skip

    with pytest.raises(ParseError, match="share"):
        geometry(file_of(*lines))


@given(st.data())
def test_mutated_files_raise_nothing_but_parse_errors(data):
    whole = bytearray(data.draw(st.sampled_from([plate(), gearbox()])))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    for read in (geometry, bom):
        with contextlib.suppress(ParseError):
            read(bytes(whole))


@given(st.permutations(range(60)))
def test_the_order_of_instances_does_not_matter(order):
    lines = block().split(b"\n")
    start = lines.index(b"DATA;") + 1
    shuffled = [lines[start + position] for position in order]

    assert geometry(b"\n".join([*lines[:start], *shuffled, *lines[start + 60 :]])) == geometry(block())


def test_too_many_instances_are_refused(monkeypatch):
    monkeypatch.setattr(shape, "MAX_INSTANCES", 10)

    with pytest.raises(ParseError, match="Line 16: the file has more than 10 instances"):
        geometry(file_of(*(f"#{n}=A();" for n in range(20))))


def test_long_lists_of_references_are_followed_like_short_ones(monkeypatch):
    expected = geometry(gearbox())
    monkeypatch.setattr(shape, "LONG", 1)

    assert geometry(gearbox()) == expected
