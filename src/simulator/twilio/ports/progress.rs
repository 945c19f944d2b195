//! How far ports are, as `POST /_sim/ports` says, and what follows: numbers come, and whoever wanted to know is told.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::world::State;
use super::super::numbers;
use super::hook::Telling;
use super::{Number, PortIn, bare};

/// How far something is to be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::simulator) struct Order {
    /// A request, with all its numbers that are not over.
    sid: Option<String>,
    /// Or one number of the newest request that holds it.
    phone_number: Option<String>,
    status: String,
    /// Why it was rejected, or canceled.
    reason: Option<String>,
    code: Option<String>,
}

/// A step: by which names it goes, how far it brings request and number, and the events that tell of them.
struct Step {
    names: &'static [&'static str],
    request: &'static str,
    number: &'static str,
    request_event: Option<&'static str>,
    number_event: Option<&'static str>,
}

/// A step, from its names on.
const fn step(
    names: &'static [&'static str],
    request: &'static str,
    number: &'static str,
    request_event: Option<&'static str>,
    number_event: Option<&'static str>,
) -> Step {
    Step { names, request, number, request_event, number_event }
}

static STEPS: [Step; 9] = [
    step(&["inreview"], "In review", "in_review", None, None),
    step(
        &["waitingforsignature"],
        "Waiting for Signature",
        "waiting_for_signature",
        Some("PortInWaitingForSignature"),
        Some("PortInPhoneNumberWaitingForSignature"),
    ),
    step(
        &["inprogress", "portsubmitted", "submitted"],
        "In progress",
        "port_submitted",
        Some("PortInInProgress"),
        Some("PortInPhoneNumberSubmitted"),
    ),
    step(&["portpending", "pending"], "In progress", "port_pending", None, Some("PortInPhoneNumberPending")),
    step(
        &["actionrequired", "portrejected", "rejected"],
        "Action Required",
        "port_rejected",
        Some("PortInActionRequired"),
        Some("PortInPhoneNumberRejected"),
    ),
    step(&["completed"], "Completed", "completed", Some("PortInCompleted"), Some("PortInPhoneNumberCompleted")),
    step(&["expired"], "Expired", "canceled", Some("PortInExpired"), Some("PortInPhoneNumberCanceled")),
    step(&["canceling"], "In progress", "canceling", None, None),
    step(&["canceled"], "Canceled", "canceled", Some("PortInCanceled"), Some("PortInPhoneNumberCanceled")),
];

/// Why a number is rejected where nobody says.
const REJECTED: &str = "CONTACT_SUPPORT_REQUIRED";

/// Brings a request, or a number, as far as it is to be. What is said again is told again, and does nothing twice.
pub(in crate::simulator) fn obey(state: &mut State, order: &Order) -> Result<(Value, Vec<Telling>), String> {
    let name = bare(&order.status);
    let step = STEPS.iter().find(|step| step.names.contains(&name.as_str()));
    let step = step.ok_or_else(|| format!("no status `{}`: {}", order.status, all_names()))?;
    let place = place(state, order)?;
    let meant = meant(&state.ports.requests[place], order, step)?;
    if step.number == "completed" {
        for at in &meant {
            arrive(state, place, *at)?;
        }
    }
    let now = state.now();
    let port = &mut state.ports.requests[place];
    for at in &meant {
        port.numbers[*at].bring(step, order, now);
    }
    let only_one = order.phone_number.is_some() && port.numbers.len() > 1;
    port.bring(step, order, only_one, now);
    let (told, tellings) = (state.ports.requests[place].told(), tellings(state, place, step, &meant));
    Ok((told, tellings))
}

fn place(state: &State, order: &Order) -> Result<usize, String> {
    let is_meant = |port: &PortIn| match (&order.sid, &order.phone_number) {
        (Some(sid), _) => port.sid == *sid,
        (None, Some(e164)) => port.numbers.iter().any(|number| number.e164 == *e164),
        (None, None) => false,
    };
    if order.sid.is_some() == order.phone_number.is_some() {
        return Err("either `sid` or `phoneNumber` says which".to_owned());
    }
    state.ports.requests.iter().rposition(is_meant).ok_or_else(|| "there is no such port".to_owned())
}

/// The numbers an order is about.
fn meant(port: &PortIn, order: &Order, step: &Step) -> Result<Vec<usize>, String> {
    let is_meant = |number: &Number| order.phone_number.as_ref().is_none_or(|e164| *e164 == number.e164);
    let goes = |number: &Number| is_meant(number) && (!number.is_over() || number.status == step.number);
    let meant: Vec<usize> = (0..port.numbers.len()).filter(|at| goes(&port.numbers[*at])).collect();
    let is_again = port.status == step.request;
    if meant.is_empty() || port.is_over() && !is_again {
        return Err(format!("the port is over: {}", port.status));
    }
    if step.number == "completed" {
        let refused = meant.iter().find_map(|at| port.numbers[*at].verdict.reason);
        if let Some((reason, _)) = refused {
            return Err(format!("a number of it is not portable: {reason}"));
        }
    }
    Ok(meant)
}

/// A number becomes one of the account's, wired to nothing, and is on the bill.
fn arrive(state: &mut State, place: usize, at: usize) -> Result<(), String> {
    let port = &state.ports.requests[place];
    let (account, number) = (port.account_sid.clone(), &port.numbers[at]);
    if number.owned.is_some() {
        return Ok(());
    }
    let e164 = number.e164.clone();
    let owned = numbers::ported(state, &account, &e164)?;
    state.ports.requests[place].numbers[at].owned = Some(owned);
    Ok(())
}

impl Number {
    fn bring(&mut self, step: &Step, order: &Order, now: Timestamp) {
        if self.status != step.number {
            (self.status, self.updated) = (step.number, now);
        }
        let is_rejected = step.number == "port_rejected";
        let reason = || order.reason.clone().unwrap_or_else(|| REJECTED.to_owned());
        self.rejection_reason = is_rejected.then(reason);
        self.rejection_code = order.code.clone().filter(|_| is_rejected);
    }
}

impl PortIn {
    /// The request follows its numbers: of several, one that ends does not end it.
    fn bring(&mut self, step: &Step, order: &Order, only_one: bool, now: Timestamp) {
        let ends = matches!(step.number, "completed" | "canceled");
        if !(only_one && ends) {
            self.status = step.request;
        }
        if self.status == "Canceled" && self.cancellation_reason.is_none() {
            self.cancellation_reason.clone_from(&order.reason);
        }
        self.settle(now);
    }
}

fn tellings(state: &State, place: usize, step: &Step, meant: &[usize]) -> Vec<Telling> {
    let port = &state.ports.requests[place];
    let mut told = Vec::new();
    if let Some(event) = step.request_event.filter(|_| port.status == step.request) {
        told.push((event, port.event(event)));
    }
    if let Some(event) = step.number_event {
        told.extend(meant.iter().map(|at| (event, port.numbers[*at].event(port, event))));
    }
    // The parent hears of its subaccounts' ports, and they hear of their own.
    let mut hearers = vec![port.asked_by.as_str()];
    hearers.extend((port.account_sid != port.asked_by).then_some(port.account_sid.as_str()));
    told.iter()
        .flat_map(|(event, body)| hearers.iter().filter_map(|who| state.ports.telling(who, event, body.clone())))
        .collect()
}

impl PortIn {
    /// What is told of it. Twilio's own description of this body is thin: nobody should believe it.
    fn event(&self, event: &str) -> Value {
        json!({
            "event_type": event,
            "port_in_request_sid": self.sid,
            "status": self.status,
            "order_cancellation_reason": self.cancellation_reason,
            "last_date_updated": super::shown::written(self.updated),
        })
    }
}

impl Number {
    fn event(&self, port: &PortIn, event: &str) -> Value {
        json!({
            "event_type": event,
            "port_in_request_sid": port.sid,
            "port_in_phone_number_sid": self.sid,
            "phone_number": self.e164,
            "status": self.status,
            "portable": self.verdict.reason.is_none(),
            "rejection_reason": self.rejection_reason,
            "rejection_reason_code": self.rejection_code,
            "port_date": self.port_date(),
            "last_date_updated": super::shown::written(self.updated),
        })
    }
}

fn all_names() -> String {
    let names = "in_review, waiting_for_signature, in_progress, port_pending, action_required, completed, expired, \
                 canceling, canceled";
    format!("there are {names}")
}
