"""The table that reader and writer share, against the second one typed in from the specification."""

from __future__ import annotations

import pytest
from independent_tables import MANIFEST, TABLES, Column

from providers.oneroster.spec import FILES, manifest_properties

CASES = [(version, name) for version, files in TABLES.items() for name in files]


def _kind(column: Column) -> str:
    if column.target:
        return "refs" if column.type.startswith("=>") else "ref"
    return "enum" if column.tokens else column.type.replace("userids", "user_ids")


@pytest.mark.parametrize(("version", "name"), CASES)
def test_header_order(version: str, name: str) -> None:
    assert FILES[version][name].header == tuple(column.name for column in TABLES[version][name])


@pytest.mark.parametrize(("version", "name"), CASES)
def test_types_required_flags_tokens_and_targets(version: str, name: str) -> None:
    for field, column in zip(FILES[version][name].fields, TABLES[version][name], strict=True):
        if column.type == "blank":  # status and dateLastModified: the shared table says what a delta has there
            continue
        tokens = () if field.type == "bool" else field.tokens
        assert (field.name, field.type, field.required) == (column.name, _kind(column), column.required)
        assert (field.to, set(tokens), field.extensible) == (column.target, set(column.tokens), column.extensible)


@pytest.mark.parametrize("version", MANIFEST)
def test_manifest_order(version: str) -> None:
    files = [f"file.{name}" for name in MANIFEST[version]]
    source = ["source.systemName", "source.systemCode"]
    assert list(manifest_properties(version)) == ["manifest.version", "oneroster.version", *files, *source]
