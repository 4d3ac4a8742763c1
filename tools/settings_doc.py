"""Writes docs/settings.md from config/default.toml, so that the page names every setting and nothing else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "config" / "default.toml"
TARGET = ROOT / "docs" / "settings.md"
_SECTION = re.compile(r"\[([a-z_]+)\]")
_KEY = re.compile(r"([a-z0-9_]+) = (.*)")
# A commented line that is itself TOML: an example to copy.
_EXAMPLE = re.compile(r"# ?(\[\[?[a-z_]+\]?\]|[a-z_]+ = .*)")

INTRODUCTION = """# Settings

Written by `make docs` from `config/default.toml`: change that file, not this one.

Postdesk reads, each over the one before:

1. its own `config/default.toml`, which holds every setting and is not to be edited,
2. one file of yours: the one named by `--config`, else by `POSTDESK_CONFIG`, else `var/postdesk.toml`, else
   `/etc/postdesk/postdesk.toml`; it needs only what differs,
3. the environment: `POSTDESK_<SECTION>__<KEY>`, for example `POSTDESK_SMTP__PORT=25` for `port` in `[smtp]`. Lists
   are written as in TOML.

Relative paths start at the folder of your file. `postdesk check` reads all of it, names every fault at once with
its file and key, and tries what can be tried.
"""


@dataclass(slots=True)
class Group:
    """Settings that share one comment."""

    comment: list[str] = field(default_factory=list)
    example: list[str] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Section:
    """One table of the file."""

    name: str
    groups: list[Group] = field(default_factory=list)


def read(text: str) -> list[Section]:
    """The sections of default.toml with their comments, in order; the head of the file is left out."""
    sections: list[Section] = []
    group = Group()
    for line in text.splitlines():
        if found := _SECTION.fullmatch(line):
            sections.append(Section(found[1]))
            group = Group()
        elif found := _KEY.fullmatch(line):
            if not group.keys:
                sections[-1].groups.append(group)
            group.keys.append((found[1], found[2]))
        elif line.startswith("#"):
            if group.keys:
                group = Group()
            (group.example if _EXAMPLE.match(line) or group.example else group.comment).append(line[1:].strip(" "))
        else:
            if group.example and not group.keys:
                sections.append(_table_list(group))
            group = Group()
    return sections


def _table_list(group: Group) -> Section:
    """A commented [[table]]: a section that may be given any number of times."""
    return Section(group.example[0], [group])


def render(sections: list[Section]) -> Iterator[str]:
    """The page, line by line."""
    yield INTRODUCTION
    for section in sections:
        if section.name.startswith("[["):
            yield f"## `{section.name}`\n"
            yield " ".join(section.groups[0].comment) + "\n"
            yield "```toml\n" + "\n".join(section.groups[0].example) + "\n```\n"
            continue
        yield f"## `[{section.name}]`\n"
        yield "| Setting | Default | Meaning |\n| --- | --- | --- |"
        for group in section.groups:
            yield _row(group)
        yield ""


def _row(group: Group) -> str:
    names = "<br>".join(f"`{name}`" for name, _ in group.keys)
    defaults = "<br>".join(f"`{_cut(default)}`" for _, default in group.keys)
    examples = "".join(f"<br>Example: `{line}`" for line in group.example)
    meaning = " ".join(group.comment)
    return f"| {names} | {defaults} | {_escape(meaning)}{_escape(examples)} |"


def _cut(default: str) -> str:
    """A long list by its beginning; the whole stands in default.toml."""
    return default if len(default) <= 60 else default[:50].rpartition(",")[0] + ", …]"


def _escape(text: str) -> str:
    """A bar would end the cell; <token> would be taken for HTML outside of code."""
    outside = re.split(r"(`[^`]*`|<br>)", text.replace("|", r"\|"))
    return "".join(part if part.startswith(("`", "<br>")) else part.replace("<", "&lt;") for part in outside)


def page() -> str:
    """What docs/settings.md must hold."""
    return "\n".join(render(read(SOURCE.read_text(encoding="utf-8")))).rstrip("\n") + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET.relative_to(ROOT)}")
