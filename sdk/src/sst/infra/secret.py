"""`sst.Secret`: a value set by `sst secret`."""

from __future__ import annotations

import re

import pulumi

from .component import Component
from .errors import ConfigError
from .linkable import Definition


class Secret(Component):
    """A value that is not in the code: `sst secret set StripeKey sk_…`.

    ```python
    key = sst.Secret("StripeKey", "sk_test")
    sst.aws.Function("Api", handler="functions/api.handler", link=[key])
    ```

    A receiver of the link reads `Resource.StripeKey.value`. Without a value and a placeholder the app is not applied.
    """

    token = "sst:sst:Secret"  # noqa: S105 a Pulumi type

    def __init__(
        self,
        name: str,
        placeholder: pulumi.Input[str] | None = None,
        *,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        if not re.fullmatch(r"[A-Z][A-Za-z0-9_]*", name):
            raise ConfigError(
                f"{self._label}: the name of a secret starts with a capital letter and holds letters, digits and "
                "underscores."
            )
        if placeholder is not None and not isinstance(placeholder, (str, pulumi.Output)):
            raise ConfigError(f"{self._label}: placeholder must be a string, got {placeholder!r}.")
        value = self._context.secrets.get(name, placeholder)
        if value is None:
            raise ConfigError(
                f"{self._label} has no value on stage {self._context.stage!r}.",
                hint=f"Set it with `sst secret set {name} VALUE`, or give the component a placeholder.",
            )
        self.name = pulumi.Output.from_input(name)
        self.placeholder = pulumi.Output.secret(placeholder) if placeholder is not None else None
        self.value: pulumi.Output[str] = pulumi.Output.secret(value)

    def sst_link(self) -> Definition:
        """`value` (Secret, Links)."""
        return Definition({"value": self.value})
