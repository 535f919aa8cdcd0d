"""ClassLink on loopback: the OneRoster proxy with its list of applications, and a district's own server.

For tests and trials. It shares no code with what reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from providers.oneroster.rest.fake import Ask, FakeServer, Reply

APPLICATION_ID = "%2FgVa0ed75Gs%43"
PARTNER_KEY = "partner-key-0001"
TENANT = 2222


@dataclass
class FakeClassLink(FakeServer):
    """Both ways in: requests to ``/applications`` and ``/<application id>/ims/...`` are the proxy's."""

    auth: str = "oauth1"  # of the district's own server
    bearer: str = "0d5c1f6e-1111-4aaa-9bbb-000000000001"
    others: int = 3  # further districts in the list, before this one
    most_applications: int = 100  # on one page of the list
    enabled: str = "true"
    tenant_status: str = "Active"
    application_id: str = APPLICATION_ID
    application_name: str = "Library"
    copies: int = 1  # how often the district is listed, each under another name
    revision: str = "rev-1"
    heavy: int = 10**9  # larger pages answer 502
    lists_read: int = 0
    extra: dict[str, str] = field(default_factory=dict)  # headers that replace those of each page

    def data(self, ask: Ask) -> Reply:
        """The list of applications, or a page of a collection."""
        if ask.path == "/applications":
            return self._applications(ask)
        if ask.path.startswith("/ims/"):
            return super().data(ask)
        root = f"/{self.application_id}/ims/oneroster/v1p1/"
        if not ask.path.startswith(root):  # compared as it was sent: an id that was encoded again is another
            return Reply(404, b'{"message":"unknown application"}')
        if ask.headers.get("authorization") != f"Bearer {self.bearer}":
            return Reply(401, b'{"message":"unauthorized"}')
        if int(ask.query.get("limit", 100)) > self.heavy:
            return Reply(502, b"<html>Bad gateway</html>", kind="text/html")
        return self.collection(ask, ask.path.removeprefix(root))

    def counts(self, page: int, every: int) -> dict[str, str]:
        """As ClassLink counts: this page, the collection, and the revision of data and permissions."""
        return {"x-count": str(page), "x-total-count": str(every), "x-perm-rev": self.revision} | self.extra

    def _applications(self, ask: Ask) -> Reply:
        if ask.headers.get("authorization") != f"Bearer {PARTNER_KEY}":
            return Reply(401, b'{"status":0,"message":"unauthorized"}')
        self.lists_read += 1
        listed = [self._application(i, 100 + i, f"%2Fother{i}", f"other-{i}", "Library") for i in range(self.others)]
        listed += [
            self._application(900 + i, TENANT, self.application_id, self.bearer, self.application_name + "*" * i)
            for i in range(self.copies)
        ]
        limit, offset = int(ask.query.get("limit", 100)), int(ask.query.get("offset", 0))
        page = listed[offset : offset + min(limit, self.most_applications)]
        return Reply(200, json.dumps({"status": 1, "applications": page}).encode())

    def _application(self, key: int, tenant: int, path: str, bearer: str, name: str) -> dict[str, Any]:
        return {
            "id": key,
            "application_id": key * 10,
            "tenant_id": tenant,
            "bearer": bearer,
            "tenant_name": f"District {tenant}",
            "enabled": self.enabled if tenant == TENANT else "true",
            "tenant_status": self.tenant_status,
            "oneroster_application_id": path,
            "name": name,
            "version": "",
        }
