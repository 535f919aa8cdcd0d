"""What ClassLink's list of applications looks like, written from captured answers and not from our code."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from schema_base import Shape, Truth

__all__ = ["CLASSLINK"]


class Application(Shape):
    id: int
    application_id: int
    tenant_id: int
    bearer: str | None
    tenant_name: str
    enabled: Truth
    tenant_status: str
    oneroster_application_id: str
    name: str
    version: str


class Applications(Shape):
    status: int
    applications: list[Application]


CLASSLINK: TypeAdapter[Any] = TypeAdapter(Applications)
