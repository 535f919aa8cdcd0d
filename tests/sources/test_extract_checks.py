"""A source's promises are seen to be kept before anything is planned on them."""

from __future__ import annotations

import pytest

from rosterkit.errors import InternalError
from rosterkit.sources.base import Extract
from rosterkit.sources.extract_checks import checked
from rosterkit.testing.memory import extract, table

ORG = {"sourced_id": "D", "name": "Juniper Valley", "type": "district"}


def test_an_extract_that_keeps_its_promises_is_itself() -> None:
    made = extract({"Org": table("Org", [ORG, {**ORG, "sourced_id": "E", "name": None}], unreadable=["F"])})
    assert checked(made) is made


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (extract({"Org": table("Org", [ORG, ORG])}), "occurs twice"),
        (extract({"Org": table("Org", [{**ORG, "sourced_id": None}])}), "missing"),
        (extract({"Org": table("Org", [ORG], unreadable=["D"])}), "readable and unreadable"),
    ],
)
def test_a_broken_promise_is_named(broken: Extract, named: str) -> None:
    with pytest.raises(InternalError, match=named):
        checked(broken)
