"""Processes share what they need: it is loaded before they are forked, and what few mails need is not loaded at all."""

import os
import smtplib
from pathlib import Path

from postdesk.preloading import preload
from postdesk.wiring import House
from tests.peers.desk import ALL, DESK, Desk

# Python runs this at its start. What the parent has loaded is written when it forks; in each child, what is looked for.
_WATCH = """
import os, sys
folder = {folder!r}

class Seen:
    def find_spec(self, name, path=None, target=None):
        with open(folder + "/imports." + str(os.getpid()), "a") as file:
            file.write(name + "\\n")

def before():
    with open(folder + "/parent", "w") as file:
        file.write("\\n".join(sys.modules))

if "serve" in sys.orig_argv:
    os.register_at_fork(before=before, after_in_child=lambda: sys.meta_path.insert(0, Seen()))
"""
# What only some mails, some answers or some commands need: each takes megabytes, or a good while.
_FOR_LATER = (
    "alembic babel imapclient fpdf reportlab openpyxl xlsxwriter segno dns nh3 selectolax psycopg botocore boto3 pgpy "
    "pypdf"
).split()
_MAIL = (
    f"From: Cara <cara@customer.test>\r\nTo: {DESK}\r\nSubject: Printer\r\nMessage-ID: <one@customer.test>\r\n\r\n"
    "The printer is on fire.\r\n"
)


def _watched(folder: Path) -> Desk:
    (folder / "sitecustomize.py").write_text(_WATCH.format(folder=str(folder)), encoding="utf-8")
    desk = Desk()
    desk.environment["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return desk


def test_nothing_is_loaded_after_the_fork(tmp_path: Path) -> None:
    """Neither at the start nor for a mail and its letters does a process import a module that it does not share."""
    with _watched(tmp_path) as desk:
        with smtplib.SMTP("127.0.0.1", desk.smtp) as client:
            client.sendmail("cara@customer.test", [DESK], _MAIL)
        desk.wait_handled(1)
        desk.letters("cara@customer.test", 1)
        loaded = set((tmp_path / "parent").read_text().split())
        after = {file.name: file.read_text().split() for file in tmp_path.glob("imports.*")}
    assert {"gateway.intake", "gateway.spool", "postdesk.outgoing", "portal.app"} <= loaded
    assert after == {}
    assert {name for name in loaded if name.partition(".")[0] in _FOR_LATER} == set()


def test_pages_and_letters_have_one_set_of_languages(house: House) -> None:
    """The catalogues that pages are written by are those of letters: what is read before the fork is read once."""
    preload(house, ALL)
    assert "languages" in vars(house)
    assert house.portal().languages is house.languages


def test_what_cannot_be_made_stops_nobody(house: House) -> None:
    """Words that cannot be read are told by the process that needs them: the others work."""
    own = house.loaded.home / "words"
    own.mkdir()
    (own / "own.toml").write_text("this is no table", encoding="utf-8")
    preload(house, ALL)
    assert "words" not in vars(house)
