"""Arguments of an AWS operation, out of a Pulumi resource's inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PULUMI_ONLY = {"destinationarn": "destination"}
"""Where `pulumi_aws` has a word of its own: in `destination_config.on_failure` of event source mappings."""


def arguments(client: Any, operation: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What *operation* of the boto3 *client* takes, wherever *inputs* has it under the same name, in whatever case.

    Inputs the operation does not know are left out, and so are nulls. Keys of maps (variables, tags) stay as they are.
    """
    filled: dict[str, Any] = _filled(client.meta.service_model.operation_model(operation).input_shape, inputs)
    return filled


def _filled(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, Mapping):
        given = {_PULUMI_ONLY.get(key.lower(), key.lower()): item for key, item in value.items() if item is not None}
        return {
            name: _filled(member, given[name.lower()])
            for name, member in shape.members.items()
            if name.lower() in given
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_filled(shape.member, item) for item in value]
    return value
