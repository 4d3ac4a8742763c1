"""The form of a new ticket: what it shows for a type and a service, and what was typed into it."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from desk import fields
from desk.acting import wish
from desk.acting.offering import NOT_SURE, Colleague, Offer
from desk.acting.rules import MIB
from desk.acting.wish import Asked, NewPerson, Wish
from desk.catalogue import Service
from desk.clean import clean, clean_body, row_id
from desk.language import Language
from desk.notes import NOTE_LENGTH
from desk.request_types import RequestType
from desk.sites import SiteState, label
from desk.state import ContactState
from desk.tickets import TITLE_LENGTH
from portal.forms import Form
from portal.pages.new_catalogue import address

_ONCE = 64  # characters
FIELDS = (
    "contact", "name", "first_name", "last_name", "email", "title", "description", "urgency", "impact", "item",
    "system", "reference", "needed_by", "people", "source",
)  # fmt: skip
_TEXTS = frozenset(("description", "people"))
_LINE = 5_000  # characters of a line that are looked at: more than any rule lets through
_USUAL = {"urgency": fields.URGENCIES[0], "impact": fields.IMPACTS[0], "source": wish.SOURCES[0]}
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asking:
    """A follow-up question of the type or the service."""

    field: str
    label: str
    value: str
    options: Options  # empty where any words are an answer
    required: bool


@dataclass(frozen=True, slots=True)
class FormShown:
    """All that the template of the form needs; `values` are what is typed."""

    category: str
    kind: str
    heading: str
    message: str
    service: Service | None
    site: SiteState | None
    site_label: str
    back: str  # where another type, site or customer is chosen
    asked: Asked
    values: Mapping[str, str]
    questions: tuple[Asking, ...]
    items: Options  # empty where the item is named in words
    urgencies: Options
    impacts: Options
    today: date
    colleagues: Sequence[Colleague]
    contact: Colleague | None  # for whom it is now, with their telephone
    by_staff: bool
    adds_people: bool
    once: str
    limits: Mapping[str, int]


def empty(offer: Offer) -> dict[str, str]:
    """What a fresh form has in it."""
    own = offer.author.address if isinstance(offer.author, ContactState) else ""
    return {**dict.fromkeys(FIELDS, ""), **_USUAL, "contact": own, "once": secrets.token_urlsafe(16)}


def typed(form: Form) -> dict[str, str]:
    """What somebody typed: kept as it is, whatever is wrong with it."""
    answers = {name: clean_body(form.text(name)) for name in form if name.startswith("answer")}
    texts = {name: clean_body(form.text(name)) for name in _TEXTS}
    lines = {name: clean(form.text(name), _LINE) for name in FIELDS if name not in _TEXTS}
    return {**lines, **texts, **answers, "once": clean(form.text("once"), _ONCE)}


def read(form: Form, kind: str, service: str, questions: int) -> Wish:
    """The form as the desk understands it."""
    values = typed(form)
    return Wish(
        kind=kind,
        title=" ".join(values["title"].split()),
        text=values["description"],
        service=service,
        site_id=row_id(form.get("site", "")),
        contact=values["contact"],
        name=" ".join(values["name"].split()),
        new_person=NewPerson(*(" ".join(values[name].split()) for name in ("first_name", "last_name", "email"))),
        urgency=values["urgency"],
        impact=values["impact"],
        item=values["item"],
        system=values["system"],
        reference=" ".join(values["reference"].split()),
        needed_by=values["needed_by"],
        answers=tuple(values.get(f"answer{place}", "") for place in range(questions)),
        people=values["people"],
        source=values["source"],
        once=values["once"],
    )


def shown(
    offer: Offer,
    kind: RequestType,
    service: Service | None,
    site: SiteState | None,
    values: Mapping[str, str],
    now: datetime,
    language: Language,
    *,
    colleagues: Sequence[Colleague] = (),
    contact: Colleague | None = None,
) -> FormShown:
    """The form for a type, a service and a site."""
    category, named = language.gettext(kind.heading), language.name(kind.name)
    customer = values["contact"] if offer.is_staff else ""
    to = address(**{"for": customer}, site=site.id if site else None, pick=kind.name)
    return FormShown(
        category=category,
        kind=kind.name,
        heading=f"{category} / {named}" if category and category != named else named,
        message=language.gettext(kind.message),
        service=service,
        site=site,
        site_label=label(site) if site else "",
        back=to if offer.author else address(service=service.label if service else ""),
        asked=wish.asked(offer, kind),
        values=values,
        questions=_questions(offer, kind, service, values, language),
        items=_items(offer, site, language),
        urgencies=tuple((one, language.name(one)) for one in fields.URGENCIES),
        impacts=tuple((one, language.name(one)) for one in fields.IMPACTS),
        today=now.astimezone(offer.rules.zone).date(),
        colleagues=colleagues,
        contact=contact,
        by_staff=offer.is_staff,
        adds_people=offer.adds_people,
        once=values["once"],
        limits=_limits(offer),
    )


def _items(offer: Offer, site: SiteState | None, language: Language) -> Options:
    """Those of the site, and “Not sure”."""
    names = offer.item_names(site)
    return (*((name, name) for name in names), (NOT_SURE, language.say("Not sure"))) if names else ()


def _limits(offer: Offer) -> Mapping[str, int]:
    files = offer.rules.files
    return {"title": TITLE_LENGTH, "text": NOTE_LENGTH, "files": files.max_count, "megabytes": files.max_size // MIB}


def _questions(
    offer: Offer, kind: RequestType, service: Service | None, values: Mapping[str, str], language: Language
) -> tuple[Asking, ...]:
    found = offer.catalogue.questions_of(kind.name, service.label if service else "")
    return tuple(
        Asking(
            field=f"answer{place}",
            label=language.gettext(question.text),
            value=values.get(f"answer{place}", ""),
            options=tuple((one, language.gettext(one)) for one in question.choices),
            required=question.required,
        )
        for place, question in enumerate(found)
    )
