"""The context object, beyond what the corpus compares with AWS's."""

from __future__ import annotations

import pytest
from sst_worker.context import LambdaContext
from sst_worker.errors import RuntimeFault


def test_remaining_time_counts_down_to_the_deadline_and_stops_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whole milliseconds."""
    monkeypatch.setattr("time.time", lambda: 1_000.0005)
    assert LambdaContext({"request_id": "r", "deadline_ms": 1_000_250}).get_remaining_time_in_millis() == 250
    assert LambdaContext({"request_id": "r", "deadline_ms": 999_000}).get_remaining_time_in_millis() == 0
    assert LambdaContext({"request_id": "r"}).get_remaining_time_in_millis() == 0


def test_what_was_not_given_is_none() -> None:
    """Empty strings on the wire mean absent."""
    context = LambdaContext({"request_id": "r", "arn": "", "tenant_id": "", "client_context": "", "identity": ""})
    assert (context.invoked_function_arn, context.tenant_id, context.client_context) == (None, None, None)
    assert context.identity.cognito_identity_id is None
    assert context.w3c() == {}


@pytest.mark.parametrize(("field", "title"), [("client_context", "Client Context"), ("identity", "Cognito Identity")])
def test_a_header_that_is_not_json_is_the_runtimes_fault(field: str, title: str) -> None:
    """The caller gets `Runtime.LambdaContextUnmarshalError`."""
    with pytest.raises(RuntimeFault, match=f"Unable to parse {title} JSON: ") as caught:
        LambdaContext({"request_id": "r", field: "{"})
    assert caught.value.kind == "Runtime.LambdaContextUnmarshalError"
