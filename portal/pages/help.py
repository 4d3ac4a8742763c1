"""Help: how everything is done by mail, the way of a ticket, useful links; and how the pages are kept accessible."""

from starlette.responses import Response

from desk import statuses
from desk.said import say
from portal.guide import Who
from portal.visit import Portal, Row, Visit

# What each status says, in the order in which tickets meet them.
MEANINGS = {
    "New": say("We have it, and nobody has begun yet."),
    "In Progress": say("Somebody works on it."),
    "Update Added": say("You wrote something new, and we have yet to read it."),
    "Waiting Customer": say("We asked you something, and go on once you answer."),
    "Waiting Internal": say("Another team of ours has to do something first."),
    "Waiting Approval": say("Somebody has to approve it first."),
    "Waiting Vendor": say("We wait for another company."),
    "Ready to Procure": say("Everything is clear, and we order what is needed."),
    "Resolved": say("We think that it is solved. An answer from you opens it again."),
    "Complete": say("It is closed for good. For more, write a new request and mention its number."),
    "Withdrawn": say("You took the request back."),
}
# The way from the first to the last, a step in each line: from where, and where to.
WAY: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("New",), ("In Progress",)),
    (("In Progress",), ("Waiting Customer", "Waiting Internal", "Waiting Approval", "Waiting Vendor")),
    (("Waiting Customer", "Waiting Internal", "Waiting Approval", "Waiting Vendor"), ("Update Added", "In Progress")),
    (("Waiting Approval",), ("Ready to Procure",)),
    (("In Progress", "Update Added", "Ready to Procure"), ("Resolved",)),
    (("Resolved",), ("Update Added", "Complete")),
    (("New", "In Progress", "Waiting Customer"), ("Withdrawn",)),
)


def show(portal: Portal, visit: Visit) -> Response:
    """Everything on one page, for whoever is there: signed out as for a customer."""
    visitor, guide, rules = visit.visitor, portal.config.guide(), portal.config.rules
    who: Who = "customer"
    if visitor is not None:
        who = "staff" if visitor.is_staff else "admin" if visitor.keeps_people else "customer"
    commands, language = guide.commands.get(who, ()), visit.language
    labels = [f"{language.gettext(label)}{language.gettext(':')}" for label in guide.labels.get(who, ())]
    return portal.page(
        visit,
        "help.html",
        state="help",
        staff=who == "staff",
        in_replies=[command for command in commands if command.line],
        in_subjects=[command for command in commands if command.subject],
        labels=", ".join(labels),
        words=guide.words.get(language.code) or guide.words.get("en", ()),
        meanings=[(status, MEANINGS[status]) for status in statuses.ALL],
        way=[tuple(language.one_of(map(language.name, some)) for some in step) for step in WAY],
        reopen_days=rules.reopen_days,
        links=[link for link in rules.links if link[1].startswith(("https://", "http://", "mailto:"))],
    )


def show_accessibility(portal: Portal, visit: Visit) -> Response:
    """What was done so that everybody can use the pages, and what is not known."""
    return portal.page(visit, "help.html", state="accessibility")


PAGES: tuple[Row, ...] = (
    ("/help", "GET", "anyone", show),
    ("/accessibility", "GET", "anyone", show_accessibility),
)
