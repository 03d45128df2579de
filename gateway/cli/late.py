"""What is imported when it is needed: a command when it is called, what it rests on when its question is known.

So `--help`, `deliver` and a wrong option are answered at once, and nobody waits for what he did not ask about.
Not here  which modules those are: whoever needs one names it.
"""

import gc
import importlib
from typing import Any


def late(place: str) -> Any:
    """What stands at `module:name`.

    What importing makes stays: looking for garbage in it would take a quarter of the time.
    """
    module, _, name = place.partition(":")
    gc.disable()
    try:
        return getattr(importlib.import_module(module), name)
    finally:
        gc.enable()
        gc.freeze()
