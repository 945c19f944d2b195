//! Invented businesses and calls for the tests of store and directory.

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    AiReport, Arrival, Billing, CallBegan, CallEnded, CallEvent, Connect, Decision, E164, EndedBy, Number, NumberId,
    NumberState, Org, OrgId, Purpose, Reason, Record, Secret, Seed, Sid, Tenant, TenantId, TwilioAccount, Via,
    VoicemailId, VoicemailNews, VoicemailState,
};
use patchbay::store::{Actor, Numbered, Store, StoreError};
use serde_json::json;

pub const KEY: [u8; 32] = [7; 32];

pub fn at(second: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T10:00:00.000000001Z".parse().unwrap();
    start + SignedDuration::from_secs(second)
}

/// Identifiers of different `n` differ and sort by it.
pub fn seed(n: u32) -> Seed {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    Seed { at: at(i64::from(n)), random }
}

pub fn operator() -> Actor {
    Actor("operator".to_owned())
}

pub fn sid(text: &str) -> Sid {
    Sid::parse(text).unwrap()
}

pub fn e164(text: &str) -> E164 {
    E164::parse(text).unwrap()
}

pub fn tenant_id(n: u32) -> TenantId {
    TenantId::new(seed(n))
}

pub fn org_with_account(n: u32) -> Org {
    Org {
        id: OrgId::new(seed(n)),
        name: format!("Reseller {n}"),
        twilio: Some(TwilioAccount {
            sid: sid(&format!("AC{n:032}")),
            auth_token: Secret::new(format!("token-{n}")),
            auth_token_next: Some(Secret::new(format!("next-token-{n}"))),
            phone_number: Some(e164("+16475550100")),
        }),
        billing: Billing::Unverified,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// Keeps an organization, new or known.
pub async fn put_org(store: &Store, org: &Org) -> Result<Org, StoreError> {
    if store.org(&org.id).await?.is_some() {
        return store.change_org(&org.id, None, &operator(), |kept| *kept = org.clone()).await;
    }
    store.create_org(org, &operator()).await.map(|()| org.clone())
}

pub fn tenant(n: u32, org: &OrgId) -> Tenant {
    Tenant {
        id: tenant_id(n),
        org_id: org.clone(),
        slug: format!("smile-dental-{n}"),
        name: format!("Smile Dental {n}"),
        timezone: "America/Toronto".to_owned(),
        country: "CA".to_owned(),
        language: Some("en-CA".to_owned()),
        voice: None,
        target: patchbay::model::Target::parse("assistant:front-desk"),
        connect: Connect {
            via: Via::Sip,
            sip_uri: Some("sip:smile@sip.vapi.ai".to_owned()),
            username: Some("smile".to_owned()),
            password: Some(Secret::new(format!("open sesame {n}"))),
            timeout_seconds: Some(15),
        },
        sip_username: Some(format!("sip_{n:08x}")),
        availability: json!({"mode": "combined", "zzz": 1, "afterHours": {"enabled": true}, "aaa": [1.5, null, "x"]}),
        forced: None,
        version: 1,
        created_at: at(1),
        updated_at: at(1),
    }
}

/// A tenant of the platform, kept.
pub async fn kept_tenant(store: &Store, n: u32) -> Tenant {
    let org = store.platform_org().await.unwrap();
    let tenant = tenant(n, &org.id);
    store.create_tenant(&tenant, &operator()).await.unwrap();
    tenant
}

pub fn number(n: u32, digits: &str, tenant: Option<&TenantId>) -> Number {
    Number {
        id: NumberId::new(seed(n)),
        e164: e164(digits),
        sip_uri: None,
        tenant_id: tenant.cloned(),
        account_sid: Some(sid("AC00000000000000000000000000000001")),
        twilio_sid: Some(sid(&format!("PN{n:032}"))),
        vapi_number_id: None,
        state: if tenant.is_some() { NumberState::Active } else { NumberState::Unassigned },
        purpose: Purpose::Calls,
        already_overflowed: false,
        ported: false,
        created_at: at(i64::from(n)),
    }
}

pub fn began(call: &str, tenant: Option<&TenantId>, second: i64) -> CallBegan {
    CallBegan {
        call_sid: sid(call),
        tenant_id: tenant.cloned(),
        tenant_version: 3,
        number_id: None,
        account_sid: Some(sid("AC00000000000000000000000000000001")),
        from: "+16475550111".to_owned(),
        to: "+16475550123".to_owned(),
        arrival: Arrival::Number,
        at: at(second),
        others: 2,
        decision: Decision::ai(Reason::AfterHours),
        step: "ai".to_owned(),
        answer: None,
        took_us: 312,
        request_id: format!("req-{second}"),
    }
}

pub fn event(call: &str, what: &str, second: i64) -> CallEvent {
    CallEvent {
        call_sid: sid(call),
        at: at(second),
        what: what.to_owned(),
        outcome: Some("no-answer".to_owned()),
        step: None,
    }
}

pub fn ended(call: &str, by: EndedBy, second: i64) -> CallEnded {
    CallEnded {
        call_sid: sid(call),
        at: at(second),
        status: Some("completed".to_owned()),
        duration_seconds: Some(61),
        by,
    }
}

pub fn report(call: &str, second: i64) -> AiReport {
    AiReport {
        call_sid: sid(call),
        vapi_call_id: Some(sid("vapi-1")),
        at: at(second),
        ended_reason: Some("customer-ended-call".to_owned()),
        duration_seconds: Some(58),
        cost_usd: Some(0.125),
        summary: None,
        recording_url: None,
    }
}

pub fn news(n: u32, call: &str, recording: Option<&str>, state: VoicemailState, second: i64) -> VoicemailNews {
    VoicemailNews {
        id: VoicemailId::new(seed(n)),
        tenant_id: None,
        call_sid: sid(call),
        account_sid: None,
        recording_sid: recording.map(sid),
        recording_url: None,
        from: None,
        duration_seconds: None,
        state,
        transcript: None,
        at: at(second),
    }
}

/// Records as a journal numbers them, from `first` on.
pub fn numbered(first: u64, records: &[Record]) -> Vec<Numbered> {
    (first..).zip(records).map(|(seq, record)| Numbered { seq, record: record.clone() }).collect()
}
