"""A source's promises are seen to be kept before anything is planned on them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rosterkit.errors import InternalError
from rosterkit.sources.bundle import Bundle, Segment
from rosterkit.testing.memory import bundle, table

ORG = {"sourced_id": "D", "name": "Juniper Valley", "type": "district"}


def test_a_bundle_that_keeps_its_promises_is_itself() -> None:
    made = bundle({"Org": table("Org", [ORG, {**ORG, "sourced_id": "E", "name": None}], unreadable=["F"])})
    assert made.checked() is made


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (bundle({"Org": table("Org", [ORG, ORG])}), "stands twice"),
        (bundle({"Org": table("Org", [{**ORG, "sourced_id": None}])}), "missing"),
        (bundle({"Org": table("Org", [ORG], unreadable=["D"])}), "readable and unreadable"),
        (bundle({"Org": table("Org", [{**ORG, "name": ""}])}), "blank"),
        (replace(bundle({}), segments=(Segment("User", "guardian", "absent"),)), "segment of its own"),
    ],
)
def test_a_broken_promise_is_named(broken: Bundle, said: str) -> None:
    with pytest.raises(InternalError, match=said):
        broken.checked()
