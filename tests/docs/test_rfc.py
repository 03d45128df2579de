"""docs/rfc.md names every RFC that the code names, and the reverse."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NAMED = re.compile(r"RFC ?(\d{3,4})\b")
# "RFC 2034 (status codes), 1870 (SIZE), 2920 (PIPELINING)": what follows in the same sentence
FOLLOWING = re.compile(r"(?<=, )(\d{4})(?=\s+\()")


def cited() -> dict[str, str]:
    """Number -> the first file that names it."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "gateway").rglob("*.py")):
        text = path.read_text("utf-8")
        numbers = NAMED.findall(text)
        if numbers:
            numbers += FOLLOWING.findall(re.sub(r"\s+", " ", text))
        for number in numbers:
            found.setdefault(number, path.relative_to(ROOT).as_posix())
    return found


def table() -> dict[str, str]:
    """Number -> the cell that says where."""
    lines = (ROOT / "docs" / "rfc.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if re.match(r"\| \d+ \|", line)]
    return {row[0]: row[-1] for row in rows}


def test_every_rfc_of_the_code_is_in_the_table() -> None:
    assert not {number: path for number, path in cited().items() if number not in table()}


def test_every_rfc_of_the_table_is_in_the_code() -> None:
    assert set(table()) <= set(cited())


def test_the_places_exist() -> None:
    places = {place for cell in table().values() for place in re.findall(r"`([\w/.]+)`", cell)}
    assert not [place for place in places if not (ROOT / "gateway" / place).exists()]
