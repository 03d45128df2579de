"""What of a mail is to be read, in which order and in which forms; every other part is an attachment.

Sources  RFC 2046 §5.1.3-§5.1.7 (mixed, alternative, digest, parallel), RFC 2387 (related), RFC 1847 (signed, encrypted:
         kept closed), RFC 2183 (disposition).
         A forwarded message is an attachment: its text is another mail's.
Not here  what the parts say (text.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.message.attachments import Attachments
from gateway.message.mime import Part
from gateway.message.sealed import SIGNATURES

_BODIES = frozenset({"text/plain", "text/html", "text/markdown"})  # other texts are read when there is none of these
_OTHER_FORMS = frozenset({"text/x-amp-html", "text/watch-html"})  # of what stands beside them, for few programs
_NEVER_READ = frozenset({"text/calendar", "text/x-vcard", "text/vcard", "text/directory", "text/csv", "text/rtf"})


@dataclass(frozen=True, slots=True)
class Passage:
    """One thing to read in one form or two, before it is decoded."""

    plain: tuple[Part, ...]
    rich: tuple[Part, ...]  # HTML, and the plain texts that stand between pieces of it


def passages(root: Part, attachments: Attachments, *, without_html: bool) -> tuple[Passage, ...]:
    """What is to be read, in order; whatever is not, is put among the attachments on the way.

    without_html  HTML is an attachment
    """
    return tuple(_Chooser(root, attachments, without_html=without_html).chosen(root, alone=True))


class _Chooser:
    """`_unnamed`, `_only_bodies`: whether the mail has texts without a name, and of the usual types; then no others."""

    def __init__(self, root: Part, attachments: Attachments, *, without_html: bool) -> None:
        self._attachments, self._without_html = attachments, without_html
        texts = [leaf for leaf in root.leaves() if _is_text(leaf)]
        self._unnamed = not all(leaf.file_name for leaf in texts)
        self._only_bodies = any(leaf.media_type in _BODIES for leaf in texts if not (self._unnamed and leaf.file_name))

    def chosen(self, part: Part, *, alone: bool = False) -> Iterator[Passage]:
        """The passages of a part; `alone` is the body of a mail of one part, whatever name it has."""
        if part.children:
            match part.media_type:
                case "multipart/alternative":
                    yield from self._alternative(part)
                case "multipart/related":
                    yield from self._related(part)
                case "multipart/encrypted":
                    self._attachments.note("encrypted", part.media_type)
                    for child in part.children:
                        self._attachments.attach(child)
                case "multipart/signed":
                    yield from self._signed(part)
                case _:
                    for child in part.children:
                        yield from self.chosen(child)
        elif not self._is_read(part, alone=alone):
            self._attachments.attach(part)
        elif part.media_type == "text/html" and self._without_html:
            self._attachments.note("html-not-read", part.path)
            self._attachments.attach(part)
        else:
            if not alone and (part.file_name or part.media_type not in _BODIES):
                self._attachments.attach(part)  # read for want of anything better
            yield Passage((), (part,)) if part.media_type == "text/html" else Passage((part,), ())

    def _is_read(self, part: Part, *, alone: bool) -> bool:
        if not _is_text(part) or (self._only_bodies and part.media_type not in _BODIES):
            return False
        return alone or not (self._unnamed and part.file_name)

    def _signed(self, part: Part) -> Iterator[Passage]:
        """What is signed is read. Its signature is labelled, not believed, and a file only when it has a name."""
        for child in part.children:
            signature = child.media_type in SIGNATURES and child is not part.children[0]
            if signature:
                self._attachments.note("signed", child.media_type)
            if not signature or child.file_name:
                yield from self.chosen(child)

    def _alternative(self, part: Part) -> Iterator[Passage]:
        """The same in several forms: the plain ones and the last one with HTML (RFC 2046 §5.1.4).

        There should be one plain form; programs that write several mean different things by them.
        """
        children = [c for c in part.children if c.media_type not in _OTHER_FORMS or not self._only_bodies]
        forms = [form for child in children if (form := list(self.chosen(child)))]
        plain = [passage for form in forms if not any(p.rich for p in form) for passage in form]
        rich = next((form for form in reversed(forms) if any(p.rich for p in form)), [])
        inner = rich if not plain and all(p.plain for p in rich) else plain
        yield Passage(
            tuple(leaf for p in inner for leaf in p.plain), tuple(leaf for p in rich for leaf in p.rich or p.plain)
        )

    def _related(self, part: Part) -> Iterator[Passage]:
        """The root is read, whatever else it refers to is attached (RFC 2387 §3.2)."""
        start = part.params.get("start", "").strip("<> ")
        root = next((c for c in part.children if start and c.content_id == start), part.children[0])
        for child in part.children:
            if child is root or child.children or (_is_text(child) and not child.file_name):
                yield from self.chosen(child)
            else:
                self._attachments.attach(child)


def _is_text(part: Part) -> bool:
    """Whether the part may be read at all."""
    return (
        part.media_type.startswith("text/") and part.media_type not in _NEVER_READ and part.disposition != "attachment"
    )
