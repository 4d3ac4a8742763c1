"""`postdesk letters`: the list, the preview with one's own settings and templates, and how a letter is changed."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from postdesk import cli_letters  # noqa: F401 - it adds its commands
from postdesk.cli import app
from postdesk.preview.letters import LETTERS


def run(config: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    found = CliRunner().invoke(app, ["--config", str(config), "letters", *arguments])
    return found.exit_code, found.output


def test_list(config: Path) -> None:
    """Each letter on a line: id, templates, when, to whom."""
    code, said = run(config, "list")
    assert code == 0
    assert len(said.splitlines()) == len(LETTERS)
    assert (
        "E7   reminder                     a question was not answered for some working days; to: the contact" in said
    )
    rows = [json.loads(line) for line in run(config, "list", "--json")[1].splitlines()]
    assert rows[0] == {
        "id": "E1", "kind": "credentials", "variant": "", "when": "portal access is given", "to": "the person",
    }  # fmt: skip


def test_preview(config: Path, tmp_path: Path) -> None:
    """Pages and a list of them, the text on the screen, in the desk's own name; the desk's data are not touched."""
    data = tmp_path / "desk.db"
    before = sqlite3.connect(data).execute("select count(*) from ticket").fetchone()
    code, said = run(config, "preview", "--kind", "update", "--language", "en", "--out", str(tmp_path / "out"))
    assert code == 0
    assert "E6-update-question (en)\nSubject: Re: [T20190409.0967] Phones down at Blackfriars\n" in said
    assert "Sample Organisation Service Desk · service@desk.test" in said
    files = {file.name for file in (tmp_path / "out").iterdir()}
    assert files >= {"index.html", "E5-update.en.html", "E11-update-solved-by-customer.en.html"}
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert '<a href="E6-update-question.en.html">update question</a>' in index
    assert "We need an answer from you: Which phones" in index
    assert sqlite3.connect(data).execute("select count(*) from ticket").fetchone() == before == (0,)


def test_preview_without_a_database(config: Path, tmp_path: Path) -> None:
    """Neither data nor keys are needed: a desk can look at its letters before there is one."""
    for file in (tmp_path / "desk.db", tmp_path / "secret.key"):
        file.unlink()
    code, said = run(config, "preview", "--kind", "E2", "--language", "en", "--no-text")
    assert code == 0
    assert said.startswith("1 letter is in ")
    assert (tmp_path / "letters-preview" / "E2-sign_in_link.en.html").is_file()
    assert not (tmp_path / "desk.db").exists()


@pytest.mark.parametrize("option, value", [("--kind", "nothing"), ("--language", "xx")])
def test_preview_of_what_is_not_there(config: Path, option: str, value: str) -> None:
    """It says so, and what there is."""
    code, said = run(config, "preview", option, value)
    assert code == 64
    assert f"“{value}”" in said


def test_override(config: Path, tmp_path: Path) -> None:
    """A copy in one's own folder, whose changes show; a second copy is refused."""
    code, said = run(config, "override", "merged")
    assert code == 0
    file = tmp_path / "letters" / "merged" / "body.txt"
    assert f"The templates are in {file.parent}." in said
    file.write_text("It goes on as {{ ticket.number }}, our way.\n", encoding="utf-8")
    assert "It goes on as T20190409.0967, our way." in run(config, "preview", "--kind", "merged", "--language", "en")[1]
    code, said = run(config, "override", "merged")
    assert code == 73
    assert "is there already" in said
    assert file.read_text(encoding="utf-8").endswith("our way.\n")
    assert run(config, "override", "../secrets")[0] == 64


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("body.txt", "one\n{% if %}\n", "line 2: Expected an expression, got 'end of statement block'"),
        ("body.txt", "one\ntwo\n{{ reson }}\n", "line 3: 'reson' is undefined"),
        ("body.html", "<p>\n{{ ticket.nothing.at_all }}</p>\n", "line 2: "),
        ("subject.txt", "{{ 1 / 0 }}", "line 1: ZeroDivisionError: division by zero"),
    ],
)
def test_a_broken_override_is_named(config: Path, tmp_path: Path, name: str, text: str, said: str) -> None:
    """With file and line, and no traceback."""
    file = tmp_path / "letters" / "merged" / name
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    code, output = run(config, "preview", "--kind", "merged", "--language", "en")
    assert code == 65
    assert f"letters/merged/{name}, {said}" in output
    assert "Traceback" not in output


def test_a_broken_override_of_what_others_share(config: Path, tmp_path: Path) -> None:
    """The file that is broken is named, not the letter that uses it."""
    file = tmp_path / "letters" / "_base" / "letter.txt"
    file.parent.mkdir(parents=True)
    file.write_text("{% block body %}{% endblock %}\n-- \n{{ wy }}\n", encoding="utf-8")
    code, output = run(config, "preview", "--kind", "E2", "--language", "en")
    assert code == 65
    assert "letters/_base/letter.txt, line 3: 'wy' is undefined" in output


def test_check_writes_each_letter_once(config: Path, tmp_path: Path) -> None:
    """An override that cannot be rendered, and one that is never read, are named with their files."""
    from postdesk.check import check_all
    from postdesk.settings import load
    from postdesk.wiring import House

    own = tmp_path / "letters"
    for name, text in (
        ("received/body.txt", "one\n{{ undefined_thing }}\n"),
        ("received/bodi.txt", "x"),
        ("recieved/body.txt", "x"),
        ("update/part.txt", "x"),
        ("update/preheader.txt", '{% include "update/part.txt" %}'),
    ):
        (own / name).parent.mkdir(parents=True, exist_ok=True)
        (own / name).write_text(text, encoding="utf-8")
    house = House(load(config, {}))
    said = [line for line in check_all(house)[0] if line.startswith("FAULT templates")]
    house.database.close()
    assert [line.partition("/letters/")[2].partition(";")[0] for line in said] == [
        "recieved: there is no letter “recieved”",
        "received/bodi.txt: is no piece of the letter",
        "received/body.txt, line 2: 'undefined_thing' is undefined",
    ]


def test_override_by_id(config: Path, tmp_path: Path) -> None:
    """An id does as well; one that several letters share asks which."""
    assert run(config, "override", "e1")[0] == 0
    assert (tmp_path / "letters" / "credentials" / "body.txt").is_file()
    code, said = run(config, "override", "E3")
    assert code == 64
    assert "Name one of them: password_changed, two_step, address_changed." in said


def test_version() -> None:
    """It is said without any settings."""
    from postdesk import __version__

    assert CliRunner().invoke(app, ["--version"]).stdout == f"Postdesk {__version__}\n"


def test_a_link_of_credentials_lasts_as_long_as_a_password(config: Path) -> None:
    """The sample says three days; a link to sign in an hour."""
    said = run(config, "preview", "--kind", "E1", "--language", "en")[1]
    assert said.count("until 12 Apr 2019") >= 2, said
