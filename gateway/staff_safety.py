"""Why an answer of staff stays inside: it could tell customers what is not for them, or lose what is."""

import re
from dataclasses import dataclass

from desk import folding
from desk.numbers import STANDARD, Numbers
from desk.said import say
from gateway import left_out
from gateway.commands.plan import Plan
from gateway.envelope import Message
from gateway.own_words import Told, lost, repeats_inside
from gateway.quoting import quotes

NOTHING_DONE = say("Your text is kept as an internal note. Nothing was sent or changed.")
# In a file: a letter of this desk, whole or copied.
_LETTER = re.compile(
    r"^X-Postdesk-Instance\s*:|[+-][rb]-[a-z2-7]{30,46}@|\.r-[a-z2-7]{30,46}@|"
    r"^\s*Your reply (?:goes to .{1,200}\.|stays internal\b)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer as it was taken apart."""

    message: Message
    plan: Plan
    words: str  # without the commands
    own: str  # what of the words may go out
    astray: tuple[str, ...]  # commands inside the text
    told: Told
    ours: tuple[str, ...]  # the marks of letters of ours
    inside: bool = False  # no customer reads it
    numbers: Numbers = STANDARD


def hindrance(said: Said) -> list[str]:
    """Sentences for its author; none when it may go out."""
    if said.inside:
        return _of_copies(said)
    return _of_words(said) or _of_files(said) or _of_losses(said)


def _of_copies(said: Said) -> list[str]:
    if any(act.outward for act in said.plan.acts):
        return [say("Your words stay internal here, so they are not sent to others either."), NOTHING_DONE]
    if inside := repeats_inside(said.plan.told, said.told):
        # Whatever becomes of the note, customers read what stands behind #resolve.
        return [_inside(inside), NOTHING_DONE]
    return []


def _inside(line: str) -> str:
    return say("“{line}” stands in an internal note, and customers do not read those.", line=line)


def _of_words(said: Said) -> list[str]:
    if said.astray:
        return [
            say("“{line}” looks like a command, but stands inside the text.", line=said.astray[0]),
            say("Commands stand at the top or at the end. Put ## before a line that is none."),
            NOTHING_DONE,
        ]
    if quotes.points_below(said.message.reply, said.message.text):
        return [
            say("Your answer points to words further down, and those cannot be told from what is quoted there."),
            say("Write all of your answer above the quotation."),
            NOTHING_DONE,
        ]
    if said.message.foreign or (said.words and not said.own and not said.plan.changes_something):
        return [say("Your mail holds no words of your own."), NOTHING_DONE]
    if inside := repeats_inside(f"{said.own}\n{said.plan.told}\n{said.plan.note_words}", said.told):
        return [_inside(inside), NOTHING_DONE]
    return []


def _of_files(said: Said) -> list[str]:
    for name, data in said.message.file_texts:
        text = data.decode("utf-8", "replace")
        if _LETTER.search(text) or repeats_inside(text, said.told):
            return [
                say("The file “{file}” holds a letter of this desk, or words of an internal note.", file=name),
                say("Send your answer again without it."),
                NOTHING_DONE,
            ]
    return []


def _of_losses(said: Said) -> list[str]:
    folded = folding.rest(said.message.reply.strip(), said.message.text.strip())
    line = lost(said.words, said.told, said.numbers) or left_out.first_line(folded, said.ours)
    if not line:
        return []
    return [
        say(
            "“{line}” looks like a part of something quoted, and would not have reached the customer.", line=line[:200]
        ),
        say("Send your answer again with other words, or in another form."),
        NOTHING_DONE,
    ]
