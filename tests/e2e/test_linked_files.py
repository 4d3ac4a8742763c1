"""A file that is too large for a letter: the letter has a link, and the link brings the file, byte for byte."""

import re

import httpx2

from tests.e2e.world import mail, send, text_of
from tests.peers.desk import STAFF, Desk
from tests.servers import wait_for

PLAN = bytes(range(256)) * 8192  # 2 MiB


def test_a_large_file_goes_as_a_link() -> None:
    """From the customer's mail to the download of staff, through the running product."""
    with Desk(("smtp", "work", "deliver", "portal"), settings={"LETTERS__MAX_MB": "1"}) as desk:
        asked = mail("Ann <ann@customer.test>", "The plan of the floor")
        asked.add_attachment(b"12:00 link up\n", maintype="text", subtype="plain", filename="small.txt")
        asked.add_attachment(PLAN, maintype="application", subtype="octet-stream", filename="Plan größer.bin")
        send(desk.smtp, asked)
        (told,) = desk.letters(STAFF, wanted=1)
        assert len(told.as_bytes()) < 100_000
        assert [part.get_filename() for part in told.iter_attachments()] == ["small.txt"]
        text = text_of(told)
        assert "Too large for this letter, here as a link until " in text
        assert "Plan größer.bin (2.1 MB)" in text
        (address,) = re.findall(rf"{re.escape(desk.url)}/f/[a-z2-7]+", text)
        wait_for(lambda: is_up(desk), "the portal")
        page, file = httpx2.get(address, timeout=30), httpx2.get(f"{address}/file", timeout=60)
        assert "Plan größer.bin" in page.text
        assert file.content == PLAN
        assert file.headers["content-disposition"].startswith("attachment; ")
        assert httpx2.get(f"{address[:-6]}aaaaaa/file", timeout=30).status_code == 404


def is_up(desk: Desk) -> bool:
    """Whether the page answers."""
    try:
        return httpx2.get(f"{desk.url}/healthz", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False
