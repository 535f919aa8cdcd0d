"""Accidents from the field: with the guards nobody is harmed and the cause is named; without them somebody is.

``make test-deep`` runs all of them, ``rosterkit demo accidents`` too, on a district of any size.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from depth import DEEP

from rosterkit.testing.accidents.catalogue import ACCIDENTS, Accident
from rosterkit.testing.accidents.trial import Trial

SOME = (
    "users: first page only",
    "users: header alone",
    "user ids prefixed everywhere",
    "user ids zero-stripped everywhere",
    "all enrollment ids renumbered",
    "users: everybody is a teacher",
    "header renamed: users.agentSourcedIds",
    "one id given to another child",
    "username and e-mail of a student given to a new one",
    "users: column of the agents gone",
    "names, e-mail and username off by one row",
    "enrollments: class ids off by one row",
    "package of another district",
    "e-mail domain renamed without notice",
    "all schools under a new district",
)


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    district = Trial(1200 if DEEP else 250)
    yield district
    district.close()


@pytest.mark.deep
@pytest.mark.parametrize("accident", [a for a in ACCIDENTS if DEEP or a.name in SOME], ids=lambda a: a.name)
def test_an_accident_harms_nobody_and_would_without_its_guard(trial: Trial, accident: Accident) -> None:
    outcome = trial.run(accident)
    assert outcome.harm.total == 0, outcome.harm
    assert outcome.exit_code == 1
    assert outcome.cause in outcome.reasons, "the words that people read name the cause"
    assert outcome.without.total > 0, "the guard does nothing"


def test_every_accident_has_its_own_name() -> None:
    names = [accident.name for accident in ACCIDENTS]
    assert len(set(names)) == len(names)
    assert set(SOME) <= set(names)
