"""What docs/architecture.md names exists: every file, and every function, class or constant (``file::name``)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = re.findall(r"\b((?:rosterkit|providers|tests|docs)/[\w./-]*)(?:::(\w+))?", PAGE)


def names(path: Path) -> set[str]:
    """What a module defines at its top level."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_every_path_and_every_function_on_the_page_exists() -> None:
    missing = [path for path, _ in NAMED if not (ROOT / path.rstrip(".")).exists()]
    assert missing == []
    wanted = [(path, name) for path, name in NAMED if name]
    assert len(wanted) > 50, "rules name their tests, changes their functions"
    assert [f"{path}::{name}" for path, name in wanted if name not in names(ROOT / path)] == []
