"""Calls to dependencies, declared circuits and requests for recovery, from the recorder to what intake hands out."""

from __future__ import annotations

from monitoring.intake import decode
from monitoring.recording import instance, wire
from monitoring.recording.events import Call, CircuitDeclared, RecoveryRequest
from monitoring.recording.flusher import encode_batch
from monitoring.recording.recorder import recorder


def test_they_arrive_as_they_were_recorded() -> None:
    calls = [Call(5_000_000, 1_000, "payments", 3), Call(6_000_000, 2_000, "payments", 0, permit=7)]
    declared = CircuitDeclared(5_000_000, "payments", {"failure_rate": 0.5})
    wanted = RecoveryRequest(5_000_000, "ab" * 16, "decorator", waits=True)
    data = encode_batch(recorder.config, {Call: calls, CircuitDeclared: [declared], RecoveryRequest: [wanted]})
    counts = {"call": 2, "circuit": 1, "recovery": 1}
    fields = {key.encode(): value for key, value in wire.entry("a1", 1, counts, data).items()}
    fields = {key: value.encode() if isinstance(value, str) else value for key, value in fields.items()}
    payload = wire.read_payload(wire.read_head(fields), fields)
    assert payload is not None
    decode.check(payload)
    assert decode.counts(payload) == counts
    gathered = decode.gather([payload], decode.Bounds(0, 2**60))
    columns = gathered.measures["call"]
    assert [columns.names[at][1] for at in columns.name.tolist()] == ["payments", "payments"]
    assert columns.values["flags"].tolist() == [3, 0]
    assert columns.values["permit"].tolist() == [0, 7]
    assert {columns.names[at][1] for at in columns.values["process"].tolist()} == {instance.name()}
    assert [fact.values for fact in gathered.facts["circuit"]] == [
        {"name": "payments", "options": {"failure_rate": 0.5}}
    ]
    assert [fact.values for fact in gathered.facts["recovery"]] == [
        {"error_id": "ab" * 16, "trigger": "decorator", "waits": True}
    ]
