-- Webhooks that go out: who is told of what, and what is still to be told.

CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY NOT NULL,
    -- Whose it is: an organization's, a tenant's, or, with neither, the installation's.
    org_id          TEXT REFERENCES organizations (id) ON DELETE CASCADE,
    tenant_id       TEXT REFERENCES tenants (id) ON DELETE CASCADE,
    url             TEXT NOT NULL,
    -- A JSON list of the words of events.
    events          TEXT NOT NULL,
    description     TEXT,
    enabled         INTEGER NOT NULL,
    disabled_reason TEXT,
    secret          BLOB NOT NULL,
    -- The secret before the last rotation, and until when it signs too.
    secret_previous BLOB,
    previous_until  INTEGER,
    -- Since when nothing but failures came of it.
    failing_since   INTEGER,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CHECK (org_id IS NULL OR tenant_id IS NULL)
) STRICT;
CREATE INDEX webhooks_by_age ON webhooks (created_at, id);
CREATE INDEX webhooks_by_org ON webhooks (org_id, created_at, id) WHERE org_id IS NOT NULL;
CREATE INDEX webhooks_by_tenant ON webhooks (tenant_id, created_at, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX webhooks_of_all ON webhooks (id) WHERE org_id IS NULL AND tenant_id IS NULL;

CREATE TABLE webhook_deliveries (
    id          TEXT PRIMARY KEY NOT NULL,
    webhook_id  TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    type        TEXT NOT NULL,
    -- The one thing it tells of: a CallSid, a voicemail's id…
    subject     TEXT NOT NULL,
    -- When that happened.
    created_at  INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER,
    last_status INTEGER,
    last_error  TEXT,
    -- The body, byte for byte as it is signed and sent.
    payload     TEXT NOT NULL,
    finished_at INTEGER,
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK ((state = 'pending') = (finished_at IS NULL))
) STRICT;
-- One thing is told once to each endpoint, however often its records repeat.
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (webhook_id, type, subject);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (webhook_id, state, created_at, id);
-- What is still to be sent: as small as that is, however many were sent before.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;
