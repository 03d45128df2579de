"""Where the signature of a text begins: below `-- `, at a phone's line, or where somebody closes and says who he is.

Sources  RFC 3676 §4.3 (`-- `).
         A closing formula alone, or with a name, is words of the mail: people write it by hand. It begins a signature
         where the name has more below it, to the end: short lines that tell a way to reach him, and no numbers beside.
Not here  what stands around it (reply.py).
"""

import re
from collections.abc import Sequence
from typing import Literal

from gateway.message.labels import MOBILE
from gateway.message.lines import ADDRESS, folded, is_quoted, visible, without_marks

_MARK = re.compile(r"--\s?")
_MOST_LINES = 20
_CLOSINGS = (
    r"(?:with )?(?:(?:kind(?:est)?|best|warm(?:est)?|many) )?(?:regards|wishes)|all the best|cheers|thank you"
    r"|(?:yours )?(?:sincerely|faithfully|truly)(?: yours)?|(?:many )?thanks(?: and (?:kind |best )?regards)?"
    r"|(?:mit )?(?:(?:freundlich|best|herzlich|lieb|viel|schön)e[mnr]? )?gr(?:üßen?|üssen?|uß|uss)(?: aus \w{1,30})?"
    r"|mfg|[lv]g|hochachtungsvoll|danke"
    r"|(?:serdecznie )?pozdrawiamy?(?: serdecznie)?|(?:serdeczne )?pozdrowienia|dziękuję"
    r"|z (?:poważaniem|wyrazami szacunku)"
    r"|se? (?:přátelským |srdečným )?pozdravem|s úctou|zdravím|děkuj[iu]|hezký den"
    r"|atenciosamente|att|(?:com os )?(?:melhores )?cumprimentos|(?:um )?abraços?|obrigad[oa]"
    r"|(?:srdačan |lijep )?pozdrav|s poštovanjem|lp|hvala"
    r"|с уважением|с наилучшими пожеланиями|всего (?:доброго|хорошего)|спасибо"
    r"|(?:bien )?cordialement|bien à vous|(?:un )?saludos?(?: cordial(?:es)?)?|(?:cordiali|distinti) saluti"
    r"|met vriendelijke groet(?:en)?|med vänliga? hälsning(?:ar)?|med venlig hilsen|mvh|ystävällisin terveisin"
)
_CLOSING = re.compile(
    rf"[ \t*_]{{0,4}}(?:{_CLOSINGS})(?:[ \t]?[,.!–-]{{1,3}}|(?=[ \t*_]*$))[ \t*_]{{0,4}}", re.IGNORECASE
)
# closings that are an answer as well, where nobody signs below them
_SAYS_THANKS = re.compile(
    r"[ \t*_]{0,4}(?:(?:many )?thank|cheers|(?:vielen )?dank|dzięk|děkuj|obrigad|hvala|спасибо)", re.IGNORECASE
)
# what companies and scanners put below every mail: how a paragraph begins that is about the mail, viruses or paper
_FOOTER = re.compile(
    r"\W{0,4}(?:(?:please|bitte|prosz[ęe]|prosimy|prosím|por favor|molimo|пожалуйста)[ ,]{1,2})?(?:"
    r"confidentiality notice|virus-?free|virenfrei|(?:consider|think of) the environment|if you are not the intended"
    r"|before printing|if you (?:have )?received this .{0,60}\b(?:error|mistake)"
    r"|th(?:is|e) (?:e-?mail|message|communication)\b.{0,200}"
    r"\b(?:confidential|privileged|intended (?:solely|only|for)|virus(?:es)?|scanned|addressee)\b"
    r"|diese (?:e-?mail|nachricht)\b.{0,200}\b(?:vertraulich\w*|viren|ausschließlich)\b"
    r"|denken sie an die umwelt|bevor sie diese e-?mail (?:aus)?drucken|wenn sie nicht der (?:richtige|beabsichtigte)"
    r"|(?:ta|niniejsza) wiadomość\b.{0,200}\b(?:poufn|wyłącznie|wirus)|woln[ay] od wirusów"
    r"|(?:zanim|przed) wydruk|pomyśl o środowisku"
    r"|(?:tato|tento) (?:zpráva|e-?mail)\b.{0,200}\b(?:důvěrn|výhradně|vir[yů]?\b)|neobsahuje (?:žádné )?viry"
    r"|(?:před (?:vy)?tis[kš]|myslete na životní)"
    r"|est[ae] (?:mensagem|e-?mail|correio)\b.{0,200}\b(?:confidencia|exclusivamente|vírus)|(?:sem|livre de) vírus"
    r"|antes de imprimir|pense no (?:meio )?ambiente"
    r"|ov(?:a|aj) (?:e-?)?(?:poruka|mail|pošta)\b.{0,200}\b(?:povjerljiv|isključivo|virus)|ne sadrži viruse"
    r"|prije (?:ispis|nego što ispiš)|razmislite o okolišu"
    r"|(?:это|данное) (?:электронное )?(?:письмо|сообщение)\b.{0,200}\b(?:конфиденциал|исключительно|вирус)"
    r"|проверено на (?:наличие )?вирус|прежде чем (?:печатать|распечат))",
    re.IGNORECASE,
)
_MOST_OF_FOOTER = 400  # characters of a paragraph: there it says that it is one
_AROUND_WORDS = " \t*_,.-–—"
_ENDS = (".", "!", ":")
_FEW_WORDS = 3  # a line of signatures with more does not end as a sentence does
_NAME = re.compile(
    r"[ \t*_]{0,4}(?:i\. ?[av]\. |mgr |ing\. |dr\. ?)?[^\W\d_][\w.'’-]*(?:[ ,]{1,2}[^\W\d_][\w.'’-]*){0,4}[ \t*_]*"
)
_REACHED = re.compile(r"(?:\+|\b0|\(\d)[\d ()/.-]{6,20}\d|\b\d{3}[ .-]\d{3}[ .-]\d{3,4}\b|\bwww\.\w|\bhttps?://")
_DIGITS = re.compile(r"(?<!\d)\d{4}")
_AROUND_NAME = " \t*_,"
_APART = ("", ",", "|", "·", "•", "/", "–", "-")
_POSTSCRIPT = re.compile(r"\W{0,3}(?:n\.? ?b|p\. ?s|ps)\b", re.IGNORECASE)
_LONGEST = 90  # characters of a line below a name
_MOST_SMALL_WORDS = 3  # a line with more words that begin small is a sentence


def signature_start(seen: Sequence[str], quote: Sequence[bool]) -> int:
    """The line at which the signature begins that ends the text; len(seen) when there is none."""
    last = len(seen) - 1
    while last >= 0 and not seen[last].strip():
        last -= 1
    lowest = max(0, last - _MOST_LINES)
    for i in range(last, lowest - 1, -1):
        if quote[i]:
            break
        if _MARK.fullmatch(seen[i]):
            return i
    if last >= 0 and not quote[last] and is_phone(seen[last]):
        return last
    return _closing(seen, quote, last)


def without_signature(text: str, name: str) -> str:
    """The words of somebody whose name is known without his signature; all of them where there is none.

    It is his name, alone in a line, with lines below that tell where he is; and a closing formula above.
    """
    lines, seen = visible(text)
    return "\n".join(lines[: _signed(seen, [is_quoted(line) for line in seen], name)]).rstrip()


def what_signs(text: str, name: str) -> Literal["signs", "unclear", "says"]:
    """Whether words below commands are how their writer signs, be it with what his company puts below every mail.

    Unclear is what begins so and goes on with what may be words, and thanks that nobody signs.
    """
    lines = _without_footers(text)
    if not lines:
        return "signs"
    closing = _CLOSING.match(lines[0][:_LONGEST])
    behind = lines[0][closing.end() :] if closing is not None else ""
    closes = closing is not None and (not behind.strip() or _is_his(behind, name))
    signed = 0 if closes and behind.strip() else int(closes)  # the line in which his name may stand
    signs = len(lines) > signed and _is_his(behind or lines[signed], name)
    if not closes and not signs:
        return "says"
    below = lines[signed + signs :]
    if not signs and (below or _SAYS_THANKS.match(lines[0])):
        return "unclear"
    return "unclear" if any(map(_may_be_said, below)) else "signs"


def only_signs(text: str, name: str) -> bool:
    """Whether a text is nothing but how somebody signs: a closing formula or his name, and where he is below it."""
    lines = _without_footers(text)
    closing = _CLOSING.match(lines[0][:_LONGEST]) if lines else None
    closes = closing is not None and closing.end() == len(lines[0])
    said = folded(lines[closes].strip(_AROUND_NAME)).split() if len(lines) > closes else []
    signs = bool(said) and set(said) <= set(folded(name).split())
    return (closes or signs or not lines) and not any(map(_is_sentence, lines[closes + signs :]))


def _without_footers(text: str) -> list[str]:
    """The lines that say anything, without those that programs and companies put below every mail."""
    paragraphs: list[list[str]] = [[]]
    for line in visible(text)[1]:
        if line.strip() and not is_phone(line):
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return [line for lines in paragraphs for line in lines[: _footer_start(lines)]]


def _footer_start(lines: Sequence[str]) -> int:
    """The line of a paragraph at which it begins to be about its mail; len(lines) when it never does."""
    found = (n for n in range(len(lines)) if _FOOTER.match(" ".join(lines[n : n + _MOST_LINES])[:_MOST_OF_FOOTER]))
    return next(found, len(lines))


def _is_his(words: str, name: str) -> bool:
    """Whether they are the name of somebody, or a part of it; below it may stand in the same line what he is."""
    said, whole = folded(words.strip(_AROUND_WORDS)), folded(name)
    rest = said[len(whole) :].lstrip()
    return (bool(said) and set(said.split()) <= set(whole.split())) or (
        said.startswith(whole) and rest[:1] in tuple(filter(None, (*_APART, "(")))
    )


def _may_be_said(line: str) -> bool:
    return _is_sentence(line) or (line.rstrip().endswith(_ENDS) and len(line.split()) > _FEW_WORDS)


def is_phone(line: str) -> bool:
    """Whether the line is one that a phone's program adds by itself."""
    written, link, _ = without_marks(line).replace("( http", "<http").replace("(http", "<http").partition("<http")
    words = (written.partition(". ")[0] if link else written).strip(" \t*_")
    return len(words.split()) <= 13 and len(words) <= 110 and MOBILE.fullmatch(words.rstrip(". ")) is not None


def _signed(seen: Sequence[str], quote: Sequence[bool], name: str) -> int:
    last = max((i for i, line in enumerate(seen) if line.strip()), default=-1)
    for i in range(last, max(-1, last - _MOST_LINES), -1):
        if quote[i] or _is_sentence(seen[i]):
            break
        if i < last and folded(seen[i].strip(_AROUND_NAME)) == folded(name):
            above = next((k for k in range(i - 1, max(-1, i - 3), -1) if seen[k].strip()), i)
            closing = _CLOSING.match(seen[above][:_LONGEST])
            return above if closing is not None and closing.end() == len(seen[above]) else i
    return len(seen)


def _closing(seen: Sequence[str], quote: Sequence[bool], last: int) -> int:
    """The closing formula above a name and more than a name, to line `last`; len(seen) when there is none."""
    reached = False
    below: list[str] = []  # from the last one up
    for i in range(last, max(-1, last - _MOST_LINES), -1):
        line = seen[i]
        if quote[i]:
            break
        closing = _CLOSING.match(line[:_LONGEST]) if below else None
        if closing is not None:
            rest = line[closing.end() :].strip()
            lines = [*below, rest] if rest else below
            return i if reached and len(lines) > 1 and _is_name(lines[-1]) else len(seen)
        if not line.strip():
            if below and not reached:  # what stands below all ways to reach him is about something else
                break
            continue
        reaches = _REACHED.search(line) is not None or ADDRESS.search(line) is not None
        if _is_sentence(line) or (not reaches and _is_number(line)):
            break
        reached = reached or reaches
        below.append(line)
    return len(seen)


def _is_name(line: str) -> bool:
    return (
        len(line) <= 60 and _NAME.fullmatch(line.casefold()) is not None and any(w[0].isupper() for w in line.split())
    )


def _is_number(line: str) -> bool:
    """Whether it tells a number: of an order, of an account. A postal code begins its line, or follows a comma."""
    return any(found.start() and line[: found.start()].rstrip()[-1:] not in _APART for found in _DIGITS.finditer(line))


def _is_sentence(line: str) -> bool:
    """Whether somebody tells something in it, rather than who and where he is."""
    words = line.split()
    small = sum(word[0].islower() and word.isalpha() for word in words)
    return len(line) > _LONGEST or small > _MOST_SMALL_WORDS or "?" in line or _POSTSCRIPT.match(line) is not None
