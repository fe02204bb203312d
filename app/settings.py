"""One frozen settings object, read once from the environment by an entry point and passed in."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from app.errors import AppError, Kind

PREFIX = "CLOSELOOP_"
_FROM_FILE = "_FILE"
_DATABASES = frozenset({"sqlite", "postgresql", "postgres", "postgresql+psycopg"})


class Settings(BaseModel):
    """Everything an operator can set; see docs/operating.md for one line on each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(default_factory=lambda: Path.home() / ".closeloop")
    database_url: SecretStr | None = None
    sqlite_synchronous: Literal["FULL", "NORMAL"] = "FULL"
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=1, le=65535)
    public_url: str | None = None
    zone: str = "UTC"
    model: str = "packaged"
    model_backend: Literal["auto", "float32", "bfloat16", "onnx-int8"] = "auto"
    languages: str = "en"
    sentiment_model: str | None = None
    topic_confidence: float = Field(default=0.5, ge=0, le=1)
    alerts_per_week: float = Field(default=1.0, gt=0, le=100)
    secret_key: SecretStr | None = None
    oidc_issuer: str | None = None
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_name: str = "single sign-on"
    oidc_email_domains: str = ""
    oidc_role_claim: str = "groups"
    oidc_roles: str = ""
    token_issuer: str | None = None
    token_audience: str | None = None
    token_scopes: str = ""
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    max_hook_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    max_bulk_bytes: int = Field(default=16 * 1024 * 1024, ge=1024)
    max_import_bytes: int = Field(default=1024 * 1024 * 1024, ge=1024)
    show_docs: bool = True
    requests_per_minute: int = Field(default=36_000, ge=1)
    deliveries_per_minute: int = Field(default=120_000, ge=1)
    raw_retention_days: int = Field(default=30, ge=1)
    smtp_url: SecretStr | None = None
    mail_from: str = "closeloop@localhost"
    slack_url: SecretStr | None = None
    teams_url: SecretStr | None = None
    outbound_allow: str = ""
    verbatims: str = "redacted"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (LookupError, OSError, ValueError):
            raise ValueError("there is no such time zone; write it as Europe/Berlin or UTC") from None
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or _is_database(value.get_secret_value()):
            return value
        raise ValueError("write it as postgresql://user:password@host/name or sqlite:////path/to/file.db")

    @property
    def url(self) -> str:
        """The SQLAlchemy URL: the one that was set, else a SQLite file in the data directory."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir / 'closeloop.db'}"
        url = self.database_url.get_secret_value()
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        return url

    @property
    def base_url(self) -> str:
        """Where people and vendors reach the service, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Build the settings from `CLOSELOOP_*` variables; `CLOSELOOP_X_FILE` names a file that holds the value of X.

    Raises:
        AppError: A variable is unknown, a file cannot be read, or a value does not fit. Values are never repeated.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, str] = {}
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        field = variable.removeprefix(PREFIX).lower()
        from_file = variable.endswith(_FROM_FILE) and field not in Settings.model_fields
        field = field.removesuffix(_FROM_FILE.lower()) if from_file else field
        if field not in Settings.model_fields:
            known = ", ".join(PREFIX + name.upper() for name in sorted(Settings.model_fields))
            raise AppError(Kind.MISCONFIGURED, "unknown_setting", f"{variable} is not a setting. Known: {known}.")
        values[field] = _read_value(variable, environ[variable]) if from_file else environ[variable]
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise AppError(Kind.MISCONFIGURED, "bad_setting", f"Settings that do not fit: {wrong}.") from None


def _is_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = None if parts.scheme == "sqlite" else parts.port
    except ValueError:
        return False
    return parts.scheme in _DATABASES and port != 0


def _read_value(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"{variable} names a file that cannot be read ({error.strerror}). Check the path and its permissions."
        raise AppError(Kind.MISCONFIGURED, "unreadable_setting_file", message) from None
