"""The whole pull, over HTTP on loopback, in both versions and with each kind of credentials."""

import json

import pytest
from rest_runs import context, coverage, met, read, rows, settings

from providers.oneroster.rest import SOURCE
from providers.oneroster.rest.fake import FakeServer, serving
from providers.oneroster.rest.fake_roster import invented
from rosterkit.errors import SourceUnreadable, UsageError
from rosterkit.sources.base import Source

ENTITIES = {
    "orgs": "Org",
    "academicSessions": "AcademicSession",
    "courses": "Course",
    "classes": "Class",
    "users": "User",
    "enrollments": "Enrollment",
    "demographics": "Demographics",
}


@pytest.mark.parametrize(
    ("version", "auth"), [("1.1", "oauth2"), ("1.1", "oauth1"), ("1.1", "oauth1-sha1"), ("1.2", "oauth2")]
)
def test_everything_comes_and_nothing_is_odd(version: str, auth: str) -> None:
    roster = invented(version=version)
    with serving(FakeServer(roster, version, auth)) as fake:
        extract = read(fake, page_size=100)
    assert set(coverage(extract).values()) == {"full"}
    assert met(extract) == {}
    for name, entity in ENTITIES.items():
        assert set(rows(extract, entity)["sourced_id"]) == {record["sourcedId"] for record in roster[name]}
    assert rows(extract, "ClassTerm").height == 30
    assert rows(extract, "GuardianLink").height == 120
    assert extract.rows_read["users"] == len(roster["users"])
    assert extract.cursor is None


def test_a_record_of_1_1_has_its_canonical_values() -> None:
    with serving(FakeServer(invented())) as fake:
        extract = read(fake, state_id_type="StateID")
    user = rows(extract, "User").filter(sourced_id="U-3").row(0, named=True)
    assert user == {
        "sourced_id": "U-3",
        "_line": user["_line"],
        "_file": "users",
        "_deleted": False,
        "_modified_at": "2026-10-05T06:30:00.000Z",
        "given_name": "Dmitri",
        "middle_name": None,
        "family_name": "Volkov",
        "username": "dmitri.u-3",
        "email": "dmitri.u-3@harbor.example",
        "sms": None,
        "phone": None,
        "identifier": "NU-3",
        "enabled": True,
        "grades": '["03"]',
        "user_ids": '["{StateID:ST000003}"]',
        "state_id": "ST000003",
        "primary_org": "S-1",
    }
    role = rows(extract, "Role").filter(user="U-3").row(0, named=True)
    assert {name: role[name] for name in ("sourced_id", "org", "role", "type")} == {
        "sourced_id": "U-3:S-1",
        "org": "S-1",
        "role": "student",
        "type": "primary",
    }
    assert "begin_date" not in role
    class_row = rows(extract, "Class").filter(sourced_id="K-1").row(0, named=True)
    assert class_row["grades"] == '["03","04"]'
    assert class_row["subjects"] == '["Reading, Writing"]'
    assert class_row["periods"] is None
    assert class_row["code"] is None
    assert "subject_codes" not in class_row
    enrollment = rows(extract, "Enrollment").filter(sourced_id="E-T-4").row(0, named=True)
    assert enrollment["primary"] is True
    assert (enrollment["begin_date"], enrollment["end_date"]) == ("2026-08-17", "2027-06-12")
    links = set(rows(extract, "GuardianLink").select("sourced_id", "asserted_by", "guardian", "student").rows())
    assert ("U-3:G-3", "student", "G-3", "U-3") in links
    assert ("G-3:U-3", "guardian", "G-3", "U-3") in links


def test_a_record_of_1_2_has_roles_and_profiles() -> None:
    with serving(FakeServer(invented(version="1.2"), "1.2")) as fake:
        extract = read(fake)
    role = rows(extract, "Role").filter(user="A-0").row(0, named=True)
    assert (role["sourced_id"], role["role"], role["begin_date"]) == (
        "A-0:D-1:districtAdministrator",
        "districtAdministrator",
        "2026-08-17",
    )
    profile = rows(extract, "UserProfile").filter(user="U-3").row(0, named=True)
    assert profile["sourced_id"] == "U-3:https%3A//reader.example/p1"
    assert (profile["credential_type"], profile["username"]) == ("user", "dmitri.u-3")
    assert rows(extract, "User").filter(sourced_id="U-3")["user_master_identifier"].item() == "M-U-3"


def test_inclusive_end_dates_become_exclusive() -> None:
    with serving(FakeServer(invented())) as fake:
        extract = read(fake, end_dates="inclusive")
    assert rows(extract, "Enrollment")["end_date"][0] == "2027-06-13"
    assert rows(extract, "AcademicSession").filter(sourced_id="T-1")["end_date"].item() == "2027-01-17"


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_password_is_never_kept(version: str) -> None:
    roster = invented(version=version)
    for user in roster["users"]:
        user["password"] = "hunter2"
    with serving(FakeServer(roster, version)) as fake:
        extract = read(fake)
    for table in extract.tables:
        frame = table.rows.collect()
        assert "password" not in frame.columns
        assert "hunter2" not in frame.write_csv()


def test_equal_answers_have_one_id_and_others_another() -> None:
    roster = invented()
    with serving(FakeServer(roster)) as fake:
        first, again = read(fake), read(fake, page_size=70)
        roster["users"][0]["givenName"] = "Zofia"
        other = read(fake)
    assert first.id == again.id
    assert first.id != other.id


def test_demographics_are_asked_for_only_where_the_workspace_wants_them() -> None:
    with serving(FakeServer(invented())) as fake:
        extract = read(fake, at={"demographics": False})
    assert extract.table("Demographics") is None
    assert not any(ask.path.endswith("demographics") for ask in fake.log)


def test_collections_that_are_not_wanted_are_not_read() -> None:
    with serving(FakeServer(invented())) as fake:
        extract = read(fake, collections=["orgs", "users"], guardians=False)
    assert set(coverage(extract)) == {"Org", "User", "Role"}


@pytest.mark.parametrize("suffix", ["", "/", "/ims/oneroster/v1p1", "/ims/oneroster/v1p1/"])
def test_the_address_may_name_the_version_or_not(suffix: str) -> None:
    with serving(FakeServer(invented())) as fake:
        assert read(fake, url=fake.base + suffix, collections=["orgs"]).rows_read == {"orgs": 4}


def test_wrong_credentials_are_an_error_that_does_not_show_them() -> None:
    with serving(FakeServer(invented())) as fake, pytest.raises(SourceUnreadable) as raised:
        read(fake, client_secret="env:wrong-secret-77")
    assert raised.value.rule == "http.unauthorised"
    assert "wrong-secret-77" not in str(raised.value)


def test_a_plain_secret_is_refused_and_not_shown() -> None:
    with serving(FakeServer(invented(3))) as fake, pytest.raises(UsageError) as raised:
        read(fake, client_secret="hunter2-plain")
    assert "hunter2" not in str(raised.value)


def test_no_finding_shows_what_is_personal() -> None:
    roster = invented()
    roster["users"][4]["enabledUser"] = "Volkov says no"
    roster["users"][5]["metadata"] = "Volkov"
    roster["demographics"][0]["birthDate"] = "Volkov"
    with serving(FakeServer(roster)) as fake:
        extract = read(fake)
    assert "Volkov" not in extract.findings.write_csv()


def test_progress_is_reported() -> None:
    heard: list[tuple[str, int, int]] = []
    with serving(FakeServer(invented())) as fake:
        SOURCE.extract(settings(fake), context(progress=lambda *step: heard.append(step)))
    assert ("users", 137, 137) in heard


def test_it_is_a_source() -> None:
    assert isinstance(SOURCE, Source)
    assert len({rule.code for rule in SOURCE.rules}) == len(SOURCE.rules)
    assert all(field.description for field in SOURCE.Settings.model_fields.values())
    assert json.dumps(SOURCE.Settings.model_json_schema())
