"""Builds what sends letters: composer, relay, deliverer."""
from typing import Any
def deliverer(house: Any) -> Any:
    class D:
        def drain_once(self): return 0
    return D()
def check_templates(house): return 0
