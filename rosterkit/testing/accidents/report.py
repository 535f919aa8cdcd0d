"""The table of the accidents: what each would have done, and what the guards made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from rosterkit.testing.accidents.catalogue import ACCIDENTS, Accident
from rosterkit.testing.accidents.trial import Harm, Outcome, Trial

Result = tuple[Accident, Outcome]

_HEAD = ("accident", "archived", "overwritten", "doubled", "links lost", "exit", "cause named", "without the guard")


def run_all(
    students: int, accidents: Sequence[Accident] = ACCIDENTS, progress: Callable[[Result, int, int], None] | None = None
) -> list[Result]:
    """Every accident, done to a new district of so many students; ``progress`` gets each result, its number and how
    many there are.
    """
    trial = Trial(students)
    try:
        results = []
        for number, accident in enumerate(accidents, start=1):
            results.append((accident, trial.run(accident)))
            if progress is not None:
                progress(results[-1], number, len(accidents))
        return results
    finally:
        trial.close()


def _cells(result: Result) -> tuple[str, ...]:
    accident, outcome = result
    harm = outcome.harm
    numbers = (f"{n:,}" for n in (harm.archives, harm.overwrites, harm.duplicates, harm.links))
    return (accident.name, *numbers, str(outcome.exit_code), outcome.cause or "no", _without(outcome.without))


def _without(harm: Harm) -> str:
    counts = {"archived": harm.archives, "overwritten": harm.overwrites, "doubled": harm.duplicates}
    counts["links lost"] = harm.links
    return ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or "0: the guard does nothing"


def as_table(results: Sequence[Result]) -> Table:
    """The results for a terminal."""
    table = Table(title=f"{len(results)} accidents", title_justify="left")
    for name in _HEAD:
        table.add_column(name, justify="right" if name in _HEAD[1:6] else "left")
    for result in results:
        table.add_row(*_cells(result), style="" if result[1].passed else "bold red")
    return table


def as_markdown(results: Sequence[Result]) -> str:
    """The results as the table of docs/accidents.md."""
    rows = [_HEAD, tuple("---:" if name in _HEAD[1:6] else "---" for name in _HEAD), *map(_cells, results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def show(console: Console, students: int, *, markdown: bool, say: Callable[[str], None]) -> bool:
    """Runs every accident and prints the table; whether no harm came with the guards, and some without each.

    ``say`` gets a line as each accident is done.
    """

    def line(result: Result, number: int, count: int) -> None:
        accident, outcome = result
        word = "no harm" if outcome.passed else "FAILED"
        say(f"{number:>3} of {count}  {word:<8} {accident.name}")

    results = run_all(students, progress=line)
    if markdown:
        console.print(as_markdown(results), highlight=False, markup=False, soft_wrap=True)
    else:
        console.print(as_table(results))
    failed = [accident.name for accident, outcome in results if not outcome.passed]
    if failed:
        console.print(f"The demonstration failed for {len(failed)}: {'; '.join(failed)}.", markup=False)
    return not failed
