"""Writes docs/command-line.md from the commands themselves: every one with its arguments, options and defaults."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from postdesk import cli

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "command-line.md"
INTRODUCTION = """# Command line

Written by `make docs` from the commands themselves. [Operations](operations.md) says in a line what each is for;
`postdesk COMMAND --help` prints what stands here.

`postdesk --config FILE` comes before the command; without it the file is found as in [settings](settings.md).
"""


def page() -> str:
    """The whole page."""
    cli.load_commands()
    lines = [INTRODUCTION]
    for name, command in _commands(typer.main.get_command(cli.app), "postdesk"):
        lines += [f"## {name}", "", _plain(command.help or ""), "", f"    {_usage(name, command)}", ""]
        lines += _table([param for param in command.params if not getattr(param, "hidden", False)])
    return "\n".join(lines).rstrip() + "\n"


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if children := getattr(command, "commands", None):
        for name, child in sorted(children.items()):
            yield from _commands(child, f"{path} {name}")
    else:
        yield path, command


def _usage(name: str, command: Any) -> str:
    options = any(param.param_type_name == "option" for param in command.params)
    words = [_name(param) for param in command.params if param.param_type_name == "argument"]
    return " ".join([name, *(["[OPTIONS]"] if options else []), *words])


def _table(params: list[Any]) -> Iterator[str]:
    if params:
        yield from ("| Argument or option | Default | Meaning |", "| --- | --- | --- |")
        yield from (f"| `{_name(param)}` | {_default(param)} | {_plain(param.help or '')} |" for param in params)
        yield ""


def _name(param: Any) -> str:
    if param.param_type_name == "argument":
        shown = param.metavar or param.name.upper().replace("_", "-")
        return f"{shown}…" if param.nargs == -1 else shown
    names = ", ".join([*param.opts, *param.secondary_opts])
    return names if param.is_flag else f"{names} {param.metavar or param.name.upper().replace('_', '-')}"


def _default(param: Any) -> str:
    if param.required:
        return "must be given"
    if param.is_flag if param.param_type_name == "option" else False:
        return f"`{param.opts[0]}`" if param.default else ""
    if param.default in (None, "", False, [], ()) or callable(param.default):
        return ""
    return f"`{param.default}`"


def _plain(text: str) -> str:
    """One line of Markdown: a bar would end the cell, <x> would be taken for HTML."""
    line = " ".join(re.sub(r"[\b\f]", "", text).split())
    return "".join(
        part if part.startswith("`") else part.replace("|", r"\|").replace("<", "&lt;").replace("_", r"\_")
        for part in re.split(r"(`[^`]*`)", line)
    )


def main() -> None:
    """Write the page."""
    TARGET.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
