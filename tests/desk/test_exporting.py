"""Lists as files: CSV, Excel and PDF hold the same rows, run nothing, and fetch nothing."""

import contextlib
import csv
import io
import re
import socket
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from desk import exporting
from desk.exporting import Format, Listing, NotPossible, Value
from tests.peers.pdf import require_pdf

NOW = datetime(2026, 7, 23, 12, 0, tzinfo=UTC)
HEADINGS = ("Number", "Title", "Created", "Needed by", "Minutes", "Active")
ROWS: list[list[Value]] = [
    ["T20260723.0001", '=HYPERLINK("http://evil.test")', NOW, date(2026, 8, 1), 90, True],
    ["T20260723.0002", "Zoë, “Köln”\r\nzwei", None, None, -5, False],
    ["T20260723.0003", "https://desk.test/x \x01 \ud800 <b>&</b>", NOW, date(2026, 1, 5), 1.5, True],
]


def listing(rows: Any = ROWS, **more: Any) -> Listing:
    """A list of tickets."""
    return Listing("3 open tickets", HEADINGS, rows, ZoneInfo("Europe/London"), NOW, "Sample Desk", **more)


def made(form: Format, rows: Any = ROWS, **more: Any) -> bytes:
    """It as a file."""
    return exporting.in_bytes(form, listing(rows, **more))


@pytest.fixture
def pdf() -> None:
    """PDF files can be made on this machine."""
    require_pdf()


@pytest.mark.feature("F174", "mail")
def test_csv() -> None:
    """The mark of UTF-8, CRLF, ISO dates in the zone of the desk, formulas as text, numbers as numbers."""
    data = made("csv")
    assert data.startswith(b"\xef\xbb\xbfNumber,Title,")
    assert data.count(b"\r\n") == 5  # four rows, and the line break in a title
    head, first, second, third = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert head == list(HEADINGS)
    assert first == [
        "T20260723.0001", "'=HYPERLINK(\"http://evil.test\")", "2026-07-23 13:00", "2026-08-01", "90", "yes",
    ]  # fmt: skip
    assert second == ["T20260723.0002", "Zoë, “Köln”\r\nzwei", "", "", "-5", ""]
    assert third[4] == "1.5"


def sheet(data: bytes) -> dict[str, str]:
    """The files of a workbook."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


@pytest.mark.feature("F174", "mail")
def test_excel() -> None:
    """Real dates and numbers; text is neither a formula nor a link; a bold heading that stays, with a filter."""
    files = sheet(made("xlsx"))
    page = files["xl/worksheets/sheet1.xml"]
    assert "<f>" not in page
    assert "hyperlink" not in page
    assert '=HYPERLINK("http://evil.test")' in page.replace("&quot;", '"')
    assert re.search(r'<c r="C2" s="\d+"><v>46226\.541666\d*</v>', page)  # 23 July 2026, 13:00 in London
    assert re.search(r'<c r="D2" s="\d+"><v>46235</v>', page)
    assert re.search(r'<c r="E3"[^>]*><v>-5</v>', page)
    assert 'state="frozen"' in page
    assert '<autoFilter ref="A1:F4"/>' in page
    assert "<b/>" in files["xl/styles.xml"]
    assert "yyyy\\-mm\\-dd\\ hh:mm" in files["xl/styles.xml"] or "yyyy-mm-dd hh:mm" in files["xl/styles.xml"]
    assert "3 open tickets" in files["docProps/core.xml"]


def unpacked(data: bytes) -> bytes:
    """A PDF with its compressed parts in the clear."""
    found = [data]
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL):
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompress(packed))
    return b"\n".join(found)


@pytest.mark.feature("F174", "mail")
def test_pdf(pdf: None) -> None:
    """A4 across; as many pages as it takes."""
    data = unpacked(made("pdf", ROWS * 40))
    assert data.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", data)) > 1
    width, height = (float(side) for side in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data)[0])
    assert (round(width), round(height)) == (842, 595)


@pytest.mark.parametrize(
    "row, held",
    [
        (["x" * 30, NOW, 1], 17),  # 30 + 16 + 1 characters, and ten for each cell
        (["x" * 90], 13),
        (["x" * 900], 11),  # a cell is cut
        (["x" * 90] * 24, 1),  # the first, whatever it takes
        (["x"] * 24, 4),
    ],
)
def test_what_a_pdf_holds(row: list[Value], held: int) -> None:
    """So many characters in all, fewer where columns are narrow; what is behind them is not read."""
    rows = iter([row] * 40)
    assert len(list(exporting.fitting(listing(rows), 1_309).rows)) == held
    assert len(list(rows)) == 39 - held


def test_a_pdf_holds_a_thousand_rows() -> None:
    """However short they are."""
    rows = iter([["x"]] * 1_002)
    assert len(list(exporting.fitting(listing(rows)).rows)) == 1_000
    assert len(list(rows)) == 2


def test_a_pdf_fetches_nothing(pdf: None, tmp_path: Any) -> None:
    """Whatever stands in a cell, a title or the name of the desk."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        secret = tmp_path / "secret.css"
        secret.write_text("td { display: none }")
        bad = f'<img src="{url}"><link rel=stylesheet href="{url}"></style><style>@import url(file://{secret});'
        data = exporting.in_bytes("pdf", Listing(bad, [bad], [[bad]], ZoneInfo("UTC"), NOW, bad, page=f'"}} {bad}'))
        with pytest.raises(TimeoutError):
            server.accept()
    assert data.startswith(b"%PDF-")


def test_without_the_library_there_is_no_pdf(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    assert not exporting.pdf_is_possible()
    with pytest.raises(NotPossible, match=r"pip install 'postdesk\[pdf\]'"):
        made("pdf")


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_lists_without_rows(form: Format, request: pytest.FixtureRequest) -> None:
    """A file with its headings."""
    if form == "pdf":
        request.getfixturevalue("pdf")
    assert len(made(form, [])) > 40


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_rows_come_one_by_one(form: Format) -> None:
    """Twenty thousand rows take little memory; what was written lies in a file."""

    def rows() -> Iterator[list[Value]]:
        for n in range(20_000):
            yield [f"T{n}", "x" * 200, NOW, None, n, True]

    class Sink(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            return len(data)

    made(form, [])  # what is imported stays
    tracemalloc.start()
    exporting.write(form, listing(rows()), Sink())  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000


def test_the_stream_stays_open() -> None:
    """Whose it is closes it."""
    for form in ("csv", "xlsx"):
        out = io.BytesIO()
        exporting.write(form, listing(), out)  # type: ignore[arg-type]
        assert out.getvalue()
