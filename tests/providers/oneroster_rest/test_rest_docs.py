"""Every setting and every rule of the API sources stands on its page, with its text."""

from pathlib import Path

import pytest

from providers.classlink import SOURCE as CLASSLINK
from providers.classlink.rules import RULES as CLASSLINK_RULES
from providers.oneroster.rest import SOURCE as REST
from providers.oneroster.rest.rules import RULES as REST_RULES

DOCS = Path(__file__).parents[3] / "docs" / "sources"


@pytest.mark.parametrize(
    ("page", "source", "rules"),
    [("oneroster-rest", REST, REST_RULES), ("classlink", CLASSLINK, CLASSLINK_RULES)],
)
def test_every_setting_and_every_rule_is_on_the_page(page: str, source: object, rules: object) -> None:
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    fields = source.Settings.model_fields  # type: ignore[attr-defined] # both are sources
    assert [
        name for name, field in fields.items() if f"| `{name}` |" not in text or field.description not in text
    ] == []
    missing = [rule.code for rule in rules if f"| `{rule.code}` |" not in text or rule.meaning not in text]  # type: ignore[attr-defined] # as above
    assert missing == []
