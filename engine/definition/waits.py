"""What a `wait` waits for, parsed; and the moment when it ends. Time is an argument: nothing here reads a clock."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from ..utils.durations import parse_duration

_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ].*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor:
    """A wait of some length, counted from its start."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntilTime:
    """A wait for the next such time of day in the workflow's timezone."""

    hour: int
    minute: int
    second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntilMoment:
    """A wait for one moment; one that has passed ends the wait at once."""

    moment: datetime
    """Without an offset it is meant in the workflow's timezone."""
    text: str
    """As the author wrote it, without `datetime:`."""


Wait: TypeAlias = WaitFor | WaitUntilTime | WaitUntilMoment


def parse_wait(value: object) -> Wait:
    """Read `wait_for`: a duration, `time:HH:MM:SS`, an ISO date-time, `datetime:<iso>`. Raise ValueError."""
    if isinstance(value, str):
        kind, _, rest = value.strip().partition(":")
        if kind == "time":
            return _parse_time(rest.strip())
        if kind == "datetime":
            return _parse_moment(rest.strip())
        if _MOMENT.fullmatch(value.strip()):
            return _parse_moment(value.strip())
    try:
        return WaitFor(seconds=parse_duration(value))
    except ValueError as error:
        if not isinstance(value, str) or "is no duration" not in str(error):
            raise
        raise ValueError(f"{error}; or time:HH:MM:SS or an ISO date-time") from None


def next_deadline(wait: Wait, now: float, timezone: str) -> float:
    """Return when `wait`, begun at `now`, ends; both in Unix seconds. Raise ValueError for an unknown timezone.

    A time of day that the clock skips in spring means the moment as long after the skip; one that it repeats in autumn
    means its first pass only.
    """
    zone = parse_timezone(timezone)
    match wait:
        case WaitFor(seconds=seconds):
            return now + seconds
        case WaitUntilMoment(moment=moment):
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
        case WaitUntilTime(hour=hour, minute=minute, second=second):
            today = datetime.fromtimestamp(now, zone).replace(
                hour=hour, minute=minute, second=second, microsecond=0, fold=0
            )
            days = ((today + timedelta(days=day)).replace(fold=0).timestamp() for day in range(3))
            return next((deadline for deadline in days if deadline > now), math.inf)


@lru_cache(maxsize=32)
def parse_timezone(name: str) -> tzinfo:
    """Return the zone of that name. Raise ValueError with a sentence if there is none."""
    if name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no timezone {name!r}; write one like Europe/Berlin or UTC") from None


def _parse_time(text: str) -> WaitUntilTime:
    found = _TIME.fullmatch(text)
    hour, minute, second = (int(part or 0) for part in found.groups()) if found else (99, 99, 99)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{text!r} is no time of day; write time:HH:MM:SS")
    return WaitUntilTime(hour=hour, minute=minute, second=second)


def _parse_moment(text: str) -> WaitUntilMoment:
    try:
        moment = datetime.fromisoformat(text)
        # Refuses what the calendar holds but Unix time or another zone does not.
        (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        shifted = 1 < moment.year < 9999
    except (ValueError, OverflowError):
        shifted = False
    if not shifted or not _MOMENT.fullmatch(text):
        raise ValueError(f"{text!r} is no ISO date-time; write one like 2030-01-31T08:30:00+01:00")
    return WaitUntilMoment(moment=moment, text=text)
