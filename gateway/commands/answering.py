"""Answers to the follow-up questions of types and services: lines that begin with the question."""

from functools import cache

from desk import fields, statuses
from desk.catalogue import Catalogue, key
from desk.said import listed, say
from gateway.commands import registry
from gateway.commands.spec import Act, Doing, Fault, Known, Scene, Spec, Who

_LONGEST = 1000  # characters of an answer


def known(who: Who, catalogue: Catalogue) -> Known:
    """The commands of one kind of people, with the questions of a catalogue as labels of fill-in lines."""
    labels = catalogue.question_labels
    return _known(who, labels) if labels else registry.of(who)


@cache
def _known(who: Who, labels: tuple[str, ...]) -> Known:
    return Known((*registry.of(who).values(), *(_spec(who, label) for label in labels)))


def _spec(who: Who, label: str) -> Spec:
    def check(scene: Scene, argument: str) -> Act | Fault:
        return _check(scene, label, argument)

    return Spec(label, (who,), f"{label}:", say("Answers a question."), check, line=False, label=label)


def _check(scene: Scene, label: str, argument: str) -> Act | Fault:
    case, ticket = scene.case, scene.ticket
    question = case.rules.catalogue.question(label)
    if question is None or ticket is None:
        return Fault(say("“{label}” is no question.", label=say(label)))  # any more: it was so when it was confirmed
    value = " ".join(argument.split())[:_LONGEST]
    if not scene.opens and not scene.is_staff and statuses.is_done(ticket.status):
        message = say("“{label}: {text}” was left as text: the ticket is {status}.")
        return Fault(say(message, label=say(label), text=value[:60], status=say(ticket.status)))
    if question.choices:
        meant = next((choice for choice in question.choices if key(choice) == key(value)), None)
        if meant is None:
            message = say("{label} “{text}” is not known. Choose one of: {choices}.")
            return Fault(say(message, label=say(label), text=value[:60], choices=listed(question.choices)))
        value = meant

    def do(doing: Doing) -> None:
        fields.merge(doing.changes, fields.set_answer(doing.writes, doing.ticket, label, value, case.now))

    says = say("{label}: {value}", label=say(label), value=value)
    return Act(says, do, proof=not scene.opens, tell=not scene.is_staff)
