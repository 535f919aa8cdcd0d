"""Limits: ``expect``, ``expectations``, ``override``, ``overrides``, ``promote``."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from rosterkit.cli.app import app
from rosterkit.cli.options import (
    ActorRole,
    AsOf,
    Json,
    Package,
    Reason,
    SourceName,
    day_of,
    echo,
    open_workspace,
    print_either,
)
from rosterkit.cli.plan import print_plan
from rosterkit.errors import UsageError

expect = typer.Typer(help="Announce a change, so that no limit stops it.", no_args_is_help=True)
app.add_typer(expect, name="expect")

_By = Annotated[
    date, typer.Option("--by", metavar="DATE", parser=day_of, help="The last day on which it may come, as 2026-10-01.")
]


def _announced(number: int, text: str, by: date, json: bool) -> None:
    from rosterkit.render import json as shapes

    facts = shapes.facts(expectation=number, by=by.isoformat())
    echo(facts if json else f"Expectation {number}: {text}, by {by}. Plans after that day say so if it did not come.\n")


@expect.command(
    "school", epilog='Example: rosterkit -C our-district expect school SCH-9 --by 2027-07-01 --reason "closes"'
)
def expect_school(
    ctx: typer.Context,
    school: Annotated[str, typer.Argument(metavar="SCHOOL", help="The school's sourced id, or SOURCE/ID.")],
    by: _By,
    reason: Reason,
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Announce that a school closes: what is its own may leave with it, and its people may move to others."""
    with open_workspace(ctx) as workspace:
        number = workspace.expect_school(school, by=by, reason=reason, actor=actor)
    _announced(number, f"school {school} closes", by, json)


@expect.command(
    "domain",
    epilog="Example: rosterkit -C our-district expect domain old.example new.example --by 2026-10-01 --reason renamed",
)
def expect_domain(
    ctx: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="The domain of e-mail addresses until now.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The domain from then on.")],
    by: _By,
    reason: Reason,
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Announce that an e-mail domain is renamed: addresses and usernames may change from one to the other."""
    with open_workspace(ctx) as workspace:
        number = workspace.expect_domain(old, new, by=by, reason=reason, actor=actor)
    _announced(number, f"{old} becomes {new}", by, json)


@expect.command(
    "students", epilog='Example: rosterkit -C our-district expect students 120 --by 2026-10-01 --reason "merger"'
)
def expect_students(
    ctx: typer.Context,
    count: Annotated[int, typer.Argument(metavar="N", min=1, help="How many new students.")],
    by: _By,
    reason: Reason,
    school: Annotated[str, typer.Option("--school", metavar="KEY", help="At this school. Left out: at any.")] = "",
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Announce new students, with their guardians: so many are not counted by the limits."""
    with open_workspace(ctx) as workspace:
        number = workspace.expect_students(count, by=by, reason=reason, actor=actor, school=school)
    _announced(number, f"{count} new students", by, json)


@expect.command("withdraw", epilog='Example: rosterkit -C our-district expect withdraw 3 --reason "it stays open"')
def withdraw(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As rosterkit expectations shows it.")],
    reason: Reason,
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Withdraw an announced change."""
    from rosterkit.render import json as shapes

    with open_workspace(ctx) as workspace:
        workspace.withdraw(number, reason=reason, actor=actor)
    echo(shapes.facts(expectation=number, withdrawn=True) if json else f"Expectation {number} is withdrawn.\n")


@app.command(epilog="Example: rosterkit -C our-district expectations")
def expectations(ctx: typer.Context, as_of: AsOf = None, json: Json = False) -> None:
    """Announced changes: what is waited for, what came, and what is overdue (exit code 1)."""
    from rosterkit.render import expectations as shapes

    with open_workspace(ctx) as workspace:
        found = workspace.expectations(as_of)
    print_either(json, lambda: shapes.expectations_json(found), shapes.expectations_table, found)
    raise typer.Exit(1 if any(one.state == "overdue" for one in found) else 0)


@app.command(
    epilog='Example: rosterkit -C our-district override limits.max_removed_percent=20 --reason "two classes merged"'
)
def override(
    ctx: typer.Context,
    setting: Annotated[str, typer.Argument(metavar="LIMIT=VALUE", help="Such as limits.max_removed_percent=20.")],
    reason: Reason,
    until: Annotated[
        date | None,
        typer.Option(
            "--until",
            metavar="DATE",
            parser=day_of,
            help="For every plan until this day, a week from now at most. Left out: for the next plan that is applied.",
        ),
    ] = None,
    end: Annotated[bool, typer.Option("--end", metavar="", help="End the override of LIMIT.")] = False,
    actor: ActorRole = "",
    json: Json = False,
) -> None:
    """Give a limit another value for one plan, or for a few days."""
    from rosterkit.render import json as shapes

    name, equals, text = setting.partition("=")
    if end == bool(equals):
        raise UsageError("Say LIMIT=VALUE to set an override, or LIMIT --end to end one.")
    with open_workspace(ctx) as workspace:
        if end:
            workspace.end_override(name, reason=reason, actor=actor)
        else:
            workspace.override(name, _value(name, text), reason=reason, actor=actor, until=until)
    how = "its own value again" if end else f"{text} {f'until {until}' if until else 'for the next plan'}"
    echo(shapes.facts(setting=name, value=None if end else text) if json else f"{name} has {how}.\n")


def _value(name: str, text: str) -> float | str:
    import tomllib

    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        raise UsageError(f"{name}: {text} is no value. A text stands in quotation marks.") from None
    return value if isinstance(value, int | float | str) else str(value)


@app.command(epilog="Example: rosterkit -C our-district overrides")
def overrides(ctx: typer.Context, json: Json = False) -> None:
    """The limits that have another value now: who set it, until when and why."""
    from rosterkit.render import expectations as shapes

    with open_workspace(ctx) as workspace:
        found = workspace.overrides()
    print_either(json, lambda: shapes.overrides_json(found), shapes.overrides_table, found)


@app.command(epilog="Example: rosterkit -C our-district promote --package export.zip")
def promote(
    ctx: typer.Context,
    package: Package = None,
    source: SourceName = "",
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Plan the promotion at the start of a school year: grades that rise by one, as one plan that a person approves."""
    with open_workspace(ctx) as workspace:
        made = workspace.promote(package, source=source, as_of=as_of)
        print_plan(ctx, workspace, made, json)
