"""What a stage's cloud offers every app on it: made by `cloud`, used by `engine` and by the stub."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Bootstrap(BaseModel):
    """Hosts, credentials and names that the engine and the channel need."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    endpoint: str | None
    """AWS endpoint URL in local mode, None on AWS."""
    region: str
    account: str
    access_key_id: str = Field(repr=False)
    secret_access_key: str = Field(repr=False)
    session_token: str | None = Field(default=None, repr=False)
    http_host: str
    """AppSync Events HTTP host (the one that is signed), may carry `:port` in local mode."""
    realtime_host: str
    api_arn: str
    """`arn:…:apis/{apiId}`: what a function's role needs for EventConnect/Publish/Subscribe."""
    asset_bucket: str
    stub_key: str
    """Object key of the stub's zip in the asset bucket; it names the content's hash."""
    bridge_key: str = Field(repr=False)
    """The sealing key of this app and stage: 32 bytes, base64."""
