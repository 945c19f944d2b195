-- Requests that carried an Idempotency-Key: claimed before the work, answered after it, forgotten after a day.
CREATE TABLE idempotency (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY UNIQUE,
    -- Hash of who asks and of the key they gave, in hex: neither is kept.
    key    TEXT COLLATE "C" PRIMARY KEY,
    -- Hash of what was asked.
    asked  BYTEA NOT NULL,
    -- Names the work on it, so that nobody answers for a claim that is no longer theirs.
    claim  TEXT COLLATE "C" NOT NULL,
    -- The answer, sealed: a new token's secret may be in it. Empty while it is worked on, or if that broke off.
    answer BYTEA,
    -- When it was claimed.
    at     BIGINT NOT NULL
);
CREATE INDEX idempotency_by_age ON idempotency (at);
