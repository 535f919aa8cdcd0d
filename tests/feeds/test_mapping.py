from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from feed_settings import read_settings

from rosterkit.errors import UsageError
from rosterkit.feeds.mapping import Value, expression, items, texts_sent
from rosterkit.feeds.people import read_by
from rosterkit.feeds.settings import FeedSettings

ROW = {
    "given_name": "Oluwaseun",
    "family_name": "Adeyemi",
    "middle_name": None,
    "email": "",
    "enabled": True,
    "grades": ["09", "10"],
    "grade": "10",
    "attribute.prog": " BUS-01; HLTH-04;;BUS-01 ",
    "attribute.done": "2026-12-18",
    "attribute.card": "000991234570",
}


def text(value: Any) -> str | None:
    frame = pl.DataFrame([ROW], schema_overrides={"middle_name": pl.String})
    found: str | None = frame.select(expression(Value.model_validate(value)).alias("x")).item()
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("given_name", "Oluwaseun"),
        ("email", None),
        ("enabled", "TRUE"),
        ({"constant": "Undergraduate"}, "Undergraduate"),
        ({"first_of": ["email", "middle_name", "family_name"]}, "Adeyemi"),
        ({"join": ["given_name", "middle_name", "family_name"]}, "Oluwaseun Adeyemi"),
        ({"template": "{family_name}, {given_name}"}, "Adeyemi, Oluwaseun"),
        ({"template": "{given_name} ({grades})"}, "Oluwaseun (09, 10)"),
        ({"attribute": "card", "extract": "0*([1-9][0-9]{5})"}, "991234"),
        ({"attribute": "card", "extract": "[A-Z]+"}, None),
        ({"field": "grade", "values": {"10": "Sophomore"}}, "Sophomore"),
        ({"field": "grade", "values": {"09": "Freshman"}}, "10"),
        ({"field": "grade", "values": {"09": "Freshman"}, "otherwise": ""}, None),
        ({"attribute": "prog", "split": ";"}, "BUS-01;HLTH-04"),
        ({"attribute": "prog", "split": ";", "values": {"BUS-01": "Business"}}, "Business;HLTH-04"),
        ({"attribute": "prog", "split": ";", "values": {"BUS-01": "Work", "HLTH-04": "Work"}}, "Work"),
        ("grades", "09;10"),
        ({"attribute": "done", "year_ends": "08-31"}, "2027"),
        ({"attribute": "done", "year_ends": "12-31"}, "2026"),
        ({"attribute": "card", "year_ends": "08-31"}, None),
        ({"constant": "2026", "year_ends": "08-31"}, "2026"),
        ({"constant": "08/31/2026", "year_ends": "08-31", "date_format": "%m/%d/%Y"}, "2026"),
    ],
)  # fmt: skip
def test_a_value_comes_from_where_the_setting_says(value: Any, expected: str | None) -> None:
    assert text(value) == expected


def test_items_stay_apart_also_where_a_table_puts_a_semicolon_into_one() -> None:
    value = Value.model_validate({"attribute": "prog", "split": ";", "values": {"BUS-01": "Arts; Crafts"}})
    assert pl.DataFrame([ROW]).select(items(value)).item().to_list() == ["Arts; Crafts", "HLTH-04"]


def test_what_a_mapping_reads_is_known_from_all_depths() -> None:
    value = Value.model_validate({"first_of": [{"attribute": "b"}, {"join": [{"attribute": "a"}, "given_name"]}]})
    assert read_by([expression(value)]) == {"attribute.a", "attribute.b", "given_name"}


class Settings(FeedSettings):
    columns: dict[str, Value]
    identity: str


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"A": {"feild": "email"}}, r"feeds\.careers\.columns\.A\.feild is wrong: Extra"),
        ({"A": {"field": "email", "constant": "x"}}, r"feeds\.careers\.columns\.A is wrong: .*name one of"),
        ({"A": {"field": "email", "extract": "("}}, r"feeds\.careers\.columns\.A is wrong: .*extract"),
        ({"A": {"field": "email", "year_ends": "31-08"}}, r"feeds\.careers\.columns\.A is wrong: .*year_ends"),
        ({"A": {"field": "email", "otherwise": "x"}}, r"feeds\.careers\.columns\.A is wrong: .*otherwise"),
        ({"A": {"template": "{no name}"}}, r"feeds\.careers\.columns\.A is wrong: .*a template"),
        ({"A": {"field": "email", "year_ends": "08-31", "date_format": "%Q"}}, r"columns\.A is wrong: .*date_format"),
        ({"A": {"attribute": "x", "split": ""}}, r"feeds\.careers\.columns\.A is wrong: .*split"),
    ],
)
def test_a_wrong_mapping_is_a_usage_error_that_names_its_key(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_settings(Settings, {"identity": "email", "columns": columns}, where="feeds.careers")


def test_a_field_that_does_not_exist_is_named_with_the_nearest() -> None:
    columns = {"A": {"first_of": ["email", "given_nam"]}}
    with pytest.raises(UsageError, match=r'careers\.columns\.A\.first_of\.1 .*field "given_nam".*"given_name"'):
        read_settings(Settings, {"identity": "email", "columns": columns}, where="feeds.careers")


def test_the_texts_that_a_mapping_states_are_known_without_a_roster() -> None:
    table = {"field": "grade", "values": {"09": "Freshman"}, "otherwise": "Other"}
    value = Value.model_validate({"first_of": [table, {"constant": "Senior"}, "school_name"]})
    assert texts_sent(value) == {"Freshman", "Other", "Senior"}
