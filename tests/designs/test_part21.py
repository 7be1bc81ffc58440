"""The exchange structure: what is read is what was written, and no input raises anything but ParseError."""

import io
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from designs.parsing import part21
from designs.parsing.errors import ParseError
from designs.parsing.part21 import (
    Binary,
    Derived,
    Enumeration,
    Reader,
    Reference,
    Typed,
    decode_text,
    parse_complex,
    parse_parameters,
)
from designs.parsing.part21_writer import encode_text, write_file, write_instance, write_value

NAMES = st.from_regex(r"\A[A-Z][A-Z0-9_]{0,20}\Z")
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=60)
SCALARS = st.one_of(
    st.none(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
    st.builds(Reference, st.integers(1, 10**17)),
    st.builds(Enumeration, NAMES),
    st.builds(Binary, st.text("0123456789ABCDEF", max_size=8)),
    st.just(Derived()),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.builds(Typed, NAMES, st.lists(inner, max_size=3)),
    max_leaves=12,
)
RECORDS = st.builds(Typed, NAMES, st.lists(VALUES, max_size=5))
HEADER = [Typed("FILE_SCHEMA", [["TEST"]])]


def read_all(data: bytes):
    reader = Reader(io.BytesIO(data))
    reader.header()
    return list(reader.instances())


def data_of(*lines: str) -> bytes:
    return write_file(HEADER, list(lines))


@given(st.lists(RECORDS, max_size=6))
def test_simple_instances_are_read_as_they_were_written(records):
    data = write_file(HEADER, [write_instance(number, record) for number, record in enumerate(records, 1)])

    found = [Typed(name.decode(), parse_parameters(body)) for _, name, body in read_all(data)]

    assert found == records


@given(st.lists(RECORDS, min_size=2, max_size=4))
def test_complex_instances_are_read_as_they_were_written(records):
    [(number, name, body)] = read_all(data_of(write_instance(7, *records)))

    assert (number, name, parse_complex(body)) == (7, b"", records)


@given(TEXTS)
def test_texts_survive_their_escapes(text):
    assert decode_text(encode_text(text).encode("ascii")) == text


@given(VALUES)
def test_written_values_are_plain_ascii(value):
    assert write_value(value).isascii()


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing_but_parse_errors(data):
    with pytest.raises(ParseError):
        read_all(data)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_in_the_data_section_raise_nothing_but_parse_errors(data):
    whole = data_of("#1=A();").replace(b"#1=A();", data)
    try:
        for _, name, body in read_all(whole):
            (parse_parameters if name else parse_complex)(body, 1)
    except ParseError:
        pass


@given(st.text("'\"()#,;.$*\\/ A1=-+E\n", max_size=80))
def test_any_mix_of_the_grammars_own_characters_raises_nothing_but_parse_errors(text):
    try:
        for _, name, body in read_all(data_of(f"#1=A({text});")):
            (parse_parameters if name else parse_complex)(body, 1)
    except ParseError:
        pass


@given(st.integers(0, 10_000))
def test_a_file_cut_off_anywhere_is_a_parse_error(cut):
    whole = data_of(*(f"#{n}=POINT('it''s; /*n*/ {n}',({n}.,2.));" for n in range(1, 200)))
    end = whole.index(b"END-ISO-10303-21;") + len(b"END-ISO-10303-21;")

    with pytest.raises(ParseError):
        read_all(whole[: min(cut, end - 1)])


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_chunks_may_end_anywhere(monkeypatch, chunk):
    whole = data_of(
        "/* a comment; with 'marks' */ #1 = A ( 'semi;colon', /* in ; between */ 'it''s' ) ;",
        "#2=(B(1)\nC('x/*no comment*/')\n);",
        "#3=D(\n1.5E-3,\n#1\n);",
    )
    expected = read_all(whole)
    monkeypatch.setattr(part21, "CHUNK", chunk)

    assert read_all(whole) == expected
    assert [number for number, _, _ in expected] == [1, 2, 3]
    assert parse_parameters(expected[0][2]) == ["semi;colon", "it's"]
    assert parse_complex(expected[1][2]) == [Typed("B", [1]), Typed("C", ["x/*no comment*/"])]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (rb"it''s", "it's"),
        (rb"\X2\00E400F6\X0\ and \X4\0001F600\X0\.", "\u00e4\u00f6 and \U0001f600."),
        (rb"\X\E4", "\u00e4"),
        (rb"\S\D", "\u00c4"),
        (rb"\PE\\S\P", "\u0430"),
        (rb"back\\slash", "back\\slash"),
        ("bare \u00fc".encode(), "bare \u00fc"),
        (b"latin \xfc", "latin \u00fc"),
        (rb"\X2\0000\X0\ \X2\D800\X0\ ", "\ufffd \ufffd "),
        (b"two\nlines", "two lines"),
    ],
)
def test_string_escapes_are_decoded(raw, text):
    assert decode_text(raw) == text


@pytest.mark.parametrize(
    "body",
    [
        b"1,)",
        b",1)",
        b"1 2)",
        b"(1)",
        b"1))",
        b"A)",
        b"A 1)",
        b"1E999999.)",
        b"'open)",
        b"1.E999)",
        b'"0G")',
        b"#)",
        b"&)",
    ],
)
def test_broken_parameters_are_parse_errors(body):
    with pytest.raises(ParseError):
        parse_parameters(body)


def test_nesting_is_bounded():
    with pytest.raises(ParseError, match="nested"):
        parse_parameters(b"(" * 100_000)


def test_digits_are_bounded():
    with pytest.raises(ParseError, match="digits"):
        parse_parameters(b"1" * 10_000 + b")")


def test_numbers_of_every_spelling_are_read():
    assert parse_parameters(b"1.,-1.5E+3,+7,0.25e-2)") == [1.0, -1500.0, 7, 0.0025]


def test_errors_name_the_line():
    with pytest.raises(ParseError, match=r"Line 8: an instance") as caught:
        read_all(data_of("#1=A();", "", "no instance;"))

    assert caught.value.line == 8


@pytest.mark.parametrize("position", [0, 40, 120, 500_000, 1_300_000])
def test_a_nul_byte_is_named_with_its_line(position):
    lines = [f"#{n}=A('{n}');" for n in range(1, 90_000)]
    whole = bytearray(data_of(*lines))
    whole[position] = 0
    line = whole[:position].count(b"\n") + 1

    with pytest.raises(ParseError, match=f"Line {line}: the file holds a NUL byte"):
        read_all(bytes(whole))


def test_a_statement_without_an_end_is_given_up(monkeypatch):
    monkeypatch.setattr(part21, "MAX_STATEMENT", 100_000)
    monkeypatch.setattr(part21, "CHUNK", 10_000)

    with pytest.raises(ParseError, match="longer than"):
        read_all(data_of("#1=A(" + "1," * 200_000))


@pytest.mark.parametrize("filling", [b"'a',", b"''", b"1,", b"(", b"/", b"/**/", b"'", b"/*", b"*/ /"])
def test_long_hostile_statements_take_linear_time(filling):
    data = data_of("#1=A(").replace(b"#1=A(", b"#1=A(" + filling * (6_000_000 // len(filling)))
    began = time.process_time()

    with pytest.raises(ParseError):
        parse_parameters(read_all(data)[0][2])

    assert time.process_time() - began < 10


def test_other_sections_are_passed_over():
    whole = data_of("#1=A();").replace(b"DATA;", b"ANCHOR;\n<a>=#1;\nENDSEC;\nDATA('x',('TEST'));", 1)

    assert [number for number, _, _ in read_all(whole)] == [1]


def test_a_byte_order_mark_is_no_obstacle():
    assert read_all(b"\xef\xbb\xbf" + data_of("#1=A();"))


@settings(max_examples=30)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_reals_keep_every_bit(number):
    [value] = parse_parameters(f"{write_value(number)})".encode())

    assert value == number
    assert math.copysign(1, value) == math.copysign(1, number)
