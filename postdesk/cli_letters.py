"""`postdesk letters`: what the desk writes, shown with sample data; and how to change a letter by a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from postdesk.cli import app, fail, open_house

if TYPE_CHECKING:
    from postdesk.preview.rendering import Preview

letters_app = typer.Typer(no_args_is_help=True, help="The letters that the desk writes: list, preview, change them.")
app.add_typer(letters_app, name="letters")
_Kind = Annotated[str, typer.Option(metavar="KIND", help="One kind, or an id like E11. Default: all.")]


@letters_app.command("list")
def letters_list(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Each letter: its id, its templates, when it is sent and to whom."""
    from postdesk.preview.letters import LETTERS

    for entry in LETTERS:
        name = f"{entry.kind}, {entry.variant}" if entry.variant else entry.kind
        if as_json:
            row = {"id": entry.id, "kind": entry.kind, "variant": entry.variant, "when": entry.when, "to": entry.to}
            typer.echo(json.dumps(row, ensure_ascii=False))
        else:
            typer.echo(f"{entry.id:<4} {name:<28} {entry.when}; to: {entry.to}")


@letters_app.command("preview")
def letters_preview(
    kind: _Kind = "",
    language: Annotated[list[str] | None, typer.Option(metavar="CODE", help="en, de … Repeatable; else all.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the pages go; else letters-preview/ beside the settings."),
    ] = None,
    text: Annotated[bool, typer.Option("--text/--no-text", help="Print the text parts.")] = True,
) -> None:
    """Render each letter with sample data, your settings and your templates: HTML into files, text onto the screen."""
    from postdesk import logs
    from postdesk.preview import files, letters, rendering
    from postdesk.settings import SettingsError

    house = open_house(quiet=True)
    # What goes wrong with a template is said below, in one line.
    logs.set_up(house.settings.log.model_copy(update={"level": "critical"}))
    entries = list(letters.named(kind))
    if not entries:
        raise fail(f"There is no letter “{kind}”. See: postdesk letters list", 64)
    try:
        known = rendering.codes(house)
        if unknown := sorted(set(language or ()) - set(known)):
            raise fail(f"There is no catalogue of “{unknown[0]}”. There are: {', '.join(known)}.", 64)
        previews = []
        for preview in rendering.render(house.loaded, entries, language or known):
            previews.append(preview)
            if text:
                typer.echo(_shown(preview))
    except rendering.BrokenTemplate as error:
        raise fail(str(error), 65) from error
    except SettingsError as error:
        raise fail("\n".join(error.faults), 78) from error
    index = files.write(previews, out or house.loaded.home / "letters-preview")
    count = "1 letter is" if len(previews) == 1 else f"{len(previews)} letters are"
    typer.echo(f"{count} in {index.parent}. Open {index} in a browser.", err=text)


@letters_app.command("override")
def letters_override(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="One kind, or an id like E11.")],
) -> None:
    """Copy the templates of a letter into the folder letters/ beside your settings, where your changes win."""
    from postdesk import own_letters
    from postdesk.preview import letters

    house = open_house(quiet=True)
    named = list(dict.fromkeys(entry.kind for entry in letters.named(kind))) if kind else []
    if len(named) > 1:
        raise fail(f"{kind} is several letters. Name one of them: {', '.join(named)}.", 64)
    kind = named[0] if named else kind
    if kind not in own_letters.kinds():
        raise fail(f"There is no letter “{kind}”. There are: {', '.join(own_letters.kinds())}.", 64)
    try:
        target = own_letters.start(kind, own_letters.folder(house))
    except FileExistsError as error:
        raise fail(f"{error.args[0]} is there already. Nothing was changed.", 73) from error
    except OSError as error:
        raise fail(f"It cannot be written: {error}", 73) from error
    typer.echo(f"The templates are in {target}. A file that you delete there is ours again.")
    typer.echo(f"To see the letter: postdesk letters preview --kind {kind}. Restart Postdesk to use it.")


def _shown(preview: "Preview") -> str:
    head = f"{preview.entry.name} ({preview.language})"
    return f"{'=' * 72}\n{head}\nSubject: {preview.subject}\nPreview: {preview.preheader}\n\n{preview.text}\n"
