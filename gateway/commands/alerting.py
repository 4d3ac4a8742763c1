"""The stages of a ticket that somebody wants a letter about: #alert, #alerts."""

import re
from collections.abc import Collection
from functools import partial

from desk import alerts
from desk.alerts import STAGES
from desk.said import Said, listed, say
from gateway.commands.spec import Act, Doing, Fault, Scene, Spec, nothing
from gateway.commands.taking_part import ALL, MUTED, NOBODY, contact_of, ticket_of


def _alert(scene: Scene, argument: str) -> Act | Fault:
    ticket, author = ticket_of(scene), contact_of(scene)
    if scene.role not in ("participant", "colleague"):
        return Fault(NOBODY)
    if not argument:
        return _alerts(scene, "")
    if author.muted:
        return Fault(MUTED)
    stages: set[str] = set(alerts.wanted(ticket, author, scene.case.view.more))
    for piece in filter(None, (piece.strip() for piece in re.split(r"[,;]", argument))):
        said = scene.case.rules.words.argument("alert", piece.lstrip("+-").strip())
        if said is None:
            known = listed(say(stage) for stage in STAGES)
            return Fault(
                say("#alert: “{text}” is no stage. Choose from: {stages}; all, or none.", text=piece[:60], stages=known)
            )
        meant = set[str](STAGES) if said == ALL else {said}
        if said == "none":
            stages = set()
        else:
            stages = stages - meant if piece.startswith("-") else stages | meant
    return Act(_active(stages), partial(_want, frozenset(stages)))


def _active(stages: Collection[str]) -> Said:
    wanted = listed(say(stage) for stage in STAGES if stage in stages)
    if not wanted:
        return say("You have no alerts for this ticket.")
    return say("Your alerts for this ticket: {stages}. Each is sent once; #alert none ends them.", stages=wanted)


def _want(stages: Collection[str], doing: Doing) -> None:
    author, view = contact_of(doing.scene), doing.scene.case.view
    view.people[author.id] = author  # for an alert that a later mail of the same batch sets off
    alerts.want(doing.writes, doing.ticket, author, stages, view.more)


def _alerts(scene: Scene, argument: str) -> Act | Fault:
    if scene.role not in ("participant", "colleague"):
        return Fault(NOBODY)
    now = partial(_now, scene)
    return Act(now(), nothing, then=now)  # an #alert of the same mail may change it


def _now(scene: Scene) -> Said:
    return _active(alerts.wanted(ticket_of(scene), contact_of(scene), scene.case.view.more))


COMMANDS: tuple[Spec, ...] = (
    Spec("alert", ("customer",), say("#alert due, overdue"),
         say("Tells you when the ticket is due, overdue, completed, in process, or its tasks are; -due or none ends "
             "it."), _alert),
    Spec("alerts", ("customer",), "#alerts", say("Says which alerts you have."), _alerts),
)  # fmt: skip
