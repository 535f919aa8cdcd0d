"""Who a contact is, and which contacts are guardians (C8, C10, §5.6)."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from clever_reading import Read
from depth import DEEP
from extracts import contact, counts, found, table
from hypothesis import example, given, settings
from hypothesis import strategies as st

from providers.clever.contacts import identified, name_parts
from providers.clever.fake import FakeClever, Fault
from rosterkit.sources.base import Extract

MOTHER = "Parent/Guardian"


@pytest.fixture
def pupils(clever: FakeClever) -> list[str]:
    """The ids of the students; the district has no contacts of its own."""
    users = [u for u in clever.data.records["users"] if "contact" not in u["roles"]]
    clever.data.records["users"] = users
    return [u["id"] for u in users if "student" in u["roles"]]


def with_contacts(clever: FakeClever, read: Read, *contacts: dict[str, Any], **options: Any) -> Extract:
    others = [u for u in clever.data.records["users"] if "contact" not in u["roles"]]
    clever.data.records["users"] = [*others, *contacts]
    return read(**options)


def key(number: int) -> str:
    return f"7{number:023x}"


def people(extract: Extract) -> list[str]:
    return table(extract, "User", "contact").rows.select("sourced_id").collect().to_series().to_list()


def test_c10_a_contact_with_an_id_of_the_sis_is_known_by_its_clever_id(
    clever: FakeClever, read: Read, pupils: list[str]
) -> None:
    extract = with_contacts(clever, read, contact(key(1), "Pat Q Doe", (pupils[0], "Parent", MOTHER), sis_id="C-100"))
    user = table(extract, "User", "contact").rows.collect().row(0, named=True)
    assert (user["sourced_id"], user["user_ids"]) == (key(1), '["{sisId:C-100}"]')
    assert (user["given_name"], user["middle_name"], user["family_name"]) == ("Pat", "Q", "Doe")
    assert user["attributes"] == '{"full_name":"Pat Q Doe"}'


@pytest.mark.parametrize(
    "change",
    [{"phone": "(555) 222-3333"}, {"email": "new@post.example"}, {"phone": "", "email": ""}, {"phone_type": "Home"}],
)
def test_c10_a_generated_id_survives_a_new_phone(
    clever: FakeClever, read: Read, pupils: list[str], change: dict[str, str]
) -> None:
    facts = {"phone": "(555) 010-0001", "email": "pat@post.example"}
    link = (pupils[0], "Parent", MOTHER)
    before = people(with_contacts(clever, read, contact(key(1), "Pat Doe", link, **facts)))
    after = people(with_contacts(clever, read, contact(key(2), "Pat Doe", link, **(facts | change))))
    assert before == after
    assert before[0].startswith("contact-")


@pytest.mark.parametrize("shared", [{"phone": "5550100001"}, {"email": "pat@post.example"}])
def test_c10_the_parent_of_two_siblings_is_one_person(
    clever: FakeClever, read: Read, pupils: list[str], shared: dict[str, str]
) -> None:
    extract = with_contacts(
        clever,
        read,
        contact(key(1), "Pat Doe", (pupils[0], "Parent", MOTHER), **shared),
        contact(key(2), "Doe, Pat", (pupils[1], "Parent", MOTHER), **{k: v.upper() for k, v in shared.items()}),
    )
    assert len(people(extract)) == 1
    links = table(extract, "GuardianLink").rows.collect()
    assert links["student"].to_list() == pupils[:2]
    assert links["guardian"].n_unique() == 1
    assert counts(extract)["Role contact"] == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pat Doe", "Sam Doe"),  # two different given names are never one person
        ("Pat Doe", "Pat Ortiz"),
        ("Doe", "Doe"),  # a given name that nobody knows agrees with none
    ],
)
def test_different_names_are_never_merged(
    clever: FakeClever, read: Read, pupils: list[str], one: str, other: str
) -> None:
    shared = {"phone": "5550100001", "email": "family@post.example"}
    extract = with_contacts(
        clever,
        read,
        contact(key(1), one, (pupils[0], "Parent", MOTHER), **shared),
        contact(key(2), other, (pupils[0], "Parent", MOTHER), **shared),
    )
    assert len(people(extract)) == 2


def test_namesakes_without_anything_in_common_are_two(clever: FakeClever, read: Read, pupils: list[str]) -> None:
    extract = with_contacts(
        clever,
        read,
        contact(key(1), "José Ruiz", (pupils[0], "Parent", MOTHER), phone="5550100001"),
        contact(key(2), "Jose Ruiz", (pupils[1], "Parent", MOTHER), phone="5550100002"),
    )
    assert len(people(extract)) == 2


def test_an_address_that_many_names_have_is_nobodys(clever: FakeClever, read: Read, pupils: list[str]) -> None:
    """Two fathers of one name both have "none@post.example": neither gets the other's child."""
    names = ["Jose Ruiz", "Jose Ruiz", "Ana Li", "Bo Dahl", "Cy Okafor"]
    extract = with_contacts(
        clever,
        read,
        *(
            contact(key(n), name, (pupils[n], "Parent", MOTHER), email="none@post.example")
            for n, name in enumerate(names)
        ),
    )
    assert len(people(extract)) == 5


def test_a_father_and_a_grandfather_of_one_name_stay_apart(clever: FakeClever, read: Read, pupils: list[str]) -> None:
    shared = {"phone": "5550100001"}
    extract = with_contacts(
        clever,
        read,
        contact(key(1), "José Ruiz", (pupils[0], "Parent", MOTHER), **shared),
        contact(key(2), "José Ruiz", (pupils[0], "Grandparent", MOTHER), **shared),
    )
    assert len(people(extract)) == 2
    assert found(extract)["clever.contact-ambiguous"] == 2


def test_a_contact_listed_twice_for_one_student_has_one_link(clever: FakeClever, read: Read, pupils: list[str]) -> None:
    """The emergency entry of a parent changes nothing."""
    shared = {"phone": "5550100001"}
    extract = with_contacts(
        clever,
        read,
        contact(key(1), "Pat Doe", (pupils[0], "Other", "Emergency"), **shared),
        contact(key(2), "Pat Doe", (pupils[0], "Parent", "Secondary"), (pupils[0], "Parent", MOTHER), **shared),
    )
    assert len(people(extract)) == 1
    links = table(extract, "GuardianLink").rows.collect()
    assert links.select("relationship", "type").rows() == [("Parent", MOTHER)]


@pytest.mark.parametrize(
    ("relationship", "role"),
    [
        ("Parent", "parent"),
        ("parent", "parent"),
        ("Grandparent", "relative"),
        ("Aunt/Uncle", "relative"),
        ("Guardian", "guardian"),
        ("Other", "guardian"),
        ("", "guardian"),
    ],
)
def test_the_role_follows_from_the_relationship(
    clever: FakeClever, read: Read, pupils: list[str], relationship: str, role: str
) -> None:
    extract = with_contacts(clever, read, contact(key(1), "Pat Doe", (pupils[0], relationship, MOTHER), sis_id="C"))
    roles = table(extract, "Role", "contact").rows.collect()
    assert roles.select("role", "org", "_space_user").rows() == [(role, clever.data.district["id"], "contact")]


# which contacts are guardians


def test_c8_parents_yes_emergency_contacts_no(clever: FakeClever, read: Read, pupils: list[str]) -> None:
    types = [MOTHER, "Primary", "Secondary", "Family", "Emergency"]
    made = [contact(key(n), f"Pat Doe{n}", (pupils[n], "Parent", t), sis_id=f"C{n}") for n, t in enumerate(types)]
    extract = with_contacts(clever, read, *made)
    assert table(extract, "GuardianLink").rows.collect()["type"].to_list() == types[:4]
    assert people(extract) == [key(n) for n in range(4)]
    assert found(extract) == {}


def test_c8_an_unknown_type_is_set_aside_link_by_link_and_shown_once(
    clever: FakeClever, read: Read, pupils: list[str]
) -> None:
    made = [contact(key(n), f"Pat Doe{n}", (pupils[n], "Other", "Neighbor"), sis_id=f"C{n}") for n in range(3)]
    made.append(contact(key(9), "Ana Li", (pupils[0], "Parent", MOTHER), (pupils[1], "Other", "Neighbor"), sis_id="C9"))
    extract = with_contacts(clever, read, *made)
    assert people(extract) == [key(9)]
    assert table(extract, "GuardianLink").invalid["sourced_id"].to_list() == [
        f"{key(0)}:{pupils[0]}", f"{key(1)}:{pupils[1]}", f"{key(2)}:{pupils[2]}", f"{key(9)}:{pupils[1]}",
    ]  # fmt: skip
    assert table(extract, "User", "contact").invalid["sourced_id"].to_list() == [key(0), key(1), key(2)]
    shown = extract.findings.row(0, named=True)
    assert (shown["rule"], shown["value"], shown["detail"]) == (
        "clever.contact-type-unknown",
        "Neighbor",
        "4 links are set aside",
    )
    mapped = with_contacts(clever, read, *made, scope={"contact_types": {"neighbor": "ignore"}})
    assert found(mapped) == {}
    assert table(mapped, "GuardianLink").invalid.is_empty()
    taken = with_contacts(clever, read, *made, scope={"contact_types": {"Neighbor": "guardian"}})
    assert counts(taken)["GuardianLink"] == 5


@pytest.mark.parametrize(("kind", "column"), [("Cell", "sms"), ("Home", "phone"), ("", "phone"), ("Pager", "phone")])
def test_a_mobile_is_where_messages_go(
    clever: FakeClever, read: Read, pupils: list[str], kind: str, column: str
) -> None:
    one = contact(key(1), "Pat Doe", (pupils[0], "Parent", MOTHER), sis_id="C", phone="(555) 010-0001", phone_type=kind)
    user = table(with_contacts(clever, read, one), "User", "contact").rows.collect().row(0, named=True)
    assert user[column] == "(555) 010-0001"
    assert user[{"sms": "phone", "phone": "sms"}[column]] is None


# properties of the grouping

WORDS = st.sampled_from(["ana", "bo"])
RECORDS = st.lists(
    st.tuples(WORDS, WORDS, st.sampled_from([None, "e1", "e2"]), st.sampled_from([None, "5550100001", "5550100002"]),
              st.sampled_from(["s1", "s2", "s3"]), st.sampled_from(["Parent", "Grandparent"])),
    min_size=1, max_size=8,
)  # fmt: skip


def grouped(records: list[tuple[Any, ...]]) -> dict[str, str]:
    names = ["given_name", "family_name", "email", "number", "student", "relationship"]
    frame = pl.DataFrame(records, schema=dict.fromkeys(names, pl.String), orient="row")
    frame = frame.with_columns(
        record=pl.lit("r") + pl.Series(map(str, range(frame.height))), own_id=pl.lit(None, pl.String)
    )
    ids, _ = identified(frame.drop("student", "relationship"), frame.select("record", "student", "relationship"))
    assert ids["record"].n_unique() == ids.height == frame.height
    return dict(ids.iter_rows())


@pytest.mark.deep
@given(RECORDS)
def test_two_given_names_are_never_one_person(records: list[tuple[Any, ...]]) -> None:
    by_id: dict[str, set[tuple[str, str]]] = {}
    for record, person in grouped(records).items():
        by_id.setdefault(person, set()).add(records[int(record[1:])][:2])
    assert all(len(names) == 1 for names in by_id.values())


@pytest.mark.deep
@given(RECORDS)
def test_nobody_has_two_relationships_to_a_student_by_merging(records: list[tuple[Any, ...]]) -> None:
    relations: dict[tuple[str, str], set[str]] = {}
    for record, person in grouped(records).items():
        *_, student, relationship = records[int(record[1:])]
        relations.setdefault((person, student), set()).add(relationship)
    assert all(len(relationships) == 1 for relationships in relations.values())


@pytest.mark.deep
@example(["\x1f", "Pat \x1f Doe"])
@given(st.lists(st.text(), min_size=1, max_size=20))
@settings(max_examples=2000 if DEEP else 10)
def test_any_name_can_be_taken_apart(names: list[str]) -> None:
    parts = pl.DataFrame({"n": names}, schema={"n": pl.String}).select(**name_parts(pl.col("n")))
    assert all(part is None or part.strip() for row in parts.rows() for part in row)


def test_half_a_pull_gives_nobody_a_new_id(clever: FakeClever, read: Read) -> None:
    """The id of a contact without one depends on all records of that person."""
    clever.faults.append(Fault("users", "drop", 0, skip=1))
    extract = read(page_size=100)
    assert table(extract, "User", "contact").coverage == "partial"
    assert people(extract)
    assert not [person for person in people(extract) if person.startswith("contact-")]
