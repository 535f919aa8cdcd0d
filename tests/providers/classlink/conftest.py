import pytest
from classlink_runs import QUICK


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.classlink.session.LIMITS", QUICK)
