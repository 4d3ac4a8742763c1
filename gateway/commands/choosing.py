"""What a ticket is, of what the catalogue knows: type, urgency, impact and priority; service and item by any part."""

from collections.abc import Callable, Sequence
from functools import partial

from desk import fields
from desk.catalogue import Item
from desk.fields import Changes
from desk.said import listed, say
from desk.state import ContactState
from gateway.commands.letters import fold
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, its_ticket
from gateway.commands.working import same
from gateway.rules import Rules

Read = Callable[[Rules, str], str | None]
Choices = Callable[[Rules], Sequence[str]]
Setter = Callable[[Doing, str], Changes]
_CRITICAL = ("crit", "krit")  # critical, critique, crítica, kritisch: no urgency, but the highest priority
_MOST = 10  # names in a sentence
_SHOWN = 60  # characters of what somebody wrote


def _one_of(name: str, field: str, choices: Choices, read: Read, setter: Setter, said: tuple[str, str]) -> Check:
    """A check for a field whose values are few; `said` that it has this value now, and had it before."""
    now, before = said

    def check(scene: Scene, argument: str) -> Act | Fault:
        value = read(scene.case.rules, argument)
        if value is None:
            among = listed(say(choice) for choice in choices(scene.case.rules))
            message = say("{label} “{text}” is not known. Choose one of: {choices}.")
            return Fault(say(message, label=say(name), text=short(argument), choices=among))
        if getattr(its_ticket(scene), field) == value:
            return same(say(before, value=say(value)))
        return act(scene, say(now, value=say(value)), partial(_apply, setter, value))

    return check


def _apply(setter: Setter, value: str, doing: Doing) -> None:
    fields.merge(doing.changes, setter(doing, value))


def _type(rules: Rules, text: str) -> str | None:
    """By a name or alias of the catalogue, else by a word for one of the usual types."""
    found = rules.catalogue.type(text) or rules.catalogue.type(rules.words.value("type", text) or "")
    return found.name if found else None


def _set_type(doing: Doing, value: str) -> Changes:
    return fields.set_text(doing.writes, doing.ticket, "type", value, doing.scene.case.now)


def _urgency(doing: Doing, value: str) -> Changes:
    case = doing.scene.case
    return fields.set_urgency(doing.writes, doing.ticket, value, case.now, case.rules.catalogue.matrix)


def _impact(doing: Doing, value: str) -> Changes:
    case = doing.scene.case
    return fields.set_impact(doing.writes, doing.ticket, value, case.now, case.rules.catalogue.matrix)


def _priority(rules: Rules, text: str) -> str | None:
    known, meant = rules.catalogue.priority, rules.words.value("priority", text)
    meant = "Critical" if fold(text).startswith(_CRITICAL) else meant
    return known(text) or known(meant or "")


def _set_priority(doing: Doing, value: str) -> Changes:
    return fields.set_priority(doing.writes, doing.ticket, value, doing.scene.case.now)


TYPE = _one_of(
    "Type",
    "type",
    lambda rules: [one.name for one in rules.catalogue.types],
    _type,
    _set_type,
    (say("The type is {value}."), say("The type is {value} already.")),
)
URGENCY = _one_of(
    "Urgency",
    "urgency",
    lambda rules: fields.URGENCIES,
    lambda rules, text: rules.words.value("urgency", text),
    _urgency,
    (say("The urgency is {value}."), say("The urgency is {value} already.")),
)
IMPACT = _one_of(
    "Impact",
    "impact",
    lambda rules: fields.IMPACTS,
    lambda rules, text: rules.words.value("impact", text),
    _impact,
    (say("The impact is {value}."), say("The impact is {value} already.")),
)
PRIORITY = _one_of(
    "Priority",
    "priority",
    lambda rules: rules.catalogue.priorities,
    _priority,
    _set_priority,
    (say("The priority is {value}."), say("The priority is {value} already.")),
)


def service(scene: Scene, argument: str) -> Act | Fault:
    """A service of those that the requester can ask for; where there are none, it is kept as it was named."""
    catalogue, requester = scene.case.rules.catalogue, its_ticket(scene).requester
    whose = _organisations(scene)[:1]
    known = requester.known or scene.is_staff
    mine = catalogue.services_for(whose[0] if whose else "", known=known) if catalogue.services else []
    if not mine:
        return _kept(scene, argument, "Service")
    found = catalogue.services_called(argument, mine)
    if not found:
        names = listed(one.label for one in mine[:_MOST])
        message = say("Service “{text}” is not known. There are: {names}.")
        if len(mine) > _MOST:
            message = say("Service “{text}” is not known. There are {n}, among them: {names}.")
        return Fault(say(message, text=short(argument), n=len(mine), names=names))
    if len(found) > 1:
        return _several(say("Service"), argument, [one.label for one in found])
    return _set(scene, "Service", found[0].label)


def item(scene: Scene, argument: str) -> Act | Fault:
    """An item of the requester's organisation, by name, serial or reference number; “not sure” is an answer as well.

    No word of it tells of another organisation's items, whatever is named.
    """
    whose = _organisations(scene)
    found = scene.case.rules.catalogue.items_called(argument, whose, _site(scene)) if whose else []
    names = list(dict.fromkeys(one.name for one in found))
    if len(names) > 1:
        return _several(say("Item"), argument, [_placed(one) for one in found])
    return _set(scene, "Item", names[0]) if names else _kept(scene, argument, "Item")


def _placed(found: Item) -> str:
    return f"{found.name} ({found.site})" if found.site else found.name


def _organisations(scene: Scene) -> tuple[str, ...]:
    """The names of the ticket's organisation and those below it; of the person's whom staff open it for, besides."""
    view, ticket = scene.case.view, its_ticket(scene)
    ids: list[int | None] = [ticket.organisation_id]
    if scene.is_staff and scene.opens:
        named = (view.contacts.get(address) for address in sorted(scene.case.mail.asks.addresses))
        ids += [person.organisation_id for person in named if isinstance(person, ContactState)]
    # Their own stands first. What lies below it is named to those alone who see that (desk/access.py).
    author = scene.author
    wide = scene.is_staff or (isinstance(author, ContactState) and author.sees == "sub-organisations")
    found = (name for one in ids if one for name in view.more.organisations.get(one, ())[: None if wide else 1])
    return tuple(dict.fromkeys(found))


def _site(scene: Scene) -> tuple[str, ...]:
    """The name and the code of the ticket's site."""
    sites = (site for some in scene.case.view.more.sites.values() for site in some)
    return next(((site.name, site.code) for site in sites if site.id == its_ticket(scene).site_id), ())


def _several(label: str, argument: str, names: Sequence[str]) -> Fault:
    message = say("{label} “{text}” fits several: {names}. Write more of one of them.")
    return Fault(say(message, label=label, text=short(argument), names=listed(names[:_MOST])))


def _kept(scene: Scene, argument: str, name: str) -> Act | Fault:
    value, limit = " ".join(argument.split()), fields.LENGTHS["item"]
    if not value:
        return Fault(say("{label} needs a word behind it.", label=say(name)))
    if len(value) > limit:
        message = say("{label} “{text}” is longer than {n} characters.")
        return Fault(say(message, label=say(name), text=short(value), n=limit))
    return _set(scene, name, value)


def _set(scene: Scene, name: str, value: str) -> Act:
    if name == "Service":
        now, before = say("The service is “{value}”."), say("The service is “{value}” already.")
        return _text(scene, "service", value, now, before)
    now, before = say("The item is “{value}”."), say("The item is “{value}” already.")
    return _text(scene, "item", value, now, before)


def _text(scene: Scene, field: fields.Text, value: str, now: str, before: str) -> Act:
    if getattr(its_ticket(scene), field) == value:
        return same(say(before, value=value))

    def do(doing: Doing) -> None:
        changes = fields.set_text(doing.writes, doing.ticket, field, value, doing.scene.case.now)
        fields.merge(doing.changes, changes)

    return act(scene, say(now, value=value), do)


def act(scene: Scene, says: str, do: Callable[[Doing], None]) -> Act:
    """Whoever opens a ticket says what it is about, with or without proof; a change later on needs one."""
    return Act(says, do, proof=not scene.opens, tell=not scene.is_staff)


def short(text: str) -> str:
    """As much of what somebody wrote as a sentence repeats."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
