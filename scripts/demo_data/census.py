"""The census records of the demo data: devices and sessions that belong to nobody (P1-P3). Pure.

The devices are drawn by themselves, not from the demo people, as a census record shares no key with a person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from scripts.demo_data.chance import chance, new_uuid, pick_count, pick_weighted
from scripts.demo_data.usage import WEEK

DEVICES = 240
APP_NAME = "SalesTim Automation"
LANGUAGES = {"EN-US": 34.0, "FR-FR": 26.0, "EN-GB": 14.0, "DE-DE": 12.0, "ES-ES": 5.0, "JA-JP": 3.0, "EN-AU": 3.0}


@dataclass(frozen=True, slots=True)
class DeviceType:
    """A model, its system, and the system's versions."""

    model: str
    os_name: str
    os_versions: tuple[str, ...]


DEVICE_TYPES = {
    DeviceType("Surface Laptop 5", "Windows", ("10.0.19045", "10.0.22621", "10.0.22631")): 26.0,
    DeviceType("ThinkPad X1 Carbon", "Windows", ("10.0.19045", "10.0.22631")): 21.0,
    DeviceType("Latitude 7440", "Windows", ("10.0.22621", "10.0.26100")): 15.0,
    DeviceType("MacBook Pro", "macOS", ("13.6", "14.4", "15.1")): 14.0,
    DeviceType("iPhone", "iPhoneiOS", ("16.7", "17.5", "18.1")): 11.0,
    DeviceType("iPad", "iPadOS", ("17.5", "18.1")): 5.0,
    DeviceType("Galaxy S23", "Android", ("13", "14")): 5.0,
    DeviceType("Pixel 8", "Android", ("14", "15")): 3.0,
}


@dataclass(frozen=True, slots=True)
class Device:
    """One installation of the app, with the anonymous id that it keeps."""

    kind: DeviceType
    os_version: str
    language: str
    anonymous_id: str
    is_daily: bool


def devices(seed: int) -> list[Device]:
    """Return all devices."""
    return [_device(chance(seed, "device", number)) for number in range(DEVICES)]


def _device(source: Random) -> Device:
    kind = pick_weighted(source, DEVICE_TYPES)
    version = source.choice(kind.os_versions)
    return Device(kind, version, pick_weighted(source, LANGUAGES), new_uuid(source), source.random() < 0.4)  # noqa: PLR2004


def census_of_day(known: list[Device], day: date, seed: int) -> Iterator[dict[str, Any]]:
    """Give the `CensusInput` of each session of a day."""
    source = chance(seed, "census", day.toordinal())
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for device in known:
        for _ in range(pick_count(source, (1.0 if device.is_daily else 0.2) * WEEK[day.weekday()])):
            yield _record(source, device, start + timedelta(seconds=round(source.triangular(0, 86_399, 43_000))))


def _record(source: Random, device: Device, at: datetime) -> dict[str, Any]:
    return {
        "recordId": new_uuid(source),
        "appName": APP_NAME,
        "deviceModel": device.kind.model,
        "osName": device.kind.os_name,
        "osVersion": device.os_version,
        "userLanguage": device.language,
        "userId": device.anonymous_id,
        "sessionId": new_uuid(source),
        "recordedAt": at,
    }
