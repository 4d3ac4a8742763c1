"""Commands that ask for something: lists, one ticket, help. The letter that answers is made when it is sent."""

from collections.abc import Callable

from desk import access, audit, columns, notices
from desk.said import listed, say
from desk.state import ContactState, TicketState
from gateway import answers_to
from gateway.commands.spec import Act, Check, Doing, Fault, Scene, Spec, Who
from store.tables import Contact, Staff

ANSWER = "answer"  # the kind of letter; gateway/answers makes its text
_CUSTOMERS: tuple[Who, ...] = ("customer", "staff")


def asks(word: str, *, proof: bool = True, ticket: TicketState | None = None) -> Check:
    """A check for a command that is answered by a letter, to the stored address of the one who asks."""

    def check(scene: Scene, argument: str) -> Act | Fault:
        if why := answers_to.refusal(scene.author, scene.case, ticket):
            return Fault(say("There is no answer: {why}.", why=why))
        return Act(
            say("The answer to #{command} is on its way.", command=word),
            _answer(word, argument, ticket),
            proof=proof,
            tell=False,
            answers=True,
        )

    return check


def _answer(word: str, argument: str, ticket: TicketState | None) -> Callable[[Doing], None]:
    def do(doing: Doing) -> None:
        scene = doing.scene
        message = scene.case.mail.message
        context = {"ask": word, "argument": argument[:2000], "reference": message.message_id}
        context["subject"] = f"#{word} {argument}".strip()[:200]
        first = answers_to.is_first(scene.author, scene.case)
        answers_to.count(scene.author, scene.case, ticket)
        if word == "export":
            audit.note(doing.writes, "export.tickets", form="csv")
        notices.letter(
            doing.writes, ANSWER, scene.author, scene.case.now, ticket=ticket, context=context, first_receipt=first
        )

    return do


def status(scene: Scene, argument: str) -> Act | Fault:
    """`#status` on a ticket, or `#status T20190409.0967` from anywhere: a number tells nothing to a stranger."""
    numbers = scene.case.rules.numbers
    named = numbers.find_all(argument)
    if not named:
        if scene.ticket is None:
            return Fault(say("#status needs the number of a ticket, like #status {number}.", number=numbers.example))
        return asks("status", ticket=scene.ticket)(scene, argument)
    ticket_id = scene.case.view.by_number.get(named[0])
    ticket = scene.case.view.ticket(ticket_id) if ticket_id else None
    if ticket is None or not access.may_see(scene.author.person, ticket.view):
        return Fault(say("There is no ticket {number} among those that you can see.", number=named[0]))
    return asks("status", ticket=ticket)(scene, argument)


def _columns(scene: Scene, argument: str) -> Act | Fault:
    """`#columns number, title, status`: those of all lists of this person, in this order."""
    named = [part.strip() for part in argument.replace(";", ",").split(",") if part.strip()]
    if not named:
        return asks("columns")(scene, argument)
    if [part.lower() for part in named] in (["default"], ["usual"]):
        return Act(say("Your lists show the usual columns again."), lambda doing: _keep(doing, []))
    available = columns.available(staff=scene.is_staff, priority=True)
    found = [columns.find(_in_english(scene, part), available) or columns.find(part, available) for part in named]
    if unknown := [part for part, column in zip(named, found, strict=True) if column is None]:
        names = listed(say(column.label) for column in available)
        return Fault(say("There is no column “{name}”. There are: {names}.", name=unknown[0][:60], names=names))
    chosen = columns.chosen([column.key for column in found if column], (), available)
    labels = listed(say(column.label) for column in chosen)
    keys = [column.key for column in chosen]
    return Act(say("Your lists show: {names}.", names=labels), lambda doing: _keep(doing, keys))


def _in_english(scene: Scene, name: str) -> str:
    return scene.case.rules.words.label(name) or name


def _keep(doing: Doing, keys: list[str]) -> None:
    author = doing.scene.author
    doing.writes.set(Contact if isinstance(author, ContactState) else Staff, {"id": author.id}, columns=keys)


COMMANDS = (
    Spec("status", ("customer",), "#status",
         say("Sends a ticket with all that was written; in a new mail with its number: "
         "#status T20190409.0967. Add full for every change, or notes for the notes alone."), status, ticket=False,
         subject=True),
    Spec("list", ("customer",), say("#list my"),
         say("Lists tickets: my, open, done, all or approval. Filters and a sort "
         "order can follow: #list open type:incident created>2026-04-01 sort:-created"), asks("list"), ticket=False,
         subject=True),
    Spec("list", ("staff",), say("#list my"),
         say("Lists tickets: my, open, done, all, queue or overdue. Filters and a sort "
         "order can follow: #list open type:incident organisation:works sort:-created"), asks("list"), ticket=False,
         subject=True),
    Spec("search", _CUSTOMERS, say("#search words"), say("Finds tickets by words of title and text."), asks("search"),
         ticket=False, subject=True),
    Spec("export", _CUSTOMERS, say("#export open"), say("Sends a list as a CSV file."), asks("export"), ticket=False,
         subject=True),
    Spec("columns", _CUSTOMERS, say("#columns title, status"),
         say("Chooses the columns of your lists and files. Alone it says "
         "which there are."), _columns, ticket=False, subject=True),
    Spec("services", ("customer",), "#services", say("Lists the services that you can ask for."),
         asks("services", proof=False), ticket=False, subject=True),
    Spec("sites", ("customer",), "#sites", say("Lists the sites of your organisation."), asks("sites"), ticket=False,
         subject=True),
    Spec("items", ("customer",), say("#items site"), say("Lists the items at a site."), asks("items"), ticket=False,
         subject=True),
    Spec("report", _CUSTOMERS, "#report",
         say("Counts tickets by month, status and type."), asks("report"), ticket=False,
         subject=True),
    Spec("news", ("customer",), "#news", say("Sends what is announced."), asks("news", proof=False), ticket=False,
         subject=True),
    Spec("help", _CUSTOMERS, "#help",
         say("Says what you can do here by mail."), asks("help", proof=False), ticket=False,
         subject=True),
    Spec("queue", ("staff",), "#queue", say("Lists open tickets that nobody has taken."), asks("queue"), ticket=False,
         subject=True),
    Spec("mine", ("staff",), "#mine", say("Lists your open tickets."), asks("mine"), ticket=False, subject=True),
    Spec("overdue", ("staff",), "#overdue",
         say("Lists open tickets past their due time."), asks("overdue"), ticket=False,
         subject=True),
)  # fmt: skip
