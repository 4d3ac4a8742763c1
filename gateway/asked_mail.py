"""A mail that asks for something and is about no ticket, `#list my`, or that confirms what an earlier one asked for."""

from dataclasses import replace

from desk import notices, tickets
from desk.state import ContactState, StaffState
from desk.tickets import Note
from desk.writes import Writes
from gateway import confirm, performing, who
from gateway.case import Case, Decision
from gateway.commands import plan
from gateway.commands.asked import Asked
from gateway.commands.plan import Plan
from gateway.commands.spec import Doing, Scene
from gateway.commands.subjects import alone, known_to, lines_of, of_subject
from gateway.more import PendingState


def apply(decision: Decision, case: Case, writes: Writes) -> Decision:
    """Do it, or ask for a “confirm”, or say why not; the mail becomes no ticket."""
    if decision.rule == confirm.RULE and (pending := confirm.answered(case)):
        return _confirmed(pending, decision, case, writes)
    order = of_subject(case)
    orders = (order,) if order else alone(case)
    if not orders:
        raise RuntimeError(f"the decision {decision.rule} found no command in the mail")
    author: ContactState | StaffState = case.staff or who.author(case, writes)
    said = lines_of(case)
    pairs = tuple((field.label, field.value) for field in said.values)
    scene = Scene(case, author, "stranger", None, said.words if order else "", pairs)
    known = known_to(case, order)
    planned = plan.make(scene, Asked(orders, scene.words), known, case.rules.words)
    return _do(decision, planned, scene, writes, sure=case.sure)


def _do(decision: Decision, planned: Plan, scene: Scene, writes: Writes, *, sure: bool) -> Decision:
    now, later = planned.split(sure=sure)
    doing = performing.perform(now, scene, writes)
    for hook in doing.after:
        hook(0)
    reason = confirm.ask(scene, later, writes) if later.acts else ""
    performing.report(scene, now, [*planned.faults, *planned.hints], writes, None)
    said = reason or (planned.faults[0] if planned.faults else "It was answered.")
    return replace(decision, reason=f"{decision.reason} {said}")


def _confirmed(pending: PendingState, decision: Decision, case: Case, writes: Writes) -> Decision:
    scene = confirm.scene_of(pending, case)
    if scene is None:
        return replace(decision, reason=f"{decision.reason} Nothing was done: the ticket or the person is gone.")
    if refusal := confirm.why_not(pending, case):
        performing.answer(scene, "not_done", [refusal], writes, None)
        return replace(decision, reason=f"{decision.reason} {refusal}")
    planned = confirm.plan_again(pending, scene, who.kind_of(case))
    confirm.close(pending, case, writes)
    doing = performing.perform(planned, scene, writes)
    event_id = _entry(doing, planned)
    performing.finish(doing, event_id or 0)
    told = replace(planned, acts=tuple(replace(act, tell=not act.answers) for act in planned.acts))
    performing.report(scene, told, [*planned.faults, *planned.hints], writes, event_id)
    said = planned.faults[0] if planned.faults else "It was done."
    return replace(decision, reason=f"{decision.reason} {said}")


def _entry(doing: Doing, planned: Plan) -> int | None:
    """What was confirmed stands in the history of the ticket; who takes part is told of what they can see."""
    scene, case = doing.scene, doing.scene.case
    if scene.ticket is None:
        return None
    words = scene.words if scene.is_staff and planned.public else ""  # `#reply`: they wait no longer
    if words and "status" not in doing.changes:
        doing.changes |= tickets.staff_answered(doing.writes, scene.ticket, case.now)
    if not words and not doing.changes and not case.mail.files:
        return None
    entry = Note(scene.author, words, case.now, received_id=case.mail.received_id, files=case.mail.files)
    entry = replace(entry, kind="note" if words or entry.files else "change", changes=dict(doing.changes))
    entry = replace(entry, visibility="internal" if scene.ticket.spam else "public")  # nobody hears of spam
    event_id = tickets.note(doing.writes, scene.ticket, entry)
    if entry.visibility == "public":
        if words:
            fold = case.rules.fold
            notices.update(
                doing.writes, scene.ticket, event_id, case.now, author=scene.author, has_words=True, fold=fold
            )
        else:
            performing.tell_change(doing, event_id)
    return event_id
