"""What every rendering shares: lines chosen and put in order, findings gathered, times and strange characters shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

import polars as pl

from rosterkit.config import nearest
from rosterkit.errors import UsageError
from rosterkit.plan.plan import ACTIONS, Plan, PlanView
from rosterkit.results import Approval
from rosterkit.roster.rules import SEVERITIES, Rule
from rosterkit.roster.schema import by_name, entities
from rosterkit.roster.vocabulary import ENTITY_WORDS

ENTITY_NAMES = tuple(entity.name for entity in entities())
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # terminal escapes among them
_FORMULA = r"^[=+\-@\t\r]"
_LIST = r'^\["(.*)"\]$'
_NAMED = 10  # so many of the held records are named beside the reason
_CREATED_SHOWN = 4  # so many values of a created record say who or what it is
_FIRST = 3  # so many lines and details stand for all of a rule
_PLURAL = {"error": "s", "warning": "s", "info": ""}


@dataclass(frozen=True)
class Choice:
    """Which lines of a plan are asked for; ``limit`` counts lines for each entity and action, 0 = all."""

    entity: str = ""
    action: str = ""
    school: str = ""
    held: bool = False
    limit: int = 0

    @property
    def chooses(self) -> bool:
        """Whether only some of the lines are asked for."""
        return bool(self.entity or self.action or self.school or self.held)

    def checked(self) -> Choice:
        """With entity and action as they are written; UsageError, naming the nearest, for one that does not exist."""
        return replace(self, entity=entity_named(self.entity), action=action_named(self.action))


def chosen(lines: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    """The lines asked for, by entity, action, school, name: LINES and ``more``, how many its group has beyond them.

    ``choice`` is one that was ``checked``. The limit keeps whole groups short; it is never silent.
    """
    wanted = lines.filter(_wanted(choice)).sort(
        _rank("entity", ENTITY_NAMES),
        _rank("action", ACTIONS),
        "school",
        "name",
        "sourced_id",
        "field",
        maintain_order=True,
    )
    group = ["entity", "action"]
    sized = wanted.with_columns(pl.len().over(group).cast(pl.Int64).alias("more"))
    if choice.limit:
        sized = sized.filter(pl.int_range(pl.len()).over(group) < choice.limit)
        return sized.with_columns((pl.col("more") - choice.limit).clip(0))
    return sized.with_columns(pl.lit(0, pl.Int64).alias("more"))


def with_values_in_words(view: PlanView, lines: pl.DataFrame, *, every: bool = False) -> pl.DataFrame:
    """The lines with lists as ``03, 04``, and where ``after`` of a created record says what its name does not.

    Of a created record these are its first values (``email: a@x, grades: 03``), or with ``every`` all of them, without
    its references: the name and the school say those in words.
    """
    lines = in_words(lines)
    shown = lines.select("entity", "sourced_id", _name="name").unique(["entity", "sourced_id"])
    few = {
        entity: frame.join(shown.filter(pl.col("entity") == entity).drop("entity"), on="sourced_id")
        for entity, frame in view.creates.items()
    }
    summaries = [_summary(entity, frame, every=every) for entity, frame in few.items() if frame.height]
    if not summaries:
        return lines
    summary = pl.concat(summaries)
    after = pl.coalesce("after", pl.when(pl.col("action") == "create").then("_summary"))
    joined = lines.join(summary, on=["entity", "sourced_id"], how="left", maintain_order="left")
    return joined.with_columns(after.alias("after")).drop("_summary")


def in_words(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines with lists as ``03, 04`` and references as ``Reading, Room 4 [cls-7]``."""
    return lines.with_columns(
        pl.when(pl.col(f"{side}_name").is_not_null())
        .then(pl.format("{} [{}]", f"{side}_name", side))
        .otherwise(unlisted(pl.col(side)))
        .alias(side)
        for side in ("before", "after")
    )


def held_reasons(lines: pl.DataFrame) -> pl.DataFrame:
    """Held records by entity, action, held (in words) and held_why: ``records``, most first, and ``who``: ten names."""
    named = pl.when(pl.col("name") != "").then(pl.format("{} [{}]", "name", "sourced_id")).otherwise("sourced_id")
    held = lines.filter(pl.col("held") != "").with_columns(_who=named, held=_held_in_words(pl.col("held")))
    who = pl.col("_who").unique(maintain_order=True)
    more = pl.when(who.len() > _NAMED).then(pl.format(", … and {} more", who.len() - _NAMED)).otherwise(pl.lit(""))
    counted = held.group_by("entity", "action", "held", "held_why").agg(
        pl.col("sourced_id").n_unique().alias("records"), (who.head(_NAMED).str.join(", ") + more).alias("who")
    )
    return counted.sort("records", "entity", "action", "held", "held_why", descending=[True, *[False] * 4])


def _held_in_words(code: pl.Expr) -> pl.Expr:
    return code.replace("case", "an id, number or username may have been reused")


def with_words(findings: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """The findings with ``message`` (the rule's meaning and what is special here) and ``remedy``."""
    found = {
        "rule": list(rules),
        "_meaning": [r.meaning for r in rules.values()],
        "remedy": [r.remedy for r in rules.values()],
    }
    words = pl.DataFrame(found, schema={"rule": pl.String, "_meaning": pl.String, "remedy": pl.String})
    message = pl.concat_str(pl.col("_meaning").fill_null(""), "detail", separator=" ").str.strip_chars()
    joined = findings.join(words, on="rule", how="left", maintain_order="left")
    return joined.with_columns(message.alias("message"), pl.col("remedy").fill_null("")).drop("_meaning")


def gathered(findings: pl.DataFrame, rules: Mapping[str, Rule]) -> pl.DataFrame:
    """Findings by severity, rule, file and column: ``count``, ``lines`` and details (the first three), ``remedy``."""
    groups = findings.sort("line").group_by("severity", "rule", "file", "column")
    found = groups.agg(
        pl.len().alias("count"),
        _first(pl.col("line").filter(pl.col("line") > 0).cast(pl.String), ", ").alias("lines"),
        pl.format("({})", _first(pl.col("detail").filter(pl.col("detail") != ""), "; ")).alias("detail"),
    )
    found = found.with_columns(pl.col("detail").replace("()", ""))
    worded = with_words(found, rules).rename({"message": "meaning"}).drop("detail")
    return worded.sort(_rank("severity", SEVERITIES), "rule", "file", "column")


def decided(one: Approval) -> str:
    """``Approved by maria: checked with the office``."""
    what = {"approve": "Approved", "reject": "Rejected"}.get(one.decision, f"{one.freed:,} held changes approved")
    return f"{what} by {one.actor}: {one.reason}"


def in_one_line(made: Plan) -> str:
    """``Plan: 3 to create, 1 to update, 2 to archive, 6 held.``, for logs."""
    counts = {action: getattr(made.total, action) for action in ACTIONS}
    found = [f"{count:,} to {action}" for action, count in counts.items() if count]
    found += [f"{made.total_held.total:,} held"] if made.total_held.total else []
    return f"Plan: {', '.join(found) or 'no change'}."


def counted(findings: Mapping[str, int]) -> str:
    """``2 errors, 1 warning``, or ``none``."""
    found = [
        f"{findings[one]:,} {one}{_PLURAL[one] if findings[one] > 1 else ''}" for one in SEVERITIES if findings.get(one)
    ]
    return ", ".join(found) or "none"


def unlisted(text: pl.Expr) -> pl.Expr:
    """Of one column: lists without JSON's brackets and quotation marks, ``03, 04``; any other text as it is."""
    return pl.coalesce(text.str.extract(_LIST).str.replace_all('","', ", ", literal=True), text)


def where(file: str, line: int) -> str:
    """``users.csv:12``, ``users.csv`` or ""."""
    return f"{file}:{line}" if file and line else file


def moment(at: datetime, zone: tzinfo) -> str:
    """A time as people in that zone read it: ``2026-09-14 05:30 CDT``."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def visible(value: object) -> str:
    """The text with control characters and overrides of direction made visible: no value can draw on a screen."""
    return _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", str(value).replace("\n", "⏎"))


def visible_cells() -> pl.Expr:
    """Every text of a frame, as ``visible`` has it."""
    text = pl.col(pl.String).str.replace_all("\n", "⏎", literal=True)
    return text.str.replace_all(_UNSEEN.pattern, "\N{REPLACEMENT CHARACTER}")


def no_formula(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before every text that a spreadsheet would take for a formula."""
    text = pl.col(pl.String)
    return frame.with_columns(pl.when(text.str.contains(_FORMULA)).then("'" + text).otherwise(text).name.keep())


def entity_named(word: str) -> str:
    """The entity as it is written, in any case or by a word such as student; "" for "".

    Raises UsageError, naming the nearest, for an unknown one.
    """
    return ENTITY_WORDS.get(word.lower()) or _known("entity", word, ENTITY_NAMES)


def action_named(word: str) -> str:
    """As ``entity_named``, of an action."""
    return _known("action", word, ACTIONS)


def _known(what: str, word: str, known: Iterable[str]) -> str:
    if not word:
        return ""
    by_lower = {name.lower(): name for name in known}
    if word.lower() not in by_lower:
        hint = nearest(word, by_lower.values()) or f"; there is {', '.join(by_lower.values())}."
        raise UsageError(f'There is no {what} "{word}"{hint}')
    return by_lower[word.lower()]


def _wanted(choice: Choice) -> pl.Expr:
    wanted = pl.lit(value=True)
    if choice.entity:
        wanted &= pl.col("entity") == choice.entity
    if choice.action:
        wanted &= pl.col("action") == choice.action
    if choice.school:
        wanted &= pl.col("school").str.to_lowercase().str.contains(choice.school.lower(), literal=True)
    if choice.held:
        wanted &= pl.col("held") != ""
    return wanted


def _rank(column: str, order: Iterable[str]) -> pl.Expr:
    ranks = {name: place for place, name in enumerate(order)}
    return pl.col(column).replace_strict(ranks, default=len(ranks), return_dtype=pl.Int32)


def _first(texts: pl.Expr, joint: str) -> pl.Expr:
    """The first few different texts in one, with an ellipsis where there are more."""
    different = texts.unique(maintain_order=True)
    more = pl.when(different.len() > _FIRST).then(pl.lit(f"{joint}…")).otherwise(pl.lit(""))
    return different.head(_FIRST).str.join(joint) + more


def _summary(entity: str, frame: pl.DataFrame, *, every: bool) -> pl.DataFrame:
    """entity, sourced_id and ``_summary`` of every created record."""
    own = [c.label for c in by_name(entity).columns if every or (not c.to and c.label != "attributes")]
    values = []
    for label in (label for label in own if label in frame.columns):
        value = unlisted(pl.col(label).cast(pl.String))
        new = value.is_not_null() & (pl.lit(every) | ~pl.col("_name").str.contains(value, literal=True))
        values.append(pl.when(new).then(pl.format("{}: {}", pl.lit(label), value)))
    listed = pl.concat_list(values) if values else pl.lit([], pl.List(pl.String))
    shown = listed.list.drop_nulls()
    text = (shown if every else shown.list.head(_CREATED_SHOWN)).list.join(", ")
    return frame.select(pl.lit(entity).alias("entity"), "sourced_id", text.alias("_summary"))
