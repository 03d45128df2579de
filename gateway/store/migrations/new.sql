CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE arrival (
	hash VARCHAR(64) NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_arrival PRIMARY KEY (hash)
);

CREATE INDEX ix_arrival_expires_at ON arrival (expires_at);

CREATE TABLE audit (
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	ticket INTEGER, 
	source VARCHAR(32), 
	detail TEXT NOT NULL, customer INTEGER, basis TEXT, object TEXT, salt BLOB, commitment BLOB, prev BLOB, hash BLOB, 
	CONSTRAINT pk_audit PRIMARY KEY (seq)
);

CREATE INDEX ix_audit_ticket ON audit (ticket);

CREATE TABLE content (
	hash VARCHAR(64) NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	expires_at BIGINT NOT NULL, 
	CONSTRAINT pk_content PRIMARY KEY (hash)
);

CREATE TABLE customer (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	language VARCHAR(16), 
	muted BOOLEAN DEFAULT 0 NOT NULL, 
	created_at BIGINT NOT NULL, organisation TEXT, zone TEXT, contract TEXT, tier TEXT, tags TEXT DEFAULT '[]' NOT NULL, attributes TEXT DEFAULT '{}' NOT NULL, restricted BOOLEAN DEFAULT false NOT NULL, merged_into INTEGER, before_merge TEXT, chosen_language VARCHAR(16), 
	CONSTRAINT pk_customer PRIMARY KEY (id)
);

CREATE TABLE heartbeat (
	name VARCHAR(32) NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_heartbeat PRIMARY KEY (name)
);

CREATE TABLE inbound (
	id INTEGER NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	received_at BIGINT NOT NULL, 
	via VARCHAR(8) NOT NULL, 
	reverse_path TEXT, 
	forward_paths TEXT NOT NULL, 
	helo TEXT NOT NULL, 
	peer TEXT NOT NULL, 
	size BIGINT NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	attempts INTEGER DEFAULT 0 NOT NULL, 
	lease_token VARCHAR(32), 
	lease_until BIGINT, 
	released BOOLEAN DEFAULT 0 NOT NULL, 
	disposition VARCHAR(12), 
	reason TEXT, 
	ticket INTEGER, 
	entry INTEGER, 
	duplicate_of VARCHAR(32), 
	message_id TEXT, 
	author TEXT, 
	subject TEXT, 
	explanation TEXT, 
	finished_at BIGINT, verified TEXT, imported TEXT, whole_octets BIGINT, gone_at BIGINT, 
	CONSTRAINT pk_inbound PRIMARY KEY (id), 
	CONSTRAINT uq_inbound_key UNIQUE ("key")
);

CREATE INDEX ix_inbound_pending ON inbound (id) WHERE state <> 'done';

CREATE INDEX ix_inbound_ticket ON inbound (ticket);

CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	dedupe_key TEXT NOT NULL, 
	ticket INTEGER, 
	template TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	auto BOOLEAN NOT NULL, 
	forward_path TEXT NOT NULL, 
	recipient TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	reverse_path TEXT, 
	message_id TEXT NOT NULL, 
	raw BLOB, 
	state VARCHAR(12) NOT NULL, 
	stage VARCHAR(12) NOT NULL, 
	attempts INTEGER NOT NULL, 
	queued_at BIGINT NOT NULL, 
	next_attempt_at BIGINT, 
	lease_token VARCHAR(32), 
	lease_until BIGINT, 
	last_reply TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	settled_at BIGINT, tried_since BIGINT, 
	CONSTRAINT pk_outbox PRIMARY KEY (id), 
	CONSTRAINT uq_outbox_dedupe_key UNIQUE (dedupe_key)
);

CREATE INDEX ix_outbox_domain ON outbox (domain, queued_at);

CREATE INDEX ix_outbox_due ON outbox (next_attempt_at) WHERE state in ('queued', 'deferred', 'uncertain');

CREATE INDEX ix_outbox_leased ON outbox (lease_until) WHERE state = 'leased';

CREATE INDEX ix_outbox_queued_at ON outbox (queued_at);

CREATE INDEX ix_outbox_recipient ON outbox (recipient, queued_at);

CREATE INDEX ix_outbox_ticket ON outbox (ticket, queued_at);

CREATE TABLE raw_piece (
	"key" VARCHAR(32) NOT NULL, 
	piece INTEGER NOT NULL, 
	octets BLOB NOT NULL, 
	CONSTRAINT pk_raw_piece PRIMARY KEY ("key", piece)
);

CREATE TABLE customer_address (
	address TEXT NOT NULL, 
	customer INTEGER NOT NULL, 
	CONSTRAINT pk_customer_address PRIMARY KEY (address), 
	CONSTRAINT fk_customer_address_customer FOREIGN KEY(customer) REFERENCES customer (id)
);

CREATE INDEX ix_customer_address_customer ON customer_address (customer);

CREATE TABLE ticket (
	number INTEGER NOT NULL, 
	subject TEXT NOT NULL, 
	team TEXT NOT NULL, 
	assignee TEXT, 
	priority VARCHAR(8) NOT NULL, 
	status VARCHAR(32) NOT NULL, 
	tags TEXT NOT NULL, 
	fields TEXT NOT NULL, 
	flags TEXT NOT NULL, 
	language VARCHAR(16), 
	channel VARCHAR(8) NOT NULL, 
	customer INTEGER, 
	requester_name TEXT, 
	requester_address TEXT, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	messages INTEGER NOT NULL, 
	version INTEGER NOT NULL, responsible TEXT, status_type VARCHAR(16) DEFAULT 'new' NOT NULL, status_reason TEXT, status_at BIGINT DEFAULT 0 NOT NULL, due BIGINT, snoozed_until BIGINT, awake_status VARCHAR(32), awake_status_type VARCHAR(16), merged_into INTEGER, origin TEXT, followers TEXT DEFAULT '[]' NOT NULL, needs TEXT DEFAULT '[]' NOT NULL, escalation INTEGER DEFAULT 0 NOT NULL, reopened INTEGER DEFAULT 0 NOT NULL, sla TEXT, next_due BIGINT, answer_due BIGINT, next_rung BIGINT, nudged INTEGER DEFAULT 0 NOT NULL, revision INTEGER DEFAULT 0 NOT NULL, next_unlock BIGINT, 
	CONSTRAINT pk_ticket PRIMARY KEY (number), 
	CONSTRAINT fk_ticket_customer FOREIGN KEY(customer) REFERENCES customer (id)
);

CREATE INDEX ix_ticket_customer ON ticket (customer);

CREATE INDEX ix_ticket_status_updated_at ON ticket (status, updated_at);

CREATE TABLE entry (
	id INTEGER NOT NULL, 
	ticket INTEGER NOT NULL, 
	kind VARCHAR(8) NOT NULL, 
	author_name TEXT, 
	author_address TEXT, 
	at BIGINT NOT NULL, 
	text TEXT NOT NULL, 
	quoted TEXT NOT NULL, 
	signature TEXT NOT NULL, 
	html TEXT, 
	message_id TEXT, 
	public BOOLEAN NOT NULL, 
	trust VARCHAR(12), 
	attachments TEXT NOT NULL, 
	source VARCHAR(40), held TEXT, revision INTEGER, thanks_at BIGINT, 
	CONSTRAINT pk_entry PRIMARY KEY (id), 
	CONSTRAINT fk_entry_ticket FOREIGN KEY(ticket) REFERENCES ticket (number), 
	CONSTRAINT uq_entry_source UNIQUE (source)
);

CREATE INDEX ix_entry_ticket ON entry (ticket);

CREATE TABLE participant (
	ticket INTEGER NOT NULL, 
	address TEXT NOT NULL, 
	role VARCHAR(12) NOT NULL, name TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_participant PRIMARY KEY (ticket, address), 
	CONSTRAINT fk_participant_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE ticket_link (
	ticket INTEGER NOT NULL, 
	other INTEGER NOT NULL, 
	kind VARCHAR(12) NOT NULL, 
	CONSTRAINT pk_ticket_link PRIMARY KEY (ticket, other, kind), 
	CONSTRAINT fk_ticket_link_other FOREIGN KEY(other) REFERENCES ticket (number), 
	CONSTRAINT fk_ticket_link_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE ticket_message (
	message_id TEXT NOT NULL, 
	address TEXT NOT NULL, 
	ticket INTEGER NOT NULL, 
	CONSTRAINT pk_ticket_message PRIMARY KEY (message_id, address), 
	CONSTRAINT fk_ticket_message_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_ticket_message_ticket ON ticket_message (ticket);

CREATE INDEX ix_ticket_snoozed_until ON ticket (snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE INDEX ix_ticket_merged_into ON ticket (merged_into);

CREATE INDEX ix_audit_customer ON audit (customer);

CREATE TABLE ticket_alias (
	alias TEXT NOT NULL, 
	ticket INTEGER NOT NULL, 
	CONSTRAINT pk_ticket_alias PRIMARY KEY (alias), 
	CONSTRAINT fk_ticket_alias_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_ticket_alias_ticket ON ticket_alias (ticket);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN NOT (NEW.detail = '' AND NEW.salt IS NULL AND NEW.seq IS OLD.seq AND NEW.at IS OLD.at AND NEW.actor IS OLD.actor AND NEW.action IS OLD.action AND NEW.ticket IS OLD.ticket AND NEW.source IS OLD.source AND NEW.customer IS OLD.customer AND NEW.basis IS OLD.basis AND NEW.object IS OLD.object AND NEW.commitment IS OLD.commitment AND NEW.prev IS OLD.prev AND NEW.hash IS OLD.hash)
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE VIRTUAL TABLE search USING fts5(words, tokenize="ascii tokenchars '_'", columnsize=0);

CREATE TABLE search_backlog (
	ticket BIGINT NOT NULL
);

CREATE TABLE delayed (
	id INTEGER NOT NULL, 
	ticket INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	action TEXT NOT NULL, 
	words TEXT NOT NULL, 
	unless TEXT NOT NULL, 
	made_at BIGINT NOT NULL, 
	due_at BIGINT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	reason TEXT NOT NULL, 
	settled_at BIGINT, 
	CONSTRAINT pk_delayed PRIMARY KEY (id), 
	CONSTRAINT fk_delayed_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_delayed_ticket ON delayed (ticket);

CREATE INDEX ix_delayed_due ON delayed (due_at) WHERE state = 'waiting';

CREATE TABLE rule_fired (
	ticket INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	cycle INTEGER NOT NULL, 
	CONSTRAINT pk_rule_fired PRIMARY KEY (ticket, rule, cycle), 
	CONSTRAINT fk_rule_fired_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE TABLE happening (
	id INTEGER NOT NULL, 
	ticket INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	events TEXT NOT NULL, 
	reasons TEXT NOT NULL, 
	CONSTRAINT pk_happening PRIMARY KEY (id), 
	CONSTRAINT fk_happening_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_happening_ticket ON happening (ticket);

CREATE TABLE rule_revision (
	number INTEGER NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	text TEXT NOT NULL, 
	files TEXT NOT NULL, 
	tables TEXT NOT NULL, 
	author TEXT NOT NULL, 
	message TEXT NOT NULL, 
	loaded_at BIGINT NOT NULL, 
	CONSTRAINT pk_rule_revision PRIMARY KEY (number)
);

CREATE TABLE situation (
	mail INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	octets BLOB NOT NULL, 
	CONSTRAINT pk_situation PRIMARY KEY (mail)
);

CREATE INDEX ix_situation_at ON situation (at);

CREATE TABLE outline (
	id VARCHAR(32) NOT NULL, 
	octets BLOB NOT NULL, 
	CONSTRAINT pk_outline PRIMARY KEY (id)
);

CREATE TABLE sla_ledger (
	id INTEGER NOT NULL, 
	ticket INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	what VARCHAR(10) NOT NULL, 
	value TEXT NOT NULL, 
	cause TEXT NOT NULL, 
	entry INTEGER, 
	CONSTRAINT pk_sla_ledger PRIMARY KEY (id), 
	CONSTRAINT fk_sla_ledger_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_sla_ledger_ticket ON sla_ledger (ticket);

CREATE TABLE sla_clock (
	ticket INTEGER NOT NULL, 
	metric VARCHAR(16) NOT NULL, 
	cycle INTEGER NOT NULL, 
	policy TEXT, 
	state VARCHAR(8) NOT NULL, 
	started_at BIGINT NOT NULL, 
	due_at BIGINT, 
	ended_at BIGINT, 
	next_at BIGINT, 
	CONSTRAINT pk_sla_clock PRIMARY KEY (ticket, metric), 
	CONSTRAINT fk_sla_clock_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_sla_clock_next_at ON sla_clock (next_at) WHERE next_at IS NOT NULL;

CREATE INDEX ix_sla_clock_due_at ON sla_clock (due_at) WHERE ended_at IS NULL;

CREATE TABLE sla_told (
	ticket INTEGER NOT NULL, 
	metric VARCHAR(16) NOT NULL, 
	stage INTEGER NOT NULL, 
	cycle INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_sla_told PRIMARY KEY (ticket, metric, stage, cycle), 
	CONSTRAINT fk_sla_told_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_entry_author_address ON entry (author_address, id);

CREATE INDEX ix_ticket_listing ON ticket (updated_at, number, status, status_type, team, assignee, priority, language, created_at);

CREATE INDEX ix_ticket_due ON ticket ((next_due IS NULL), next_due, updated_at DESC, number DESC, status, status_type, team, assignee, priority, language, created_at);

CREATE INDEX ix_ticket_priority ON ticket ((CASE WHEN (priority = 'urgent') THEN 0 WHEN (priority = 'high') THEN 1 WHEN (priority = 'normal') THEN 2 WHEN (priority = 'low') THEN 3 ELSE 4 END), updated_at DESC, number DESC, status, status_type, team, assignee, priority, language, created_at);

CREATE INDEX ix_ticket_alias_folded ON ticket_alias (lower(alias));

CREATE TABLE undelivered (
	outbox INTEGER NOT NULL, 
	address TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	hard BOOLEAN NOT NULL, 
	said TEXT NOT NULL, 
	CONSTRAINT pk_undelivered PRIMARY KEY (outbox, address)
);

CREATE INDEX ix_undelivered_address ON undelivered (address, at);

CREATE TABLE quiet (
	address TEXT NOT NULL, 
	until BIGINT NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_quiet PRIMARY KEY (address)
);

CREATE TABLE alarm (
	about VARCHAR(24) NOT NULL, 
	"key" TEXT NOT NULL, 
	hour VARCHAR(16) NOT NULL, 
	first_at BIGINT NOT NULL, 
	last_at BIGINT NOT NULL, 
	count INTEGER NOT NULL, 
	said TEXT NOT NULL, 
	CONSTRAINT pk_alarm PRIMARY KEY (about, "key", hour)
);

CREATE TABLE stop (
	name VARCHAR(12) NOT NULL, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	CONSTRAINT pk_stop PRIMARY KEY (name)
);

CREATE TABLE paused_job (
	name VARCHAR(32) NOT NULL, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	CONSTRAINT pk_paused_job PRIMARY KEY (name)
);

CREATE TABLE rule_cursor (
	rule TEXT NOT NULL, 
	until BIGINT NOT NULL, 
	CONSTRAINT pk_rule_cursor PRIMARY KEY (rule)
);

CREATE INDEX ix_ticket_next_rung ON ticket (next_rung) WHERE next_rung IS NOT NULL;

CREATE INDEX ix_outbox_failed ON outbox (settled_at) WHERE state = 'failed';

CREATE INDEX ix_outbox_deferred ON outbox (queued_at) WHERE state = 'deferred';

CREATE TABLE shared_words (
	block BIGINT NOT NULL, 
	words TEXT NOT NULL, 
	CONSTRAINT pk_shared_words PRIMARY KEY (block)
);

CREATE TABLE mailbox (
	name VARCHAR(32) NOT NULL, 
	fetched_at BIGINT, 
	since BIGINT NOT NULL, 
	said TEXT DEFAULT '' NOT NULL, 
	trouble TEXT DEFAULT '' NOT NULL, 
	refused INTEGER DEFAULT 0 NOT NULL, 
	login_after BIGINT, probe_id TEXT, probe_sent_at BIGINT, probe_back_at BIGINT, round_trip_ms BIGINT, 
	CONSTRAINT pk_mailbox PRIMARY KEY (name)
);

CREATE TABLE mailbox_folder (
	mailbox VARCHAR(32) NOT NULL, 
	folder TEXT NOT NULL, 
	uidvalidity BIGINT NOT NULL, 
	uid BIGINT NOT NULL, 
	since BIGINT NOT NULL, 
	old VARCHAR(8) NOT NULL, 
	old_uid BIGINT NOT NULL, 
	old_until BIGINT NOT NULL, 
	old_count INTEGER NOT NULL, shown_at BIGINT DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_mailbox_folder PRIMARY KEY (mailbox, folder)
);

CREATE TABLE mailbox_mail (
	mailbox VARCHAR(32) NOT NULL, 
	folder TEXT NOT NULL, 
	uidvalidity BIGINT NOT NULL, 
	uid BIGINT NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	at BIGINT NOT NULL, 
	"key" VARCHAR(32), 
	sha256 VARCHAR(64), 
	attempts INTEGER DEFAULT 0 NOT NULL, 
	next_at BIGINT, 
	said TEXT DEFAULT '' NOT NULL, shown VARCHAR(8), 
	CONSTRAINT pk_mailbox_mail PRIMARY KEY (mailbox, folder, uidvalidity, uid)
);

CREATE INDEX ix_mailbox_mail_sha256 ON mailbox_mail (mailbox, sha256);

CREATE TABLE kept_file (
	sha256 VARCHAR(64) NOT NULL, 
	octets BLOB NOT NULL, 
	CONSTRAINT pk_kept_file PRIMARY KEY (sha256)
);

CREATE TABLE held_mail (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	expires_at BIGINT NOT NULL, 
	mail VARCHAR(32) NOT NULL, 
	ticket INTEGER, 
	agent TEXT NOT NULL, 
	code VARCHAR(20) NOT NULL, 
	proposal TEXT NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	decided_at BIGINT, 
	decided_by TEXT NOT NULL, 
	CONSTRAINT pk_held_mail PRIMARY KEY (id)
);

CREATE INDEX ix_held_mail_ticket ON held_mail (ticket);

CREATE INDEX ix_held_mail_agent ON held_mail (agent, decided_at);

CREATE INDEX ix_held_mail_waiting ON held_mail (expires_at) WHERE state = 'waiting';

CREATE TABLE agent_key (
	address TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	since BIGINT NOT NULL, 
	CONSTRAINT pk_agent_key PRIMARY KEY (address)
);

CREATE TABLE mailbox_leave (
	mailbox VARCHAR(32) NOT NULL, 
	refresh_token TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	ends_at BIGINT, 
	CONSTRAINT pk_mailbox_leave PRIMARY KEY (mailbox)
);

CREATE INDEX ix_inbound_quarantine ON inbound (id) WHERE disposition = 'quarantine';

CREATE TABLE webhook_call (
	id INTEGER NOT NULL, 
	endpoint TEXT NOT NULL, 
	ticket INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	event TEXT NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	attempts INTEGER NOT NULL, 
	made_at BIGINT NOT NULL, 
	next_at BIGINT NOT NULL, 
	settled_at BIGINT, 
	said TEXT NOT NULL, 
	CONSTRAINT pk_webhook_call PRIMARY KEY (id), 
	CONSTRAINT fk_webhook_call_ticket_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_webhook_call_ticket ON webhook_call (ticket);

CREATE INDEX ix_webhook_call_next_at ON webhook_call (next_at) WHERE state = 'waiting';

CREATE TABLE webhook_trouble (
	endpoint TEXT NOT NULL, 
	since BIGINT NOT NULL, 
	off BOOLEAN NOT NULL, 
	CONSTRAINT pk_webhook_trouble PRIMARY KEY (endpoint)
);

CREATE TABLE own_setting (
	agent TEXT NOT NULL, 
	name VARCHAR(16) NOT NULL, 
	value TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_own_setting PRIMARY KEY (agent, name)
);

CREATE INDEX ix_ticket_to_do ON ticket (assignee, team) WHERE status_type IN ('new', 'open');

CREATE INDEX ix_ticket_next_unlock ON ticket (next_unlock) WHERE next_unlock IS NOT NULL;

CREATE TABLE absence (
	agent TEXT NOT NULL, 
	since BIGINT NOT NULL, 
	until BIGINT, 
	cover TEXT, 
	"by" TEXT NOT NULL, 
	CONSTRAINT pk_absence PRIMARY KEY (agent)
);

CREATE TABLE turn (
	team TEXT NOT NULL, 
	agent TEXT NOT NULL, 
	place INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	CONSTRAINT pk_turn PRIMARY KEY (team, agent)
);

CREATE TABLE crowd_told (
	agent TEXT NOT NULL, 
	until BIGINT NOT NULL, 
	CONSTRAINT pk_crowd_told PRIMARY KEY (agent)
);

CREATE INDEX ix_content_key ON content ("key");

CREATE INDEX ix_outbox_held ON outbox (id) WHERE state = 'held';

CREATE TABLE satisfaction (
	ticket INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	verdict VARCHAR(4) NOT NULL, 
	team TEXT NOT NULL, 
	agent TEXT, 
	language VARCHAR(16), 
	CONSTRAINT pk_satisfaction PRIMARY KEY (ticket), 
	CONSTRAINT fk_satisfaction_ticket_ticket FOREIGN KEY(ticket) REFERENCES ticket (number)
);

CREATE INDEX ix_satisfaction_at ON satisfaction (at);

CREATE INDEX ix_mailbox_mail_key ON mailbox_mail ("key");

CREATE INDEX ix_mailbox_mail_unfinished ON mailbox_mail (mailbox, folder, uidvalidity) WHERE state in ('accepted', 'failing', 'ordered');

CREATE INDEX ix_entry_held ON entry (at) WHERE held IS NOT NULL;

CREATE INDEX ix_inbound_there ON inbound (finished_at) WHERE gone_at IS NULL;

CREATE INDEX ix_inbound_explained ON inbound (finished_at) WHERE explanation <> '';

CREATE INDEX ix_ticket_link_other ON ticket_link (other);

CREATE TABLE legal_hold (
	id INTEGER NOT NULL, 
	ticket INTEGER, 
	customer INTEGER, 
	at BIGINT NOT NULL, 
	"by" TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_legal_hold PRIMARY KEY (id)
);

CREATE UNIQUE INDEX ix_legal_hold_ticket ON legal_hold (ticket);

CREATE UNIQUE INDEX ix_legal_hold_customer ON legal_hold (customer);

CREATE TABLE article_use (
	article VARCHAR(9) NOT NULL, 
	happened VARCHAR(9) NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	count INTEGER NOT NULL, 
	CONSTRAINT pk_article_use PRIMARY KEY (article, happened, day)
);

CREATE INDEX ix_entry_thanks ON entry (thanks_at) WHERE thanks_at IS NOT NULL;

CREATE TABLE "receipt" (
	id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	actor TEXT NOT NULL, 
	action VARCHAR(12) NOT NULL, 
	ticket INTEGER, 
	other INTEGER, 
	"before" TEXT NOT NULL, 
	undone_at BIGINT, 
	CONSTRAINT pk_receipt PRIMARY KEY (id), 
	CONSTRAINT fk_receipt_ticket FOREIGN KEY(ticket) REFERENCES ticket (number), 
	CONSTRAINT fk_receipt_other FOREIGN KEY(other) REFERENCES ticket (number)
);

CREATE INDEX ix_receipt_other ON receipt (other);

CREATE INDEX ix_receipt_ticket ON receipt (ticket);

INSERT INTO alembic_version VALUES ('0039');

INSERT INTO search_backlog VALUES (0);

