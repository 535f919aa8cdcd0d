"""The tables of settings and rules in ``docs/transport.md``, for docs/build.py."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from rosterkit.transport.base import RULES
from rosterkit.transport.incoming import IncomingSettings
from rosterkit.transport.settings import FolderSettings, HttpsSettings, S3Settings, SftpSettings


def tables() -> dict[str, str]:
    """The tables in Markdown by name: each kind of settings, and the rules of what cannot be read or sent."""
    models: dict[str, type[BaseModel]] = {
        "folder": FolderSettings,
        "sftp": SftpSettings,
        "s3": S3Settings,
        "https": HttpsSettings,
        "packages": IncomingSettings,
    }
    rules = ["| rule | meaning |", "|---|---|", *(f"| `{rule}` | {text} |" for rule, text in RULES.items())]
    return {name: table(model) for name, model in models.items()} | {"rules": "\n".join(rules)}


def table(model: type[BaseModel]) -> str:
    """The settings of a model in Markdown, but for ``transport``."""
    lines = ["| setting | default | meaning |", "|---|---|---|"]
    for name, about in sorted(model.model_fields.items(), key=lambda item: not item[1].is_required()):
        if name != "transport":
            default = (
                "must be stated" if about.is_required() else _default(about.get_default(call_default_factory=True))
            )
            lines.append(f"| `{name}` | {default} | {about.description}{_choices(about.annotation)} |")
    return "\n".join(lines)


def _default(value: Any) -> str:
    if value is None:
        return "none"
    return (
        f"`{json.dumps(value)}`" if not isinstance(value, (int, float)) or isinstance(value, bool) else f"`{value:_}`"
    )


def _choices(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " One of " + ", ".join(f'`"{choice}"`' for choice in get_args(kind)) + "."
    return ""
