"""Due dates in words, for a page, a terminal or a notebook."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo


def words(due: datetime, zone: tzinfo | None = None, year: bool = True) -> str:
    """A date in words, in this zone or that of the computer, whose name comes last.

    >>> words(datetime(2027, 3, 1, 17, tzinfo=UTC), UTC)
    'Monday 1 March 2027, 17:00 UTC'
    """
    local = due.astimezone(zone)
    name = local.tzname() or ""
    if name[:1] in ("+", "-"):  # a zone without a name, such as "-03" for Buenos Aires
        name = f"UTC{name}"
    shown_year = f" {local.year}" if year else ""
    return f"{local:%A} {local.day} {local:%B}{shown_year}, {local:%H:%M} {name}"


def left(due: datetime, now: datetime) -> str:
    """How much time is left until a date.

    >>> left(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 2, 26, 23, tzinfo=UTC))
    '2 days left'
    """
    minutes = int((due - now).total_seconds() // 60)
    if minutes < 0:
        return "passed"
    # Rounded down, an hour and a half would be one hour.
    counts = {"day": minutes // (24 * 60), "hour": minutes // 60, "minute": minutes}
    unit = next((unit for unit, count in counts.items() if count > 1), "minute")
    return f"{counts[unit]} {unit if counts[unit] == 1 else unit + 's'} left"


def on_start_page(due: str, now: datetime, with_left: bool) -> str:
    """A date of the outline for its reader, as in "Monday 1 March, 18:00 CET, 2 days left"."""
    date = datetime.fromisoformat(due)
    year = date.astimezone().year != now.astimezone().year
    return words(date, year=year) + (f", {left(date, now)}" if with_left else "")


def in_notebook(due: datetime) -> str:
    """The line at the head of a released notebook, in the zone that the author wrote."""
    return f"**Due: {words(due, due.tzinfo)}**"


def of_gradebook(due: datetime) -> datetime:
    """A date as nbgrader keeps it: in UTC, and without a zone."""
    return due.astimezone(UTC).replace(tzinfo=None)
