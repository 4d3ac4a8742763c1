"""Writes docs/commands.md from the commands themselves, so that the page names every one of them and nothing else."""

from collections.abc import Iterator
from pathlib import Path

from gateway.commands import registry
from gateway.commands.spec import Spec, Who
from gateway.commands.words import Words
from postdesk.words import load

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "commands.md"
_HEADINGS: tuple[tuple[Who, str, str], ...] = (
    ("customer", "Customers", "Everybody who takes part in a ticket, or whose organisation it is shared with."),
    ("admin", "Admin users", "Contacts with a security level of `people.levels`; besides all of the above."),
    ("staff", "Staff", "Who works at the desk. A bare reply to one's own letter goes to the customer."),
)

_HEAD = ("| Command | Where | What it does | Also |", "| --- | --- | --- | --- |")
INTRODUCTION = """# Commands by mail

Written by `make docs` from the commands in `gateway/commands`: change those, not this page.

Nobody needs a command: a mail is a request, a reply is a note, Cc adds people, an attachment is a file. Whoever wants
more writes

- **one word** as the whole reply: resolved, reopen, withdraw, approve, reject, watch, stop, status, help, confirm, or
  the words that people use for these in English, German, French and Spanish. Greeting, thanks and sign-off may stand
  around it. Below approve, reject and withdraw there may be a reason;
- **fill-in lines**, `Label: value`, at the top of a new mail, anywhere in the new text of a reply, or behind the empty
  label in the quoted receipt: what the label says is noted on the ticket;
- **`#` lines**, one command each, at the top or the end of the new text. They are cut out, the rest is the note. `##`
  stands for a plain `#`. Quoted text is never read;
- **a `#` command as the subject** of a new mail, where the tables below say “subject”.

All commands of a mail are checked first: all are done, or none. An answer says what was done, or why not. A customer's
`#word` that is no command is plain text; where one was nearly meant, the answer asks. A mistyped command of staff keeps
the whole mail internal.

What changes something, or tells something, needs a proof of who wrote: a reply to one's own letter, or a verified
sender. Without one the desk answers “reply confirm to do this”, to the address that it knows; the word must come back
within 24 hours. `#people` always asks.

An operator adds words in a folder `words/` beside the settings, in files like those in `config/words`.
"""


def page() -> str:
    """The whole page."""
    words = load(ROOT / "config" / "words")
    lines = [INTRODUCTION, *_fill_in_lines()]
    for who, heading, sentence in _HEADINGS:
        own = [spec for spec in registry.ALL if who in spec.who and (spec.line or spec.subject)]
        lines += [f"## {heading}", "", sentence, "", *_HEAD]
        lines += [_row(spec, words) for spec in sorted(own, key=lambda spec: spec.word)]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _fill_in_lines() -> Iterator[str]:
    yield from ("## Fill-in lines", "", "| Label | What it does |", "| --- | --- |")
    labels = {spec.label: spec for spec in registry.ALL if spec.label}
    for label, spec in sorted(labels.items()):
        yield f"| `{label}:` | {spec.help} |"
    yield ""


def _row(spec: Spec, words: Words) -> str:
    where = " and ".join(filter(None, ["line" if spec.line else "", "subject" if spec.subject else ""]))
    return f"| `{spec.usage}` | {where} | {spec.help} | {_also(words.spelled(spec.word), spec.word)} |"


def _also(found: tuple[str, ...], known: str) -> str:
    return ", ".join(word for word in found if word.lower() != known.lower())


def main() -> None:
    """Write the page."""
    TARGET.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
