-- Numbers on their way here from other carriers.

-- What a carrier knows of its customer, until the number has come.
CREATE TABLE port_papers (
    tenant_id    TEXT PRIMARY KEY NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
    -- JSON, sealed: names, addresses, an account's number, a PIN.
    papers       BLOB,
    -- The bill as Twilio has it, and when it was uploaded.
    document_sid TEXT,
    document_at  INTEGER
) STRICT;

-- Every request there was. Names no tenant by reference: what is on its way comes, whoever goes meanwhile.
CREATE TABLE ports (
    id          TEXT PRIMARY KEY NOT NULL,
    tenant_id   TEXT NOT NULL,
    e164        TEXT NOT NULL,
    account_sid TEXT NOT NULL,
    request_sid TEXT NOT NULL UNIQUE,
    stage       TEXT NOT NULL,
    since       INTEGER NOT NULL,
    -- JSON: what else Twilio said of it.
    seen        TEXT NOT NULL,
    -- When Twilio is asked next; null once it is over.
    due_at      INTEGER,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX ports_due ON ports (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ports_by_tenant ON ports (tenant_id, created_at, id);

CREATE TABLE port_moments (
    port_id TEXT NOT NULL REFERENCES ports (id) ON DELETE CASCADE,
    nth     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    stage   TEXT NOT NULL,
    words   TEXT NOT NULL,
    PRIMARY KEY (port_id, nth)
) STRICT;
