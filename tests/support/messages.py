"""Hypothesis strategies for what travels on the bridge."""

from __future__ import annotations

from dataclasses import MISSING, fields

from hypothesis import strategies as st
from sst_bridge.codec import KINDS
from sst_bridge.messages import Message

_VALUES = {
    "str": st.text(max_size=40),
    "int": st.integers(-(2**63), 2**63),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "bytes": st.binary(max_size=5_000),
    "tuple[str, ...]": st.lists(st.text(max_size=20), max_size=5).map(tuple),
    "tuple[int, ...]": st.lists(st.integers(0, 10_000), max_size=5).map(tuple),
    "dict[str, str]": st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=5),
}


def messages_of(kind: type[Message]) -> st.SearchStrategy[Message]:
    """Any message of *kind*, with any of its optional fields left out."""
    required, optional = {}, {}
    for field in fields(kind):
        bare = field.default is MISSING and field.default_factory is MISSING
        (required if bare else optional)[field.name] = _VALUES[str(field.type)]
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: kind(**values))


messages = st.sampled_from(list(KINDS.values())).flatmap(messages_of)
"""Any message of any kind."""
