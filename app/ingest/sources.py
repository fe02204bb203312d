"""Commands on sources: create, pause, resume, change, rotate the secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.audit import record_audit
from app.access.sealing import seal_secrets, unseal_secrets
from app.domain.actor import Actor
from app.errors import AppError, Kind
from app.payloads.custom_auth import CustomAuth
from app.payloads.keys import check_secret, new_secret
from app.payloads.schemes import Auth
from app.plugins import load_plugin, plugin_names
from app.store.deliveries import find_source
from app.store.tables import Source

NATIVE = "native"
"""The connector of a source without a hook: its items come by the API or from files."""
CONNECTORS = "app.connectors"

_KEY = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_LIVE_SECRETS = 2
_CUSTOM: TypeAdapter[Auth] = TypeAdapter(CustomAuth)


@dataclass(frozen=True)
class NewSource:
    """A source to be made.

    Attributes:
        key: Its name in addresses and reports.
        connector: File name of its connector, or ``NATIVE``.
        config: What the connector lets an operator set.
        secret: The secret that the sender's set-up page shows; None has one made.
    """

    key: str
    connector: str = NATIVE
    config: Mapping[str, Any] | None = None
    secret: str | None = None


def create_source(
    session: Session, now: datetime, actor: Actor, new: NewSource, secret_key: str
) -> tuple[Source, str | None]:
    """Make a source.

    Returns:
        The source and its secret, which is shown this once; None for a source without a hook.

    Raises:
        AppError: The key is taken or badly formed, the connector unknown, its configuration or secret unusable.
    """
    if not _KEY.fullmatch(new.key):
        message = "A source's key has lower-case letters, digits, - and _, begins with a letter, at most 64 of them."
        raise AppError(Kind.INVALID, "bad_source_key", message)
    if find_source(session, new.key) is not None:
        raise AppError(Kind.CONFLICT, "source_exists", "There is a source of this key. Choose another key.")
    config = checked_config(new.connector, new.config or {})
    secret = _first_secret(new, config)
    row = Source(
        key=new.key,
        connector=new.connector,
        config=config,
        secrets=None if secret is None else seal_secrets([secret], secret_key),
        created_at=now,
        paused_at=None,
    )
    session.add(row)
    session.flush()
    record_audit(session, now, actor, "source_created", f"source:{row.id}", key=new.key, connector=new.connector)
    return row, secret


def ensure_native_source(session: Session, now: datetime, actor: Actor, key: str) -> Source:
    """The source of this key; made without a hook if there is none, once however many ask at the same time."""
    known = find_source(session, key)
    if known is not None:
        return known
    try:
        with session.begin_nested():
            return create_source(session, now, actor, NewSource(key), "")[0]
    except (IntegrityError, AppError):
        known = find_source(session, key)
        if known is None:
            raise
        return known  # another transaction was faster, and has committed


def configure_source(session: Session, now: datetime, actor: Actor, source: Source, config: Mapping[str, Any]) -> None:
    """Replace a source's configuration.

    Raises:
        AppError: It does not fit its connector.
    """
    source.config = checked_config(source.connector, config)
    record_audit(session, now, actor, "source_configured", f"source:{source.id}")


def pause_source(session: Session, now: datetime, actor: Actor, source: Source) -> None:
    """Have senders told to come back later (503); nothing changes if it is paused already."""
    if source.paused_at is None:
        source.paused_at = now
        record_audit(session, now, actor, "source_paused", f"source:{source.id}")


def resume_source(session: Session, now: datetime, actor: Actor, source: Source) -> None:
    """Take deliveries again."""
    if source.paused_at is not None:
        source.paused_at = None
        record_audit(session, now, actor, "source_resumed", f"source:{source.id}")


def rotate_secret(
    session: Session, now: datetime, actor: Actor, source: Source, secret_key: str, secret: str | None = None
) -> str:
    """Give a source a new secret; the one before stays live until the next rotation or `retire_secret`.

    Args:
        session: A write transaction.
        now: When.
        actor: Who.
        source: A source with a hook.
        secret_key: The installation's key that seals secrets.
        secret: The sender's; None has one made.

    Returns:
        The new secret, shown this once.
    """
    auth = auth_of(source)
    if secret is not None:
        check_secret(auth, secret)
    fresh = secret or new_secret(auth)
    live = [fresh, *unseal_secrets(source.secrets, secret_key)][:_LIVE_SECRETS]
    source.secrets = seal_secrets(live, secret_key)
    record_audit(session, now, actor, "source_secret_rotated", f"source:{source.id}")
    return fresh


def retire_secret(session: Session, now: datetime, actor: Actor, source: Source, secret_key: str) -> None:
    """End the older of two live secrets."""
    source.secrets = seal_secrets(unseal_secrets(source.secrets, secret_key)[:1], secret_key)
    record_audit(session, now, actor, "source_secret_retired", f"source:{source.id}")


def set_pull_token(
    session: Session, now: datetime, actor: Actor, source: Source, secret_key: str, token: str | None
) -> None:
    """Let us ask the sender's API for what its events only name; None ends that.

    Raises:
        AppError: ``no_pull``: the connector's sender has nothing to be asked for.
    """
    if token is not None and _connector(source.connector).SPEC.pull is None:
        message = "This connector's deliveries are complete: there is nothing to ask the sender for."
        raise AppError(Kind.INVALID, "no_pull", message)
    source.pull_token = None if token is None else seal_secrets([token], secret_key)
    record_audit(session, now, actor, "source_pull_set" if token else "source_pull_ended", f"source:{source.id}")


def auth_of(source: Source) -> Auth:
    """How deliveries of a source with a hook prove where they come from: its own way, else its connector's.

    Raises:
        AppError: ``hook_unusable`` (unavailable, so that senders come back): what is stored fits no longer.
    """
    try:
        return _auth(source.connector, source.config)
    except ValidationError:
        message = "The source's `auth` cannot be used any more. Configure it again; senders are told to come back."
        raise AppError(Kind.UNAVAILABLE, "hook_unusable", message) from None


def _auth(connector: str, config: Mapping[str, Any]) -> Auth:
    own = config.get("auth")
    if own is not None:
        return _CUSTOM.validate_python(own)
    auth: Auth = _connector(connector).SPEC.auth
    return auth


def _first_secret(new: NewSource, config: Mapping[str, Any]) -> str | None:
    if new.connector == NATIVE:
        return None
    auth = _auth(new.connector, config)
    if new.secret is None:
        return new_secret(auth)
    check_secret(auth, new.secret)
    return new.secret


def checked_config(connector: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration in the form in which it is stored.

    Raises:
        AppError: ``bad_source_config``, or the connector is unknown.
    """
    if connector == NATIVE:
        if config:
            raise AppError(Kind.INVALID, "bad_source_config", "A native source has nothing to configure. Leave it out.")
        return {}
    try:
        checked = _connector(connector).Config.model_validate(config)
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        message = f"The configuration does not fit the connector {connector}: {told}."
        raise AppError(Kind.INVALID, "bad_source_config", message) from None
    stored: dict[str, Any] = checked.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    return stored


def _connector(name: str) -> Any:  # noqa: ANN401 - a module that keeps the connectors' contract
    if name == NATIVE:
        message = f"A native source has no hook and no secret. Connectors: {', '.join(plugin_names(CONNECTORS))}."
        raise AppError(Kind.INVALID, "no_hook", message)
    return load_plugin(CONNECTORS, name)
