"""A plain reader of OneRoster packages that accepts nothing doubtful: written against the independent tables alone."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date

from independent_tables import MANIFEST, TABLES, Column

_GUID = re.compile(r"[0-9A-Za-z./@_-]{1,255}")
_EXT = re.compile(r"ext:[a-zA-Z0-9.\-_]+")
_USER_ID = re.compile(r"\{[^:}]+:[^}]+\}")

Row = dict[str, str]
Package = dict[str, list[Row]]


def members(content: bytes) -> dict[str, bytes]:
    """The files of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def faults(files: dict[str, bytes]) -> list[str]:
    """Everything that is wrong with the package, in words; empty when it is strictly valid."""
    found: list[str] = []
    manifest = dict(list(csv.reader(io.StringIO(files["manifest.csv"].decode())))[1:])
    version = manifest["oneroster.version"]
    expected = ["manifest.version", "oneroster.version", *(f"file.{name}" for name in MANIFEST[version])]
    if list(manifest) != expected or manifest["manifest.version"] != "1.0":
        found.append("manifest: properties")
    present = {name.removesuffix(".csv") for name in files} - {"manifest"}
    modes = {name: "bulk" if name in present else "absent" for name in MANIFEST[version]}
    found += [f"manifest: {name}" for name, mode in modes.items() if manifest.get(f"file.{name}") != mode]
    package = {name: _rows(name, files[f"{name}.csv"], TABLES[version][name], found) for name in sorted(present)}
    for name, rows in package.items():
        for row in rows:
            found += [f"{name} {row['sourcedId']}: {fault}" for fault in _row(row, TABLES[version][name], package)]
    return found + _semantics(package)


def _rows(name: str, content: bytes, columns: tuple[Column, ...], found: list[str]) -> list[Row]:
    if content.startswith(b"\xef\xbb\xbf") or b"\r" in content or not content.endswith(b"\n"):
        found.append(f"{name}: encoding or line ends")
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    header = lines[0]
    specified, extra = header[: len(columns)], header[len(columns) :]
    if specified != [column.name for column in columns] or len(set(header)) != len(header):
        found.append(f"{name}: header")
    if any(not re.fullmatch(r"metadata\..+", column) for column in extra) or extra != sorted(extra):
        found.append(f"{name}: extensions")
    if len(lines) < 2 or any(len(line) != len(header) for line in lines):
        found.append(f"{name}: ragged or empty")
    ids = [line[0] for line in lines[1:]]
    if len(set(ids)) != len(ids) or ids != sorted(ids, key=str.encode):
        found.append(f"{name}: ids repeat or are not in order")
    if any("\n" in cell or "\r" in cell for line in lines for cell in line):
        found.append(f"{name}: line break in a cell")
    if content != _minimal(lines):
        found.append(f"{name}: quoted more or less than needed")
    return [dict(zip(header, line, strict=False)) for line in lines[1:]]


def _minimal(lines: list[list[str]]) -> bytes:
    quoted = [[f'"{c.replace(chr(34), chr(34) * 2)}"' if set(c) & set(',"') else c for c in line] for line in lines]
    return "".join(",".join(line) + "\n" for line in quoted).encode()


def _row(row: Row, columns: tuple[Column, ...], package: Package) -> list[str]:
    found = []
    for column in columns:
        cell = row[column.name]
        if not cell:
            found += [f"{column.name} is blank"] * column.required
        elif column.type == "blank" or not _holds(column, cell, package):
            found.append(f"{column.name} holds {cell!r}")
    return found


def _holds(column: Column, cell: str, package: Package) -> bool:
    if column.target:
        known = {row["sourcedId"] for row in package.get(column.target, [])}
        return (set(cell.split(",")) if column.type.startswith("=>") else {cell}) <= known
    if column.tokens:
        return cell in column.tokens or (column.extensible and bool(_EXT.fullmatch(cell)))
    if column.type == "date":
        return _is_date(cell)
    return {
        "guid": bool(_GUID.fullmatch(cell)),
        "bool": cell in ("true", "false"),
        "year": bool(re.fullmatch(r"\d{4}", cell)),
        "texts": all(item.strip() for item in cell.split(",")),
        "userids": all(_USER_ID.fullmatch(item) for item in cell.split(",")),
        "text": bool(cell.strip()),
    }[column.type]


def _is_date(cell: str) -> bool:
    try:
        return date.fromisoformat(cell).isoformat() == cell
    except ValueError:
        return False


def _semantics(package: Package) -> list[str]:
    found = []
    orgs = {row["sourcedId"]: row["type"] for row in package.get("orgs", [])}
    sessions = {row["sourcedId"]: row["type"] for row in package.get("academicSessions", [])}
    at_schools = [*package.get("classes", []), *package.get("enrollments", [])]
    found += [
        f"{row['sourcedId']}: its school is none"
        for row in at_schools
        if not re.match("school$|ext:", orgs.get(row["schoolSourcedId"], ""))
    ]
    for row in package.get("courses", []):
        year = row["schoolYearSourcedId"]
        if year and not re.match("schoolYear$|ext:", sessions.get(year, "")):
            found.append(f"{row['sourcedId']}: its school year is none")
    for row in [*package.get("classes", []), *package.get("courses", [])]:
        subjects, codes = row["subjects"], row["subjectCodes"]
        if subjects and codes and subjects.count(",") != codes.count(","):
            found.append(f"{row['sourcedId']}: subjects and codes do not pair")
    return found + _roles(package)


def _roles(package: Package) -> list[str]:
    roles = package.get("roles", [])
    primary = [(row["userSourcedId"], row["orgSourcedId"]) for row in roles if row["roleType"] == "primary"]
    found = ["two primary roles at one organisation"] * (len(primary) - len(set(primary)))
    held = {(row["userSourcedId"], row["orgSourcedId"]) for row in roles}
    for row in package.get("users", []):
        home = row.get("primaryOrgSourcedId")
        if home and (row["sourcedId"], home) not in held:
            found.append(f"{row['sourcedId']}: no role at the primary organisation")
    owner = {row["sourcedId"]: row["userSourcedId"] for row in package.get("userProfiles", [])}
    for row in roles:
        if row["userProfileSourcedId"] and owner.get(row["userProfileSourcedId"]) != row["userSourcedId"]:
            found.append(f"{row['sourcedId']}: another person's profile")
    return found
