"""Small OneRoster packages for tests: headers in the specification's order and a manifest that fits the files."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from providers.oneroster.spec import FILES, manifest_properties

Rows = Sequence[Mapping[str, str]]


def csv_text(header: Sequence[str], rows: Rows) -> str:
    """The rows as CSV under that header, with LF; a row's missing cells are blank, an unknown one is a KeyError."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        if unknown := set(row) - set(header):
            raise KeyError(f"no such columns: {', '.join(sorted(unknown))}")
        writer.writerow([row.get(name, "") for name in header])
    return out.getvalue()


def manifest_text(
    modes: Mapping[str, str], *, version: str = "1.1", properties: Mapping[str, str] | None = None
) -> str:
    """A manifest in the specification's order: each file's mode (absent unless given), ``properties`` replaced last."""
    values = {"manifest.version": "1.0", "oneroster.version": version, "source.systemName": "Example SIS"}
    values |= {f"file.{name}": "absent" for name in FILES[version]}
    values |= {f"file.{name}": mode for name, mode in modes.items()}
    values |= dict(properties or {})
    rows = [{"propertyName": name, "value": values[name]} for name in manifest_properties(version) if name in values]
    return csv_text(("propertyName", "value"), rows)


def write_package(
    path: Path,
    files: Mapping[str, Rows],
    *,
    version: str = "1.1",
    modes: Mapping[str, str] | None = None,
    raw: Mapping[str, bytes] | None = None,
) -> Path:
    """Writes a package of these rows (by file name without ``.csv``) and returns its path.

    A path that ends in ``.zip`` becomes a zip, any other a folder. Files are ``bulk`` in the manifest unless ``modes``
    says otherwise. A row may have extension columns: they follow the specified ones, sorted. ``raw`` adds members, or
    replaces them, by full name with their exact bytes.
    """
    members = {f"{name}.csv": csv_text(_header(version, name, rows), rows).encode() for name, rows in files.items()}
    declared = dict.fromkeys(files, "bulk") | dict(modes or {})
    members["manifest.csv"] = manifest_text(declared, version=version).encode()
    members |= dict(raw or {})
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
            for name, content in members.items():
                package.writestr(name, content)
    else:
        for name, content in members.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    return path


def _header(version: str, name: str, rows: Rows) -> tuple[str, ...]:
    known = FILES[version][name].header
    return (*known, *sorted({column for row in rows for column in row} - set(known)))
