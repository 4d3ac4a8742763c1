"""Commands about the note at hand and its files: #private, #quiet, #append, #remove."""

from collections.abc import Sequence
from functools import partial

from desk import notes, statuses
from desk.known import FileState
from desk.said import say
from gateway import performing
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec, nothing

_SHOWN = 5  # names of files in one sentence


def _private(scene: Scene, argument: str) -> Act | Fault:
    """Always for the desk alone, also where that is not offered: what was meant to be private is never shown."""
    if argument:
        return Fault(say("“#private {text}”: #private stands alone, above or below your words.", text=argument[:60]))
    offered = scene.case.rules.private_notes
    do = nothing if offered else _say_not_offered
    return Act(say("Your note is seen by the desk alone."), do, proof=False, tell=offered, internal=True)


def _say_not_offered(doing: Doing) -> None:
    lines = [say("Private notes are not offered here. Nobody but the desk sees this one.")]
    doing.after.append(
        lambda event_id: performing.answer(doing.scene, "not_done", lines, doing.writes, event_id or None)
    )


def _quiet(scene: Scene, argument: str) -> Act | Fault:
    """Where nothing proves the sender, staff are told all the same: a forged note must not slip past them."""
    if scene.opens:
        return Fault(say("#quiet is for replies: the desk always hears of a new ticket."))
    if not scene.case.sure:
        return Act(say("The desk is told of your note: nothing proves that the mail is yours."), nothing, proof=False)
    return Act(say("The desk was not told of your note."), _hush, proof=False, tell=False)


def _hush(doing: Doing) -> None:
    doing.quiet = True


def _append(scene: Scene, argument: str) -> Act | Fault:
    words = argument or scene.words
    if not words:
        return Fault(say("#append adds your words to the resolution, and your mail holds none."))
    return Act(say("Your words are added to the resolution."), partial(_add, words))


def _add(words: str, doing: Doing) -> None:
    assert doing.scene.ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    doing.changes |= notes.append_to_resolution(doing.writes, doing.ticket, words, doing.scene.author)


def _remove(scene: Scene, argument: str) -> Act | Fault:
    ticket = scene.ticket
    assert ticket is not None  # noqa: S101 - for the type checker: the spec asks for one
    if not scene.is_staff and statuses.is_done(ticket.status):
        return Fault(say("#remove: the ticket is {status}, and its files stay.", status=say(ticket.status)))
    known = scene.case.view.more.files.get(ticket.id, [])
    theirs = known if scene.is_staff else [file for file in known if file.contact_id == scene.author.id]
    if not theirs:
        return Fault(say("#remove: there is no file here that you sent."))
    if not argument:
        return Fault(say("#remove needs the name of a file. There are: {names}.", names=_names(theirs)))
    found = notes.find_files(theirs, argument)
    if not found:
        return Fault(
            say(
                "#remove: no file of yours is named “{name}”. There are: {names}.",
                name=argument[:100],
                names=_names(theirs),
            )
        )
    if len({file.name for file in found}) > 1:
        return Fault(
            say("#remove: “{name}” could be several files: {names}.", name=argument[:100], names=_names(found))
        )
    return Act(say("{file} is removed.", file=found[0].name), partial(_hide, found))


def _names(files: Sequence[FileState]) -> str:
    names = list(dict.fromkeys(file.name for file in files))
    shown = ", ".join(names[:_SHOWN])
    return say("{names} and {n} more", names=shown, n=len(names) - _SHOWN) if len(names) > _SHOWN else shown


def _hide(files: Sequence[FileState], doing: Doing) -> None:
    doing.changes |= notes.hide_files(doing.writes, doing.ticket.id, files, doing.scene.case.now)
    left = doing.scene.case.view.more.files[doing.ticket.id]
    doing.scene.case.view.more.files[doing.ticket.id] = [file for file in left if file not in files]


COMMANDS: tuple[Spec, ...] = (
    Spec("private", ("customer",), "#private", say("Shows your note to nobody but the desk."), _private),
    Spec("quiet", ("customer",), "#quiet", say("Keeps your note without a letter to the desk."), _quiet),
    Spec("append", ("customer",), "#append", say("Adds your words to the resolution of the ticket as well."), _append),
    Spec("remove", ("customer", "staff"), say("#remove handset.jpg"), say("Takes a file away that you sent."), _remove),
)
