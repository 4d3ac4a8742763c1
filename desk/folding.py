"""The words of an entry, and what stands folded beside them: the rest of the mail, or all of it."""


def rest(text: str, whole: str) -> str:
    """What of the whole mail the new text leaves out: what was quoted, a signature.

    All of it when the two cannot be told apart, because the text is not made of whole lines of the mail.
    """
    if text == whole:
        return ""  # most mails: nothing was folded
    wanted = [line.strip() for line in text.splitlines() if line.strip()]
    left, place = [], 0
    for line in whole.splitlines():
        if place < len(wanted) and line.strip() == wanted[place]:
            place += 1
        else:
            left.append(line)
    if place < len(wanted):
        return whole
    return "\n".join(left).strip()


def whole(text: str, folded: str) -> str:
    """The whole mail: the words, then what they leave out; where they were cut, what is folded holds both."""
    if not folded or not text:
        return folded or text
    return folded if folded.startswith(text.removesuffix("…")) else f"{text}\n\n{folded}"
