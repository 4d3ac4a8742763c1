"""Keeps the heap of long-lived processes small: what a large mail took goes back to the system when it is done."""

import contextlib
import ctypes
import gc
import os
from collections.abc import Iterator

# malloc.h of glibc; mallopt(3)
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE = 256 * 1024  # bytes: blocks from here on are mapped one by one, and unmapped when they are freed
_TOP = 1024 * 1024  # free bytes at the end of the heap that may stay
_YOUNG = 20_000  # objects made since the collector last looked
_ARENAS = 2  # heaps in all, for however many threads


def keep_small() -> bool:
    """Say so to malloc, for this process and those that it forks; False where it is not glibc's, or was told otherwise.

    By itself glibc raises the limit for mapped blocks to 32 MB once such a block was freed. Mails and letters then lie
    in the heap of whichever thread had them, a small block behind each keeps it from shrinking, and eight threads have
    eight heaps: each process grows for hours, to a multiple of what it uses.
    """
    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return False  # an operator knows better
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl, macOS
        return False
    wanted = ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _TOP), (_ARENA_MAX, _ARENAS))
    return all(mallopt(name, value) == 1 for name, value in wanted)


def collect_seldom() -> None:
    """Look for unreachable cycles after every 20,000 objects instead of 700, here and in what is forked from here.

    A batch of mails is as many living objects, and few cycles: to look it through over and over took a tenth of the
    time of handling it.
    """
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def give_back() -> None:
    """Free what nothing refers to, and the pages of the heap with nothing in them, before others are forked from it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """While modules are imported: all of it stays, and the collector would look it through over and over."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
