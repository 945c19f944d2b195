-- The first shape of the store. Instants are nanoseconds since 1970 (UTC); lists walk (instant, id) downwards. Texts are
-- ordered by their bytes. Flags are 0 and 1. `rowid` is the order in which rows came, where something walks along it.

-- Functions by the names that statements written for every engine call. Texts that are no JSON give null, and not an
-- error that takes their neighbours along.
CREATE FUNCTION json_or_null(doc TEXT) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    -- Postgres has no text with this character in it.
    RETURN replace(doc, '\u0000', '\ufffd')::JSONB;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
CREATE FUNCTION json_valid(doc TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT json_or_null(doc) IS NOT NULL
$$;
CREATE FUNCTION json_extract(doc TEXT, path TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_path_query_first(json_or_null(doc), path::JSONPATH) #>> '{}'
$$;
-- The path is that of a field of the document itself.
CREATE FUNCTION json_set(doc TEXT, path TEXT, value TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT jsonb_set(json_or_null(doc), ARRAY[substr(path, 3)], coalesce(to_jsonb(value), 'null'))::TEXT
$$;
CREATE FUNCTION json_each(list TEXT) RETURNS TABLE (key BIGINT, value TEXT) LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 16 AS $$
    SELECT place - 1, element COLLATE "C" FROM jsonb_array_elements_text(json_or_null(list)) WITH ORDINALITY AS _ (element, place)
$$;
CREATE FUNCTION instr(hay TEXT, needle TEXT) RETURNS INT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT strpos(hay, needle)
$$;

-- What belongs to the installation itself, such as the value that proves the sealing key.
CREATE TABLE meta (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    name  TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL
);

CREATE TABLE organizations (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    id                     TEXT COLLATE "C" PRIMARY KEY,
    name                   TEXT COLLATE "C" NOT NULL,
    twilio_sid             TEXT COLLATE "C" UNIQUE,
    twilio_auth_token      BYTEA,
    twilio_auth_token_next BYTEA,
    twilio_phone_number    TEXT COLLATE "C",
    created_at             BIGINT NOT NULL
);

CREATE TABLE tenants (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    id                      TEXT COLLATE "C" PRIMARY KEY,
    org_id                  TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
    slug                    TEXT COLLATE "C" NOT NULL UNIQUE,
    name                    TEXT COLLATE "C" NOT NULL,
    -- The name in lower case: what lists are ordered by and searched in.
    name_key                TEXT COLLATE "C" NOT NULL,
    timezone                TEXT COLLATE "C" NOT NULL,
    country                 TEXT COLLATE "C" NOT NULL,
    language                TEXT COLLATE "C",
    voice                   TEXT COLLATE "C",
    target_kind             TEXT COLLATE "C",
    target_id               TEXT COLLATE "C",
    connect_via             TEXT COLLATE "C" NOT NULL,
    connect_sip_uri         TEXT COLLATE "C",
    connect_username        TEXT COLLATE "C",
    connect_password        BYTEA,
    connect_timeout_seconds BIGINT,
    sip_username            TEXT COLLATE "C",
    availability            TEXT COLLATE "C" NOT NULL,
    forced                  TEXT COLLATE "C",
    version                 BIGINT NOT NULL,
    created_at              BIGINT NOT NULL,
    updated_at              BIGINT NOT NULL
);
CREATE INDEX tenants_by_name ON tenants (name_key, id);
CREATE INDEX tenants_by_org ON tenants (org_id);

-- Every version of a tenant, kept when the tenant is gone: a call explains itself by the settings it was decided by.
CREATE TABLE tenant_versions (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    id                      TEXT COLLATE "C" NOT NULL,
    org_id                  TEXT COLLATE "C" NOT NULL,
    slug                    TEXT COLLATE "C" NOT NULL,
    name                    TEXT COLLATE "C" NOT NULL,
    name_key                TEXT COLLATE "C" NOT NULL,
    timezone                TEXT COLLATE "C" NOT NULL,
    country                 TEXT COLLATE "C" NOT NULL,
    language                TEXT COLLATE "C",
    voice                   TEXT COLLATE "C",
    target_kind             TEXT COLLATE "C",
    target_id               TEXT COLLATE "C",
    connect_via             TEXT COLLATE "C" NOT NULL,
    connect_sip_uri         TEXT COLLATE "C",
    connect_username        TEXT COLLATE "C",
    connect_password        BYTEA,
    connect_timeout_seconds BIGINT,
    sip_username            TEXT COLLATE "C",
    availability            TEXT COLLATE "C" NOT NULL,
    forced                  TEXT COLLATE "C",
    version                 BIGINT NOT NULL,
    created_at              BIGINT NOT NULL,
    updated_at              BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);

-- Every name a tenant answers to on the SIP domain, in lower case: one key for all kinds, so that none shadows another.
CREATE TABLE sip_names (
    name      TEXT COLLATE "C" PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id) ON DELETE CASCADE
);
CREATE INDEX sip_names_by_tenant ON sip_names (tenant_id);

CREATE TABLE numbers (
    id                 TEXT COLLATE "C" PRIMARY KEY,
    e164               TEXT COLLATE "C" NOT NULL UNIQUE,
    sip_uri            TEXT COLLATE "C",
    tenant_id          TEXT COLLATE "C" REFERENCES tenants (id),
    account_sid        TEXT COLLATE "C",
    twilio_sid         TEXT COLLATE "C",
    vapi_number_id     TEXT COLLATE "C" UNIQUE,
    state              TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'resting', 'unassigned')),
    purpose            TEXT COLLATE "C" NOT NULL CHECK (purpose IN ('calls', 'voicemail')),
    already_overflowed BIGINT NOT NULL,
    -- Since when it rests: what the quarantine is counted from.
    resting_since      BIGINT,
    created_at         BIGINT NOT NULL
);
CREATE INDEX numbers_by_tenant ON numbers (tenant_id, created_at, id);
CREATE INDEX numbers_by_age ON numbers (created_at, id);

-- A call as merged from its records, which come in any order. Names no tenant by reference: records outlive tenants.
CREATE TABLE calls (
    call_sid    TEXT COLLATE "C" PRIMARY KEY,
    tenant_id   TEXT COLLATE "C",
    -- When it began; while that is unknown, the earliest news of it.
    at          BIGINT NOT NULL,
    from_number TEXT COLLATE "C" NOT NULL,
    to_number   TEXT COLLATE "C" NOT NULL,
    ended_at    BIGINT,
    began       TEXT COLLATE "C",
    ending      TEXT COLLATE "C",
    report      TEXT COLLATE "C"
);
-- Narrow: a row too long for an index would be refused, and what callers send may be long.
CREATE INDEX calls_by_age ON calls (at, call_sid);
CREATE INDEX calls_by_tenant ON calls (tenant_id, at, call_sid);
CREATE INDEX calls_by_from ON calls USING HASH (from_number);
CREATE INDEX calls_by_to ON calls USING HASH (to_number);
CREATE INDEX calls_live ON calls (at, call_sid) WHERE ended_at IS NULL AND began IS NOT NULL;

CREATE TABLE call_events (
    id       BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    call_sid TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    what     TEXT COLLATE "C" NOT NULL,
    outcome  TEXT COLLATE "C",
    step     TEXT COLLATE "C"
);
CREATE INDEX call_events_by_call ON call_events (call_sid, at, id);

-- Voicemails as merged from their news.
CREATE TABLE voicemails (
    id               TEXT COLLATE "C" PRIMARY KEY,
    tenant_id        TEXT COLLATE "C",
    call_sid         TEXT COLLATE "C" NOT NULL,
    account_sid      TEXT COLLATE "C",
    recording_sid    TEXT COLLATE "C" UNIQUE,
    recording_url    TEXT COLLATE "C",
    from_number      TEXT COLLATE "C",
    duration_seconds BIGINT,
    state            TEXT COLLATE "C" NOT NULL,
    transcript       TEXT COLLATE "C",
    heard            BIGINT NOT NULL DEFAULT 0,
    created_at       BIGINT NOT NULL
);
CREATE INDEX voicemails_by_call ON voicemails (call_sid);
CREATE INDEX voicemails_by_age ON voicemails (created_at, id);
CREATE INDEX voicemails_by_tenant ON voicemails (tenant_id, created_at, id);
CREATE INDEX voicemails_pending ON voicemails (created_at) WHERE state = 'pending';

-- The news themselves, in the order they came: the merge begins again from them with each further one.
CREATE TABLE voicemail_news (
    id            BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    call_sid      TEXT COLLATE "C" NOT NULL,
    recording_sid TEXT COLLATE "C",
    news          TEXT COLLATE "C" NOT NULL
);
CREATE INDEX voicemail_news_by_call ON voicemail_news (call_sid, id);
CREATE INDEX voicemail_news_by_recording ON voicemail_news (recording_sid) WHERE recording_sid IS NOT NULL;

-- How far each journal has been applied.
CREATE TABLE journals (
    journal     TEXT COLLATE "C" PRIMARY KEY,
    applied_seq BIGINT NOT NULL
);

-- Records that could not be applied, with the reason: set aside so that those behind them are not held up.
CREATE TABLE refused (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    journal TEXT COLLATE "C" NOT NULL,
    seq     BIGINT NOT NULL,
    record  TEXT COLLATE "C" NOT NULL,
    why     TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (journal, seq)
);

CREATE TABLE audit (
    id      BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at      BIGINT NOT NULL,
    who     TEXT COLLATE "C" NOT NULL,
    what    TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    before  TEXT COLLATE "C",
    after   TEXT COLLATE "C"
);
CREATE INDEX audit_by_subject ON audit (subject, id);

CREATE TABLE tokens (
    name       TEXT COLLATE "C" PRIMARY KEY,
    sha256     BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);
