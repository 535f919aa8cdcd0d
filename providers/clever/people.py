"""Users: students, teachers, staff, administrators of the district, and contacts, who are kept apart.

A user with several roles is one record with several rows of Role. A contact never has another role, and may have no
stable id, so contacts are an id space of their own (``contacts``).
"""

from __future__ import annotations

from functools import reduce

import polars as pl

from providers.clever.cells import attributes, day, day_after, joined_key, json_list, wanted
from providers.clever.contacts import name_parts
from providers.clever.conversion import PLACE, Notes, Reading, changed, own_fields
from providers.clever.records import text
from providers.clever.vocabulary import (
    CONTACT_TYPES,
    GRADES,
    LANGUAGES,
    PHONE_TYPES,
    RACES,
    RELATIONSHIPS,
    SEXES,
    YES_NO,
    folded,
    known,
)

RACE_COLUMNS = tuple(dict.fromkeys(column for column in RACES.values() if column))
_NAMES = {"given": "first", "middle": "middle", "family": "last"}
_DISTRICT_ADMIN = "districtAdministrator"
_KINDS = ("student", "teacher", "staff", "district_admin")
_ATTRIBUTES = {
    "department": ("staff",),
    "ell_status": ("student",),
    "frl_status": ("student",),
    "gifted_status": ("student",),
    "graduation_year": ("student",),
    "home_language": ("student",),
    "iep_status": ("student",),
    "section_504_status": ("student",),
    "title": ("teacher", "staff", "district_admin"),
}
"""What may be kept as an attribute, and of which roles."""


def _of(role: str, *path: str) -> pl.Expr:
    """That field of a role."""
    return reduce(lambda found, name: found.struct.field(name), path, pl.col("roles").struct.field(role))


def _first(*fields: tuple[str, ...]) -> pl.Expr:
    """The first of those fields that is not blank."""
    return pl.coalesce(text(_of(*f)) for f in fields)


def _has(role: str) -> pl.Expr:
    return _of(role).is_not_null()


def users(records: pl.DataFrame, reading: Reading, notes: Notes) -> dict[str, pl.DataFrame]:
    """Tables "User", "Role" and "Demographics" of everybody but contacts, "contact", and "link" of contacts."""
    email = text(pl.col("email"))
    notes.add("clever.email-unusable", records.filter(~email.str.contains(".@.")), column="email")
    contacts = records.filter(_has("contact"))
    others = records.filter(~_has("contact"))
    tables = {"User": _people(others, reading, notes), "Role": _roles(others, reading, notes)}
    if reading.demographics:
        tables["Demographics"] = _demographics(others.filter(_has("student")), notes)
    return tables | _contacts(contacts, notes)


def _people(records: pl.DataFrame, reading: Reading, notes: Notes) -> pl.DataFrame:
    grade = text(_of("student", "grade"))
    unknown = records.filter(grade.is_not_null() & known(grade, GRADES).is_null())
    notes.add("clever.unknown-value", unknown.with_columns(v=grade), column="grade", value="v")
    notes.unusable("User", unknown, column="grades")
    sis_id = _first(("student", "sis_id"), ("teacher", "sis_id"))
    notes.add("clever.no-sis-id", records.filter(sis_id.is_null() & (_has("student") | _has("teacher"))))
    notes.add("clever.no-role", records.filter(~pl.any_horizontal(_has(kind) for kind in _KINDS)))
    code = folded(_of("student", "home_language_code"))
    language = pl.when(code.str.contains(r"^[a-z]{2,3}$")).then(code).replace(LANGUAGES)
    preferred = {
        f"preferred_{name}_name": text(_of("student", "preferred_name", part)) for name, part in _NAMES.items()
    }
    kept = {
        name: _first(*((role, name) for role in roles))
        for name, roles in _ATTRIBUTES.items()
        if wanted(name, reading.attributes)
    }
    extra = own_fields(records, tuple(f"$.roles.{role}.ext" for role in ("student", "teacher", "staff")), reading)
    return records.select(
        *PLACE,
        sourced_id="id",
        **{f"{name}_name": text(pl.col("name").struct.field(part)) for name, part in _NAMES.items()},
        **preferred,
        username=_first(*((role, "credentials", "district_username") for role in ("student", "teacher", "staff"))),
        email=text(pl.col("email")),
        identifier=_first(("student", "student_number"), ("teacher", "teacher_number"), ("staff", "staff_id")),
        state_id=_first(("student", "state_id"), ("teacher", "state_id")),
        grades=json_list(known(grade, GRADES)),
        primary_org=_first(("student", "school"), ("teacher", "school")),
        enabled=pl.lit(value=True),
        language=language,
        user_ids=json_list(_typed("sisId", sis_id), _typed("staffId", _first(("staff", "staff_id")))),
        attributes=attributes(kept, extra),
        _modified_at=changed(),
    )


def _typed(kind: str, value: pl.Expr) -> pl.Expr:
    """An id with its type, as in OneRoster's userIds."""
    return pl.when(value.is_not_null()).then(pl.concat_str(pl.lit(f"{{{kind}:"), value, pl.lit("}")))


def _schools(role: str) -> pl.Expr:
    """The schools of that role, the primary one first."""
    listed = _of(role, "schools").fill_null([])
    return listed if role == "staff" else pl.concat_list(text(_of(role, "school")), listed)


def _roles(records: pl.DataFrame, reading: Reading, notes: Notes) -> pl.DataFrame:
    """A row for each role at each school; at the district for its administrators, and for staff without a school."""
    words = {"student": "student", "teacher": "teacher", "staff": reading.staff_role, "district_admin": _DISTRICT_ADMIN}
    frames = []
    for kind in _KINDS:
        people = records.filter(_has(kind))
        schools = pl.lit([], pl.List(pl.String)) if kind == "district_admin" else _schools(kind)
        schools = schools.list.drop_nulls().list.unique(maintain_order=True)
        everywhere = pl.concat_list(text(pl.col("district"))) if kind in ("staff", "district_admin") else None
        at = pl.when(schools.list.len() > 0).then(schools).otherwise(everywhere)
        rows = people.select(*PLACE, user="id", org=at, role=pl.lit(words[kind]), _modified_at=changed())
        notes.add("clever.no-school", rows.filter(pl.col("org").is_null()), key="user")
        rows = rows.explode("org").drop_nulls("org")
        first = pl.int_range(pl.len()).over("user") == 0
        frames.append(rows.with_columns(type=pl.when(first).then(pl.lit("primary")).otherwise(pl.lit("secondary"))))
    roles = pl.concat(frames).with_columns(
        sourced_id=joined_key(pl.col("user"), pl.col("role"), pl.col("org")),
    )
    roles = roles.unique("sourced_id", keep="first", maintain_order=True)
    stays = _stays(records, reading, notes)
    roles = roles.join(stays, on=["user", "org", "role"], how="left", maintain_order="left")
    return roles.sort("_line", maintain_order=True)


def _stays(records: pl.DataFrame, reading: Reading, notes: Notes) -> pl.DataFrame:
    """(user, org, role, begin_date, end_date): from when to when students have classes at a school."""
    spans = (
        records.filter(_has("student"))
        .select(*PLACE, "id", span=_of("student", "enrollments"))
        .explode("span")
        .drop_nulls("span")
        .unnest("span")
        .with_columns(begin=day(text(pl.col("start_date"))), end=day(text(pl.col("end_date"))))
    )
    for column, read in (("start_date", "begin"), ("end_date", "end")):
        unreadable = spans.filter(text(pl.col(column)).is_not_null() & pl.col(read).is_null())
        notes.add("clever.date-unreadable", unreadable, column=f"enrollments.{column}", value=column)
    return (
        spans.group_by("id", "school")
        .agg(pl.col("begin").min(), pl.col("end").max())
        .select(
            user="id",
            org="school",
            role=pl.lit("student"),
            begin_date="begin",
            end_date=day_after(pl.col("end"), last_day=reading.last_day),
        )
    )


def _demographics(records: pl.DataFrame, notes: Notes) -> pl.DataFrame:
    born, sex = text(_of("student", "dob")), text(_of("student", "gender"))
    race, hispanic = text(_of("student", "race")), text(_of("student", "hispanic_ethnicity"))
    dated = records.with_columns(born=day(born))
    unreadable = dated.filter(born.is_not_null() & pl.col("born").is_null())
    notes.add("clever.date-unreadable", unreadable, column="dob")  # without its value, which is personal
    notes.unusable("Demographics", unreadable, column="birth_date")
    for value, words, name, columns in (
        (sex, SEXES, "gender", ("sex",)),
        (race, RACES, "race", RACE_COLUMNS),
        (hispanic, YES_NO, "hispanic_ethnicity", ("hispanic_or_latino_ethnicity",)),
    ):
        strange = records.filter(value.is_not_null() & known(value, words).is_null())
        notes.add("clever.unknown-value", strange, column=name)
        for column in columns:
            notes.unusable("Demographics", strange, column=column)
    return dated.select(
        *PLACE,
        sourced_id="id",
        user="id",
        birth_date="born",
        **demographic_columns(sex, race, hispanic),
        _modified_at=changed(),
    )


def demographic_columns(sex: pl.Expr, race: pl.Expr, hispanic: pl.Expr) -> dict[str, pl.Expr]:
    """The columns of Demographics that Clever has, from its words; null where a word is blank or unknown."""
    one = known(race, RACES)
    races = {column: pl.when((one != "") & one.is_not_null()).then(one == column) for column in RACE_COLUMNS}
    return {"sex": known(sex, SEXES), **races, "hispanic_or_latino_ethnicity": known(hispanic, YES_NO) == "true"}


def _contacts(records: pl.DataFrame, notes: Notes) -> dict[str, pl.DataFrame]:
    """Tables "contact", a row for each record, and "link", a row for each student that a record names."""
    whole = pl.concat_str(
        [text(pl.col("name").struct.field(part)) for part in _NAMES.values()], separator=" ", ignore_nulls=True
    )
    phone_type = text(_of("contact", "phone_type"))
    strange = records.filter(phone_type.is_not_null() & known(phone_type, PHONE_TYPES).is_null())
    notes.add("clever.unknown-value", strange.with_columns(v=phone_type), column="phone_type", value="v")
    people = records.select(
        *PLACE,
        record="id",
        own_id=pl.when(text(_of("contact", "sis_id")).is_not_null()).then("id"),
        sis_id=text(_of("contact", "sis_id")),
        district=text(pl.col("district")),
        full_name=text(whole),
        **name_parts(whole),
        email=text(pl.col("email")),
        number=text(_of("contact", "phone")),
        number_type=known(phone_type, PHONE_TYPES),
        _modified_at=changed(),
    )
    notes.add("clever.contact-without-id", people.filter(pl.col("own_id").is_null()), key="record")
    notes.add("clever.contact-without-given-name", people.filter(pl.col("given_name").is_null()), key="record")
    listed = records.select(*PLACE, record="id", link=_of("contact", "student_relationships"))
    return {"contact": people, "link": _links(listed, notes)}


def _links(listed: pl.DataFrame, notes: Notes) -> pl.DataFrame:
    links = listed.explode("link").unnest("link").with_columns(text(pl.col("student"))).drop_nulls("student")
    notes.add("clever.contact-without-student", listed.join(links, on="record", how="anti"), key="record")
    return link_words(links, notes)


def link_words(links: pl.DataFrame, notes: Notes) -> pl.DataFrame:
    """The relationship and type of each link in Clever's spelling, or as they came; ``type_key`` is the type folded."""
    relationship, kind = text(pl.col("relationship")), text(pl.col("type"))
    strange = links.filter(relationship.is_not_null() & known(relationship, RELATIONSHIPS).is_null())
    notes.add("clever.unknown-value", strange, column="relationship", key="record", value="relationship")
    return links.with_columns(
        relationship=pl.coalesce(known(relationship, RELATIONSHIPS), relationship),
        type=pl.coalesce(known(kind, CONTACT_TYPES), kind),
        type_key=folded(kind).fill_null(""),
    )
