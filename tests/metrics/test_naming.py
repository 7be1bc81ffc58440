"""Whatever applications call their metrics, every family and every sample is there once, in both formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from monitoring.exposition.formats import OPENMETRICS, PLAIN, Families
from monitoring.metrics.naming import Claims, sanitised, simple
from tests.properties import MANY

SUFFIXES = ["", "_total", "_count", "_sum", "_bucket", "_created", "_info", "_2", "_2_total"]
names = st.one_of(
    st.builds(
        lambda stem, suffix: sanitised(stem + suffix),
        st.sampled_from(["a", "a_2", "size", "1"]),
        st.sampled_from(SUFFIXES),
    ),
    st.text(max_size=8).map(sanitised),
)


def ours() -> list[Metric]:
    buckets = [("1.0", 1.0), ("+Inf", 2.0)]
    return [HistogramMetricFamily("size", "Sizes.", buckets, 3), CounterMetricFamily("a", "A counter.", 5)]


@MANY
@given(st.lists(st.tuples(names, st.sampled_from(["counter", "gauge"])), max_size=12))
def test_no_family_and_no_sample_is_there_twice(chosen: list[tuple[str, str]]) -> None:
    claims = Claims(ours())
    settled = [claims.settle(simple(name, kind, 1.0, "Chosen.")) for name, kind in dict.fromkeys(chosen)]
    families = Families(ours() + settled)
    for form, parse in ((PLAIN, plain_families), (OPENMETRICS, open_families)):
        found = list(parse(form.write(families).decode()))
        samples = [sample.name for family in found for sample in family.samples if "le" not in sample.labels]
        assert len(samples) == len(set(samples)) == 3 + len(settled)
        assert len({family.name for family in found}) == len(found)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("uploads_total", "uploads_total"),
        ("tasks.designs.bom-extraction", "tasks_designs_bom_extraction"),
        ("a:b", "a_b"),
        ("2fast", "_2fast"),
        ("Größe", "Gr__e"),
        ("", "_"),
        ("<other>", "_other_"),
    ],
)
def test_a_name_becomes_a_valid_one(name: str, valid: str) -> None:
    assert sanitised(name) == valid
