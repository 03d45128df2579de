"""A Situation as octets, and back: so that other rules can be asked the same later.

Not here  where they are kept (store/situations.py).
"""

import zlib
from dataclasses import replace

import msgspec

from gateway.deciding.types import Situation
from gateway.rules.operators import TEXT_READ

_KEPT = TEXT_READ + 1  # characters; one more, so that it shows that there was more
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Situation)


def packed(situation: Situation) -> bytes:
    """The situation as it is kept: no text longer than what text operators read."""
    message = situation.message
    kept = {name: text[:_KEPT] for name in ("text", "quoted", "signature", "html") if (text := getattr(message, name))}
    if message.forward is not None:
        kept["forward"] = replace(message.forward, text=message.forward.text[:_KEPT], more=())
    return zlib.compress(_encoder.encode(replace(situation, message=replace(message, **kept))), level=1)


def unpacked(octets: bytes) -> Situation | None:
    """As it was; None when another version kept it, in another form."""
    try:
        return _decoder.decode(zlib.decompress(octets))
    except (msgspec.MsgspecError, zlib.error):
        return None
