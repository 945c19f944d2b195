-- What waits for a person is told at every look at the day: each is as small as what waits, however much there is besides.
CREATE INDEX jobs_by_hand ON jobs (created_at, id, tenant_id, org_id) WHERE state = 'manual';
CREATE INDEX webhooks_given_up ON webhooks (updated_at, id) WHERE disabled_reason IS NOT NULL;
CREATE INDEX number_watches_amiss ON number_watches (number_id) WHERE finding IS NOT NULL;
