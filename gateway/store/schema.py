"""The tables. The same on SQLite and PostgreSQL; a migration changes them, never this file alone.

Times are integers: microseconds since 1970 in UTC (`Moment`), so that both databases sort and compare them alike.
Structured values without a life of their own (tags, forward-paths, attachments, traces) are JSON text.
Not here  statements (inbound.py, tickets.py, outbox.py), connections (engine.py), steps between versions (migrations/).
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else microseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


def microseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_TO_COME, _NOT_ENDED = text("next_at IS NOT NULL"), text("ended_at IS NULL")
_UNFINISHED = text("state in ('accepted', 'failing', 'ordered')")
_FAILED, _DEFERRED = text("state = 'failed'"), text("state = 'deferred'")
_HELD, _IS_HELD = text("state = 'held'"), text("held IS NOT NULL")
_IS_THANKS = text("thanks_at IS NOT NULL")
_WAITING, _QUARANTINE = text("state = 'waiting'"), text("disposition = 'quarantine'")
_THERE, _EXPLAINED = text("gone_at IS NULL"), text("explanation <> ''")
_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER keys by itself


def _id(name: str = "id") -> Column[int]:
    return Column(name, _Id, primary_key=True, autoincrement=True)


inbound = Table(
    "inbound",
    metadata,
    _id(),
    Column("key", String(32), nullable=False, unique=True),
    Column("received_at", Moment, nullable=False),
    Column("via", String(8), nullable=False),
    Column("reverse_path", Text),  # NULL is <>
    Column("forward_paths", Text, nullable=False),
    Column("helo", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("state", String(8), nullable=False),  # accepted, working, done
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("lease_token", String(32)),
    Column("lease_until", Moment),
    Column("released", Boolean, nullable=False, server_default=text("false")),  # by a person: no rule may end it
    Column("disposition", String(12)),  # NULL is pending
    Column("reason", Text),
    Column("ticket", _Id),
    Column("entry", _Id),
    Column("duplicate_of", String(32)),  # key of the mail whose raw bytes this one shares
    Column("message_id", Text),
    Column("author", Text),
    Column("subject", Text),
    Column("explanation", Text),
    Column("finished_at", Moment),
    Column("verified", Text),  # our own verdicts, once: whoever processes the mail again sees the same
    Column("imported", Text),  # of an archive: the status its ticket begins with; NULL is mail that came in
    Column("whole_octets", BigInteger),  # of the mail that this is the beginning of; NULL: it is all of it
    Column("gone_at", Moment),  # when its octets were deleted, because their time was over
    Index(
        "ix_inbound_pending",
        "id",
        sqlite_where=text("state <> 'done'"),
        postgresql_where=text("state <> 'done'"),
    ),
    Index("ix_inbound_ticket", "ticket"),
    Index("ix_inbound_quarantine", "id", sqlite_where=_QUARANTINE, postgresql_where=_QUARANTINE),
    Index("ix_inbound_there", "finished_at", sqlite_where=_THERE, postgresql_where=_THERE),
    Index("ix_inbound_explained", "finished_at", sqlite_where=_EXPLAINED, postgresql_where=_EXPLAINED),
)

raw_piece = Table(
    "raw_piece",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("piece", Integer, primary_key=True),
    Column("octets", LargeBinary, nullable=False),
)

arrival = Table(  # the same bytes with the same envelope, per recipient (acceptance A-07)
    "arrival",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("key", String(32), nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

content = Table(  # the same mail by another way (acceptance A-08), or in an archive, however old
    "content",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("key", String(32), nullable=False, index=True),
    Column("expires_at", Moment, nullable=False),  # until when mail that comes in is compared with it
)

customer = Table(
    "customer",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("language", String(16)),  # of the first mail
    Column("chosen_language", String(16)),
    Column("muted", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", Moment, nullable=False),
    Column("organisation", Text),
    Column("zone", Text),
    Column("contract", Text),
    Column("tier", Text),
    Column("tags", Text, nullable=False, server_default=text("'[]'")),
    Column("attributes", Text, nullable=False, server_default=text("'{}'")),  # what look-up tables give beside those
    Column("restricted", Boolean, nullable=False, server_default=text("false")),
    Column("merged_into", _Id),  # the customer who has its addresses and tickets now
    Column("before_merge", Text),  # what taking that back needs
)

customer_address = Table(
    "customer_address",
    metadata,
    Column("address", Text, primary_key=True),  # normal form, for comparing
    Column("customer", _Id, ForeignKey(customer.c.id), nullable=False, index=True),
)

TO_DO = text("status_type IN ('new', 'open')")  # as it stands in the index: SQLite finds it by no other words
ticket = Table(
    "ticket",
    metadata,
    _id("number"),
    Column("subject", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("assignee", Text),
    Column("priority", String(8), nullable=False),
    Column("status", String(32), nullable=False),
    Column("tags", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("flags", Text, nullable=False),
    Column("language", String(16)),
    Column("channel", String(8), nullable=False),
    Column("customer", _Id, ForeignKey(customer.c.id), index=True),
    Column("requester_name", Text),
    Column("requester_address", Text),  # NULL: the mail had no usable author
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("responsible", Text),
    Column("status_type", String(16), nullable=False, server_default=text("'new'")),
    Column("status_reason", Text),
    Column("status_at", Moment, nullable=False, server_default=text("0")),  # since when it has this status
    Column("due", Moment),  # set by hand
    Column("snoozed_until", Moment),
    Column("awake_status", String(32)),  # what it was before it was snoozed or merged
    Column("awake_status_type", String(16)),
    Column("merged_into", _Id, index=True),
    Column("origin", Text),  # IP address that the first mail claims to come from
    Column("followers", Text, nullable=False, server_default=text("'[]'")),
    Column("needs", Text, nullable=False, server_default=text("'[]'")),  # skills
    Column("escalation", Integer, nullable=False, server_default=text("0")),
    Column("reopened", Integer, nullable=False, server_default=text("0")),
    Column("sla", Text),  # the policy that somebody chose
    Column("next_due", Moment),  # when the first promise for it falls due
    Column("answer_due", Moment),
    Column("next_rung", Moment),  # when the next thing happens to it by itself
    Column("nudged", Integer, nullable=False, server_default=text("0")),  # days of the last reminder in this status
    Column("revision", Integer, nullable=False, server_default=text("0")),  # of what people said; agents saw one
    Column("next_unlock", Moment),  # when its owner, silent since, loses it
    Index("ix_ticket_to_do", "assignee", "team", sqlite_where=TO_DO, postgresql_where=TO_DO),
    Index(
        "ix_ticket_next_unlock",
        "next_unlock",
        sqlite_where=text("next_unlock IS NOT NULL"),
        postgresql_where=text("next_unlock IS NOT NULL"),
    ),
    Index("ix_ticket_status_updated_at", "status", "updated_at"),
    # a list is read off an index alone; ix_ticket_due and ix_ticket_priority have the same columns in other orders
    Index(
        "ix_ticket_listing",
        "updated_at",
        "number",
        "status",
        "status_type",
        "team",
        "assignee",
        "priority",
        "language",
        "created_at",
    ),
    Index(
        "ix_ticket_next_rung",
        "next_rung",
        sqlite_where=text("next_rung IS NOT NULL"),
        postgresql_where=text("next_rung IS NOT NULL"),
    ),
    Index(
        "ix_ticket_snoozed_until",
        "snoozed_until",
        sqlite_where=text("snoozed_until IS NOT NULL"),
        postgresql_where=text("snoozed_until IS NOT NULL"),
    ),
)

ticket_alias = Table(  # other names of a ticket: numbers of an old desk, tags of imported systems
    "ticket_alias",
    metadata,
    Column("alias", Text, primary_key=True),  # looked up in any case (ix_ticket_alias_folded)
    Column("ticket", _Id, ForeignKey(ticket.c.number), nullable=False, index=True),
)

participant = Table(
    "participant",
    metadata,
    Column("ticket", _Id, ForeignKey(ticket.c.number), primary_key=True),
    Column("address", Text, primary_key=True),  # normal form
    Column("role", String(12), nullable=False),  # requester, cc
    Column("name", Text, nullable=False, server_default=text("''")),
)

entry = Table(
    "entry",
    metadata,
    _id(),
    Column("ticket", _Id, ForeignKey(ticket.c.number), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("author_name", Text),
    Column("author_address", Text),
    Column("at", Moment, nullable=False),
    Column("text", Text, nullable=False),
    Column("quoted", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("html", Text),
    Column("message_id", Text),
    Column("public", Boolean, nullable=False),
    Column("trust", String(12)),
    Column("attachments", Text, nullable=False),
    Column("source", String(40), unique=True),  # one mail, one entry, however often it is processed
    Column("held", Text),  # why it waits for an agent's word; NULL is not held
    Column("revision", Integer),  # that it raised its ticket to; NULL: it raised none
    Column("thanks_at", Moment),  # when it was filed as a mere thank-you that opens nothing again; NULL: it is none
    Index("ix_entry_author_address", "author_address", "id"),
    Index("ix_entry_held", "at", sqlite_where=_IS_HELD, postgresql_where=_IS_HELD),
    Index("ix_entry_thanks", "thanks_at", sqlite_where=_IS_THANKS, postgresql_where=_IS_THANKS),
)

kept_file = Table(  # of notes: an entry names them by their hash (kept_files.py)
    "kept_file",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("octets", LargeBinary, nullable=False),
)

ticket_message = Table(  # who sent, or was sent, which Message-ID in which ticket
    "ticket_message",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("ticket", _Id, ForeignKey(ticket.c.number), nullable=False, index=True),
)

ticket_link = Table(
    "ticket_link",
    metadata,
    Column("ticket", _Id, ForeignKey(ticket.c.number), primary_key=True),
    Column("other", _Id, ForeignKey(ticket.c.number), primary_key=True, index=True),
    Column("kind", String(12), primary_key=True),
)

legal_hold = Table(  # tickets and customers of whom nothing is deleted, whatever its age
    "legal_hold",
    metadata,
    _id(),
    Column("ticket", _Id),
    Column("customer", _Id),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_legal_hold_ticket", "ticket", unique=True),
    Index("ix_legal_hold_customer", "customer", unique=True),
)

audit = Table(  # triggers forbid changing and deleting its rows; a detail can be erased
    "audit",
    metadata,
    _id("seq"),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),  # customer, agent:ID, rule:ID, system, operator
    Column("action", Text, nullable=False),
    Column("ticket", _Id, index=True),
    Column("source", String(32)),  # key of the mail that caused it
    Column("detail", Text, nullable=False),  # '' without a salt: erased
    Column("customer", _Id, index=True),
    Column("basis", Text),  # what the actor's right rests on
    Column("object", Text),  # what was changed, where it is no ticket and no customer
    Column("salt", LargeBinary),
    Column("commitment", LargeBinary),  # SHA-256(salt || detail)
    Column("prev", LargeBinary),  # hash of the row before
    Column("hash", LargeBinary),  # NULL: of a version without a chain
)

search_backlog = Table(  # one row: the highest ticket whose words are not yet in `search` (search.py); 0 is none
    "search_backlog",
    metadata,
    Column("ticket", BigInteger, nullable=False),
)

shared_words = Table(  # words that all tickets of a block have, parted by blanks (shared_words.py)
    "shared_words",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
)

held_mail = Table(  # mails of agents that wait for their word: nothing of them is done
    "held_mail",
    metadata,
    _id(),
    Column("at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("mail", String(32), nullable=False),  # key of the accepted mail
    Column("ticket", _Id, index=True),  # NULL: it is about none that we know
    Column("agent", Text, nullable=False),
    Column("code", String(20), nullable=False),  # why it waits
    Column("proposal", Text, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, then how it ended
    Column("decided_at", Moment),
    Column("decided_by", Text, nullable=False),
    Index("ix_held_mail_agent", "agent", "decided_at"),
    Index(
        "ix_held_mail_waiting",
        "expires_at",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
)

agent_key = Table(  # how often the tokens of an agent were withdrawn; none: never
    "agent_key",
    metadata,
    Column("address", Text, primary_key=True),  # of the agent, normal form
    Column("generation", Integer, nullable=False),
    Column("since", Moment, nullable=False),
)

receipt = Table(  # what can be taken back: merges, splits, and the commands of a mail
    "receipt",
    metadata,
    _id(),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(12), nullable=False),  # merge, split, commands
    Column("ticket", _Id, ForeignKey(ticket.c.number), index=True),  # where the entries came from; NULL: about none
    Column("other", _Id, ForeignKey(ticket.c.number), index=True),  # where they went; of commands the same
    Column("before", Text, nullable=False),  # what undoing needs
    Column("undone_at", Moment),
)

rule_revision = Table(
    "rule_revision",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("sha256", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("files", Text, nullable=False),
    Column("tables", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("loaded_at", Moment, nullable=False),
)

outline = Table(  # what the rules of a revision ask: traces name it
    "outline",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("octets", LargeBinary, nullable=False),
)

delayed = Table(  # actions of rules for later
    "delayed",
    metadata,
    _id(),
    Column("ticket", _Id, ForeignKey(ticket.c.number), nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("action", Text, nullable=False),  # its name and its values
    Column("words", Text, nullable=False),  # for people
    Column("unless", Text, nullable=False),  # the events that cancel it
    Column("made_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, done, cancelled, failed
    Column("reason", Text, nullable=False),  # why it was not done
    Column("settled_at", Moment),
    Index("ix_delayed_due", "due_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
)

rule_fired = Table(  # rules that a ticket has seen once and for all, or once since a person wrote last
    "rule_fired",
    metadata,
    Column("ticket", _Id, ForeignKey(ticket.c.number), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("cycle", Integer, primary_key=True),  # how many mails and answers the ticket had; -1 is for all time
)

happening = Table(  # what the rules said where no mail was the cause
    "happening",
    metadata,
    _id(),
    Column("ticket", _Id, ForeignKey(ticket.c.number), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("events", Text, nullable=False),
    Column("reasons", Text, nullable=False),
)

situation = Table(  # what the rules were asked about a mail, so that others can be asked the same
    "situation",
    metadata,
    Column("mail", _Id, primary_key=True, autoincrement=False),  # id of the accepted mail
    Column("at", Moment, nullable=False, index=True),
    Column("octets", LargeBinary, nullable=False),
)

own_setting = Table(  # of agents, instead of what the rules say of them
    "own_setting",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("name", String(16), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("dedupe_key", Text, nullable=False, unique=True),
    Column("ticket", _Id),
    Column("template", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("auto", Boolean, nullable=False),
    Column("forward_path", Text, nullable=False),
    Column("recipient", Text, nullable=False),  # normal form of forward_path, for budgets
    Column("domain", Text, nullable=False),
    Column("reverse_path", Text),  # NULL is <>
    Column("message_id", Text, nullable=False),
    Column("raw", LargeBinary),  # NULL only for what was suppressed and never rendered
    Column("state", String(12), nullable=False),
    Column("stage", String(12), nullable=False),  # queued, connecting, dot, done
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("next_attempt_at", Moment),
    Column("lease_token", String(32)),
    Column("lease_until", Moment),
    Column("last_reply", Text, nullable=False),
    Column("reason", Text, nullable=False),  # the guard's word, or why it failed
    Column("settled_at", Moment),
    Column("tried_since", Moment),  # giving up counts from it; NULL: from the next attempt
    Index(
        "ix_outbox_due",
        "next_attempt_at",
        sqlite_where=text("state in ('queued', 'deferred', 'uncertain')"),
        postgresql_where=text("state in ('queued', 'deferred', 'uncertain')"),
    ),
    Index(
        "ix_outbox_leased",
        "lease_until",
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
    Index("ix_outbox_held", "id", sqlite_where=_HELD, postgresql_where=_HELD),
    Index("ix_outbox_failed", "settled_at", sqlite_where=_FAILED, postgresql_where=_FAILED),
    Index("ix_outbox_deferred", "queued_at", sqlite_where=_DEFERRED, postgresql_where=_DEFERRED),
    Index("ix_outbox_recipient", "recipient", "queued_at"),
    Index("ix_outbox_domain", "domain", "queued_at"),
    Index("ix_outbox_ticket", "ticket", "queued_at"),
    Index("ix_outbox_queued_at", "queued_at"),
)

sla_ledger = Table(  # what happened in a ticket that its clocks rest on
    "sla_ledger",
    metadata,
    _id(),
    Column("ticket", _Id, ForeignKey(ticket.c.number), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("what", String(10), nullable=False),
    Column("value", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("entry", _Id),  # with which the line moves to another ticket
)

sla_clock = Table(  # the newest clock of each kind, worked out from the ledger: what the tick and lists look up
    "sla_clock",
    metadata,
    Column("ticket", _Id, ForeignKey(ticket.c.number), primary_key=True),
    Column("metric", String(16), primary_key=True),
    Column("cycle", Integer, nullable=False),
    Column("policy", Text),  # NULL: its due time was set by hand
    Column("state", String(8), nullable=False),  # running, paused, met, stopped
    Column("started_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("ended_at", Moment),
    Column("next_at", Moment),  # when the next stage is reached; NULL: none lies ahead
    Index("ix_sla_clock_next_at", "next_at", sqlite_where=_TO_COME, postgresql_where=_TO_COME),
    Index("ix_sla_clock_due_at", "due_at", sqlite_where=_NOT_ENDED, postgresql_where=_NOT_ENDED),
)

absence = Table(  # agents who get no new tickets
    "absence",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("until", Moment),  # NULL: until somebody says that he is back
    Column("cover", Text),
    Column("by", Text, nullable=False),
)

turn = Table(  # who of a team was given one of its tickets when
    "turn",
    metadata,
    Column("team", Text, primary_key=True),
    Column("agent", Text, primary_key=True),
    Column("place", _Id, nullable=False),  # counts the tickets that the team was given: whose is the highest was last
    Column("at", Moment, nullable=False),
)

sla_told = Table(  # each stage is told once
    "sla_told",
    metadata,
    Column("ticket", _Id, ForeignKey(ticket.c.number), primary_key=True),
    Column("metric", String(16), primary_key=True),
    Column("stage", Integer, primary_key=True),  # percent
    Column("cycle", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
)

webhook_call = Table(  # what endpoints are told
    "webhook_call",
    metadata,
    _id(),
    Column("endpoint", Text, nullable=False),
    Column("ticket", _Id, ForeignKey(ticket.c.number), nullable=False, index=True),
    Column("rule", Text, nullable=False),
    Column("event", Text, nullable=False),  # JSON
    Column("state", String(8), nullable=False),  # waiting, taken, failed
    Column("attempts", Integer, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("next_at", Moment, nullable=False),  # when it is tried next; moved before each attempt
    Column("settled_at", Moment),
    Column("said", Text, nullable=False),  # what the endpoint answered, or why it could not
    Index("ix_webhook_call_next_at", "next_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
)

webhook_trouble = Table(  # endpoints that take nothing
    "webhook_trouble",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("off", Boolean, nullable=False),  # whether it is told nothing any more
)

crowd_told = Table(  # until when everything that was reached is told to an agent by a digest, and by no mail of its own
    "crowd_told",
    metadata,
    Column("agent", Text, primary_key=True),
    Column("until", Moment, nullable=False),
)

undelivered = Table(  # reports that a mail of ours did not arrive
    "undelivered",
    metadata,
    Column("outbox", _Id, primary_key=True, autoincrement=False),
    Column("address", Text, primary_key=True),  # normal form
    Column("at", Moment, nullable=False),
    Column("hard", Boolean, nullable=False),  # whether there is no such mailbox
    Column("said", Text, nullable=False),
    Index("ix_undelivered_address", "address", "at"),
)

quiet = Table(  # who gets no automatic mail for now
    "quiet",
    metadata,
    Column("address", Text, primary_key=True),  # normal form; '' is acknowledgements to anybody
    Column("until", Moment, nullable=False),
    Column("reason", Text, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("about", String(24), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("hour", String(16), primary_key=True),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("count", Integer, nullable=False),
    Column("said", Text, nullable=False),
)

stop = Table(  # what a person stopped: sending
    "stop",
    metadata,
    Column("name", String(12), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("by", Text, nullable=False),
)

paused_job = Table(  # that a person paused, for every process
    "paused_job",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", Text, nullable=False),
)

rule_cursor = Table(  # up to which last change a rule was asked about idle tickets; when a nightly job was done last
    "rule_cursor",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("until", Moment, nullable=False),
)

mailbox = Table(  # how it goes with one that is fetched
    "mailbox",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("fetched_at", Moment),  # when all its folders were looked at last
    Column("since", Moment, nullable=False),  # first contact
    Column("said", Text, nullable=False, server_default=text("''")),  # what the server can, in words
    Column("trouble", Text, nullable=False, server_default=text("''")),
    Column("refused", Integer, nullable=False, server_default=text("0")),  # log-ins in a row
    Column("login_after", Moment),
    Column("probe_id", Text),  # Message-ID of the probe mail that was sent last
    Column("probe_sent_at", Moment),
    Column("probe_back_at", Moment),  # when one came back last
    Column("round_trip_ms", BigInteger),  # of that one
)

mailbox_leave = Table(  # the refresh token that fetches a mailbox, as the token server gave it last
    "mailbox_leave",
    metadata,
    Column("mailbox", String(32), primary_key=True),
    Column("refresh_token", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ends_at", Moment),  # NULL: the server did not say
)

mailbox_folder = Table(  # which mail of it was decided about: all up to `uid`, but what `mailbox_mail` names
    "mailbox_folder",
    metadata,
    Column("mailbox", String(32), primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("since", Moment, nullable=False),  # first contact
    Column("old", String(8), nullable=False),  # mail from before it: left, asked, wanted, archive, done
    Column("old_uid", BigInteger, nullable=False),  # that was decided about, up to here
    Column("old_until", BigInteger, nullable=False),
    Column("old_count", Integer, nullable=False),
    Column("shown_at", Moment, nullable=False, server_default=text("0")),  # until when its mails show their tickets
)

mailbox_mail = Table(  # what became of each mail that we fetched, or could not
    "mailbox_mail",
    metadata,
    Column("mailbox", String(32), primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("uidvalidity", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("state", String(8), nullable=False),  # accepted, settled, kept, failing, ordered, left
    Column("at", Moment, nullable=False),
    Column("key", String(32), index=True),
    Column("sha256", String(64)),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_at", Moment),
    Column("said", Text, nullable=False, server_default=text("''")),
    Column("shown", String(8)),  # the status of its ticket that the server was told; NULL: none
    Index("ix_mailbox_mail_sha256", "mailbox", "sha256"),
    Index(
        "ix_mailbox_mail_unfinished",
        "mailbox",
        "folder",
        "uidvalidity",
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    ),
)

heartbeat = Table(  # the row of the durable test write: proves that the store can keep a promise now
    "heartbeat",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
)

satisfaction = Table(
    "satisfaction",
    metadata,
    Column("ticket", _Id, ForeignKey(ticket.c.number), primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("verdict", String(4), nullable=False),  # good, ok, bad
    Column("team", Text, nullable=False),  # whose work it is about, as it was then
    Column("agent", Text),
    Column("language", String(16)),
    Index("ix_satisfaction_at", "at"),
)

article_use = Table(  # how often an article was offered, suggested, inserted, and was enough, on one day in UTC
    "article_use",
    metadata,
    Column("article", String(9), primary_key=True),
    Column("happened", String(9), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("count", Integer, nullable=False),
)
