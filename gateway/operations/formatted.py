"""The words of an agent's mail as he set them, for the mails to customers, and which of its files go with them.

Sources  agents-by-mail.md §2: his HTML is used only when it says the same; pictures among the words travel along.
         A picture that other words of his mail show, those of his signature or of what he quotes, is no part of the
         answer. What a picture is, its octets say; what cannot be shown everywhere is a file.
Not here  what is the same (message/same_words.py), how it is written (outgoing/formatted.py).
"""

from dataclasses import dataclass, replace

from gateway.message.formatted import Block, Picture, pictures_in, shown_in
from gateway.message.same_words import formatted
from gateway.message.types import Attachment
from gateway.operations.types import Came
from gateway.outgoing.formatted import words_of
from gateway.ticket.types import File

_SHOWN_EVERYWHERE = frozenset(("image/png", "image/jpeg", "image/gif"))
_ID = 32  # hex digits


@dataclass(frozen=True, slots=True)
class AsSet:
    """Words, as they are set, and what goes with them."""

    blocks: tuple[Block, ...]
    text: str  # what they say where there is no HTML
    files: tuple[File, ...]
    attachments: tuple[Attachment, ...]  # the same as they stand in the mail


def as_set(text: str, came: Came, files: tuple[File, ...]) -> AsSet | None:
    """The words as the mail that they came by sets them; None where its HTML does not say the same.

    files  of the mail, as they are named in `came.attachments`
    """
    if came.html is None or len(files) != len(came.attachments):
        return None
    pictures = {each.content_id: _picture(each) for each in came.attachments if each.content_id and _is_picture(each)}
    if not (blocks := formatted(came.html, text, pictures)):
        return None
    shown = {picture.content_id for picture in pictures_in(blocks)}
    elsewhere = shown_in(came.html) if pictures else frozenset()
    kept = list[tuple[File, Attachment]]()
    for file, each in zip(files, came.attachments, strict=True):
        picture = pictures.get(each.content_id or "")
        if picture is not None and picture.content_id in shown:
            kept.append((replace(file, media_type=each.sniffed or "", content_id=picture.content_id), each))
        elif picture is None or each.content_id not in elsewhere:
            kept.append((file, each))
    return AsSet(blocks, words_of(blocks, "").text, tuple(file for file, _ in kept), tuple(each for _, each in kept))


def _is_picture(attachment: Attachment) -> bool:
    return attachment.sniffed in _SHOWN_EVERYWHERE and "/" not in attachment.part


def _picture(attachment: Attachment) -> Picture:
    """Under a Content-ID of ours: of equal octets it is the same in all mails, as for programs that keep pictures."""
    return Picture(attachment.sha256[:_ID], attachment.name)
