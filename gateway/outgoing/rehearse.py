"""Templates of the site, tried in a child that can be killed, before they go live.

Sources  acceptance G-03, L10: in the daemon, time and size are checked between the pieces that a template writes;
         here the kernel bounds what happens inside one.
         The child names each mail before it renders its fixtures, so whoever it died of is known: that file is left
         out, and the others are tried again.
Not here  what is rendered (fixtures.py), what is only unwise (lint.py).
"""

import contextlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from gateway.config import packaged
from gateway.outgoing.fixtures import fixtures
from gateway.outgoing.kinds import kind_of
from gateway.outgoing.render import Templates
from gateway.outgoing.sandbox import Budget
from gateway.outgoing.templates import key_of, read_templates

_COMMAND = (sys.executable, "-I", "-W", "ignore", "-m", "gateway.outgoing.rehearse")
_WALL_S, _CPU_S, _MEMORY = 60, 30, 512 * 1024 * 1024


def rehearsed(files: Mapping[str, str], seconds: float, characters: int, wall_s: float = _WALL_S) -> dict[str, str]:
    """Path -> what is wrong, of the files that cannot go live; empty when all of them can.

    files                what `read_templates` found in the folder of the site
    seconds, characters  that one mail may take
    """
    wrong: dict[str, str] = {}
    while good := {path: source for path, source in files.items() if path not in wrong}:
        begun, found = _told(json.dumps([good, seconds, characters]), wall_s)
        wrong |= found
        if begun is None:
            break
        wrong[begun] = f"it takes more than {wall_s:.0f} s, or more than the memory of a child"
    return wrong


def _told(work: str, wall_s: float) -> tuple[str | None, dict[str, str]]:
    """The mail that the child died of, or None; what it found wrong with others before."""
    child = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={}, cwd="/")
    try:
        out, _ = child.communicate(work, timeout=wall_s)
    except subprocess.TimeoutExpired:
        child.kill()
        out, _ = child.communicate()
    lines = [json.loads(line) for line in out.splitlines() if line.endswith("]")]
    begun = None if child.returncode == 0 else next((path for path, text in reversed(lines) if text is None), None)
    if child.returncode != 0 and begun is None:
        raise RuntimeError(f"the child that tries templates ended with {child.returncode}")
    return begun, {path: text for path, text in lines if text}


def _tried(files: Mapping[str, str], seconds: float, characters: int) -> Iterator[tuple[str, str | None]]:
    """(path, None) before a mail is rendered, (path, what is wrong or nothing) after it."""
    own = {path: source for path, source in files.items() if key_of(path) is None}
    for path in files:
        key = key_of(path)
        if key is None:
            continue
        yield path, None
        mail, variant, language = key
        templates = Templates(
            read_templates(packaged("templates")),
            {**own, path: files[path]},
            language,
            lambda: Budget(time.monotonic, seconds, characters),
        )
        variants = (variant,) if variant is not None else (None, *kind_of(mail).variants)
        trouble = (
            templates.render(mail, v, language, values).trouble for v in variants for _, values in fixtures(mail)
        )
        yield path, next((t[0] for t in trouble if t), "")


def _main() -> None:
    files, seconds, characters = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with contextlib.suppress(BrokenPipeError):
        for line in _tried(files, seconds, characters):
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _main()
