"""The console script, for tests that need a process of its own."""

import sys

from gateway.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
