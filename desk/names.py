"""Built-in names that letters say in their reader's language, for the catalogues: these are made from literals.

Whoever tells of one says it, `say(ticket.status)`; one that an operator made up is in no catalogue, and stays as it is.
"""

from desk.said import Said, say

_STATUSES = (
    say("New"), say("In Progress"), say("Update Added"), say("Waiting Internal"), say("Waiting Approval"),
    say("Waiting Vendor"), say("Waiting Customer"), say("Ready to Procure"), say("Resolved"), say("Complete"),
    say("Withdrawn"),
)  # fmt: skip
_VALUES = (
    say("Incident"), say("Query"), say("Change Request"), say("Only Me"), say("Others"), say("Company"),
    say("Low"), say("Medium"), say("High"), say("Critical"), say("Requested"), say("Approved"), say("Rejected"),
    say("Standard User"), say("Admin User"), say("Spam"), say("E-mail"), say("Portal"), say("Phone"), say("Staff"),
)  # fmt: skip
_STAGES = (say("due"), say("overdue"), say("completed"), say("in process"), say("tasks"))
_REASONS = (
    say("No longer needed"), say("Solved it ourselves"), say("Duplicate"), say("Raised by mistake"), say("Other"),
)  # fmt: skip
_LABELS = (
    say("Type"), say("Service"), say("Site"), say("Item"), say("Urgency"), say("Impact"), say("Priority"),
    say("Contact"), say("Our ref"), say("Needed by"), say("Title"), say("Status"), say("Resolution"),
    say("Tried so far"), say("Error messages"),
)  # fmt: skip
_PERSON = (
    say("External ID"), say("Prefix"), say("First name"), say("Middle initial"), say("Last name"), say("Suffix"),
    say("Job title"), say("Address"), say("Address 2"), say("City"), say("Post code"), say("Country"),
    say("More address"), say("Email"), say("Email 2"), say("Email 3"), say("Phone"), say("Extension"),
    say("Alternate phone"), say("Mobile"), say("Fax"), say("Level"), say("Organisation"), say("Language"),
    say("Time zone"), say("Primary outsourced contact"),
)  # fmt: skip
_COLUMNS = (
    say("Number"), say("Created"), say("Updated"), say("Completed"), say("Due"), say("Source"), say("Opened by"),
    say("Additional contacts"), say("Approval"), say("Item product"), say("Item serial number"),
    say("Item reference number"), say("Assignee"), say("Team"),
)  # fmt: skip
NAMES: frozenset[Said] = frozenset((*_STATUSES, *_VALUES, *_STAGES, *_REASONS, *_LABELS, *_PERSON, *_COLUMNS))
