-- What several processes on one store need to know of each other, and walls between organizations.

-- What of the settings has changed, for processes that keep copies. Written by whatever changes it, so that nobody can
-- forget to; whoever writes has the turn of all, so places are taken in the order in which they become visible.
CREATE TABLE changes (
    seq  BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    what TEXT COLLATE "C" NOT NULL,
    key  TEXT COLLATE "C" NOT NULL,
    at   TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION has_changed(what TEXT, key TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    IF key IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO changes (what, key) VALUES (has_changed.what, has_changed.key);
    -- More go than come. Whoever has not looked for an hour looks at everything anew.
    DELETE FROM changes WHERE seq IN (
        SELECT seq FROM changes WHERE changes.at < clock_timestamp() - INTERVAL '1 hour' ORDER BY seq LIMIT 4);
    -- A hint to look now: one that is lost is made up for by looking every now and then.
    PERFORM pg_notify('patchbay', '');
END $$;

CREATE FUNCTION tenant_has_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM has_changed('tenant', coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER tenants_change AFTER INSERT OR UPDATE OR DELETE ON tenants
    FOR EACH ROW EXECUTE FUNCTION tenant_has_changed();

CREATE FUNCTION number_has_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM has_changed('number', coalesce(NEW.e164, OLD.e164));
    PERFORM has_changed('vapi-number', NEW.vapi_number_id);
    PERFORM has_changed('tenant', NEW.tenant_id);
    IF OLD.vapi_number_id IS DISTINCT FROM NEW.vapi_number_id THEN
        PERFORM has_changed('vapi-number', OLD.vapi_number_id);
    END IF;
    IF OLD.tenant_id IS DISTINCT FROM NEW.tenant_id THEN
        PERFORM has_changed('tenant', OLD.tenant_id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER numbers_change AFTER INSERT OR UPDATE OR DELETE ON numbers
    FOR EACH ROW EXECUTE FUNCTION number_has_changed();

CREATE FUNCTION org_has_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM has_changed('org', coalesce(NEW.id, OLD.id));
    RETURN NULL;
END $$;
CREATE TRIGGER organizations_change AFTER INSERT OR UPDATE OR DELETE ON organizations
    FOR EACH ROW EXECUTE FUNCTION org_has_changed();

CREATE FUNCTION sip_name_has_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM has_changed('sip-name', coalesce(NEW.name, OLD.name));
    RETURN NULL;
END $$;
CREATE TRIGGER sip_names_change AFTER INSERT OR UPDATE OR DELETE ON sip_names
    FOR EACH ROW EXECUTE FUNCTION sip_name_has_changed();

CREATE FUNCTION phone_has_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM has_changed('tenant', coalesce(NEW.tenant_id, OLD.tenant_id));
    PERFORM has_changed('sip-name', NEW.clinic_number);
    PERFORM has_changed('sip-name', ltrim(NEW.clinic_number, '+'));
    IF OLD.clinic_number IS DISTINCT FROM NEW.clinic_number THEN
        PERFORM has_changed('sip-name', OLD.clinic_number);
        PERFORM has_changed('sip-name', ltrim(OLD.clinic_number, '+'));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER phone_integrations_change AFTER INSERT OR UPDATE OR DELETE ON phone_integrations
    FOR EACH ROW EXECUTE FUNCTION phone_has_changed();

-- What is done by one process at a time: who does it, and until when the others leave it to that one.
CREATE TABLE duties (
    duty       TEXT COLLATE "C" PRIMARY KEY,
    holder     TEXT COLLATE "C" NOT NULL,
    held_until BIGINT NOT NULL
);

-- Rows of an organization, for transactions that say whose they want to see. One that says nothing sees none. The owner
-- of the tables is bound too; a superuser is not, so patchbay should be none.
DO $$
DECLARE
    -- How a table's rows are known to be those of the organization.
    walls CONSTANT TEXT[][] := ARRAY[
        ['organizations', 'id = org'],
        ['tenants', 'org_id = org'],
        ['tenant_versions', 'org_id = org'],
        ['numbers', 'org_id = org'],
        ['calls', 'org_id = org'],
        ['voicemails', 'org_id = org'],
        ['audit', 'org_id = org'],
        ['tokens', 'org_id = org'],
        ['jobs', 'org_id = org'],
        ['number_lives', 'org_id = org'],
        ['webhooks', 'org_id = org OR tenant_id IN (SELECT id FROM tenants)'],
        ['erasures', 'org_id = org OR tenant_id IN (SELECT id FROM tenants)'],
        ['retention', 'tenant_id IN (SELECT id FROM tenants)'],
        ['remote_erasures', 'tenant_id IN (SELECT id FROM tenants)'],
        ['phone_integrations', 'tenant_id IN (SELECT id FROM tenants)'],
        ['port_papers', 'tenant_id IN (SELECT id FROM tenants)'],
        ['ports', 'tenant_id IN (SELECT id FROM tenants)'],
        ['sip_seats', 'tenant_id IN (SELECT id FROM tenants)'],
        ['sip_names', 'tenant_id IN (SELECT id FROM tenants)'],
        ['call_months', 'tenant_id IN (SELECT id FROM tenants)'],
        ['call_events', 'call_sid IN (SELECT call_sid FROM calls)'],
        ['voicemail_news', 'call_sid IN (SELECT call_sid FROM calls)'],
        ['webhook_deliveries', 'webhook_id IN (SELECT id FROM webhooks)'],
        ['job_log', 'job_id IN (SELECT id FROM jobs)'],
        ['port_moments', 'port_id IN (SELECT id FROM ports)'],
        ['number_spells', 'number_id IN (SELECT id FROM number_lives)'],
        ['number_watches', 'number_id IN (SELECT id FROM numbers)']];
    wall TEXT[];
    whose CONSTANT TEXT := '(SELECT current_setting(''patchbay.org'', true))';
BEGIN
    FOREACH wall SLICE 1 IN ARRAY walls LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', wall[1]);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', wall[1]);
        EXECUTE format('CREATE POLICY of_an_organization ON %I USING (%s = ''*'' OR %s)',
            wall[1], whose, replace(wall[2], '= org', '= ' || whose));
    END LOOP;
END $$;
