"""What the help page of the portal is told of the commands by mail: from the same list as the answer to #help."""

from typing import TYPE_CHECKING

from desk.languages import NAMES
from gateway.answers.guide import in_a_reply
from gateway.commands import registry
from gateway.commands.spec import Spec
from gateway.commands.words import ONE_WORD
from portal.guide import Command, Guide, Who

if TYPE_CHECKING:
    from postdesk.wiring import House

_WHO: tuple[Who, ...] = ("customer", "admin", "staff")
_WORDS = tuple(word for word in ONE_WORD if word != "confirm")  # the letter that wants that says so itself


def guide(house: "House") -> Guide:
    """The commands that this desk has not switched off, and the words of a reply in each language."""
    tickets = house.settings.tickets
    hidden = {word for word, on in (("private", tickets.private_notes), ("copy", tickets.copies)) if not on}
    own = {who: _of(who, hidden if who != "staff" else set()) for who in _WHO}
    return Guide(
        commands={who: tuple(_command(spec) for spec in specs) for who, specs in own.items()},
        labels={who: tuple(spec.label for spec in specs if spec.label) for who, specs in own.items()},
        words=_words(house),
    )


def _of(who: Who, hidden: set[str]) -> list[Spec]:
    return [spec for word, spec in registry.of(who).items() if word == spec.word and word not in hidden]


def _command(spec: Spec) -> Command:
    return Command(spec.usage, spec.help, in_a_reply(spec), spec.subject)


def _words(house: "House") -> dict[str, tuple[str, ...]]:
    """The words that are enough as a whole reply, by language; in English where we would not understand another."""
    known = house.languages
    found: dict[str, tuple[str, ...]] = {}
    for code in NAMES:
        language = known.find(code)
        alone = []
        for word in _WORDS:
            said = language.gettext(word)
            alone.append(said if house.words.one_word(said) == word else word)
        found[code] = tuple(alone)
    return found
