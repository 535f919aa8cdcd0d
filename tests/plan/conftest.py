from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile("default", deadline=None, derandomize=True, database=None, suppress_health_check=_SLOW)
settings.register_profile("deep", deadline=None, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("ROSTERKIT_HYPOTHESIS", "default"))
