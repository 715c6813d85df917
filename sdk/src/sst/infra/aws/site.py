"""Frontends: in `sst dev` each is its own dev server, started as a command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from ..component import Transform, fields
from ..dev_command import Command, register
from ..errors import ConfigError
from ..linkable import Definition
from ..permission import Permission

NO_URL = "http://url-unavailable-in-dev.mode"
"""What `url` is in dev when `dev.url` is not given: something that can be linked and cannot be mistaken."""

LIVE = ("dev", "environment", "link", "path", "permissions", "transform")
DEPLOYMENT = (
    "assets", "base", "build", "build_command", "cache_policy", "cdn", "domain", "edge", "error_page",
    "image_optimization", "index_page", "invalidation", "open_next_version", "protection", "regions", "route", "router",
    "server", "vite", "vpc", "warm",
)  # fmt: skip
"""Arguments of one site or another that say how it is deployed."""


class Site(Command):
    """What all frontends share. *deployment* takes the documented arguments that only a deployed site has.

    *permissions* are added to what the links allow: they are those of the role that its dev server runs with.
    """

    command: ClassVar[str] = "npm run dev"
    transforms: ClassVar[tuple[str, ...]] = ("role",)

    def __init__(
        self,
        name: str,
        *,
        path: str = ".",
        dev: Mapping[str, Any] | bool | None = None,
        link: Sequence[Any] = (),
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        permissions: Sequence[Permission | Mapping[str, Any]] = (),
        transform: Mapping[str, Transform] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **deployment: Any,
    ) -> None:
        # The other names that `transform` may have belong to a deployed site.
        role = {key: value for key, value in (transform or {}).items() if key == "role"}
        super().__init__(name, opts, role)
        if not self._context.dev or dev is False:
            raise ConfigError(
                f"{self._label} cannot be deployed by this version; it runs in `sst dev`.",
                hint="Leave out dev=False, or create it only `if sst.dev`.",
            )
        fields(self._label, deployment, (*LIVE, *DEPLOYMENT))
        given = dev if isinstance(dev, Mapping) else {}
        url = register(
            self,
            given,
            link=link,
            environment=environment,
            permissions=permissions,
            directory=path,
            command=self.command,
        )
        self.url: pulumi.Output[str] = pulumi.Output.from_input(url or NO_URL)

    def sst_link(self) -> Definition:
        """`url`: that of the dev server, if `dev.url` tells it."""
        return Definition({"url": self.url})


class StaticSite(Site):
    """A static site, for example of Vite or Hugo: `sst.aws.StaticSite("Web", path="web")`."""

    token = "sst:aws:StaticSite"  # noqa: S105 a Pulumi type


class Nextjs(Site):
    """A Next.js app: `sst.aws.Nextjs("Web", path="web", link=[bucket])`."""

    token = "sst:aws:Nextjs"  # noqa: S105 a Pulumi type


class Astro(Site):
    """An Astro site."""

    token = "sst:aws:Astro"  # noqa: S105 a Pulumi type


class Nuxt(Site):
    """A Nuxt app."""

    token = "sst:aws:Nuxt"  # noqa: S105 a Pulumi type


class React(Site):
    """A React Router app."""

    token = "sst:aws:React"  # noqa: S105 a Pulumi type


class Remix(Site):
    """A Remix app."""

    token = "sst:aws:Remix"  # noqa: S105 a Pulumi type


class SolidStart(Site):
    """A SolidStart app."""

    token = "sst:aws:SolidStart"  # noqa: S105 a Pulumi type


class SvelteKit(Site):
    """A SvelteKit app."""

    token = "sst:aws:SvelteKit"  # noqa: S105 a Pulumi type


class TanStackStart(Site):
    """A TanStack Start app."""

    token = "sst:aws:TanStackStart"  # noqa: S105 a Pulumi type
