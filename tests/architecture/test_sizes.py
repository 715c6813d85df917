"""Small files do not make a clear program, but a big one has to say why it is big."""

from __future__ import annotations

import ast

from tests.architecture.sources import python_files

LINES = 500


def test_a_file_over_500_lines_says_why() -> None:
    """Its module docstring has a sentence that starts with "Long because"."""
    silent = [
        name
        for name, path in python_files().items()
        if len((text := path.read_text()).splitlines()) > LINES
        and "Long because" not in (ast.get_docstring(ast.parse(text)) or "")
    ]

    assert silent == []


def test_every_module_says_what_it_is() -> None:
    """A module begins with a docstring."""
    bare = [
        name
        for name, path in python_files().items()
        if (tree := ast.parse(path.read_text())).body and not ast.get_docstring(tree)
    ]

    assert bare == []
