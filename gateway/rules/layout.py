"""A rule file in its canonical layout: two blanks, lists indented, one blank after a colon; comments stay.

Sources  rules.md §7, `rules fmt`. What the file means is the same before and after, or it is not rewritten.
"""

from collections.abc import Iterator
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from gateway.errors import ConfigError, Problem
from gateway.rules.findings import Findings
from gateway.rules.tree import Node, read_tree

WIDTH = 120
_ROUNDS = 4  # a comment may move once more when the line above it was broken


def formatted(text: str, name: str) -> str:
    """The file in canonical layout; formatting it again changes nothing.

    Raises  ConfigError  it cannot be read, or not be laid out without changing what it means
    """
    findings = Findings(name, text)
    before = read_tree(text, findings)
    if before is None or findings.problems:
        raise ConfigError(*findings.problems)
    made = text
    for _ in range(_ROUNDS):
        again = _once(made, name)
        if again == made:
            break
        made = again
    after = read_tree(made, Findings(name, made))
    if after is None or not _same(before, after) or _once(made, name) != made:
        raise ConfigError(Problem(name, 0, 0, "R030", "cannot be laid out without changing what it means"))
    return made


def _once(text: str, name: str) -> str:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.brace_single_entry_mapping_in_flow_sequence = True
    yaml.allow_duplicate_keys = True  # `check` tells them, with their place
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    try:
        yaml.dump(yaml.load(text.removeprefix("\ufeff")), out)
    except YAMLError as e:
        raise ConfigError(Problem(name, 0, 0, "R030", f"cannot be laid out: {type(e).__name__}")) from e
    lines = [line.rstrip() for line in out.getvalue().split("\n")]
    made = "\n".join(lines).rstrip("\n") + "\n"
    neat = "\n".join(_with_comments_aligned(made.split("\n")))
    return neat if _means_the_same(made, neat, name) else made


def _with_comments_aligned(lines: list[str]) -> Iterator[str]:
    """A comment on a line of its own begins where the next line does."""
    indent = ""
    found = []
    for line in reversed(lines):
        words = line.lstrip()
        if words.startswith("#"):
            found.append(indent + words)
            continue
        if words:
            indent = line[: len(line) - len(words)]
        found.append(line)
    return reversed(found)


def _means_the_same(one: str, other: str, name: str) -> bool:
    """Whether two texts hold the same; a # inside a long text is no comment."""
    a, b = (read_tree(text, Findings(name, text)) for text in (one, other))
    return a is not None and b is not None and _same(a, b)


def _same(one: Node, other: Node) -> bool:
    """Whether two trees hold the same, wherever it stands."""
    waiting = [(one, other)]
    while waiting:
        a, b = waiting.pop()
        if (a.kind, a.value, a.text, len(a.items), len(a.pairs)) != (
            b.kind,
            b.value,
            b.text,
            len(b.items),
            len(b.pairs),
        ):
            return False
        waiting.extend(zip(a.items, b.items, strict=True))
        for (ka, va), (kb, vb) in zip(a.pairs, b.pairs, strict=True):
            waiting.extend(((ka, kb), (va, vb)))
    return True
