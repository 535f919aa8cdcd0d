"""What breaks a rule of Handshake in a row: columns, and when a row breaks the rule there."""

from __future__ import annotations

import re
from collections.abc import Iterable

import polars as pl

from providers.handshake.columns import COLUMNS, DEPRECATED, MINIMUM, by_kind
from providers.handshake.settings import HandshakeSettings
from rosterkit.feeds.contacts import ADDRESS
from rosterkit.feeds.preflight import repeated

_Broken = Iterable[tuple[str, pl.Expr]]


def twice(column: str) -> _Broken:
    yield column, repeated(pl.col(column).str.to_lowercase())


def no_auth(settings: HandshakeSettings) -> _Broken:
    if settings.sso:
        yield "auth_identifier", pl.col("auth_identifier").is_null()
    yield from twice("auth_identifier")


def blank(_settings: HandshakeSettings) -> _Broken:
    for column in MINIMUM:
        yield column, pl.col(column).is_null()
    yield "email_address", ~pl.col("email_address").str.contains(ADDRESS)


def blank_required(settings: HandshakeSettings) -> _Broken:
    return ((name, pl.col(name).is_null()) for name in settings.required if name not in MINIMUM)


def wrong_value(settings: HandshakeSettings) -> _Broken:
    for column in COLUMNS:
        value = pl.col(column.header)
        clear = (value == settings.clear_token) & column.clearable
        if column.allowed:
            yield column.header, ~value.is_in([*column.allowed, *DEPRECATED]) & ~clear
        elif column.kind == "date":
            day = value.str.to_date("%Y-%m-%d", strict=False)
            yield (
                column.header,
                (day.is_null() | ~value.str.contains(r"^\d{4}-\d\d-\d\d$")) & ~clear & value.is_not_null(),
            )
        elif column.kind == "boolean":
            yield column.header, ~value.str.to_uppercase().is_in(["TRUE", "FALSE"])
        elif column.kind == "decimal":
            yield column.header, ~value.str.contains(r"^\d+(\.\d+)?$") & ~clear
        elif not column.clearable:
            yield column.header, value == settings.clear_token
    start, end = (pl.col(f"primary_education:{name}_date") for name in ("start", "end"))
    yield "primary_education:end_date", end.str.to_date(strict=False) < start.str.to_date(strict=False)


def odd_value(_settings: HandshakeSettings) -> _Broken:
    for header in by_kind("boolean"):
        yield (
            header,
            pl.col(header).str.contains("^(?i:true|false)$")
            & ~pl.col(header).str.contains("^(TRUE|true|FALSE|false)$"),
        )
    yield "school_year_name", pl.col("school_year_name").is_in(list(DEPRECATED))
    phone = pl.col("mobile_number")
    yield "mobile_number", ~phone.str.contains(r"^\(\d{3}\)\d{3}-\d{4}( Ext:\d+)?$")


def part_of_another(_settings: HandshakeSettings) -> _Broken:
    mail, card = pl.col("email_address").str.to_lowercase(), pl.col("card_id").str.to_lowercase()
    username = pl.col("username").str.to_lowercase()
    yield "username", (username == mail) | mail.str.starts_with(username + "@")
    yield "username", username == card


def not_swiped(settings: HandshakeSettings) -> _Broken:
    swiped = pl.col("username").replace_strict(settings.sample_swipes, default=None, return_dtype=pl.String)
    yield "card_id", ~swiped.str.contains(pl.col("card_id"), literal=True)


def foreign_domain(settings: HandshakeSettings) -> _Broken:
    if settings.edu_domains:
        domain = pl.col("email_address").str.to_lowercase().str.split("@").list.last()
        own = [domain.str.contains(rf"(^|\.){re.escape(name.lower())}$") for name in settings.edu_domains]
        yield "email_address", domain.str.ends_with(".edu") & ~pl.any_horizontal(own)


def graduate(_settings: HandshakeSettings) -> _Broken:
    graduate = pl.col("school_year_name") == "Alumni"
    attending = pl.col("primary_education:currently_attending").str.to_uppercase()
    yield "primary_education:currently_attending", graduate & attending.ne_missing("FALSE")
    yield "primary_education:end_date", graduate & pl.col("primary_education:end_date").is_null()
    yield "disabled", graduate & (pl.col("disabled").str.to_uppercase() == "TRUE")
