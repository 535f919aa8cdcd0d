"""On no accident does a product's file lose or change anybody without that a person is asked.

The deep run does every accident to a larger district.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from depth import DEEP
from products_at_risk import AtRisk

from rosterkit.feeds import preflight
from rosterkit.feeds.base import Outcome
from rosterkit.feeds.preflight import Limits
from rosterkit.store import deliveries
from rosterkit.testing.accidents.catalogue import ACCIDENTS, Accident

_CASES = Path(__file__).parents[2] / "fixtures" / "cases"
SOME = ("user ids prefixed everywhere",)


@pytest.fixture(scope="module")
def at_risk(tmp_path_factory: pytest.TempPathFactory) -> AtRisk:
    return AtRisk(tmp_path_factory.mktemp("at-risk"), students=1200 if DEEP else 400)


@pytest.mark.deep
@pytest.mark.parametrize("accident", [a for a in ACCIDENTS if DEEP or a.name in SOME], ids=lambda a: a.name)
def test_an_accident_reaches_no_product_without_a_person(at_risk: AtRisk, accident: Accident) -> None:
    lost = at_risk.accident(accident)
    assert {name: found for name, found in lost.items() if found.gone or found.new > accident.harmless} == {}


@pytest.mark.deep(only="five seconds; a test of the limit itself is in plan/test_limit_holds.py")
def test_a_school_that_is_missing_reaches_no_vendor_even_where_only_links_of_its_employees_are_lost(
    at_risk: AtRisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan holds them; where it did not, the limit on groups of every product's files would."""
    (accident,) = [one for one in ACCIDENTS if one.name.startswith("one school missing")]
    if DEEP:
        assert at_risk.accident(accident) == {}
        return
    none = pl.DataFrame(schema={"school_id": pl.Int64, "reason": pl.String})
    monkeypatch.setattr("rosterkit.plan.limited_records.emptied_schools", lambda *_: none)
    assert set(at_risk.accident(accident)) == {"standard"}, "a OneRoster package has no limits of its own"
    for vendor in ("connect.fileset", "edlio.fileset", "edlio.oneroster_checks"):
        monkeypatch.setattr(f"providers.{vendor}.gone_of_groups", lambda *_, **__: ())
    assert {"app", "messages"} <= set(at_risk.accident(accident)), "the guard does nothing"


def test_removed_courses_take_nobody_out_of_a_product(tmp_path: Path) -> None:
    first, second = sorted((_CASES / "course-removed").iterdir())
    at_risk = AtRisk(tmp_path, first)
    assert at_risk.run(second) == {}


def test_without_a_feeds_own_limits_an_edit_of_its_settings_would_be_seen_by_a_person_all_the_same(
    at_risk: AtRisk,
) -> None:
    """A mapping or a selection that empties a feed is a change of settings, and its file waits."""
    workspace = at_risk.copy()
    path = workspace.folder / "rosterkit.toml"
    path.write_text(path.read_text().replace('roles = ["student"]', 'roles = ["teacher"]'), encoding="utf-8")
    again = type(workspace)(workspace.folder)
    receipt = again.feed_build("careers", at_risk.later)
    assert (receipt.state, receipt.verdict) == ("waiting", str(Outcome.HELD))
    with again._read() as connection:
        assert deliveries.newest(connection, "careers", "waiting") is not None


def test_the_limit_on_groups_counts_by_group_and_not_only_over_all() -> None:
    before = pl.DataFrame({"id": [str(n) for n in range(400)], "school": ["a"] * 390 + ["b"] * 10})
    now = before.filter(pl.col("school") == "a")
    (hit,) = preflight.gone_of_groups(now, before, ["id"], ["school"], Limits(), file="users.csv")
    assert hit.detail == "10 of 10 rows of b are gone; the limit is 5"
    assert not list(preflight.gone_of_groups(before.head(396), before, ["id"], ["school"], Limits(), file="x"))
