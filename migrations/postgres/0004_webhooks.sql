-- Webhooks that go out: who is told of what, and what is still to be told.

CREATE TABLE webhooks (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    id              TEXT COLLATE "C" PRIMARY KEY,
    -- Whose it is: an organization's, a tenant's, or, with neither, the installation's.
    org_id          TEXT COLLATE "C" REFERENCES organizations (id) ON DELETE CASCADE,
    tenant_id       TEXT COLLATE "C" REFERENCES tenants (id) ON DELETE CASCADE,
    url             TEXT COLLATE "C" NOT NULL,
    -- A JSON list of the words of events.
    events          TEXT COLLATE "C" NOT NULL,
    description     TEXT COLLATE "C",
    enabled         BIGINT NOT NULL,
    disabled_reason TEXT COLLATE "C",
    secret          BYTEA NOT NULL,
    -- The secret before the last rotation, and until when it signs too.
    secret_previous BYTEA,
    previous_until  BIGINT,
    -- Since when nothing but failures came of it.
    failing_since   BIGINT,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    CHECK (org_id IS NULL OR tenant_id IS NULL)
);
CREATE INDEX webhooks_by_age ON webhooks (created_at, id);
CREATE INDEX webhooks_by_org ON webhooks (org_id, created_at, id) WHERE org_id IS NOT NULL;
CREATE INDEX webhooks_by_tenant ON webhooks (tenant_id, created_at, id) WHERE tenant_id IS NOT NULL;
CREATE INDEX webhooks_of_all ON webhooks (id) WHERE org_id IS NULL AND tenant_id IS NULL;

CREATE TABLE webhook_deliveries (
    id          TEXT COLLATE "C" PRIMARY KEY,
    webhook_id  TEXT COLLATE "C" NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    type        TEXT COLLATE "C" NOT NULL,
    -- The one thing it tells of: a CallSid, a voicemail's id…
    subject     TEXT COLLATE "C" NOT NULL,
    -- When that happened.
    created_at  BIGINT NOT NULL,
    state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts    BIGINT NOT NULL DEFAULT 0,
    next_at     BIGINT,
    last_status BIGINT,
    last_error  TEXT COLLATE "C",
    -- The body, byte for byte as it is signed and sent.
    payload     TEXT COLLATE "C" NOT NULL,
    finished_at BIGINT,
    CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CHECK ((state = 'pending') = (finished_at IS NULL))
);
-- One thing is told once to each endpoint, however often its records repeat.
CREATE UNIQUE INDEX webhook_deliveries_once ON webhook_deliveries (webhook_id, type, subject);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (webhook_id, state, created_at, id);
-- What is still to be sent: as small as that is, however many were sent before.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, next_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;
