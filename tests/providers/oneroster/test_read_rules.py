"""Every rule of the source, made to happen once: its severity, file, line and column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tiny import Files, Read, as_delta, deltas, extract, found, read, spoilt, tiny

from providers.oneroster.rules import ONEROSTER_RULES, RULES
from providers.oneroster.spec import FILES
from rosterkit.errors import SourceUnreadable
from rosterkit.sources.csv_rules import CSV_RULES
from rosterkit.testing.package import csv_text, manifest_text, write_package


@dataclass(frozen=True)
class Case:
    """A package that meets ``rule`` at ``at`` (file, line, column)."""

    rule: str
    files: Files
    at: tuple[str, int, str]
    how: dict[str, Any] = field(default_factory=dict)
    strict: bool = False

    def __str__(self) -> str:
        return self.rule


def text(name: str, change: Callable[[str], str], files: Files | None = None, version: str = "1.1") -> dict[str, Any]:
    """How to write the tiny package with one file's text changed."""
    rows = (files or tiny(version))[name]
    content = change(csv_text(FILES[version][name].header, rows))
    return {"raw": {f"{name}.csv": content.encode()}, "version": version}


def manifest(change: Callable[[str], str], version: str = "1.1") -> dict[str, Any]:
    content = change(manifest_text(dict.fromkeys(tiny(version), "bulk"), version=version))
    return {"raw": {"manifest.csv": content.encode()}, "version": version}


def sub(old: str, new: str) -> Callable[[str], str]:
    """Replaces the first ``old``, which must be there."""

    def change(content: str) -> str:
        assert old in content
        return content.replace(old, new, 1)

    return change


def raw(name: str, content: bytes) -> dict[str, Any]:
    return {"raw": {name: content}}


def more(file: str, *rows: dict[str, str], version: str = "1.1") -> Files:
    files = tiny(version)
    files[file] += rows
    return files


def extra(name: str) -> dict[str, Any]:
    return raw(name, b"a,b\n1,2\n")


def cut_users(header: str) -> Callable[[str], str]:
    """users.csv of 1.1 with that header cell renamed."""
    return sub(header, f"{header}X")


T = tiny()
D = as_delta(tiny())
DELTA = {"modes": deltas(D)}
BAD_DELTA = as_delta(spoilt("orgs", 0))
BAD_DELTA["orgs"][0]["status"] = ""

CASES = [
    Case("manifest.own-version", T, ("manifest.csv", 0, "manifest.version"), manifest(sub("1.0", "1"))),
    Case("manifest.header", T, ("manifest.csv", 1, ""), manifest(sub("Name,value", "Name,propertyValue"))),
    Case("manifest.version-guessed", T, ("manifest.csv", 0, ""), manifest(sub("oneroster.version,1.1\n", ""))),
    Case(
        "manifest.row-missing",
        T,
        ("manifest.csv", 0, "file.results"),
        manifest(sub("file.results,absent\n", "")),
        strict=True,
    ),
    Case("manifest.mode", T, ("manifest.csv", 0, "file.orgs"), manifest(sub("file.orgs,bulk", "file.orgs,Bulk"))),
    Case("manifest.unknown-property", T, ("manifest.csv", 0, "file.pets"), manifest(lambda m: m + "file.pets,bulk\n")),
    Case("manifest.repeated", T, ("manifest.csv", 19, "file.orgs"), manifest(lambda m: m + "x,\nfile.orgs,delta\n")),
    Case(
        "manifest.file-missing",
        {k: v for k, v in T.items() if k != "orgs"},
        ("manifest.csv", 0, "file.orgs"),
        {"modes": {"orgs": "bulk"}},
    ),
    Case("manifest.undeclared", T, ("manifest.csv", 0, "file.orgs"), {"modes": {"orgs": "absent"}}),
    Case("package.unknown-file", T, ("", 0, ""), extra("users_103.csv")),
    Case(
        "package.file-name",
        {k: v for k, v in T.items() if k != "demographics"},
        ("", 0, ""),
        {"modes": {"demographics": "bulk"}, **raw("Demographics.csv", b"sourcedId,birthDate\nana,2011-03-04\n")},
    ),
    Case("schema.header-case", T, ("demographics.csv", 1, "birthDate"), text("demographics", sub("birthD", "birthd"))),
    Case("schema.order", T, ("orgs.csv", 1, ""), text("orgs", sub("name,type", "type,name"))),
    Case("schema.unknown-column", T, ("orgs.csv", 1, "names"), text("orgs", sub("name", "names"))),
    Case("schema.missing-column", T, ("orgs.csv", 1, "identifier"), text("orgs", sub("identifier", "metadata.x"))),
    Case("schema.missing-required", T, ("orgs.csv", 1, "name"), text("orgs", sub("name", "names"))),
    Case("schema.missing-key", T, ("users.csv", 1, "sourcedId"), text("users", cut_users("sourcedId"))),
    Case("row.repeated", more("orgs", T["orgs"][1]), ("orgs.csv", 4, "")),
    Case("row.conflict", more("orgs", {**T["orgs"][1], "name": "Other"}), ("orgs.csv", 3, "")),
    Case("row.key", spoilt("orgs", 1, sourcedId="s:1"), ("orgs.csv", 3, ""), strict=True),
    Case("delta.incomplete", BAD_DELTA, ("orgs.csv", 2, ""), DELTA),
    Case("bulk.status", spoilt("orgs", 1, status="active"), ("orgs.csv", 3, "status")),
    Case("bulk.delete", spoilt("orgs", 1, status="tobedeleted"), ("orgs.csv", 3, "status")),
    Case(
        "bulk.date",
        spoilt("orgs", 1, dateLastModified="2026-01-01T00:00:00.000Z"),
        ("orgs.csv", 3, "dateLastModified"),
    ),
    Case(
        "status.inactive",
        {**D, "orgs": [D["orgs"][0], {**D["orgs"][1], "status": "inactive"}]},
        ("orgs.csv", 3, "status"),
        DELTA,
    ),
    Case("cell.required", spoilt("classes", 0, courseSourcedId=""), ("classes.csv", 2, "courseSourcedId")),
    Case("cell.null-literal", spoilt("users", 1, phone="NULL"), ("users.csv", 3, "phone")),
    Case("cell.space", spoilt("enrollments", 0, role="student "), ("enrollments.csv", 2, "role")),
    Case("guid.characters", spoilt("orgs", 1, parentSourcedId="d 1"), ("orgs.csv", 3, "parentSourcedId")),
    Case("guid.long", spoilt("orgs", 1, parentSourcedId="d" * 256), ("orgs.csv", 3, "parentSourcedId")),
    Case("guid.mangled", spoilt("orgs", 1, parentSourcedId="1.23E+11"), ("orgs.csv", 3, "parentSourcedId")),
    Case("enum.case", spoilt("classes", 0, classType="Scheduled"), ("classes.csv", 2, "classType")),
    Case("enum.unknown", spoilt("enrollments", 0, role="pupil"), ("enrollments.csv", 2, "role")),
    Case("bool.form", spoilt("users", 0, enabledUser="TRUE"), ("users.csv", 2, "enabledUser")),
    Case("bool.unknown", spoilt("users", 0, enabledUser="perhaps"), ("users.csv", 2, "enabledUser")),
    Case("date.form", spoilt("enrollments", 0, beginDate="2026-08-24 00:00"), ("enrollments.csv", 2, "beginDate")),
    Case("date.unreadable", spoilt("enrollments", 0, beginDate="2026-02-30"), ("enrollments.csv", 2, "beginDate")),
    Case("date.ambiguous", spoilt("enrollments", 0, beginDate="3/4/2026"), ("enrollments.csv", 2, "beginDate")),
    Case(
        "datetime.form",
        {**D, "orgs": [{**D["orgs"][0], "dateLastModified": "2026-11-20"}, D["orgs"][1]]},
        ("orgs.csv", 2, "dateLastModified"),
        DELTA,
    ),
    Case(
        "datetime.unreadable",
        {**D, "orgs": [{**D["orgs"][0], "dateLastModified": "yesterday"}, D["orgs"][1]]},
        ("orgs.csv", 2, "dateLastModified"),
        DELTA,
    ),
    Case("year.unreadable", spoilt("academicSessions", 1, schoolYear="27"), ("academicSessions.csv", 3, "schoolYear")),
    Case(
        "year.span", spoilt("academicSessions", 1, schoolYear="2026-2027"), ("academicSessions.csv", 3, "schoolYear")
    ),
    Case("list.spaces", spoilt("classes", 0, grades="09, 10"), ("classes.csv", 2, "grades")),
    Case("list.empty-item", spoilt("classes", 0, grades="09,,10"), ("classes.csv", 2, "grades")),
    Case("list.repeated", spoilt("classes", 0, termSourcedIds="t1,t1"), ("classes.csv", 2, "termSourcedIds")),
    Case("grade.form", spoilt("users", 0, grades="9"), ("users.csv", 2, "grades")),
    Case("grade.unknown", spoilt("users", 0, grades="P1"), ("users.csv", 2, "grades")),
    Case("user-ids.form", spoilt("users", 0, userIds="local:123"), ("users.csv", 2, "userIds")),
    Case("semantic.school-type", spoilt("orgs", 1, type="department"), ("classes.csv", 2, "schoolSourcedId")),
    Case(
        "semantic.school-year-type",
        spoilt("courses", 0, schoolYearSourcedId="t1"),
        ("courses.csv", 2, "schoolYearSourcedId"),
    ),
    Case(
        "semantic.primary-roles",
        more("roles", {**tiny("1.2")["roles"][0], "sourcedId": "r9"}, version="1.2"),
        ("roles.csv", 2, "roleType"),
        {"version": "1.2"},
    ),
    Case(
        "semantic.primary-org-role",
        spoilt("users", 0, "1.2", primaryOrgSourcedId="d1"),
        ("users.csv", 2, "primaryOrgSourcedId"),
        {"version": "1.2"},
    ),
    Case(
        "semantic.profile-owner",
        spoilt("roles", 1, "1.2", userProfileSourcedId="f1"),
        ("roles.csv", 3, "userProfileSourcedId"),
        {"version": "1.2"},
    ),
    Case("semantic.subject-codes", spoilt("classes", 0, subjects="A,B"), ("classes.csv", 2, "subjectCodes")),
    Case("semantic.dates", spoilt("enrollments", 0, endDate="2026-08-23"), ("enrollments.csv", 2, "endDate")),
    Case(
        "semantic.enrollment-dates",
        spoilt("enrollments", 0, beginDate="2027-02-01", endDate="2027-06-01"),
        ("enrollments.csv", 2, "beginDate"),
    ),
    Case(
        "semantic.enrolled-twice",
        more("enrollments", {**T["enrollments"][0], "sourcedId": "e9"}),
        ("enrollments.csv", 4, "userSourcedId"),
    ),
    Case("semantic.username-shared", spoilt("users", 1, username="ana@harbour.example"), ("users.csv", 2, "username")),
    Case("semantic.username-case", spoilt("users", 1, username="Ana@Harbour.example"), ("users.csv", 2, "username")),
    Case(
        "semantic.email-case",
        more("users", *({**T["users"][1], "sourcedId": at, "email": f"{at}@x.example"} for at in ("ia", "IA"))),
        ("users.csv", 5, "email"),
    ),
    Case(
        "semantic.guardian-email",
        {**T, "users": [{**user, "email": "ruiz@x.example"} for user in T["users"]]},
        ("users.csv", 2, "email"),
    ),
    Case(
        "semantic.no-role",
        {**tiny("1.2"), "roles": tiny("1.2")["roles"][:2]},
        ("users.csv", 4, "sourcedId"),
        {"version": "1.2"},
    ),
    Case("demographics.not-read", T, ("demographics.csv", 0, ""), {"demographics": False}),
    Case("semantic.cycle", spoilt("orgs", 0, parentSourcedId="s1"), ("orgs.csv", 2, "parentSourcedId")),
    Case("agents.self", spoilt("users", 0, agentSourcedIds="ana"), ("users.csv", 2, "agentSourcedIds")),
    Case(
        "agents.two-students",
        more("users", {**T["users"][0], "sourcedId": "ben", "agentSourcedIds": "lucia,ana"}),
        ("users.csv", 5, "agentSourcedIds"),
    ),
    Case("agents.two-guardians", spoilt("users", 0, role="guardian"), ("users.csv", 2, "agentSourcedIds")),
    Case("agents.not-family", spoilt("users", 0, agentSourcedIds="omar"), ("users.csv", 2, "agentSourcedIds")),
    Case(
        "agents.role-unknown",
        {"users": [{**as_delta(tiny("1.2"))["users"][0], "agentSourcedIds": "lucia"}]},
        ("users.csv", 2, "agentSourcedIds"),
        {"version": "1.2", "modes": {"users": "delta"}},
    ),
    Case("csv.utf-16", T, ("orgs.csv", 1, ""), raw("orgs.csv", "sourcedId,name\nd1,x\n".encode("utf-16"))),
    Case("csv.not-utf-8", T, ("orgs.csv", 3, ""), raw("orgs.csv", b"sourcedId,name\nd1,x\ns1,Pe\xf1a\n")),
    Case("csv.nul", T, ("orgs.csv", 2, ""), raw("orgs.csv", b"sourcedId,name\nd1,x\0\n")),
    Case("csv.bare-cr", T, ("orgs.csv", 1, ""), raw("orgs.csv", b"sourcedId,name\rd1,x\r")),
    Case("csv.header", T, ("orgs.csv", 1, ""), raw("orgs.csv", b'sourcedId,"name\nd1,x\n')),
    Case("csv.duplicate-header", T, ("orgs.csv", 1, ""), text("orgs", sub("identifier", "name"))),
    Case("csv.empty", {**T, "orgs": []}, ("orgs.csv", 0, "")),
    Case("csv.unnamed-column", T, ("orgs.csv", 1, ""), text("orgs", lambda c: c.replace("\n", ",\n"))),
    Case("csv.separator", T, ("orgs.csv", 1, ""), raw("orgs.csv", b"sourcedId;name\nd1;x\n")),
    Case("csv.extra-cell", T, ("orgs.csv", 2, ""), raw("orgs.csv", b"sourcedId,name\nd1,x,\ns1,y,\n")),
    Case("csv.blank-line", T, ("orgs.csv", 3, ""), text("orgs", sub("\ns1", "\n\ns1"))),
    Case("csv.line-break", spoilt("orgs", 0, name="Harbour\nDistrict"), ("orgs.csv", 2, "")),
    Case("csv.ragged", T, ("orgs.csv", 2, ""), text("orgs", sub("Harbour District", "Harbour, District"))),
    Case("csv.cut-short", T, ("orgs.csv", 3, ""), text("orgs", lambda c: c[:-12])),
    Case("csv.quote", T, ("orgs.csv", 2, ""), text("orgs", sub("Harbour D", 'Harbour "D'))),
    Case("csv.unclosed-quote", T, ("orgs.csv", 2, ""), text("orgs", sub("Harbour", '"Harbour'))),
    Case("csv.too-long", spoilt("orgs", 0, name="x" * 70_000), ("orgs.csv", 2, "")),
    Case("csv.key-unreadable", spoilt("orgs", 0, sourcedId=""), ("orgs.csv", 2, "")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rule_is_found_where_it_is_broken(case: Case, tmp_path: Path) -> None:
    bundle = read(tmp_path, case.files, strict=case.strict, **case.how)
    severity = {rule.code: rule for rule in RULES}[case.rule].severity(strict=case.strict)
    assert (severity, *case.at) in found(bundle, case.rule)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("strict", [True, False])
def test_a_sound_package_has_no_findings(version: str, strict: bool, tmp_path: Path) -> None:
    assert read(tmp_path, tiny(version), strict=strict, version=version).findings.rows() == []


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_sound_delta_has_no_findings(version: str, tmp_path: Path) -> None:
    files = as_delta(tiny(version))
    assert read(tmp_path, files, strict=True, version=version, modes=deltas(files)).findings.rows() == []


def test_every_rule_has_its_case() -> None:
    refused = {rule.code for rule in (*CSV_RULES, *ONEROSTER_RULES) if rule.lenient == "refused"}
    assert {case.rule for case in CASES} | refused | {"manifest.missing"} == {
        rule.code for rule in (*CSV_RULES, *ONEROSTER_RULES)
    }


def refusal(tmp_path: Path, **how: Any) -> SourceUnreadable:
    with pytest.raises(SourceUnreadable) as caught:
        read(tmp_path, how.pop("files", tiny()), **how)
    return caught.value


def test_manifest_missing_names_one_zero(tmp_path: Path) -> None:
    files = {name: rows for name, rows in tiny().items() if name != "users"}
    write_without_manifest(tmp_path, files)
    with pytest.raises(SourceUnreadable, match=r"OneRoster 1\.0") as caught:
        read_again(tmp_path)
    assert caught.value.rule == "manifest.missing"


def test_manifest_missing_but_the_headers_tell_is_partial(tmp_path: Path) -> None:
    write_without_manifest(tmp_path, tiny("1.2"), "1.2")
    bundle = read_again(tmp_path)
    assert found(bundle, "manifest.missing") == [("warning", "manifest.csv", 0, "")]
    assert bundle.extract.version == "1.2"
    assert set(bundle.states.values()) == {"partial"}


def test_manifest_missing_is_refused_in_strict_reading(tmp_path: Path) -> None:
    write_without_manifest(tmp_path, tiny())
    with pytest.raises(SourceUnreadable):
        read_again(tmp_path, strict=True)


@pytest.mark.parametrize("version", ["2.0", "1.0"])
def test_manifest_version_unknown_is_refused(version: str, tmp_path: Path) -> None:
    how = manifest(sub("oneroster.version,1.1", f"oneroster.version,{version}"))
    assert refusal(tmp_path, **how).rule == "manifest.version"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"propertyName\nx\n",
        b"propertyName,value\n\xff,1\n",
        b'a,b\nx,"y\n',
        b"propertyName,value\n" + b"".join(b"p%d,1\n" % n for n in range(9000)),
    ],
)
def test_manifest_unreadable_is_refused(content: bytes, tmp_path: Path) -> None:
    assert refusal(tmp_path, **raw("manifest.csv", content)).rule == "manifest.unreadable"


@pytest.mark.parametrize("spelling", ["1.2", "1.2.1"])
def test_both_spellings_of_the_later_version_are_read(spelling: str, tmp_path: Path) -> None:
    bundle = read(tmp_path, tiny("1.2"), **manifest(sub("version,1.2", f"version,{spelling}"), "1.2"))
    assert (bundle.extract.version, bundle.findings.height) == ("1.2", 0)


def write_without_manifest(tmp_path: Path, files: Files, version: str = "1.1") -> None:
    write_package(tmp_path / "package", files, version=version)
    (tmp_path / "package" / "manifest.csv").unlink()


def read_again(tmp_path: Path, *, strict: bool = False) -> Read:
    return extract(tmp_path / "package", strict=strict)
