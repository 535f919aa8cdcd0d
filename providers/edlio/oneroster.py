"""The third form that Edlio takes: a set of OneRoster 1.1 CSV files, made by the OneRoster feed.

Edlio's own rules hold there too: who is withheld from the template's files is not in the set either, each person has
one row and one address, and columns that the template's files would leave blank are blank.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import entry_points
from typing import Any

import polars as pl

from providers.edlio.columns import ROLES
from providers.edlio.settings import EdlioSettings
from rosterkit.errors import UsageError
from rosterkit.feeds.base import Feed, FeedContext, FeedFile, Roster
from rosterkit.feeds.csvout import read_csv
from rosterkit.feeds.people import current_roles
from rosterkit.feeds.rows import last_file, last_good_rows, to_file
from rosterkit.sources.findings import Findings

USERS = "users.csv"
KEY = "sourcedId"

_OF_USERS = {
    "User": ("id",),
    "Role": ("user_id",),
    "Enrollment": ("user_id",),
    "GuardianLink": ("guardian_id", "student_id"),
    "UserAttributes": ("user_id",),
    "UserProfile": ("user_id",),
    "Demographics": ("user_id",),
}
"""The columns that name a user, by entity."""

_BLANK = {
    "Middle Name": ("middle_name",),
    "Phone 1": ("sms", "phone"),
    "": ("user_ids", "preferred_given_name", "preferred_middle_name", "preferred_family_name", "pronouns"),
}
"""Columns of User that are sent only where the column of Edlio's that stands before them is mapped."""


def oneroster_feed() -> tuple[Feed, Any]:
    """The installed OneRoster feed, and its settings for Edlio: version 1.1, single files, nothing beyond the roster.

    Raises UsageError where no OneRoster feed is installed that can be asked for that.
    """
    points = {point.name: point for point in entry_points(group="rosterkit.feeds")}
    feed = points["oneroster"].load() if "oneroster" in points else None
    if not isinstance(feed, Feed):
        raise UsageError(
            'The setting layout = "oneroster" of the Edlio feed needs a OneRoster feed that builds and checks files. '
            'None is installed. Set layout = "files".'
        )
    return feed, feed.Settings.model_validate(
        {"version": "1.1", "form": "folder", "demographics": False, "extensions": False}
    )


@dataclass
class _Sent:
    """The roster without people who are not sent, and of each person the roles of one kind only."""

    roster: Roster
    users: pl.DataFrame  # id
    settings: EdlioSettings
    context: FeedContext
    revision: int

    def table(self, entity: str, *, roles: Collection[str] = (), as_of: date | None = None) -> pl.LazyFrame:
        rows = self.roster.table(entity, roles=roles, as_of=as_of)
        if entity == "Enrollment" and not self.settings.classes:
            return rows.head(0)
        for column in _OF_USERS.get(entity, ()):
            rows = rows.join(self.users.lazy(), left_on=column, right_on="id", how="semi")
        if entity == "User":
            return rows.with_columns(pl.lit(None, pl.String).alias(name) for name in self._blank())
        return self._of_one_kind(rows) if entity == "Role" else rows

    def _blank(self) -> list[str]:
        mapped = {name.rpartition(".")[2] for name in self.settings.columns}
        return [name for column, names in _BLANK.items() if column not in mapped for name in names]

    def _of_one_kind(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """A person with several kinds of roles would get several rows with one address; the strongest kind counts."""
        rank = pl.col("role").replace_strict(dict(zip(ROLES, range(len(ROLES)), strict=True)), default=len(ROLES))
        strongest = (
            current_roles(self.roster, self.context.as_of)
            .with_columns(_rank=rank)
            .sort("_rank", "role")
            .group_by(user_id="id", maintain_order=True)
            .agg(pl.col("role").first())
        )
        return rows.join(strongest, on=["user_id", "role"], how="semi")


def oneroster_files(
    roster: Roster, sent: pl.DataFrame, withheld: pl.DataFrame, settings: EdlioSettings, context: FeedContext
) -> Sequence[FeedFile]:
    """The files of the OneRoster feed for the people of ``sent`` (``_id``, ``_user``).

    ``withheld`` (``_user``) are people whose last good row is sent where absence would remove them. What the OneRoster
    feed found is counted by rule and file, under ``A6.oneroster``. Raises UsageError as ``oneroster_feed`` does.
    """
    feed, its = oneroster_feed()
    own = Findings(feed.rules)
    only = _Sent(roster, sent.select(id="_id").unique(), settings, context, roster.revision)
    files = feed.build(only, its, replace(context, findings=own, last_sent=None))
    for (rule, file), found in own.frame().group_by("rule", "file", maintain_order=True):
        context.findings.add("A6.oneroster", file=str(file), detail=f"{rule}: {found.height:,}")
    names = {file.name: file for file in files}
    if USERS not in names:
        return []
    names[USERS] = _users_file(names[USERS], sent, withheld, settings, context)
    return list(names.values())


def _users_file(
    file: FeedFile, sent: pl.DataFrame, withheld: pl.DataFrame, settings: EdlioSettings, context: FeedContext
) -> FeedFile:
    """The file of people with whose row is whose, and with last good rows; those name no guardians of then."""
    whose = sent.select("_user", _key=pl.col("_user").str.split_exact("/", 1).struct.field("field_1")).unique("_key")
    good = read_csv(file).rows.drop("_line").join(whose, left_on=KEY, right_on="_key", how="left")
    last = last_file(context.last_sent, USERS)
    kept = good.clear()
    if last is not None and settings.removal != "absent_kept":
        kept = last_good_rows(
            good,
            withheld.join(good, on="_user", how="anti"),
            [last],
            unique=[KEY, "email", "username"],
            as_of=context.as_of,
            days=settings.limits.keep_days,
            findings=context.findings,
            file=USERS,
            suppressed=context.suppressed,
        )
        if "agentSourcedIds" in kept.columns:
            kept = kept.with_columns(agentSourcedIds=pl.lit(None, pl.String))
    rows = pl.concat([good, kept], how="diagonal")
    made = to_file(USERS, rows, withheld, sort=[KEY], as_of=context.as_of, last=[last] if last else [], line_end="\n")
    return made or file
