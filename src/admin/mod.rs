//! The private listener: settings, numbers, calls and voicemails for people and scripts, health and metrics for machines.
//!
//! `router` shows every route on one screen; each resource has a file of its own. Status codes live in `error`, the
//! strict reading of what comes in in `json` and `schema`. What a call hears is decided elsewhere: here the same engine
//! is asked, and whoever keeps a copy of the settings is told of each change before the answer leaves.

mod audio;
mod audit;
mod auth;
mod availability;
mod byte_range;
mod calls;
mod check;
mod checks;
mod concurrency;
mod console;
mod console_files;
mod cookie;
mod cost_figures;
mod cost_stages;
mod costs;
mod coverage;
mod coverage_picture;
mod cross_site;
mod erasures;
mod error;
mod event_body;
mod event_stream;
mod events;
mod exact;
mod examples;
mod exports;
mod formats;
mod free_numbers_seen;
mod idempotency;
mod jobs;
mod json;
mod kept_answer;
mod listening;
mod lists;
mod live;
mod narrowings;
mod number_deeds;
mod number_life;
mod numbers;
pub mod offline;
mod openapi;
mod orgs;
mod overrides;
mod owned;
mod pages;
mod phone_integration;
mod phone_wish;
mod plan;
mod port;
mod port_body;
mod purchases;
mod query;
mod refusals;
mod rehearsal;
mod replay;
mod replay_call;
mod request;
mod restaurants;
mod retention;
mod rotation;
mod router;
mod schema;
mod search;
mod serve;
mod session;
mod setup_guide;
mod simulate;
mod sip_names;
mod slug;
mod supply;
mod tenant_body;
mod tenants;
mod today;
mod tokens;
mod turns;
mod versions;
mod voicemails;
mod warnings;
mod webhook_body;
mod webhook_deliveries;
mod webhooks;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{self, Arrival, Change, Fault, OrgId, Port, Secret, Seed, Sid, TenantId};
use crate::provisioning::Report;
use crate::retention::Spool;
use crate::routing::Surroundings;
use crate::store::{Store, StoreError};

pub use audio::Audio;
pub use check::{Inspection, Look};
pub use console_files::ConsoleFiles;
pub use cost_figures::{AskPrices, Costs, Prices};
pub use event_stream::{EventStream, Pace};
pub use free_numbers_seen::FreeNumbersSeen;
pub use rotation::{Pending, Rotation, RotationRefused, RotationState};
pub use router::{document, router};
pub use serve::serve;
pub use session::link_to;
pub use supply::Supply;

/// What the admin API needs from the rest of the process.
#[derive(Clone)]
pub struct AdminState {
    /// Where everything is kept.
    pub store: Store,
    /// The settings of the installation that compiling a tenant needs.
    pub around: Arc<Surroundings>,
    /// The base Twilio calls, without a trailing slash: callbacks in simulated TwiML name it.
    pub public_base: String,
    /// Where the console is for whoever is on this machine, without a trailing slash.
    pub own_base: String,
    /// What the installation is called, where people read it.
    pub brand: String,
    /// What the console is made of.
    pub console: ConsoleFiles,
    /// Told of every change before it is acknowledged, so that no call obeys old settings.
    pub changed: Arc<dyn Fn(Change) + Send + Sync>,
    /// The live calls, from whoever keeps them.
    pub live: Live,
    /// Where recordings are heard.
    pub audio: Audio,
    /// Where numbers come from.
    pub supply: Supply,
    /// How they are got.
    pub provision: Provision,
    /// What they and their calls cost.
    pub costs: Costs,
    /// Looks where they lead.
    pub watch: Arc<dyn Fn() -> Pending<Result<Report, StoreError>> + Send + Sync>,
    /// Asks how far a port is.
    pub port_look: PortLook,
    /// How long the installation keeps things.
    pub periods: model::Retention,
    /// What is on its way into the store.
    pub spool: Spool,
    /// The sealing keys, from whoever keeps them.
    pub rotation: Arc<dyn Rotation>,
    /// What happens, for those who listen.
    pub events: EventStream,
    /// When the certificate of the edge ends, where it has one.
    pub certificate_end: Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>,
    /// Whether all is in place, and what the edge refused.
    pub inspection: Inspection,
    /// The metrics as Prometheus reads them.
    pub metrics_text: Arc<dyn Fn() -> String + Send + Sync>,
    /// SHA-256 of the operator's token of the settings, where there is one.
    pub token_sha256: Option<[u8; 32]>,
    /// Says whether a webhook may go to a URL.
    pub webhook_url: UrlCheck,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Chance, for identifiers.
    pub random: Arc<dyn Fn() -> [u8; 10] + Send + Sync>,
    /// Chance, for what nobody may guess.
    pub secret: Arc<dyn Fn() -> [u8; 32] + Send + Sync>,
}

/// How numbers are got, as far as this room has a say in it.
#[derive(Clone)]
pub struct Provision {
    /// There is a job to be looked at.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// How long whoever asks for a number waits for it: most take a few seconds.
    pub patience: Duration,
    /// Numbers are bought only for organizations whose billing is verified.
    pub require_payment: bool,
    /// How many numbers a tenant may have.
    pub numbers_per_tenant: u32,
    /// The SIP domain whose callers show credentials.
    pub sip_domain: Option<String>,
    /// The SIP domain whose callers are known by their address.
    pub sip_acl_domain: Option<String>,
    /// How long an older name on the SIP domain is good after a newer was called with.
    pub sip_overlap: SignedDuration,
    /// What opens `POST /api/restaurants` in place of a token.
    pub restaurants_secret: Option<Secret>,
}

/// Asks how far a port is; answers why Twilio could not be asked.
pub type PortLook = Arc<dyn Fn(Port) -> Pending<Result<Option<String>, StoreError>> + Send + Sync>;

/// Judges a URL.
pub type UrlCheck = Arc<dyn Fn(&str) -> Result<(), Fault> + Send + Sync>;

/// Asks for the live calls.
pub type Live = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Vec<LiveCall>> + Send>> + Send + Sync>;

/// A live call, for whoever looks.
#[derive(Clone, Debug)]
pub struct LiveCall {
    /// Its CallSid.
    pub sid: Sid,
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The organization of the tenant.
    pub org_id: OrgId,
    /// How it arrived.
    pub arrival: Arrival,
    /// True while the AI talks or rings.
    pub with_ai: bool,
    /// When it began.
    pub began: Timestamp,
    /// When it was last heard of.
    pub heard: Timestamp,
}

impl AdminState {
    fn seed(&self) -> Seed {
        Seed { at: (self.now)(), random: (self.random)() }
    }
}

impl fmt::Debug for AdminState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminState").field("public_base", &self.public_base).finish_non_exhaustive()
    }
}
