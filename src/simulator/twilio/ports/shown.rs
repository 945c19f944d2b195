//! Requests and their numbers in the shapes of Twilio's description.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::super::world::State;
use super::{Number, PortIn};

const BASE: &str = "https://numbers.twilio.com/v1/Porting";

/// How long a number takes from the carrier's yes to its arrival.
const UNDERWAY: SignedDuration = SignedDuration::from_hours(72);

impl PortIn {
    pub fn json(&self) -> Value {
        let given = |name: &str| self.asked.get(name).cloned().unwrap_or(Value::Null);
        let is_signable = self.status == "Waiting for Signature";
        json!({
            "port_in_request_sid": self.sid,
            "url": format!("{BASE}/PortIn/{}", self.sid),
            "account_sid": self.account_sid,
            "notification_emails": given("notification_emails"),
            "target_port_in_date": given("target_port_in_date"),
            "target_port_in_time_range_start": given("target_port_in_time_range_start"),
            "target_port_in_time_range_end": given("target_port_in_time_range_end"),
            "port_in_request_status": self.status,
            "order_cancellation_reason": self.cancellation_reason,
            "losing_carrier_information": given("losing_carrier_information"),
            "phone_numbers": self.numbers.iter().map(Number::result).collect::<Vec<_>>(),
            "bundle_sid": given("bundle_sid"),
            "portability_advance_carrier": null,
            "auto_cancel_approval_numbers": null,
            "documents": given("documents"),
            "date_created": written(self.created),
            "support_ticket_id": self.ticket,
            "signature_request_url": is_signable.then(|| format!("https://signature.example.com/{}", self.sid)),
        })
    }

    fn listed(&self) -> Value {
        let ported = self.numbers.iter().filter(|number| number.status == "completed").count();
        json!({
            "port_in_request_sid": self.sid,
            "port_in_request_status": self.status,
            "status_last_updated_timestamp": written(self.updated),
            "phone_numbers_requested": self.numbers.len(),
            "phone_numbers_ported": ported,
            "suggested_action": null,
        })
    }

    /// As `GET /_sim/ports` tells it.
    pub fn told(&self) -> Value {
        let numbers = self.numbers.iter().map(|number| {
            json!({
                "sid": number.sid,
                "phoneNumber": number.e164,
                "status": number.status,
                "reason": number.rejection_reason.as_deref().or(number.verdict.reason.map(|(word, _)| word)),
                "incomingPhoneNumberSid": number.owned,
            })
        });
        json!({
            "sid": self.sid,
            "accountSid": self.account_sid,
            "status": self.status,
            "numbers": numbers.collect::<Vec<_>>(),
        })
    }
}

impl Number {
    /// As the request tells it.
    fn result(&self) -> Value {
        let (reason, code) = self.verdict.reason.unzip();
        json!({
            "phone_number": self.e164,
            "number_type": self.verdict.kind,
            "port_in_phone_number_sid": self.sid,
            "port_in_phone_number_status": self.status,
            "portable": reason.is_none(),
            "not_portability_reason": reason,
            "not_portability_reason_code": code,
            "rejection_reason": self.rejection_reason,
            "rejection_reason_code": self.rejection_code,
            "port_date": self.port_date(),
            "status_last_time_updated_timestamp": written(self.updated),
            "external_porting_vendor_phone_number_id": null,
        })
    }

    /// As it is told by itself.
    pub fn json(&self, port: &PortIn) -> Value {
        let (reason, code) = self.verdict.reason.unzip();
        json!({
            "port_in_request_sid": port.sid,
            "phone_number_sid": self.sid,
            "url": format!("{BASE}/PortIn/{}/PhoneNumber/{}", port.sid, self.sid),
            "account_sid": port.account_sid,
            "phone_number": self.e164,
            "phone_number_type": self.verdict.kind,
            "country": self.verdict.country,
            "date_created": written(port.created),
            "last_updated": written(self.updated),
            "missing_required_fields": false,
            "portable": reason.is_none(),
            "not_portability_reason": reason,
            "not_portability_reason_code": code,
            "port_in_phone_number_status": self.status,
            "port_out_pin": null,
            "rejection_reason": self.rejection_reason,
            "rejection_reason_code": self.rejection_code.as_deref().and_then(|code| code.parse::<i64>().ok()),
            "port_date": self.port_date(),
        })
    }

    /// Known once the carrier that loses it has agreed.
    pub fn port_date(&self) -> Option<String> {
        matches!(self.status, "port_pending" | "completed").then(|| {
            let came = self.status == "completed";
            written(if came { self.updated } else { self.updated + UNDERWAY })
        })
    }
}

/// A page of the list, and what names those around it.
pub(super) fn page(ports: &[&PortIn], previous: Option<&str>, next: Option<&str>) -> Value {
    json!({
        "port_in_requests": ports.iter().map(|port| port.listed()).collect::<Vec<_>>(),
        "meta": { "previous_token": previous, "next_token": next },
    })
}

/// Every request there is, the oldest first.
pub(in crate::simulator) fn told(state: &State) -> Value {
    Value::Array(state.ports.requests.iter().map(PortIn::told).collect())
}

/// An instant, to the second.
pub(super) fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
