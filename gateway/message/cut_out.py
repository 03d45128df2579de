"""The octets of attachments, cut out of the raw mail when somebody wants them.

Sources  RFC 2045 §6 (encodings); decisions/0001: attachments stay in the raw mail.
Not here  which parts are attachments (attachments.py); files inside containers, which a child opens (parsing/tnef.py).
"""

from collections.abc import Collection, Iterator

from gateway.message.content import decoded_pieces
from gateway.message.limits import ParseLimits, first_field, header_block
from gateway.message.mime import Part, TooManyPartsError, structure


def cut_out(raw: bytes, paths: Collection[str], limits: ParseLimits) -> dict[str, bytes]:
    """MIME path -> decoded octets, of those parts that there are. A file in a container comes as its container."""
    header = header_block(raw, first_field(raw), len(raw), limits)
    try:
        root, _ = structure(raw, header, limits)
    except TooManyPartsError:
        return {}
    wanted = {path.partition("/")[0] for path in paths}
    return {part.path: b"".join(decoded_pieces(raw, part)) for part in _parts(root) if part.path in wanted}


def _parts(root: Part) -> Iterator[Part]:
    yield root
    for child in root.children:
        yield from _parts(child)
