"""The lines of a receipt that are worth a reply: what the type of a ticket asks for, and its follow-up questions."""

from collections.abc import Sequence

from desk.catalogue import Catalogue, Item
from desk.language import Language
from desk.request_types import Question
from gateway.commands.vocabulary import VALUES
from gateway.letter_words import line
from store.tables import Organisation, Site, Ticket

_MOST = 12  # lines; more would be a form
_ITEMS = 10  # to choose from
_LONGEST = 400  # characters of a choice; gateway/commands/fields.py reads past 500
_BRACKETS = str.maketrans("()", "[]")  # a hint stands in brackets of its own
Blank = tuple[str, str]  # a label, and a hint


def blanks(
    ticket: Ticket,
    said: frozenset[str],
    organisation: Organisation | None,
    site: Site | None,
    catalogue: Catalogue,
    language: Language,
) -> list[Blank]:
    """The lines that are still empty, each with a hint; `said` are the labels of what the mail stated."""
    kind = catalogue.type(ticket.type)
    given = {*said, *(label for label, value in _values(ticket).items() if value)}
    hints = {
        "Type": _choice([language.name(one.name) for one in catalogue.types], language),
        "Urgency": _choice([language.name(value) for value in VALUES["urgency"]], language),
        "Impact": _choice([language.name(value) for value in VALUES["impact"]], language),
    }
    wanted: list[Blank] = []
    for label in kind.asks_for if kind else ():
        if label not in given:
            hint = _items(organisation, site, catalogue, language) if label == "Item" else hints.get(label, "")
            wanted.append((language.gettext(label), hint))
    for question in catalogue.questions_of(ticket.type, ticket.service):
        if question.label not in ticket.answers:
            wanted.append((language.gettext(question.label), _hint(question, language)))
    return wanted[:_MOST]


def _values(ticket: Ticket) -> dict[str, object]:
    return {
        "Service": ticket.service,
        "Site": ticket.site_id,
        "Item": ticket.item,
        "Our ref": ticket.customer_reference,
        "Needed by": ticket.needed_by,
    }


def _items(organisation: Organisation | None, site: Site | None, catalogue: Catalogue, language: Language) -> str:
    """The items of the site, or of the organisation where no site is known: nobody else's."""
    named = (site.name, site.code) if site else ()
    found: Sequence[Item] = catalogue.items_of((organisation.name,), named) if organisation else ()
    unsure = language.say("“not sure”")
    if not found:
        return language.say("(or {unsure})", unsure=unsure)
    names = list(dict.fromkeys(_plain(item.name) for item in found))
    return _choice([*_fitting(names), unsure], language)


def _hint(question: Question, language: Language) -> str:
    if question.choices:
        return _choice([_plain(choice) for choice in question.choices], language)
    return f"({language.say('needed')})" if question.required else ""


def _choice(names: Sequence[str], language: Language) -> str:
    return f"({language.one_of(names)})"


def _plain(name: str) -> str:
    return line(name).translate(_BRACKETS)


def _fitting(names: Sequence[str]) -> list[str]:
    """As many as a line has room for."""
    found: list[str] = []
    for name in names[:_ITEMS]:
        if sum(map(len, found)) + len(name) > _LONGEST:
            break
        found.append(name)
    return found
