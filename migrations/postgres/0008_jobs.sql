-- Provisioning runs: what happened to each, and how it stands since.

CREATE TABLE jobs (
    id         TEXT COLLATE "C" PRIMARY KEY,
    kind       TEXT COLLATE "C" NOT NULL,
    tenant_id  TEXT COLLATE "C",
    org_id     TEXT COLLATE "C",
    -- What it works on: jobs on one thing are worked on one after the other.
    subject    TEXT COLLATE "C" NOT NULL,
    asked      TEXT COLLATE "C" NOT NULL,
    by         TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- What follows from the log, so that lists need not read it.
    state      TEXT COLLATE "C" NOT NULL,
    standing   TEXT COLLATE "C" NOT NULL,
    -- When it goes on; none once it has ended.
    due_at     BIGINT,
    -- Rises with every claim: whoever holds an older one writes nothing any more.
    fence      BIGINT NOT NULL DEFAULT 0,
    -- Until when whoever claimed it is believed to work on it.
    held_until BIGINT
);
CREATE INDEX jobs_by_age ON jobs (created_at, id, state, kind);
CREATE INDEX jobs_by_org ON jobs (org_id, created_at, id, state, kind);
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, created_at, id, state, kind, org_id);
-- What is still to be done: as small as that is, however much was done before.
CREATE INDEX jobs_due ON jobs (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX jobs_of_subject ON jobs (subject, id) WHERE due_at IS NOT NULL;

CREATE TABLE job_log (
    job_id TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq    BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    entry  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (job_id, seq)
);

-- The job that brought a number in, or took it from the pool: doing it again, it finds what it got.
ALTER TABLE numbers ADD COLUMN job_id TEXT COLLATE "C";
CREATE INDEX numbers_by_job ON numbers (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX numbers_in_pool ON numbers (created_at, id) WHERE state = 'unassigned';

-- How a tenant is reached: forwarded to a number of ours, or from its own telephone system.
CREATE TABLE phone_integrations (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant_id      TEXT COLLATE "C" PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    settings       TEXT COLLATE "C" NOT NULL,
    method         TEXT COLLATE "C" NOT NULL,
    -- The number the tenant is known by: no two tenants have one in common.
    clinic_number  TEXT COLLATE "C" NOT NULL UNIQUE,
    -- The password of its name on the SIP domain, sealed. Twilio keeps only a hash of it.
    sip_password   BYTEA,
    -- Where Twilio keeps that name.
    account_sid    TEXT COLLATE "C",
    list_sid       TEXT COLLATE "C",
    credential_sid TEXT COLLATE "C",
    updated_at     BIGINT NOT NULL
);
CREATE INDEX phone_integrations_by_list ON phone_integrations (list_sid) WHERE list_sid IS NOT NULL;
