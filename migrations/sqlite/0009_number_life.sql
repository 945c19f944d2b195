-- What becomes of numbers over the years: where each was and when, and who has what of them at other carriers.

-- It came to us from another carrier: nobody else gets it by itself.
ALTER TABLE numbers ADD COLUMN ported INTEGER NOT NULL DEFAULT 0;
CREATE INDEX numbers_at_rest ON numbers (resting_since, id) WHERE state = 'resting';

-- Every number there ever was, as it is now or was at its end.
CREATE TABLE number_lives (
    id             TEXT PRIMARY KEY NOT NULL,
    e164           TEXT NOT NULL,
    account_sid    TEXT,
    vapi_number_id TEXT,
    org_id         TEXT,
    tenant_id      TEXT,
    -- As of `numbers`, or 'released'.
    state          TEXT NOT NULL,
    -- Since when its state and its tenant are these.
    since          INTEGER NOT NULL,
    -- Since when it is paid for: as it was recorded, until its provider tells better.
    acquired_at    INTEGER NOT NULL,
    released_at    INTEGER
) STRICT;
CREATE INDEX number_lives_by_age ON number_lives (acquired_at, id, state, e164);
CREATE INDEX number_lives_by_org ON number_lives (org_id, acquired_at, id, state, e164);
CREATE INDEX number_lives_by_tenant ON number_lives (tenant_id, acquired_at, id, state, e164, org_id);

-- The same from stretch to stretch. Names no tenant by reference: what was, was.
CREATE TABLE number_spells (
    number_id TEXT NOT NULL REFERENCES number_lives (id) ON DELETE CASCADE,
    since     INTEGER NOT NULL,
    until     INTEGER,
    state     TEXT NOT NULL,
    tenant_id TEXT,
    PRIMARY KEY (number_id, since)
) STRICT;

CREATE TRIGGER number_lives_org AFTER UPDATE OF org_id ON numbers WHEN NEW.org_id IS NOT OLD.org_id BEGIN
    UPDATE number_lives SET org_id = NEW.org_id WHERE id = NEW.id;
END;

INSERT INTO number_lives (id, e164, account_sid, vapi_number_id, org_id, tenant_id, state, since, acquired_at)
SELECT id, e164, account_sid, vapi_number_id, org_id, tenant_id, state, coalesce(resting_since, created_at), created_at
FROM numbers;
INSERT INTO number_spells (number_id, since, state, tenant_id) SELECT id, since, state, tenant_id FROM number_lives;

-- Where a number was seen to lead when it was last looked at, if not to us; and when it was read back leading here.
CREATE TABLE number_watches (
    number_id TEXT PRIMARY KEY NOT NULL REFERENCES numbers (id) ON DELETE CASCADE,
    -- When it first was seen to lead to us: what never did is not brought back.
    wired_at  INTEGER,
    -- What is amiss, and since when.
    finding   TEXT,
    detail    TEXT,
    since     INTEGER
) STRICT;
