//! How things look in the audit log: as the admin API writes them, and never a secret.

use serde_json::{Value, json};

use super::Token;
use crate::model::{Job, Number, Org, Role, Tenant, Webhook};

/// A tenant; of its password only whether there is one.
pub(crate) fn tenant(tenant: &Tenant) -> Value {
    let connect = &tenant.connect;
    json!({
        "id": tenant.id,
        "orgId": tenant.org_id,
        "slug": tenant.slug,
        "name": tenant.name,
        "timezone": tenant.timezone,
        "country": tenant.country,
        "language": tenant.language,
        "voice": tenant.voice,
        "target": tenant.target,
        "connect": {
            "via": connect.via,
            "sipUri": connect.sip_uri,
            "username": connect.username,
            "hasPassword": connect.password.is_some(),
            "timeoutSeconds": connect.timeout_seconds,
        },
        "sipUsername": tenant.sip_username,
        "availability": tenant.availability,
        "override": tenant.forced,
        "version": tenant.version,
    })
}

/// A number.
pub(crate) fn number(number: &Number) -> Value {
    json!({
        "id": number.id,
        "e164": number.e164,
        "sipUri": number.sip_uri,
        "tenantId": number.tenant_id,
        "accountSid": number.account_sid,
        "twilioSid": number.twilio_sid,
        "vapiNumberId": number.vapi_number_id,
        "state": number.state,
        "purpose": number.purpose,
        "alreadyOverflowed": number.already_overflowed,
        "ported": number.ported,
    })
}

/// An organization; of its tokens only which there are.
pub(crate) fn org(org: &Org) -> Value {
    let twilio = org.twilio.as_ref().map(|account| {
        json!({
            "accountSid": account.sid,
            "hasNextToken": account.auth_token_next.is_some(),
            "phoneNumber": account.phone_number,
        })
    });
    json!({ "id": org.id, "name": org.name, "twilio": twilio, "billing": org.billing, "version": org.version })
}

/// A token, without anything that opens a door.
pub(crate) fn token(token: &Token) -> Value {
    let role = match &token.role {
        Role::Operator => "operator".to_owned(),
        Role::Org(org) => format!("org:{org}"),
        Role::Tenant { tenant, .. } => format!("tenant:{tenant}"),
    };
    json!({ "id": token.id, "name": token.name, "role": role, "access": token.access.as_str(), "expiresAt": token.expires_at })
}

/// An endpoint of webhooks; of its secret nothing.
pub(crate) fn webhook(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id,
        "orgId": webhook.org_id,
        "tenantId": webhook.tenant_id,
        "url": webhook.url,
        "events": webhook.events,
        "description": webhook.description,
        "enabled": webhook.enabled,
        "disabledReason": webhook.disabled_reason,
        "version": webhook.version,
    })
}

/// A job: what was asked, and how far it is.
pub(crate) fn job(job: &Job) -> Value {
    json!({
        "id": job.id,
        "kind": job.kind,
        "tenantId": job.tenant_id,
        "asked": job.asked,
        "state": job.standing.state,
    })
}
