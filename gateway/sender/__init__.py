"""Who sent it: one verdict for each mail, by our own verification or by that of a server that is believed."""

from gateway.sender.verdict import Verified

__all__ = ["Verified"]
