"""The manual verbs as methods of a workspace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from rosterkit.manual import activity, additions, edits, safety, switches
from rosterkit.manual.revision import Actor, Done, ManualRun
from rosterkit.review import entity_of
from rosterkit.store.blocks import blocks, pins, with_keys
from rosterkit.workspace_folder import WorkspaceFolder


def _whole_or(source: str, school: str) -> str:
    """A source, or one school of it, as the audit log names them."""
    return f"{source}: {school}" if school else source


class ManualVerbs(WorkspaceFolder):
    """What people do by hand. ``actor`` is NAME or NAME:ROLE.

    Every verb is a revision of its own. Raises Refused, naming the rule and the setting, where policy forbids it.
    """

    @contextmanager
    def _desk(self, actor: str, verb: str, subject: str = "") -> Iterator[ManualRun]:
        """The workspace for one verb, which is in the audit log afterwards with what it is about."""
        who = Actor.of(actor, self.config)
        with self._write() as connection:
            run = ManualRun(self.database, connection, self.config, who, self._today())
            done = False
            try:
                yield run
                done = True
            finally:
                if done or run.about:  # a part of it may have been done before it failed
                    self.audit("act", verb, actor=who.name, subject=subject, records=sorted(run.about))

    def block_link(self, adult: str, student: str, *, reason: str, actor: str) -> Done:
        """Blocks the link between an adult and a student in every feed, whatever a source states."""
        with self._desk(actor, "block link") as run:
            return safety.block_link(run, adult, student, reason)

    def unblock_link(self, adult: str, student: str, *, reason: str, actor: str) -> Done:
        """Lifts the block of a link."""
        with self._desk(actor, "unblock link") as run:
            return safety.unblock_link(run, adult, student, reason)

    def suppress(self, person: str, *, reason: str, actor: str, feed: str = "", field: str = "") -> Done:
        """Keeps a person, or one value, from every feed or from one."""
        with self._desk(actor, "suppress") as run:
            return safety.suppress(run, person, reason, feed=feed, field=field)

    def unsuppress(self, person: str, *, reason: str, actor: str, feed: str = "", field: str = "") -> Done:
        """Lifts a suppression."""
        with self._desk(actor, "unsuppress") as run:
            return safety.unsuppress(run, person, reason, feed=feed, field=field)

    def archive(self, entity: str, sourced_id: str, *, reason: str, actor: str) -> Done:
        """Archives a record by hand: no feed gets it, nor what refers to it, until that is lifted."""
        with self._desk(actor, "archive") as run:
            return safety.archive(run, entity_of(entity), sourced_id, reason)

    def unarchive(self, entity: str, sourced_id: str, *, reason: str, actor: str) -> Done:
        """Lifts an archive by hand."""
        with self._desk(actor, "unarchive") as run:
            return safety.unarchive(run, entity_of(entity), sourced_id, reason)

    def add_student(self, school: str, values: Mapping[str, str], *, actor: str, key: str = "") -> Done:
        """Adds a student, with values by field."""
        with self._desk(actor, "add student") as run:
            return additions.add_student(run, school, values, key)

    def add_staff(
        self, school: str, values: Mapping[str, str], *, actor: str, role: str = "teacher", key: str = ""
    ) -> Done:
        """Adds a member of staff, with values by field."""
        with self._desk(actor, "add staff") as run:
            return additions.add_staff(run, school, values, role, key)

    def add_guardian(
        self, student: str, values: Mapping[str, str], *, actor: str, relationship: str = "guardian", key: str = ""
    ) -> Done:
        """Adds a guardian of a student, with values by field."""
        with self._desk(actor, "add guardian") as run:
            return additions.add_guardian(run, student, values, relationship, key)

    def add_class(self, school: str, title: str, *, actor: str, type_: str = "scheduled", key: str = "") -> Done:
        """Adds a manual class."""
        with self._desk(actor, "add class") as run:
            return additions.add_class(run, school, title, type_, key)

    def enroll(self, class_: str, person: str, *, actor: str, role: str = "student") -> Done:
        """Enrolls a person in a class."""
        with self._desk(actor, "enroll") as run:
            return additions.enroll(run, class_, person, role)

    def link(self, guardian: str, student: str, *, actor: str, relationship: str = "guardian") -> Done:
        """Links a guardian with a student."""
        with self._desk(actor, "link") as run:
            return additions.link(run, guardian, student, relationship)

    def edit(self, entity: str, sourced_id: str, values: Mapping[str, str], *, actor: str, reason: str = "") -> Done:
        """Gives fields other values; of a synced record they are pinned."""
        with self._desk(actor, "edit") as run:
            return edits.edit(run, entity_of(entity), sourced_id, values, reason)

    def pin(
        self, entity: str, sourced_id: str, field: str, *, reason: str, actor: str, value: str | None = None
    ) -> Done:
        """Pins a value, or the present one: no sync changes it until a person unpins it."""
        with self._desk(actor, "pin") as run:
            return edits.pin(run, entity_of(entity), sourced_id, field, reason, value)

    def unpin(self, entity: str, sourced_id: str, field: str, *, reason: str, actor: str) -> Done:
        """Lifts a pin: what the source last delivered counts again."""
        with self._desk(actor, "unpin") as run:
            return edits.unpin(run, entity_of(entity), sourced_id, field, reason)

    def activity_import(self, path: Path, *, actor: str) -> tuple[list[Done], list[str]]:
        """Takes in who has signed in, who joined by a code, and what was edited at a vendor.

        Returns what became revisions, and a sentence for each line that was refused.
        """
        with self._desk(actor, "activity import") as run:
            return activity.import_activity(run, path)

    def source_disable(self, source: str, *, reason: str, actor: str, school: str = "") -> None:
        """Disables a source, whole or for one school, without archiving anybody."""
        with self._desk(actor, "source disable", _whole_or(source, school)) as run:
            switches.disable(run, source, school, reason)

    def source_enable(self, source: str, *, reason: str, actor: str, school: str = "") -> None:
        """Enables it again."""
        with self._desk(actor, "source enable", _whole_or(source, school)) as run:
            switches.enable(run, source, school, reason)

    def blocks(self) -> pl.DataFrame:
        """The blocks in force (store.blocks.BLOCKS) with the sourced ids of their records."""
        with self._read() as connection:
            return with_keys(connection, blocks(connection))

    def pins(self) -> pl.DataFrame:
        """The pins in force (store.blocks.PINS) with the sourced ids of their records."""
        with self._read() as connection:
            return with_keys(connection, pins(connection))
