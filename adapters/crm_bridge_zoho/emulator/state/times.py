"""Times as Zoho writes them: in the current user's zone, whole seconds, with the offset."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class CentralEurope(tzinfo):
    """Berlin by the rule in force since 1996, for machines without a zone database."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """Return one hour in winter, two in summer; wall times in the hour that is skipped count as winter."""
        return timedelta(hours=1) + self.dst(moment)

    def dst(self, moment: datetime | None) -> timedelta:
        """Return one hour between 02:00 on March's last Sunday and 03:00 on October's."""
        if moment is None:
            return timedelta()
        wall = moment.replace(tzinfo=None)
        begin = _last_sunday(wall.year, 3) + timedelta(hours=3)
        end = _last_sunday(wall.year, 10) + timedelta(hours=2 if moment.fold else 3)
        return timedelta(hours=int(begin <= wall < end))

    def tzname(self, moment: datetime | None) -> str:
        """Return CET or CEST."""
        return "CEST" if self.dst(moment) else "CET"

    def fromutc(self, moment: datetime) -> datetime:
        """Convert by the instants of change, 01:00 UTC on both Sundays."""
        utc = moment.replace(tzinfo=None)
        hour = timedelta(hours=1)
        begin, end = (_last_sunday(utc.year, month) + hour for month in (3, 10))
        summer = begin <= utc < end
        wall = utc + (2 * hour if summer else hour)
        return wall.replace(tzinfo=self, fold=int(end <= utc < end + hour))


def zone(name: str = "Europe/Berlin") -> tzinfo:
    """Return the zone by name; Berlin also works without a zone database."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        if name == "Europe/Berlin":
            return CentralEurope()
        raise


def stamp(seconds: int, where: tzinfo) -> str:
    """Write an instant (seconds since 1970, UTC) as Zoho does."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(where).isoformat(timespec="seconds")


def instant(text: str) -> int | None:
    """Read an ISO 8601 date-time with offset as seconds since 1970; None if it is not one."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    return int(moment.timestamp()) if moment.tzinfo else None


def is_date(text: str) -> bool:
    """Return whether the text is a calendar date `yyyy-MM-dd`."""
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month + 1, 1) if month < 12 else datetime(year + 1, 1, 1)
    last -= timedelta(days=1)
    return last - timedelta(days=(last.weekday() + 1) % 7)
