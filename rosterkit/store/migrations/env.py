"""Alembic's environment: migrates the database that ``rosterkit.store.database.migrate`` hands over."""

from __future__ import annotations

from alembic import context
from sqlmodel import SQLModel

from rosterkit.roster import entities as tables
from rosterkit.store import tables as journal

assert journal and tables  # importing them declares every table  # noqa: PT018 - two modules, one statement of why
connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
