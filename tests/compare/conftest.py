"""A district with and without planted defects, as each fake serves it: read once for all tests.

A deep run reads 5,000 students, an ordinary one 2,000.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from compare_planting import Planted, plant
from depth import DEEP

from providers.one_sis.district import Neutral, generated
from providers.one_sis.serving import DAY, delivered
from rosterkit.compare.comparison import Comparison, compare
from rosterkit.compare.settings import CompareSettings

STUDENTS = 5_000 if DEEP else 2_000


@pytest.fixture(scope="session")
def regular(tmp_path_factory: pytest.TempPathFactory) -> tuple[Neutral, Comparison]:
    """The district without defects, and the comparison of what the three sources deliver of it."""
    folder: Path = tmp_path_factory.mktemp("regular")
    made = generated(folder, STUDENTS)
    return made, compare(delivered(made, folder), CompareSettings(), DAY)


@pytest.fixture(scope="session")
def defective(tmp_path_factory: pytest.TempPathFactory) -> tuple[Planted, Comparison]:
    """The same district with every defect planted, and its comparison."""
    folder: Path = tmp_path_factory.mktemp("defective")
    made = generated(folder, STUDENTS)
    planted = plant(made)
    return planted, compare(delivered(made, folder), CompareSettings(), DAY)
