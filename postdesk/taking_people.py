"""One contact import from the command line: the file is tried, then taken in part by part, with progress."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from desk import contact_batches, contact_file, organisations, people, sites
from desk.contact_batches import Progress, Wish
from desk.contact_file import Opened
from desk.contact_run import About, Access, Run
from desk.contact_tally import Tally
from desk.csv_text import NotCsv
from postdesk.cli_common import new_organisation
from postdesk.wiring import House
from store.tables import Site

Showing = Callable[[str, int | None], contextlib.AbstractContextManager[Progress]]


class NotTaken(Exception):
    """Why an import cannot be tried, with the exit code that says so."""

    def __init__(self, why: str, code: int) -> None:
        super().__init__(why)
        self.code = code


@dataclass(slots=True)
class Importer:
    """A file, and where it is to go. `try_out` comes before `take_in`."""

    house: House
    file: Path
    organisation: str
    site: str = ""
    update: bool = False
    by: str = ""
    unknown: tuple[str, ...] = ()  # columns that are passed over
    new: str = ""  # says that the organisation is made, and which are called alike
    run_id: int | None = None

    def try_out(self, progress: Progress) -> Tally:
        """What would become of each row; NotTaken when the file, the organisation or the site cannot be used."""
        with self._opened() as opened, self.house.database.reading() as session:
            self.unknown = opened.unknown
            self.new = new_organisation(session, self.organisation)
            there = organisations.find(session, self.organisation)
            organisation = there.id if there is not None else 0
            self._site_id(session.query(Site).filter_by(organisation_id=organisation).all())
            wish = self._wish(organisation, contact_batches.our_addresses(session, self._desks()))
            return contact_batches.try_out(session, opened.rows, wish, progress)

    def take_in(self, progress: Progress) -> Tally:
        """Do it; the organisation is made when there is none of that name."""
        house, now = self.house, datetime.now(UTC)
        with house.database.transaction() as session:
            there = organisations.find(session, self.organisation)
            made = there or people.organisation(session, self.organisation, house.database.ids.next(), now)
            site_id = self._site_id(session.query(Site).filter_by(organisation_id=made.id).all())
            wish = self._wish(made.id, contact_batches.our_addresses(session, self._desks()))
        run = Run(Access(house.keys, house.rules.credentials, self.by), made.id, site_id)
        about = About(self.file.name, self.update, by=self.by)
        with self._opened() as opened:
            tally = contact_batches.take_in(house.database, opened.rows, wish, run, about, now, progress)
        self.run_id = run.id
        return tally

    def _wish(self, organisation_id: int, ours: frozenset[str]) -> Wish:
        return Wish(organisation_id, self.update, self.house.rules.levels.names, ours)

    def _desks(self) -> Iterator[str]:
        return (desk.address for desk in self.house.addresses.desks)

    def _site_id(self, known: list[Site]) -> int | None:
        try:
            return sites.chosen(known, self.site)
        except sites.NoSite as error:
            raise NotTaken(f"{error.said} Nothing was changed.", 65) from error

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Opened]:
        try:
            if self.file.stat().st_size > contact_file.MOST_BYTES:
                raise NotTaken(f"{self.file}: {contact_file.too_large(contact_file.MOST_BYTES)}", 65)
            with self.file.open("rb") as stream:
                yield contact_file.open_rows(self.file.name, stream)
        except NotCsv as error:
            raise NotTaken(f"{self.file}: {error.said}", 65) from error
        except OSError as error:
            raise NotTaken(f"{self.file} cannot be read: {error.strerror}.", 66) from error


@contextlib.contextmanager
def shown(what: str, total: int | None) -> Iterator[Progress]:
    """A line on standard error that counts the rows; nothing of it stays."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda done, _: bar.update(task, completed=done)
