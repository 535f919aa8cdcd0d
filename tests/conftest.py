"""For every test: hypothesis without a clock, since these machines are shared; the same examples each time in CI.

``HYPOTHESIS_PROFILE=deep`` looks much longer.
"""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # tables are tiny, and several tests run side by side

from hypothesis import HealthCheck, settings

settings.register_profile(
    "usual", deadline=None, derandomize=bool(os.environ.get("CI")), suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", settings.get_profile("usual"), derandomize=False, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))
