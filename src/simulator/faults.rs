//! What goes wrong on demand.

use hyper::StatusCode;
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::Reply;

/// The longest a fault may hold an answer back: beyond it a test has forgotten it.
const HOLD_MS_MAX: u64 = 120_000;

/// How a request fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// A 500, without effect.
    Error,
    /// A 429, without effect.
    #[serde(rename = "429")]
    Limited,
    /// Something that is not JSON, without effect.
    Garbage,
    /// Has its effect, then nothing is said.
    TimeoutAfter,
    /// Has its effect, then the connection is reset.
    ResetAfter,
    /// Has its effect, and answers after a while.
    Slow,
}

/// A fault as `POST /_sim/faults` orders it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Order {
    /// A regular expression over `METHOD path`.
    #[serde(rename = "match")]
    pub pattern: String,
    pub kind: Kind,
    /// So many requests that match are let through first.
    #[serde(default)]
    pub after: u32,
    /// For how many requests.
    #[serde(default = "once")]
    pub times: u32,
    /// How long `slow` waits.
    #[serde(default = "three_seconds")]
    pub ms: u64,
}

fn once() -> u32 {
    1
}

fn three_seconds() -> u64 {
    3_000
}

/// The faults in waiting, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: Vec<(Regex, Order)>,
}

impl Faults {
    pub fn order(&mut self, mut order: Order) -> Result<Order, String> {
        let pattern = Regex::new(&order.pattern).map_err(|error| format!("match: {error}"))?;
        order.ms = order.ms.min(HOLD_MS_MAX);
        self.waiting.push((pattern, order.clone()));
        Ok(order)
    }

    pub fn clear(&mut self) {
        self.waiting.clear();
    }

    pub fn list(&self) -> Value {
        json!(self.waiting.iter().map(|(_, order)| order).collect::<Vec<_>>())
    }

    /// The fault that meets this request, if one does; it is used up by one.
    pub fn meet(&mut self, method: &str, path: &str) -> Option<Order> {
        let line = format!("{method} {path}");
        let fits = self.waiting.iter_mut().filter(|(pattern, order)| order.times > 0 && pattern.is_match(&line));
        let mut fits = fits.filter_map(|(_, order)| {
            let is_its_turn = order.after == 0;
            order.after = order.after.saturating_sub(1);
            is_its_turn.then_some(order)
        });
        let order = fits.next()?;
        order.times -= 1;
        let met = order.clone();
        self.waiting.retain(|(_, order)| order.times > 0);
        Some(met)
    }
}

impl Kind {
    /// The reply that stands in for the real one, for the kinds without effect. Each provider has its own error shape.
    pub fn instead(self, twilio: bool) -> Option<Reply> {
        match self {
            Kind::Error => Some(problem(twilio, StatusCode::INTERNAL_SERVER_ERROR, 20500, "Internal Server Error")),
            Kind::Limited => Some(problem(twilio, StatusCode::TOO_MANY_REQUESTS, 20429, "Too Many Requests")),
            Kind::Garbage => {
                let page = "<html><body>upstream connect error</body></html>";
                Some(Reply::of(StatusCode::OK, page.into(), "text/html"))
            }
            Kind::TimeoutAfter | Kind::ResetAfter | Kind::Slow => None,
        }
    }
}

fn problem(twilio: bool, status: StatusCode, code: u32, words: &str) -> Reply {
    if twilio { super::twilio::problem(status, code, words) } else { super::vapi::problem(status, &json!(words)) }
}
