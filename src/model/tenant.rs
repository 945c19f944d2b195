//! A tenant, its numbers and its organization, as they are stored and as the admin API speaks of them.
//!
//! What a call needs is compiled from these by `routing::compile`; nothing on the call path reads them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{E164, NumberId, OrgId, Secret, Sid, TenantId};

/// One business.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Who it is.
    pub id: TenantId,
    /// Whose credentials carry its calls.
    pub org_id: OrgId,
    /// Its name in SIP URIs: lower case, unique.
    pub slug: String,
    /// What callers hear it called.
    pub name: String,
    /// IANA zone in which its settings are read where they name none.
    pub timezone: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Language of spoken texts, as Twilio names it.
    pub language: Option<String>,
    /// Voice of spoken texts, as Twilio names it.
    pub voice: Option<String>,
    /// Who answers at Vapi; without one, the shared target.
    pub target: Option<Target>,
    /// How a call reaches Vapi.
    pub connect: Connect,
    /// `sip_` and eight hex digits: its user name on the SIP domain by credentials.
    pub sip_username: Option<String>,
    /// When the AI answers; exactly the JSON that was given (CONTRACT section 5).
    pub availability: Value,
    /// What comes before availability, until it ends.
    pub forced: Option<Override>,
    /// Rises by one with every change of anything above.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Who answers at Vapi.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Assistant or squad.
    pub kind: TargetKind,
    /// Vapi's id of it.
    pub id: Sid,
}

/// The two kinds of target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// One assistant.
    Assistant,
    /// Several, who hand over to each other.
    Squad,
}

impl Target {
    /// Reads `assistant:<id>` or `squad:<id>`, as the configuration writes it.
    pub fn parse(raw: &str) -> Option<Target> {
        let (kind, id) = raw.split_once(':')?;
        let kind = match kind {
            "assistant" => TargetKind::Assistant,
            "squad" => TargetKind::Squad,
            _ => return None,
        };
        Some(Target { kind, id: Sid::parse(id).ok()? })
    }
}

/// How a call reaches Vapi.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect {
    /// Which of the three ways.
    pub via: Via,
    /// The SIP endpoint dialled by `sip`.
    pub sip_uri: Option<String>,
    /// Its user name.
    pub username: Option<String>,
    /// Its password; sealed in the store, never answered by the API.
    pub password: Option<Secret>,
    /// How long the AI may ring before the fallback; 12 where absent.
    pub timeout_seconds: Option<u16>,
}

/// The three ways to Vapi (CONTRACT section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// `<Dial><Sip>`: no request of ours on the call path.
    #[default]
    Sip,
    /// `POST /call` first, then Vapi's own TwiML.
    Bypass,
    /// `<Redirect>` to Vapi.
    Redirect,
}

/// Somebody decided by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// Which way.
    pub state: Forced,
    /// At this instant it is over; without one it stays.
    pub until: Option<Timestamp>,
    /// Why, in the words of whoever did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The two ways to force a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forced {
    /// The AI answers.
    ForceAi,
    /// The fallback takes the call.
    ForceFallback,
}

/// A number that leads to a tenant, or rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Who it is.
    pub id: NumberId,
    /// The digits.
    pub e164: E164,
    /// The SIP URI it also answers to.
    pub sip_uri: Option<String>,
    /// Where it leads.
    pub tenant_id: Option<TenantId>,
    /// The Twilio account that carries it, where known.
    pub account_sid: Option<Sid>,
    /// Twilio's id of it.
    pub twilio_sid: Option<Sid>,
    /// Vapi's id of it.
    pub vapi_number_id: Option<Sid>,
    /// Where it is in its life.
    pub state: NumberState,
    /// What calls to it are for.
    pub purpose: Purpose,
    /// The carrier or PBX sends only what staff could not take.
    pub already_overflowed: bool,
    /// It came from another carrier, or is on its way from there: nobody else gets it by itself.
    pub ported: bool,
    /// When it was recorded.
    pub created_at: Timestamp,
}

impl Number {
    /// One of Vapi's own: Vapi knows it, and no Twilio account does.
    pub fn is_free(&self) -> bool {
        self.vapi_number_id.is_some() && self.account_sid.is_none() && self.twilio_sid.is_none()
    }

    /// It is asked for from another carrier, and not here yet. Calls to it are its tenant's from the first that comes.
    pub fn is_coming(&self) -> bool {
        self.ported && self.twilio_sid.is_none()
    }
}

/// The life of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberState {
    /// Leads to its tenant.
    Active,
    /// Taken from its tenant, not yet free for another.
    Resting,
    /// In the pool.
    Unassigned,
}

/// What calls to a number are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Decided like any call.
    #[default]
    Calls,
    /// Straight to voicemail.
    Voicemail,
}

/// Whoever owns Twilio credentials.
#[derive(Clone, Debug, PartialEq)]
pub struct Org {
    /// Who it is.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Its own Twilio account; the platform's organization uses the global one.
    pub twilio: Option<TwilioAccount>,
    /// Whether it may be charged for numbers.
    pub billing: Billing,
    /// Rises by one with every change of anything above.
    pub version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Whether an organization may be charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Billing {
    /// Nobody has said who pays.
    #[default]
    Unverified,
    /// Somebody pays.
    Verified,
}

/// A Twilio account that may call the edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwilioAccount {
    /// Its AccountSid.
    pub sid: Sid,
    /// The token that signs.
    pub auth_token: Secret,
    /// The token that will sign after the next rotation.
    pub auth_token_next: Option<Secret>,
    /// A number of its own, for calls whose caller ID Twilio would refuse.
    pub phone_number: Option<E164>,
}
