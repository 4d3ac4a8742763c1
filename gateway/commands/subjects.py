"""Commands of a mail that is about no ticket: in its subject, `#list my`, or as all that it says."""

import re
from dataclasses import replace
from functools import partial

from desk.said import Said, say
from gateway import who
from gateway.case import Case
from gateway.commands import asked, fields, plain, registry
from gateway.commands.asked import Order
from gateway.commands.fields import Fields
from gateway.commands.spec import Fault, Known, Scene, Spec, Who
from gateway.commands.words import LABELS
from gateway.quoting import html_quotes
from gateway.subject import bare_keeping_numbers, is_answer

_COMMAND = re.compile(r"\s*[#＃]\s?([^\W\d_][\w-]{0,40})[ \t:]*(.*)", re.DOTALL)
# Whose a command is that the sender may not use, and what they hear.
_OTHERS: dict[Who, Said] = {
    "admin": say("#{command}: only an Admin user of your organisation can do this."),
    "staff": say("#{command} is for the people who work at the desk."),
}
_FOR_CUSTOMERS = say("#{command} is for customers; you work at the desk.")


def of_subject(case: Case) -> Order | None:
    """The command in the subject that its sender may use; None when there is none.

    An answer with such a subject is one to a letter of ours: it asks anew only by what is filled in, not by “thanks”.
    """
    message = case.mail.message
    found = _COMMAND.fullmatch(bare_keeping_numbers(message.subject))
    if not found:
        return None
    word = case.rules.words.command(found[1]) or found[1].lower()
    argument = " ".join(found[2].split())
    spec = registry.of(who.kind_of(case)).get(word) or _not_theirs(case, word, argument)
    if spec is None or not spec.subject:
        return None
    if (argument and not spec.takes_argument) or not _is_bare(case, spec):
        return None  # “#report of water damage”: a request that begins like a command
    # The number in “#status T20190409.0967” makes it no answer.
    if is_answer(case.rules.numbers.strip(message.subject)) and case.text and not (spec.form and lines_of(case).values):
        return None
    return Order(word, argument, f"#{word} {found[2]}".strip())


def known_to(case: Case, order: Order | None) -> Known:
    """The commands that the sender may use, and the one in the subject that is for others: its check says so."""
    known = registry.of(who.kind_of(case))
    if order is None or order.word in known:
        return known
    spec = _not_theirs(case, order.word, order.argument)
    return Known([*known.values(), spec]) if spec else known


def _not_theirs(case: Case, word: str, argument: str) -> Spec | None:
    """A command of other people, where somebody whom we know writes it as they do.

    A ticket would show all who may see it what an Admin user alone may send; “#queue at the front desk” is one.
    """
    contact = case.contact
    if case.staff is None and not (contact and contact.known and contact.active):
        return None
    if argument and (word != "people" or case.rules.words.argument(word, argument.split()[0]) is None):
        return None
    for kind, why in _OTHERS.items():
        spec = registry.of(kind).get(word)
        if spec is not None and spec.subject and not spec.label:
            message = _FOR_CUSTOMERS if case.staff is not None else why
            return replace(spec, check=partial(_refuse, Fault(say(message, command=word))))
    return None


def _refuse(fault: Fault, scene: Scene, argument: str) -> Fault:
    return fault


def _is_bare(case: Case, spec: Spec) -> bool:
    """True for a mail with nothing in it that would be lost: no words but courtesy and lines of a form, no files."""
    if any(not file.inline for file in case.mail.message.attachments) and spec.word != "people":
        return False
    said = lines_of(case) if spec.form else Fields((), case.text)
    if spec.form and said.values:
        return True
    own = _own_words(said.words)
    return not own or not plain.core_of(own, case.rules.words, ()).strip()


def alone(case: Case) -> tuple[Order, ...]:
    """The commands of a mail that names no ticket and holds nothing else, all of them about no ticket either.

    Somebody answers our letter on #me with `#list my`: that is no request, and opens no ticket.
    """
    known, words = registry.of(who.kind_of(case)), case.rules.words
    if not case.text or case.mail.message.attachments or not case.mail.asks.words:
        return ()
    read = asked.of_staff if case.staff else asked.of_customer
    said = read(case.text, words, known, new=True, names=who.names_in(case))
    fit = all(not o.filled_in and o.word in known and not known[o.word].ticket for o in said.orders)
    return said.orders if said.orders and fit and not said.words else ()


def lines_of(case: Case) -> Fields:
    """The lines that such a mail fills in: in its own words, or else in what it quotes of our form.

    What is quoted counts only where nothing else is said: a question below a form is a question.
    """
    message, words = case.mail.message, case.rules.words
    said = fields.split(case.text, words, everywhere=True, allowed=LABELS)
    if said.values or message.foreign or not is_answer(message.subject, case.rules.numbers):
        return said
    own = _own_words(case.text)
    if own and not plain.is_thank_you(own, words, ()):
        return said
    return Fields(fields.filled(message.text, words, allowed=LABELS), "")


def _own_words(text: str) -> str:
    """What a text says above and between quoted lines; “On … wrote:” is none of it."""
    lines = [line.strip() for line in text.splitlines()]
    quoted = next((place for place, line in enumerate(lines) if line.startswith(">")), len(lines))
    head = [line for line in lines[:quoted] if line]
    for most in (1, 2, 3):  # long ones are wrapped
        if html_quotes.is_intro(head[-most:]):
            head = head[:-most]
            break
    return "\n".join([*head, *(line for line in lines[quoted:] if line and not line.startswith(">"))])
