# Types of sst.Resource in this project: every link of the app.
# Written from sst_config.py whenever the links change. Edits are lost.

from collections.abc import Iterator
from typing import Any

class _Api(dict[str, Any]):
    name: str
    type: str
    url: str

class _App(dict[str, Any]):
    name: str
    stage: str

class _Notes(dict[str, Any]):
    name: str
    type: str

class _Links:
    def __getitem__(self, name: str) -> Any: ...
    def __contains__(self, name: object) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...

class _Resource(_Links):
    Api: _Api
    App: _App
    Notes: _Notes

Resource: _Resource
