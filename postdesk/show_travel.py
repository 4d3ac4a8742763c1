"""How a mail travelled, as text for the command line: a line for each server, and what does not add up said plainly."""

from datetime import timedelta

from gateway.travel import Hop, Journey
from portal.words import span

_ALL = 14  # hops that are shown one by one; of more, the ends and what stands out
_FIRST, _LAST, _BETWEEN = 4, 6, 10
_SLOW = timedelta(minutes=1)


def travel_lines(journey: Journey) -> list[str]:
    """The way of a mail, first server first."""
    if not journey.lines:
        return ["How it travelled: nothing says so. The mail has no Received line."]
    lines = [f"How it travelled: {_summary(journey)}"]
    lines += [
        f"  It passed {server} {count} times: it may have gone in circles." for server, count in journey.circles.items()
    ]
    if journey.lines > len(journey.hops):
        earlier = journey.lines - len(journey.hops)
        lines.append(f"  {earlier} earlier Received lines are not read: there are too many.")
    width = min(60, max(len(_way(hop)) for hop in journey.hops))
    before = journey.hops[0].number - 1
    for hop in _shown(journey.hops):
        if hop.number > before + 1:
            lines.append(_gap([left for left in journey.hops if before < left.number < hop.number]))
        lines.append(f"  {hop.number:>4}  {_way(hop):<{width}}  {hop.protocol:<8}  {_delay(hop)}".rstrip())
        before = hop.number
    return lines


def _summary(journey: Journey) -> str:
    passed = "1 server" if journey.lines == 1 else f"{journey.lines} servers"
    if not any(hop.readable for hop in journey.hops):
        return f"{passed}, and no Received line can be read."
    total = journey.total
    if total is None:
        return f"{passed}. Nobody has checked what their Received lines say."
    if total < timedelta(0):
        return f"{passed}. How long it took cannot be told: their clocks do not agree."
    return f"{passed} in {span(total)}. Nobody has checked what their Received lines say."


def _shown(hops: tuple[Hop, ...]) -> list[Hop]:
    """All of a few; of many the first, the last, and between them what was slow or is wrong."""
    if len(hops) <= _ALL:
        return list(hops)
    between = sorted(hops[_FIRST:-_LAST], key=_stands_out, reverse=True)[:_BETWEEN]
    chosen = [*hops[:_FIRST], *filter(_stands_out, between), *hops[-_LAST:]]
    return sorted(chosen, key=lambda hop: hop.number)


def _stands_out(hop: Hop) -> float:
    """How much a hop deserves a line: 0 for a quick one, most for one that cannot be or cannot be read."""
    if not hop.readable or (hop.delay and hop.delay < timedelta(0)):
        return float("inf")
    return hop.delay.total_seconds() if hop.delay and not _is_quick(hop.delay) else 0.0


def _gap(left_out: list[Hop]) -> str:
    quick = all(hop.delay is not None and _is_quick(hop.delay) for hop in left_out)
    return f"  {'…':>4}  {len(left_out)} more{', each within a minute' if quick else ''}"


def _is_quick(delay: timedelta) -> bool:
    return timedelta(0) <= delay < _SLOW


def _way(hop: Hop) -> str:
    if not hop.readable:
        return "the Received line cannot be read"
    if not hop.sender and not hop.server:
        return "names no server"
    return f"{hop.sender} → {hop.server}" if hop.sender and hop.server else f"→ {hop.server or '?'}"


def _delay(hop: Hop) -> str:
    """ "after 3 min", or why that cannot be said."""
    if hop.at is None:
        return "its time cannot be read" if hop.readable else ""
    if hop.delay is None:
        return f"{hop.at:%Y-%m-%d %H:%M:%S} UTC"
    if hop.delay < timedelta(0):
        return f"{span(-hop.delay)} before the hop before it: one of the two clocks is wrong"
    return f"after {span(hop.delay)}"
