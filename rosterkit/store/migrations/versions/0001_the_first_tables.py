"""The first tables: what ``roster.entities`` and ``store.tables`` declare.

Nothing is released yet. With the first release this file is frozen (``alembic revision --autogenerate``), and every
later change of a table is a migration of its own.
"""

from __future__ import annotations

from alembic import op
from sqlmodel import SQLModel

revision = "0001"
down_revision = None


def upgrade() -> None:
    SQLModel.metadata.create_all(op.get_bind())
