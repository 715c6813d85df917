"""`sst invoke`: how an event is given."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sst_dev.cli.invoke import read_event
from sst_dev.core.errors import UserError


def test_an_event_is_passed_byte_for_byte(tmp_path: Path, monkeypatch) -> None:
    """From the argument, a file or standard input: spaces and escapes stay as they are."""
    text = ' {"a" :  "\\u00e4", "b": "ö"}\n'
    (tmp_path / "event.json").write_text(text)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))

    assert {read_event(text), read_event(f"@{tmp_path / 'event.json'}"), read_event("-")} == {text.encode()}


@pytest.mark.parametrize(
    ("argument", "word"),
    [("{a:1}", "not JSON"), ("@/nope.json", "/nope.json"), ("", "not JSON"), ('{"a": NaN}', "NaN")],
)
def test_a_bad_event_is_refused_before_anything_is_called(argument: str, word: str) -> None:
    """The sentence says what is wrong with it."""
    with pytest.raises(UserError, match=word):
        read_event(argument)
