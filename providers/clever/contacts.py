"""Who a contact is: contacts without an id of their own are given one, and one person's records become one.

Clever keys a contact without an id from the SIS on what is written in it, so a new phone number gives it a new Clever
id, and the parent of two siblings may be two records. Here such records are one person where given and family name
agree and they share a student (with the same relationship), an e-mail address or a phone number. Two different given
names are never one person, nor is a record without a given name merged with any other.
"""

from __future__ import annotations

import hashlib

import polars as pl

from providers.clever.records import text

GENERATED = "contact-"
"""Generated ids start so: they are provisional, and who they are is matched with what is stored when planning."""

_NAMES_AT_ONE_ADDRESS = 3
"""So many people of different names may share an e-mail address or a phone; more show that it is a placeholder."""

_TITLE = r"(?i)^(mr|mrs|ms|miss|mx|dr|prof|rev|sr|sra)\.?\s+"


def name_parts(name: pl.Expr) -> dict[str, pl.Expr]:
    """Given, middle and family name of a whole name ("Pat Q Doe", "Doe, Pat Q"); one word is a family name."""
    plain = text(name.str.replace_all(r"[\s\p{Cc}]+", " ").str.strip_chars().str.replace(_TITLE, ""))
    comma = plain.str.contains(r"^[^,]+,\s*[^,\s][^,]*$")
    turned = pl.when(comma).then(plain.str.replace(r"^([^,]+),\s*(.+)$", "$2 $1")).otherwise(plain)
    given = turned.str.extract(r"^(\S+) ", 1)
    rest = pl.when(given.is_null()).then(turned).otherwise(turned.str.replace(r"^\S+ ", ""))
    middle = rest.str.extract(r"^(\p{L}\.?) \S", 1)
    family = pl.when(middle.is_null()).then(rest).otherwise(rest.str.replace(r"^\S+ ", ""))
    return {"given_name": given, "middle_name": middle, "family_name": family}


def _folded_name(name: pl.Expr) -> pl.Expr:
    letters = name.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^\p{L}\p{Nd}]", "")
    return pl.when(letters != "").then(letters)


def identified(contacts: pl.DataFrame, links: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The id of the person behind each contact record, and the records where that could not be decided.

    ``contacts``: record, own_id (null without one), given_name, family_name, email, number (a phone).
    ``links``: record, student, relationship. Returned: (record, sourced_id), and (record) of those that stay apart
    because one person would have two relationships to one student.
    """
    nobody = contacts.select("record").clear()
    without = contacts.filter(pl.col("own_id").is_null())
    own = contacts.filter(pl.col("own_id").is_not_null()).select("record", sourced_id="own_id")
    if without.is_empty():
        return own, nobody
    people = without.select(
        "record",
        given=_folded_name(pl.col("given_name")),
        family=_folded_name(pl.col("family_name")).fill_null(""),
        email=pl.col("email").str.to_lowercase(),
        phone=pl.col("number").str.replace_all(r"\D", "").str.extract(r"(\d{7,10})$", 1),
    ).with_columns(_personal("email"), _personal("phone"))
    named = people.filter(pl.col("given").is_not_null())
    theirs = links.join(named, on="record", maintain_order="left")
    keys = pl.concat(
        [
            theirs.select("record", key=_evidence("s", "student", "relationship")),
            named.select("record", key=_evidence("e", "email")),
            named.select("record", key=_evidence("p", "phone")),
        ]
    ).drop_nulls("key")
    groups = _components(named.select("record"), keys)
    apart = _contradicting(groups, theirs)
    groups = groups.with_columns(
        group=pl.when(pl.col("group").is_in(apart["group"].implode())).then("record").otherwise("group")
    )
    ids = people.join(groups, on="record", how="left", maintain_order="left").with_columns(
        pl.col("group").fill_null(pl.col("record"))
    )
    return pl.concat([own, _generated(ids, links)]), apart.select("record")


def _personal(column: str) -> pl.Expr:
    """The address or number, or null where so many names have it that it is nobody's ("none@example.org")."""
    names = pl.struct("given", "family").n_unique().over(column)
    return pl.when(names <= _NAMES_AT_ONE_ADDRESS).then(column).alias(column)


def _evidence(kind: str, *columns: str) -> pl.Expr:
    """The names and that evidence as one text, or null where a part of it is unknown (but a relationship may be)."""
    parts = [pl.col(columns[0]), *(pl.col(c).fill_null("") for c in columns[1:])]
    return pl.concat_str([pl.lit(kind), "given", "family", *parts], separator="\x1f")


def _components(records: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """(record, group): records that share a key, directly or through others, have the same group, a record of it."""
    group = records.with_columns(group=pl.col("record"))
    while True:
        by_key = keys.join(group, on="record").group_by("key").agg(pl.col("group").min().alias("least"))
        least = keys.join(by_key, on="key").group_by("record").agg(pl.col("least").min())
        smaller = group.join(least, on="record", how="left").select("record", group=pl.min_horizontal("group", "least"))
        if smaller.sort("record").equals(group.sort("record")):
            return smaller
        group = smaller


def _contradicting(groups: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """(record, group) of the groups in which two records have two relationships to one student.

    A father and a grandfather of one name may share a phone. "Other" contradicts nothing: emergency contacts have it.
    """
    stated = links.filter(pl.col("relationship") != "Other").join(groups, on="record")
    two = stated.group_by("group", "student").agg(
        pl.col("relationship").n_unique().alias("relationships"), pl.col("record").n_unique().alias("records")
    )
    wrong = two.filter((pl.col("relationships") > 1) & (pl.col("records") > 1))
    return groups.join(wrong.select("group").unique(), on="group", how="semi").sort("record")


def _generated(ids: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """(record, sourced_id): an id made of the group's first student and its names, which no new phone changes.

    Groups that would have the same id so (two grandmothers of one name) are numbered by their smallest record.
    """
    first = links.join(ids.select("record", "group"), on="record").group_by("group").agg(pl.col("student").min())
    groups = (
        ids.group_by("group")
        .agg(pl.col("record").min(), pl.col("given").first(), pl.col("family").first())
        .join(first, on="group", how="left")
        .sort("record")
        .with_columns(
            anchor=pl.concat_str(
                pl.coalesce("student", "record"), pl.col("given").fill_null(""), "family", separator="\x1f"
            )
        )
        .with_columns(number=pl.int_range(pl.len()).over("anchor"))
    )
    named = [
        GENERATED + hashlib.blake2b(f"{anchor}\x1f{number}".encode(), digest_size=12).hexdigest()
        for anchor, number in groups.select("anchor", "number").iter_rows()
    ]
    made = groups.select("group").with_columns(pl.Series("sourced_id", named, pl.String))
    return ids.join(made, on="group", maintain_order="left").select("record", "sourced_id")
