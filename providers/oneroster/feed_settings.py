"""The settings of the OneRoster feed, validated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Self

from providers.oneroster.spec import VERSIONS
from rosterkit.errors import UsageError

__all__ = ["SETTINGS", "FeedSettings"]

SETTINGS = {
    "version": "The version of OneRoster that is written: 1.1 or 1.2 (as 1.2.1 has it).",
    "demographics": "Whether demographics.csv is sent. It holds birth dates, sex and race: say true only by decision.",
    "extensions": "Whether attributes whose name starts with metadata. are sent, as columns to the right.",
    "form": "zip: one file; folder: the CSV files in a folder named after the feed.",
    "name": "The file name of the zip.",
}
"""What each setting means, as the documentation prints it."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """How a package is written; see ``SETTINGS``."""

    version: str = "1.2"
    demographics: bool = False
    extensions: bool = True
    form: str = "zip"
    name: str = "oneroster.zip"

    @classmethod
    def read(cls, given: Mapping[str, object]) -> Self:
        """The settings as the configuration gives them. Raises UsageError, naming the key and what it may hold."""
        for key in given:
            _known(key)
        known = cls(**given)  # type: ignore[arg-type]  # the types are checked below, where the message can say more
        _choice("version", known.version, VERSIONS)
        _choice("form", known.form, ("zip", "folder"))
        _switch("demographics", known.demographics)
        _switch("extensions", known.extensions)
        _file_name("name", known.name)
        return known


def _known(key: str) -> None:
    names = [field.name for field in fields(FeedSettings)]
    if key in names:
        return
    near = get_close_matches(key, names, 1)
    hint = f'Did you mean "{near[0]}"?' if near else f"It knows {', '.join(names)}."
    raise UsageError(f'The OneRoster feed has no setting "{key}". {hint}')


def _choice(key: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"The setting {key} of the OneRoster feed is one of {', '.join(allowed)}, in quotes; mend it.")


def _switch(key: str, value: object) -> None:
    if not isinstance(value, bool):
        raise UsageError(f"The setting {key} of the OneRoster feed is true or false, without quotes; mend it.")


def _file_name(key: str, value: object) -> None:
    plain = isinstance(value, str) and value.isprintable() and not set(value) & set("/\\") and not value.startswith(".")
    if not plain or not str(value).endswith(".zip"):
        raise UsageError(f"The setting {key} of the OneRoster feed is a file name that ends in .zip, without folders.")
