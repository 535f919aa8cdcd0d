"""Sends a large file from a workspace, and prints as JSON how much memory it took and how often it showed progress."""

from __future__ import annotations

import json
import resource
import sys
from datetime import date
from pathlib import Path

import blob_feed

from rosterkit.workspace import Workspace


def main() -> None:
    blob_feed.install()
    seen: list[tuple[int, int]] = []

    def progress(what: str, done: int, total: int) -> None:
        if what.startswith("sending"):
            seen.append((done, total))

    workspace = Workspace(Path(sys.argv[1]), progress)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    workspace.feed_build("out", date(2026, 9, 15))
    done = workspace.feed_approve("out", reason="compared", actor="kim")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    measured = {"before": before << 10, "after": after << 10, "steps": len(seen), "last": seen[-1], "state": done.state}
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    main()
