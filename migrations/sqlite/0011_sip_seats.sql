-- What Twilio's lists hold of each tenant: names its telephone systems sign in with, or their addresses. While a business
-- changes over to another password it has two names.

CREATE TABLE sip_seats (
    -- Never given twice: whoever has read one that is gone changes no other.
    id             INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- It outlasts its tenant until it is out of the list: a list is as full as these say.
    tenant_id      TEXT NOT NULL,
    -- None where it is the tenant's addresses.
    username       TEXT UNIQUE,
    -- The list. A place in it is taken here first, then at Twilio.
    account_sid    TEXT,
    list_sid       TEXT,
    credential_sid TEXT,
    -- How many entries of the list it takes.
    entries        INTEGER NOT NULL,
    good_since     INTEGER,
    -- Since when there is a newer name beside it.
    older_since    INTEGER,
    first_call_at  INTEGER,
    last_call_at   INTEGER,
    -- Good no more, to be taken out of the list.
    leaving        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sip_seats_by_tenant ON sip_seats (tenant_id, id);
CREATE INDEX sip_seats_by_list ON sip_seats (account_sid, list_sid, entries) WHERE list_sid IS NOT NULL;
-- Both are few, however many tenants there are.
CREATE INDEX sip_seats_older ON sip_seats (tenant_id) WHERE older_since IS NOT NULL AND leaving = 0;
CREATE INDEX sip_seats_leaving ON sip_seats (tenant_id) WHERE leaving = 1;

-- A name goes on leading to its tenant when it is signed in with no more: telephone systems dial what they always dialled.
-- 'own' is what the tenant's row says, 'given' and 'retired' what it signs in with, and did.
ALTER TABLE sip_names ADD COLUMN kind TEXT NOT NULL DEFAULT 'own' CHECK (kind IN ('own', 'given', 'retired'));

-- A new password that never came to Twilio: the older one is the one that is good, and another is made when asked for.
UPDATE phone_integrations SET sip_password = NULL
    WHERE credential_sid IS NOT NULL AND json_extract(settings, '$.passwordIsNew') = 1;
INSERT INTO sip_seats (tenant_id, username, account_sid, list_sid, credential_sid, entries, good_since)
    SELECT tenants.id, tenants.sip_username, iif(credential_sid IS NULL, NULL, account_sid),
           iif(credential_sid IS NULL, NULL, list_sid), credential_sid, 1,
           iif(credential_sid IS NULL, NULL, phone_integrations.updated_at)
    FROM phone_integrations JOIN tenants ON tenants.id = phone_integrations.tenant_id
    WHERE tenants.sip_username IS NOT NULL AND (sip_password IS NOT NULL OR credential_sid IS NOT NULL);
INSERT INTO sip_seats (tenant_id, account_sid, list_sid, entries, good_since)
    SELECT tenant_id, account_sid, list_sid, coalesce(json_array_length(settings, '$.sourceIps'), 1), updated_at
    FROM phone_integrations WHERE list_sid IS NOT NULL AND credential_sid IS NULL;

DROP INDEX phone_integrations_by_list;
ALTER TABLE phone_integrations DROP COLUMN account_sid;
ALTER TABLE phone_integrations DROP COLUMN list_sid;
ALTER TABLE phone_integrations DROP COLUMN credential_sid;
