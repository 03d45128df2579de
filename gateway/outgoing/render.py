"""What a mail says: subject, text and HTML, in one language, from one template.

Sources  RFC 2046 §5.1.4 (alternatives say the same), RFC 5646 (language tags).
         A mail is never half rendered and always says something: the template of the override folder, then the packaged
         one of the same language, then a fixed sentence. What went wrong on the way is in `Rendered.trouble`.
Not here  which templates there are (templates.py), what they may say (sandbox.py), header fields (compose.py).
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gateway.config import packaged
from gateway.outgoing.articles import Articles, read_articles
from gateway.outgoing.canned import Library, read_library
from gateway.outgoing.header import clean_header
from gateway.outgoing.kinds import kind_of
from gateway.outgoing.markdown import Button, Value, Words, filled, is_link, mail_link, parts
from gateway.outgoing.nearest import nearest
from gateway.outgoing.phrases import phrases_of
from gateway.outgoing.sandbox import FAILURES, Budget, plain, run
from gateway.outgoing.templates import HTML_LAYOUT, INSERTED, TEXT_LAYOUT, Layouts, Mail, TemplateSet, read_templates
from gateway.ticket.goes_to import in_short, is_shortened
from gateway.ticket.saying import Tongue, english

_MAX_SUBJECT = 250  # characters
_LAST_LANGUAGE = "en"
_NAME = re.compile(r"\{(\w+)\}")
_NO_WORDS = Words("", ())


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one mail says. `trouble` names what failed on the way here; empty is the rule."""

    subject: str
    text: str
    html: str
    language: str
    trouble: tuple[str, ...] = ()
    fixed: bool = False  # whether it is the sentence that is left when all templates failed
    formatted: bool = False  # whether the words of a person stand there as he set them


def load_templates(
    override: Path | None,
    default_language: str,
    budget: Callable[[], Budget],
    without: Collection[str] = (),
    kb: Path | None = None,
) -> "Templates":
    """The packaged templates, with those of the override folder in front of them.

    budget   makes the time and size that one mail may take
    without  files of the override folder that are left out
    kb       the folder of articles
    Raises   ConfigError  a folder or file cannot be read
    """
    given = read_templates(override) if override else {}
    taken = {path: source for path, source in given.items() if path not in without}
    library = read_library(override) if override else Library()
    articles = read_articles(kb) if kb else Articles()
    return Templates(read_templates(packaged("templates")), taken, default_language, budget, library, articles)


class Templates:
    """All templates. Rendering reads no files; `problems` names those of the site that are wrong."""

    def __init__(
        self,
        packaged: Mapping[str, str],
        override: Mapping[str, str],
        default_language: str,
        budget: Callable[[], Budget],
        library: Library = Library(),  # noqa: B008  (nothing changes it)
        articles: Articles = Articles(),  # noqa: B008  (nothing changes them)
    ) -> None:
        self._default, self._budget = default_language.lower(), budget
        self.canned, self.articles = library, articles
        self._override, self._packaged = TemplateSet(override), TemplateSet(packaged)
        if not {HTML_LAYOUT, TEXT_LAYOUT, f"_strings/{_LAST_LANGUAGE}.yaml"} <= packaged.keys():
            raise ValueError("the packaged templates have layouts and English words")

    @cached_property
    def _words(self) -> Mapping[str, Mapping[str, str]]:
        return {
            language: {**self._packaged.words[_LAST_LANGUAGE], **self._packaged.words.get(language, {}), **more}
            for language in (*self._packaged.words, *self._override.words)
            for more in (self._override.words.get(language, {}),)
        }

    @cached_property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with which file of the site; all of those are compiled for it.

        The packaged ones are compiled when they are first sent: that nothing is wrong with them was known before.
        """
        known = self._packaged.words[_LAST_LANGUAGE]
        unknown = (
            f"_strings/{language}.yaml: unknown word {word}"
            for language, words in self._override.words.items()
            for word in words
            if word not in known
        )
        return (*self._override.problems, *unknown, *self.canned.problems)

    def preferring(self, default_language: str) -> "Templates":
        """The same templates, with another language for whoever has none of ours."""
        other = copy(self)
        other._default = default_language.lower()  # noqa: SLF001 -- of the same class
        return other

    @property
    def names(self) -> frozenset[str]:
        """The mails that there are templates for."""
        return frozenset(name for name, _, _ in (*self._override.mails, *self._packaged.mails))

    @property
    def written(self) -> Mapping[str, frozenset[str]]:
        """The languages that each mail is written in, as NAME and NAME/VARIANT."""
        found: dict[str, set[str]] = {}
        for name, variant, language in (*self._override.mails, *self._packaged.mails):
            found.setdefault(f"{name}/{variant}" if variant else name, set()).add(language)
            for shared in kind_of(name).variants if variant is None else ():
                found.setdefault(f"{name}/{shared}", set()).add(language)
        return {name: frozenset(tags) for name, tags in found.items()}

    def words(self, language: str) -> Mapping[str, str]:
        """The words of a language, English ones in place of those it has not got."""
        return self._words.get(language, self._words[_LAST_LANGUAGE])

    @property
    def english(self) -> Tongue:
        """Of the command line, the log, and stored reasons."""
        return english(self.words(_LAST_LANGUAGE))

    def missing_words(self, language: str) -> tuple[str, ...]:
        """The words that a language has not got itself; English ones stand in their places."""
        own = self._override.words.get(language, {}).keys() | self._packaged.words.get(language, {}).keys()
        return tuple(word for word in self._packaged.words[_LAST_LANGUAGE] if word not in own)

    def render(
        self,
        template: str,
        variant: str | None,
        language: str,
        values: Mapping[str, Any],
        words: Words | None = None,
        formatted: Words | None = None,
    ) -> Rendered:
        """What the mail says; whatever stands in a template, there is an answer.

        language  a wish (RFC 5646); the nearest language that the mail is written in is taken
        variant   the template reads it as `mail.variant`; empty there is none
        values    plain; those of `kinds.py` and with `ticket.number`, `site.footer` (lines), `mail.reply_to` (None:
                  only an answer to this mail is known), `mail.goes_to` (people, language, note; None: the mail says
                  nothing of it), `mail.body_token`, and `clock` (see `phrases_of`)
        words     of a canned reply, which stand where the template says `canned()`
        formatted what a person wrote, as he set it: stands above them, in place of `answer.paragraphs`. Where that
                  cannot be, because a template does not say `canned()` or it becomes too long, they say it
        """
        given, trouble = plain({**values, "mail": {**values["mail"], "variant": variant or ""}}), list[str]()
        found = self._language_of(template, variant, language)
        if variant is not None and found is None:
            trouble.append(f"{template} has no variant {variant}")
            variant, found = None, self._language_of(template, None, language)
        if found is None:
            trouble.append(f"no template {template}")
        for mail, layouts in self._attempts((template, variant, found or "")):
            if isinstance(mail, str):
                trouble.append(mail)
                continue
            if formatted is not None and formatted.source:
                with suppress(*FAILURES):
                    without = {**given, "answer": {**given["answer"], "paragraphs": []}}
                    both = formatted.above(words or _NO_WORDS)
                    said = self._rendered(mail, layouts, found or "", without, tuple(trouble), both)
                    return replace(said, formatted=True)
            try:
                return self._rendered(mail, layouts, found or "", given, tuple(trouble), words or _NO_WORDS)
            except FAILURES as e:
                trouble.append(f"{mail.name}: {type(e).__name__}: {e}")
        spoken = next(tag for tag in self._chain(language) if tag in self._words)
        return self._fixed(template, spoken, given, tuple(trouble))

    def _chain(self, wanted: str) -> Iterator[str]:
        yield from (*nearest(wanted), self._default, _LAST_LANGUAGE)

    def _language_of(self, template: str, variant: str | None, wanted: str) -> str | None:
        sets = (self._override, self._packaged)
        names = _names(template, variant)
        tags = (t for t in self._chain(wanted) if any((template, n, t) in s.mails for s in sets for n in names))
        return next(tags, None)

    def _attempts(self, key: tuple[str, str | None, str]) -> Iterator[tuple[Mail | str, Layouts]]:
        """As configured; then all of it packaged, which differs only where something was overridden."""
        layouts = self._packaged.layouts
        assert layouts is not None  # noqa: S101  checked when this was made
        own, given = _first(self._packaged, key), _first(self._override, key)
        if given is not None:
            yield given, self._override.layouts or layouts
        if own is not None and self._override.layouts is not None and given is None:
            yield own, self._override.layouts
        if own is not None:
            yield own, layouts

    def _rendered(
        self,
        mail: Mail,
        layouts: Layouts,
        language: str,
        given: Mapping[str, Any],
        trouble: tuple[str, ...],
        canned: Words,
    ) -> Rendered:
        words, phrases = self.words(language), phrases_of(given, language)
        values = {**given, "strings": words}
        budget = self._budget()  # not before: whatever is read once for all mails is not the work of this one
        subject = clean_header(run(mail.subject, values, budget, phrases))[:_MAX_SUBJECT]
        inserted: list[Value] = []
        carried = list[Words]()

        def its_words() -> Words:
            carried.append(canned)
            return canned

        calls = {"button": _button_of(words, given), "canned": its_words}
        body = run(mail.body, {**values, INSERTED: inserted, **calls}, budget, phrases)
        if canned.source and not carried:
            raise ValueError("it does not say canned(): the words of a canned reply would be lost")
        content = filled(parts(body), inserted)
        around = {
            **values,
            "lang": language,
            "subject": subject,
            "preheader": clean_header(run(mail.preheader, values, budget, phrases)),
            "marker": _marker(words, given),
            "everybody": _everybody(words, given),
            "stands_out": bool(given["mail"].get("goes_to")),  # where it says who gets an answer
            "why": _why(words, given),
            "footer": given["site"]["footer"],
            "body_token": given["mail"]["body_token"],
        }
        text = run(layouts.text, {**around, "content": content.text}, budget, phrases)
        written = Markup(content.html)  # noqa: S704  escaped above
        html = run(layouts.html, {**around, "content": written}, budget, phrases)
        return Rendered(subject, text, html, language, trouble)

    def _fixed(self, mail: str, language: str, given: Mapping[str, Any], trouble: tuple[str, ...]) -> Rendered:
        words, number = self._words[language], given["ticket"]["number"]
        names = ("received_subject", "received") if mail == "auto_ack" else ("fixed_subject", "fixed")
        names = ("fixed_subject_alone", "fixed_alone") if number is None else names
        subject, sentence = (words[name].replace("{number}", str(number)) for name in names)
        last = f"{_why(words, given)}   {given['mail']['body_token']}"
        footer = "\n".join((*given["site"]["footer"], last))
        above = "\n".join(filter(None, (_marker(words, given), _everybody(words, given))))
        text = f"{above}\n\n{sentence}\n\n-- \n{footer}\n"
        html = "".join(f"<p>{escape(p)}</p>\n" for p in (*above.split("\n"), sentence, *footer.split("\n")))
        return Rendered(
            clean_header(subject),
            text,
            f'<!doctype html>\n<html lang="{language}"><body>{html}</body></html>\n',
            language,
            trouble,
            fixed=True,
        )


def _names(template: str, variant: str | None) -> tuple[str | None, ...]:
    """Under which names the variant of a mail may stand: its own, and that of the mail which tells it apart itself."""
    return (variant, None) if variant in kind_of(template).variants else (variant,)


def _first(files: TemplateSet, key: tuple[str, str | None, str]) -> Mail | str | None:
    template, variant, language = key
    found = (files.mail((template, name, language)) for name in _names(template, variant))
    return next((mail for mail in found if mail is not None), None)


def _why(words: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """Why its reader gets the mail."""
    why = given["mail"].get("why", "why_sent")
    if why == "why_because":  # of an agent, with the reason that the mail names
        because = given.get("because")
        known = {None: "assignee", "given": "assignee", "rule": "by_rule"}  # whoever is given it owns it
        return words[why].replace("{why}", words[f"because_{known.get(because, because)}"])
    return words[why].replace("{who}", given["mail"].get("who", ""))


def _marker(words: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """The first line of a mail; to an agent it says to whom an answer goes, and in which language he reads it."""
    goes_to = given["mail"].get("goes_to")
    if not goes_to:
        return words["reply_marker"]
    if goes_to["note"]:
        return words["reply_marker_note"]
    if not goes_to["people"]:
        return words["reply_marker_nobody"]
    language = words.get(f"in_{goes_to['language']}", goes_to["language"])
    said = {"who": in_short(goes_to["people"], words), "language": language}
    return _NAME.sub(lambda name: said.get(name[1], name[0]), words["reply_marker_to"])


def _everybody(words: Mapping[str, str], given: Mapping[str, Any]) -> str:
    """All whom an answer reaches, where the first line has no room for them; else empty."""
    people = (given["mail"].get("goes_to") or {}).get("people", ())
    return f"{words['reaches']}: {', '.join(people)}" if is_shortened(people) else ""


def _button_of(words: Mapping[str, str], given: Mapping[str, Any]) -> Callable[..., Button]:
    def button(text: str, command: str = "", to: str | None = "") -> Button:
        """What `button("…", command="#…")` in a template makes.

        to  an address, or a page; None: there is none, the command has to be written; else who gets an answer
        """
        address = to or given["mail"]["reply_to"]
        target = to if to and is_link(to) else mail_link(address, command) if address else None
        said = {"text": text, "command": command, "link": target or ""}
        word = "button" if to == "" else "link" if target else "in_reply"
        return Button(text, _NAME.sub(lambda name: said.get(name[1], name[0]), words[word]), target)

    return button
