"""Stretches of time as people write them on a command line: 90s, 10m, 12h, 2d."""

import argparse
import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_of(text: str) -> float:
    """“90”, “90s”, “10m”, “12h”, “2d”; for argparse."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: write 90s, 10m, 12h or 2d")
    return float(found[1]) * _UNITS[found[2] or "s"]
