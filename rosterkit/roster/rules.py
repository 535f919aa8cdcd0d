"""The catalogue of rules: what each finding means, how grave it is, what follows from it and what to do.

``rosterkit rules`` prints it; ``docs/findings.md`` and the pages of sources and feeds are made from it. The engine's
own rules are here; a source or feed brings its own (``Source.rules``), under codes that start with
the file or subject.
"""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """One check, as a person reads it.

    ``lenient`` and ``strict`` are severities, or ``refused`` where the package or file is not read at all, or "" where
    that mode does not make the finding. ``row``, ``record``, ``dependants`` and ``table`` say what happens to each.
    ``grouped``: the rows of a column make one finding, at the first of them, that says how many there are.
    """

    code: str
    lenient: str
    strict: str
    meaning: str
    remedy: str
    row: str = "read"
    record: str = "as the row states"
    dependants: str = "not touched"
    table: str = "unchanged"
    example: str = ""
    grouped: bool = False

    def severity(self, *, strict: bool) -> str:
        """``error``, ``warning``, ``info`` or "" (no finding) in that mode."""
        found = self.strict if strict else self.lenient
        return "error" if found == "refused" else found


ENGINE_RULES: tuple[Rule, ...] = (
    Rule(
        "reference.missing",
        "error",
        "error",
        "The record named here is neither in the package nor in the store.",
        "Export the missing record too, or correct the id.",
        record="keeps the stored link; a new record that cannot stand without it waits until the target arrives",
        dependants="new ones wait with it",
        example="E-77 names class C-9, which no file holds",
    ),
    Rule(
        "reference.gone",
        "error",
        "error",
        "The record named here leaves with this package, yet this row still names it.",
        "Remove the row, or export the record again.",
        record="follows its parent: archived with it, or the link is cleared where the record can stand without it",
        dependants="follow in the same way",
        example="P-3 is no longer in users.csv, and enrollments.csv still lists E-12 for P-3",
    ),
    Rule(
        "reference.no-match",
        "error",
        "error",
        "No record of the other sources has the number, username or e-mail address by which this row names it.",
        "Correct the value in this row or in the other source.",
        record="deferred until one record matches; what is stored stays",
        example="a guardian's row names student number 4711, and no active student has it",
    ),
    Rule(
        "reference.ambiguous",
        "error",
        "error",
        "Several records of the other sources have the value by which this row names one.",
        "Give each record a value of its own in the other source.",
        record="deferred until one record matches; what is stored stays",
        example="two students have number 4711",
    ),
    Rule(
        "scope.unknown",
        "error",
        "error",
        "The scope in the settings names something that the source does not deliver.",
        "Correct the name, or take it out. Write the source id, the number or code, or the whole name.",
        row="not read, where nothing has that name",
        record="archived, with scope as the reason, where it is out of scope now",
        example='schools = ["Birch Hollow"], and the school is called Birch Hollow Middle School',
    ),
    Rule(
        "scope.contact-type",
        "warning",
        "warning",
        "Links of this type of contact are set aside: the scope in the settings does not say what to do with them.",
        "Add the type to contact_types, as guardian or as ignore.",
        row="set aside",
        record="what is stored stays",
        example='a link of the type "Neighbor"',
    ),
    Rule(
        "delta.stale-row",
        "warning",
        "warning",
        "The row is older (dateLastModified) than what is already known of the record.",
        "Nothing to do if a newer row was sent since; otherwise export the record again.",
        row="left",
        record="keeps the values of the newer row",
    ),
    Rule(
        "identity.reused-id",
        "error",
        "error",
        "Given name, family name and a second identifier all contradict the stored person, or both names that of an "
        "account in use: the id may now be another human's.",
        "Ask the SIS who this is. Best give a new person an id of their own. Once the case is approved, what people "
        "pinned, linked or enrolled by hand for the earlier person ends.",
        row="held: the id may have been reused",
        record="keeps every stored value",
        dependants="every change to what references the person is held",
    ),
    Rule(
        "identity.unclear-person",
        "error",
        "error",
        "A person comes under an id that nobody knows, while a stored one with the same number or another id in common "
        "would leave; their names differ, or several persons match. It may be the same person.",
        "Ask the SIS. If they are two persons, approve the case by its records; if it is one person, say so: "
        "rosterkit match NEW OLD --reason TEXT.",
        row="held: it may be a person who is stored",
        record="keeps every stored value, and is not archived",
        dependants="what refers to the new person is held",
    ),
    Rule(
        "identity.unused-match",
        "error",
        "error",
        "Somebody said that a person who comes under a new id is a stored one (rosterkit match), and that one is "
        "delivered too, or is of another kind (student, guardian, staff). The match is not used.",
        "Look at both. If they are two persons, take the match back (rosterkit match NEW OLD --revoke); if they are "
        "one, have the source deliver that person once.",
        row="held: it may be a person who is stored",
        record="keeps every stored value",
        dependants="what refers to the new person is held",
    ),
    Rule(
        "identity.moved-number",
        "error",
        "error",
        "A guardian's line names a child by a number, a username or an e-mail address that was another child's when "
        "the line came first. The guardian may belong to the earlier child.",
        "Ask who this child is. If the line is right, approve the case by its record; if not, have it corrected in its "
        "file.",
        row="held: the link would go to another child",
        record="keeps the child that it has",
    ),
    Rule(
        "identity.taken-username",
        "error",
        "error",
        "A student or a member of staff gets a username that another one has or had, and their names differ: who signs "
        "in with it may open the account of the other.",
        "Ask the SIS whose username it is. If the new person is to have it, approve the case by its record; otherwise "
        "give that person a username of their own.",
        row="held: the username may have been reused",
        record="a new person waits; another keeps the stored username",
        dependants="what belongs to a new person waits with that person",
        example="Noor Haddad comes with the username nhall, which Nia Hall has",
    ),
    Rule(
        "table.gone",
        "error",
        "error",
        "The source delivered these records before, and their file or column is not in what it delivers now.",
        "Put the file or column back. If the source is to deliver none of them any more, deliver the column with empty "
        "cells once, and approve that the records leave.",
        record="what is stored stays, and may be out of date",
        example="users.csv had agentSourcedIds yesterday, and has no such column today",
    ),
    Rule(
        "expect.overdue",
        "error",
        "error",
        "An announced change did not come in time: a school that was to close, an e-mail domain that was to be "
        "renamed, or new students.",
        'Ask the SIS what became of it. Then withdraw the expectation ("rosterkit expect withdraw"), or announce it '
        "anew for a later day.",
    ),
    Rule(
        "safety.still-shown",
        "error",
        "error",
        "A link, person or value was blocked after the last file of this feed was sent, and the file without it has "
        "not been sent yet: the vendor may still show it.",
        "Approve the file that waits, or mend what holds it, or remove the link or value at the vendor by hand.",
        record="not in the file that waits",
    ),
)


def catalogue(*more: tuple[Rule, ...]) -> dict[str, Rule]:
    """All rules by code, the engine's first; ValueError when two that differ share a code."""
    found: dict[str, Rule] = {}
    for rule in [*ENGINE_RULES, *(r for rules in more for r in rules)]:
        if found.setdefault(rule.code, rule) != rule:
            raise ValueError(f"two rules share the code {rule.code}")
    return found
