"""Writes ``_columns.py`` from the SQLModel tables: ``python -m rosterkit.roster.generate``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import JSON, Boolean, Date

from rosterkit.roster.entities import CANONICAL, Record
from rosterkit.roster.entity import BOOKKEEPING

_HEAD = '''"""Generated from rosterkit.roster.entities by ``python -m rosterkit.roster.generate``: do not edit."""

from __future__ import annotations

from rosterkit.roster.entity import Column, Entity

ENTITIES = (
'''


def _kind(table: type[Record], name: str) -> tuple[str, str | None]:
    column = table.__table__.columns[name]  # type: ignore[attr-defined]  # SQLModel adds __table__ at run time
    for key in column.foreign_keys:
        target = key.target_fullname.split(".")[0]
        return "ref", next(t.__name__ for t in CANONICAL if t.__tablename__ == target)
    if isinstance(column.type, JSON):
        return ("list" if "list" in str(table.model_fields[name].annotation) else "json"), None
    if isinstance(column.type, Date):
        return "date", None
    return ("bool" if isinstance(column.type, Boolean) else "text"), None


def render() -> str:
    """The text of ``_columns.py``."""
    bookkeeping = {name for name, _ in BOOKKEEPING}
    out = [_HEAD]
    for table in CANONICAL:
        out.append(f'    Entity(\n        "{table.__name__}",\n        "{table.__tablename__}",\n        (\n')
        for name in table.model_fields:
            if name in bookkeeping:
                continue
            kind, to = _kind(table, name)
            required = not table.__table__.columns[name].nullable  # type: ignore[attr-defined]  # as above
            arguments = [f'"{name}"', f'"{kind}"']
            if to:
                arguments.append(f'to="{to}"')
            if required:
                arguments.append("required=True")
            if table.__table__.columns[name].info.get("needed"):  # type: ignore[attr-defined]  # as above
                arguments.append("needed=True")
            out.append(f"            Column({', '.join(arguments)}),\n")
        out.append("        ),\n    ),\n")
    out.append(")\n")
    return "".join(out)


if __name__ == "__main__":
    Path(__file__).with_name("_columns.py").write_text(render(), encoding="utf-8")
