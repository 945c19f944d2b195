//! The public listener: everything Twilio and Vapi call, one file per endpoint.
//!
//! Reading order: `server` takes connections, `route` finds the endpoint, `signed` checks who calls, `call` answers
//! voice requests; the other endpoints follow a call to its end. Knows the directory, the ledger, the breakers and the
//! journal; knows neither the store nor the admin API.

#![allow(clippy::disallowed_methods, reason = "the shell reads the clock and draws chance for the pure rooms")]

mod ai_legs;
mod arriving;
mod bypass;
mod call;
mod certificate;
mod connection;
mod exchange;
mod fallback;
pub mod form;
pub mod limits;
pub mod message;
mod next;
pub mod origin;
mod parameters;
mod porting;
mod probes;
mod pulse;
mod refer;
mod route;
pub mod server;
pub mod signature;
mod signature_refusals;
mod signed;
mod sip;
mod status;
mod timetable;
pub mod tls;
mod transcription;
mod vapi;
mod voice;
mod voicemail;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::calls::Ledger;
use crate::directory::Directory;
use crate::health::Health;
use crate::journal::Journal;
use crate::model::{CallEvent, Record, Secret, Seed, Sid};
use crate::providers::Vapi;
use crate::telemetry::{Metrics, RequestIds};

pub use ai_legs::AiLegs;
pub use certificate::certificate_end;
pub use form::{Form, FormError};
pub use limits::{Limits, Refusal};
pub use message::{Answer, Incoming};
pub use origin::{Origin, PublicUrl};
pub use server::{Drained, Handler, serve};
pub use signature::{Claim, Content, SignedUrls, Unsigned, sign, verify};
pub use signature_refusals::{RefusedSignature, SignatureRefusals};
pub use tls::{Tls, TlsError};

/// Longest a voice answer may be thought about, whatever is slow behind it: it leaves within a second. The carrier
/// allows 15 s; people doubt after one.
const ANSWER_WITHIN: Duration = Duration::from_millis(900);

/// The same where Vapi is asked first, whose own deadline is 2.5 s: it leaves within three seconds.
const BYPASS_ANSWER_WITHIN: Duration = Duration::from_millis(2_900);

/// Longest a callback waits for its content to be kept. Twilio gives it 3 s (see the callback URLs' fragments).
const KEEP_WITHIN: Duration = Duration::from_millis(2_750);

/// The edge: what an endpoint needs to answer.
#[derive(Debug)]
pub struct Edge {
    /// Who owns this number.
    pub directory: Directory,
    /// The live calls.
    pub ledger: Ledger,
    /// Whether the AI can be dialled.
    pub health: Arc<Health>,
    /// How attempts to reach it came out.
    pub ai_legs: AiLegs,
    /// What must be kept.
    pub journal: Journal,
    /// What the operator counts.
    pub metrics: Arc<Metrics>,
    /// For `connect.via: bypass`, if there is a key.
    pub vapi: Option<Vapi>,
    /// Whose URL this is.
    pub origin: Origin,
    /// What was configured.
    pub settings: EdgeSettings,
    /// Whether the load balancer should send calls.
    pub readiness: Arc<Readiness>,
    /// Names for requests, as logs and records show them.
    pub request_ids: RequestIds,
    /// What was refused for its signature.
    pub signature_refusals: Arc<SignatureRefusals>,
    /// Twilio tells that something happened to a port: whoever asks after them is woken.
    pub port_news: Arc<Notify>,
    /// The clock.
    pub now: fn() -> Timestamp,
}

/// What the configuration says to the edge.
#[derive(Clone, Debug, Default)]
pub struct EdgeSettings {
    /// `X-Vapi-Secret`, bearer token and HMAC key of Vapi's server messages.
    pub vapi_webhook_secret: Option<Secret>,
    /// An unknown number is rejected instead of spoken to.
    pub reject_unknown_numbers: bool,
    /// The SIP domain on which a PBX is known by its address.
    pub sip_acl_domain: Option<String>,
}

/// Whether this edge should get calls.
#[derive(Debug, Default)]
pub struct Readiness {
    draining: AtomicBool,
    /// Whoever serves has opened the store: it is thought to be there until it is found away.
    store_away: AtomicBool,
}

impl Readiness {
    /// The store answers, or does not.
    pub fn set_store_up(&self, up: bool) {
        self.store_away.store(!up, Ordering::Relaxed);
    }

    /// The process is about to stop: no new calls, please.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Without the store, calls can be routed only as far as the cache knows.
    fn is_ready(&self, cache_is_warm: impl FnOnce() -> bool) -> bool {
        !self.draining.load(Ordering::Relaxed) && (!self.store_away.load(Ordering::Relaxed) || cache_is_warm())
    }
}

impl Edge {
    /// Writes down what happened in a call: what, how it came out, and what was answered.
    fn note(&self, call_sid: &Sid, at: Timestamp, what: &str, outcome: Option<String>, step: Option<String>) {
        let (call_sid, what) = (call_sid.clone(), what.to_owned());
        self.journal.append(Record::CallEvent(CallEvent { call_sid, at, what, outcome, step }));
    }

    /// Counts and remembers a request whose signature was refused.
    fn refused_signature(&self, request: &Incoming, cause: &'static str) {
        self.metrics.signature_failure(cause);
        let url = format!("{}{}", self.origin.seen(request), request.path());
        self.signature_refusals.add(RefusedSignature { at: (self.now)(), cause, url });
    }

    fn seed(&self) -> Seed {
        let mut random = [0u8; 10];
        getrandom::fill(&mut random).expect("the system gives random bytes, or nothing sealed or named here is safe");
        Seed { at: (self.now)(), random }
    }
}
