"""Checks before export: only rows that are strictly valid together are sent.

Three passes, each over whole columns:

1. *Cells*: line breaks in text become spaces, items that no list can hold are dropped, an optional cell that is invalid
   is blanked, and a row with an invalid id or required cell is dropped.
2. *Required references*: a row is dropped when a record that it requires is missing. A required reference points to an
   earlier file of ``export_rows.ORDER``, and an optional one drops no row, so one pass in that order is complete.
3. *Optional references*: a reference to a missing record is blanked, agents that are no family are dropped, and so are
   enrollments outside the terms of their class. Nothing requires any of these, so no pass is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from providers.oneroster.agents import classification, people_of
from providers.oneroster.cells import GRADE_FORMS, SPACES
from providers.oneroster.export_rows import LISTS, ExportRows, ids_by_column
from providers.oneroster.itemlists import as_set, each
from providers.oneroster.roles import GUID, feed_findings, with_columns_of
from providers.oneroster.spec import FILES, Field, File
from providers.oneroster.validation import class_spans, outside_terms
from rosterkit.roster import findings

_CONTROL = r"[\x00-\x1f\x7f\x85\x{2028}\x{2029}]+"
_NEEDS_CLEANING = rf"{_CONTROL}|^\s|\s$|^$|^NULL$"
"""Text that holds control characters, has spaces around it, is blank, or is the word NULL."""
_EXTENSION = r"^ext:[a-zA-Z0-9._-]+$"
_USER_ID = r"^\{[^:{}]+:[^{}]+\}$"
_SETS = ("refs", "user_ids")
_SCHOOLS = ("classes", "enrollments")

Rows = dict[str, pl.DataFrame]


@dataclass
class ExportChecks:
    """The rows that are still to be sent, and the findings so far."""

    version: str
    rows: Rows
    ids: Mapping[str, pl.Series]  # ``ExportRows.ids``
    findings: list[pl.DataFrame] = field(default_factory=list)

    def file(self, name: str) -> File:
        return FILES[self.version][name]

    def note(self, rule: str, name: str, where: pl.Expr | pl.Series, column: str) -> bool:
        """Reports the rows for which ``where`` is true; returns whether there were any."""
        keys = self.rows[name].select(pl.col("sourcedId").filter(where)).to_series()
        if keys.len():
            self.find(rule, name, keys, column)
        return bool(keys.len())

    def find(self, rule: str, name: str, keys: pl.Series, column: str) -> None:
        """Reports the rows with these keys."""
        ids = ids_by_column(self.file(name), self.ids)
        texts = ids["sourcedId"].gather(keys) if "sourcedId" in ids else keys
        self.findings.append(feed_findings(rule, name, texts, column=column))

    def drop(self, rule: str, name: str, where: pl.Expr | pl.Series, column: str) -> None:
        if self.note(rule, name, where, column):
            self.rows[name] = self.rows[name].filter(~_is_true(where))

    def clear(self, rule: str, name: str, where: pl.Expr | pl.Series, column: str) -> None:
        if self.note(rule, name, where, column):
            self.rows[name] = self.rows[name].with_columns(pl.when(~_is_true(where)).then(column).alias(column))

    def change(self, rule: str, name: str, column: str, to: pl.Expr) -> None:
        """Sets the column to ``to``, and reports the rows where the value differs."""
        if self.note(rule, name, pl.col(column).ne_missing(to), column):
            self.rows[name] = self.rows[name].with_columns(to.alias(column))

    def has_values(self, name: str, column: str) -> bool:
        """Whether any row has a value there."""
        cells = self.rows[name][column]
        return cells.null_count() < cells.len()


def check_rows(export: ExportRows, version: str) -> ExportChecks:
    """Runs every check: the rows that are strictly valid together, and a finding for each change and dropped row."""
    files = export.files
    checks = ExportChecks(version, dict(files), export.ids, list(export.findings))
    for name in files:
        _cells(checks, name)
    for name in files:
        _required_references(checks, name)
    for name in files:
        _optional_references(checks, name)
    if "roles" in files:
        with_role = checks.rows["roles"]["userSourcedId"].unique().implode()
        checks.note("feed.no-role", "users", ~pl.col("sourcedId").is_in(with_role), "role")
    if "enrollments" in files:
        _outside_terms(checks, _class_dates(checks))
    return checks


def _is_true(where: pl.Expr | pl.Series) -> pl.Expr:
    return (pl.lit(where) if isinstance(where, pl.Series) else where).fill_null(False)


def _cells(checks: ExportChecks, name: str) -> None:
    columns = checks.file(name).fields[3:]  # after sourcedId, status, dateLastModified
    checks.drop("feed.id", name, ~_valid_keys(checks, name), "sourcedId")
    checks.drop("feed.duplicate-id", name, _repeated(checks.rows[name]["sourcedId"]), "sourcedId")
    if "subjectCodes" in checks.file(name).header:
        _subject_codes(checks, name)
    for column in columns:
        if not checks.has_values(name, column.name):
            pass
        elif column.type in LISTS:
            _items(checks, name, column)
        elif column.type == "text":
            _text(checks, name, column.name)
        elif column.type in _VALID:
            rule = "feed.value" if column.required else "feed.cell"
            act = checks.drop if column.required else checks.clear
            act(rule, name, _invalid(checks.rows[name][column.name], column), column.name)
        if column.required:
            checks.drop("feed.required", name, pl.col(column.name).is_null(), column.name)
    _dates(checks, name)
    for extension in checks.rows[name].columns[len(checks.file(name).header) :]:
        _text(checks, name, extension)
    if name == "roles":
        _one_primary(checks)


def _valid_keys(checks: ExportChecks, name: str) -> pl.Series:
    keys = checks.rows[name]["sourcedId"]
    texts = ids_by_column(checks.file(name), checks.ids).get("sourcedId")
    if texts is not None:
        return _valid_ids(texts).gather(keys).fill_null(value=False)
    return _valid_ids(keys).fill_null(value=False)


def _valid_ids(texts: pl.Series) -> pl.Series:
    return texts.str.contains(GUID) & (texts != "NULL")  # one that a spreadsheet mangled has a +


def _repeated(ids: pl.Series) -> pl.Series:
    """Which ids are repeated. Sorted ids, as those of enrollments, need no hash table."""
    ordered = ids if ids.is_sorted() else ids.sort()
    if (ordered == ordered.shift()).any():
        return ids.is_duplicated()
    return pl.repeat(False, ids.len(), dtype=pl.Boolean, eager=True)


def _invalid(cells: pl.Series, column: Field) -> pl.Series:
    """Which cells are invalid in the column; only distinct values are checked, as there are few."""
    invalid = cells.unique().drop_nulls().to_frame().filter(~_VALID[column.type](column)).to_series()
    return (
        cells.is_in(invalid.implode()) if invalid.len() else pl.repeat(False, cells.len(), dtype=pl.Boolean, eager=True)
    )


def _date(column: Field) -> pl.Expr:
    cell = pl.col(column.name)
    shape = cell.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    return shape & cell.str.to_date("%Y-%m-%d", strict=False).is_not_null()


def _token(column: Field) -> pl.Expr:
    cell = pl.col(column.name)
    listed = cell.is_in(list(column.tokens))
    return listed | cell.str.contains(_EXTENSION) if column.extensible else listed


_VALID: dict[str, Callable[[Field], pl.Expr]] = {
    "date": _date,
    "enum": _token,
    "year": lambda column: pl.col(column.name).str.contains(r"^[0-9]{4}$"),
}
"""By type of field, whether a cell that is not blank is valid."""


def _text(checks: ExportChecks, name: str, column: str) -> None:
    cell = pl.col(column)
    if not checks.rows[name].select(cell.str.contains(_NEEDS_CLEANING).any()).item():
        return
    checks.change("feed.line-break", name, column, cell.str.replace_all(_CONTROL, " "))
    bare = cell.str.strip_chars(SPACES)  # strict reading takes spaces around a value for an error
    checks.rows[name] = checks.rows[name].with_columns(pl.when(bare != "").then(bare).alias(column))
    checks.clear("feed.cell", name, cell == "NULL", column)


def _items(checks: ExportChecks, name: str, column: Field) -> None:
    """Drops the items that are invalid in the list, and sorts the lists that are sets."""
    lists = checks.rows[name][column.name]
    if column.type != "refs":
        lists = _items_changed(checks, "feed.item", name, lists, _CLEAN_ITEM)
    if column.name == "grades":
        lists = _items_changed(checks, "feed.grade", name, lists, _ITEM.replace(GRADE_FORMS))
    if column.type == "user_ids":
        lists = _items_changed(checks, "feed.user-id", name, lists, pl.when(_ITEM.str.contains(_USER_ID)).then(_ITEM))
    if column.type in _SETS or column.name == "grades":
        lists = as_set(lists)
    cell = pl.col(column.name)
    checks.rows[name] = checks.rows[name].with_columns(lists).with_columns(pl.when(cell.list.len() > 0).then(cell))


def _items_changed(checks: ExportChecks, rule: str, name: str, lists: pl.Series, item: pl.Expr) -> pl.Series:
    """The lists with ``item`` in the place of each item; reports the rows where they differ."""
    to = each(lists, item)
    if to is not lists:
        checks.find(rule, name, checks.rows[name]["sourcedId"].filter(lists.ne_missing(to)), lists.name)
    return to


_ITEM = pl.col("item")
_STRIPPED = _ITEM.str.strip_chars()
_CLEAN_ITEM = pl.when((_STRIPPED != "") & ~_STRIPPED.str.contains(rf",|{_CONTROL}")).then(_STRIPPED)
"""An item without the spaces around it; none where no list of strings can hold it."""


def _subject_codes(checks: ExportChecks, name: str) -> None:
    """Blanks subject codes that do not pair with the subjects: another count, or an item of either is dropped."""
    if not (checks.has_values(name, "subjects") and checks.has_values(name, "subjectCodes")):
        return
    rows = checks.rows[name]
    counts = rows.select(pl.col("subjects", "subjectCodes").list.len())
    kept = pl.DataFrame([each(rows[column], _CLEAN_ITEM).list.len() for column in counts.columns])
    subjects, codes = counts
    wrong = (subjects != codes) | (kept["subjects"] != subjects) | (kept["subjectCodes"] != codes)
    checks.clear("feed.subject-codes", name, pl.lit((subjects > 0) & (codes > 0) & wrong), "subjectCodes")


def _dates(checks: ExportChecks, name: str) -> None:
    """An end date is exclusive, so it must be later than the begin date."""
    header = checks.file(name).header
    begin = next((column for column in ("startDate", "beginDate") if column in header), None)
    if begin and checks.has_values(name, begin) and checks.has_values(name, "endDate"):
        checks.drop("feed.dates", name, pl.col("endDate") <= pl.col(begin), "endDate")


def _one_primary(checks: ExportChecks) -> None:
    """Of several primary roles at one organisation, the first by id stays primary."""
    checks.rows["roles"] = checks.rows["roles"].sort("sourcedId")
    primary = pl.col("roleType") == "primary"
    further = primary & (primary.cum_sum().over("userSourcedId", "orgSourcedId") > 1)
    to = pl.when(further).then(pl.lit("secondary")).otherwise("roleType")
    checks.change("feed.second-primary", "roles", "roleType", to)


def _required_references(checks: ExportChecks, name: str) -> None:
    for column in checks.file(name).fields:
        if not column.required or not column.to:
            continue
        if column.type == "refs":
            _drop_dangling_items(checks, name, column)
            checks.drop("feed.depends", name, pl.col(column.name).is_null(), column.name)
            continue
        dangling = ~_resolves(checks, name, column, checks.rows[column.to]["sourcedId"])
        if dangling.any():
            _note_dependents(checks, name, column, dangling)
            checks.rows[name] = checks.rows[name].filter(~dangling.fill_null(False))
    if name in _SCHOOLS:
        schools = checks.rows["orgs"].filter((pl.col("type") == "school") | pl.col("type").str.starts_with("ext:"))
        no_school = ~_resolves(checks, name, checks.file(name).field("schoolSourcedId"), schools["sourcedId"])
        checks.drop("feed.school", name, no_school, "schoolSourcedId")


def _note_dependents(checks: ExportChecks, name: str, column: Field, dangling: pl.Series) -> None:
    """Reports the rows that require a dropped record, each with that record and why it was dropped."""
    rows = checks.rows[name].select("sourcedId", _needs=column.name).filter(dangling)
    if rows.is_empty():
        return
    ids = ids_by_column(checks.file(name), checks.ids)
    key = ids["sourcedId"].gather(rows["sourcedId"]) if "sourcedId" in ids else rows["sourcedId"]
    needed = checks.ids[column.to].gather(rows["_needs"])
    causes = findings.concat(checks.findings).filter(pl.col("file") == f"{column.to}.csv").unique("key", keep="last")
    further = pl.when(pl.col("detail") != "").then(pl.format(" ({})", "detail")).otherwise(pl.lit(""))
    why = pl.format(": {} {}", "rule", "column") + further
    frame = pl.DataFrame([key.alias("key"), needed.alias("_needed")])
    frame = frame.join(causes.select(_needed="key", _why=why), on="_needed", how="left", maintain_order="left")
    detail = pl.format("{}.csv {} is left out{}", pl.lit(column.to), "_needed", pl.col("_why").fill_null(""))
    made = feed_findings("feed.depends", name, frame["key"], column=column.name)
    checks.findings.append(made.with_columns(frame.select(detail=detail)["detail"]))


def _resolves(checks: ExportChecks, name: str, column: Field, places: pl.Series) -> pl.Series:
    """Which references of the column resolve to one of these ids."""
    marks = pl.repeat(False, checks.ids[column.to].len(), dtype=pl.Boolean, eager=True)
    return marks.scatter(places, True).gather(checks.rows[name][column.name])


def _drop_dangling_items(checks: ExportChecks, name: str, column: Field) -> None:
    """Drops the references of a list that resolve to nothing in the package."""
    pairs = checks.rows[name].select("sourcedId", item=column.name).explode("item").drop_nulls()
    stays = pairs.join(checks.rows[column.to].select(item="sourcedId"), on="item", how="semi")
    _keep_items(checks, name, column.name, stays, "feed.link")


def _keep_items(checks: ExportChecks, name: str, column: str, stays: pl.DataFrame, rule: str) -> None:
    """Leaves only these items (``sourcedId``, ``item``) in the list, and reports the rows that lost one."""
    pairs = checks.rows[name].select("sourcedId", item=column).explode("item").drop_nulls()
    if stays.height == pairs.height:
        return
    cut = pairs.join(stays, on=["sourcedId", "item"], how="anti")["sourcedId"].unique()
    checks.find(rule, name, cut, column)
    kept = stays.group_by("sourcedId").agg(pl.col("item").unique().sort().alias(column))
    order = checks.rows[name].columns
    checks.rows[name] = checks.rows[name].drop(column).join(kept, on="sourcedId", how="left").select(order)


def _optional_references(checks: ExportChecks, name: str) -> None:
    for column in checks.file(name).fields:
        if column.required or not column.to or column.to not in checks.rows:
            continue
        if column.type == "refs":
            _drop_dangling_items(checks, name, column)
        else:
            dangling = ~_resolves(checks, name, column, checks.rows[column.to]["sourcedId"])
            checks.clear("feed.link", name, dangling, column.name)
    if "parentSourcedId" in checks.file(name).header:
        _cycles(checks, name)
    if name == "courses":
        _school_years(checks)
    if name == "users":
        _agents(checks)
    if name == "roles":
        _primary_orgs(checks)
        _profiles(checks)


def _cycles(checks: ExportChecks, name: str) -> None:
    """Blanks the parents of records that are their own parent, directly or through others.

    Whoever has no parent or no child among the rest is in no cycle; taken away again and again, cycles remain.
    """
    rest = checks.rows[name].select("sourcedId", "parentSourcedId").drop_nulls()
    size = -1
    while size != rest.height:
        size = rest.height
        ids, parents = pl.lit(rest["sourcedId"]).implode(), pl.lit(rest["parentSourcedId"]).implode()
        rest = rest.filter(pl.col("parentSourcedId").is_in(ids) & pl.col("sourcedId").is_in(parents))
    in_cycle = pl.col("sourcedId").is_in(pl.lit(rest["sourcedId"]).implode())
    checks.clear("feed.cycle", name, in_cycle, "parentSourcedId")


def _agents(checks: ExportChecks) -> None:
    """Drops agents who are no family, by the roles that are sent."""
    users = checks.rows["users"]
    roles = checks.rows["roles"].rename({"userSourcedId": "user"}) if "roles" in checks.rows else None
    sent = users.rename({"sourcedId": "user"}) if roles is None else roles
    kinds = people_of(sent.select("user", "role").drop_nulls())
    pairs = users.select("sourcedId", item="agentSourcedIds").explode("item").drop_nulls()
    pairs = with_columns_of(pairs, "sourcedId", kinds.select("user", "kind"), checks.ids["users"])
    pairs = with_columns_of(pairs, "item", kinds.select("user", kind_other="kind"), checks.ids["users"])
    pairs = pairs.with_columns(pl.col("kind", "kind_other").fill_null("unknown"))
    family = classification(pl.col("sourcedId"), pl.col("item")).is_in(["student", "guardian", "agents.role-unknown"])
    _keep_items(checks, "users", "agentSourcedIds", pairs.filter(family).select("sourcedId", "item"), "feed.family")


def _class_dates(checks: ExportChecks) -> pl.DataFrame:
    listed = checks.rows["classes"].select(item="termSourcedIds", **{"class": "sourcedId"}).explode("item")
    return class_spans(listed, checks.rows["academicSessions"].rename({"sourcedId": "item"}))


def _outside_terms(checks: ExportChecks, spans: pl.DataFrame) -> None:
    dated = checks.rows["enrollments"].select("sourcedId", "classSourcedId", "beginDate", "endDate")
    outside = outside_terms(dated.join(spans, left_on="classSourcedId", right_on="class"))
    if outside.height:
        where = pl.col("sourcedId").is_in(outside["sourcedId"].implode())
        checks.drop("feed.outside-terms", "enrollments", where, "beginDate")


def _school_years(checks: ExportChecks) -> None:
    years = checks.rows["academicSessions"].filter(
        (pl.col("type") == "schoolYear") | pl.col("type").str.starts_with("ext:")
    )
    other = ~pl.col("schoolYearSourcedId").is_in(pl.lit(years["sourcedId"]).implode())
    checks.clear("feed.school-year", "courses", other, "schoolYearSourcedId")


def _primary_orgs(checks: ExportChecks) -> None:
    held = checks.rows["roles"].select(sourcedId="userSourcedId", primaryOrgSourcedId="orgSourcedId").unique()
    users = checks.rows["users"].join(
        held.with_columns(_held=pl.lit(value=True)), on=["sourcedId", "primaryOrgSourcedId"], how="left"
    )
    checks.rows["users"] = users
    without = pl.col("primaryOrgSourcedId").is_not_null() & pl.col("_held").is_null()
    checks.clear("feed.primary-org", "users", without, "primaryOrgSourcedId")
    checks.rows["users"] = checks.rows["users"].drop("_held")


def _profiles(checks: ExportChecks) -> None:
    owners = checks.rows["userProfiles"].select(userProfileSourcedId="sourcedId", _owner="userSourcedId")
    checks.rows["roles"] = checks.rows["roles"].join(owners, on="userProfileSourcedId", how="left")
    checks.clear("feed.profile", "roles", pl.col("_owner") != pl.col("userSourcedId"), "userProfileSourcedId")
    checks.rows["roles"] = checks.rows["roles"].drop("_owner")
