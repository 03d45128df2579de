"""How long one target takes for one file, without instrumentation: the best of three, seconds of the processor.

usage    python -m fuzz.measure TARGET FILE
"""

import sys
from pathlib import Path

from fuzz.oracles import seconds
from fuzz.targets import TARGETS


def main(name: str, file: str) -> None:
    """Prints the seconds."""
    data = Path(file).read_bytes()
    print(min(seconds(TARGETS[name].reading, data) for _ in range(3)))


if __name__ == "__main__":
    main(*sys.argv[1:])
