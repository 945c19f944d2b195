-- What lists are narrowed to stands in the indexes they are walked along, so that rows passed over cost little.

-- Whose a row is, also when its tenant is gone; and of a call what people look for, told as the API tells it.
ALTER TABLE calls ADD COLUMN org_id TEXT COLLATE "C";
ALTER TABLE calls ADD COLUMN available BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT 'unknown-number';
ALTER TABLE calls ADD COLUMN arrival TEXT COLLATE "C" NOT NULL DEFAULT 'number';
ALTER TABLE calls ADD COLUMN status TEXT COLLATE "C";
ALTER TABLE voicemails ADD COLUMN org_id TEXT COLLATE "C";
ALTER TABLE numbers ADD COLUMN org_id TEXT COLLATE "C";

DROP INDEX voicemails_by_call;
DROP INDEX voicemails_by_age;
DROP INDEX voicemails_by_tenant;
DROP INDEX numbers_by_age;
DROP INDEX numbers_by_tenant;
DROP INDEX tenants_by_org;
DROP INDEX audit_by_subject;
DROP INDEX audit_by_org;
DROP INDEX audit_by_tenant;

CREATE INDEX calls_by_org ON calls (org_id, at, call_sid);
-- People know the end of a number. A whole one is found here too.
CREATE INDEX calls_by_from_end ON calls (right(from_number, 4), at, call_sid);
CREATE INDEX calls_by_to_end ON calls (right(to_number, 4), at, call_sid);

CREATE INDEX voicemails_by_call ON voicemails (call_sid, created_at, id, heard, state);
CREATE INDEX voicemails_by_age ON voicemails (created_at, id, heard, state);
CREATE INDEX voicemails_by_org ON voicemails (org_id, created_at, id, heard, state);
CREATE INDEX voicemails_by_tenant ON voicemails (tenant_id, created_at, id, heard, state);

CREATE INDEX tenants_by_org ON tenants (org_id, name_key, id, slug);
CREATE INDEX tenants_by_target ON tenants (target_id, name_key, id, slug, org_id);

CREATE INDEX numbers_by_age ON numbers (created_at, id, e164, state, purpose);
CREATE INDEX numbers_by_org ON numbers (org_id, created_at, id, e164, state, purpose, account_sid);
CREATE INDEX numbers_by_tenant ON numbers (tenant_id, created_at, id, e164, state, purpose, account_sid);
CREATE INDEX numbers_by_account ON numbers (account_sid, created_at, id, e164, state, purpose);
CREATE INDEX numbers_by_twilio_sid ON numbers (twilio_sid);

CREATE INDEX audit_by_age ON audit (at, id, who, what, subject);
CREATE INDEX audit_by_who ON audit (who, at, id, what, subject);
CREATE INDEX audit_by_subject ON audit (subject, at, id, who, what);
CREATE INDEX audit_by_org ON audit (org_id, at, id, who, what, subject);
CREATE INDEX audit_by_tenant ON audit (tenant_id, at, id, who, what, subject, org_id);

-- A number is its tenant's organization's; one that leads nowhere is that of whoever has the account that carries it.
-- The store keeps this itself, because a number, a tenant and an organization can each change it.
CREATE FUNCTION number_finds_its_org() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.org_id := coalesce(
        (SELECT org_id FROM tenants WHERE id = NEW.tenant_id),
        (SELECT id FROM organizations WHERE twilio_sid = NEW.account_sid));
    RETURN NEW;
END $$;
CREATE TRIGGER numbers_org_of_new BEFORE INSERT ON numbers FOR EACH ROW EXECUTE FUNCTION number_finds_its_org();
CREATE TRIGGER numbers_org_of_changed BEFORE UPDATE OF tenant_id, account_sid ON numbers
    FOR EACH ROW EXECUTE FUNCTION number_finds_its_org();

CREATE FUNCTION tenant_moves() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    UPDATE numbers SET org_id = NEW.org_id WHERE tenant_id = NEW.id;
    UPDATE calls SET org_id = NEW.org_id WHERE tenant_id = NEW.id;
    UPDATE voicemails SET org_id = NEW.org_id WHERE tenant_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tenants_move AFTER UPDATE OF org_id ON tenants
    FOR EACH ROW WHEN (NEW.org_id <> OLD.org_id) EXECUTE FUNCTION tenant_moves();

CREATE FUNCTION account_has_another_org() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE numbers SET org_id = NULL WHERE tenant_id IS NULL AND account_sid = OLD.twilio_sid;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE numbers SET org_id = NEW.id WHERE tenant_id IS NULL AND account_sid = NEW.twilio_sid;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER organizations_account_of_new AFTER INSERT ON organizations
    FOR EACH ROW WHEN (NEW.twilio_sid IS NOT NULL) EXECUTE FUNCTION account_has_another_org();
CREATE TRIGGER organizations_account_changed AFTER UPDATE OF twilio_sid ON organizations
    FOR EACH ROW WHEN (NEW.twilio_sid IS DISTINCT FROM OLD.twilio_sid) EXECUTE FUNCTION account_has_another_org();
CREATE TRIGGER organizations_account_gone AFTER DELETE ON organizations
    FOR EACH ROW WHEN (OLD.twilio_sid IS NOT NULL) EXECUTE FUNCTION account_has_another_org();
