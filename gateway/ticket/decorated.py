"""A line as its writer would have written it, without what programs put around the command in it.

Sources  Lists of mail programs (`• #note`, `1. #note`, Word's `o  #note`), autocorrected quotes, Markdown that a
         program made of bold words, full-width signs of CJK keyboards (Unicode Standard §5.21: what shows nothing).
         `# list` and `#4812` stay as they are (agents-by-mail.md §3). Nothing here is obeyed: it is asked about.
Not here  which words are commands, what stands behind them (commands.py).
"""

import re
import unicodedata

_SIGNS = "#＃﹟♯⌗"
_MOST = 1000  # characters of a line that are looked at
_SHOWS_NOTHING = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_AROUND = rf"[^\w>|{_SIGNS}]|_"  # what is quoted is not looked at
_MARK = r"(?:[0-9]{1,3}|[^\W\d_]|[ivxIVX]{1,4})[.):\]]{1,2}|[0-9]{1,3}(?=\s)|[oØü](?=\s)|[vq](?=\s{2})"  # of a list
_LINE = re.compile(
    rf"(?P<before>(?:{_AROUND}){{0,20}}(?:{_MARK})?(?:{_AROUND}){{0,20}})(?:[{_SIGNS}]{{1,6}}\s+)?[{_SIGNS}]{{1,6}}"
    rf"(?P<between>(?:[^\w {_SIGNS}]|_){{0,10}})(?P<word>[^\W\d_][\w-]{{0,63}}\??)[^\w\s{_SIGNS}]{{0,20}}(?P<rest>.*)",
    re.DOTALL,
)
_CLOSING = {
    "“": "”“", "„": "“”", "‟": "”", "”": "”", "«": "»", "»": "«", "‘": "’‘", "‚": "‘’", "’": "’", "‹": "›", "›": "‹",
    '"': '"', "'": "'", "(": ")", "[": "]", "{": "}", "<": ">", "（": "）", "［": "］", "「": "」",
    "*": "*", "_": "_", "~": "~", "`": "`",
}  # fmt: skip


def undecorated(line: str) -> str | None:
    """`#word`, and what stands behind it; None where the line does not begin so, whatever is around it."""
    seen = _SHOWS_NOTHING.sub("", line[:_MOST])
    found = _LINE.fullmatch(seen)
    if found is None:
        return None
    opened = found["before"] + found["between"]
    closing = "".join(_CLOSING.get(each, "") for each in opened)
    rest = found["rest"].rstrip()
    while rest and rest[-1] in closing:
        rest = rest[:-1].rstrip()
    word = unicodedata.normalize("NFKC", found["word"]).rstrip("_-")
    return " ".join(f"#{word} {rest}".split())
