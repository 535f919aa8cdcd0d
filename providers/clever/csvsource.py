"""The source of kind "clever-csv": the files that a district uploads to Clever, read without Clever.

A student and a teacher may have the same number, so users are in an id space for each kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pydantic import BaseModel

from providers.clever.capabilities import CSV_CAPABILITIES
from providers.clever.csvclasses import orgs, sections, student_enrollments
from providers.clever.csvpeople import families, people
from providers.clever.csvset import open_set
from providers.clever.csvtables import CsvTables
from providers.clever.rules import CSV_RULES
from providers.clever.settings import CsvSettings
from rosterkit.roster.rules import Rule
from rosterkit.sources.base import Capabilities, Context, Extract


class CleverCsv:
    """Reads the CSV files of a district."""

    kind = "clever-csv"
    rules: Sequence[Rule] = CSV_RULES
    capabilities: Capabilities = CSV_CAPABILITIES
    Settings: type[BaseModel] = CsvSettings

    def extract(self, settings: CsvSettings, context: Context) -> Extract:
        """The files of the folder or zip. Raises as ``Source.extract`` says."""
        path = settings.path if settings.path.is_absolute() else context.folder / settings.path
        files = open_set(path, context.findings, context.size_limits)
        made = CsvTables(files, settings, context)
        tables = [orgs(made), *sections(made), *people(made, "student"), *people(made, "teacher")]
        tables += [*people(made, "staff"), *families(made), student_enrollments(made)]
        made.report()
        digest = hashlib.sha256()
        for name, file in files.items():
            digest.update(f"{name} {file.digest}\n".encode())
        return Extract(
            id=digest.hexdigest(),
            name=path.name,
            version="clever-csv",
            tables=tuple(tables),
            findings=context.findings.frame(),
            rows_read={f"{name}.csv": file.rows.height for name, file in files.items() if not file.absent},
        )
