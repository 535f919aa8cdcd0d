"""The commands for operators and monitors as people type them: ``sync``, ``runs``, ``status``, ``schedule --print``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from operated import District, remove_many_and_rename, rename
from prometheus_client.parser import text_string_to_metric_families

from rosterkit import Workspace
from rosterkit import config as configuration
from rosterkit.cli.main import run as command
from rosterkit.errors import UsageError
from rosterkit.operate.schedule_export import printed_schedule
from rosterkit.transport.patience import Patience

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")


class Typed:
    """Types commands in a workspace."""

    def __init__(self, district: District, capsys: pytest.CaptureFixture[str]) -> None:
        self.district, self.capsys = district, capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        folder = str(self.district.ws.folder)
        code = command(["-C", folder, *words])
        return code, self.capsys.readouterr().out

    def json(self, *words: str) -> tuple[int, Any]:
        code, out = self(*words, "--json")
        return code, json.loads(out)


@pytest.fixture
def typed(district: District, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(district, capsys)


def keys(value: Any) -> set[str]:
    """Every key of a document but what ``facts`` and ``next`` hold by name."""
    if isinstance(value, list):
        return set().union(*map(keys, value)) if value else set()
    if isinstance(value, dict):
        inner = (keys(item) for key, item in value.items() if key not in ("facts", "next"))
        return set(value) | set().union(*inner)
    return set()


def test_a_sync_prints_its_stages_and_ends_with_the_worst_exit_code(typed: Typed) -> None:
    typed.district.deliver(rename)
    code, out = typed("sync")
    assert code == 0
    assert "Run 3 (sync) is done." in out
    assert all(stage in out for stage in ("approved", "plan", "apply", "feed out", "notices"))
    typed.district.deliver(remove_many_and_rename)
    code, out = typed("sync")
    assert code == 1
    assert "by a limit" in out
    plan = typed.district.ws.plans()[0].id
    assert f"Look at the plan: rosterkit -C {typed.district.ws.folder} show {plan} --held\n" in out
    (typed.district.folder / "package.zip").unlink()
    assert typed("sync")[0] == 3


def test_runs_lists_the_runs_and_shows_one(typed: Typed) -> None:
    typed("sync")
    code, out = typed("runs")
    assert (code, "Runs" in out) == (0, True)
    typed.district.deliver(remove_many_and_rename)
    typed("sync")
    line = next(line for line in typed("runs")[1].splitlines() if line.startswith("4 "))
    assert line.split()[-1] == "held", "a run is one line: what people were told is told by runs RUN"
    code, out = typed("runs", "3")
    assert (code, "Stages" in out) == (0, True)
    assert typed("runs", "99")[0] == 2


def test_every_key_of_the_shapes_is_documented(typed: Typed) -> None:
    known = set(re.findall(r"`\"?(\w+)\"?`", PAGE))
    typed.district.deliver(remove_many_and_rename)
    shapes = [typed.json(*words)[1] for words in (("sync",), ("runs",), ("runs", "3"), ("status",))]
    assert set().union(*map(keys, shapes)) - known == set()
    assert [shape["version"] for shape in shapes] == [1] * 4


def test_status_is_0_where_all_is_well_and_1_where_something_waits(typed: Typed) -> None:
    typed("sync")
    code, out = typed("status")
    assert (code, out.splitlines()[0]) == (0, "All is well.")
    typed.district.deliver(remove_many_and_rename)
    typed("sync")
    code, shown = typed.json("status")
    assert code == shown["exit_code"] == 1
    assert re.fullmatch(r"Plan \S+ holds \d+ records for a decision", shown["waits"][0])
    assert shown["alarms"] == []


def test_status_says_of_the_last_run_what_came_of_it_once(typed: Typed) -> None:
    _, out = typed("status")
    assert re.search(
        r"Last run of the sync: run 2 at [\d-]+ [\d:]+ \w+: done, and somebody should look\. Schedule:",
        " ".join(out.split()),
    )


def test_status_names_a_source_that_is_stale_and_how_old_it_is(typed: Typed) -> None:
    typed("sync")
    (typed.district.folder / "package.zip").unlink()
    typed("sync")
    typed("sync")
    code, shown = typed.json("status")
    (source,) = shown["sources"]
    assert (code, source["state"], source["missed"]) == (1, "stale", 2)
    assert source["age_hours"] < 1
    assert "was not read in 2 runs in a row" in shown["alarms"][1]
    assert shown["last_good"] == 3


def test_a_source_that_a_person_disabled_is_frozen_and_no_alarm(typed: Typed) -> None:
    typed("sync")
    typed.district.ws.source_disable("main", reason="the SIS is being moved", actor="kim")
    (typed.district.folder / "package.zip").unlink()
    assert typed("sync")[0] == 0
    code, shown = typed.json("status")
    (source,) = shown["sources"]
    assert (code, source["state"], source["why"]) == (0, "frozen", "kim disabled it: the SIS is being moved")
    assert typed.district.kinds == []
    assert typed("source", "enable", "main", "--as", "kim")[0] == 2  # a reason, as for disabling it
    assert typed("source", "enable", "main", "--reason", "the SIS is moved", "--as", "kim")[0] == 0
    _, shown = typed.json("status")
    (source,) = shown["sources"]
    assert (source["state"], source["why"]) == ("read", "kim enabled it again: the SIS is moved")
    _, log = typed.json("audit-log")
    newest = log["entries"][0]
    assert (newest["verb"], newest["actor"], newest["subject"]) == ("source enable", "kim", "main")


def test_metrics_are_read_by_prometheus(typed: Typed) -> None:
    typed("sync")
    code, out = typed("status", "--prometheus")
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(out)
        for sample in family.samples
    }
    assert code == 0
    assert found["rosterkit_alarms",] == found["rosterkit_schedule_alive",] == 0
    assert found["rosterkit_last_run_exit_code",] == 0
    assert found["rosterkit_source_missed_runs", "main"] == 0
    assert 0 <= found["rosterkit_feed_age_seconds", "out"] < 3600
    page = (Path(__file__).parents[2] / "docs" / "for-operators.md").read_text(encoding="utf-8")
    assert [name for name, *_ in found if f"`{name}`" not in page] == []


def test_without_a_schedule_nothing_is_alive(typed: Typed) -> None:
    assert typed("status", "--alive") == (1, "No process runs the schedule, or it does not respond.\n")


def test_a_log_has_one_object_a_line_and_nothing_of_a_person(typed: Typed, capsys: pytest.CaptureFixture[str]) -> None:
    typed.district.deliver(remove_many_and_rename)
    command(["-C", str(typed.district.ws.folder), "sync", "--log"])
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines][0 :: len(lines) - 1] == ["run.started", "run.ended"]
    assert {"timestamp", "level", "run", "job"} <= lines[-1].keys()
    personal = {row[key] for row in typed.district.files["users"] for key in ("givenName", "username", "identifier")}
    assert [word for word in personal if word in json.dumps(lines)] == []


CONFIG = configuration.loads(
    'timezone = "America/Chicago"\n[schedule]\nsync = ["03:00", "12:30"]\ndays = ["mon", "fri"]\n'
    '[feeds.out]\nkind = "oneroster"\nsend_at = "30 22 * * *"\n'
)


def test_cron_gets_a_line_for_each_time_in_the_districts_zone() -> None:
    lines = [
        line for line in printed_schedule("cron", CONFIG, Path("/srv/our 50% district")).splitlines() if line[0] != "#"
    ]
    assert lines[0] == "CRON_TZ=America/Chicago"
    assert re.match(r"0 3 \* \* mon,fri \S*rosterkit -C '/srv/our 50\\% district' sync --log$", lines[1])
    assert lines[2].startswith("30 12 * * mon,fri ")
    assert re.match(r"30 22 \* \* \* .* sync --feed out --log$", lines[3])


def test_systemd_gets_a_timer_for_each_job_with_its_zone() -> None:
    text = printed_schedule("systemd", CONFIG, Path("/srv/our 50% district"))
    assert text.count(".timer\n") == text.count(".service\n") == 2
    assert (
        "OnCalendar=Mon,Fri *-*-* 03:00:00 America/Chicago\nOnCalendar=Mon,Fri *-*-* 12:30:00 America/Chicago" in text
    )
    assert 'rosterkit -C "/srv/our 50%% district" sync --log' in text
    assert "Persistent=true" in text


def test_windows_gets_a_task_for_each_time() -> None:
    text = printed_schedule("windows", CONFIG, Path("/srv/our district"))
    tasks = [line for line in text.split("\r\n") if line.startswith("schtasks")]
    assert len(tasks) == 3
    assert '/TN "rosterkit sync 1" /SC WEEKLY /D MON,FRI /ST 03:00' in tasks[0]
    assert r'-C \"/srv/our district\" sync --log"' in tasks[0]
    assert "/SC DAILY /ST 22:30" in tasks[2]


def test_a_kind_that_is_none_is_refused(typed: Typed) -> None:
    assert typed("schedule", "--print", "launchd")[0] == 2
    assert typed("schedule", "--print", "cron")[0] == 0


def test_a_server_that_does_not_answer_is_given_up_early_except_in_a_run_without_a_person(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    early: dict[str, bool] = {}
    for verb in ("sync", "plan", "doctor"):

        def asked(*_: object, verb: str = verb, **__: object) -> None:
            early[verb] = Patience().ends(2)
            raise UsageError("That is enough.")

        monkeypatch.setattr(Workspace, verb, asked)
        assert typed(verb)[0] == 2
    assert early == {"sync": False, "plan": True, "doctor": True}
    assert not Patience().ends(2)


def test_runs_fit_into_80_columns_without_a_day_or_a_heading_in_two(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed("sync")
    monkeypatch.setenv("COLUMNS", "80")
    _, out = typed("runs")
    head = next(line for line in out.splitlines() if line.startswith("run "))
    assert head.split() == ["run", "job", "started", "due", "state", "exit", "plan", "notices"]
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(r"\d{4}-\d\d-\d\d", out)
