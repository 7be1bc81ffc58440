"""What property tests have in common: how many examples they try, and durations at every scale."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from monitoring.recording.events import MAX_DURATION, UNKNOWN_DURATION

RELAXED = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
FEW, MANY = settings(RELAXED, max_examples=20), settings(RELAXED, max_examples=150)

duration = st.one_of(
    st.integers(0, 10**10), st.integers(0, MAX_DURATION), st.sampled_from([0, 1, MAX_DURATION, UNKNOWN_DURATION])
)
