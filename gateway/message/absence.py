"""Whether the words of a mail are those of an automatic answer: out of office, received with thanks.

Sources  what mail programs do: they put words before the subject that they answer; people leave sentences with them.
         A person who writes about an absence, the own or another's, is a person: subject and first words must agree,
         a question is a person's, and what people also write by hand counts only with a sentence that answers any mail.
         Under a subject that says nothing it takes thanks, an absence and where to turn with what is urgent, in a short
         answer; or that it says nothing else than what answers any mail.
Not here  the words (absence_words.py), fields (classify.py).
"""

import re

from gateway.message.absence_words import (
    ABSENT,
    ABSENT_THEN,
    AUTOMATIC,
    BACK,
    FOR_ANY_MAIL,
    INSTEAD,
    NO_ANSWER,
    OTHER_SUBJECTS,
    PLAIN_SUBJECTS,
    REQUEST,
    SUBJECTS,
    THANKS,
    URGENT,
)
from gateway.message.phrases import LatePattern, any_of

_MAX_BEGINNING = 700  # characters in which an automatic answer says what it is
_MAX_SUBJECT = 200

_PREFIX = re.compile(rf"\W{{0,3}}(?:{any_of(SUBJECTS)})\W{{0,3}}(?:[:：\-–(]|$)", re.IGNORECASE)
_OTHER_PREFIX = re.compile(rf"\W{{0,3}}(?:{any_of(OTHER_SUBJECTS)})\W{{0,3}}(?:[:：\-–(]|$)", re.IGNORECASE)
_PLAIN = re.compile(rf"\W{{0,3}}(?:{any_of(PLAIN_SUBJECTS)})", re.IGNORECASE)
_PLAIN_PREFIX = LatePattern(rf"\W{{0,3}}(?:{any_of(PLAIN_SUBJECTS)})\w*(?: \w{{1,20}}){{0,3}}\W{{0,3}}(?::| - |\bre\b)")
_ANSWERED = re.compile(
    r"(?:^|(?<=\W))(?:re|aw|odp|odg|res|rif|ha|sv|vs|ynt|απ|отв|відп)\s?:|\[[^\[\]]{0,12}#\s?\d{2,}[^\[\]]{0,12}\]",
    re.IGNORECASE,
)  # where the subject begins, people answer, too
# as programs write it: before the subject that they answer, or as a tag at either end
_HEADS = re.compile(
    rf"\W{{0,3}}(?:{any_of(SUBJECTS)})\s?[:：]\s*\S|.{{0,150}}?[\[(](?:{any_of(SUBJECTS)})[\])]", re.IGNORECASE
)
# a sentence begins where the text does, or after a stop, a comma of the greeting, a line end
_SENTENCE = r"(?:^|[.!,:;。*\n] ?)\W{0,4}(?=\w)"
_SAYS_AUTOMATIC = LatePattern(rf"{_SENTENCE}(?:{any_of(AUTOMATIC)})")
# spares most mails the long lists
_AUTOMAT = re.compile(r"auto(?:m|-|gen)|otomat|samodejn|а[ву]томат|αυτ[όο]ματ", re.IGNORECASE)
_ASKS = LatePattern(any_of(REQUEST))
_CITED = re.compile(  # a sentence that announces words, its own or another's
    r"(?<![^\s.!,:;])(?:[^\s.!,:;]{1,40} ){3,12}[^\s.!,:;]{1,40}:\s(?![+0(]\d|\S{1,64}@)"
)
_QUESTION = re.compile("[?？؟]|(?<=[\u0370-\u03ff\u1f00-\u1fff]);")  # in Greek it looks like a semicolon
_SAYS_ABSENT = LatePattern(rf"{_SENTENCE}(?:{any_of(ABSENT)})|\b(?:{any_of(ABSENT_THEN)})")
_SAYS_BACK = LatePattern(any_of(BACK))
_SAYS_INSTEAD = LatePattern(any_of(INSTEAD))
_SAYS_URGENT = LatePattern(any_of(URGENT))
_FOR_ANY_MAIL = LatePattern(any_of(FOR_ANY_MAIL))
_SAYS_NO_ANSWER = LatePattern(any_of(NO_ANSWER))
_STOP = re.compile(r"(?<!\d)[.!。](?=\s|$)|(?<![^\n]{50})\n")  # a long line may only be broken
_REACHED = re.compile(r"\w@\w|(?<![\d./-])[+0(][\d /().-]{6,20}\d")  # by mail or by telephone
_LEAST_SENTENCE = 4  # words of what is more than a name
_SAYS_THANKS = LatePattern(rf"{_SENTENCE}(?:{any_of(THANKS)})")


def automatic_answer(subject: str, text: str, *, answers: bool, by_machine: bool) -> str | None:
    """The evidence that the words are an automatic answer's; None when a person may have written them.

    text        the new words, without quotes
    answers     it refers to an earlier mail
    by_machine  a field or the envelope says that no person sent it now
    """
    subject, start = subject[:_MAX_SUBJECT].strip(), _dense(text[:_MAX_BEGINNING])
    prefixed = _PREFIX.match(subject) is not None
    other = _OTHER_PREFIX.match(subject) is not None
    if by_machine and (prefixed or other):
        return "subject of an automatic answer"
    heads = _HEADS.match(subject) is not None
    replies = answers or _ANSWERED.match(subject) is not None
    answers = answers or _ANSWERED.search(subject, 1) is not None
    hint = prefixed or heads or by_machine or other or _PLAIN.match(subject) or _AUTOMAT.search(start)
    short = replies and len(text) <= _MAX_BEGINNING
    if not hint and not (
        short and (_SAYS_THANKS.search(start) or (_REACHED.search(start) and _FOR_ANY_MAIL.search(start)))
    ):
        return None
    question = _QUESTION.search(start)
    if question and not (prefixed and answers):
        return None
    if question:
        start = start[: question.start()]  # what it says of itself, it says before it asks whether help is wanted
    if not by_machine:
        start = _CITED.split(start, maxsplit=1)[0]
    absent = _SAYS_ABSENT.search(start) is not None
    automatic = _SAYS_AUTOMATIC.search(start) is not None
    if prefixed and (absent or automatic):
        return "subject and words of an automatic answer"
    if other and (absent or answers):
        return "subject of an automatic answer"
    urgent = _SAYS_URGENT.search(start) is not None
    instead = urgent or _SAYS_INSTEAD.search(start) is not None
    meanwhile = instead or _SAYS_BACK.search(start) is not None
    thanks = _SAYS_THANKS.search(start) is not None
    if prefixed and thanks and (answers or meanwhile):
        return "subject and thanks of an automatic answer"
    asks = question or _ASKS.search(start) or (_AUTOMAT.search(start) and not automatic)
    if heads and not asks and (answers or absent or meanwhile or thanks):
        return "subject of an automatic answer, and nothing is asked"
    if automatic and (absent or thanks or _SAYS_NO_ANSWER.search(start)):
        return "it says that it is an automatic answer"
    if by_machine and absent and (meanwhile or thanks):
        return "words of an automatic answer"
    away = absent or (meanwhile and _says_no_more(start))
    if away and answers and _PLAIN_PREFIX.match(subject) and not _ASKS.search(start):
        return "subject and words of an absence, in answer to a mail"
    if _PLAIN.match(subject) and absent and thanks and meanwhile:
        return "subject and words of an automatic answer"
    if short and absent and thanks and answers and urgent and not asks:
        return "no more than thanks, an absence and where to turn, in answer to a mail"
    if short and _says_general(start, absent=absent, thanks=thanks, instead=instead):
        return "no more than what holds for any mail, in answer to a mail"
    return None


def _says_general(start: str, *, absent: bool, thanks: bool, instead: bool) -> bool:
    """Whether it says, beside thanks or a reason, what holds for whoever writes, and next to nothing else."""
    if _ASKS.search(start):
        return False
    general = _FOR_ANY_MAIL.search(start) is not None
    reached = _REACHED.search(start) is not None
    if absent and (general or (thanks and instead)) and (thanks or reached):
        return _says_no_more(start)
    return thanks and general and reached and _says_where(start) and _says_no_more(start, but=1)


def _says_no_more(start: str, but: int = 0) -> bool:
    """Whether all sentences of some length, but for some, are of those that stand in automatic answers."""
    usual = (_SAYS_ABSENT, _SAYS_URGENT, _SAYS_INSTEAD, _SAYS_BACK, _SAYS_THANKS, _FOR_ANY_MAIL)
    return but >= sum(
        len(said.split()) >= _LEAST_SENTENCE and not said.endswith(",") and not any(p.search(said) for p in usual)
        for said in _STOP.split(start)
    )


def _says_where(start: str) -> bool:
    """Whether a sentence that is for any mail says where to turn."""
    return any(_FOR_ANY_MAIL.search(said) and _REACHED.search(said) for said in _STOP.split(start))


def _dense(text: str) -> str:
    """The text without empty lines, its words one blank apart."""
    return "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))
