"""Settings that promise something else than is kept, or that mean something else than they say, start no server."""

import json
from base64 import b64encode
from typing import Any

import pytest

from app.settings import Settings, SettingsError

ISSUERS = [{"issuer": "https://x.test", "audience": "a", "jwks_url": "https://x.test/jwks"}]
PRODUCTION = {
    "ENVIRONMENT": "production",
    "MONGODB_URI": "mongodb://a.test,b.test/?replicaSet=rs",
    "MASTER_KEY": b64encode(bytes(96)).decode(),
    "JWT_ISSUERS": json.dumps(ISSUERS),
}
NUMBERS = [name for name, field in Settings.model_fields.items() if field.annotation in (int, float)]


def read(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> Settings:
    """Read settings from an environment that has these."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return Settings.from_env()


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e309", "-5", "-0.001", "99999999999999"])
def test_a_number_lies_in_its_bounds(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Each number has a lower and an upper bound, and is one; the refusal names it."""
    with pytest.raises(SettingsError, match=f"^{name.upper()}: "):
        read(monkeypatch, {name.upper(): value})


@pytest.mark.parametrize("name", [name for name in NUMBERS if name.endswith("retention_days")])
def test_a_life_has_a_second_at_least(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A shorter one would be none for MongoDB, which then erases everything at once."""
    with pytest.raises(SettingsError, match=name.upper()):
        read(monkeypatch, {name.upper(): "0.000001"})
    assert getattr(read(monkeypatch, {name.upper(): "1"}), name) == 1


def test_every_bound_holds_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set to its default is taken."""
    defaults: dict[str, Any] = {name: Settings.model_fields[name].default for name in NUMBERS}
    settings = read(monkeypatch, {name.upper(): str(value) for name, value in defaults.items()})
    assert {name: getattr(settings, name) for name in NUMBERS} == defaults


@pytest.mark.parametrize("issuers", ["[]", " [ ] ", "  ", "{}", "null", '""'])
def test_production_needs_issuers(monkeypatch: pytest.MonkeyPatch, issuers: str) -> None:
    """A list of none is none: every token would be refused, and nobody told why."""
    for given in (PRODUCTION, {**PRODUCTION, "JWT_ISSUERS": "no JSON"}):  # which is for its reader to refuse
        assert not read(monkeypatch, given).in_development
    with pytest.raises(SettingsError, match="JWT_ISSUERS must be set"):
        read(monkeypatch, {**PRODUCTION, "JWT_ISSUERS": issuers})


@pytest.mark.parametrize("provider", ["aws", "azure", "gcp"])
def test_production_needs_a_key_of_its_key_service(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    """These services wrap by a key that is named, so without one no data key could be made."""
    service = {**PRODUCTION, "MASTER_KEY": "", "KMS_PROVIDER": provider}
    for named in ("", "{}"):
        with pytest.raises(SettingsError, match="KMS_MASTER_KEY must be set"):
            read(monkeypatch, {**service, "KMS_MASTER_KEY": named})
    assert read(monkeypatch, {**service, "KMS_MASTER_KEY": '{"key": "k"}'}).kms_provider == provider


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MONGODB_URI", " "),
        ("MONGODB_URI", "localhost:27017"),
        ("MONGODB_DATABASE", "data practices"),
        ("MONGODB_DATABASE", "a/b"),
        ("MONGODB_DATABASE", "a" * 56),
        ("TRUSTED_HOSTS", " , "),
        ("CORS_ORIGINS", ","),
    ],
)
def test_what_would_be_read_as_something_else_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """An address that is none, a name that MongoDB does not take, and a list of nothing, which lets all hosts in."""
    with pytest.raises(SettingsError, match=f"^{name}: "):
        read(monkeypatch, {name: value})


def test_a_refusal_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address holds a password."""
    with pytest.raises(SettingsError) as refusal:
        read(monkeypatch, {"MONGODB_URI": "mongo://user:secret@a.test", "DATABASE_TIMEOUT_MS": "secret"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("environment", "is_trusted"),
    [
        ({}, True),
        ({"ENVIRONMENT": "development"}, True),
        ({"JWT_ISSUERS": "[{}]"}, False),
        ({"JWT_ISSUERS": "[{}]", "ENVIRONMENT": "development"}, True),
    ],
)
def test_development_tokens_beside_real_issuers_are_asked_for_by_name(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], *, is_trusted: bool
) -> None:
    """Who sets issuers and forgets ENVIRONMENT=production hands out no tokens of all roles."""
    for name in ("ENVIRONMENT", "JWT_ISSUERS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_env().has_development_issuer is is_trusted
