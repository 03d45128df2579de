"""Text of format=flowed made whole paragraphs again.

Sources  RFC 3676 §4.1 (a line that ends in a blank goes on), §4.3 (signature), §4.4 (space-stuffing), §4.5 (quotes).
Not here  quoted-printable's soft line ends (content.py).
"""


def unflowed(text: str, *, delete_space: bool) -> str:
    """One line for each paragraph; quote marks and the signature line stay.

    delete_space  DelSp=yes: the blank at the line end is not part of the text
    """
    out: list[str] = []
    pending: list[str] = []
    depth = -1
    for line in text.split("\n"):
        body = line.lstrip(">")
        quotes = len(line) - len(body)
        body = body.removeprefix(" ")
        if pending and (quotes != depth or body == "-- "):
            out.append(_quoted(depth, "".join(pending).rstrip(" ")))
            pending = []
        depth = quotes
        if body.endswith(" ") and body != "-- ":
            pending.append(body[:-1] if delete_space else body)
        else:
            out.append(_quoted(depth, "".join(pending) + body))
            pending = []
    if pending:
        out.append(_quoted(depth, "".join(pending).rstrip(" ")))
    return "\n".join(out)


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line
