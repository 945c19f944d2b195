//! The columns of tables that are read whole, by name: `SELECT *` would be another question once a newer build has added a
//! column, and Postgres refuses to go on with a prepared one whose answer has changed its shape.

macro_rules! tables {
    ($($table:ident: $columns:literal;)*) => {
        /// The columns of a table.
        macro_rules! columns_of {
            $(($table) => { $columns };)*
        }

        /// Asks for the rows of a table whole.
        macro_rules! rows_of {
            $(($table) => { concat!("SELECT ", $columns, " FROM ", stringify!($table)) };)*
        }
    };
}

tables! {
    audit: "id, at, who, what, subject, before, after, org_id, tenant_id";
    call_months: "tenant_id, month, arrival, calls, minutes, ai_micros";
    calls: "call_sid, tenant_id, at, from_number, to_number, ended_at, began, ending, report, org_id, available, \
        reason, arrival, status";
    erasures: "id, created_at, org_id, tenant_id, number, state, report";
    jobs: "id, kind, tenant_id, org_id, subject, asked, by, created_at, updated_at, state, standing, due_at, fence, \
        held_until";
    number_lives: "id, e164, account_sid, vapi_number_id, org_id, tenant_id, state, since, acquired_at, released_at";
    number_spells: "number_id, since, until, state, tenant_id";
    numbers: "id, e164, sip_uri, tenant_id, account_sid, twilio_sid, vapi_number_id, state, purpose, \
        already_overflowed, resting_since, created_at, org_id, job_id, ported";
    organizations: "id, name, twilio_sid, twilio_auth_token, twilio_auth_token_next, twilio_phone_number, created_at, \
        name_key, billing, version, updated_at";
    phone_integrations: "tenant_id, settings, method, clinic_number, sip_password, updated_at";
    port_moments: "port_id, nth, at, stage, words";
    port_papers: "tenant_id, papers, document_sid, document_at";
    ports: "id, tenant_id, e164, account_sid, request_sid, stage, since, seen, due_at, created_at";
    remote_erasures: "id, provider, account, sid, tenant_id, attempts, created_at, next_at, last_error";
    retention: "tenant_id, calls_days, voicemails_days, transcripts_days, recording, version";
    sessions: "sha256, kind, token_sha256, created_at, expires_at";
    sip_seats: "id, tenant_id, username, account_sid, list_sid, credential_sid, entries, good_since, older_since, \
        first_call_at, last_call_at, leaving";
    tenant_versions: "id, org_id, slug, name, name_key, timezone, country, language, voice, target_kind, target_id, \
        connect_via, connect_sip_uri, connect_username, connect_password, connect_timeout_seconds, sip_username, \
        availability, forced, version, created_at, updated_at, saved_by";
    tenants: "id, org_id, slug, name, name_key, timezone, country, language, voice, target_kind, target_id, \
        connect_via, connect_sip_uri, connect_username, connect_password, connect_timeout_seconds, sip_username, \
        availability, forced, version, created_at, updated_at";
    tokens: "id, name, sha256, role, org_id, tenant_id, access, created_at, expires_at, revoked_at, last_used_at";
    voicemails: "id, tenant_id, call_sid, account_sid, recording_sid, recording_url, from_number, duration_seconds, \
        state, transcript, heard, created_at, org_id";
    webhook_deliveries: "id, webhook_id, type, subject, created_at, state, attempts, next_at, last_status, last_error, \
        payload, finished_at";
    webhooks: "id, org_id, tenant_id, url, events, description, enabled, disabled_reason, secret, secret_previous, \
        previous_until, failing_since, version, created_at, updated_at";
}
