"""What of the drafts is strictly valid: cells first, then the rows that can stand, then the links between them.

Three passes, each over whole columns:

1. *Cells*: text is freed of line breaks, items that no list can hold are dropped, an optional cell that its column
   cannot hold is blanked, and a row whose id or required cell is no good is left out.
2. *Standing*: a row that needs a row which is not there is left out. What a row needs stands in an earlier file of
   ``draft.ORDER``, and no optional reference leaves a row out, so one pass in that order is the fixed point.
3. *Links*: optional references to what is not there are blanked, family links that OneRoster does not know are
   dropped, and enrollments outside the terms of their class are left out. Nothing needs any of these: nothing is done
   again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from providers.oneroster.agents import people_of, verdict
from providers.oneroster.cells import GRADE_FORMS
from providers.oneroster.export_rows import LISTS, Drafts, numbered
from providers.oneroster.itemlists import as_set, each
from providers.oneroster.roles import GUID, found, with_columns_of
from providers.oneroster.spec import FILES, Field, File
from providers.oneroster.validation import class_spans, outside_terms
from rosterkit.roster import findings

__all__ = ["Sieve", "sift"]

_CONTROL = r"[\x00-\x1f\x7f\x85\x{2028}\x{2029}]+"
_TELLING = rf"{_CONTROL}|^\s*$|^NULL$"
"""A text that does not mean itself."""
_OWN_WORD = r"^ext:[a-zA-Z0-9._-]+$"
_USER_ID = r"^\{[^:{}]+:[^{}]+\}$"
_SETS = ("refs", "user_ids")
_SCHOOLS = ("classes", "enrollments")

Rows = dict[str, pl.DataFrame]


@dataclass
class Sieve:
    """The rows that are still in, and what was found on the way."""

    version: str
    rows: Rows
    ids: Mapping[str, pl.Series]  # ``Drafts.ids``
    findings: list[pl.DataFrame] = field(default_factory=list)

    def file(self, name: str) -> File:
        return FILES[self.version][name]

    def note(self, rule: str, name: str, where: pl.Expr | pl.Series, column: str) -> bool:
        """Notes the rows for which ``where`` is true; whether there were any."""
        keys = self.rows[name].select(pl.col("sourcedId").filter(where)).to_series()
        if keys.len():
            self.find(rule, name, keys, column)
        return bool(keys.len())

    def find(self, rule: str, name: str, keys: pl.Series, column: str) -> None:
        """Notes the rows with these keys."""
        ids = numbered(self.file(name), self.ids)
        texts = ids["sourcedId"].gather(keys) if "sourcedId" in ids else keys
        self.findings.append(found(rule, name, texts, column=column))

    def leave_out(self, rule: str, name: str, where: pl.Expr | pl.Series, column: str) -> None:
        if self.note(rule, name, where, column):
            self.rows[name] = self.rows[name].filter(~_sure(where))

    def blank(self, rule: str, name: str, where: pl.Expr | pl.Series, column: str) -> None:
        if self.note(rule, name, where, column):
            self.rows[name] = self.rows[name].with_columns(pl.when(~_sure(where)).then(column).alias(column))

    def change(self, rule: str, name: str, column: str, to: pl.Expr) -> None:
        """Puts the value in, and notes the rows where it differs."""
        if self.note(rule, name, pl.col(column).ne_missing(to), column):
            self.rows[name] = self.rows[name].with_columns(to.alias(column))

    def said(self, name: str, column: str) -> bool:
        """Whether any row has a value there."""
        cells = self.rows[name][column]
        return cells.null_count() < cells.len()


def sift(drafts: Drafts, version: str) -> Sieve:
    """The rows that are strictly valid together, by file, and a finding for everything that is not sent as it was."""
    files = drafts.files
    sieve = Sieve(version, dict(files), drafts.ids, list(drafts.findings))
    for name in files:
        _cells(sieve, name)
    for name in files:
        _standing(sieve, name)
    for name in files:
        _links(sieve, name)
    if "enrollments" in files:
        _outside_terms(sieve, _spans(sieve))
    return sieve


def _sure(where: pl.Expr | pl.Series) -> pl.Expr:
    return (pl.lit(where) if isinstance(where, pl.Series) else where).fill_null(False)


def _cells(sieve: Sieve, name: str) -> None:
    columns = sieve.file(name).fields[3:]  # after sourcedId, status, dateLastModified
    sieve.leave_out("feed.id", name, ~_fit_keys(sieve, name), "sourcedId")
    sieve.leave_out("feed.duplicate-id", name, _repeated(sieve.rows[name]["sourcedId"]), "sourcedId")
    if "subjectCodes" in sieve.file(name).header:
        _subject_codes(sieve, name)
    for column in columns:
        if not sieve.said(name, column.name):
            pass
        elif column.type in LISTS:
            _items(sieve, name, column)
        elif column.type == "text":
            _text(sieve, name, column.name)
        elif column.type in _FITS:
            rule = "feed.value" if column.required else "feed.cell"
            act = sieve.leave_out if column.required else sieve.blank
            act(rule, name, _unfit(sieve.rows[name][column.name], column), column.name)
        if column.required:
            sieve.leave_out("feed.required", name, pl.col(column.name).is_null(), column.name)
    _dates(sieve, name)
    for extension in sieve.rows[name].columns[len(sieve.file(name).header) :]:
        _text(sieve, name, extension)
    if name == "roles":
        _one_primary(sieve)


def _fit_keys(sieve: Sieve, name: str) -> pl.Series:
    keys = sieve.rows[name]["sourcedId"]
    texts = numbered(sieve.file(name), sieve.ids).get("sourcedId")
    if texts is not None:
        return _fit_ids(texts).gather(keys).fill_null(value=False)
    return _fit_ids(keys).fill_null(value=False)


def _fit_ids(texts: pl.Series) -> pl.Series:
    return texts.str.contains(GUID) & (texts != "NULL")  # one that a spreadsheet mangled has a +


def _repeated(ids: pl.Series) -> pl.Series:
    """Which are there more than once; in order, as enrollments come, that is seen without a table of them all."""
    ordered = ids if ids.is_sorted() else ids.sort()
    if (ordered == ordered.shift()).any():
        return ids.is_duplicated()
    return pl.repeat(False, ids.len(), dtype=pl.Boolean, eager=True)


def _unfit(cells: pl.Series, column: Field) -> pl.Series:
    """Which cells the column cannot hold: there are few distinct ones."""
    unfit = cells.unique().drop_nulls().to_frame().filter(~_FITS[column.type](column)).to_series()
    return cells.is_in(unfit.implode()) if unfit.len() else pl.repeat(False, cells.len(), dtype=pl.Boolean, eager=True)


def _date(column: Field) -> pl.Expr:
    cell = pl.col(column.name)
    shape = cell.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    return shape & cell.str.to_date("%Y-%m-%d", strict=False).is_not_null()


def _token(column: Field) -> pl.Expr:
    cell = pl.col(column.name)
    listed = cell.is_in(list(column.tokens))
    return listed | cell.str.contains(_OWN_WORD) if column.extensible else listed


_FITS: dict[str, Callable[[Field], pl.Expr]] = {
    "date": _date,
    "enum": _token,
    "year": lambda column: pl.col(column.name).str.contains(r"^[0-9]{4}$"),
}
"""Whether the column can hold a cell that is not blank, by type of field."""


def _text(sieve: Sieve, name: str, column: str) -> None:
    cell = pl.col(column)
    if not sieve.rows[name].select(cell.str.contains(_TELLING).any()).item():
        return
    sieve.change("feed.line-break", name, column, cell.str.replace_all(_CONTROL, " "))
    sieve.blank("feed.cell", name, cell == "NULL", column)
    sieve.rows[name] = sieve.rows[name].with_columns(pl.when(cell.str.strip_chars() != "").then(cell).alias(column))


def _items(sieve: Sieve, name: str, column: Field) -> None:
    """Drops the items that cannot stand in the list, and sorts the lists that are sets."""
    lists = sieve.rows[name][column.name]
    if column.type != "refs":
        lists = _items_changed(sieve, "feed.item", name, lists, _KEPT)
    if column.name == "grades":
        lists = _items_changed(sieve, "feed.grade", name, lists, _ITEM.replace(GRADE_FORMS))
    if column.type == "user_ids":
        lists = _items_changed(sieve, "feed.user-id", name, lists, pl.when(_ITEM.str.contains(_USER_ID)).then(_ITEM))
    if column.type in _SETS or column.name == "grades":
        lists = as_set(lists)
    cell = pl.col(column.name)
    sieve.rows[name] = sieve.rows[name].with_columns(lists).with_columns(pl.when(cell.list.len() > 0).then(cell))


def _items_changed(sieve: Sieve, rule: str, name: str, lists: pl.Series, item: pl.Expr) -> pl.Series:
    """The lists with ``item`` in the place of each item; notes the rows where they differ."""
    to = each(lists, item)
    if to is not lists:
        sieve.find(rule, name, sieve.rows[name]["sourcedId"].filter(lists.ne_missing(to)), lists.name)
    return to


_ITEM = pl.col("item")
_BARE = _ITEM.str.strip_chars()
_KEPT = pl.when((_BARE != "") & ~_BARE.str.contains(rf",|{_CONTROL}")).then(_BARE)
"""An item without the spaces around it; none where no list of strings can hold it."""


def _subject_codes(sieve: Sieve, name: str) -> None:
    """Blanks codes that do not pair with their subjects: of another number, or with an item of either to be dropped."""
    if not (sieve.said(name, "subjects") and sieve.said(name, "subjectCodes")):
        return
    rows = sieve.rows[name]
    said = rows.select(pl.col("subjects", "subjectCodes").list.len())
    kept = pl.DataFrame([each(rows[column], _KEPT).list.len() for column in said.columns])
    subjects, codes = said
    wrong = (subjects != codes) | (kept["subjects"] != subjects) | (kept["subjectCodes"] != codes)
    sieve.blank("feed.subject-codes", name, pl.lit((subjects > 0) & (codes > 0) & wrong), "subjectCodes")


def _dates(sieve: Sieve, name: str) -> None:
    """An end date is exclusive: what ends on the day that it begins is never."""
    header = sieve.file(name).header
    begin = next((column for column in ("startDate", "beginDate") if column in header), None)
    if begin and sieve.said(name, begin) and sieve.said(name, "endDate"):
        sieve.leave_out("feed.dates", name, pl.col("endDate") <= pl.col(begin), "endDate")


def _one_primary(sieve: Sieve) -> None:
    """Of several primary roles at one organisation, the first by id stays primary."""
    sieve.rows["roles"] = sieve.rows["roles"].sort("sourcedId")
    primary = pl.col("roleType") == "primary"
    further = primary & (primary.cum_sum().over("userSourcedId", "orgSourcedId") > 1)
    to = pl.when(further).then(pl.lit("secondary")).otherwise("roleType")
    sieve.change("feed.second-primary", "roles", "roleType", to)


def _standing(sieve: Sieve, name: str) -> None:
    for column in sieve.file(name).fields:
        if not column.required or not column.to:
            continue
        if column.type == "refs":
            _items_in(sieve, name, column)
            sieve.leave_out("feed.depends", name, pl.col(column.name).is_null(), column.name)
            continue
        gone = ~_among(sieve, name, column, sieve.rows[column.to]["sourcedId"])
        if gone.any():
            _note_dependants(sieve, name, column, gone)
            sieve.rows[name] = sieve.rows[name].filter(~gone.fill_null(False))
    if name in _SCHOOLS:
        schools = sieve.rows["orgs"].filter((pl.col("type") == "school") | pl.col("type").str.starts_with("ext:"))
        no_school = ~_among(sieve, name, sieve.file(name).field("schoolSourcedId"), schools["sourcedId"])
        sieve.leave_out("feed.school", name, no_school, "schoolSourcedId")


def _note_dependants(sieve: Sieve, name: str, column: Field, gone: pl.Series) -> None:
    """Notes the rows that go with the record that they need, each with that record and why it is left out itself."""
    rows = sieve.rows[name].select("sourcedId", _needs=column.name).filter(gone)
    if rows.is_empty():
        return
    ids = numbered(sieve.file(name), sieve.ids)
    key = ids["sourcedId"].gather(rows["sourcedId"]) if "sourcedId" in ids else rows["sourcedId"]
    needed = sieve.ids[column.to].gather(rows["_needs"])
    causes = findings.concat(sieve.findings).filter(pl.col("file") == f"{column.to}.csv").unique("key", keep="last")
    further = pl.when(pl.col("detail") != "").then(pl.format(" ({})", "detail")).otherwise(pl.lit(""))
    why = pl.format(": {} {}", "rule", "column") + further
    frame = pl.DataFrame([key.alias("key"), needed.alias("_needed")])
    frame = frame.join(causes.select(_needed="key", _why=why), on="_needed", how="left", maintain_order="left")
    detail = pl.format("{}.csv {} is left out{}", pl.lit(column.to), "_needed", pl.col("_why").fill_null(""))
    made = found("feed.depends", name, frame["key"], column=column.name)
    sieve.findings.append(made.with_columns(frame.select(detail=detail)["detail"]))


def _among(sieve: Sieve, name: str, column: Field, places: pl.Series) -> pl.Series:
    """Which references of the column name one of these ids."""
    marks = pl.repeat(False, sieve.ids[column.to].len(), dtype=pl.Boolean, eager=True)
    return marks.scatter(places, True).gather(sieve.rows[name][column.name])


def _items_in(sieve: Sieve, name: str, column: Field) -> None:
    """Drops the items of a list of references that name what is not in the package."""
    pairs = sieve.rows[name].select("sourcedId", item=column.name).explode("item").drop_nulls()
    stays = pairs.join(sieve.rows[column.to].select(item="sourcedId"), on="item", how="semi")
    _keep_items(sieve, name, column.name, stays, "feed.link")


def _keep_items(sieve: Sieve, name: str, column: str, stays: pl.DataFrame, rule: str) -> None:
    """Leaves only these items (``sourcedId``, ``item``) in the list, and notes the rows that lost one."""
    pairs = sieve.rows[name].select("sourcedId", item=column).explode("item").drop_nulls()
    if stays.height == pairs.height:
        return
    cut = pairs.join(stays, on=["sourcedId", "item"], how="anti")["sourcedId"].unique()
    sieve.find(rule, name, cut, column)
    kept = stays.group_by("sourcedId").agg(pl.col("item").unique().sort().alias(column))
    order = sieve.rows[name].columns
    sieve.rows[name] = sieve.rows[name].drop(column).join(kept, on="sourcedId", how="left").select(order)


def _links(sieve: Sieve, name: str) -> None:
    for column in sieve.file(name).fields:
        if column.required or not column.to or column.to not in sieve.rows:
            continue
        if column.type == "refs":
            _items_in(sieve, name, column)
        else:
            gone = ~_among(sieve, name, column, sieve.rows[column.to]["sourcedId"])
            sieve.blank("feed.link", name, gone, column.name)
    if "parentSourcedId" in sieve.file(name).header:
        _cycles(sieve, name)
    if name == "courses":
        _school_years(sieve)
    if name == "users":
        _families(sieve)
    if name == "roles":
        _primary_orgs(sieve)
        _profiles(sieve)


def _cycles(sieve: Sieve, name: str) -> None:
    """Blanks the parents of records that are their own parent, directly or through others.

    Whoever has no parent or no child among the rest is in no cycle; taken away again and again, cycles remain.
    """
    rest = sieve.rows[name].select("sourcedId", "parentSourcedId").drop_nulls()
    size = -1
    while size != rest.height:
        size = rest.height
        ids, parents = pl.lit(rest["sourcedId"]).implode(), pl.lit(rest["parentSourcedId"]).implode()
        rest = rest.filter(pl.col("parentSourcedId").is_in(ids) & pl.col("sourcedId").is_in(parents))
    in_cycle = pl.col("sourcedId").is_in(pl.lit(rest["sourcedId"]).implode())
    sieve.blank("feed.cycle", name, in_cycle, "parentSourcedId")


def _families(sieve: Sieve) -> None:
    """Drops agents who are no family: the roles of both are those that are sent."""
    users = sieve.rows["users"]
    roles = sieve.rows["roles"].rename({"userSourcedId": "user"}) if "roles" in sieve.rows else None
    said = users.rename({"sourcedId": "user"}) if roles is None else roles
    kinds = people_of(said.select("user", "role").drop_nulls())
    pairs = users.select("sourcedId", item="agentSourcedIds").explode("item").drop_nulls()
    pairs = with_columns_of(pairs, "sourcedId", kinds.select("user", "kind"), sieve.ids["users"])
    pairs = with_columns_of(pairs, "item", kinds.select("user", kind_other="kind"), sieve.ids["users"])
    pairs = pairs.with_columns(pl.col("kind", "kind_other").fill_null("unknown"))
    told = verdict(pl.col("sourcedId"), pl.col("item")).is_in(["student", "guardian", "agents.role-unknown"])
    _keep_items(sieve, "users", "agentSourcedIds", pairs.filter(told).select("sourcedId", "item"), "feed.family")


def _spans(sieve: Sieve) -> pl.DataFrame:
    listed = sieve.rows["classes"].select(item="termSourcedIds", **{"class": "sourcedId"}).explode("item")
    return class_spans(listed, sieve.rows["academicSessions"].rename({"sourcedId": "item"}))


def _outside_terms(sieve: Sieve, spans: pl.DataFrame) -> None:
    dated = sieve.rows["enrollments"].select("sourcedId", "classSourcedId", "beginDate", "endDate")
    outside = outside_terms(dated.join(spans, left_on="classSourcedId", right_on="class"))
    if outside.height:
        where = pl.col("sourcedId").is_in(outside["sourcedId"].implode())
        sieve.leave_out("feed.outside-terms", "enrollments", where, "beginDate")


def _school_years(sieve: Sieve) -> None:
    years = sieve.rows["academicSessions"].filter(
        (pl.col("type") == "schoolYear") | pl.col("type").str.starts_with("ext:")
    )
    other = ~pl.col("schoolYearSourcedId").is_in(pl.lit(years["sourcedId"]).implode())
    sieve.blank("feed.school-year", "courses", other, "schoolYearSourcedId")


def _primary_orgs(sieve: Sieve) -> None:
    held = sieve.rows["roles"].select(sourcedId="userSourcedId", primaryOrgSourcedId="orgSourcedId").unique()
    users = sieve.rows["users"].join(
        held.with_columns(_held=pl.lit(value=True)), on=["sourcedId", "primaryOrgSourcedId"], how="left"
    )
    sieve.rows["users"] = users
    without = pl.col("primaryOrgSourcedId").is_not_null() & pl.col("_held").is_null()
    sieve.blank("feed.primary-org", "users", without, "primaryOrgSourcedId")
    sieve.rows["users"] = sieve.rows["users"].drop("_held")


def _profiles(sieve: Sieve) -> None:
    owners = sieve.rows["userProfiles"].select(userProfileSourcedId="sourcedId", _owner="userSourcedId")
    sieve.rows["roles"] = sieve.rows["roles"].join(owners, on="userProfileSourcedId", how="left")
    sieve.blank("feed.profile", "roles", pl.col("_owner") != pl.col("userSourcedId"), "userProfileSourcedId")
    sieve.rows["roles"] = sieve.rows["roles"].drop("_owner")
