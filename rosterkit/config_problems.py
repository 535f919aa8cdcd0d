"""What is wrong with a ``rosterkit.toml``, in sentences that begin with the line and the key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from rosterkit.toml_lines import Lines, line_of

Problem = tuple[tuple[str, ...], str]
"""The path of a key, and a sentence about it."""


def placed(problem: Problem, lines: Lines, tried: Mapping[str, str]) -> str:
    """The sentence after the line that it is about; without one for a value that was only tried.

    A sentence about a table names the key that it means, such as columns.USER_TYPE: its line counts.
    """
    path, sentence = problem
    if any(".".join(path).startswith(key) for key in tried):
        return sentence
    below = {key[len(path) :]: key for key in lines if key[: len(path)] == path and len(key) > len(path)}
    words = {rest: "|".join(re.escape(".".join(name)) for name in (rest, key)) for rest, key in below.items()}
    named = [key for rest, key in below.items() if re.search(rf"(?<![\w.])(?:{words[rest]})\b", sentence)]
    line = line_of(lines, max(named, key=len) if named else path)
    return f"line {line}: {sentence}" if line else sentence


def nearest(word: str, known: Any) -> str:
    """``; did you mean X?`` or "" when nothing known is near."""
    found = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean {found[0]}?" if found else ""


_EXPECTED = {
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be {ge} or more",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be {le} or less",
    "int_type": "it must be a whole number",
    "int_from_float": "it must be a whole number",
    "float_type": "it must be a number",
    "finite_number": "it must be a number",
    "bool_type": "it must be true or false",
    "string_type": "it must be a text in quotation marks",
}
"""What a value must be, by the type of pydantic's error."""


def explained(problem: ValidationError, model: type[BaseModel]) -> str:
    """What is wrong with settings of this model, a sentence for each problem."""
    return " ".join(_sentence(error, model, "", frozenset()) for error in problem.errors())


def problem_of(
    error: Any, model: type[BaseModel], table: tuple[str, ...] = (), known: AbstractSet[str] = frozenset()
) -> Problem:
    return (*table, *map(str, error["loc"])), _sentence(error, model, ".".join(table), known)


def _sentence(error: Any, model: type[BaseModel], table: str, known: AbstractSet[str]) -> str:
    """One error of pydantic as a sentence that begins with the key."""
    where = ".".join(part for part in (table, *map(str, error["loc"])) if part)
    value = error["input"]
    if error["type"] == "value_error":
        text = f"{where}: {error['ctx']['error']}" if where else str(error["ctx"]["error"])
    elif error["type"] == "missing":
        text = f"{where} is missing"
    elif error["type"] == "string_too_short":
        text = f"{where} is empty: it must say something"
    elif error["type"] == "extra_forbidden":
        fields = _fields(model, error["loc"]) | (known if len(error["loc"]) == 1 else set())
        hint = nearest(str(error["loc"][-1]), fields) or f"; known are {', '.join(sorted(fields))}"
        text = f"{where} is not a setting{hint}"
    elif error["type"] in ("model_type", "dict_type", "model_attributes_type"):
        text = f"{where} is {value!r}: it must be a table, [{where}]"
    else:
        expected = _EXPECTED.get(error["type"], "").format(**error.get("ctx", {}))
        expected = expected or error["msg"].replace("Input should be", "it must be")
        shown = f" is {value!r}" if isinstance(value, str | int | float) else ""
        text = f"{where}{shown}: {expected}"
    return text if text.endswith((".", "?")) else f"{text}."


def _fields(model: type[BaseModel], path: Sequence[str | int]) -> set[str]:
    """The keys of the table in which the last key of the path stands."""
    for key in path[:-1]:
        field = model.model_fields.get(str(key))
        nested = list(_models(field.annotation)) if field else []
        model = nested[0] if nested else model
    return set(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
