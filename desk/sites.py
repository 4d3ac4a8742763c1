"""Sites: how one is called, which one somebody means, and what is written of it."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from desk import audit
from desk.people import PeopleError
from desk.said import listed, say
from store.tables import Site

_SHOWN = 10  # sites that a sentence names
_SHORTEST = 3  # letters of a part of a label that can name a site
ADDRESS = ("Address", "Address 2", "City", "Post code", "Country", "More address")  # labels of a profile
SEMICOLON = say("{a}; {b}")
# What an operator can fill in of a site, and how many characters it takes.
FIELDS = {
    "name": 200, "code": 60, "place": 200, "post_code": 20, "account": 60,
    "address": 200, "address2": 200, "city": 100, "country": 100, "more_address": 200,
}  # fmt: skip


class Labelled(Protocol):
    """A site, as far as its label goes."""

    @property
    def id(self) -> int:
        """Its row."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def code(self) -> str:
        """The code that the customer knows it by."""

    @property
    def place(self) -> str:
        """Where it is."""

    @property
    def post_code(self) -> str:
        """Its post code."""

    @property
    def account(self) -> str:
        """The account that it is billed to."""

    @property
    def main(self) -> bool:
        """True for the main location of its organisation."""


S = TypeVar("S", bound=Labelled)


@dataclass(frozen=True, slots=True)
class SiteState:
    """A site in memory."""

    id: int
    organisation_id: int
    name: str
    code: str = ""
    place: str = ""
    post_code: str = ""
    account: str = ""
    main: bool = False


class NoSite(PeopleError):
    """No site fits, or more than one; the sentence says which there are."""


def label(site: Labelled) -> str:
    """Azzurri Fabric - W_AZZURR/0007 - Telehouse North (THN) - E14 2AA - M_MAINTEL (features.md, row 67)"""
    return " - ".join(part for part in _parts(site) if part)


def _parts(site: Labelled) -> tuple[str, ...]:
    return site.name, site.code, site.place, site.post_code, site.account


def called(text: str, sites: Sequence[S]) -> list[S]:
    """Those that a text means: by a whole part, or the whole label; else by some letters of the label, three at least.

    Upper and lower case, accents, blanks and marks make no difference: E14 2AA is e142aa.
    """
    wanted = _bare(text)
    if not wanted:
        return []
    whole = [site for site in sites if wanted in [_bare(part) for part in (*_parts(site), label(site))]]
    if whole or len(wanted) < _SHORTEST:
        return whole
    return [site for site in sites if wanted in _bare(label(site))]


def _bare(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())  # accents come off their letters, and are no letters
    return "".join(letter for letter in apart if letter.isalnum())


def main_of(sites: Sequence[S]) -> S | None:
    """The main location; where none is marked the first one; None where there are no sites."""
    return min(sites, key=lambda site: (not site.main, site.id), default=None)


def the_one(text: str, sites: Sequence[S]) -> S:
    """The site that a text means. NoSite with a sentence when that is none, or several."""
    found = called(text, sites)
    if len(found) == 1:
        return found[0]
    short = text if len(text) <= 60 else text[:59] + "…"
    if found:
        names = listed((label(site) for site in found[:_SHOWN]), SEMICOLON)
        raise NoSite(say("Site “{site}” fits several: {names}. Write more of one of them.", site=short, names=names))
    if not sites:
        raise NoSite(say("Site “{site}”: there are no sites to choose from.", site=short))
    names = listed(site.name for site in sites[:_SHOWN])
    if len(sites) <= _SHOWN:
        raise NoSite(say("Site “{site}” is not known. There are: {names}.", site=short, names=names))
    raise NoSite(
        say("Site “{site}” is not known. There are {n}, among them: {names}.", site=short, n=len(sites), names=names)
    )


def chosen(sites: Sequence[Labelled], named: str) -> int | None:
    """The id of the site that is named, or of the main one where none is; None without sites. NoSite as `the_one`."""
    if named.strip():
        return the_one(named, sites).id
    found = main_of(sites)
    return found.id if found is not None else None


def of(session: Session, organisation_id: int) -> Sequence[Site]:
    """The sites of an organisation, by name."""
    mine = select(Site).where(Site.organisation_id == organisation_id)
    return session.scalars(mine.order_by(Site.name, Site.id)).all()


def add(
    session: Session, organisation_id: int, next_id: Callable[[], int], *, main: bool = False, **fields: str
) -> Site:
    """A new site; the first of an organisation is its main location. PeopleError when one of that name is there."""
    there = of(session, organisation_id)
    _check(fields, there)
    site = Site(id=next_id(), organisation_id=organisation_id, **(dict.fromkeys(FIELDS, "") | fields))
    site.main = main or not there
    if site.main:
        _no_other(session, organisation_id)
    session.add(site)
    session.flush()
    audit.note(session, "site.added", "site", site.id)
    return site


def change(session: Session, site: Site, *, main: bool | None = None, **fields: str) -> None:
    """Fill in what is given; with `main` it becomes the main location instead of another one."""
    _check({"name": site.name} | fields, [other for other in of(session, site.organisation_id) if other.id != site.id])
    for name, value in fields.items():
        setattr(site, name, value.strip())
    if main:
        _no_other(session, site.organisation_id)
    if main is not None:
        site.main = main
    session.flush()
    audit.note(session, "site.changed", "site", site.id, fields=sorted(fields), main=main)


def _check(fields: dict[str, str], there: Sequence[Site]) -> None:
    for name, value in fields.items():
        if len(value.strip()) > FIELDS[name]:
            raise PeopleError(f"{name} is longer than {FIELDS[name]} characters.")
    if not fields.get("name", "").strip():
        raise PeopleError("A site needs a name.")
    if any(_bare(other.name) == _bare(fields["name"]) for other in there):
        raise PeopleError(f"There is a site “{fields['name'].strip()}” already.")


def _no_other(session: Session, organisation_id: int) -> None:
    session.execute(update(Site).where(Site.organisation_id == organisation_id, Site.main).values(main=False))


def address_lines(site: Site) -> dict[str, str]:
    """Its address by the labels of a profile, for a contact without an own one (features.md, row 181)."""
    parts = (site.address, site.address2, site.city or site.place, site.post_code, site.country, site.more_address)
    return {label: value for label, value in zip(ADDRESS, parts, strict=True) if value}
