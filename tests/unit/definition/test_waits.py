"""Waits: what is waited for, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from engine.definition.waits import Wait, WaitFor, WaitUntilMoment, WaitUntilTime, next_deadline, parse_wait


def at(text: str) -> float:
    """Return the Unix time of an ISO date-time with offset."""
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (2, WaitFor(seconds=2.0)),
        ("2", WaitFor(seconds=2.0)),
        ("PT1.5S", WaitFor(seconds=1.5)),
        ("duration:5s", WaitFor(seconds=5.0)),
        ("time:08:30:15", WaitUntilTime(hour=8, minute=30, second=15)),
        ("time: 8:30", WaitUntilTime(hour=8, minute=30, second=0)),
        (
            "2030-01-31T08:30:00",
            WaitUntilMoment(moment=datetime(2030, 1, 31, 8, 30), text="2030-01-31T08:30:00"),  # noqa: DTZ001 - naive is the case
        ),
        (
            "datetime:2030-01-31 08:30:00Z",
            WaitUntilMoment(moment=datetime(2030, 1, 31, 8, 30, tzinfo=UTC), text="2030-01-31 08:30:00Z"),
        ),
        (
            "2030-01-31T08:30:00+02:00",
            WaitUntilMoment(
                moment=datetime(2030, 1, 31, 8, 30, tzinfo=timezone(timedelta(hours=2))),
                text="2030-01-31T08:30:00+02:00",
            ),
        ),
    ],
)
def test_wait_is_read(value: object, wait: Wait) -> None:
    """Every form of time that `wait_for` has."""
    assert wait == parse_wait(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("soon", "'soon' is no duration; write 500ms"),
        ("soon", "or time:HH:MM:SS or an ISO date-time"),
        ("-5s", "'-5s' is no duration"),
        (-5, "-5.0 is negative; a duration is not"),
        (True, "True is no duration"),
        ("time:24:00:00", "'24:00:00' is no time of day; write time:HH:MM:SS"),
        ("time:noon", "'noon' is no time of day"),
        ("datetime:tomorrow", "'tomorrow' is no ISO date-time"),
        ("datetime:2030-01-31", "'2030-01-31' is no ISO date-time"),
        ("2030-02-30T00:00:00", "'2030-02-30T00:00:00' is no ISO date-time"),
        ("9999-12-31T23:59:59-12:00", "is no ISO date-time"),
        ("0001-01-01T00:00:00+12:00", "is no ISO date-time"),
        ({"until": 1}, "is no duration"),
    ],
)
def test_bad_wait_is_refused(value: object, said: str) -> None:
    """Anything else is refused in a sentence."""
    with pytest.raises(ValueError) as caught:
        parse_wait(value)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("value", "now", "zone", "deadline"),
    [
        ("90s", "2030-01-01T00:00:00Z", "UTC", "2030-01-01T00:01:30Z"),
        ("time:08:30:00", "2030-01-01T08:00:00Z", "UTC", "2030-01-01T08:30:00Z"),
        ("time:08:30:00", "2030-01-01T08:30:00Z", "UTC", "2030-01-02T08:30:00Z"),
        ("time:08:30:00", "2030-01-01T08:00:00Z", "Europe/Berlin", "2030-01-02T08:30:00+01:00"),
        ("time:23:30:00", "2030-01-01T23:00:00Z", "Asia/Tokyo", "2030-01-02T23:30:00+09:00"),
        # Berlin, spring: 02:00 to 03:00 does not exist on 31 March 2030.
        ("time:02:30:00", "2030-03-30T23:30:00Z", "Europe/Berlin", "2030-03-31T03:30:00+02:00"),
        ("time:12:00:00", "2030-03-30T12:00:00Z", "Europe/Berlin", "2030-03-31T12:00:00+02:00"),
        # Berlin, autumn: 02:00 to 03:00 comes twice on 27 October 2030.
        ("time:02:30:00", "2030-10-27T00:00:00Z", "Europe/Berlin", "2030-10-27T02:30:00+02:00"),
        ("time:02:30:00", "2030-10-27T00:30:00Z", "Europe/Berlin", "2030-10-28T02:30:00+01:00"),
        ("time:02:30:00", "2030-10-27T01:10:00Z", "Europe/Berlin", "2030-10-28T02:30:00+01:00"),
        ("2030-06-01T12:00:00", "2030-01-01T00:00:00Z", "Europe/Berlin", "2030-06-01T12:00:00+02:00"),
        ("2030-06-01T12:00:00Z", "2030-01-01T00:00:00Z", "Europe/Berlin", "2030-06-01T12:00:00Z"),
        ("2020-06-01T12:00:00Z", "2030-01-01T00:00:00Z", "UTC", "2020-06-01T12:00:00Z"),
    ],
)
def test_deadline(value: str, now: str, zone: str, deadline: str) -> None:
    """A wait ends at this moment, also where the clocks change; a past one ends in the past, which is at once."""
    assert at(deadline) == next_deadline(parse_wait(value), at(now), zone)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_unknown_timezone_is_refused(zone: str) -> None:
    """A zone that does not exist, or a path, is refused in a sentence."""
    with pytest.raises(ValueError, match="there is no timezone"):
        next_deadline(WaitUntilTime(hour=1, minute=0, second=0), 0.0, zone)
