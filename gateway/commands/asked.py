"""What of a mail is said, and what is asked for: commands, fill-in lines and one-word replies told from the note."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from gateway.commands import fields, framing, grammar, plain
from gateway.commands.spec import Known
from gateway.commands.words import Words

_AS_COMMAND = {"resolved": "resolve"}  # of one-word replies


@dataclass(frozen=True, slots=True)
class Order:
    """One command or fill-in line, as it is to be checked."""

    word: str  # canonical: "resolve", or the label of a fill-in line
    argument: str
    line: str  # as it was written
    filled_in: bool = False  # a fill-in line: text that is not understood stays text


@dataclass(frozen=True, slots=True)
class Asked:
    """A mail taken apart."""

    orders: tuple[Order, ...] = ()
    words: str = ""  # the note
    astray: tuple[str, ...] = ()  # commands that stand inside the text, where none is read
    unknown: tuple[grammar.Unknown, ...] = ()  # of customers: nearly a command, and kept as text
    one_word: bool = False  # the mail was a command in plain words, and nothing else


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a reply quotes of our letter, and the labels that the letter left empty: filled in there, they count."""

    text: str
    labels: frozenset[str]


def of_customer(
    text: str,
    words: Words,
    known: Known,
    *,
    new: bool,
    quoted: Quoted | None = None,
    names: Collection[str] = (),
    glance: Collection[str] | None = None,
) -> Asked:
    """A customer's words: a `#word` that is no command of theirs is plain text. `names` are those of staff.

    `glance` is what was seen of the mail before (gateway/asks.py): where that is nothing, there is no need to look.
    """
    if _is_plain(text, glance):
        filled_in = fields.filled(quoted.text, words, allowed=quoted.labels) if quoted else ()
        return Asked(tuple(Order(f.label, f.value, f.line, filled_in=True) for f in filled_in), text.strip())
    alone = None if new else plain.one_word(text, words, names)
    word = _AS_COMMAND.get(alone.word, alone.word) if alone else ""
    # “Please help” is a cry, and no wish for a list of commands.
    if alone and word in known and known[word].line and not (word == "help" and len(text.split()) > 1):
        return Asked((Order(word, "", alone.word),), alone.rest, one_word=True)
    split = _read(text, words, known, names, strict=False)
    filled = _filled(split.words, words, known, names, new=new)
    more = fields.filled(quoted.text, words, allowed=quoted.labels) if quoted else ()
    said = {field.label for field in filled.values}
    lines = (*filled.values, *(field for field in more if field.label not in said))
    orders = [*(Order(c.word, c.argument, c.line) for c in split.commands)]
    orders += [Order(field.label, field.value, field.line, filled_in=True) for field in lines]
    rest = _without_courtesy(filled.words, words, names) if orders else filled.words
    return Asked(tuple(orders), rest, split.astray, split.unknown)


def of_staff(
    text: str,
    words: Words,
    known: Known,
    *,
    new: bool,
    names: Collection[str] = (),
    glance: Collection[str] | None = None,
) -> Asked:
    """The words of staff: every `#word` at the top or the end is a command, also one that does not exist.

    Fill-in lines only open a new mail: in an answer “Status: we wait” is a sentence for the customer.
    """
    if _is_plain(text, glance):
        return Asked(words=text.strip())
    split = _read(text, words, known, names, strict=True)
    said = split.words
    orders = [Order(c.word, c.argument, c.line) for c in split.commands]
    if new:
        filled = _filled(said, words, known, names, new=True)
        said = filled.words
        orders += [Order(field.label, field.value, field.line, filled_in=True) for field in filled.values]
    said = _without_courtesy(said, words, names) if orders else said
    return Asked(tuple(orders), said, split.astray, split.unknown)


def _without_courtesy(text: str, words: Words, names: Collection[str]) -> str:
    """Nothing, where only “Best regards, Ann” is left beside the commands: that is no note."""
    return text if plain.core_of(text, words, names).strip() else ""


def _filled(text: str, words: Words, known: Known, names: Collection[str], *, new: bool) -> fields.Fields:
    """The fill-in lines: anywhere in a reply; of a new mail those at its top, below a greeting perhaps."""
    found = fields.split(text, words, everywhere=not new, allowed=known.labels)
    if not new or found.values:
        return found
    first, _, rest = text.lstrip().partition("\n")
    end = framing.greeting_end(first, words, plain.known_names(names, words))
    if not end or first[end:].strip(" ,.!:;-–"):
        return found
    below = fields.split(rest, words, everywhere=False, allowed=known.labels)
    return replace(below, words=f"{first}\n\n{below.words}".strip()) if below.values else found


def _read(text: str, words: Words, known: Known, names: Collection[str], *, strict: bool) -> grammar.Split:
    """The `#` lines; “Hi Sam,” above them and “Best regards, Ann” below are not in their way."""
    whole = grammar.read(text, words, known.lines, strict=strict)
    if not whole.astray:
        return whole
    core = plain.core_of(text, words, names)
    if core.strip() == text.strip():
        return whole
    inner = grammar.read(core, words, known.lines, strict=strict)
    if len(inner.commands) <= len(whole.commands):
        return whole
    cut = {command.line.strip() for command in inner.commands}
    rest = "\n".join(line for line in text.split("\n") if line.strip() not in cut) if inner.words else ""
    return replace(inner, words=rest.strip())


def _is_plain(text: str, glance: Collection[str] | None) -> bool:
    """True where nothing can be a command: no label, no one-word reply, and no # in the whole text."""
    return glance is not None and not glance and is_plain(text)


def is_plain(text: str) -> bool:
    """True for a text without a # of any kind."""
    return "#" not in text and "＃" not in text
