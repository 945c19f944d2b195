//! What the simulator remembers: calls, numbers, bills, requests, faults in waiting. All in memory, behind one short lock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use serde_json::{Value, json};

use super::faults::Faults;
use super::multipart;
use super::wire::{Request, pairs};
use super::{Account, Options};
use super::{twilio, vapi};
use crate::model::{Clock, Money};

/// How many requests are remembered; the oldest go first.
const REQUESTS_MAX: usize = 20_000;

/// The state behind every handler.
pub(super) struct World {
    pub options: Options,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub faults: Faults,
    pub requests: VecDeque<Value>,
    /// Calls at Twilio, by SID.
    pub twilio_calls: BTreeMap<String, TwilioCall>,
    /// Calls at Vapi, by id.
    pub vapi_calls: BTreeMap<String, VapiCall>,
    pub clock: Option<Clock>,
    /// Of which kind every account at Twilio is now.
    pub account: Account,
    /// Numbers of Twilio's accounts, by SID.
    pub numbers: BTreeMap<String, twilio::Number>,
    pub sip: twilio::Sip,
    pub ports: twilio::Ports,
    pub vapi_numbers: vapi::Numbers,
    pub credentials: vapi::Credentials,
    /// Numbers that somebody has.
    pub taken: BTreeSet<String>,
    /// Everything that was bought, in order.
    pub bills: Vec<Bill>,
}

/// A number that was bought.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bill {
    provider: &'static str,
    account: String,
    id: String,
    number: String,
    at: Timestamp,
    /// When it was given back.
    until: Option<Timestamp>,
}

/// A call at Twilio.
pub(super) struct TwilioCall {
    pub account_sid: String,
    pub parent_call_sid: Option<String>,
    pub from: String,
    pub to: String,
    pub status: String,
    pub direction: String,
    pub duration: Option<u32>,
    pub created: Timestamp,
    pub recordings: Vec<Recording>,
}

/// A recording of a call at Twilio.
pub(super) struct Recording {
    pub sid: String,
    pub status: String,
    pub duration: u32,
    pub created: Timestamp,
}

/// A call at Vapi: what it was asked for, and how far it is.
pub(super) struct VapiCall {
    pub asked: Value,
    pub status: String,
    pub ended_reason: Option<String>,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl World {
    pub fn new(options: Options) -> World {
        let state = Mutex::new(State { account: options.account, clock: options.clock, ..State::default() });
        World { options, state }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub fn now(&self) -> Timestamp {
        self.clock.map_or_else(Timestamp::now, |clock| clock())
    }

    /// Has somebody this number?
    pub fn is_taken(&self, number: &str) -> bool {
        self.taken.contains(number)
    }

    /// A number is bought, and nobody else's from now on.
    pub fn bill(&mut self, provider: &'static str, account: &str, id: &str, number: &str) {
        self.taken.insert(number.to_owned());
        let (account, id, number) = (account.to_owned(), id.to_owned(), number.to_owned());
        let at = self.now();
        self.bills.push(Bill { provider, account, id, number, at, until: None });
    }

    /// The bills, each with how many months were charged by now, and how much: the first at once, then one on that day of
    /// each month. Vapi's own numbers are free.
    pub fn billed(&self) -> Value {
        let now = self.now();
        let each = self.bills.iter().map(|bill| {
            let (begun, end) = (bill.at.to_zoned(TimeZone::UTC), bill.until.unwrap_or(now));
            let is_due = |months: i64| begun.checked_add(months.months()).is_ok_and(|due| due.timestamp() <= end);
            let mut told = json!(bill);
            let months = (0..).take_while(|months| is_due(*months)).count();
            let monthly = if bill.provider == "twilio" { twilio::monthly(&bill.number) } else { Money::NOTHING };
            told["months"] = json!(months);
            told["monthly"] = json!(monthly.to_string());
            told["charged"] = json!(monthly.times(months as u64).to_string());
            told
        });
        Value::Array(each.collect())
    }

    /// A number is anybody's again.
    pub fn given_back(&mut self, number: &str) {
        self.taken.remove(number);
        let now = self.now();
        let bill = self.bills.iter_mut().find(|bill| bill.number == number && bill.until.is_none());
        if let Some(bill) = bill {
            bill.until = Some(now);
        }
    }

    /// Keeps a request for `GET /_sim/requests`: what was asked, never with what key.
    pub fn remember(&mut self, request: &Request) {
        if self.requests.len() == REQUESTS_MAX {
            self.requests.pop_front();
        }
        let body = match (multipart::read(request), serde_json::from_slice::<Value>(&request.body)) {
            (Some(parts), _) => object(parts.iter().map(multipart::Part::shown).collect()),
            (None, Ok(body)) => masked(body),
            (None, Err(_)) => masked(object(pairs(&String::from_utf8_lossy(&request.body)))),
        };
        self.requests.push_back(json!({
            "at": Timestamp::now().to_string(),
            "method": request.method.as_str(),
            "path": request.path,
            "query": object(request.query.clone()),
            "body": body,
        }));
    }
}

fn object(pairs: Vec<(String, String)>) -> Value {
    Value::Object(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
}

fn masked(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| {
                    let lower = name.to_ascii_lowercase();
                    let secret = ["token", "secret", "password"].iter().any(|word| lower.ends_with(word));
                    // What lets a number go from its carrier.
                    let secret = secret || ["pin", "account_number"].contains(&lower.as_str());
                    let value = if secret { json!("•••") } else { masked(value) };
                    (name, value)
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(masked).collect()),
        other => other,
    }
}
