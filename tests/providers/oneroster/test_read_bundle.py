"""From rows to the canonical bundle: values, segments, what is unread, what is protected."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tiny import NOW, Files, Read, as_delta, deltas, extract, found, read, rows_of, spoilt, tiny

from providers.oneroster.mapping import ENTITY_OF
from providers.oneroster.spec import FILES, NOT_CARRIED, VERSIONS
from rosterkit import registry
from rosterkit.roster.schema import by_name
from rosterkit.sources.base import INVALID, Coverage
from rosterkit.sources.csv import line_hash
from rosterkit.testing.package import csv_text, write_package


def states(bundle: Read) -> dict[str, str]:
    return bundle.states


def without(file: str, column: str, version: str = "1.1") -> dict[str, Any]:
    """How to write the tiny package with a file that lacks a column."""
    header = [name for name in FILES[version][file].header if name != column]
    rows = [{k: v for k, v in row.items() if k != column} for row in tiny(version)[file]]
    return {"raw": {f"{file}.csv": csv_text(header, rows).encode()}, "version": version}


def test_the_source_is_found_by_its_kind() -> None:
    assert registry.source("oneroster").kind == "oneroster"


@pytest.mark.parametrize("version", VERSIONS)
def test_every_rostering_column_has_a_home_or_is_not_carried(version: str) -> None:
    keys = {"sourcedId", "status", "dateLastModified"}
    for file in FILES[version].values():
        if file.subject != "rostering":
            continue
        for field in file.fields:
            if field.home:
                entity, label = field.home.split(".")
                assert by_name(entity).column(label).label == label
            else:
                assert field.name in keys or (file.name, field.name) in NOT_CARRIED
        assert file.name in ENTITY_OF


@pytest.mark.parametrize("version", VERSIONS)
def test_every_table_has_the_promised_columns(version: str, tmp_path: Path) -> None:
    files = tiny(version)
    files["orgs"][0]["metadata.city"] = "Harbour"
    bundle = read(tmp_path, files, version=version)
    for table in bundle.extract.tables:
        if table.coverage is Coverage.ABSENT:
            continue
        entity, rows = by_name(table.entity), table.rows.collect()
        beside = {"_file": pl.String, "_line": pl.Int64, "_deleted": pl.Boolean, "_modified_at": pl.String}
        promised = {"sourced_id": pl.String, **beside, **entity.incoming_schema}
        assert dict(rows.schema).items() <= promised.items(), table.entity
        assert set(beside) <= set(rows.columns)
        assert dict(table.invalid.schema) == INVALID
        assert rows["sourced_id"].is_unique().all()
        assert rows.null_count().select("sourced_id", "_deleted", "_file", "_line").row(0) == (0, 0, 0, 0)


def test_the_values_of_1_1(tmp_path: Path) -> None:
    files = tiny()
    files["classes"][0] |= {"grades": "10,09", "subjects": "B,A", "subjectCodes": "2,1", "periods": "3,1"}
    files["users"][0] |= {"userIds": "{SIS:7},{LDAP:a}", "metadata.b": 'say "hi"', "metadata.a": "1"}
    bundle = read(tmp_path, files)
    ana = rows_of(bundle, "User")["ana"]
    assert (ana["given_name"], ana["enabled"], ana["grades"]) == ("Ana", True, '["09"]')
    assert ana["user_ids"] == '["{LDAP:a}","{SIS:7}"]'
    assert ana["attributes"] == '{"metadata.a":"1","metadata.b":"say \\"hi\\""}'
    assert (ana["_file"], ana["_line"], ana["_deleted"], bundle.unread("User", "ana")) == ("users.csv", 2, False, [])
    assert rows_of(bundle, "User")["omar"]["attributes"] is None
    k1 = rows_of(bundle, "Class")["k1"]
    assert (k1["grades"], k1["subjects"], k1["subject_codes"]) == ('["09","10"]', '["B","A"]', '["2","1"]')
    assert (k1["periods"], k1["course"], k1["school"], k1["location"]) == ('["3","1"]', "c1", "s1", None)
    assert rows_of(bundle, "ClassTerm")["k1:t1"]["session"] == "t1"
    role = rows_of(bundle, "Role")["ana:s1"]
    assert (role["user"], role["org"], role["role"], role["type"]) == ("ana", "s1", "student", "primary")
    assert rows_of(bundle, "Enrollment")["e1"]["primary"] is None
    demographics = rows_of(bundle, "Demographics")["ana"]
    assert (demographics["user"], demographics["birth_date"], demographics["asian"]) == ("ana", "2011-03-04", False)
    assert "attributes" not in bundle.rows("Org").columns
    assert set(states(bundle).values()) == {"full"}


def test_the_values_of_1_2(tmp_path: Path) -> None:
    files = tiny("1.2")
    files["users"][0]["password"] = files["userProfiles"][0]["password"] = "opensesame"
    bundle = read(tmp_path, files, version="1.2")
    assert rows_of(bundle, "User")["ana"]["primary_org"] == "s1"
    assert rows_of(bundle, "Role")["r1"]["role"] == "student"
    assert rows_of(bundle, "UserProfile")["f1"]["user"] == "ana"
    assert all("opensesame" not in table.rows.collect().write_json() for table in bundle.extract.tables)


def test_resource_ids_of_1_2_0_are_no_unknown_column(tmp_path: Path) -> None:
    header = list(FILES["1.2"]["users"].header)
    header.insert(header.index("userMasterIdentifier") + 1, "resourceSourcedIds")
    raw = {"users.csv": csv_text(header, tiny("1.2")["users"]).encode()}
    assert read(tmp_path, tiny("1.2"), version="1.2", raw=raw, strict=True).findings.is_empty()


def test_demographics_are_read_only_when_asked_for(tmp_path: Path) -> None:
    bundle = read(tmp_path, tiny(), demographics=False)
    assert states(bundle)["Demographics"] == "absent"
    assert found(bundle, "demographics.not-read") == [("info", "demographics.csv", 0, "")]


def test_a_missing_optional_column_is_not_said_and_a_blank_cell_clears(tmp_path: Path) -> None:
    bundle = read(tmp_path, tiny(), **without("users", "phone"))
    assert "phone" not in bundle.rows("User").columns
    assert bundle.rows("User")["email"].null_count() == 3
    assert states(bundle)["User"] == "full"


@pytest.mark.parametrize(
    ("file", "cells", "partial"),
    [
        ("users", {"role": "pupil"}, {"Role"}),
        ("users", {"role": ""}, {"Role"}),
        ("users", {"orgSourcedIds": ""}, {"Role"}),
        ("users", {"orgSourcedIds": "1.2E+11"}, {"Role"}),
        ("users", {"agentSourcedIds": "1.2E+11"}, {"GuardianLink"}),
        ("classes", {"termSourcedIds": ""}, {"ClassTerm"}),
        ("users", {"role": "pupil", "status": "tobedeleted"}, set()),
    ],
)
def test_a_list_that_cannot_be_read_archives_nothing_by_absence(
    file: str, cells: dict[str, str], partial: set[str], tmp_path: Path
) -> None:
    """What a row lists has no key of its own in the file by which an unreadable cell could protect it."""
    bundle = read(tmp_path, spoilt(file, 0, **cells))
    assert {entity for entity, state in states(bundle).items() if state == "partial"} == partial


def test_links_of_people_whose_roles_are_unknown_are_not_archived_by_absence(tmp_path: Path) -> None:
    files = tiny("1.2")
    del files["roles"]
    bundle = read(tmp_path, files, version="1.2")
    assert states(bundle)["GuardianLink"] == "partial"
    assert bundle.table("GuardianLink").reason == "users.csv:2: its agentSourcedIds could not be used"


@pytest.mark.parametrize("twice", [False, True])
def test_without_a_header_nobodys_values_are_told_as_column_names(twice: bool, tmp_path: Path) -> None:
    row = "ana,,,true,s1,student,ana@harbour.example,,Ana,Ruiz," + ("Ana" if twice else "")
    bundle = read(tmp_path, tiny(), raw={"users.csv": f"{row}\nbo,,,true,s1,student,bo,,Bo,Berg,\n".encode()})
    assert states(bundle)["User"] == "absent"
    text = bundle.findings.filter(file="users.csv").select("value", "column", "detail", "key").write_csv()
    assert not {word for word in ("Ana", "Ruiz", "ana@") if word in text}


def test_a_key_that_is_the_word_null_names_nobody_and_makes_the_file_partial(tmp_path: Path) -> None:
    bundle = read(tmp_path, spoilt("users", 0, sourcedId="NULL"))
    assert "NULL" not in rows_of(bundle, "User")
    assert states(bundle)["User"] == "partial"


def test_a_key_that_strict_reading_does_not_take_protects_the_record_that_it_names(tmp_path: Path) -> None:
    assert read(tmp_path, spoilt("users", 0, sourcedId=" ana "), strict=True).unreadable("User") == ["ana"]


@pytest.mark.parametrize(
    ("file", "column", "absent"),
    [
        ("users", "sourcedId", {"User", "Role", "GuardianLink"}),
        ("users", "role", {"User", "Role", "GuardianLink"}),
        ("users", "orgSourcedIds", {"Role"}),
        ("users", "agentSourcedIds", {"GuardianLink"}),
        ("enrollments", "classSourcedId", {"Enrollment"}),
        ("enrollments", "role", {"Enrollment"}),
        ("classes", "schoolSourcedId", {"Class", "ClassTerm"}),
        ("classes", "termSourcedIds", {"ClassTerm"}),
        ("users", "givenName", set()),
    ],
)
def test_what_a_missing_column_takes_away(file: str, column: str, absent: set[str], tmp_path: Path) -> None:
    bundle = read(tmp_path, tiny(), **without(file, column))
    assert {entity for entity, state in states(bundle).items() if state == "absent"} == absent


@pytest.mark.parametrize(
    ("file", "cells", "entity", "key", "label"),
    [
        ("enrollments", {"beginDate": "3/4/2026"}, "Enrollment", "e1", "begin_date"),
        ("enrollments", {"role": "pupil"}, "Enrollment", "e1", "role"),
        ("enrollments", {"classSourcedId": ""}, "Enrollment", "e1", "class"),
        ("users", {"enabledUser": "perhaps"}, "User", "ana", "enabled"),
        ("users", {"familyName": ""}, "User", "ana", "family_name"),
        ("users", {"familyName": "NULL"}, "User", "ana", "family_name"),
        ("demographics", {"birthDate": "2011-02-30"}, "Demographics", "ana", "birth_date"),
    ],
)
def test_a_cell_that_cannot_be_read_is_unread(
    file: str, cells: dict[str, str], entity: str, key: str, label: str, tmp_path: Path
) -> None:
    bundle = read(tmp_path, spoilt(file, 0, **cells))
    assert (bundle.unread(entity, key), rows_of(bundle, entity)[key][label]) == ([label], None)


def test_a_row_whose_role_cannot_be_read_is_a_person_whose_roles_are_not_listed(tmp_path: Path) -> None:
    bundle = read(tmp_path, spoilt("users", 0, role="pupil"))
    assert bundle.unread("User", "ana") == []
    assert "ana:s1" not in rows_of(bundle, "Role")
    assert bundle.parents("Role")["user"].to_list() == ["omar", "lucia"]


def test_a_class_whose_terms_are_blank_lists_none(tmp_path: Path) -> None:
    bundle = read(tmp_path, spoilt("classes", 0, termSourcedIds=""))
    assert bundle.parents("ClassTerm").is_empty()
    assert bundle.unread("Class", "k1") == []


def test_the_file_that_the_manifest_leaves_out_and_the_one_that_is_not_there_are_absent(tmp_path: Path) -> None:
    files = tiny()
    del files["orgs"]
    bundle = read(tmp_path, files, modes={"orgs": "bulk", "courses": "absent"})
    assert (states(bundle)["Org"], states(bundle)["Course"]) == ("absent", "absent")


def test_bulk_and_delta_are_told_apart_per_file(tmp_path: Path) -> None:
    files = tiny() | {"enrollments": as_delta(tiny())["enrollments"]}
    files["enrollments"][1] |= {"status": "tobedeleted", "dateLastModified": "2026-11-20T02:00:00+01:00"}
    bundle = read(tmp_path, files, modes={"enrollments": "delta"})
    table = bundle.table("Enrollment")
    assert (table.coverage, table.changes, bundle.state("User")) == ("delta", True, "full")
    e1, e2 = (rows_of(bundle, "Enrollment")[key] for key in ("e1", "e2"))
    assert (e1["_deleted"], e1["_modified_at"]) == (False, NOW)
    assert (e2["_deleted"], e2["_modified_at"]) == (True, "2026-11-20T01:00:00.000Z")


def test_a_delta_row_that_deletes_needs_no_more_than_its_key(tmp_path: Path) -> None:
    files = {"users": [{"sourcedId": "ana", "status": "tobedeleted", "dateLastModified": NOW}]}
    bundle = read(tmp_path, files, modes={"users": "delta"})
    assert bundle.findings.is_empty()
    assert rows_of(bundle, "User")["ana"]["_deleted"]
    assert bundle.parents("Role").is_empty()


@pytest.mark.parametrize("cells", [{"status": ""}, {"dateLastModified": ""}, {"status": "gone"}])
def test_an_incomplete_delta_row_is_there_but_unreadable(cells: dict[str, str], tmp_path: Path) -> None:
    files = as_delta(tiny())
    files["orgs"][1] |= cells
    bundle = read(tmp_path, files, modes=deltas(files))
    assert bundle.rows("Org")["sourced_id"].to_list() == ["d1"]
    lost = bundle.table("Org").invalid.filter(pl.col("column").is_null())
    assert lost.rows() == [("s1", None, "orgs.csv", 3)]


def test_an_explicit_delete_in_bulk_is_heeded_and_a_status_is_not(tmp_path: Path) -> None:
    files = tiny()
    for user, status in zip(files["users"], ("active", "inactive", "toBeDeleted"), strict=True):
        user["status"] = status
    people = rows_of(read(tmp_path, files), "User")
    assert [people[key]["_deleted"] for key in ("ana", "omar", "lucia")] == [False, True, True]


def test_identical_copies_collapse_and_differing_ones_protect_their_record(tmp_path: Path) -> None:
    files = tiny()
    files["orgs"] += [dict(files["orgs"][0]), {**files["orgs"][1], "name": "Other"}]
    bundle = read(tmp_path, files)
    assert (bundle.rows("Org")["sourced_id"].to_list(), bundle.unreadable("Org")) == (["d1"], ["s1"])
    assert [line for _, _, line, _ in found(bundle, "row.conflict")] == [3, 5]


def test_what_a_readable_row_says_counts_beside_an_unreadable_copy(tmp_path: Path) -> None:
    content = csv_text(FILES["1.1"]["orgs"].header, tiny()["orgs"]) + "s1,ragged\nd1,,,x,district,,\n"
    bundle = read(tmp_path, tiny(), raw={"orgs.csv": content.encode()})
    assert (bundle.rows("Org")["sourced_id"].to_list(), bundle.unreadable("Org")) == (["s1"], ["d1"])


def test_an_unreadable_key_makes_the_file_and_what_it_lists_partial_until_ignored(tmp_path: Path) -> None:
    files = spoilt("users", 1, sourcedId="1.23E+11")
    bundle = read(tmp_path, files)
    assert {e for e, state in states(bundle).items() if state == "partial"} == {"User", "Role", "GuardianLink"}
    line = csv_text(FILES["1.1"]["users"].header, files["users"]).splitlines()[2]
    accepted = read(tmp_path, files, ignored_lines=frozenset([line_hash(line)]))
    assert states(accepted)["User"] == "full"


def test_rows_read_count_every_record(tmp_path: Path) -> None:
    assert read(tmp_path, tiny()).extract.rows_read["users.csv"] == 3


@pytest.mark.parametrize(
    ("file", "column"), [("users", "enabledUser"), ("users", "userIds"), ("demographics", "birthDate")]
)
def test_no_finding_shows_a_personal_value(file: str, column: str, tmp_path: Path) -> None:
    bundle = read(tmp_path, spoilt(file, 0, **{column: "secret"}))
    value = bundle.findings.filter(column=column)["value"].to_list()
    assert value == (["secret"] if column == "enabledUser" else ["(6 characters)"])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("version", VERSIONS)
def test_shuffled_rows_say_the_same(seed: int, version: str, tmp_path: Path) -> None:
    """P3."""
    files = tiny(version)
    files["orgs"] += [dict(files["orgs"][0]), {**files["orgs"][1], "sourcedId": "s2", "type": "School"}]
    shuffled = {name: random.Random(seed).sample(rows, len(rows)) for name, rows in files.items()}
    one, other = read(tmp_path, files, version=version), read(tmp_path / "b", shuffled, version=version)
    for entity in one.states:
        assert contents(one, entity) == contents(other, entity)
    rules = pl.col("rule", "file", "column", "key")
    assert one.findings.select(rules).sort(rules).equals(other.findings.select(rules).sort(rules))


def contents(bundle: Read, entity: str) -> list[dict[str, Any]]:
    return bundle.rows(entity).drop("_line").sort("sourced_id").to_dicts()


def test_zip_and_folder_give_the_same_extract(tmp_path: Path) -> None:
    files: Files = tiny()
    folder, zipped = read(tmp_path, files), extract(write_package(tmp_path / "p.zip", files))
    assert folder.extract.id == zipped.extract.id
    assert all(folder.rows(entity).equals(zipped.rows(entity)) for entity in folder.states)
    assert folder.extract.system == "Example SIS"


def test_ids_and_columns_of_a_classlink_export_are_read(tmp_path: Path) -> None:
    """B1.5, B1.7: ids are the district's own, lists of agents and other optional columns may be missing."""
    files = tiny()
    files["users"] = [{k: v for k, v in user.items() if k != "agentSourcedIds"} for user in files["users"]]
    ids = {"ana": "5678_T5678|0005", "s1": "7 1111/FY"}
    for rows in files.values():
        for row in rows:
            row |= {name: ids.get(value, value) for name, value in row.items()}
    files["enrollments"][0] |= {"beginDate": "08/24/2026", "endDate": "2027-01-23T00:00:00.000Z", "primary": ""}
    header = [name for name in FILES["1.1"]["users"].header if name != "agentSourcedIds"]
    raw = {"users.csv": csv_text(header, files["users"]).encode()}
    bundle = read(tmp_path, files, raw=raw)
    assert set(bundle.findings["severity"]) == {"warning"}
    assert rows_of(bundle, "User")["5678_T5678|0005"]["given_name"] == "Ana"
    assert (bundle.state("User"), bundle.state("GuardianLink")) == ("full", "absent")
    enrollment = rows_of(bundle, "Enrollment")["e1"]
    assert (enrollment["user"], enrollment["school"]) == ("5678_T5678|0005", "7 1111/FY")
    assert (enrollment["begin_date"], enrollment["end_date"]) == ("2026-08-24", "2027-01-23")
