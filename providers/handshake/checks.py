"""When a file breaks a rule of Handshake: one table, which ``build`` and ``check`` both use."""

from __future__ import annotations

from providers.handshake import file_checks, row_checks
from rosterkit.feeds.base import Outcome
from rosterkit.feeds.preflight import Check, FileCheck, RowCheck, form_checks

CHECKS: tuple[Check, ...] = (
    FileCheck("H16", Outcome.REJECTED, file_checks.other_type),
    *form_checks(
        {
            "encoding": ("H2", Outcome.REJECTED),
            "ragged": ("H2", Outcome.REJECTED),
            "quotes": ("H2", Outcome.REJECTED),
            "cut-short": ("H2", Outcome.REJECTED),
            "duplicate-header": ("H12", Outcome.REJECTED),
            "header-name": ("H12", Outcome.REJECTED),
            "bom": ("H17", Outcome.WARNINGS),
        }
    ),
    FileCheck("H2", Outcome.IGNORED, file_checks.no_records),
    FileCheck("H12", Outcome.REJECTED, file_checks.missing_header),
    FileCheck("H17", Outcome.WARNINGS, file_checks.unknown_header),
    FileCheck("H9", Outcome.WARNINGS, file_checks.card_without_kiosk),
    FileCheck("handshake.name", Outcome.WARNINGS, file_checks.odd_name),
    FileCheck("handshake.trial", Outcome.HELD, file_checks.trial_name),
    FileCheck("handshake.size", Outcome.REJECTED, file_checks.too_large),
    FileCheck("handshake.interval", Outcome.HELD, file_checks.same_day),
    RowCheck("H4", Outcome.ROWS_IGNORED, lambda _settings: row_checks.twice("username")),
    FileCheck("H4", Outcome.ROWS_IGNORED, file_checks.username_changed),
    RowCheck(
        "H5", Outcome.ROWS_IGNORED, lambda _settings: [*row_checks.twice("email_address"), *row_checks.twice("card_id")]
    ),
    FileCheck("H6", Outcome.HELD, file_checks.username_moved),
    RowCheck("H7", Outcome.WARNINGS, row_checks.part_of_another),
    RowCheck("H8", Outcome.ROWS_IGNORED, row_checks.no_auth),
    FileCheck("H8", Outcome.ROWS_IGNORED, file_checks.auth_changed),
    RowCheck("H10", Outcome.ROWS_IGNORED, row_checks.not_swiped),
    RowCheck("H17.value", Outcome.ROWS_IGNORED, row_checks.wrong_value),
    RowCheck("H17", Outcome.WARNINGS, row_checks.odd_value),
    RowCheck("H18", Outcome.ROWS_IGNORED, row_checks.blank),
    RowCheck("H18.blank", Outcome.WARNINGS, row_checks.blank_required),
    RowCheck("handshake.domain", Outcome.ROWS_IGNORED, row_checks.foreign_domain),
    RowCheck("handshake.alumni", Outcome.WARNINGS, row_checks.graduate),
    FileCheck("handshake.pair", Outcome.ROWS_IGNORED, file_checks.pair_changed),
    FileCheck("handshake.emails", Outcome.HELD, file_checks.many_emails),
    FileCheck("handshake.disabled", Outcome.HELD, file_checks.many_disabled),
    FileCheck("H19", Outcome.WARNINGS, file_checks.new_names),
    FileCheck("H19.intent", Outcome.HELD, file_checks.beyond_intent),
    FileCheck("H20", Outcome.ACCEPTED, file_checks.first_file),
    FileCheck("feed.gone", Outcome.HELD, file_checks.shrunk),
    FileCheck("feed.withheld", Outcome.HELD, file_checks.many_withheld),
)
"""Every check, by the id of its rule. Those on rows also decide which rows a build withholds."""
