"""STEP files that are small and mean to be expensive: each is refused, or read at a price its size is worth."""

import io
import time
import tracemalloc

import pytest

from designs.parsing import part21, step
from designs.parsing.errors import ParseError

HEAD = b"ISO-10303-21;\nHEADER;\nFILE_SCHEMA(('TEST'));\nENDSEC;\nDATA;\n"
TAIL = b"\nENDSEC;\nEND-ISO-10303-21;\n"
PRODUCT = "#1=PRODUCT('a','a','',());#2=PRODUCT_DEFINITION_FORMATION('','',#1);"
SHARED = 9_000_000


def geometry(*lines: str) -> dict:
    return step.read_geometry(io.BytesIO(HEAD + "\n".join(lines).encode() + TAIL))


def definitions(count: int) -> list[str]:
    """Product definitions that all name the same representation."""
    return [
        f"#{n}=PRODUCT_DEFINITION('','',#2,$);#{n + 1}=PRODUCT_DEFINITION_SHAPE('','',#{n});"
        f"#{n + 2}=SHAPE_DEFINITION_REPRESENTATION(#{n + 1},#{SHARED});"
        for n in range(10, 10 + 3 * count, 3)
    ]


def chained(count: int) -> list[str]:
    """Representations tied one to the next."""
    return [
        f"#{SHARED // 2 + n}=REPRESENTATION_RELATIONSHIP('','',#{SHARED + n},#{SHARED + n + 1});" for n in range(count)
    ]


def test_representations_that_many_products_share_are_kept_once_and_walked_within_a_limit():
    lines = [PRODUCT, *definitions(200), *chained(5_000)]
    tracemalloc.start()
    try:
        with pytest.raises(ParseError, match="too complex"):
            geometry(*lines)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 30 * 1024 * 1024


def test_a_point_behind_a_long_chain_of_representations_is_found_wherever_it_is_entered():
    point = (
        f"#5=CARTESIAN_POINT('',(1.,2.,3.));#{SHARED + 2_500}=SHAPE_REPRESENTATION('',(#6),$);#6=VERTEX_POINT('',#5);"
    )

    found = geometry(PRODUCT, *definitions(2), *chained(5_000), point)

    assert found["bounding_box"]["min"] == [1, 2, 3]
    assert found["bounding_box"]["basis"].startswith("vertices")


def test_a_reference_too_long_for_any_instance_leads_nowhere():
    long = "9" * 20

    assert geometry(f"#1=FOO(#{long});", f"#2=AXIS2_PLACEMENT_3D('',#{long},$,$);")["instances"] == 2
    with pytest.raises(ParseError):
        geometry(f"#1=PRODUCT_DEFINITION_FORMATION('','',#{long});")


def test_the_records_of_an_instance_share_one_allowance_of_values():
    with pytest.raises(ParseError, match="more than 100000 values"):
        part21.parse_complex(b"A()" * (part21.MAX_VALUES + 1) + b")")
    with pytest.raises(ParseError, match="more than 100000 values"):
        part21.parse_complex((b"A(" + b"$," * 50_000 + b"$)") * 2 + b")")


def test_a_product_of_many_parts_is_counted_once_however_often_it_is_used():
    lines = [PRODUCT] + [f"#{n}=PRODUCT_DEFINITION('','',#2,$);" for n in (3, 4, 5)]
    lines += [f"#{n}=NEXT_ASSEMBLY_USAGE_OCCURRENCE('','','',#4,#5,$);" for n in range(10_000, 70_000)]
    for n in range(100, 6_100, 3):
        lines.append(f"#{n}=PRODUCT_DEFINITION('','',#2,$);")
        lines.append(f"#{n + 1}=NEXT_ASSEMBLY_USAGE_OCCURRENCE('','','',#3,#{n},$);")
        lines.append(f"#{n + 2}=NEXT_ASSEMBLY_USAGE_OCCURRENCE('','','',#{n},#4,$);")
    began = time.process_time()

    found = step.read_bom(io.BytesIO(HEAD + "\n".join(lines).encode() + TAIL))

    assert time.process_time() - began < 5
    assert found["truncated"]
    assert found["parts"][0]["quantity"] == 2_000 * 60_000
