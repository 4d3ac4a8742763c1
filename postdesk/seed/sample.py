"""The sample data as values: organisations, people and topics, read from the files beside this one."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
CATALOGUE = _HERE / "catalogue.toml"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes: a contact, a member of staff, or a stranger."""

    name: str
    address: str
    level: str = "Standard User"
    language: str = "en"
    organisation: str = ""  # "" for strangers and staff
    staff: bool = False
    details: tuple[tuple[str, str], ...] = ()  # by the labels of a profile
    access: bool = False  # to the portal


@dataclass(frozen=True, slots=True)
class Site:
    """A site with the parts of its label."""

    name: str
    code: str
    place: str
    post_code: str
    account: str


@dataclass(frozen=True, slots=True)
class Organisation:
    """A customer with its people and sites; `board` decides about changes."""

    name: str
    parent: str
    visibility: str
    language: str
    people: tuple[Person, ...]
    sites: tuple[Site, ...]
    board: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something for everybody, from and until so long from now."""

    title: str
    text: str
    starts: timedelta
    ends: timedelta


@dataclass(frozen=True, slots=True)
class Topic:
    """What a ticket is about, in one language."""

    language: str
    type: str
    service: str
    title: str
    first: str
    question: str
    answer: str
    resolution: str


@dataclass(frozen=True, slots=True)
class Sample:
    """All of it."""

    organisations: tuple[Organisation, ...]
    teams: Mapping[str, tuple[Person, ...]]
    strangers: tuple[Person, ...]
    announcements: tuple[Announcement, ...]
    topics: tuple[Topic, ...]
    phrases: Mapping[str, Mapping[str, Any]] = field(repr=False)

    @property
    def staff(self) -> tuple[Person, ...]:
        """Everybody at the desk, once."""
        return tuple(dict.fromkeys(person for members in self.teams.values() for person in members))

    @property
    def contacts(self) -> tuple[Person, ...]:
        """Everybody of the organisations."""
        return tuple(person for one in self.organisations for person in one.people)


def read(domain: str) -> Sample:
    """The sample; staff have their addresses at `domain`."""
    people, topics = _table("people.toml"), _table("topics.toml")
    at_desk = {key: Person(name, f"{key}@{domain}", staff=True) for key, name in people["staff"].items()}
    return Sample(
        organisations=tuple(_organisation(row) for row in people["organisations"]),
        teams={row["name"]: tuple(at_desk[key] for key in row["staff"]) for row in people["teams"]},
        strangers=tuple(Person(name, address) for address, name in people["strangers"].items()),
        announcements=tuple(
            Announcement(
                row["title"],
                row["text"].strip(),
                timedelta(hours=row["from_hours"]),
                timedelta(hours=row["to_hours"]),
            )
            for row in people["announcements"]
        ),
        topics=tuple(Topic(**row) for row in topics["topics"]),
        phrases=topics["phrases"],
    )


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / name).read_text(encoding="utf-8"))


def _organisation(row: Mapping[str, Any]) -> Organisation:
    people = tuple(_people(row))
    board = {f"{key}@{row['domain']}" for key in row.get("cab", ())}
    return Organisation(
        name=row["name"],
        parent=row.get("parent", ""),
        visibility=row.get("visibility", "organisation"),
        language=row.get("language", "en"),
        people=people,
        sites=tuple(Site(*(part.strip() for part in line.split(","))) for line in row["sites"]),
        board=tuple(person for person in people if person.address in board),
    )


def _people(row: Mapping[str, Any]) -> Iterator[Person]:
    """“Grace Hill, Admin User, Operations Manager, de”, the language last; a name alone is a Standard User."""
    for place, line in enumerate(row["people"]):
        name, level, title, language = ([part.strip() for part in line.split(",")] + ["", "", ""])[:4]
        address = f"{_local_part(name)}@{row['domain']}"
        spoken = language or row.get("language", "en")
        details = tuple(_details(row, place, title))
        # Most of them sign in; of those who do not, each organisation has some.
        access = level == "Admin User" or place % 3 != 2
        yield Person(name, address, level or "Standard User", spoken, row["name"], details=details, access=access)


def _details(row: Mapping[str, Any], place: int, title: str) -> Iterator[tuple[str, str]]:
    """Job title and telephones: everybody has an extension, some a mobile telephone."""
    if title:
        yield "Job title", title
    yield "Phone", row["phone"]
    yield "Extension", str(20 + place)
    if place % 2 == 0 and "mobile" in row:
        yield "Mobile", f"{row['mobile']}{40 + place}"


def _local_part(name: str) -> str:
    """jose.perez: in ASCII, as most addresses are."""
    plain = name.lower().translate(str.maketrans("áéíóúäöüñç", "aeiouaounc")).replace("ß", "ss")
    return ".".join(plain.split())
