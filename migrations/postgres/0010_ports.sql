-- Numbers on their way here from other carriers.

-- What a carrier knows of its customer, until the number has come.
CREATE TABLE port_papers (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant_id    TEXT COLLATE "C" PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
    -- JSON, sealed: names, addresses, an account's number, a PIN.
    papers       BYTEA,
    -- The bill as Twilio has it, and when it was uploaded.
    document_sid TEXT COLLATE "C",
    document_at  BIGINT
);

-- Every request there was. Names no tenant by reference: what is on its way comes, whoever goes meanwhile.
CREATE TABLE ports (
    id          TEXT COLLATE "C" PRIMARY KEY,
    tenant_id   TEXT COLLATE "C" NOT NULL,
    e164        TEXT COLLATE "C" NOT NULL,
    account_sid TEXT COLLATE "C" NOT NULL,
    request_sid TEXT COLLATE "C" NOT NULL UNIQUE,
    stage       TEXT COLLATE "C" NOT NULL,
    since       BIGINT NOT NULL,
    -- JSON: what else Twilio said of it.
    seen        TEXT COLLATE "C" NOT NULL,
    -- When Twilio is asked next; null once it is over.
    due_at      BIGINT,
    created_at  BIGINT NOT NULL
);
CREATE INDEX ports_due ON ports (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ports_by_tenant ON ports (tenant_id, created_at, id);

CREATE TABLE port_moments (
    port_id TEXT COLLATE "C" NOT NULL REFERENCES ports (id) ON DELETE CASCADE,
    nth     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    stage   TEXT COLLATE "C" NOT NULL,
    words   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (port_id, nth)
);
