"""The CAD files of the sample workload."""

import re

from launcher.step_text import assembly


def test_every_entity_that_is_used_is_defined_once() -> None:
    text = assembly("Bracket", 5)
    defined = re.findall(r"^(#\d+)=", text, re.MULTILINE)
    assert len(defined) == len(set(defined))
    assert set(re.findall(r"#\d+", text)) == set(defined)


def test_it_holds_the_assembly_and_its_parts() -> None:
    text = assembly("Bracket", 5)
    assert text.count("NEXT_ASSEMBLY_USAGE_OCCURRENCE") == 5
    assert text.count("=PRODUCT('") == 6
    assert text.startswith("ISO-10303-21;")
    assert text.endswith("END-ISO-10303-21;\n")
