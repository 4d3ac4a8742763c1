"""The operator's own letters: files in a folder letters/ beside the settings, which win over ours."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from postdesk import bundled

if TYPE_CHECKING:
    from postdesk.wiring import House

FOLDER = "letters"


def folder(house: "House") -> Path:
    """Where they are, if there are any: letters/<kind>/body.html and so on."""
    return house.loaded.home / FOLDER


def shipped() -> Path:
    """The templates that come with Postdesk."""
    return bundled.folder("templates") / "mail"


def kinds() -> list[str]:
    """The letters that can be changed."""
    return sorted(path.parent.name for path in shipped().glob("*/body.txt"))


def start(kind: str, own: Path) -> Path:
    """Copy the templates of a letter into the operator's folder; FileExistsError when something is there already."""
    target = own / kind
    if target.exists():
        raise FileExistsError(target)
    shutil.copytree(shipped() / kind, target, copy_function=shutil.copyfile)
    return target


def has_files(own: Path) -> bool:
    """Whether anything of our own is there."""
    return any(path.is_file() for path in own.glob("*/*"))


def misnamed(own: Path) -> list[str]:
    """What lies there and is never read: folders of no letter, files that are no piece of one. Dotfiles may be."""
    ours = {path.relative_to(shipped()).as_posix() for path in shipped().glob("*/*")}
    there = sorted(path for path in own.glob("*") if not path.name.startswith("."))
    known, faults = {name.partition("/")[0] for name in ours}, []
    for path in there:
        if path.is_dir() and path.name not in known:
            faults.append(f"{path}: there is no letter “{path.name}”; there are: {', '.join(kinds())}")
        elif path.suffix in (".txt", ".html") and not path.is_dir():
            faults.append(f"{path}: is not used; a template lies in the folder of its letter")
    used = "".join(path.read_text(encoding="utf-8", errors="replace") for path in own.glob("*/*") if path.is_file())
    for path in sorted(path for folder in there if folder.name in known for path in folder.glob("*")):
        name = path.relative_to(own).as_posix()
        if name not in ours and not path.name.startswith(".") and name not in used:  # it may be included by another
            pieces = sorted(one.name for one in (shipped() / path.parent.name).iterdir())
            faults.append(f"{path}: is no piece of the letter; there are: {', '.join(pieces)}")
    return faults


def place(error: Exception, own: Path) -> str:
    """letters/update/body.txt, line 12: 'reson' is undefined"""
    file, line = _where(error, own)
    words = error.message if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
    return f"{file}, line {line}: {words}" if file else f"{own}: {words}"


def _where(error: Exception, own: Path) -> tuple[str, int]:
    """Where a template cannot be parsed, or the innermost one that is named in the traceback."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return error.filename or str(own), error.lineno
    found, trace = ("", 0), error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if Path(name).suffix in (".txt", ".html"):
            found = (name, trace.tb_lineno)
        trace = trace.tb_next
    return found
