-- What becomes of numbers over the years: where each was and when, and who has what of them at other carriers.

-- It came to us from another carrier: nobody else gets it by itself.
ALTER TABLE numbers ADD COLUMN ported BIGINT NOT NULL DEFAULT 0;
CREATE INDEX numbers_at_rest ON numbers (resting_since, id) WHERE state = 'resting';

-- Every number there ever was, as it is now or was at its end.
CREATE TABLE number_lives (
    id             TEXT COLLATE "C" PRIMARY KEY,
    e164           TEXT COLLATE "C" NOT NULL,
    account_sid    TEXT COLLATE "C",
    vapi_number_id TEXT COLLATE "C",
    org_id         TEXT COLLATE "C",
    tenant_id      TEXT COLLATE "C",
    -- As of `numbers`, or 'released'.
    state          TEXT COLLATE "C" NOT NULL,
    -- Since when its state and its tenant are these.
    since          BIGINT NOT NULL,
    -- Since when it is paid for: as it was recorded, until its provider tells better.
    acquired_at    BIGINT NOT NULL,
    released_at    BIGINT
);
CREATE INDEX number_lives_by_age ON number_lives (acquired_at, id, state, e164);
CREATE INDEX number_lives_by_org ON number_lives (org_id, acquired_at, id, state, e164);
CREATE INDEX number_lives_by_tenant ON number_lives (tenant_id, acquired_at, id, state, e164, org_id);

-- The same from stretch to stretch. Names no tenant by reference: what was, was.
CREATE TABLE number_spells (
    number_id TEXT COLLATE "C" NOT NULL REFERENCES number_lives (id) ON DELETE CASCADE,
    since     BIGINT NOT NULL,
    until     BIGINT,
    state     TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C",
    PRIMARY KEY (number_id, since)
);

CREATE FUNCTION number_life_follows() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE number_lives SET org_id = NEW.org_id WHERE id = NEW.id;
    RETURN NULL;
END $$;
-- Whatever changed it: what a trigger before has set is no column of the statement.
CREATE TRIGGER number_lives_org AFTER UPDATE ON numbers
    FOR EACH ROW WHEN (NEW.org_id IS DISTINCT FROM OLD.org_id) EXECUTE FUNCTION number_life_follows();

-- Where a number was seen to lead when it was last looked at, if not to us; and when it was read back leading here.
CREATE TABLE number_watches (
    number_id TEXT COLLATE "C" PRIMARY KEY REFERENCES numbers (id) ON DELETE CASCADE,
    -- When it first was seen to lead to us: what never did is not brought back.
    wired_at  BIGINT,
    -- What is amiss, and since when.
    finding   TEXT COLLATE "C",
    detail    TEXT COLLATE "C",
    since     BIGINT
);
