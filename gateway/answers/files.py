"""Lists as files of a letter: in which format somebody wants one, and what the letter says of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from desk import exporting
from desk.exporting import Format, Listing, NotPossible, Value
from desk.said import both, say
from gateway.answers.answer import GeneratedFile
from gateway.answers.facts import AnswerFacts
from gateway.answers.question import Question
from gateway.commands.words import Words

MOST = 10_000  # rows in a file of a letter
_NO_PDF = say("PDF files cannot be made here, so this is a CSV file.")
_PAGE, _YES = say("Page {page} of {pages}"), say("yes")
_TOKEN = re.compile(r'(?:[^\s"“”„«»]|["“”„«»][^"“”„«»]*["“”„«»]?)+')  # status:"in progress" is one of them
_CALLED: dict[str, Format] = {"csv": "csv", "excel": "xlsx", "pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class ListFile(GeneratedFile):
    """A list as a file."""

    rows: int  # how many it holds: of long rows, a PDF holds few


def format_of(argument: str, words: Words) -> tuple[str, Format]:
    """What of an argument names no format, and the format that the rest of it does: “open as PDF”; else CSV."""
    said = _TOKEN.findall(argument)
    for length in (3, 2, 1):  # “hoja de cálculo” before “excel”
        for start in range(len(said) - length + 1):
            named = words.argument("format", " ".join(said[start : start + length]).rstrip(",;."))
            if named is not None:
                return " ".join([*said[:start], *said[start + length :]]), _CALLED[named]
    return argument, "csv"


def made(
    stem: str, form: Format, title: str, headings: Sequence[str], rows: Sequence[Sequence[Value]],
    question: Question, facts: AnswerFacts,
) -> tuple[ListFile, str]:  # fmt: skip
    """The file, and a sentence where it is another one than was asked for.

    CSV and Excel are for programs as well, which find columns by the same names in every language.
    """
    listing = Listing(title, headings, rows[:MOST], facts.zone, question.now, facts.name)
    if form != "pdf":
        return _written(stem, form, listing), ""
    told = facts.language.gettext
    printed = replace(
        exporting.fitting(listing, exporting.ROOM_IN_LETTER), headings=[told(heading) for heading in headings],
        page=told(_PAGE), yes=told(_YES), language=facts.language.code,
    )  # fmt: skip
    try:
        return _written(stem, form, printed), ""
    except NotPossible:
        return _written(stem, "csv", listing), _NO_PDF


def _written(stem: str, form: Format, listing: Listing) -> ListFile:
    held = len(list(listing.rows))
    return ListFile(f"{stem}.{form}", exporting.TYPES[form], exporting.in_bytes(form, listing), held)


def about(file: GeneratedFile, found: int, *, zone: str, asked: str) -> str:
    """What of a list the file holds, and how to get the rest; `asked` is the command for the whole of it."""
    form = cast(Format, file.name.rpartition(".")[2])
    held = file.rows if isinstance(file, ListFile) else found
    times = say("Times in it are those of {zone}.", zone=zone)
    if found == 1:
        return both(say("The one is in the attached file {file}.", file=file.name), times)
    if held == found:
        return both(say("All {n} are in the attached file {file}.", n=f"{found:,}", file=file.name), times)
    first = say("The first {n} are in the attached file {file}.", n=f"{held:,}", file=file.name)
    if form == "pdf":
        rest = say("For up to {n} of them: {command} excel", n=f"{MOST:,}", command=asked)
    else:
        rest = say("For the rest, narrow the list, as in {command} created<2026-01-01", command=asked)
    return both(both(first, times), rest)
