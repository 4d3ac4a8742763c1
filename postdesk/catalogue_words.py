"""What is wrong in catalogue.toml, in words: the place, the key, and what would be right."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel

_WORDS = {
    "missing": "must be there",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "date_type": "must be a date like 2026-12-25",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


class Faults(ValueError):
    """Several faults of one value, each with the key below it."""

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{key}: {words}" for key, words in faults))
        self.faults = list(faults)


def all_described(at: str, kind: type[BaseModel], faults: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Each fault of a row, and each of those that a value has several of."""
    for fault in faults:
        error = fault.get("ctx", {}).get("error")
        if isinstance(error, Faults):
            key = ".".join([at, *_place(fault)])
            yield from (f"{key}.{below}: {words}" for below, words in error.faults)
        else:
            yield described(at, kind, fault)


def _place(fault: Mapping[str, Any]) -> list[str]:
    return [str(part) for part in fault["loc"] if not str(part).startswith("function-")]


def described(at: str, kind: type[BaseModel], fault: Mapping[str, Any]) -> str:
    """One fault of a row: `items.3.site: must be a text`."""
    place = _place(fault)
    key = ".".join([at, *place])
    if fault["type"] == "extra_forbidden":
        return f"{key}: there is no such key; there are: {', '.join(_keys(kind, place[:-1]))}"
    context = fault.get("ctx", {})
    if fault["type"] == "string_too_long":
        return f"{key}: must be at most {context['max_length']} characters long"
    if fault["type"] == "literal_error":
        return f"{key}: must be one of: {str(context['expected']).replace(' or ', ', ').replace(chr(39), '')}"
    message = str(fault["msg"])
    ours = message.removeprefix("Value error, ") if fault["type"] == "value_error" else _WORDS.get(fault["type"])
    return f"{key}: {ours or message[:1].lower() + message[1:]}"


def _keys(kind: type[BaseModel], place: list[str]) -> list[str]:
    """The keys of the table that a place leads to."""
    for part in place:
        field = kind.model_fields.get(part)
        if field is not None:
            kind = next((one for one in _models(field.annotation)), kind)
    return [*getattr(kind, "ALSO", ()), *(field.alias or name for name, field in kind.model_fields.items())]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models(part)]
