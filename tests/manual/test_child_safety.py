"""Child safety: what a person blocks, suppresses or archives is in no feed, whatever comes in afterwards."""

from __future__ import annotations

import pytest
from by_hand import DAY, LINKS, PEOPLE, School, delivered, feed_bytes

from rosterkit.errors import Refused, UsageError

BLOCK = {"reason": "court order 12", "actor": "noa:approver"}


def test_a_blocked_link_is_in_no_feed_from_that_moment_on(school: School) -> None:
    assert ("gu-2", "st-1") in school.links()
    before = school.ws.history()[0].revision
    done = school.ws.block_link("gu-2", "st-1", **BLOCK)
    assert done.revision == before + 1
    assert school.links() == {("gu-1", "st-1"), ("gu-3", "st-2")}
    school.ws.unblock_link("gu-2", "st-1", **BLOCK)
    assert ("gu-2", "st-1") in school.links()


def test_a_block_is_a_revision_with_a_plan_that_can_be_shown(school: School) -> None:
    done = school.ws.block_link("gu-2", "st-1", **BLOCK)
    (past, *_) = school.ws.history()
    assert (past.kind, past.actor, past.plan) == ("manual", "noa", done.plan)
    (line,) = school.ws.show(done.plan).lines.rows(named=True)
    assert (line["entity"], line["sourced_id"], line["after"]) == ("User", "gu-2", "blocked: st-1")
    assert "court order 12" in line["why"]
    assert done.plan in {event.plan for event in school.ws.history("User", "gu-2")}


def test_no_undo_lifts_a_block(school: School) -> None:
    done = school.ws.block_link("gu-2", "st-1", **BLOCK)
    undo = school.ws.undo(done.revision)
    school.ws.approve(undo.id, reason="a try", actor="noa")
    school.ws.apply(undo.id, actor="noa")
    assert ("gu-2", "st-1") not in school.links()


def test_a_block_outlasts_new_ids_and_another_row_of_the_same_adult(school: School) -> None:
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    people = {k: v for k, v in PEOPLE.items() if k not in ("gu-2", "st-1")}
    people |= {"gu-22": PEOPLE["gu-2"] | {"email": "new@home.example"}, "st-11": PEOPLE["st-1"]}
    school.sync(delivered(people, links=(("gu-1", "st-11"), ("gu-22", "st-11"), ("gu-3", "st-2"))))
    assert school.links() == {("gu-1", "st-11"), ("gu-3", "st-2")}


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ({"given_name": "Ómar", "family_name": "ADEYEMI"}, {}),
        ({"given_name": "Adeyemi", "family_name": "Omar"}, {}),
        ({"given_name": "Om", "family_name": "Adeyemi"}, {"sms": "+1 (217) 555-0102"}),
        ({"given_name": "Omar Kofi", "family_name": "Adeyemi-Boateng"}, {"email": "GU-2@cedar.example"}),
    ],
)
def test_a_block_outlasts_a_new_id_under_another_spelling(
    school: School, name: dict[str, str], same: dict[str, str]
) -> None:
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    people = {k: v for k, v in PEOPLE.items() if k != "gu-2"}
    people["gu-22"] = {"sms": "+12175550188", "email": "new@home.example", **name, **same}
    school.sync(delivered(people, links=(("gu-1", "st-1"), ("gu-22", "st-1"), ("gu-3", "st-2"))))
    assert school.links() == {("gu-1", "st-1"), ("gu-3", "st-2")}


def test_a_block_keeps_no_other_adult_of_the_family_from_the_child(school: School) -> None:
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    shared = {"sms": "+12175550102", "email": "gu-2@cedar.example"}
    people = PEOPLE | {"gu-4": {"given_name": "Amara", "family_name": "Adeyemi", **shared}}
    school.sync(delivered(people, links=(*LINKS, ("gu-4", "st-1"))))
    assert school.links() == {("gu-1", "st-1"), ("gu-3", "st-2"), ("gu-4", "st-1")}


def test_a_block_outlasts_a_name_that_the_source_gave_the_adult_meanwhile(school: School) -> None:
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    school.sync(delivered(PEOPLE | {"gu-2": PEOPLE["gu-2"] | {"family_name": "Fofana"}}))
    people = {k: v for k, v in PEOPLE.items() if k != "gu-2"}
    people["gu-22"] = PEOPLE["gu-2"] | {"sms": "+12175550188", "email": "new@home.example"}
    school.sync(delivered(people, links=(("gu-1", "st-1"), ("gu-22", "st-1"), ("gu-3", "st-2"))))
    assert school.links() == {("gu-1", "st-1"), ("gu-3", "st-2")}


def test_a_suppressed_person_and_what_refers_to_it_is_gone(school: School) -> None:
    school.ws.suppress("st-2", **BLOCK)
    assert "st-2" not in school.rows("User")
    assert not any("st-2" in key for entity in ("Role", "Enrollment", "GuardianLink") for key in school.rows(entity))
    with pytest.raises(Refused, match="already"):
        school.ws.suppress("st-2", **BLOCK)
    school.ws.unsuppress("st-2", **BLOCK)
    assert "st-2" in school.rows("User")


def test_a_value_may_be_suppressed_in_one_feed_only(school: School) -> None:
    school.settings('\n[feeds.district]\nkind = "oneroster"\n')
    school.ws.suppress("st-1", feed="district", field="email", **BLOCK)
    assert school.rows("User", "district")["st-1"]["email"] is None
    assert school.rows("User", "oneroster")["st-1"]["email"] == "st-1@cedar.example"
    assert school.rows("User", "district")["st-2"]["email"] == "st-2@cedar.example"


def test_a_suppressed_value_goes_wherever_the_person_has_it(school: School) -> None:
    email = "st-1@cedar.example"
    ids, attributes = f'["{{Portal:{email}}}","{{Bus:7}}"]', f'{{"a":"{email}","b":"7"}}'
    more = {"username": email.upper(), "user_ids": ids, "attributes": attributes}
    school.sync(delivered(PEOPLE | {"st-1": PEOPLE["st-1"] | more}))
    school.ws.suppress("st-1", field="email", **BLOCK)
    row = school.rows("User")["st-1"]
    assert (row["email"], row["username"]) == (None, None)
    assert (row["user_ids"], row["attributes"]) == ('["{Bus:7}"]', '{"b":"7"}')


def test_a_record_archived_by_hand_stays_out_until_it_is_lifted(school: School) -> None:
    school.ws.archive("Class", "C-1", **BLOCK)
    school.sync(delivered(titles={"C-1": "Renamed"}))
    assert set(school.rows("Class")) == {"C-2"}
    assert not any(key.startswith("C-1") for key in school.rows("Enrollment"))
    school.ws.unarchive("Class", "C-1", **BLOCK)
    assert school.rows("Class")["C-1"]["title"] == "Renamed"


@pytest.mark.parametrize("role", ["viewer", "staff"])
def test_blocks_take_a_permission(school: School, role: str) -> None:
    with pytest.raises(Refused, match=r"policy\.actors"):
        school.ws.block_link("gu-2", "st-1", reason="x", actor=f"kit:{role}")
    assert len(school.links()) == len(LINKS)


def test_a_block_needs_a_reason_an_adult_and_a_student(school: School) -> None:
    with pytest.raises(UsageError, match="reason"):
        school.ws.block_link("gu-2", "st-1", reason=" ", actor="noa")
    with pytest.raises(UsageError, match="is a guardian"):
        school.ws.block_link("st-1", "gu-2", reason="x", actor="noa")
    with pytest.raises(UsageError, match="no field"):
        school.ws.suppress("st-1", field="shoe_size", reason="x", actor="noa")


def test_a_file_that_waits_while_the_vendor_still_shows_a_link_raises_an_alarm(school: School) -> None:
    assert school.ws.feed_build().state == "waiting"
    school.ws.feed_approve(reason="compared", actor="noa")
    school.ws.block_link("gu-2", "st-1", **BLOCK)
    assert school.ws.feed_build().state == "verified"
    school.ws.block_link("gu-1", "st-1", **BLOCK)
    school.configure('# version = "1.2"', 'version = "1.1"')
    built = school.ws.feed_build()
    assert (built.state, "safety.still-shown" in set(built.findings["rule"])) == ("waiting", True)
    school.ws.feed_approve(reason="compared", actor="noa")
    assert "safety.still-shown" not in set(school.ws.feed_build().findings["rule"])


def test_a_link_that_is_gone_from_its_table_waits_for_no_window(school: School) -> None:
    window = f'kind = "additions"\nfirst = "{DAY}"\nlast = "{DAY}"\nreason = "state tests"'
    school.settings(f"\n[[windows]]\n{window}\n")
    plan = school.plan(delivered(titles={"C-1": "Renamed"}, links=LINKS[:1]))
    held = {(entity, key): code for entity, key, *_, code in school.lines(plan)}
    assert held == {("Class", "C-1"): "policy", ("GuardianLink", "st-1:gu-2"): "", ("GuardianLink", "st-2:gu-3"): ""}


def test_every_feed_obeys(school: School) -> None:
    before = feed_bytes(school)
    assert all(b"st-1@cedar.example" in content for name, content in before.items())
    school.ws.suppress("st-1", field="email", **BLOCK)
    assert [name for name, content in feed_bytes(school).items() if b"st-1@cedar.example" in content] == []
