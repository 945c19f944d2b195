-- What happens, for those who listen at another process than the one where it happened.

-- What of calls was written, told by whoever wrote it in the same transaction: which calls, and what became of them. Of
-- whom they were is not in it; that is in the rows it leads to, for as long as those are kept.
CREATE TABLE told (
    seq   BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The process; it has told those who listen at it already.
    by    TEXT COLLATE "C",
    words TEXT COLLATE "C" NOT NULL,
    at    TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE told ENABLE ROW LEVEL SECURITY;
ALTER TABLE told FORCE ROW LEVEL SECURITY;
CREATE POLICY of_everybody ON told USING ((SELECT current_setting('patchbay.org', true)) = '*');

-- Which process changed it. One that does not say so is another.
ALTER TABLE changes ADD COLUMN by TEXT COLLATE "C" DEFAULT current_setting('patchbay.edge', true);

CREATE FUNCTION job_has_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM has_changed('job', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_begin AFTER INSERT ON jobs
    FOR EACH ROW EXECUTE FUNCTION job_has_changed();
CREATE TRIGGER jobs_go_on AFTER UPDATE OF state, standing ON jobs
    FOR EACH ROW WHEN ((OLD.state, OLD.standing) IS DISTINCT FROM (NEW.state, NEW.standing))
    EXECUTE FUNCTION job_has_changed();

CREATE FUNCTION voicemail_was_heard() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM has_changed('voicemail', NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER voicemails_are_heard AFTER UPDATE OF heard ON voicemails
    FOR EACH ROW WHEN (OLD.heard IS DISTINCT FROM NEW.heard)
    EXECUTE FUNCTION voicemail_was_heard();
