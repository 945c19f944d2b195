-- How long things are kept, what is erased for a person, and what is still to be erased at the providers.

-- What a tenant wants other than the installation. Null is the installation's own; gone with its tenant, which then
-- falls under the installation's policy.
CREATE TABLE retention (
    tenant_id        TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    calls_days       INTEGER,
    voicemails_days  INTEGER,
    transcripts_days INTEGER,
    -- What becomes of the recording at Twilio when a voicemail's time is over.
    recording        TEXT NOT NULL CHECK (recording IN ('delete', 'keep')),
    version          INTEGER NOT NULL
) STRICT;

-- What providers still have to forget. A row goes when they did.
CREATE TABLE remote_erasures (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Twilio: a recording; Vapi: a call.
    provider   TEXT NOT NULL CHECK (provider IN ('twilio', 'vapi')),
    account    TEXT,
    sid        TEXT NOT NULL,
    tenant_id  TEXT,
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    last_error TEXT,
    UNIQUE (provider, sid)
) STRICT;
CREATE INDEX remote_erasures_due ON remote_erasures (provider, next_at, id);

-- Reports of what was erased for whom. Of the number only what may be shown.
CREATE TABLE erasures (
    id         TEXT PRIMARY KEY NOT NULL,
    created_at INTEGER NOT NULL,
    -- Whose data was looked through: an organization's, a tenant's, or, with neither, everybody's.
    org_id     TEXT,
    tenant_id  TEXT,
    number     TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    report     TEXT NOT NULL
) STRICT;
CREATE INDEX erasures_by_age ON erasures (created_at, id);
CREATE INDEX erasures_by_org ON erasures (org_id, created_at, id) WHERE org_id IS NOT NULL;
CREATE INDEX erasures_by_tenant ON erasures (tenant_id, created_at, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX erasures_running ON erasures (id) WHERE state = 'running';

-- Hashes of the SIDs of what was erased: a record that comes late is dropped, lest it bring the person back.
CREATE TABLE tombstones (
    mark  TEXT PRIMARY KEY NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_by_end ON tombstones (until);

-- Callers and numbers called that are written with more than digits and a plus: few where calls come in on numbers. The
-- others are found by an index as they stand.
CREATE INDEX calls_written_oddly ON calls (call_sid, from_number, to_number)
    WHERE from_number GLOB '*[^+0-9]*' OR to_number GLOB '*[^+0-9]*';
CREATE INDEX voicemails_by_from ON voicemails (from_number, call_sid);
CREATE INDEX voicemails_written_oddly ON voicemails (call_sid, from_number) WHERE from_number GLOB '*[^+0-9]*';

-- What somebody said in words: what goes first.
CREATE INDEX voicemails_with_words ON voicemails (created_at, id) WHERE transcript IS NOT NULL;
CREATE INDEX calls_with_words ON calls (at, call_sid) WHERE instr(report, '"summary":{') > 0;

-- Transfers by the AI name the number they went to.
CREATE INDEX call_events_transfers ON call_events (step) WHERE step >= 'refer-' AND step < 'refer.';

-- Messages to webhooks go with what they tell of.
CREATE INDEX webhook_deliveries_by_subject ON webhook_deliveries (subject);
