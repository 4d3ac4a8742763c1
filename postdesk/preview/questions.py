"""Sample rows of the answers to what somebody asked by mail, and of the question whether to do something."""

from collections import Counter
from typing import Any

from desk.contact_tally import Tally
from desk.said import kept_in, say
from postdesk.preview.customers import others
from postdesk.preview.scene import JANE, NUMBER, PAT, SAM, TICKET, Scene
from store.tables import Outbox


def show_list(scene: Scene) -> Outbox:
    """E15, to #list."""
    others(scene)
    return _answer(scene, "list", "open")


def show_status(scene: Scene) -> Outbox:
    """E15, to #status with a number."""
    scene.ticket.status = "In Progress"
    scene.changed(SAM, {"status": ["New", "In Progress"]}, text="We renew the licence now.")
    return _answer(scene, "status", NUMBER, ticket_id=TICKET)


def search(scene: Scene) -> Outbox:
    """E15, to #search."""
    others(scene)
    return _answer(scene, "search", "phones")


def export(scene: Scene) -> Outbox:
    """E15, to #export: with a file."""
    others(scene)
    return _answer(scene, "export", "open")


def show_help(scene: Scene) -> Outbox:
    """E15, to #help."""
    return _answer(scene, "help")


def profile(scene: Scene) -> Outbox:
    """E15, to #me: a form to be filled in and sent back."""
    return _answer(scene, "me")


def queue(scene: Scene) -> Outbox:
    """E15, to #queue of staff."""
    return _answer(scene, "queue", to=SAM)


def _answer(scene: Scene, ask: str, argument: str = "", to: int = JANE, ticket_id: int | None = None) -> Outbox:
    subject = f"#{ask} {argument}".strip()
    context = {"subject": subject, "ask": ask, "argument": argument, "reference": "<asked@customer.test>"}
    return scene.letter("answer", to, ticket_id=ticket_id, context=context)


def confirm(scene: Scene) -> Outbox:
    """E15, before commands are done that nothing proves."""
    return _confirm(scene, JANE, ["#resolve", say("{label}: {value}", label=say("Site"), value="Blackfriars")])


def confirm_import(scene: Scene) -> Outbox:
    """E15, before an import of contacts."""
    tally = Tally(Counter({"added": 12, "updated": 3}))
    counted = say("{file}: {result}", file="people.csv", result=tally.summary(done=False))
    return _confirm(scene, JANE, [counted], about_ticket=False)


def confirm_stranger(scene: Scene) -> Outbox:
    """E15, to an address that nobody vouches for: it does not say what waits."""
    return _confirm(scene, PAT, ["#watch"], first_receipt=True)


def _confirm(scene: Scene, to: int, lines: list[str], *, about_ticket: bool = True, **values: Any) -> Outbox:
    pending = scene.waits(to, ticket=about_ticket)
    context = kept_in({"lines": lines, "pending": pending, "reference": "<asked@customer.test>"})
    if not about_ticket:
        values["ticket_id"] = None
    return scene.letter("confirm", to, context=context, **values)
