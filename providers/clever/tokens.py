"""The token of one district: given, or listed with the application's client id and secret, also after a rotation."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator

import httpx

from providers.clever.settings import ApiSettings
from rosterkit.errors import SourceUnreadable, UsageError
from rosterkit.sources.http import Api, ApiError, HttpLimits, checked_address


class DistrictToken(httpx.Auth):
    """Signs requests with the district's token. Where it is refused, the token is listed once more, and used if new."""

    def __init__(self, settings: ApiSettings, secret: Callable[[str], str], limits: HttpLimits) -> None:
        self._settings = settings
        self._limits = limits
        self._lock = threading.Lock()
        self._client = ""
        self._client_secret = ""
        self.district = settings.district
        if settings.client_id and settings.client_secret:
            self._client = secret(settings.client_id).strip()
            self._client_secret = secret(settings.client_secret).strip()
        self._token = secret(settings.token).strip() if settings.token else self._listed()
        if not self._token.isascii() or not self._token.isprintable() or not self._token:
            raise UsageError("The token of the Clever source is empty or holds a line break. Check the secret.")

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        used = self._token
        request.headers["Authorization"] = f"Bearer {used}"
        answer = yield request
        if answer.status_code == 401 and self._renewed(used):
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request

    def _renewed(self, used: str) -> bool:
        """Whether there is another token than the one that was refused. Several threads may ask at once.

        Where the list shows none, the refusal stays: what came until then is used.
        """
        if not self._client:
            return False
        with self._lock:
            try:
                if self._token == used:
                    self._token = self._listed()
            except SourceUnreadable:
                return False
            return self._token != used

    def _listed(self) -> str:
        """The district's token from the application's list (GET /oauth/tokens?owner_type=district)."""
        base = checked_address(self._settings.token_address, "token_address")
        params = {"owner_type": "district"} | ({"district": self.district} if self.district else {})
        with Api(base, limits=self._limits, ca_file=self._settings.ca_file) as api:
            answer = api.read("oauth/tokens", params=params, auth=httpx.BasicAuth(self._client, self._client_secret))
        found: dict[str, str] = {}
        entries = answer.body.get("data")
        if not isinstance(entries, list):
            raise ApiError("The list of tokens has no data.", rule="http.not-json", address=answer.address, status=200)
        for entry in entries:
            owner, token = (entry.get("owner"), entry.get("access_token")) if isinstance(entry, dict) else (None, None)
            district = owner.get("id") if isinstance(owner, dict) else None
            if isinstance(district, str) and isinstance(token, str) and self.district in (None, district):
                found[district] = token
        if not found:
            raise SourceUnreadable(
                "The application has no token for this district. Ask the district to connect the application in "
                "Clever's dashboard, and compare the district id.",
                rule="clever.no-token",
                file=answer.address,
            )
        if len(found) > 1:
            raise UsageError(
                f"The application has {len(found)} districts. Set district to one of: {', '.join(sorted(found))}."
            )
        self.district, token = next(iter(found.items()))
        return token
