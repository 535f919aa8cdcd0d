"""What the mapped table makes of rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from providers.table import SOURCE
from rosterkit.sources.base import Coverage
from rosterkit.testing.source_cases import files
from rosterkit.testing.source_suite import Read, read


def extract(tmp_path: Path, text: str, **settings: object) -> Read:
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    found = read(SOURCE, files({"t.csv": text}, {"path": "t.csv", **settings}), folder)
    assert found.extract, found.refusal
    return found


def coverage(found: Read) -> dict[str, Coverage]:
    return {table.entity: table.coverage for table, _ in found.tables}


def rows(found: Read, entity: str, *names: str) -> list[tuple[object, ...]]:
    return found.frames[entity, ""].select(names).rows()


def invalid(found: Read, entity: str) -> list[tuple[str, str | None]]:
    table = found.extract and found.extract.table(entity)
    assert table
    return table.invalid.select("sourced_id", "column").rows()


def rules(found: Read) -> list[str]:
    return sorted(set(found.findings["rule"]))


MAPPED = {"attributes": {"program": "Program", "card_id": "Card"}}


def test_attributes_are_sorted_json_and_blank_ones_are_left_out(tmp_path: Path) -> None:
    found = extract(tmp_path, 'number,Program,Card\n1,"Art ""A"" é",C1\n2,,C2\n3,,\n', **MAPPED)
    assert rows(found, "UserAttributes", "sourced_id", "user", "_by_user", "attributes") == [
        ("1", "1", "identifier", '{"card_id":"C1","program":"Art \\"A\\" é"}'),
        ("2", "2", "identifier", '{"card_id":"C2"}'),
        ("3", "3", "identifier", None),
    ]
    assert (coverage(found), rules(found)) == ({"UserAttributes": Coverage.FULL}, [])


@pytest.mark.parametrize("kind", ["sourced_id", "username", "email"])
def test_the_user_is_named_by_any_kind_of_key(tmp_path: Path, kind: str) -> None:
    found = extract(tmp_path, "Ref,Program,Card\nu1,Art,C1\n", user_key=kind, columns={"user": "Ref"}, **MAPPED)
    assert rows(found, "UserAttributes", "user", "_by_user") == [("u1", kind)]


def test_a_mapped_attribute_that_is_missing_clears_nothing(tmp_path: Path) -> None:
    """A missing value is not a blank: attributes are one value, so none of them can be read without one of them."""
    found = extract(tmp_path, "number,Program\n1,Art\n", **MAPPED)
    assert coverage(found) == {"UserAttributes": Coverage.ABSENT}
    people = extract(tmp_path, "id,first name,last name,Program\n1,A,B,Art\n", rows="people", **MAPPED)
    assert "attributes" not in people.frames["User", ""].columns
    assert "textfile.column-not-found" in rules(people)


def test_rows_that_contradict_one_another_are_not_read_and_protect_what_is_stored(tmp_path: Path) -> None:
    found = extract(tmp_path, "number,Program,Card\n1,Art,C1\n1,Art,C9\n2,Art,C2\n2,Art,C2\n", **MAPPED)
    assert rows(found, "UserAttributes", "user") == [("2",)]
    assert invalid(found, "UserAttributes") == [("1", None)]
    assert rules(found) == ["table.contradiction", "table.key-twice"]


def test_a_value_that_names_one_person_and_is_at_two_is_not_used(tmp_path: Path) -> None:
    """One child's record must not open another's account."""
    found = extract(tmp_path, "number,Program,Card\n1,Art,C1\n2,Art,c1\n3,Art,C3\n", **MAPPED)
    assert invalid(found, "UserAttributes") == [("1", "attributes"), ("2", "attributes")]
    assert [value for (value,) in rows(found, "UserAttributes", "attributes")][:2] == [None, None]
    shared = extract(tmp_path, "number,Program,Card\n1,Art,C1\n2,Art,c1\n", unique=[], **MAPPED)
    assert invalid(shared, "UserAttributes") == []


PEOPLE = "id,first name,last name,email,mobile\nF-1,Ines,Moreau,i.moreau@mail.example,555\nF-2,Kip,Otieno,kip,\n"


def test_people_with_a_role_from_the_settings(tmp_path: Path) -> None:
    found = extract(tmp_path, PEOPLE, rows="people", role="teacher", org="70")
    assert rows(found, "User", "sourced_id", "given_name", "family_name", "email", "sms") == [
        ("F-1", "Ines", "Moreau", "i.moreau@mail.example", None),
        ("F-2", "Kip", "Otieno", None, None),
    ]
    assert invalid(found, "User") == [("F-1", "sms"), ("F-2", "email")]
    assert rows(found, "Role", "sourced_id", "user", "org", "_by_org", "role") == [
        ("F-1:70:teacher", "F-1", "70", "identifier", "teacher"),
        ("F-2:70:teacher", "F-2", "70", "identifier", "teacher"),
    ]


def test_people_without_any_role_have_no_table_of_roles(tmp_path: Path) -> None:
    assert coverage(extract(tmp_path, PEOPLE, rows="people")) == {"User": Coverage.FULL}


def test_roles_that_are_unknown_or_incomplete(tmp_path: Path) -> None:
    text = "id,first name,last name,role,org\n1,A,B,Adjunct,70\n2,C,D,teacher,\n3,E,F,ext:alumni,70\n4,G,H,,\n"
    found = extract(tmp_path, text, rows="people")
    assert rows(found, "Role", "user", "role") == [("3", "ext:alumni")]
    assert coverage(found) == {"User": Coverage.FULL, "Role": Coverage.PARTIAL}
    assert rules(found) == ["table.role-incomplete", "table.role-unknown"]


def test_one_person_in_two_roles_is_one_user(tmp_path: Path) -> None:
    text = "id,first name,last name,role,org\n1,A,B,teacher,70\n1,A,B,principal,70\n1,A,B,principal,70\n"
    found = extract(tmp_path, text, rows="people")
    assert len(rows(found, "User", "sourced_id")) == 1
    assert rows(found, "Role", "role") == [("teacher",), ("principal",)]
    assert rules(found) == ["table.key-twice"]


def test_people_who_contradict_one_another_keep_roles_from_absence(tmp_path: Path) -> None:
    text = "id,first name,last name,role,org\n1,A,B,teacher,70\n1,X,Y,teacher,70\n2,C,D,teacher,70\n"
    found = extract(tmp_path, text, rows="people")
    assert invalid(found, "User") == [("1", None)]
    assert coverage(found)["Role"] is Coverage.PARTIAL
    assert rows(found, "Role", "user") == [("2",)]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"attributes": {"user": "x"}},
        {"attributes": {"attributes": "x"}},
        {"attributes": {"_line": "x"}},
        {"attributes": {"a": "b"}, "columns": {"given_name": "x"}},
        {"attributes": {"a": "b"}, "role": "teacher"},
        {"rows": "people", "role": "alumni"},
        {"rows": "people", "roles": {"Prof": "lecturer"}},
        {"rows": "people", "role": "ext:"},
        {"rows": "people", "phone_region": "usa"},
    ],
    ids=str,
)
def test_settings_that_are_wrong(wrong: Mapping[str, object]) -> None:
    with pytest.raises(ValidationError):
        SOURCE.Settings.model_validate({"path": "t.csv", **wrong})
