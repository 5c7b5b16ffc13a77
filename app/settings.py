"""Settings, read once from the environment at start; the one place that does.

Refuses to start in production without issuers and secrets of its own. Units stand in the names.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DAY_SECONDS = 86_400
STORES = ("redis://", "rediss://", "mongodb://", "mongodb+srv://")
SHORTEST = 1 / DAY_SECONDS  # days: MongoDB counts lives in seconds, and one of none would end everything at once
DATABASE_NAME = r"^[A-Za-z0-9_-]{1,55}$"  # MongoDB takes 63 bytes; the database of secrets has a suffix


class SettingsError(Exception):
    """The environment does not describe a server that may start."""


class Settings(BaseSettings):
    """Everything that an operator may set; the README's table is checked against the descriptions."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, allow_inf_nan=False)

    environment: Literal["development", "production"] = Field(
        "development", description="`production` refuses development keys"
    )
    data_dir: Path = Field(
        Path(".data"),
        description="folder of the embedded database, development keys and secrets; commands also take `--data`",
    )
    mongodb_uri: SecretStr = Field(
        SecretStr(""), description="any MongoDB 6.0 to 8.x replica set; empty: the embedded one"
    )
    mongodb_database: str = Field("data_practices", pattern=DATABASE_NAME, description="name of the database")
    database_driver: Literal["motor", "pymongo"] = Field("motor", description="Motor, or PyMongo's own async client")
    database_timeout_ms: int = Field(
        3_000, ge=1, le=600_000, description="wait for a reachable server before `UNAVAILABLE`"
    )
    jwt_issuers: str = Field("", description="trusted issuers, a JSON list (see Tokens)")
    master_key: SecretStr = Field(
        SecretStr(""), description="96 random bytes in base64: wraps the data keys that seal restricted values"
    )
    new_master_key: SecretStr = Field(
        SecretStr(""), description="the master key to rotate to: read beside MASTER_KEY, and used for new data keys"
    )
    kms_provider: Literal["local", "aws", "azure", "gcp", "kmip"] = Field(
        "local", description="who wraps the data keys: MASTER_KEY (`local`) or a key service"
    )
    kms_provider_options: SecretStr = Field(
        SecretStr(""),
        description="JSON: PyMongo's `kms_providers` entry of the key service, and `tls` for its TLS options",
    )
    kms_master_key: str = Field(
        "", description="JSON: PyMongo's `master_key`, the key service's key (region, key, ...)"
    )
    support_access: Literal["request", "role"] = Field(
        "request", description="`role` drops the support request, not the receipts"
    )
    access_hours: int = Field(8, ge=1, le=72, description="hours that a taken support request stays open to its agent")
    request_days: int = Field(7, ge=1, le=30, description="days after which an unclosed support request expires")
    error_retention_days: float = Field(
        15, ge=SHORTEST, le=15, description="life of error data; the notice allows at most 15 days"
    )
    # At most what `dataPractices` tells everybody; for more, publish a new version of the notice.
    census_retention_days: float = Field(90, ge=SHORTEST, le=90, description="life of census records; at most 90 days")
    usage_retention_days: float = Field(395, ge=SHORTEST, le=395, description="life of usage events; at most 13 months")
    support_retention_days: float = Field(
        730, ge=SHORTEST, le=730, description="life of support requests and access receipts; at most 24 months"
    )
    claim_retention_days: float = Field(
        30, ge=SHORTEST, le=30, description="life of an identified profile that nobody verified; at most 30 days"
    )
    # At least the days that a record may be late: it may hash under the previous secret, never under an older one.
    census_rotation_days: int = Field(30, ge=7, le=92, description="rotation of the secret that hashes census ids")
    error_ip: Literal["full", "truncated", "none"] = Field(
        "truncated", description="what is kept of a reporter's IP address"
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=5,
        description="hops of X-Forwarded-For that are ours; the outermost also tells by X-Forwarded-Proto whether "
        "browsers are to keep https",
    )
    rate_limit_store: SecretStr = Field(
        SecretStr(""), description="where hosts count calls together (`redis://...`, `mongodb://...`); empty: apart"
    )
    trusted_hosts: str = Field("", description="host names that are answered, with commas; empty: all")
    cors_origins: str = Field("", description="origins whose pages may call, with commas; empty: none but our own")
    body_seconds: float = Field(15, gt=0, le=3_600, description="time in which a request body must have arrived")
    body_max_bytes: int = Field(1_048_576, ge=1024, le=2**30, description="largest request body")
    calls_per_minute: int = Field(600, ge=1, le=10**9, description="calls a minute of one caller with a token")
    anonymous_calls_per_minute: int = Field(
        120, ge=1, le=10**9, description="calls a minute of one address without a token"
    )
    operation_seconds: float = Field(10, gt=0, le=3_600, description="time budget of one operation")
    fast_execution: bool = Field(
        default=True, description="compiled rows for plain records; `false`: all by graphql-core"
    )
    introspection: Literal["development", "authenticated"] = Field(
        "authenticated", description="who may introspect besides everyone in development"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="lowest level that is logged")

    @field_validator("mongodb_uri")
    @classmethod
    def _check_mongodb_uri(cls, value: SecretStr) -> SecretStr:
        if not re.match(r"(mongodb(\+srv)?://[^\s]+)?\Z", value.get_secret_value()):
            raise ValueError("must begin with mongodb:// or mongodb+srv:// and hold no blank")
        return value

    @field_validator("trusted_hosts", "cors_origins")
    @classmethod
    def _check_list(cls, value: str) -> str:
        if value and not value.replace(",", " ").strip():  # read as an empty list, and an empty one lets all hosts in
            raise ValueError("must name something between its commas")
        return value

    @field_validator("master_key", "new_master_key")
    @classmethod
    def _check_master_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            decode_key(value.get_secret_value())
        return value

    @field_validator("rate_limit_store")
    @classmethod
    def _check_store(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(STORES):
            raise ValueError(f"must begin with one of {', '.join(STORES)}")
        return value

    @field_validator("kms_provider_options", "kms_master_key")
    @classmethod
    def _check_json_object(cls, value: SecretStr | str) -> SecretStr | str:
        decode_object(value.get_secret_value() if isinstance(value, SecretStr) else value)
        return value

    @model_validator(mode="after")
    def _check_production(self) -> Self:
        if self.environment == "production":
            for name in ("mongodb_uri", "jwt_issuers", *_KEY_OF_ITS_OWN[self.kms_provider]):
                value = getattr(self, name)
                text = value.get_secret_value() if isinstance(value, SecretStr) else value
                if not text or (name in _JSON and _is_empty(text)):
                    message = f"{name.upper()} must be set when ENVIRONMENT=production"
                    raise ValueError(message)
        return self

    @property
    def in_development(self) -> bool:
        """Whether it is for development: demo data, open introspection."""
        return self.environment == "development"

    @property
    def has_development_issuer(self) -> bool:
        """Whether tokens of the development issuer are trusted: beside other issuers only if asked for by name.

        Who sets issuers and forgets ENVIRONMENT=production must not hand out tokens of all roles.
        """
        return self.in_development and ("environment" in self.model_fields_set or not self.jwt_issuers.strip())

    @classmethod
    def from_env(cls) -> Self:
        """Return the settings of this process; raises `SettingsError` that names each wrong one, never a value."""
        try:
            return cls()
        except ValidationError as error:
            details = error.errors(include_input=False, include_context=False)
            lines = [f"{'.'.join(map(str, item['loc'])).upper() or 'settings'}: {item['msg']}" for item in details]
            raise SettingsError("; ".join(lines) or "the settings are not valid") from None


_JSON = ("jwt_issuers", "kms_master_key")
_KEY_OF_ITS_OWN: Mapping[str, tuple[str, ...]] = {
    "local": ("master_key",),
    "kmip": (),  # such a service makes a key where none is named
    **dict.fromkeys(("aws", "azure", "gcp"), ("kms_master_key",)),
}


def _is_empty(text: str) -> bool:
    """Return whether a JSON text says nothing; what is no JSON at all is for its reader to refuse."""
    try:
        return not (text.strip() and json.loads(text))
    except (ValueError, RecursionError):
        return False


MASTER_KEY_BYTES = 96  # the length that MongoDB's `local` KMS provider takes


def decode_key(text: str) -> bytes:
    """Return the 96 bytes of a base64 master key; raises `ValueError` that does not show it."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error:
        key = b""
    if len(key) != MASTER_KEY_BYTES:
        message = f"must be {MASTER_KEY_BYTES} bytes in base64"
        raise ValueError(message)
    return key


def decode_object(text: str) -> dict[str, Any]:
    """Return the JSON object in a setting, empty where it is not set; raises `ValueError` that does not show it."""
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ValueError("must be a JSON object")  # noqa: TRY004 - pydantic reads ValueErrors
    return value
