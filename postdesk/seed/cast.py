"""Who takes part in one story of the sample desk, and the words that each of them writes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from desk.catalogue import Item
from postdesk import demo_mails
from postdesk.seed.post import File
from postdesk.seed.sample import Organisation, Person, Sample, Site, Topic

_SHARE_OF_FIELDS, _SHARE_OF_FILES, _SHARE_OF_QUOTES, _SHARE_OF_ITEMS = 0.5, 0.25, 0.4, 0.4


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a story. Chance decides the details, and is the same for the same seed."""

    sample: Sample
    chance: random.Random
    topic: Topic
    requester: Person
    colleague: Person  # somebody else of the same organisation
    agent: Person  # of the staff
    helper: Person  # another one
    organisation: Organisation | None
    site: Site | None
    item: str  # something that the desk looks after there, as they call it
    opened: datetime
    now: datetime  # the end of all stories
    zone: ZoneInfo
    stated: bool  # the first mail says what kind of ticket it is, and how urgent
    fills: dict[str, str]

    @property
    def title(self) -> str:
        """The subject of the first mail."""
        return self._filled(self.topic.title)

    @property
    def language(self) -> str:
        """In which the customer writes, and the desk answers."""
        return self.topic.language

    def opening(self) -> str:
        """The first mail of the customer: fill-in lines at times, greeting, words, name."""
        lines = self._fields() if self.stated else ""
        hello = self.phrase("hello")
        first = self._filled(self.topic.first)
        if hello == "" or self.language == "en":
            first = first[:1].upper() + first[1:]
        return f"{lines}{hello}\n\n{first}\n\n{self.phrase('bye')}".strip() + "\n"

    def called(self) -> str:
        """What staff write down after a call of the customer."""
        return f"#phone\nContact: {self.requester.address}\n\n{self._capital(self.topic.first)}\n"

    def take(self) -> str:
        """How staff begin: the ticket is theirs, and what nobody said is noted."""
        if self.stated:
            return "#take"
        urgency = self.chance.choice(("Low", "Medium", "Medium", "High"))
        return f"#take\n#type {self.topic.type}\n#urgency {urgency}"

    def files(self) -> tuple[File, ...]:
        """What goes along with a mail now and then."""
        if self.chance.random() > _SHARE_OF_FILES:
            return ()
        kind = self.chance.choice(("photo", "plan", "log"))
        if kind == "photo":
            return (File(f"photo-{self.fills['room']}.png", "image/png", demo_mails.photo()),)
        if kind == "plan":
            return (File("plan.pdf", "application/pdf", demo_mails.pdf(f"Sample plan of room {self.fills['room']}")),)
        rows = "".join(f"{place:04}; port {place % 48}; {'down' if place % 7 else 'up'}\n" for place in range(60))
        return (File("switch-log.txt", "text/plain", rows.encode()),)

    def question(self) -> str:
        """What staff ask."""
        return self._filled(self.topic.question)

    def answer(self) -> str:
        """The customer's answer, with a quotation below it at times."""
        return self.customer(self.topic.answer, quoting=self.topic.question)

    def customer(self, words: str, quoting: str = "") -> str:
        """A customer's reply."""
        text = f"{self._filled(words)}\n\n{self.phrase('bye')}\n"
        if quoting and self.chance.random() < _SHARE_OF_QUOTES:
            lines = "\n".join(f"> {line}" for line in self._filled(quoting).splitlines())
            text += f"\n{self._filled(self.sample.phrases[self.language]['quoted'])}\n\n{lines}\n"
        return text

    def resolution(self) -> str:
        """What solved it."""
        return self._filled(self.topic.resolution)

    def phrase(self, kind: str) -> str:
        """One of the sentences that fit anywhere."""
        found = self.sample.phrases[self.language][kind]
        return self._filled(found if isinstance(found, str) else self.chance.choice(found))

    def of(self, person: Person) -> "Cast":
        """The same story, told by somebody else."""
        return replace(self, requester=person, fills=self.fills | {"name": person.name.split(" ")[0]})

    def _fields(self) -> str:
        lines = [f"Site: {self.site.code}"] if self.site else []
        if self.topic.service and self.chance.random() < 0.7:
            lines.append(f"Service: {self.topic.service}")
        lines += [f"Item: {self.item}"] if self.item else []
        lines.append(f"Urgency: {self.chance.choice(('Low', 'Medium', 'High'))}")
        lines.append(f"Impact: {self.chance.choice(('Only Me', 'Others', 'Company'))}")
        if self.chance.random() < 0.3:
            lines.append(f"Our ref: REQ-{self.chance.randrange(2000, 9000)}")
        return "\n".join([f"Type: {self.topic.type}", *lines]) + "\n\n"

    def _filled(self, text: str) -> str:
        return text.format_map(self.fills)

    def _capital(self, text: str) -> str:
        text = self._filled(text)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Stage:
    """What all stories have in common."""

    sample: Sample
    items: Sequence[Item]
    now: datetime
    zone: ZoneInfo


def cast(stage: Stage, chance: random.Random, opened: datetime, *, stranger: bool) -> Cast:
    """Somebody with a problem, and who helps them."""
    sample = stage.sample
    organisation = None if stranger else chance.choice(sample.organisations)
    people = organisation.people if organisation else sample.strangers
    requester, colleague = chance.sample(people, 2)
    site = chance.choice(organisation.sites) if organisation else None
    items = [one.name for one in stage.items if site and organisation and one.site == site.code]
    topic = chance.choice([topic for topic in sample.topics if topic.language == requester.language])
    agent, helper = chance.sample(sample.staff, 2)
    fills = {
        "place": site.name if site else "the shop",
        "room": str(chance.randrange(100, 420)),
        "n": str(chance.randrange(3, 29)),
        "time": f"{chance.randrange(7, 11)}:{chance.choice(('05', '15', '30', '40'))}",
        "name": requester.name.split(" ")[0] or "the shop team",
        "day": f"{opened.astimezone(stage.zone):%d.%m.%Y %H:%M}",
    }
    return Cast(
        sample, chance, topic, requester, colleague, agent, helper, organisation, site,
        item=chance.choice(items) if items and chance.random() < _SHARE_OF_ITEMS else "",
        opened=opened, now=stage.now, zone=stage.zone, stated=chance.random() < _SHARE_OF_FIELDS, fills=fills,
    )  # fmt: skip
