"""A OneRoster CSV package, 1.1 or 1.2: manifest, files, checks, tables."""

from __future__ import annotations

from providers.oneroster.agents import guardian_links
from providers.oneroster.manifest import read_contents
from providers.oneroster.mapping import ENTITY_OF, class_terms, roles_11, table
from providers.oneroster.rows import FileRead, Reader
from providers.oneroster.rules import RULES
from providers.oneroster.settings import OneRosterSettings
from providers.oneroster.spec import FILES
from providers.oneroster.validation import corrected, report, row_checks
from rosterkit.sources.archive import open_package
from rosterkit.sources.base import Context, Coverage, Extract

_RULES = {rule.code: rule for rule in RULES}


def extract_package(settings: OneRosterSettings, context: Context) -> Extract:
    """Reads the package. Raises SourceUnreadable where it is refused as a whole."""
    path, findings = context.folder / settings.path, context.findings
    findings.strict = findings.strict or settings.strict
    with open_package(path, findings, context.size_limits) as archive:
        contents = read_contents(archive, findings, context)
        reader = Reader(archive, contents.version, settings, context, _RULES)
        reads: dict[str, FileRead] = {}
        for name in ENTITY_OF:
            if name not in FILES[contents.version]:
                continue
            file, member = FILES[contents.version][name], contents.members[name]
            if name == "demographics" and member.name and not context.demographics:
                reason = "demographics were not asked for"
                findings.add("demographics.not-read", file=f"{name}.csv")
                reads[name] = FileRead(file, Coverage.ABSENT, reason)
            else:
                reads[name] = reader.read(member, file)
        package_id = archive.package_id()
    reads = corrected(reads, findings)
    report(row_checks(reads), findings)
    users, classes, roles = reads["users"], reads["classes"], reads.get("roles")
    tables = [table(read) for read in reads.values()]
    tables += [class_terms(classes), guardian_links(users, roles, findings)]
    if contents.version == "1.1":
        tables.append(roles_11(users))
    return Extract(
        package_id,
        path.name,
        contents.version,
        tuple(tables),
        findings.frame(),
        system=contents.system,
        rows_read={read.name: read.count for read in reads.values() if read.coverage is not Coverage.ABSENT},
        column_names={field.home: field.name for file in FILES[contents.version].values() for field in file.fields},
    )
