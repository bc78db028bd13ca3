"""Times as the published product writes them: RFC 3339 in UTC with milliseconds, one spelling. Not a clock.

`datetime` is outside the core, and reads more spellings than one.
"""

from __future__ import annotations

from kanoniv_auth.core.errors import TokenParseError

_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
_DAYS_TO_1970 = 719162  # from 0001-01-01


def parse_time(value: object) -> int:
    """Read `YYYY-MM-DDTHH:MM:SS.mmmZ` (RFC 3339, UTC, from 1970 on) as milliseconds. Raises: TokenParseError."""
    if type(value) is not str:
        raise _malformed("a time that is not text")
    text = value
    digits = (
        text[:4] + text[5:7] + text[8:10] + text[11:13] + text[14:16] + text[17:19] + text[20:23]
    )
    shape = (
        text[4:5] + text[7:8] + text[10:11] + text[13:14] + text[16:17] + text[19:20] + text[23:]
    )
    if shape != "--T::.Z" or len(digits) != 17 or digits.strip("0123456789"):
        raise _malformed("a time that is not YYYY-MM-DDTHH:MM:SS.mmmZ")
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    hour, minute, second = int(digits[8:10]), int(digits[10:12]), int(digits[12:14])
    if year < 1970 or not 1 <= month <= 12 or not 1 <= day <= _days_in(year, month):
        raise _malformed("a day that is in no calendar")
    if hour > 23 or minute > 59 or second > 59:
        raise _malformed("an hour that is in no day")
    seconds = (_days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second
    return seconds * 1000 + int(digits[14:])


def format_time(seconds: int) -> str:
    """Write whole seconds as `parse_time` reads them."""
    days, rest = divmod(seconds, 86400)
    year = 1970 + days // 366
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 1
    while month < 12 and _days(year, month + 1, 1) <= days:
        month += 1
    day = days - _days(year, month, 1) + 1
    hour, rest = divmod(rest, 3600)
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{rest // 60:02}:{rest % 60:02}.000Z"


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _days_in(year: int, month: int) -> int:
    return _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1] + (month == 2 and _is_leap(year))


def _days(year: int, month: int, day: int) -> int:
    past = year - 1
    leap = month > 2 and _is_leap(year)
    whole = past * 365 + past // 4 - past // 100 + past // 400
    return whole + _DAYS_BEFORE[month - 1] + leap + day - 1 - _DAYS_TO_1970


def _malformed(detail: str) -> TokenParseError:
    return TokenParseError("parse", detail=detail)
