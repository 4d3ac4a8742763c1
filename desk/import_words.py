"""What an import comes to in words: how many rows were added, updated, skipped and refused, and why."""

from collections.abc import Mapping, Sequence

from desk.profile_values import NO_LEVEL
from desk.said import SEMICOLON, Said, listed, say, say_many

_OR = say("{a} or {b}")


def on_a_page(number: int, why: str, levels: Sequence[str], *, password: bool) -> str:
    """The reason of a row as a sentence that stands by itself, and says what the file must hold."""
    if password:
        return say("Column X must be empty on row {n}.", n=number)
    if isinstance(why, Said) and why.message == NO_LEVEL:
        choices = listed((say("“{name}”", name=name) for name in levels), _OR)
        return say("Security level on row {n} must be exactly {choices}.", n=number, choices=choices)
    return say("{Why}.", Why=why) if why else ""


def counts(found: Mapping[str, int], *, done: bool) -> Said:
    """12 will be added, 3 updated, 1 refused."""
    return say("{counts}.", counts=_listed(found, done))


def summary(found: Mapping[str, int], refused: Sequence[str], shown: int, *, done: bool) -> Said:
    """12 will be added, 3 updated, 1 refused (row 6: …). Of the reasons so many are `shown`."""
    if not refused:
        return counts(found, done=done)
    why = listed(refused[:shown], SEMICOLON)
    if found["refused"] > shown:
        why = say("{reasons}; and {n} more", reasons=why, n=f"{found['refused'] - shown:,}")
    return say("{counts} ({reasons}).", counts=_listed(found, done), reasons=why)


def _listed(found: Mapping[str, int], done: bool) -> str:
    return listed(_counted(fate, n, done) for fate, n in found.items() if n or fate == "added")


def _counted(fate: str, n: int, done: bool) -> Said:
    if fate == "added" and not done:
        return say_many("{n} will be added", "{n} will be added", n)
    if fate == "added":
        return say_many("{n} added", "{n} added", n)
    if fate == "updated":
        return say_many("{n} updated", "{n} updated", n)
    return say_many("{n} skipped", "{n} skipped", n) if fate == "skipped" else say_many("{n} refused", "{n} refused", n)
