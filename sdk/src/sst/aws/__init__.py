"""AWS, in both halves: clients for handlers (`task`, `realtime`, `stream`) and components for `sst_config.py`.

Every name is loaded when it is first used, so that a handler which takes a client does not import Pulumi.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sst.aws import realtime as realtime
    from sst.aws import task as task
    from sst.aws.streaming import stream as stream
    from sst.infra.aws.api_gateway_v2 import ApiGatewayV2 as ApiGatewayV2
    from sst.infra.aws.api_gateway_websocket import ApiGatewayWebSocket as ApiGatewayWebSocket
    from sst.infra.aws.bucket import Bucket as Bucket
    from sst.infra.aws.bus import Bus as Bus
    from sst.infra.aws.container import Cluster as Cluster
    from sst.infra.aws.container import Service as Service
    from sst.infra.aws.container import Task as Task
    from sst.infra.aws.cron import Cron as Cron
    from sst.infra.aws.database import Mysql as Mysql
    from sst.infra.aws.database import Postgres as Postgres
    from sst.infra.aws.database import Redis as Redis
    from sst.infra.aws.dynamo import Dynamo as Dynamo
    from sst.infra.aws.function import Function as Function
    from sst.infra.aws.kinesis_stream import KinesisStream as KinesisStream
    from sst.infra.aws.network import Efs as Efs
    from sst.infra.aws.network import Vpc as Vpc
    from sst.infra.aws.queue import Queue as Queue
    from sst.infra.aws.realtime import Realtime as Realtime
    from sst.infra.aws.site import Astro as Astro
    from sst.infra.aws.site import Nextjs as Nextjs
    from sst.infra.aws.site import Nuxt as Nuxt
    from sst.infra.aws.site import React as React
    from sst.infra.aws.site import Remix as Remix
    from sst.infra.aws.site import SolidStart as SolidStart
    from sst.infra.aws.site import StaticSite as StaticSite
    from sst.infra.aws.site import SvelteKit as SvelteKit
    from sst.infra.aws.site import TanStackStart as TanStackStart
    from sst.infra.aws.sns_topic import SnsTopic as SnsTopic
    from sst.infra.globals import iam_edit as iam_edit
    from sst.infra.permission import Permission as Permission
    from sst.infra.permission import permission as permission

_HOMES = {
    "Astro": "sst.infra.aws.site",
    "Cluster": "sst.infra.aws.container",
    "Mysql": "sst.infra.aws.database",
    "Nextjs": "sst.infra.aws.site",
    "Nuxt": "sst.infra.aws.site",
    "Postgres": "sst.infra.aws.database",
    "React": "sst.infra.aws.site",
    "Realtime": "sst.infra.aws.realtime",
    "Redis": "sst.infra.aws.database",
    "Remix": "sst.infra.aws.site",
    "Service": "sst.infra.aws.container",
    "SolidStart": "sst.infra.aws.site",
    "StaticSite": "sst.infra.aws.site",
    "SvelteKit": "sst.infra.aws.site",
    "TanStackStart": "sst.infra.aws.site",
    "Task": "sst.infra.aws.container",
    "Vpc": "sst.infra.aws.network",
    "Efs": "sst.infra.aws.network",
    "ApiGatewayV2": "sst.infra.aws.api_gateway_v2",
    "ApiGatewayWebSocket": "sst.infra.aws.api_gateway_websocket",
    "Bus": "sst.infra.aws.bus",
    "Cron": "sst.infra.aws.cron",
    "Dynamo": "sst.infra.aws.dynamo",
    "KinesisStream": "sst.infra.aws.kinesis_stream",
    "Queue": "sst.infra.aws.queue",
    "SnsTopic": "sst.infra.aws.sns_topic",
    "Bucket": "sst.infra.aws.bucket",
    "Function": "sst.infra.aws.function",
    "Permission": "sst.infra.permission",
    "iam_edit": "sst.infra.globals",
    "permission": "sst.infra.permission",
    "realtime": "sst.aws.realtime",
    "stream": "sst.aws.streaming",
    "task": "sst.aws.task",
}
"""Name → the module it lives in, or is. Type checkers read the imports above; a test keeps the two alike."""


def __getattr__(name: str) -> "Any":
    from sst._lazy import load

    return load(__name__, globals(), _HOMES, name)


def __dir__() -> "list[str]":
    return [*globals(), *_HOMES]
