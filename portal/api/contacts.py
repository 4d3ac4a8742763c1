"""Contacts: for staff all of them, for those who keep the people of an organisation theirs."""

from typing import Annotated, Any

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from desk import profile
from desk.acting import people, people_stage
from desk.acting.people import Wanted, Wrong
from desk.acting.rules import NotThere, Refused
from desk.profile import Profile
from portal.api import cursors
from portal.api.calls import ROOT, Answer, Call, Operation
from portal.api.problems import NOT_THERE, Problem
from portal.api.typed import CursorText, Id, Limit, Line, Named, Said, Told
from store.tables import Contact, ContactAddress

_WORDS = 5  # of a search that are looked for
# What can be filled in, and the label that it has in a profile.
LABELS = {
    "external_id": "External ID",
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job title",
    "email": "Email",
    "email_2": "Email 2",
    "email_3": "Email 3",
    "phone": "Phone",
    "extension": "Extension",
    "alternate_phone": "Alternate phone",
    "mobile": "Mobile",
    "fax": "Fax",
    "language": "Language",
}
_FIELDS = {label: name for name, label in LABELS.items()} | {"Level": "level", "Access": "portal_access"}


class ContactTold(Told):
    """A contact."""

    id: int
    name: str
    first_name: str
    last_name: str
    email: str
    emails: list[str]
    job_title: str
    phone: str
    mobile: str
    external_id: str
    language: str
    level: str
    organisation: Named | None
    site: Named | None
    active: bool
    portal_access: bool
    muted: bool
    api_url: str


class ContactPage(Told):
    """Some contacts, and the cursor of the next page."""

    items: list[ContactTold]
    next: str | None


class Asked(Said):
    """Which contacts."""

    q: Annotated[Line, Field(description="Words that stand in the name or an address.")] = ""
    organisation_id: Annotated[Id | None, Field(description="For staff; others see those of their own.")] = None
    limit: Limit = 50
    cursor: Annotated[CursorText, Field(description="The “next” of the page before.")] = ""


class _Filled(Said):
    """What can be said of a contact."""

    external_id: Line | None = None
    job_title: Line | None = None
    email_2: Line | None = None
    email_3: Line | None = None
    phone: Line | None = None
    extension: Line | None = None
    alternate_phone: Line | None = None
    mobile: Line | None = None
    fax: Line | None = None
    language: Line | None = None
    level: Annotated[Line | None, Field(description="A security level of the desk.")] = None
    portal_access: Annotated[bool | None, Field(description="true sends a letter with credentials.")] = None
    muted: Annotated[bool | None, Field(description="true: gets no letters.")] = None
    site_id: Id | None = None


class NewContact(_Filled):
    """A new person of an organisation; staff say of which."""

    first_name: Line
    last_name: Line
    email: Line
    organisation_id: Annotated[Id | None, Field(description="For staff.")] = None


class ContactChange(_Filled):
    """What is to be different; a field that is left out stays as it is."""

    first_name: Line | None = None
    last_name: Line | None = None
    email: Line | None = None

    @model_validator(mode="after")
    def _has_something(self) -> "ContactChange":
        if not self.model_fields_set:
            raise ValueError("say what is to be different")
        return self


def list_contacts(call: Call) -> Answer:
    """A page of the contacts, in the order in which they came."""
    asked = call.asked(Asked)
    wanted = [_mine(call), *_says(asked.q)]
    if asked.organisation_id is not None:
        wanted.append(Contact.organisation_id == asked.organisation_id)
    if asked.cursor:
        wanted.append(Contact.id > cursors.moment(asked.cursor)[1])
    with call.config.database.reading() as session:
        query = select(Contact.id).where(and_(*wanted)).order_by(Contact.id).limit(asked.limit + 1)
        ids = list(session.scalars(query))
        shown, more = ids[: asked.limit], len(ids) > asked.limit
        found = profile.load(session, Contact.id.in_(shown)) if shown else {}
    items = [_shaped(call, found[contact_id]) for contact_id in shown]
    return Answer(ContactPage(items=items, next=cursors.of_moment(cursors.EPOCH, shown[-1]) if more else None))


def _mine(call: Call) -> ColumnElement[bool]:
    """Whose data the owner of the token may see."""
    if call.bearer.is_staff:
        return Contact.id.is_not(None)
    return Contact.organisation_id == call.person.organisation_id


def _says(words: str) -> list[ColumnElement[bool]]:
    found = []
    for word in words.split()[:_WORDS]:
        has = select(ContactAddress.contact_id).where(
            ContactAddress.contact_id == Contact.id, ContactAddress.address.contains(word.lower(), autoescape=True)
        )
        found.append(or_(Contact.name.icontains(word, autoescape=True), has.exists()))
    return found


def read_contact(call: Call) -> Answer:
    """One contact."""
    with call.config.database.reading() as session:
        return Answer(_shaped(call, _find(call, session, int(call.path("id")))))


def _find(call: Call, session: Session, contact_id: int) -> Profile:
    found = profile.load(session, and_(Contact.id == contact_id, _mine(call))).get(contact_id)
    if found is None:
        raise Problem(404, NOT_THERE)
    return found


def add_contact(call: Call) -> Answer:
    """Add a person."""
    said = call.said(NewContact)
    if call.bearer.is_staff and said.organisation_id is None:
        raise Problem(422, "The contact was not added.", [("organisation_id", "Say of which organisation.")])
    wanted = Wanted(_values(said), said.level or "", bool(said.portal_access), bool(said.muted), said.site_id)
    try:
        with _keeping(call, said.organisation_id) as on:
            saved = people.add(on, wanted)
    except NotThere:
        raise Problem(422, "The contact was not added.", [("organisation_id", NOT_THERE)]) from None
    return _told(call, saved.contact_id, 201)


def change_contact(call: Call) -> Answer:
    """Change a person; with another primary address both hear of it."""
    said, contact_id = call.said(ContactChange), int(call.path("id"))
    with call.config.database.reading() as session:
        before = _find(call, session, contact_id)
    if before.organisation_id is None:
        raise Problem(422, "This contact belongs to no organisation: use “postdesk contact”.")
    with _keeping(call, before.organisation_id, contact_id) as on:
        now = people_stage.person_of(on.session, on.scope, contact_id)
        wanted = Wanted(
            _values(said),
            said.level or "",
            now.has_access if said.portal_access is None else said.portal_access,
            now.muted if said.muted is None else said.muted,
            said.site_id,
        )
        people.change(on, contact_id, wanted)
    return _told(call, contact_id, 200)


def _keeping(call: Call, organisation_id: int | None, contact_id: int | None = None) -> Any:
    config = call.config
    return people_stage.keeping(
        config.acting, config.keys, call.person, organisation_id, call.now, contact_id=contact_id
    )


def _values(said: _Filled) -> dict[str, str]:
    given = said.model_dump(include=set(LABELS) & said.model_fields_set)
    return {LABELS[name]: value or "" for name, value in given.items()}


def _told(call: Call, contact_id: int, status: int) -> Answer:
    with call.config.database.reading() as session:
        found = _shaped(call, _find(call, session, contact_id))
    return Answer(found, status, {"Location": found.api_url} if status == 201 else {})


def _shaped(call: Call, one: Profile) -> ContactTold:
    def named(row_id: int | None, name: str) -> Named | None:
        return Named(id=row_id, name=name) if row_id is not None else None

    values = {name: one.value(label) for name, label in LABELS.items() if name in ContactTold.model_fields}
    return ContactTold(
        **values,
        id=one.id,
        name=one.name,
        emails=list(one.addresses),
        level=one.level,
        organisation=named(one.organisation_id, one.organisation),
        site=named(one.site_id, one.site),
        active=one.active,
        portal_access=one.has_access,
        muted=one.muted,
        api_url=f"{call.config.base_url}{ROOT}/contacts/{one.id}",
    )


def faults_of(refused: Refused) -> list[tuple[str, str]]:
    """What an act refused, by the fields of the API."""
    found = refused.faults if isinstance(refused, Wrong) else {refused.field: str(refused.said)}
    return [(_FIELDS.get(name, name), str(text)) for name, text in found.items() if name]


OPERATIONS = (
    Operation(
        "GET", "/contacts", "list_contacts", "List contacts", list_contacts, ContactPage, who="people", query=Asked
    ),
    Operation(
        "POST", "/contacts", "add_contact", "Add a contact", add_contact, ContactTold, who="people", body=NewContact,
        status=201,
    ),
    Operation("GET", "/contacts/{id:key}", "read_contact", "Read a contact", read_contact, ContactTold, who="people"),
    Operation(
        "PATCH", "/contacts/{id:key}", "change_contact", "Change a contact", change_contact, ContactTold,
        who="people", body=ContactChange,
    ),
)  # fmt: skip
