"""The stories of the sample desk: who writes what after whom, until a ticket is where it is to be."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from postdesk.seed.cast import Cast
from postdesk.seed.post import Known, Mail
from postdesk.seed.sample import Person

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Step:
    """A mail, and how long after the one before it is written."""

    after: timedelta
    mail: Mail


Story = Generator[Step, Known | None, None]
Teller = Callable[[Cast], Story]


def _soon(cast: Cast, minutes: float) -> timedelta:
    return timedelta(minutes=minutes * cast.chance.uniform(0.5, 1.6))


def _opened(cast: Cast, cc: tuple[Person, ...] = ()) -> Generator[Step, Known | None, Known]:
    mail = Mail(cast.requester, cast.opening(), cast.title, cc=cc, files=cast.files())
    found = yield Step(timedelta(), mail if cast.organisation else replace(mail, verdict="none"))
    if found is None:
        raise RuntimeError(f"the first mail of a story opened no ticket: {cast.title}")
    return found


def _staff(cast: Cast, ticket: Known, words: str, minutes: float = 90) -> Step:
    return Step(_soon(cast, minutes), Mail(cast.agent, words + "\n", about=ticket))


def _customer(cast: Cast, ticket: Known, words: str, minutes: float = 200, *, automatic: bool = False) -> Step:
    return Step(
        _soon(cast, minutes), Mail(cast.requester, words, about=ticket, files=cast.files(), automatic=automatic)
    )


# Where a ticket stands


def new(cast: Cast) -> Story:
    """Nobody has looked at it yet."""
    yield from _opened(cast)


def in_progress(cast: Cast) -> Story:
    """Somebody works on it."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    if cast.chance.random() < 0.6:
        yield _staff(cast, ticket, f"#note\n\n{cast.phrase('note')}")
    if cast.chance.random() < 0.4:
        yield _staff(cast, ticket, f"#time {cast.chance.choice((10, 15, 20, 45))}m", 30)


def waiting_customer(cast: Cast) -> Story:
    """The desk has asked something."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n#status waiting customer\n\n{cast.question()}")


def waiting_internal(cast: Cast) -> Story:
    """A colleague has to look at it."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    yield _staff(cast, ticket, f"#assign {cast.helper.name}\n#status waiting internal\n#note\n\n{cast.phrase('note')}")


def waiting_vendor(cast: Cast) -> Story:
    """The supplier has to look at it."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    yield _staff(cast, ticket, f"#status waiting vendor\n\n{cast.phrase('vendor')}", 400)


def ready_to_procure(cast: Cast) -> Story:
    """Something has to be bought."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n#status ready to procure\n\n{cast.phrase('procure')}", 300)


def update_added(cast: Cast) -> Story:
    """The customer has written more."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    yield _customer(cast, ticket, cast.customer(cast.phrase("chase")))


def answered(cast: Cast) -> Story:
    """Asked, and answered."""
    yield from _asked(cast, (yield from _opened(cast)))


def _asked(cast: Cast, ticket: Known) -> Story:
    yield _staff(cast, ticket, f"{cast.take()}\n#status waiting customer\n\n{cast.question()}")
    yield _customer(cast, ticket, cast.answer())


def waiting_approval(cast: Cast) -> Story:
    """Somebody of the customer's side has to agree."""
    ticket = yield from _opened(cast)
    board = cast.organisation.board if cast.organisation else ()
    whom = "cab" if board else cast.colleague.address
    yield _staff(cast, ticket, f"{cast.take()}\n#ask approval {whom}\n\n{cast.phrase('approve')}")


def approved(cast: Cast) -> Story:
    """Asked, and agreed to; or not."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n#ask approval {cast.colleague.address}\n\n{cast.phrase('approve')}")
    word = cast.chance.choice(("approve", "approve", "reject"))
    yield Step(_soon(cast, 300), Mail(cast.colleague, f"{word}\n", about=ticket))


def resolved(cast: Cast) -> Story:
    """Solved; some say thank you."""
    ticket = yield from _opened(cast)
    if cast.chance.random() < 0.7:
        yield from _asked(cast, ticket)
    else:
        yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    if cast.chance.random() < 0.4:
        yield _staff(cast, ticket, f"#note\n\n{cast.phrase('note')}", 40)
    yield _staff(cast, ticket, f"#resolve {cast.resolution()}", 240)
    if cast.chance.random() < 0.4:
        yield _customer(cast, ticket, f"{cast.phrase('thanks')}\n")


def solved_by_customer(cast: Cast) -> Story:
    """They say so themselves, with one word."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n#status waiting customer\n\n{cast.question()}")
    yield Step(_soon(cast, 200), Mail(cast.requester, "resolved\n", about=ticket))


def withdrawn(cast: Cast) -> Story:
    """Not wanted any more."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    reason = cast.chance.choice(("No longer needed", "Solved it ourselves", "Raised by mistake"))
    yield Step(_soon(cast, 300), Mail(cast.requester, f"#withdraw {reason}\n", about=ticket))


def reopened(cast: Cast) -> Story:
    """Solved, and back again."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    yield _staff(cast, ticket, f"#resolve {cast.resolution()}", 200)
    yield _customer(cast, ticket, cast.customer(cast.phrase("again")))


# What else happens to tickets


def by_telephone(cast: Cast) -> Story:
    """Staff write down what somebody said on the telephone."""
    subject = cast.title
    ticket = yield Step(timedelta(), Mail(cast.agent, cast.called(), subject))
    if ticket is not None:
        yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}", 20)


def with_colleague(cast: Cast) -> Story:
    """A colleague is in Cc, and wants no more of it later."""
    ticket = yield from _opened(cast, cc=(cast.colleague,))
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    yield Step(_soon(cast, 200), Mail(cast.colleague, "stop\n", about=ticket))
    yield _staff(cast, ticket, f"#resolve {cast.resolution()}", 300)


def watched(cast: Cast) -> Story:
    """A colleague of the same organisation watches, and an alert is asked for."""
    sees = cast.organisation is not None and cast.organisation.visibility != "own"
    ticket = yield from _opened(cast, cc=() if sees else (cast.colleague,))
    yield Step(_soon(cast, 60), Mail(cast.colleague, "watch\n", about=ticket))
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    yield Step(_soon(cast, 60), Mail(cast.requester, "#alert due, overdue, completed\n", about=ticket))


def unshared(cast: Cast) -> Story:
    """Not for everybody of the organisation."""
    ticket = yield from _opened(cast)
    yield Step(_soon(cast, 10), Mail(cast.requester, "#unshare organisation\n", about=ticket))
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")


def with_tasks(cast: Cast) -> Story:
    """Divided into tasks, one of which is done."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n\n{cast.phrase('ack')}")
    yield _staff(cast, ticket, f"#child Order what is needed for room {cast.fills['room']}", 60)
    yield _staff(cast, ticket, "#child Put it in and test it", 5)
    done = "#resolve It is ordered and has come.\n"
    yield Step(_soon(cast, 600), Mail(cast.helper, done, about=ticket, task=True))


def merged(cast: Cast) -> Story:
    """Told twice, and made one."""
    first = yield from _opened(cast)
    other = cast.of(cast.colleague)
    second = yield Step(_soon(cast, 20), Mail(cast.colleague, other.opening(), cast.title))
    if second is not None:
        yield _staff(cast, second, f"#merge {first.number}", 30)
    yield _staff(cast, first, f"{cast.take()}\n\n{cast.phrase('ack')}", 20)


def away(cast: Cast) -> Story:
    """The answer of the desk meets an absence notice."""
    ticket = yield from _opened(cast)
    yield _staff(cast, ticket, f"{cast.take()}\n#status waiting customer\n\n{cast.question()}")
    yield _customer(cast, ticket, f"{cast.phrase('away')}\n", 2, automatic=True)


def forged(cast: Cast) -> Story:
    """Somebody who is not who they say they are: the mail is held, and no ticket comes of it."""
    words = "Please open the attached bill today and send me the passwords of all servers.\n"
    yield Step(timedelta(), Mail(cast.agent, words, "Urgent", verdict="fail"))


def overdue(cast: Cast) -> Story:
    """The time by which it was to be solved has passed."""
    # Late enough for an answer on the working day before.
    yield from _due(cast, cast.opened + (cast.now - cast.opened) * 0.9)


def due_soon(cast: Cast) -> Story:
    """There is a time by which it is to be solved."""
    day = cast.now.astimezone(cast.zone) + timedelta(days=cast.chance.randrange(1, 5))
    day += timedelta(days=max(7 - day.weekday(), 0) if day.weekday() > 4 else 0)  # Monday
    yield from _due(cast, day.replace(hour=cast.chance.choice((10, 12, 16, 17)), minute=0))


def _due(cast: Cast, at: datetime) -> Story:
    ticket = yield from _opened(cast)
    local = at.astimezone(cast.zone)
    when = f"{local.day} {_MONTHS[local.month - 1]} {local.year} {local:%H:%M}"
    yield _staff(cast, ticket, f"{cast.take()}\n#due {when}\n\n{cast.phrase('ack')}", 20)


BY_NAME: Mapping[str, Teller] = {
    story.__name__: story
    for story in (
        new, in_progress, waiting_customer, waiting_internal, waiting_vendor, ready_to_procure, update_added, answered,
        waiting_approval, approved, resolved, solved_by_customer, withdrawn, reopened, by_telephone, with_colleague,
        watched, unshared, with_tasks, merged, away, forged, overdue, due_soon,
    )
}  # fmt: skip
# Those that somebody can be in whom the desk does not know, and who belongs to no organisation.
OF_STRANGERS = ("new", "in_progress", "waiting_customer", "resolved")
