"""A desk takes in many contacts: `postdesk people import` of a large file, as an operator runs it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from desk.contact_file import COLUMNS
from postdesk.init import Answers, run
from postdesk.settings import load
from postdesk.wiring import House
from store.tables import Contact, Outbox

CONTACTS = 50_000
_ORGANISATION = "Sample Works"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one run took."""

    seconds: float
    megabytes: float  # the most memory that it had at once


def imported(count: int = CONTACTS) -> dict[str, Figure]:
    """New people with all fields filled in, of whom each tenth gets a letter; then all of them again, and updated."""
    with tempfile.TemporaryDirectory(prefix="postdesk-bench-") as folder, _desk(Path(folder)) as config:
        file = Path(folder) / "people.csv"
        _fill(file, count, "York")
        found = {"new": _run(config, file), "again, all skipped": _run(config, file)}
        _fill(file, count, "Leeds")
        found["again, all updated"] = _run(config, file, "--update")
        _check(config, count)
    return found


@contextmanager
def _desk(folder: Path) -> Iterator[Path]:
    config = folder / "postdesk.toml"
    run(config, Answers.sample())
    yield config


def _fill(file: Path, count: int, city: str) -> None:
    names = [name for name, _ in COLUMNS]
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        out.write(",".join(names) + "\r\n")
        for n in range(count):
            address = f"person{n}@customer.test"
            row = {
                "First Name": f"Ann {n}", "Last Name": "Sample", "Title": "Engineer", "City": city, "Country": "Wales",
                "Email Address": address, "Email Address 2": f"second{n}@customer.test", "Phone": "020 7946 0000",
                "Address 1": f"{n} Sample Street", "Post Code": "E14 2AA", "Mobile Phone": "07700 900000",
                "Client Portal Username": address if n % 10 == 0 else "",
            }  # fmt: skip
            out.write(",".join(row.get(name, "") for name in names) + "\r\n")


def _run(config: Path, file: Path, *options: str) -> Figure:
    command = [sys.executable, "-m", "postdesk", "--config", str(config), "people", "import", str(file)]
    command += ["--organisation", _ORGANISATION, "--yes", *options]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Figure(time.perf_counter() - started, usage.ru_maxrss / 1024)


def _check(config: Path, count: int) -> None:
    house = House(load(config, {}))
    with house.database.reading() as session:
        people = session.scalar(select(func.count()).select_from(Contact).where(Contact.last_name == "Sample")) or 0
        letters = session.scalar(select(func.count()).select_from(Outbox).where(Outbox.kind == "credentials")) or 0
    house.database.close()
    assert (people, letters) == (count, count // 10), (people, letters)
