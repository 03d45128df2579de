"""`mailwicket kb`: the knowledge articles of the site, looked at, looked for, checked."""

from datetime import date
from typing import Any

import click

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Group, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, CommandError
from gateway.cli.output import Column, block, counted, print_json, print_lines, printable, table
from gateway.outgoing.articles import Article, Articles, is_old
from gateway.outgoing.lint import findings_of_articles
from gateway.outgoing.render import Templates
from gateway.store.articles import Uses, uses
from gateway.ticket.saying import worded

_COLUMNS = (Column("Id"), Column("Title", least=12), Column("For"), Column("Languages", least=9), Column("Reviewed"))

_REPORT = (
    *_COLUMNS[:2],
    *(Column(head, right=True) for head in ("Offered", "Suggested", "Inserted", "Solved")),
    Column("Last used"),
)


@click.group(cls=Group, examples=("mailwicket kb list", "mailwicket kb search damaged parcel"))
def kb() -> None:
    """Look at knowledge articles; look for them, check them."""


@kb.command("list", examples=("mailwicket kb list", "mailwicket kb list --stale"))
@click.option("--stale", is_flag=True, help="Only those that nobody has reviewed for a year.")
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, stale: bool, as_json: bool) -> None:
    """List all articles: for whom, in which languages, when somebody looked last whether they are still true."""
    articles = _templates(invocation).articles
    rows = [_row(invocation, articles, id) for id in articles.ids]
    _print([row for row in rows if row["stale"] or not stale], invocation, as_json=as_json)


@kb.command("report", examples=("mailwicket kb report", "mailwicket kb report --json"))
@json_option
@pass_invocation
def report(invocation: Invocation, *, as_json: bool) -> None:
    """List how often each was offered to customers, suggested to agents, inserted, and was enough for a customer."""
    articles, usual = _templates(invocation).articles, settings_of(invocation).site.languages[0]
    with reading(invocation) as c:
        found = uses(c)
    rows = [(articles.written(id, usual), found.get(id, Uses())) for id in articles.ids]
    if as_json:
        told = (
            {
                "id": article.id,
                "title": article.words.title,
                **{name: getattr(use, name) for name in ("offered", "suggested", "inserted", "solved")},
                "last": use.last.isoformat() if use.last is not None else None,
            }
            for article, use in rows
        )
        print_json("kb-report/1", {"articles": list(told)})
        return
    today = invocation.now().date()
    shown = (
        (a.id, a.words.title, str(u.offered), str(u.suggested), str(u.inserted), str(u.solved), _last(u.last, today))
        for a, u in rows
    )
    print_lines(table(_REPORT, shown, invocation.columns()))


@kb.command("search", examples=("mailwicket kb search damaged parcel", "mailwicket kb search zwrot --json"))
@click.argument("words", nargs=-1, required=True, metavar="WORDS")
@json_option
@pass_invocation
def search(invocation: Invocation, words: tuple[str, ...], *, as_json: bool) -> None:
    """List the articles that have all these words, without regard to case and accents."""
    articles = _templates(invocation).articles
    _print([_row(invocation, articles, id) for id in articles.search(" ".join(words))], invocation, as_json=as_json)


@kb.command("show", examples=("mailwicket kb show KB-12", "mailwicket kb show KB-12 --lang pl"))
@click.argument("id", metavar="KB-12")
@click.option("--lang", metavar="L", help="In this language; else in that of the site.")
@pass_invocation
def show(invocation: Invocation, id: str, lang: str | None) -> None:
    """Print an article as a mail would have it in its text, its tokens as they stand there."""
    templates, id, usual = _templates(invocation), id.upper(), settings_of(invocation).site.languages[0]
    articles = templates.articles
    if id not in articles.ids:
        said = worded(articles.unknown(id, usual), templates.english)
        raise CommandError(printable(said, 400), hint="mailwicket kb list", exit_code=NOT_FOUND)
    tags = articles.languages(id)
    if lang is not None and lang.lower() not in tags:
        said = f"{id} is not written in “{printable(lang, 40)}”"
        raise CommandError(said, hint=f"it is in {', '.join(tags)}", exit_code=NOT_FOUND)
    article = articles.written(id, lang or usual)
    about = (printable(article.called), _for(articles, id), article.words.language, _reviewed(article))
    print_lines([" · ".join(about), ""])
    print_lines(block(article.words.body).splitlines())


@kb.command("check", examples=("mailwicket kb check", "mailwicket kb check --json"))
@json_option
@pass_invocation
def check(invocation: Invocation, *, as_json: bool) -> None:
    """Say what is wrong with the files of articles; findings end with 1."""
    settings = settings_of(invocation)
    templates = policy.templates_of(settings, invocation.clock)
    problems = templates.articles.problems
    found = list(findings_of_articles(templates, settings.site.languages))
    if as_json:
        rows = [{"file": p.file, "line": p.line or None, "text": p.text} for p in problems]
        rows += [{"file": f.file, "line": None, "text": f.text} for f in found]
        print_json("kb-check/1", {"findings": rows})
    else:
        print_lines(block(str(problem)) for problem in problems)
        print_lines(f"✗ {printable(str(f), 400)}" for f in found)
        if not problems and not found:
            print_lines([f"✓ {counted(len(templates.articles.ids), 'article')}: nothing is wrong"])
    if problems or found:
        raise click.exceptions.Exit(FINDINGS)


def _templates(invocation: Invocation) -> Templates:
    """All that is said, articles among it.

    Raises  CommandError  the site has none of those
    """
    settings = settings_of(invocation)
    if settings.paths.kb is None:
        hint = "paths.kb in mailwicket.toml"
        raise CommandError("there is no folder of articles", hint=hint, exit_code=NOT_FOUND)
    return policy.templates_of(settings, invocation.clock)


def _row(invocation: Invocation, articles: Articles, id: str) -> dict[str, Any]:
    article = articles.written(id, settings_of(invocation).site.languages[0])
    return {
        "id": id,
        "title": article.words.title,
        "visibility": "internal" if id in articles.internal else "public",
        "languages": list(articles.languages(id)),
        "reviewed": article.reviewed.isoformat() if article.reviewed is not None else None,
        "reviewed_by": article.reviewed_by or None,
        "stale": article.is_stale(invocation.now().date()),
    }


def _print(rows: list[dict[str, Any]], invocation: Invocation, *, as_json: bool) -> None:
    if as_json:
        print_json("kb-list/1", {"articles": rows})
        return
    shown = (
        (
            row["id"],
            row["title"],
            row["visibility"],
            " ".join(row["languages"]),
            f"{row['reviewed'] or 'never'}{' (stale)' if row['stale'] else ''}",
        )
        for row in rows
    )
    print_lines(table(_COLUMNS, shown, invocation.columns()))


def _last(day: date | None, today: date) -> str:
    if day is None:
        return "never"
    return f"{day:%Y-%m-%d}{' (stale)' if is_old(day, today) else ''}"


def _for(articles: Articles, id: str) -> str:
    return "for our own people" if id in articles.internal else "public"


def _reviewed(article: Article) -> str:
    by = f" by {printable(article.reviewed_by)}" if article.reviewed_by else ""
    return f"reviewed {article.reviewed:%Y-%m-%d}{by}" if article.reviewed is not None else "never reviewed"
