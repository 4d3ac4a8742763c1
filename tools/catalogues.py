"""Brings templates/locale/*/postdesk.po up to date: every message of letters, pages and code, with its translation."""

import ast
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from desk import columns
from gateway.commands import registry
from gateway.commands.vocabulary import LABELS, ONE_WORD, VALUES

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "templates" / "locale"
# How each language counts: of the forms for millions that Unicode knows in French and Spanish, nobody here has need.
PLURALS = {
    "de": "nplurals=2; plural=(n != 1);",
    "es": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
}
_ONE, _MANY = frozenset({"say", "gettext", "_"}), frozenset({"say_many", "ngettext"})
_JINJA = {"newstyle_gettext": "true", "trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
_COMMENT = "translators:"
_COMMAND = re.compile(r"#[\w-]+")
# The head of a file says nothing that changes from one day to the next.
_DATES = re.compile(r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Generated-By'
                    r'|Project-Id-Version|Report-Msgid-Bugs-To):.*\n', re.MULTILINE)  # fmt: skip
HEAD = "# Messages of Postdesk. `make words` keeps this file up to date: change the translations alone.\n"
_WORDS = "config/words/<language>.toml"
Id = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A message where it stands."""

    id: Id
    file: str
    line: int
    comments: tuple[str, ...] = ()


def found() -> list[Found]:
    """Every message, by file and line; ValueError for one that cannot be translated."""
    folders = [ROOT / "templates" / name for name in ("mail", "pages")]
    templates = sorted(path for one in folders for path in one.rglob("*") if path.suffix in (".txt", ".html"))
    code = sorted(path for folder in ("desk", "gateway", "portal") for path in (ROOT / folder).rglob("*.py"))
    return [
        *(one for path in templates for one in in_template(path)),
        *(one for path in code for one in in_code(path.read_text(encoding="utf-8"), _name(path))),
        *_names(),
    ]


def catalogue(code: str, folder: Path = FOLDER) -> Catalog:
    """The messages with the translations that there are of them in a language; others are left out."""
    made = Catalog(locale=code, charset="utf-8", fuzzy=False, header_comment=HEAD.rstrip("\n"))
    made.mime_headers = [("Plural-Forms", PLURALS[code])]
    before = read(code, folder)
    for one in found():
        made.add(one.id, locations=[(one.file, one.line)], auto_comments=one.comments)
    for message in list(made):
        old = before.get(message.id) if message.id else None
        if old is not None and old.id == message.id and not old.fuzzy:
            message.string, message.user_comments = old.string, old.user_comments
    return made


def read(code: str, folder: Path = FOLDER) -> Catalog:
    """The file as it is; an empty catalogue where there is none yet."""
    file = folder / code / "postdesk.po"
    if not file.is_file():
        return Catalog(locale=code)
    with file.open("rb") as opened:
        return read_po(opened, locale=code, abort_invalid=True)


def text(made: Catalog) -> str:
    """The file that holds a catalogue: the same for the same messages, whoever writes it and when."""
    out = io.BytesIO()
    write_po(out, made, width=110, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return _DATES.sub("", out.getvalue().decode("utf-8"))


def in_code(source: str, file: str) -> Iterator[Found]:
    """The literals in say("…"), say_many("…", "…", n) and the like; a message that is put together is a fault."""
    lines = source.split("\n")
    for node in ast.walk(ast.parse(source)):
        called = node.func if isinstance(node, ast.Call) else None
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if not isinstance(node, ast.Call) or name not in _ONE | _MANY:
            continue
        texts = [list(_literals(argument, file)) for argument in node.args[: 2 if name in _MANY else 1]]
        ids: list[Id] = list(zip(*texts, strict=False)) if name in _MANY else [*texts[0]] if texts else []
        for found_id in ids:
            yield Found(found_id, file, node.lineno, _comments(lines, node.lineno))


def _literals(node: ast.expr, file: str) -> Iterator[str]:
    """The texts that an argument may be; none where it is known at run time only."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body, file)
        yield from _literals(node.orelse, file)
    elif isinstance(node, ast.JoinedStr | ast.BinOp):
        raise ValueError(f"{file}:{node.lineno}: a message stands there whole, and what changes in it is a value")


def _comments(lines: list[str], line: int) -> tuple[str, ...]:
    """A comment for translators, right above."""
    above: list[str] = []
    for before in reversed(lines[: line - 1]):
        if not before.strip().startswith("# "):
            break
        above.insert(0, before.strip()[2:])
    text = " ".join(above)
    return (text[len(_COMMENT) :].strip(),) if text.lower().startswith(_COMMENT) else ()


def in_template(path: Path) -> Iterator[Found]:
    """The messages of a template, as Jinja finds them."""
    return in_source(path.read_text(encoding="utf-8"), _name(path))


def in_source(source: str, file: str) -> Iterator[Found]:
    """The same, of the text of one."""
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    rows = extract("jinja2.ext:babel_extract", io.BytesIO(source.encode()), keywords, (_COMMENT,), _JINJA)
    for line, message, comments, _ in rows:
        yield Found(message if isinstance(message, str) else (message[0], message[1]), file, line, tuple(comments))


def _names() -> Iterator[Found]:
    """Texts out of tables, which are looked up when they are shown."""
    comment = f"also what people write behind a label: one of [values] in {_WORDS}"
    for name in sorted({name for kind in VALUES if kind != "language" for name in VALUES[kind]}):
        yield Found(name, "gateway/commands/vocabulary.py", 0, (comment,))
    for label in LABELS:
        yield Found(label, "gateway/commands/vocabulary.py", 0, (f"one of [labels] in {_WORDS}",))
    for word in ONE_WORD:
        comment = f"a whole reply: one of [one_word] in {_WORDS}, or the English word"
        yield Found(word, "gateway/commands/vocabulary.py", 1, (comment,))
    for column in columns.available(staff=True, priority=True):
        yield Found(column.label, "desk/columns.py", 0)
    for spec in registry.ALL:
        file = "gateway/commands/registry.py"
        if not _COMMAND.fullmatch(spec.usage):
            yield Found(spec.usage, file, 0, ("the #command stays; what stands behind it is translated",))
        yield Found(spec.help, file, 1)


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def main() -> int:
    """Write the files anew, and say how much of each is translated."""
    for code in PLURALS:
        made = catalogue(code)
        file = FOLDER / code / "postdesk.po"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text(made), encoding="utf-8")
        messages = [message for message in made if message.id]
        done = sum(all(one.string) if isinstance(one.string, tuple | list) else bool(one.string) for one in messages)
        print(f"{file.relative_to(ROOT)}: {done} of {len(messages)} messages are translated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
