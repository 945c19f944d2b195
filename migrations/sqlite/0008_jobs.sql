-- Provisioning runs: what happened to each, and how it stands since.

CREATE TABLE jobs (
    id         TEXT PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    tenant_id  TEXT,
    org_id     TEXT,
    -- What it works on: jobs on one thing are worked on one after the other.
    subject    TEXT NOT NULL,
    asked      TEXT NOT NULL,
    by         TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- What follows from the log, so that lists need not read it.
    state      TEXT NOT NULL,
    standing   TEXT NOT NULL,
    -- When it goes on; none once it has ended.
    due_at     INTEGER,
    -- Rises with every claim: whoever holds an older one writes nothing any more.
    fence      INTEGER NOT NULL DEFAULT 0,
    -- Until when whoever claimed it is believed to work on it.
    held_until INTEGER
) STRICT;
CREATE INDEX jobs_by_age ON jobs (created_at, id, state, kind);
CREATE INDEX jobs_by_org ON jobs (org_id, created_at, id, state, kind);
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, created_at, id, state, kind, org_id);
-- What is still to be done: as small as that is, however much was done before.
CREATE INDEX jobs_due ON jobs (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_of_subject ON jobs (subject, id) WHERE due_at IS NOT NULL;

CREATE TABLE job_log (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    entry  TEXT NOT NULL,
    PRIMARY KEY (job_id, seq)
) STRICT;

-- The job that brought a number in, or took it from the pool: doing it again, it finds what it got.
ALTER TABLE numbers ADD COLUMN job_id TEXT;
CREATE INDEX numbers_by_job ON numbers (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX numbers_in_pool ON numbers (created_at, id) WHERE state = 'unassigned';

-- How a tenant is reached: forwarded to a number of ours, or from its own telephone system.
CREATE TABLE phone_integrations (
    tenant_id      TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    settings       TEXT NOT NULL,
    method         TEXT NOT NULL,
    -- The number the tenant is known by: no two tenants have one in common.
    clinic_number  TEXT NOT NULL UNIQUE,
    -- The password of its name on the SIP domain, sealed. Twilio keeps only a hash of it.
    sip_password   BLOB,
    -- Where Twilio keeps that name.
    account_sid    TEXT,
    list_sid       TEXT,
    credential_sid TEXT,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX phone_integrations_by_list ON phone_integrations (list_sid) WHERE list_sid IS NOT NULL;
