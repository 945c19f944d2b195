-- Organizations as the admin API keeps them, tokens for less than everything, and whose each change was.

ALTER TABLE organizations ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE organizations ADD COLUMN billing TEXT NOT NULL DEFAULT 'unverified';
ALTER TABLE organizations ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE organizations ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE organizations SET name_key = lower(name), updated_at = created_at;
CREATE INDEX organizations_by_name ON organizations (name_key, id);

-- A tenant's token names its organization too, so that whoever asks needs no second look. None is ever deleted: the
-- audit log names tokens.
CREATE TABLE tokens_with_roles (
    id           TEXT PRIMARY KEY NOT NULL,
    name         TEXT NOT NULL,
    sha256       BLOB NOT NULL UNIQUE,
    role         TEXT NOT NULL CHECK (role IN ('operator', 'org', 'tenant')),
    org_id       TEXT,
    tenant_id    TEXT,
    access       TEXT NOT NULL CHECK (access IN ('read', 'write')),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    CHECK ((role = 'operator') = (org_id IS NULL)),
    CHECK ((role = 'tenant') = (tenant_id IS NOT NULL))
) STRICT;
INSERT INTO tokens_with_roles (id, name, sha256, role, access, created_at)
    SELECT 'tok_00000000000000000000000000', name, sha256, 'operator', 'write', created_at FROM tokens
    WHERE name = 'bootstrap';
DROP TABLE tokens;
ALTER TABLE tokens_with_roles RENAME TO tokens;
CREATE INDEX tokens_by_age ON tokens (created_at, id);
CREATE INDEX tokens_by_org ON tokens (org_id, created_at, id) WHERE org_id IS NOT NULL;
CREATE INDEX tokens_by_tenant ON tokens (tenant_id, created_at, id) WHERE tenant_id IS NOT NULL;

-- Who saved a version.
ALTER TABLE tenant_versions ADD COLUMN saved_by TEXT;

ALTER TABLE audit ADD COLUMN org_id TEXT;
ALTER TABLE audit ADD COLUMN tenant_id TEXT;
UPDATE audit SET tenant_id = subject WHERE subject GLOB 'ten_*';
UPDATE audit SET tenant_id = json_extract(coalesce(after, before), '$.tenantId') WHERE subject GLOB 'num_*';
UPDATE audit SET org_id = subject WHERE subject GLOB 'org_*';
UPDATE audit SET org_id = (SELECT org_id FROM tenant_versions WHERE id = audit.tenant_id LIMIT 1)
    WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_by_org ON audit (org_id, id) WHERE org_id IS NOT NULL;
CREATE INDEX audit_by_tenant ON audit (tenant_id, id) WHERE tenant_id IS NOT NULL;
