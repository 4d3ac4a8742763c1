"""Why a mail can be held, rule by rule: in words for people, and what one can do about it, the best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from desk.said import say

Action = Literal["accept", "attach", "discard", "replay"]
NUMBER = "NUMBER"  # stands in a command where the number of a ticket is to be filled in
_EFFECTS: dict[Action, str] = {
    "accept": say("To make it a new ticket"),
    "attach": say("To put it on a ticket"),
    "discard": say("To put it away"),
    "replay": say("To have it decided anew"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that one can do about a held mail."""

    action: Action
    when: str  # goes on from "To make it a new ticket, …"


@dataclass(frozen=True, slots=True)
class HeldReason:
    """All that people are told about a rule that holds mail."""

    why: str  # a sentence that is true of each such mail
    behind: str  # what may be behind it
    choices: tuple[Choice, ...]  # the recommended one first


@dataclass(frozen=True, slots=True)
class Command:
    """A choice for certain mails: what it is for, and what to type."""

    action: Action
    purpose: str
    line: str


REASONS: dict[str, HeldReason] = {
    "sender-failed": HeldReason(
        say("The sender may be forged."),
        say(
            "Somebody may be using another person's address. Honest mail fails the same check when a forwarder or a "
            "mailing list changed it on the way."
        ),
        (
            Choice("discard", say("unless you expected the mail")),
            Choice("accept", say("if the sender tells you in another way, by phone for example, that it is theirs")),
            Choice("attach", say("if it is theirs and belongs to a ticket; it is marked “not verified”")),
        ),
    ),
    "staff-unverified": HeldReason(
        say("It says it is from staff, but nothing proves it."),
        say(
            "A colleague may have written a new mail about a ticket instead of answering a letter of the desk. Or "
            "somebody else is using a colleague's address."
        ),
        (
            Choice(
                "attach",
                say("if your colleague tells you that it is theirs; it stays internal, its commands are not done"),
            ),
            Choice("accept", say("if it is theirs and about something new")),
            Choice("discard", say("if it is not theirs")),
        ),
    ),
    "flood": HeldReason(
        say("The sender opened as many tickets within two hours as one may."),
        say("A program may be repeating itself, or somebody has much to ask for. What came before became tickets."),
        (
            Choice("accept", say("if it is a request of its own")),
            Choice("attach", say("if it says the same as one that is there")),
            Choice("discard", say("if nobody needs it")),
        ),
    ),
    "may-not-open": HeldReason(
        say("The sender may not open tickets."),
        say(
            "Their security level or their organisation leaves that to others. They were told that a "
            "person looks at it."
        ),
        (
            Choice("accept", say("if it is a request that somebody has to see to")),
            Choice("attach", say("if it belongs to one; they may add notes where they take part")),
            Choice("discard", say("if nobody needs it; tell them so")),
        ),
    ),
    "reopen-cap": HeldReason(
        say("It would open a ticket again that was opened again many times today."),
        say("Two programs may be answering each other, or customer and desk do not agree that it is solved."),
        (
            Choice("attach", say("if a person wrote it; talk to them, by phone for example")),
            Choice("discard", say("if a program wrote it")),
            Choice("accept", say("if it is about something else")),
        ),
    ),
    "automatic-alone": HeldReason(
        say("A program sent it as an answer, and it belongs to no ticket."),
        say("Mostly it answers a mail that somebody sent from the address of the desk without Postdesk."),
        (
            Choice("discard", say("unless it tells you something")),
            Choice("attach", say("if it says something about one")),
            Choice("accept", say("if it is a request all the same; its sender gets no receipt")),
        ),
    ),
    "hops": HeldReason(
        say("It passed more servers than mail does on an ordinary way."),
        say(
            "Mostly two mail systems forward it to each other. “How it travelled”, at the end of `postdesk mail show`, "
            "names them."
        ),
        (
            Choice("accept", say("if a person wrote it; more copies of the same mail are ignored")),
            Choice("attach", say("if it belongs to one")),
            Choice("discard", say("if a program wrote it")),
        ),
    ),
    "over-limit": HeldReason(
        say("The mail is built in a way that is not safe to open."),
        say("It may be damaged, made by a faulty program, or made to do harm."),
        (
            Choice("discard", say("unless you know the sender")),
            Choice("accept", say("if you know the sender; parts of it may be missing there, the mail itself is kept")),
            Choice("attach", say("if you know the sender and it belongs to one")),
        ),
    ),
    "reader-failed": HeldReason(
        say("Reading it stopped Postdesk several times."),
        say(
            "That is a fault of Postdesk, which the mail may have been made to bring out. `postdesk mail show --raw` "
            "prints it as it came, for another program to read."
        ),
        (
            Choice("discard", say("once you have answered it by hand, or if you do not know the sender")),
            Choice("replay", say("after an update of Postdesk")),
        ),
    ),
    "failed": HeldReason(
        say("Postdesk read it, and failed to make something of it."),
        say("That is a fault of Postdesk or of its set-up. The log names the mail and says more."),
        (
            Choice("replay", say("once the fault is mended, or to try once more")),
            Choice("attach", say("if it fails again and belongs to one")),
            Choice("discard", say("if nobody needs it")),
        ),
    ),
    "by-hand": HeldReason(
        say("A person wanted it on a ticket that does not exist."),
        say("The number may have been mistyped."),
        (
            Choice("attach", say("with the right number this time")),
            Choice("accept", say("if there is none for it")),
            Choice("discard", say("if nobody needs it")),
        ),
    ),
}

# For a mail that another version held.
UNKNOWN = HeldReason(
    say("A rule held it that this version of Postdesk does not know."),
    say("Another version of Postdesk handled the mail."),
    (
        Choice("replay", say("by the rules of this version")),
        Choice("accept", say("if it is a request")),
        Choice("attach", say("if it belongs to one")),
        Choice("discard", say("if nobody needs it")),
    ),
)


def of(rule: str) -> HeldReason:
    """What people are told about a rule."""
    return REASONS.get(rule, UNKNOWN)


def sentences(rule: str, reason: str) -> tuple[str, str]:
    """Why this very mail waits, and what may be behind it; `reason` is what was noted when it was held."""
    known = of(rule)
    return reason or known.why, known.behind


def purposes(rule: str) -> list[tuple[Action, str]]:
    """What one can do about a mail that this rule holds and what for, the recommended first."""
    return [
        (choice.action, say("{effect}, {when}", effect=_EFFECTS[choice.action], when=choice.when))
        for choice in of(rule).choices
    ]


def commands(rule: str, ids: Sequence[int], number: str = "", program: str = "postdesk") -> list[Command]:
    """What one can do, the recommended first; `number` is the ticket that the mail names, if it names one."""
    mails = " ".join(map(str, ids))
    found = []
    for action, purpose in purposes(rule):
        named = str(ids[0]) if action == "replay" else mails  # which takes one at a time
        ticket = f" {number or NUMBER}" if action == "attach" else ""
        found.append(Command(action, purpose, f"{program} mail {action} {named}{ticket}"))
    return found
