"""When a scene was taken, from its tags and its name."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_DATE = re.compile(
    r"(?<!\d)(?P<year>19[4-9]\d|20\d\d)(?P<mark>[-_]?)(?P<month>\d\d)(?P=mark)(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)Z?)?(?!\d)"
)
_TAG_FORMATS = ("%Y:%m:%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


def acquisition_time(name: str, tags: Mapping[str, str]) -> datetime | None:
    """The time of a scene in UTC, or None where nothing states one.

    Looked for in this order: the tag ACQUISITIONDATETIME (GDAL's IMAGERY metadata, the sensor's own time), a date in
    the name (YYYYMMDD, YYYY-MM-DD or YYYY_MM_DD, with THHMMSS or without, then midnight), the tag TIFFTAG_DATETIME
    (often the time the file was written, hence last). A number that is no date of the calendar is passed over.

    >>> acquisition_time("khmeimim_20241213_pan", {})
    datetime.datetime(2024, 12, 13, 0, 0, tzinfo=datetime.timezone.utc)
    """
    return (
        _tag_time(tags.get("ACQUISITIONDATETIME", ""))
        or _name_time(name)
        or _tag_time(tags.get("TIFFTAG_DATETIME", ""))
    )


def _tag_time(text: str) -> datetime | None:
    plain = text.strip().removesuffix("Z").partition(".")[0]
    for pattern in _TAG_FORMATS:
        try:
            return datetime.strptime(plain, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _name_time(name: str) -> datetime | None:
    for match in _DATE.finditer(name):
        day = f"{match['year']}-{match['month']}-{match['day']}"
        clock = f"{match['hour'] or '00'}:{match['minute'] or '00'}:{match['second'] or '00'}"
        try:
            return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
