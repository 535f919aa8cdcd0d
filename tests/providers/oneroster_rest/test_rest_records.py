"""What records hold: every planted defect is found by its rule, exactly as often as it is there."""

import json
from datetime import date
from typing import Any

import polars as pl
import pytest
from depth import DEEP
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_runs import coverage, met, read, rows

from providers.oneroster.rest.cells import cell, date_text, moment
from providers.oneroster.rest.convert import Converted, Reading, converted
from providers.oneroster.rest.decode import decoded, joined
from providers.oneroster.rest.fake import FakeServer, serving
from providers.oneroster.rest.fake_roster import invented, plant
from providers.oneroster.rest.fields import COLLECTIONS, Field
from providers.oneroster.rest.nested_records import user_profiles
from rosterkit.sources.base import Extract

USERS = next(collection for collection in COLLECTIONS if collection.name == "users")
CLASSES = next(collection for collection in COLLECTIONS if collection.name == "classes")
ENROLLMENTS = next(collection for collection in COLLECTIONS if collection.name == "enrollments")


@pytest.fixture(scope="module")
def planted() -> tuple[Extract, dict[str, int]]:
    roster = invented()
    expected = plant(roster)
    with serving(FakeServer(roster)) as fake:
        return read(fake), dict(expected)


def test_each_defect_is_found_exactly_as_often_as_it_is_there(planted: tuple[Extract, dict[str, int]]) -> None:
    extract, expected = planted
    assert met(extract) == expected


def test_defects_in_records_do_not_make_a_collection_partial(planted: tuple[Extract, dict[str, int]]) -> None:
    """An unreadable row protects its own record; the others may still be missed."""
    assert set(coverage(planted[0]).values()) == {"full"}


def test_what_cannot_be_used_is_protected_and_not_read(planted: tuple[Extract, dict[str, int]]) -> None:
    extract, _ = planted
    users, enrollments = extract.table("User"), extract.table("Enrollment")
    assert users is not None
    assert enrollments is not None
    assert set(users.invalid.select("sourced_id", "column").rows()) == {
        ("U-3", "enabled"),
        ("U-11", "email"),
        ("U-19", None),  # two records that contradict each other: neither is used
    }
    assert "U-19" not in set(rows(extract, "User")["sourced_id"])
    assert set(enrollments.invalid.filter(pl.col("column").is_null())["sourced_id"]) == {"E-1-0", "E-1-1", "E-1-2"}
    assert set(enrollments.invalid.filter(column="begin_date")["sourced_id"]) == {"E-0-0", "E-0-1"}


def test_roles_whose_user_does_not_tell_them_stay_as_stored(planted: tuple[Extract, dict[str, int]]) -> None:
    role = planted[0].table("Role")
    assert role is not None
    parents = set(role.parents[0]["user"])
    assert not parents & {"U-21", "U-24", "U-19"}
    assert {"U-0", "G-22", "U-14"} <= parents
    found = dict(rows(planted[0], "Role").select("user", "org").iter_rows())
    assert found["G-22"] == "D-1"  # a guardian without an organisation belongs to the district
    assert found["U-10"] == "S-1"


def test_deletes_are_marked_and_a_missing_status_is_active(planted: tuple[Extract, dict[str, int]]) -> None:
    users = rows(planted[0], "User")
    assert set(users.filter("_deleted")["sourced_id"]) == {"U-13", "U-14"}
    assert not users.filter(sourced_id="U-16")["_deleted"].item()


def test_metadata_becomes_attributes(planted: tuple[Extract, dict[str, int]]) -> None:
    users = rows(planted[0], "User")
    assert users.filter(sourced_id="U-17")["attributes"].item() == '{"bus":"7","lunch":"free","tags":"[\\"a\\"]"}'
    assert users.filter(sourced_id="U-18")["identifier"].item() == "118"


def test_a_record_without_an_id_makes_its_collection_partial() -> None:
    roster = invented()
    roster["users"] += [{"givenName": "Nobody"}, {"sourcedId": " "}]
    roster["enrollments"].append(7)  # type: ignore[arg-type] # no object at all
    with serving(FakeServer(roster)) as fake:
        fake.total = False
        extract = read(fake)
    assert met(extract) == {"rest.id-missing": 3}
    found = coverage(extract)
    assert (found["User"], found["Role"], found["Enrollment"], found["Class"]) == (
        "partial",
        "partial",
        "partial",
        "full",
    )


def of(records: list[Any], collection: Any = USERS, **reading: Any) -> Converted:
    return converted(joined([decoded(records, collection)], collection), collection, Reading(**reading))


def value(records: list[Any], label: str, collection: Any = USERS) -> Any:
    return of(records, collection).rows[label].to_list()


def test_a_field_that_no_record_has_is_left_out_and_one_that_is_null_is_blank() -> None:
    read_ = of([{"sourcedId": "a", "email": None}, {"sourcedId": "b"}])
    assert "phone" not in read_.rows.columns
    assert read_.rows["email"].to_list() == [None, None]


def test_ids_keep_their_characters() -> None:
    """B1.5: ids with bars, spaces, slashes and colons; they differ where their derived ids must differ."""
    ids = ["33333", "7_1111", "a|b c", "x/y", "é:1", "é%3A1", "1", "01"]
    read_ = of([{"sourcedId": key, "role": "student", "orgs": [{"sourcedId": "s"}]} for key in ids])
    assert read_.rows["sourced_id"].to_list() == ids


ODD = [
    {"orgs": "s1"},
    {"orgs": {"sourcedId": "s1"}},
    {"orgs": ["s1"]},
    {"orgs": [["s1"]]},
    {"orgs": [None, {"sourcedId": 7}]},
    {"agents": {"a": 1}},
    {"email": ["a@b.example"]},
    {"email": {"a": 1}},
    {"email": "half \ud800"},
    {"grades": "03"},
    {"grades": 3},
    {"userIds": ["123"]},
    {"userIds": "123"},
    {"role": ["student"]},
    {"roles": {"role": "student", "org": "s1"}},
    {"metadata": []},
    {"metadata": {"k": "half \ud800"}},
    {"userProfiles": [{"profileId": "p", "credentials": {"username": "x"}}]},
    {"orgs": [10**40]},
    {"orgs": ["half \ud800"]},
    {"primaryOrg": 10**400},
]


@pytest.mark.parametrize("odd", ODD)
def test_a_record_in_another_shape_does_not_change_how_others_are_read(odd: dict[str, Any]) -> None:
    plain = [
        {"sourcedId": "a", "email": "a@b.example", "grades": ["3"], "orgs": [{"sourcedId": "s", "href": "x"}]},
        {"sourcedId": "b", "enabledUser": True, "userIds": [{"type": "T", "identifier": 5}], "role": "teacher"},
    ]
    alone = decoded(plain, USERS)
    beside = decoded([*plain, {"sourcedId": "odd"} | odd], USERS)
    assert alone.rows.equals(beside.rows.head(2))
    assert beside.rows["sourcedId"].to_list() == ["a", "b", "odd"]
    assert set(beside.odd["_line"]) <= {3}


def test_shapes_that_can_be_understood_are_read() -> None:
    assert value([{"sourcedId": "k", "school": "s1", "periods": "1, 2"}], "school", CLASSES) == ["s1"]
    assert value([{"sourcedId": "k", "school": "s1", "periods": "1, 2"}], "periods", CLASSES) == ['["1","2"]']
    assert value([{"sourcedId": "a", "userIds": ["123", {"type": "Fed", "identifier": "9"}]}], "user_ids") == [
        '["{Fed:9}","{unknown:123}"]'
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-08-17", "2026-08-17"),
        (" 2026-08-17 ", "2026-08-17"),
        ("2026-08-17T00:00:00.000Z", "2026-08-17"),
        ("2026-08-17 00:00", "2026-08-17"),
        ("8/27/2026", "2026-08-27"),
        ("27/8/2026", "2026-08-27"),
        ("5/5/2026", "2026-05-05"),
        ("5/6/2026", None),
        ("2026-02-30", None),
        ("20260817", None),
        ("", None),
        (None, None),
    ],
)
def test_dates(text: str | None, expected: str | None) -> None:
    assert pl.select(d=pl.lit(text, pl.String)).select(date_text(pl.col("d"))).item() == expected


@pytest.mark.deep
@given(st.dates(date(1, 1, 1), date(9999, 12, 30)))
def test_every_date_reads_as_itself(day: date) -> None:
    assert pl.select(d=pl.lit(day.isoformat())).select(date_text(pl.col("d"))).item() == day.isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-10-05T06:30:00.123Z", "2026-10-05T06:30:00.123Z"),
        ("2026-10-05T06:30:00Z", "2026-10-05T06:30:00.000Z"),
        ("2026-10-05T06:30:00.1234567Z", "2026-10-05T06:30:00.123Z"),
        ("2026-10-05T06:30:00-05:00", "2026-10-05T11:30:00.000Z"),
        ("2026-10-05T06:30:00+0200", "2026-10-05T04:30:00.000Z"),
        ("2026-10-05 06:30:00", "2026-10-05T06:30:00.000Z"),
        ("2026-10-05", "2026-10-05T00:00:00.000Z"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_moments(text: str, expected: str | None) -> None:
    assert pl.select(d=pl.lit(text)).select(moment(pl.col("d"))).item() == expected


@pytest.mark.parametrize(
    ("grades", "expected"),
    [(["3"], '["03"]'), (["k", "KG"], '["KG"]'), (["12", "01"], '["01","12"]'), (["3,4"], '["03","04"]'), ([], None)],
)
def test_grades(grades: list[str], expected: str | None) -> None:
    assert value([{"sourcedId": "a", "grades": grades}], "grades") == [expected]


def test_roles_are_read_in_the_vendors_spellings() -> None:
    """B1.5: sysadmin and other spellings; a word that nobody knows is a finding."""
    field = USERS.field("role")
    words = ["STUDENT", "sysadmin", "Parent", "ext:coach", "janitor"]
    reader = cell(field, inclusive_ends=False)
    found = pl.DataFrame({"role": words}).select(reader.value, bad=reader.bad)
    assert found["role"].to_list() == ["student", "systemAdministrator", "parent", "ext:coach", None]
    assert found["bad"].to_list() == [False, False, False, False, True]


@pytest.mark.deep
@given(st.text(), st.sampled_from(["text", "enum", "bool", "date", "end", "year"]))
def test_any_text_in_any_field_is_read_or_refused_and_never_fails(text: str, kind: str) -> None:
    reader = cell(Field("f", kind, tokens=("a", "b")), inclusive_ends=True)
    pl.DataFrame({"f": [text]}).select(reader.value.alias("v"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


NAMES = ("sourcedId", "orgs", "agents", "email", "grades", "userIds", "roles", "metadata", "enabledUser")


@pytest.mark.deep
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, JSON)), max_size=3))
@settings(max_examples=2000 if DEEP else 25)
def test_any_json_in_the_place_of_a_user_is_read_or_reported_and_never_fails(records: list[Any]) -> None:
    read_ = of(json.loads(json.dumps(records)))
    assert read_.rows.height + read_.invalid.filter(pl.col("column").is_null()).height + read_.keyless <= len(records)


def test_a_profile_without_an_id_is_left_out_and_stored_ones_stay() -> None:
    profiles = [{"profileId": "", "vendorId": "v"}, {"profileId": "p", "credentials": []}]
    found = user_profiles(of([{"sourcedId": "a", "userProfiles": profiles}, {"sourcedId": "b", "userProfiles": []}]))
    assert found.rows.select("sourced_id", "user", "username").rows() == [("a:p", "a", None)]
    assert [note.rule for note in found.notes] == ["rest.profile-id"]
    assert found.parents[0]["user"].to_list() == ["b"]


def test_an_enrollment_without_status_primary_or_dates_is_read() -> None:
    """B1.5: enrollments sometimes lack them; a missing status is active."""
    record = {"sourcedId": "e", "class": {"sourcedId": "k"}, "user": {"sourcedId": "u"}, "role": "student"}
    read_ = of([record], ENROLLMENTS)
    assert read_.rows["_deleted"].to_list() == [False]
    assert read_.invalid.is_empty()
    assert not {"primary", "begin_date", "end_date", "school"} & set(read_.rows.columns)
