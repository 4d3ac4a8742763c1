"""The documentation says what the code does: settings, commands, the tree, the rights, links, example files."""

import itertools
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main
from pydantic import BaseModel

from desk.access import Proof, Role, Verdict, may_write
from postdesk import cli
from postdesk.settings_in import Mailbox
from postdesk.settings_model import Settings
from postdesk.settings_out import NamedRelay
from tests.servers import require
from tools import cli_doc, commands_doc, letters_doc, settings_doc, tree_doc

ROOT = Path(__file__).resolve().parent.parent
cli.load_commands()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every setting of a model as section.key."""
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from names(field.annotation, f"{prefix}{key}.")
        elif not any(isinstance(part, type) and issubclass(part, BaseModel) for part in get_args(field.annotation)):
            yield prefix + key


def test_settings_page_is_up_to_date() -> None:
    """docs/settings.md is what `make docs` writes from config/default.toml."""
    assert settings_doc.TARGET.read_text(encoding="utf-8") == settings_doc.page(), "run: make docs"


def test_every_setting_is_documented_and_nothing_else() -> None:
    """default.toml and so its page hold each setting that exists, tables aside, and no other."""
    values = tomllib.loads(settings_doc.SOURCE.read_text(encoding="utf-8"))
    written = {f"{section}.{key}" for section, table in values.items() for key in table}
    assert written == {*names(Settings), "desk.addresses", "desk.links", "people.levels"}


def test_every_mailbox_setting_is_in_the_example() -> None:
    """The [[mailbox]] example on the page names every key of a mailbox, as TOML that is valid when copied."""
    section = settings_doc.page().partition("## `[[mailbox]]`")[2]
    example = section.partition("```toml\n")[2].partition("```")[0]
    (mailbox,) = tomllib.loads(example)["mailbox"]
    assert {*mailbox, "password"} == set(names(Mailbox))
    Mailbox.model_validate(mailbox)


def test_every_setting_of_a_further_relay_is_in_the_example() -> None:
    """The same for [[relays]]."""
    section = settings_doc.page().partition("## `[[relays]]`")[2]
    example = section.partition("```toml\n")[2].partition("```")[0]
    (relay,) = tomllib.loads(example)["relays"]
    assert {*relay, "password"} == set(names(NamedRelay))
    NamedRelay.model_validate(relay)


def test_tree_is_up_to_date() -> None:
    """The tree in docs/architecture.md is what `make docs` draws from the modules."""
    assert tree_doc.TARGET.read_text(encoding="utf-8") == tree_doc.page(), "run: make docs"


def test_commands_page_is_up_to_date() -> None:
    """docs/commands.md is what `make docs` writes from the commands by mail, so it names each, and no other."""
    assert commands_doc.TARGET.read_text(encoding="utf-8") == commands_doc.page(), "run: make docs"


def test_command_line_page_is_up_to_date() -> None:
    """docs/command-line.md is what `make docs` writes from the commands themselves."""
    assert cli_doc.TARGET.read_text(encoding="utf-8") == cli_doc.page(), "run: make docs"


def test_pages_of_letters_are_up_to_date() -> None:
    """docs/letters.md and docs/headers.md are what `make docs` writes: each letter, each field and what it is for."""
    assert letters_doc.TARGETS["letters"].read_text(encoding="utf-8") == letters_doc.letters(), "run: make docs"
    assert letters_doc.TARGETS["headers"].read_text(encoding="utf-8") == letters_doc.headers(), "run: make docs"


def test_every_page_is_in_the_site() -> None:
    """mkdocs.yml leads to each page of docs/, and to no other."""
    listed = re.findall(r"^ +- ([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))


def commands(command: Any, path: str) -> Iterator[str]:
    """Every command that does something, by its whole name."""
    if children := getattr(command, "commands", None):
        for name, child in children.items():
            yield from commands(child, f"{path} {name}")
    else:
        yield path


def test_every_command_is_documented_and_nothing_else() -> None:
    """The table of docs/operations.md holds each command that exists, and no other."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(postdesk [a-z -]+)` \|", page, re.MULTILINE))
    assert documented == set(commands(typer.main.get_command(cli.app), "postdesk"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_named_in_the_text_exist(page: Path) -> None:
    """What a page tells people to type is a command."""
    exist = set(commands(typer.main.get_command(cli.app), "postdesk"))
    groups = {command.rpartition(" ")[0] for command in exist} - {"postdesk"}
    text = page.read_text(encoding="utf-8")
    for named in re.findall(r"`(postdesk [a-z][a-z-]*(?: [a-z][a-z-]*)?)[^`]*`", text):
        assert {named, " ".join(named.split()[:2])} & (exist | groups), named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file names one that is there."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert "://" in target or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_named_in_the_text_exist(page: Path) -> None:
    """What a page tells people to make is a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|^    )make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)) <= targets


def rights() -> Iterator[tuple[str, str, Proof, str]]:
    """The table of rights in docs/mail-flow.md, cell by cell."""
    page = (ROOT / "docs" / "mail-flow.md").read_text(encoding="utf-8")
    table = page.partition("<!-- rights -->")[2].partition("<!-- /rights -->")[0]
    proofs: tuple[Proof, ...] = ("own_token", "token", "thread", "number")
    for line in table.strip().splitlines()[2:]:
        role, verdict, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        yield from ((role, verdict, proof, cell) for proof, cell in zip(proofs, cells, strict=True))


def test_table_of_rights_is_what_the_code_does() -> None:
    """docs/mail-flow.md and desk/access.py agree on who may write where, for every case there is."""
    said: dict[tuple[Role, Proof, Verdict], str] = {}
    for who, verdict, proof, word in rights():
        for role in get_args(Role) if who == "anyone" else (who,):
            said[role, proof, verdict] = word  # type: ignore[index] # words of the page; checked by the next line
    cases = list(itertools.product(get_args(Role), get_args(Proof), get_args(Verdict)))
    assert said == {case: may_write(*case) for case in cases}


@pytest.mark.peer
def test_postfix_understands_the_example(tmp_path: Path) -> None:
    """Postfix knows every parameter of config/postfix/main.cf, and reads it without a warning."""
    shutil.copy(ROOT / "config" / "postfix" / "main.cf", tmp_path)
    (tmp_path / "master.cf").write_text("smtp inet n - n - - smtpd\n")
    done = subprocess.run(
        [require("postconf"), "-c", str(tmp_path), "-n"], capture_output=True, text=True, check=True, timeout=20
    )
    assert "lmtp:inet:127.0.0.1:2424" in done.stdout
    assert done.stderr == ""


def test_unit_file_names_no_option_twice() -> None:
    """The systemd unit sets each option once, but those that add up."""
    text = (ROOT / "config" / "systemd" / "postdesk.service").read_text(encoding="utf-8")
    options = re.findall(r"^([A-Za-z]+)=", text, re.MULTILINE)
    assert {option for option in options if options.count(option) > 1} <= {"SystemCallFilter"}
