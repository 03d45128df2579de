"""What is wrong with the templates: everything that can be seen before a mail is sent.

Sources  mails-out.md §1 (lengths), §5 (`check`). Each template is rendered with every fixture of its mail, inside the
         bounds of a real mail; what comes out is looked at as a mail program would.
Not here  what a template may say at all (sandbox.py), the fixtures (fixtures.py).
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html import unescape

from gateway.outgoing.canned import Canned, sample
from gateway.outgoing.fixtures import fixture, fixtures
from gateway.outgoing.header import clean_header
from gateway.outgoing.kinds import CARRY_CANNED, kind_of
from gateway.outgoing.markdown import Words, is_link
from gateway.outgoing.render import Rendered, Templates
from gateway.outgoing.templates import path_of

_MAX_SUBJECT, _MAX_PREHEADER = 60, 90  # characters
_MAX_HTML = 30 * 1024
_LEAST_SHARE = 0.8  # of the words of the HTML that the text says
_ALLOWED_TAGS = {
    "a", "blockquote", "body", "br", "div", "h1", "h2", "head", "html", "li", "meta", "ol", "p", "strong", "style",
    "table", "tbody", "td", "th", "thead", "title", "tr", "ul",
}  # fmt: skip
_VAGUE = {"click here", "here", "hier", "tutaj", "tu", "zde", "aqui", "ovdje", "здесь", "link", "more"}
_TAG = re.compile(r"<\s*([a-z0-9]+)([^>]*)>", re.IGNORECASE)
_HREF = re.compile(r'\bhref="([^"]*)"', re.IGNORECASE)
_LINK_TEXT = re.compile(r"<a\b[^>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_PREHEADER = re.compile(r'<div style="display:none[^>]*>(.*?)</div>', re.DOTALL)
_HEAD = re.compile(r"<head>.*?</head>|<div style=\"display:none[^>]*>.*?</div>", re.IGNORECASE | re.DOTALL)
_ANY_TAG = re.compile(r"<[^>]*>")
_SUBJECT_TAG = re.compile(r"^\[#\d+\] |\s*\(#\d+\)$")
_COMMAND = re.compile(r"body=%23([^%&\"]+)")
_WORD = re.compile(r"\w+")
_WORDS_OF_SITE = Words("As agreed.", ())

COMMANDS = {
    "accept", "answer", "ask", "assign", "away", "back", "bad", "cc", "closed", "confirm", "customer", "digest",
    "discard", "dry", "due", "escalate", "follow", "good", "ham", "help", "history", "hold", "internal", "lang", "link",
    "list", "macro", "merge", "mine", "note", "ok", "open", "original", "pending", "priority", "receipts", "reject",
    "remind", "responsible", "search", "send", "set", "show", "silent", "snooze", "solved", "spam", "split", "stats",
    "tag", "team", "uncc", "undo", "unfollow", "unlink", "untag", "use", "why",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one file."""

    file: str
    fixture: str  # empty: with the file itself
    text: str

    def __str__(self) -> str:
        return f"{self.file}{f' ({self.fixture})' if self.fixture else ''}: {self.text}"


def findings(
    templates: Templates, languages: Collection[str], only: Collection[str] | None = None
) -> Iterator[Finding]:
    """All that is wrong; what is wrong with a template in several fixtures is told once.

    only  these mails; None is all there are
    """
    for problem in templates.problems:
        file, _, text = problem.partition(": ")
        yield Finding(file, "", text)
    yield from (Finding(problem.file, "", problem.text) for problem in templates.articles.problems)
    for language in languages:
        for word in templates.missing_words(language):
            yield Finding(f"_strings/{language}.yaml", "", f"the word {word} is missing")
    seen = set[tuple[str, str]]()
    for name in sorted(templates.written):
        mail, _, variant = name.partition("/")
        if only is not None and mail not in only:
            continue
        for language in languages:
            if language not in templates.written[name]:
                yield Finding(path_of(mail, variant or None, language), "", "the mail is not written in this language")
            else:
                yield from _of_one(templates, mail, variant or None, language, seen)
    if only is None:
        yield from _of_canned(templates, languages)
        yield from findings_of_articles(templates, languages)


def findings_of_articles(templates: Templates, languages: Collection[str]) -> Iterator[Finding]:
    """What is wrong with articles, beside what kept them out altogether."""
    for article in templates.articles:
        if article.words.language in languages:
            yield from _carried(templates, article.words)


def _carried(templates: Templates, canned: Canned) -> Iterator[Finding]:
    """What is wrong with words as an answer carries them."""
    said = templates.render("answer", None, canned.language, fixture("answer"), sample(canned).words)
    yield from (Finding(canned.file, "", text) for text in _wrong(said, "", long_names=False))


def _of_canned(templates: Templates, languages: Collection[str]) -> Iterator[Finding]:
    """What is wrong with canned replies, beside what kept them out altogether."""
    written: dict[str, list[str]] = {}
    for canned in templates.canned:
        written.setdefault(f"{canned.kind}s/{canned.name}", []).append(canned.language)
        if canned.language in languages:
            yield from _carried(templates, canned)
    for name, of in written.items():
        for language in (each for each in languages if each not in of):
            yield Finding(f"{name}/{language}.md", "", "the reply is not written in this language")


def _of_one(
    templates: Templates, mail: str, variant: str | None, language: str, seen: set[tuple[str, str]]
) -> Iterator[Finding]:
    """What is wrong with one mail and was not seen yet: a variant may stand in the same file."""
    file = path_of(mail, None if variant in kind_of(mail).variants else variant, language)
    for situation, values in fixtures(mail):
        rendered = templates.render(mail, variant, language, values, _WORDS_OF_SITE if mail in CARRY_CANNED else None)
        for text in _wrong(rendered, values["ticket"]["subject"], long_names=situation == "long-name"):
            if (file, text) not in seen:
                seen.add((file, text))
                yield Finding(file, situation, text)


def _wrong(mail: Rendered, about: str, *, long_names: bool) -> Iterator[str]:
    """What is wrong with a mail as its reader gets it.

    about, long_names  the subject of its ticket, and whether names are long: no fault of the template
    """
    if mail.trouble:
        yield mail.trouble[0]
        return
    subject = _SUBJECT_TAG.sub("", mail.subject.replace(clean_header(about), ""))
    if len(subject) > _MAX_SUBJECT and not long_names:
        yield f"the subject has {len(subject)} characters, {_MAX_SUBJECT} are shown: {subject}"
    hidden = _PREHEADER.search(mail.html)
    if hidden and len(unescape(hidden[1])) > _MAX_PREHEADER and not long_names:
        yield f"the preheader has {len(unescape(hidden[1]))} characters, {_MAX_PREHEADER} are shown: {hidden[1]}"
    if any(ord(letter) >= 0x2190 and not letter.isalpha() for letter in mail.subject):
        yield "the subject has a picture in it"
    if len(mail.html.encode()) > _MAX_HTML:
        yield f"the HTML has {len(mail.html.encode()) // 1024} KiB, {_MAX_HTML // 1024} are allowed"
    yield from _wrong_tags(mail.html)
    html, text = _WORD.findall(unescape(_ANY_TAG.sub(" ", _HEAD.sub("", mail.html)))), _WORD.findall(mail.text)
    if len(text) < _LEAST_SHARE * len(html):
        yield "the text says less than the HTML"


def _wrong_tags(html: str) -> Iterator[str]:
    for tag, rest in _TAG.findall(html):
        if tag.lower() not in _ALLOWED_TAGS:
            yield f"the tag <{tag}> is not for mails"
        for target in _HREF.findall(rest):
            if not is_link(unescape(target)):
                yield f"a link leads to {target[:60]}; only https and mailto do"
            for command in _COMMAND.findall(target):
                if command not in COMMANDS:
                    yield f"there is no command #{command}"
    for words in _LINK_TEXT.findall(html):
        if _ANY_TAG.sub("", words).strip().casefold() in _VAGUE:
            yield f"the link “{words}” does not say where it leads"
