"""Gradebooks as rows: a copy to grade into, and the differences that are written back.

Only what has changed is written, in one transaction. So it works with any database, a person may
grade in the formgrader meanwhile, and an interruption leaves the gradebook as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Base, Gradebook
from sqlalchemy import Table, delete, insert, select, update

from autograder.problem import Problem

Row = dict[str, Any]
Rows = Mapping[str, Mapping[str, Row]]
"""The content of a gradebook: for the name of each table, its rows by their id."""

# Whoever opens a gradebook adds its course here, which no grade depends on.
_TABLES: list[Table] = [table for table in Base.metadata.sorted_tables if table.name != "course"]


@dataclass(frozen=True)
class Change:
    """A row that is new, different or gone; `before` or `after` is None where there is none."""

    table: Table
    before: Row | None
    after: Row | None


def rows(gradebook: Gradebook) -> Rows:
    """Everything that is in a gradebook."""
    return {
        table.name: {row["id"]: dict(row) for row in gradebook.db.execute(select(table)).mappings()}
        for table in Base.metadata.sorted_tables
    }


def write_copy(content: Rows, url: str) -> None:
    """Write these rows into a new gradebook at this address."""
    with Gradebook(url) as gradebook:
        for table in reversed(Base.metadata.sorted_tables):
            gradebook.db.execute(delete(table))
        for table in Base.metadata.sorted_tables:
            if content[table.name]:
                gradebook.db.execute(insert(table), list(content[table.name].values()))
        gradebook.db.commit()


def changes(before: Rows, after: Rows) -> list[Change]:
    """What is different, in an order in which it can be written."""
    gone = [
        Change(table, row, None)
        for table in reversed(_TABLES)
        for key, row in before[table.name].items()
        if key not in after[table.name]
    ]
    written = [
        Change(table, before[table.name].get(key), row)
        for table in _TABLES
        for key, row in after[table.name].items()
        if before[table.name].get(key) != row
    ]
    return gone + written


def write(gradebook: Gradebook, changed: Sequence[Change]) -> None:
    """Write these changes into the gradebook, without the commit.

    Raises:
        Problem: somebody has changed the same entries of the gradebook meanwhile.
    """
    for change in changed:
        if change.before is None:
            gradebook.db.execute(insert(change.table).values(**(change.after or {})))
        elif gradebook.db.execute(_statement(change, change.before)).rowcount != 1:
            gradebook.db.rollback()
            raise Problem(
                "Somebody has changed the gradebook since this command read it, so nothing was "
                "written: run the same command again."
            )


def _statement(change: Change, before: Row) -> Any:
    """The statement that writes a change, if what it changes is still as it was."""
    if change.after is None:
        return delete(change.table).where(*_as_in(before, change.table, list(before)))
    names = [name for name, value in change.after.items() if before[name] != value]
    values = {name: change.after[name] for name in names}
    same = _as_in(before, change.table, ["id", *names])
    return update(change.table).where(*same).values(**values)


def _as_in(row: Row, table: Table, names: Sequence[str]) -> Iterator[Any]:
    return (table.columns[name].is_not_distinct_from(row[name]) for name in names)
