"""Names of attachments: nothing that a file system, a browser or a spreadsheet could take for something else."""

import pytest

from gateway.filenames import MAX_NAME, safe, shown, unique


@pytest.mark.parametrize(
    "given, stored",
    [
        ("../../../../etc/cron.d/evil", "evil"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:\\boot.ini", "boot.ini"),
        ("..\u2215..\u2215etc\u2215passwd", "passwd"),
        ("good.txt\x00.exe", "good.txt .exe"),
        ("invoice\u202efdp.exe", "invoice fdp.exe"),
        ("\u200b.htaccess", "htaccess"),
        ("a.txt::$DATA", "a.txt___DATA"),
        ("evil.exe. . ", "evil.exe"),
        ("CON", "_CON"),
        ("com1.txt", "_com1.txt"),
        ("<img src=x>.png", "_img src=x_.png"),
        ("-rf", "rf"),
        ("~root/.ssh/authorized_keys", "authorized_keys"),
        ("Größe 5.pdf", "Größe 5.pdf"),
    ],
)
def test_safe(given: str, stored: str) -> None:
    """A path, a device, a hidden file or a trick becomes a plain name."""
    assert safe(given, "application/octet-stream", 1) == stored


@pytest.mark.parametrize("given", ["", ".", "..", "   ", "/", "???"])
def test_nothing_left(given: str) -> None:
    """A file without a usable name gets one that tells its kind."""
    assert safe(given, "application/pdf", 3) == "attachment-3.pdf"
    assert safe(given, "image/jpeg", 3) == "image.jpg"


@pytest.mark.parametrize("given", ["n" * 5000 + ".txt", "\U0001f4a9" * 300 + ".txt", "n" * 5000])
def test_long_names_are_cut(given: str) -> None:
    """A long name keeps its extension and fits every file system."""
    name = safe(given, "text/plain", 1)
    assert len(name) <= MAX_NAME
    assert len(name.encode()) <= 255
    assert name.endswith(".txt") == given.endswith(".txt")


def test_unique() -> None:
    """Files of one name get numbers; a name that is already numbered is not taken twice."""
    taken: set[str] = set()
    names = [unique(name, taken) for name in ("a.txt", "a-3.txt", "A.TXT", "a.txt")]
    assert names == ["a.txt", "a-3.txt", "A-4.TXT", "a-5.txt"]


def test_shown() -> None:
    """The sender's own name is decoded for display and loses what cannot be seen."""
    assert shown("=?utf-8?q?Gr=C3=B6=C3=9Fe?=\u200b.pdf") == "Größe.pdf"


@pytest.mark.parametrize(
    "written, meant",
    [
        ("M%C3%BCller.pdf", "Müller.pdf"),
        ("100%.pdf", "100%.pdf"),
        ("a%20b.pdf", "a%20b.pdf"),
        ("%C3%28.pdf", "%C3%28.pdf"),
    ],
)
def test_percent_signs(written: str, meant: str) -> None:
    """RFC 2231 without its star is understood where it can mean nothing else."""
    assert shown(written) == meant
