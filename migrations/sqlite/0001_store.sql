-- The first shape of the store. Instants are nanoseconds since 1970 (UTC); lists walk (instant, id) downwards.

-- What belongs to the installation itself, such as the value that proves the sealing key.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE organizations (
    id                     TEXT PRIMARY KEY NOT NULL,
    name                   TEXT NOT NULL,
    twilio_sid             TEXT UNIQUE,
    twilio_auth_token      BLOB,
    twilio_auth_token_next BLOB,
    twilio_phone_number    TEXT,
    created_at             INTEGER NOT NULL
) STRICT;

CREATE TABLE tenants (
    id                      TEXT PRIMARY KEY NOT NULL,
    org_id                  TEXT NOT NULL REFERENCES organizations (id),
    slug                    TEXT NOT NULL UNIQUE,
    name                    TEXT NOT NULL,
    -- The name in lower case: what lists are ordered by and searched in.
    name_key                TEXT NOT NULL,
    timezone                TEXT NOT NULL,
    country                 TEXT NOT NULL,
    language                TEXT,
    voice                   TEXT,
    target_kind             TEXT,
    target_id               TEXT,
    connect_via             TEXT NOT NULL,
    connect_sip_uri         TEXT,
    connect_username        TEXT,
    connect_password        BLOB,
    connect_timeout_seconds INTEGER,
    sip_username            TEXT,
    availability            TEXT NOT NULL,
    forced                  TEXT,
    version                 INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;
CREATE INDEX tenants_by_name ON tenants (name_key, id, slug);
CREATE INDEX tenants_by_org ON tenants (org_id);

-- Every version of a tenant, kept when the tenant is gone: a call explains itself by the settings it was decided by.
CREATE TABLE tenant_versions (
    id                      TEXT NOT NULL,
    org_id                  TEXT NOT NULL,
    slug                    TEXT NOT NULL,
    name                    TEXT NOT NULL,
    name_key                TEXT NOT NULL,
    timezone                TEXT NOT NULL,
    country                 TEXT NOT NULL,
    language                TEXT,
    voice                   TEXT,
    target_kind             TEXT,
    target_id               TEXT,
    connect_via             TEXT NOT NULL,
    connect_sip_uri         TEXT,
    connect_username        TEXT,
    connect_password        BLOB,
    connect_timeout_seconds INTEGER,
    sip_username            TEXT,
    availability            TEXT NOT NULL,
    forced                  TEXT,
    version                 INTEGER NOT NULL,
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL,
    PRIMARY KEY (id, version)
) STRICT;

-- Every name a tenant answers to on the SIP domain, in lower case: one key for all kinds, so that none shadows another.
CREATE TABLE sip_names (
    name      TEXT PRIMARY KEY NOT NULL,
    tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX sip_names_by_tenant ON sip_names (tenant_id);

CREATE TABLE numbers (
    id                 TEXT PRIMARY KEY NOT NULL,
    e164               TEXT NOT NULL UNIQUE,
    sip_uri            TEXT,
    tenant_id          TEXT REFERENCES tenants (id),
    account_sid        TEXT,
    twilio_sid         TEXT,
    vapi_number_id     TEXT UNIQUE,
    state              TEXT NOT NULL CHECK (state IN ('active', 'resting', 'unassigned')),
    purpose            TEXT NOT NULL CHECK (purpose IN ('calls', 'voicemail')),
    already_overflowed INTEGER NOT NULL,
    -- Since when it rests: what the quarantine is counted from.
    resting_since      INTEGER,
    created_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX numbers_by_tenant ON numbers (tenant_id, created_at, id);
CREATE INDEX numbers_by_age ON numbers (created_at, id);

-- A call as merged from its records, which come in any order. Names no tenant by reference: records outlive tenants.
CREATE TABLE calls (
    call_sid    TEXT PRIMARY KEY NOT NULL,
    tenant_id   TEXT,
    -- When it began; while that is unknown, the earliest news of it.
    at          INTEGER NOT NULL,
    from_number TEXT NOT NULL,
    to_number   TEXT NOT NULL,
    ended_at    INTEGER,
    began       TEXT,
    ending      TEXT,
    report      TEXT
) STRICT;
-- Wide enough that a search for part of a number or SID reads the index alone.
CREATE INDEX calls_by_age ON calls (at, call_sid, from_number, to_number);
CREATE INDEX calls_by_tenant ON calls (tenant_id, at, call_sid, from_number, to_number);
CREATE INDEX calls_by_from ON calls (from_number, at, call_sid);
CREATE INDEX calls_by_to ON calls (to_number, at, call_sid);
CREATE INDEX calls_live ON calls (at, call_sid) WHERE ended_at IS NULL AND began IS NOT NULL;

CREATE TABLE call_events (
    id       INTEGER PRIMARY KEY,
    call_sid TEXT NOT NULL,
    at       INTEGER NOT NULL,
    what     TEXT NOT NULL,
    outcome  TEXT,
    step     TEXT
) STRICT;
CREATE INDEX call_events_by_call ON call_events (call_sid, at, id);

-- Voicemails as merged from their news.
CREATE TABLE voicemails (
    id               TEXT PRIMARY KEY NOT NULL,
    tenant_id        TEXT,
    call_sid         TEXT NOT NULL,
    account_sid      TEXT,
    recording_sid    TEXT UNIQUE,
    recording_url    TEXT,
    from_number      TEXT,
    duration_seconds INTEGER,
    state            TEXT NOT NULL,
    transcript       TEXT,
    heard            INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX voicemails_by_call ON voicemails (call_sid);
CREATE INDEX voicemails_by_age ON voicemails (created_at, id);
CREATE INDEX voicemails_by_tenant ON voicemails (tenant_id, created_at, id);
CREATE INDEX voicemails_pending ON voicemails (created_at) WHERE state = 'pending';

-- The news themselves, in the order they came: the merge begins again from them with each further one.
CREATE TABLE voicemail_news (
    id            INTEGER PRIMARY KEY,
    call_sid      TEXT NOT NULL,
    recording_sid TEXT,
    news          TEXT NOT NULL
) STRICT;
CREATE INDEX voicemail_news_by_call ON voicemail_news (call_sid, id);
CREATE INDEX voicemail_news_by_recording ON voicemail_news (recording_sid) WHERE recording_sid IS NOT NULL;

-- How far each journal has been applied.
CREATE TABLE journals (
    journal     TEXT PRIMARY KEY NOT NULL,
    applied_seq INTEGER NOT NULL
) STRICT;

-- Records that could not be applied, with the reason: set aside so that those behind them are not held up.
CREATE TABLE refused (
    journal TEXT NOT NULL,
    seq     INTEGER NOT NULL,
    record  TEXT NOT NULL,
    why     TEXT NOT NULL,
    PRIMARY KEY (journal, seq)
) STRICT;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    what    TEXT NOT NULL,
    subject TEXT NOT NULL,
    before  TEXT,
    after   TEXT
) STRICT;
CREATE INDEX audit_by_subject ON audit (subject, id);

CREATE TABLE tokens (
    name       TEXT PRIMARY KEY NOT NULL,
    sha256     BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;
