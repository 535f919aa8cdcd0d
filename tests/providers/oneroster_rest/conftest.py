import pytest
from rest_runs import QUICK


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("providers.oneroster.rest.session.LIMITS", QUICK)
