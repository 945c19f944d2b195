//! What the benches work on: a webhook as Twilio sends it, and a tenant with full settings.

pub mod house;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use patchbay::model::{
    Connect, E164, Number, NumberId, NumberState, OrgId, Purpose, Secret, Seed, Sid, Target, Tenant, TenantId,
    TwilioAccount, Via,
};
use patchbay::routing::{CompiledTenant, Surroundings, compile};
use serde_json::{Value, json};

pub const ACCOUNT: &str = "AC00000000000000000000000000000001";
pub const TOKEN: &str = "an-invented-auth-token";
pub const BASE: &str = "https://edge.example.com";
pub const NUMBER: &str = "+16475550111";
pub const CALLER: &str = "+14165550101";

/// Of something that has nothing to wait for.
pub fn at_once<T>(answer: impl Future<Output = T>) -> T {
    match pin!(answer).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("what is known already waits for nothing"),
    }
}

/// A Thursday afternoon in Toronto.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_789_670_000).expect("in range")
}

/// The 29 parameters of a call from the telephone network.
pub fn fields(call_sid: &str) -> Vec<(&'static str, String)> {
    let token = "eyJhbGciOiJFUzI1NiJ9.".repeat(8);
    [
        ("AccountSid", ACCOUNT),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", call_sid),
        ("CallStatus", "ringing"),
        ("CallToken", &token),
        ("Called", NUMBER),
        ("CalledCity", "TORONTO"),
        ("CalledCountry", "CA"),
        ("CalledState", "ON"),
        ("CalledZip", ""),
        ("Caller", CALLER),
        ("CallerCity", "TORONTO"),
        ("CallerCountry", "CA"),
        ("CallerName", "A CALLER"),
        ("CallerState", "Ontario"),
        ("CallerZip", ""),
        ("Direction", "inbound"),
        ("From", CALLER),
        ("FromCity", "TORONTO"),
        ("FromCountry", "CA"),
        ("FromState", "Ontario"),
        ("FromZip", ""),
        ("StirVerstat", "TN-Validation-Passed-A"),
        ("To", NUMBER),
        ("ToCity", "TORONTO"),
        ("ToCountry", "CA"),
        ("ToState", "ON"),
        ("ToZip", ""),
        ("UUI", ""),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.to_owned()))
    .collect()
}

/// The parameters of a call from a business's own telephone system.
pub fn sip_fields(call_sid: &str, username: &str) -> Vec<(&'static str, String)> {
    let token = "eyJhbGciOiJFUzI1NiJ9.".repeat(8);
    let to = "sip:smile-dental@example.sip.twilio.com";
    [
        ("AccountSid", ACCOUNT),
        ("ApiVersion", "2010-04-01"),
        ("CallSid", call_sid),
        ("CallStatus", "ringing"),
        ("CallToken", &token),
        ("Called", to),
        ("Caller", CALLER),
        ("Direction", "inbound"),
        ("From", CALLER),
        ("SipCallId", "5f1c09aa@192.0.2.10"),
        ("SipDomain", "example.sip.twilio.com"),
        ("SipDomainSid", "SD00000000000000000000000000000001"),
        ("SipSourceIp", "192.0.2.10"),
        ("SipUsername", username),
        ("To", to),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.to_owned()))
    .collect()
}

/// A form as it stands in a body.
pub fn encode(fields: &[(&'static str, String)]) -> Vec<u8> {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
                b' ' => "+".to_owned(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", escape(value))).collect();
    pairs.join("&").into_bytes()
}

/// Settings of every kind at once, decided by `mode`.
pub fn availability(mode: &str) -> Value {
    let day = json!([{"open": "09:00", "close": "12:00"}, {"open": "13:00", "close": "18:30"}]);
    json!({
        "mode": mode,
        "afterHours": {"enabled": true, "businessHours": {
            "timezone": "America/Toronto",
            "schedule": {"monday": day, "tuesday": day, "wednesday": day, "thursday": day, "friday": day,
                         "saturday": {"open": "22:00", "close": "02:00"}, "sunday": null},
            "holidays": ["--01-01", "--07-01", "--12-25", "--12-26", "2026-09-07", "2026-10-12"],
            "exceptions": [{"date": "2026-12-24", "hours": {"open": "09:00", "close": "12:00"}, "name": "Short day"}]
        }},
        "highVolume": {"enabled": true, "threshold": 5},
        "customSchedule": {"enabled": true, "rules": (0..7).map(|day| json!(
            {"dayOfWeek": day, "startTime": "18:00", "endTime": "23:00", "action": "enable"})).collect::<Vec<_>>()},
        "fallback": {"type": "forward", "forwardNumber": "+14165550122", "noAnswer": "voicemail"}
    })
}

fn seed() -> Seed {
    Seed { at: now(), random: [7; 10] }
}

pub fn account() -> TwilioAccount {
    TwilioAccount {
        sid: Sid::parse(ACCOUNT).expect("a SID"),
        auth_token: Secret::new(TOKEN),
        auth_token_next: None,
        phone_number: E164::parse("+16475550199").ok(),
    }
}

pub fn tenant(mode: &str) -> CompiledTenant {
    let tenant = Tenant {
        id: TenantId::new(seed()),
        org_id: OrgId::new(seed()),
        slug: "smile-dental".to_owned(),
        name: "Smile Dental".to_owned(),
        timezone: "America/Toronto".to_owned(),
        country: "CA".to_owned(),
        language: None,
        voice: None,
        target: Target::parse("assistant:asst-1"),
        connect: Connect {
            via: Via::Sip,
            sip_uri: Some("sip:desk@sip.vapi.ai".to_owned()),
            username: Some("a-user-name-of-twenty-chars".to_owned()),
            password: Some(Secret::new("a-password-of-twenty-and-more")),
            timeout_seconds: None,
        },
        sip_username: None,
        availability: availability(mode),
        forced: None,
        version: 1,
        created_at: now(),
        updated_at: now(),
    };
    let number = Number {
        id: NumberId::new(seed()),
        e164: E164::parse(NUMBER).expect("a number"),
        sip_uri: None,
        tenant_id: Some(tenant.id.clone()),
        account_sid: Sid::parse(ACCOUNT).ok(),
        twilio_sid: None,
        vapi_number_id: None,
        state: NumberState::Active,
        purpose: Purpose::Calls,
        already_overflowed: false,
        ported: false,
        created_at: now(),
    };
    let around = Surroundings { global_account: Some(account()), ..Surroundings::default() };
    compile(&tenant, &[number], None, &around).0
}
