"""Deliveries that can be followed: their steps and receipts, and sent bytes in chunks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default="")


def upgrade() -> None:
    with op.batch_alter_table("delivery") as table:
        for name in ("version", "origin", "error"):
            table.add_column(_text(name))
        table.add_column(sa.Column("runs", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("sent_at", sa.String(), nullable=True))
        table.add_column(sa.Column("leaves_at", sa.String(), nullable=True))
        table.add_column(sa.Column("steps", sa.JSON(), nullable=False, server_default="[]"))
    op.execute("update delivery set sent_at=at, runs=1, origin='built' where state='sent'")
    with op.batch_alter_table("sent_file") as table:
        table.add_column(_text("people_in"))
        table.add_column(sa.Column("header", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "sent_chunk",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["sent_body.sha256"]),
        sa.PrimaryKeyConstraint("sha256", "number"),
    )
    op.execute("insert into sent_chunk (sha256, number, body) select sha256, 0, body from sent_body")
    with op.batch_alter_table("sent_body") as table:
        table.drop_column("body")
        table.add_column(sa.Column("removed_at", sa.String(), nullable=True))
        table.add_column(_text("removed_why"))
