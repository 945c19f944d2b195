//! Ports: numbers that come from another carrier. Whether one may, documents, requests, who is told.
//!
//! Nothing moves by itself: `POST /_sim/ports` says how far a request is (`progress`), and whoever wanted to be told is
//! (`hook`). What may come and what is wrong with a request is in `checks`.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::wire::{Reply, Request, fresh_sid};
use super::super::world::State;
use super::{Identity, absent, problem};

mod checks;
mod documents;
mod hook;
mod progress;
mod shown;

pub(super) use documents::{PATH as DOCUMENTS, REQUEST_BYTES_MAX, upload};
pub(in crate::simulator) use hook::deliver;
pub(in crate::simulator) use progress::{Order, obey};
pub(in crate::simulator) use shown::told;

/// Requests of a page, unless asked otherwise, and at most.
const SIZE: usize = 20;
const SIZE_MAX: usize = 100;

/// What there is of ports.
#[derive(Default)]
pub(in crate::simulator) struct Ports {
    documents: BTreeMap<String, documents::Document>,
    /// The oldest first.
    requests: Vec<PortIn>,
    /// Who is told, by account.
    hooks: BTreeMap<String, hook::Hook>,
}

/// A request.
struct PortIn {
    sid: String,
    /// Who asked, and may see it: the account itself, or its parent.
    asked_by: String,
    account_sid: String,
    /// What was asked, without what lets numbers go.
    asked: Value,
    status: &'static str,
    numbers: Vec<Number>,
    cancellation_reason: Option<String>,
    ticket: usize,
    created: Timestamp,
    updated: Timestamp,
}

/// A number of a request.
struct Number {
    sid: String,
    e164: String,
    verdict: checks::Verdict,
    status: &'static str,
    rejection_reason: Option<String>,
    rejection_code: Option<String>,
    updated: Timestamp,
    /// What it has become in the account.
    owned: Option<String>,
}

pub(super) fn answer(state: &mut State, request: &Request, identity: &Identity, rest: &[&str]) -> Reply {
    let (account, now) = (identity.account.as_str(), state.now());
    let reply = match (&request.method, rest) {
        (&Method::GET, ["Portability", "PhoneNumber", number]) => Some(checks::portability(state, account, number)),
        (&Method::POST, ["PortIn"]) => Some(ask(state, request, account).unwrap_or_else(|refusal| refusal)),
        (&Method::GET, ["PortIn", "PortInRequests"]) => Some(list(&state.ports, request, account)),
        (&Method::GET, ["PortIn", sid]) => {
            let port = state.ports.requests.iter().find(|port| port.is(account, sid));
            port.map(|port| Reply::json(StatusCode::OK, &port.json()))
        }
        (&Method::DELETE, ["PortIn", sid]) => state.ports.of(account, sid).map(|port| port.cancel(None, now)),
        (&Method::GET, ["PortIn", sid, "PhoneNumber", number]) => state.ports.of(account, sid).and_then(|port| {
            let number = port.numbers.iter().find(|one| one.sid == *number)?;
            Some(Reply::json(StatusCode::OK, &number.json(port)))
        }),
        (&Method::DELETE, ["PortIn", sid, "PhoneNumber", number]) => state.ports.of(account, sid).and_then(|port| {
            let is_there = port.numbers.iter().any(|one| one.sid == *number);
            is_there.then(|| port.cancel(Some(number), now))
        }),
        (_, ["Configuration", "Webhook", kind @ ..]) => hook::answer(&mut state.ports.hooks, request, identity, kind),
        _ => None,
    };
    reply.unwrap_or_else(|| absent(request))
}

/// Takes a request in, if there is nothing wrong with it.
fn ask(state: &mut State, request: &Request, account: &str) -> Result<Reply, Reply> {
    let now = state.now();
    let (mut asked, e164s) = checks::request(state, request, account, today(now))?;
    for number in asked["phone_numbers"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        number.remove("pin");
    }
    let account_sid = asked["account_sid"].as_str().unwrap_or_default().to_owned();
    let number = |e164: String| Number {
        sid: fresh_sid("PU"),
        verdict: checks::verdict(state, &account_sid, &e164),
        e164,
        status: "in_review",
        rejection_reason: None,
        rejection_code: None,
        updated: now,
        owned: None,
    };
    let numbers: Vec<Number> = e164s.into_iter().map(number).collect();
    let all_may = numbers.iter().all(|number| number.verdict.reason.is_none());
    let port = PortIn {
        sid: fresh_sid("KW"),
        asked_by: account.to_owned(),
        account_sid,
        asked,
        status: if all_may { "In review" } else { "Action Required" },
        numbers,
        cancellation_reason: None,
        ticket: state.ports.requests.len() + 1,
        created: now,
        updated: now,
    };
    let reply = Reply::json(StatusCode::ACCEPTED, &port.json());
    state.ports.requests.push(port);
    Ok(reply)
}

/// A page of the requests, the newest first. A token names the request that is the first of the next page.
fn list(ports: &Ports, request: &Request, account: &str) -> Reply {
    let size = request.query("Size").map_or(Ok(SIZE), str::parse);
    let Some(size) = size.ok().filter(|size| (1..=SIZE_MAX).contains(size)) else {
        return problem(StatusCode::BAD_REQUEST, 20422, &format!("Size is between 1 and {SIZE_MAX}"));
    };
    let day =
        |name: &str| request.query(name).map(|text| text.parse::<Date>().map_err(|_| name.to_owned())).transpose();
    let (before, after) = match (day("CreatedBefore"), day("CreatedAfter")) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(name), _) | (_, Err(name)) => {
            return problem(StatusCode::BAD_REQUEST, 20422, &format!("{name} is no date"));
        }
    };
    let fits = |port: &&PortIn| {
        let sids = request.query("PortInRequestSid").map(|sids| sids.split(',').any(|sid| sid == port.sid));
        let status = request.query("PortInRequestStatus").map(|wanted| bare(wanted) == bare(port.status));
        let created = today(port.created);
        port.is_of(account)
            && sids.unwrap_or(true)
            && status.unwrap_or(true)
            && before.is_none_or(|before| created < before)
            && after.is_none_or(|after| created > after)
    };
    let all: Vec<&PortIn> = ports.requests.iter().rev().filter(fits).collect();
    let begins = match request.query("Token") {
        None => 0,
        Some(token) => match all.iter().position(|port| port.sid == token) {
            Some(place) => place,
            None => return problem(StatusCode::BAD_REQUEST, 20422, "Token names no page"),
        },
    };
    let page = &all[begins..all.len().min(begins + size)];
    let previous = begins.checked_sub(size).map(|place| all[place].sid.as_str());
    let next = all.get(begins + size).map(|port| port.sid.as_str());
    Reply::json(StatusCode::OK, &shown::page(page, previous, next))
}

impl Ports {
    fn of(&mut self, account: &str, sid: &str) -> Option<&mut PortIn> {
        self.requests.iter_mut().find(|port| port.is(account, sid))
    }

    /// A request that still goes on for this number.
    fn open(&self, e164: &str) -> Option<&PortIn> {
        let holds_it = |port: &&PortIn| port.numbers.iter().any(|number| number.e164 == e164 && !number.is_over());
        self.requests.iter().rev().find(|port| !port.is_over() && holds_it(port))
    }
}

impl PortIn {
    fn is_of(&self, account: &str) -> bool {
        self.asked_by == account || self.account_sid == account
    }

    fn is(&self, account: &str, sid: &str) -> bool {
        self.sid == sid && self.is_of(account)
    }

    fn is_over(&self) -> bool {
        matches!(self.status, "Completed" | "Expired" | "Canceled")
    }

    /// Calls it off, or one of its numbers. What has come stays.
    fn cancel(&mut self, only: Option<&str>, now: Timestamp) -> Reply {
        let is_meant = |number: &Number| only.is_none_or(|sid| sid == number.sid);
        if self.numbers.iter().any(|number| is_meant(number) && number.status == "completed") {
            let words = "The port in request cannot be canceled: it is completed";
            return problem(StatusCode::BAD_REQUEST, 20422, words);
        }
        for number in self.numbers.iter_mut().filter(|number| is_meant(number) && number.status != "canceled") {
            (number.status, number.updated) = ("canceled", now);
        }
        self.settle(now);
        if self.status == "Canceled" && self.cancellation_reason.is_none() {
            self.cancellation_reason = Some("Canceled by the customer".to_owned());
        }
        Reply::empty(StatusCode::NO_CONTENT)
    }

    /// Where every number is over, so is the request: called off if all were, completed if one came.
    fn settle(&mut self, now: Timestamp) {
        if !self.is_over() && self.numbers.iter().all(Number::is_over) {
            let came = self.numbers.iter().any(|number| number.status == "completed");
            self.status = if came { "Completed" } else { "Canceled" };
        }
        self.updated = now;
    }
}

impl Number {
    fn is_over(&self) -> bool {
        matches!(self.status, "completed" | "canceled")
    }
}

/// Letters and digits alone, in lower case.
fn bare(word: &str) -> String {
    word.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}
