"""Lists as files: the rows and columns of the page, the rights of the page, and nothing that a spreadsheet runs."""

import io
from collections.abc import Callable
from datetime import timedelta
from zipfile import ZipFile

import pytest

from desk import exporting, list_pages
from desk.exporting import NotPossible
from tests.portal.client import Browser
from tests.portal.world import START, World, add_ticket

Enter = Callable[[str], Browser]


@pytest.mark.feature("F174", "page")
def test_a_list_as_csv(world: World, signed_in: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, in the order of the page, however many pages; what looks like a formula is text."""
    monkeypatch.setattr(list_pages, "BATCH", 50)
    with world.database.transaction() as session:
        for i in range(120):
            title = "=HYPERLINK(1)" if i == 7 else f"Row {i:03}"
            add_ticket(session, world, f"f{i}", "ana", title=title, created_at=START - timedelta(days=i + 1))
        add_ticket(session, world, "hidden", "max", title="Row of others")
    browser = signed_in("jane")
    answer = browser.get("/tickets.csv?q=row&sort=title")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="tickets-all.csv"'
    lines = answer.content.decode("utf-8-sig").split("\r\n")
    assert lines[0] == "Number,Status,Title,Site,Created"
    assert [line.split(",")[2] for line in lines[1:-1]] == [f"Row {i:03}" for i in range(120) if i != 7]
    assert "2019-04-08 12:07" in lines[1]
    assert "'=HYPERLINK(1)" in browser.get("/tickets.csv?view=open").text
    for form in exporting.FORMATS:
        assert Browser(world.config()).get(f"/tickets.{form}").headers["location"].startswith("/in?next=")
    broken = browser.get("/tickets.csv?sort=x")
    assert broken.headers["location"] == "/tickets?sort=x"


@pytest.mark.feature("F174", "page")
def test_a_list_as_a_workbook_and_as_pdf(world: World, signed_in: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Excel opens the one, a printer prints the other; where no PDF can be made the page says so."""
    browser = signed_in("jane")
    book = browser.get("/tickets.xlsx?view=open")
    assert book.headers["content-disposition"] == 'attachment; filename="tickets-open.xlsx"'
    with ZipFile(io.BytesIO(book.content)) as parts:
        assert b"Phones down at Blackfriars" in parts.read("xl/worksheets/sheet1.xml") + parts.read(
            "xl/sharedStrings.xml" if "xl/sharedStrings.xml" in parts.namelist() else "xl/worksheets/sheet1.xml"
        )
    if exporting.pdf_is_possible():
        assert browser.get("/tickets.pdf?view=open").content.startswith(b"%PDF-")

    def impossible(*_: object) -> None:
        raise NotPossible

    monkeypatch.setattr(exporting, "write", impossible)
    answer = browser.get("/tickets.pdf?view=open&q=phones")
    assert answer.headers["location"] == "/tickets?view=open&q=phones&done=no-pdf"
    assert "PDF files cannot be made here." in browser.get(answer.headers["location"]).text


def test_queues_of_staff_as_files(world: World, signed_in: Enter) -> None:
    """The view of the page is in the address."""
    browser = signed_in("sam")
    assert '<a href="/tickets.csv?view=queue"' in browser.get("/desk").text
    lines = browser.get("/tickets.csv?view=queue").text.splitlines()
    assert len(lines) == 4
    assert "Phones down" not in "".join(lines)
