//! What Twilio says of ports, and what is made of it. What it leaves out, or writes in a way of its own, is no fault.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;

use crate::model::{E164, Sid};

use super::status::{PortKind, PortNumberStatus, PortStatus};

/// The country whose numbers can be ported, and Twilio's word and code for those that people have to move by hand.
const COUNTRY: &str = "US";
const BY_HAND: (&str, &str) = ("MANUAL_PORTING_AVAILABLE", "22133");

/// Whether a number can come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portability {
    /// It can: by this interface, and as it is now.
    pub portable: bool,
    /// Only with the PIN and the account number its carrier knows.
    pub needs_pin: bool,
    /// Of which kind it is.
    pub kind: PortKind,
    /// Whose it is, as ISO 3166 has it.
    pub country: Option<String>,
    /// Twilio's word for why it cannot.
    pub reason: Option<String>,
    /// Its code.
    pub code: Option<String>,
}

/// A request, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its SID.
    pub sid: Sid,
    /// How far it is.
    pub status: PortStatus,
    /// How far each of its numbers is.
    pub numbers: Vec<PortedNumber>,
    /// Where the letter is signed, once it is written.
    pub signature_url: Option<String>,
    /// Why it was called off.
    pub cancellation_reason: Option<String>,
    /// The day it is wished for.
    pub target_date: Option<Date>,
    /// When it was asked for.
    pub created: Option<Timestamp>,
}

/// A number of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortedNumber {
    /// Its SID within the request. That of the number it becomes is another.
    pub sid: Option<Sid>,
    /// The number.
    pub e164: E164,
    /// How far it is.
    pub status: PortNumberStatus,
    /// Why the carrier that loses it refused.
    pub rejection_reason: Option<String>,
    /// Its code.
    pub rejection_code: Option<String>,
    /// Why it cannot be ported at all.
    pub not_portable_reason: Option<String>,
    /// Its code.
    pub not_portable_code: Option<String>,
    /// When it comes, once that carrier has agreed.
    pub port_date: Option<Timestamp>,
}

/// A request as the list has it: without its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPort {
    /// Its SID.
    pub sid: Sid,
    /// How far it is.
    pub status: PortStatus,
}

#[derive(Deserialize)]
pub(super) struct FoundPortability {
    portable: Option<bool>,
    pin_and_account_number_required: Option<bool>,
    not_portable_reason: Option<String>,
    not_portable_reason_code: Option<Value>,
    number_type: Option<String>,
    country: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Document {
    pub sid: Sid,
    pub mime_type: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Made {
    pub port_in_request_sid: Sid,
}

#[derive(Deserialize)]
pub(super) struct FoundPort {
    port_in_request_sid: Sid,
    port_in_request_status: Option<String>,
    phone_numbers: Option<Vec<FoundNumber>>,
    signature_request_url: Option<String>,
    order_cancellation_reason: Option<String>,
    target_port_in_date: Option<String>,
    date_created: Option<String>,
}

#[derive(Deserialize)]
struct FoundNumber {
    port_in_phone_number_sid: Option<String>,
    phone_number: E164,
    port_in_phone_number_status: Option<String>,
    rejection_reason: Option<String>,
    // Twilio's description has numbers here and texts there.
    rejection_reason_code: Option<Value>,
    not_portability_reason: Option<String>,
    not_portability_reason_code: Option<Value>,
    port_date: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Page {
    port_in_requests: Vec<FoundPort>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    next_token: Option<String>,
}

impl FoundPortability {
    /// None where Twilio has not made up its mind.
    pub fn judged(self) -> Option<Portability> {
        let kind = PortKind::parse(self.number_type.as_deref().unwrap_or(""));
        let is_ours = kind != PortKind::TollFree && self.country.as_deref().is_none_or(|country| country == COUNTRY);
        let portable = self.portable? && is_ours;
        let by_hand = (!is_ours).then_some(BY_HAND);
        Some(Portability {
            portable,
            needs_pin: self.pin_and_account_number_required.unwrap_or(false),
            kind,
            country: self.country,
            reason: self.not_portable_reason.or_else(|| by_hand.map(|(reason, _)| reason.to_owned())),
            code: self.not_portable_reason_code.and_then(code).or_else(|| by_hand.map(|(_, code)| code.to_owned())),
        })
    }
}

impl Port {
    pub(super) fn of(found: FoundPort) -> Port {
        Port {
            status: PortStatus::parse(found.port_in_request_status.as_deref().unwrap_or("")),
            numbers: found.phone_numbers.unwrap_or_default().into_iter().map(PortedNumber::of).collect(),
            signature_url: found.signature_request_url.filter(|url| !url.is_empty()),
            cancellation_reason: found.order_cancellation_reason,
            target_date: found.target_port_in_date.and_then(|date| date.parse().ok()),
            created: found.date_created.and_then(|at| at.parse().ok()),
            sid: found.port_in_request_sid,
        }
    }
}

impl PortedNumber {
    fn of(found: FoundNumber) -> PortedNumber {
        PortedNumber {
            sid: found.port_in_phone_number_sid.and_then(|sid| Sid::parse(&sid).ok()),
            e164: found.phone_number,
            status: PortNumberStatus::parse(found.port_in_phone_number_status.as_deref().unwrap_or("")),
            rejection_reason: found.rejection_reason,
            rejection_code: found.rejection_reason_code.and_then(code),
            not_portable_reason: found.not_portability_reason,
            not_portable_code: found.not_portability_reason_code.and_then(code),
            port_date: found.port_date.and_then(|at| at.parse().ok()),
        }
    }

    /// Was it called off, while others of its request may still come?
    pub fn was_canceled(&self) -> bool {
        matches!(self.status, PortNumberStatus::Canceling | PortNumberStatus::Canceled)
    }
}

impl Page {
    /// The requests on it, and what names the next page.
    pub fn read(self) -> (impl Iterator<Item = ListedPort>, Option<String>) {
        let listed = self.port_in_requests.into_iter().map(|found| ListedPort {
            status: PortStatus::parse(found.port_in_request_status.as_deref().unwrap_or("")),
            sid: found.port_in_request_sid,
        });
        (listed, self.meta.and_then(|meta| meta.next_token).filter(|token| !token.is_empty()))
    }
}

/// A code, however it is written.
fn code(written: Value) -> Option<String> {
    match written {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
