"""What connectors there are and what to do at each sender, for people who set one up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.connectors.contract import ConnectorConfig, Spec
from app.ingest.sources import CONNECTORS, NATIVE, auth_of
from app.payloads.schemes import Auth, weaknesses
from app.plugins import load_plugin, plugin_names
from app.store.tables import Source

_AUTH = "A scheme of your own, or a preset: see docs/connectors.md."
_SCHEMES = ("Hmac", "Ed25519", "StaticToken", "Jwt", "AnyOf")


@dataclass(frozen=True)
class Described:
    """One connector.

    Attributes:
        name: As a source names it.
        title: As people write it.
        also: Other names of it.
        suffixes: Endings of files that it reads.
        setup: What to do at the sender; `{url}` and `{secret}` stand for the source's own.
        warnings: What to know about how its deliveries prove where they come from.
        pulls: Whether we can be allowed to ask the sender for what its events only name.
        config_schema: JSON Schema of what a source can set.
    """

    name: str
    title: str
    also: Sequence[str]
    suffixes: Sequence[str]
    setup: Sequence[str]
    warnings: Sequence[str]
    pulls: bool
    config_schema: dict[str, Any]


def list_connectors() -> list[Described]:
    """Every connector, by name."""
    return [_described(name) for name in plugin_names(CONNECTORS)]


def setup_steps(connector: str, url: str, secret: str) -> list[str]:
    """What to do at the sender, with the source's own address and secret filled in."""
    if connector == NATIVE:
        return []
    spec: Spec = load_plugin(CONNECTORS, connector).SPEC
    return [step.replace("{url}", url).replace("{secret}", secret) for step in spec.setup]


def warnings_of(source: Source) -> list[str]:
    """What to know about how deliveries of a source prove where they come from."""
    return [] if source.connector == NATIVE else weaknesses(auth_of(source))


def _described(name: str) -> Described:
    module = load_plugin(CONNECTORS, name)
    spec: Spec = module.SPEC
    auth: Auth = spec.auth
    return Described(
        name=name,
        title=spec.title,
        also=list(spec.also),
        suffixes=list(spec.suffixes),
        setup=list(spec.setup),
        warnings=weaknesses(auth),
        pulls=spec.pull is not None,
        config_schema=_schema(module.Config),
    )


def _schema(config: type[ConnectorConfig]) -> dict[str, Any]:
    """What a source can set; of `auth`, which is the same everywhere and long, only that there is one."""
    schema = config.model_json_schema()
    schema["properties"]["auth"] = {"description": _AUTH, "type": ["object", "string", "null"], "default": None}
    for name in _SCHEMES:
        schema.get("$defs", {}).pop(name, None)
    return schema
