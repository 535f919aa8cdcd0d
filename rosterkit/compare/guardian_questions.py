"""Questions about guardians: whose they are, whether they can be reached, and what they are told apart by."""

from __future__ import annotations

from functools import partial

import polars as pl

from rosterkit.compare.delivered import FAMILY, Roster
from rosterkit.compare.question import Find, Found, Question
from rosterkit.compare.settings import CompareSettings

_APART = "guardians come with their student here: they have no organisation, and only one side states a link"
_SAYS_NOTHING = ("", "other", "unknown", "contact", "primary", "secondary", "family")
"""Types and relationships that do not say whether somebody is a parent or an emergency contact."""


def reachable(people: pl.DataFrame) -> pl.DataFrame:
    """Those with an e-mail address or a phone."""
    return people.filter(pl.any_horizontal(pl.col("email", "sms", "phone").is_not_null()))


def _unlinked(roster: Roster, _settings: CompareSettings) -> Found:
    guardians = roster.of("guardian")
    rows = guardians.join(roster.links, left_on="key", right_on="guardian", how="anti")
    return Found(rows.select("key", "given_name"), guardians.height)


def _students_without(roster: Roster, _settings: CompareSettings) -> Found:
    students = roster.of("student")
    rows = students.join(roster.links, left_on="key", right_on="student", how="anti")
    detail = roster.absent.get("GuardianLink", "")
    return Found(rows.select("key", "school_name"), students.height, detail)


def _students_unreachable(roster: Roster, _settings: CompareSettings) -> Found:
    """Students who have guardians, none of whom has an e-mail address or a phone."""
    students = roster.of("student")
    having = students.join(roster.links, left_on="key", right_on="student", how="semi")
    contact = reachable(roster.of("guardian")).select("key")
    able = roster.links.join(contact, left_on="guardian", right_on="key", how="semi")
    rows = having.join(able, left_on="key", right_on="student", how="anti")
    return Found(rows.select("key", "school_name"), students.height)


def _one_side(roster: Roster, _settings: CompareSettings) -> Found:
    if roster.guardians_apart:
        return Found.without_meaning(_APART)
    once = roster.links.filter(pl.col("sides") == 1)
    rows = once.select("sourced_id", "asserted_by", id="sourced_id").drop("sourced_id")
    return Found(rows, roster.links.height)


def _without_contact(roster: Roster, _settings: CompareSettings) -> Found:
    guardians = roster.of("guardian")
    rows = guardians.join(reachable(guardians), on="key", how="anti")
    return Found(rows.select("key", "given_name"), guardians.height)


def _too_many(roster: Roster, settings: CompareSettings) -> Found:
    students = roster.of("student")
    counts = roster.links.group_by("student").agg(guardians=pl.len())
    many = counts.filter(pl.col("guardians") > settings.guardians_per_student)
    rows = students.join(many, left_on="key", right_on="student")
    return Found(rows.select("key", "guardians", "school_name"), students.height)


def _at_district(roster: Roster, _settings: CompareSettings) -> Found:
    if roster.guardians_apart:
        return Found.without_meaning(_APART)
    guardians = roster.of("guardian")
    roles = roster.table("Role").filter(pl.col("role").is_in(FAMILY))
    at_school = roles.join(roster.schools.select("key"), left_on="org", right_on="key", how="semi")
    rows = guardians.join(roles, left_on="key", right_on="user", how="semi")
    rows = rows.join(at_school, left_on="key", right_on="user", how="anti")
    return Found(rows.select("key", "given_name"), guardians.height)


def _of_no_type(roster: Roster, _settings: CompareSettings) -> Found:
    """Links that say nothing, and those that were set aside because nobody knows their type."""
    silent = [pl.col(name).fill_null("").str.to_lowercase().is_in(_SAYS_NOTHING) for name in ("relationship", "type")]
    links = roster.links.filter(pl.all_horizontal(silent)).select("type", "relationship", id="sourced_id")
    aside = roster.unusable.filter((pl.col("entity") == "GuardianLink") & pl.col("column").is_null())
    rows = pl.concat([links, aside.select(id="sourced_id", type=pl.lit("set aside"))], how="diagonal")
    return Found(rows, roster.links.height + aside.height)


def _without_stable_id(roster: Roster, _settings: CompareSettings) -> Found:
    guardians = roster.of("guardian")
    if roster.capabilities.stable_contact_ids:
        return Found(guardians.clear().select("key"), guardians.height)
    return Found(guardians.filter(pl.col("user_ids").is_null()).select("key", "given_name"), guardians.height)


def _shared(column: str, roster: Roster, _settings: CompareSettings) -> Found:
    guardians = roster.of("guardian").with_columns(phone=pl.coalesce("sms", "phone"))
    value = pl.col("email").str.to_lowercase() if column == "email" else pl.col("phone").str.replace_all(r"\D", "")
    known = guardians.with_columns(value=value).filter(pl.col("value").is_not_null() & (pl.col("value") != ""))
    rows = known.filter(pl.col("value").is_duplicated())
    return Found(rows.select("key", "value"), guardians.height)


def _question(
    code: str,
    text: str,
    remedy: str,
    find: Find,
    *,
    warning: float | None = None,
    error: float | None = None,
    reference: str = "",
    needs: tuple[str, ...] = ("User", "GuardianLink"),
) -> Question:
    return Question(code, "Guardians", text, remedy, find, needs, warning, error, reference)


GUARDIAN_QUESTIONS = (
    _question(
        "guardian.unlinked",
        "Which guardians are linked to no student?",
        "Ask the vendor to send the links (agents); they are often switched off.",
        _unlinked,
        warning=1,
        error=10,
        reference="C18",
        needs=("User",),
    ),
    _question(
        "student.no-guardian",
        "Which students have no guardian?",
        "Have the SIS send contacts to the vendor, or add a guardian file.",
        _students_without,
        warning=5,
        error=20,
        reference="C7",
        needs=("User", "Role"),
    ),
    _question(
        "student.unreachable",
        "Which students have guardians of whom none has an e-mail address or a phone?",
        "Add an address or a phone in the SIS.",
        _students_unreachable,
        warning=1,
        error=10,
        reference="C7",
    ),
    _question(
        "guardian.one-side",
        "Which links does only one side state, the student or the guardian?",
        "rosterkit reads either side. A product that reads the source itself may want both: ask the vendor.",
        _one_side,
        warning=5,
        reference="C18",
    ),
    _question(
        "guardian.no-contact",
        "Which guardians have neither an e-mail address nor a phone?",
        "Add one in the SIS: a guardian without contact cannot be invited.",
        _without_contact,
        warning=2,
        error=20,
        reference="C7",
    ),
    _question(
        "student.many-guardians",
        "Which students have six or more guardians?",
        "Send only those who have custody; some products stop a sync that has such students.",
        _too_many,
        warning=0.5,
        error=2,
    ),
    _question(
        "guardian.at-district",
        "Which guardians belong to the district and to no school?",
        "rosterkit puts them at the schools of their students. Otherwise ask the vendor to give them schools.",
        _at_district,
        warning=2,
        error=20,
        reference="C19",
    ),
    _question(
        "guardian.no-type",
        "Which links do not say whether the adult is a parent or another contact?",
        "Fill in the relationship in the SIS, or say in the settings which types are guardians.",
        _of_no_type,
        warning=2,
        error=20,
        reference="C8",
    ),
    _question(
        "guardian.no-stable-id",
        "Which guardians have no id of their own from the SIS?",
        "Have the SIS send contact ids. Without them rosterkit recognises people by name, student and contact.",
        _without_stable_id,
        warning=5,
        reference="C10",
    ),
    _question(
        "guardian.shared-email",
        "Which guardians share an e-mail address?",
        "Ask the families for an address each, where the product makes one account for an address.",
        partial(_shared, "email"),
        warning=10,
    ),
    _question(
        "guardian.shared-phone",
        "Which guardians share a phone?",
        "Usual in families. Look at numbers that many share: they are an office's.",
        partial(_shared, "phone"),
        warning=30,
    ),
)
