-- Organizations as the admin API keeps them, tokens for less than everything, and whose each change was.

ALTER TABLE organizations ADD COLUMN name_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE organizations ADD COLUMN billing TEXT COLLATE "C" NOT NULL DEFAULT 'unverified';
ALTER TABLE organizations ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE organizations ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX organizations_by_name ON organizations (name_key, id);

-- A tenant's token names its organization too, so that whoever asks needs no second look. None is ever deleted: the
-- audit log names tokens.
DROP TABLE tokens;
CREATE TABLE tokens (
    id           TEXT COLLATE "C" PRIMARY KEY,
    name         TEXT COLLATE "C" NOT NULL,
    sha256       BYTEA NOT NULL UNIQUE,
    role         TEXT COLLATE "C" NOT NULL CHECK (role IN ('operator', 'org', 'tenant')),
    org_id       TEXT COLLATE "C",
    tenant_id    TEXT COLLATE "C",
    access       TEXT COLLATE "C" NOT NULL CHECK (access IN ('read', 'write')),
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    CHECK ((role = 'operator') = (org_id IS NULL)),
    CHECK ((role = 'tenant') = (tenant_id IS NOT NULL))
);
CREATE INDEX tokens_by_age ON tokens (created_at, id);
CREATE INDEX tokens_by_org ON tokens (org_id, created_at, id) WHERE org_id IS NOT NULL;
CREATE INDEX tokens_by_tenant ON tokens (tenant_id, created_at, id) WHERE tenant_id IS NOT NULL;

-- Who saved a version.
ALTER TABLE tenant_versions ADD COLUMN saved_by TEXT COLLATE "C";

ALTER TABLE audit ADD COLUMN org_id TEXT COLLATE "C";
ALTER TABLE audit ADD COLUMN tenant_id TEXT COLLATE "C";
CREATE INDEX audit_by_org ON audit (org_id, id) WHERE org_id IS NOT NULL;
CREATE INDEX audit_by_tenant ON audit (tenant_id, id) WHERE tenant_id IS NOT NULL;
