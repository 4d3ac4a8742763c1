"""Letters of the clock, for who wants them: #watch digest, #stop digest, #stop news, #stop day sheet."""

from collections.abc import Callable
from functools import partial
from typing import Any

from desk.said import Said, say
from desk.state import StaffState
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, Spec
from store.tables import Base, Contact, Staff

# By the argument: the column of a contact, what is said once it goes on, and once it does not.
_LISTS: dict[str, tuple[str, Said, Said]] = {
    "digest": (
        "digest",
        say(
            "You get a list of your tickets on working days, when there is something on it. To end that: #stop digest."
        ),
        say("You get the list of your tickets no more. To get it again: #watch digest."),
    ),
    "news": (
        "news",
        say("You get announcements by mail."),
        say("You get announcements by mail no more. To get them again: #watch news."),
    ),
}
_DAY_SHEET = "day sheet"


def of_customer(scene: Scene, argument: str, *, stop: bool) -> Act | None:
    """What a customer wants of a list; None where the argument names none."""
    named = _LISTS.get(scene.case.rules.words.argument("stop", argument) or "")
    if named is None:
        return None
    column, on, off = named
    # Without a proof: whoever did not ask hears of it at once, and how to take it back.
    return Act(off if stop else on, _set(Contact, scene.author.id, column, not stop), proof=False)


def _set(table: type[Base], row_id: int, column: str, value: bool) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        values: dict[str, Any] = {column: value}
        doing.writes.change(table, row_id, **values)

    return do


def _of_staff(scene: Scene, argument: str, *, stop: bool) -> Act | Fault:
    if scene.case.rules.words.argument("stop", argument) != _DAY_SHEET or not isinstance(scene.author, StaffState):
        return Fault(say("For you there is the day sheet: #stop day sheet, and #watch day sheet."))
    on = say("You get the day sheet on working days, when there is something on it. To end that: #stop day sheet.")
    off = say("You get the day sheet no more. To get it again: #watch day sheet.")
    return Act(off if stop else on, _set(Staff, scene.author.id, "day_sheet", not stop), proof=False)


def _check(*, stop: bool) -> Check:
    return partial(_of_staff, stop=stop)


COMMANDS: tuple[Spec, ...] = (
    Spec("watch", ("staff",), say("#watch day sheet"), say("Sends you what waits, every working day."),
         _check(stop=False), ticket=False, subject=True),
    Spec("stop", ("staff",), say("#stop day sheet"), say("Sends you the day sheet no more."),
         _check(stop=True), ticket=False, subject=True),
)  # fmt: skip
