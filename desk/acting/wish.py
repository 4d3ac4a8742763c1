"""What somebody filled in to open a ticket, and what is wrong with it: every fault at once, each at its field."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from desk import fields
from desk.acting.offering import Offer
from desk.acting.rules import Refused
from desk.catalogue import Item, key
from desk.notes import NOTE_LENGTH
from desk.profile_values import is_address
from desk.request_types import Question, RequestType
from desk.said import Said, listed, say
from desk.tickets import TITLE_LENGTH

MAX_PEOPLE = 20  # additional contacts that one form can name
_ANSWER = 1000  # characters
_SYSTEM = 180  # with “not sure, ” before it, it is an item
_PEOPLE = 8_000
_SHOWN = 60
_DAYS = ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y")
SOURCES = ("Phone", "Staff")  # how it came to staff who write it down
Faults = dict[str, str]  # by field


class Unfilled(Refused):
    """A form with faults: a sentence for each field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        field, said = next(iter(faults.items()))
        super().__init__(said, field)
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody new of the organisation, whom an Admin user names as the contact."""

    first_name: str = ""
    last_name: str = ""
    address: str = ""

    def __bool__(self) -> bool:
        return bool(self.first_name or self.last_name or self.address)


@dataclass(frozen=True, slots=True)
class Wish:
    """The form, as it was typed."""

    kind: str
    title: str = ""
    text: str = ""
    service: str = ""
    site_id: int | None = None
    contact: str = ""  # the address; "" for oneself
    name: str = ""  # of a customer whom staff name, and nobody knows
    new_person: NewPerson = NewPerson()
    urgency: str = ""
    impact: str = ""
    item: str = ""
    system: str = ""  # instead of an item: what it looks like, where it stands
    reference: str = ""
    needed_by: str = ""
    answers: tuple[str, ...] = ()  # to the questions of the type and the service, in their order
    people: str = ""  # addresses of additional contacts
    source: str = "Portal"
    once: str = ""  # made with the form: sent twice, it opens one ticket


@dataclass(frozen=True, slots=True)
class Asked:
    """Which fields a type has, and which of them have to be filled in."""

    rated: bool  # urgency and impact
    item: bool
    item_needed: bool
    reference_needed: bool
    needed_by: bool

    @classmethod
    def of(cls, kind: RequestType, *, needs_reference: bool) -> "Asked":
        """What the type asks for; the reference is a field of every form."""
        labels = kind.asks_for
        return cls(
            rated="Urgency" in labels or "Impact" in labels,
            item="Item" in labels,
            item_needed=kind.needs_item,
            reference_needed=needs_reference and "Our ref" in labels,
            needed_by="Needed by" in labels,
        )


def asked(offer: Offer, kind: RequestType) -> Asked:
    """Of this visitor: whoever writes down what a customer says need not know the customer's number, and a stranger
    has neither items nor sites here."""
    if offer.author is None:
        return replace(Asked.of(kind, needs_reference=False), item=False, item_needed=False)
    return Asked.of(kind, needs_reference=offer.rules.needs_reference and not offer.is_staff)


def faults(wish: Wish, offer: Offer, now: datetime) -> Faults:
    """All that is wrong with the form, in the order of its fields; people are looked at where they are looked up."""
    kind = offer.catalogue.type(wish.kind)
    if kind is None:
        return {"type": say("Select what kind of request it is")}
    found = words(wish)
    want = asked(offer, kind)
    if wish.service and offer.service(wish.service) is None:
        found["service"] = say("This service is not offered to you")
    if wish.site_id is not None and offer.site(wish.site_id) is None:
        found["site"] = say("Select a site")
    if want.rated and wish.urgency not in fields.URGENCIES:
        found["urgency"] = say("Select how urgent your request is")
    if want.rated and wish.impact not in fields.IMPACTS:
        found["impact"] = say("Select who is impacted")
    if want.item and (fault := _item_fault(wish, offer, want)):
        found["item"] = fault
    if len(wish.system) > _SYSTEM:
        found["system"] = _too_long(say("Description of the system"), _SYSTEM, len(wish.system))
    if fault := _reference_fault(wish, want):
        found["reference"] = fault
    if want.needed_by and (fault := _day_fault(wish.needed_by, now.astimezone(offer.rules.zone).date())):
        found["needed_by"] = fault
    return found | answer_faults(wish, offer.catalogue.questions_of(wish.kind, wish.service))


def words(wish: Wish) -> Faults:
    """What every form has."""
    found: Faults = {}
    if not wish.title:
        found["title"] = say("Enter a title")
    elif len(wish.title) > TITLE_LENGTH:
        found["title"] = say("Title must be {n} characters or fewer", n=TITLE_LENGTH)
    if not wish.text:
        found["description"] = say("Enter a description")
    elif len(wish.text) > NOTE_LENGTH:
        found["description"] = _too_long(say("Description"), NOTE_LENGTH, len(wish.text))
    return found


def _too_long(label: Said, most: int, n: int) -> Said:
    return say("{Label} must be {most} characters or fewer (it is {n})", Label=label, most=f"{most:,}", n=f"{n:,}")


def _item_fault(wish: Wish, offer: Offer, want: Asked) -> str:
    if not wish.item:
        return say("Select the item affected, or “Not sure”") if want.item_needed and not wish.system else ""
    if len(wish.item) > fields.LENGTHS["item"]:
        return _too_long(say("Item"), fields.LENGTHS["item"], len(wish.item))
    several = [one.name for one in items_called(wish, offer)]
    if len(set(several)) > 1:
        message = say("{label} “{text}” fits several: {names}. Write more of one of them.")
        return say(message, label=say("Item"), text=wish.item[:_SHOWN], names=listed(several[:10]))
    return ""


def items_called(wish: Wish, offer: Offer) -> list[Item]:
    """Items of the customer that the form names, by name, serial number or reference number: nobody else's."""
    site = offer.site(wish.site_id)
    named = (site.name, site.code) if site else ()
    return offer.catalogue.items_called(wish.item, offer.organisations, named) if offer.organisations else []


def _reference_fault(wish: Wish, want: Asked) -> str:
    if want.reference_needed and not wish.reference:
        return say("Enter your reference")
    most = fields.LENGTHS["customer_reference"]
    return _too_long(say("Customer reference"), most, len(wish.reference)) if len(wish.reference) > most else ""


def day_of(written: str) -> date | None:
    """A day as browsers send it, or as people write it where a browser knows no dates."""
    for form in _DAYS:
        try:
            return datetime.strptime(written, form).date()
        except ValueError:
            continue  # the next form
    return None


def _day_fault(written: str, today: date) -> str:
    sample = fields.shown_day(date(today.year + 1, 5, 3))
    if not written:
        return say("Enter the required date, like {day}", day=sample)
    day = day_of(written)
    if day is None or day.year > 9000:
        return say("Required date must be a real date, like {day}", day=sample)
    return say("Required date must be today or later") if day < today else ""


def answer_faults(wish: Wish, questions: tuple[Question, ...]) -> Faults:
    """Follow-up questions that need an answer, and answers that are none of the choices."""
    found: Faults = {}
    for place, question in enumerate(questions):
        answer = answer_to(wish, place)
        label = say(question.label)
        if not answer and question.required:
            found[f"answer{place}"] = (
                say("Select an answer to “{label}”", label=label)
                if question.choices
                else say("Enter an answer to “{label}”", label=label)
            )
        elif answer and question.choices and choice(question, answer) is None:
            found[f"answer{place}"] = say("Select an answer to “{label}”", label=label)
        elif len(answer) > _ANSWER:
            found[f"answer{place}"] = _too_long(label, _ANSWER, len(answer))
    return found


def answer_to(wish: Wish, place: int) -> str:
    """What was said to a question, on one line as by mail."""
    return " ".join(wish.answers[place].split()) if place < len(wish.answers) else ""


def choice(question: Question, answer: str) -> str | None:
    """The choice that an answer means."""
    return next((one for one in question.choices if key(one) == key(answer)), None)


def people_of(written: str) -> tuple[list[tuple[str, str]], str]:
    """Name and address of each additional contact, as a list with commas or semicolons has them; and what is none."""
    found: dict[str, tuple[str, str]] = {}
    if len(written) > _PEOPLE:
        return [], written[:_SHOWN]
    for piece in written.replace("\n", ";").replace(",", ";").split(";"):
        name, _, rest = piece.rpartition("<") if piece.rstrip().endswith(">") else ("", "", piece)
        several = [(name.strip(' "'), rest.rstrip("> ").strip())] if name else [("", one) for one in rest.split()]
        for called, address in several:
            address = address.strip("<>")
            if not is_address(address):
                return [], address[:_SHOWN]
            found.setdefault(address.lower(), (called, address))
    return list(found.values()), ""
