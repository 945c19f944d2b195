//! patchbay: the phone edge between Twilio and a voice AI.
//!
//! The modules in the order to read them: the pure core first, then the way of a call, then what stands behind it.

#[deny(clippy::disallowed_methods)]
pub mod guides;
#[deny(clippy::disallowed_methods)]
pub mod model;
#[deny(clippy::disallowed_methods)]
pub mod routing;
#[deny(clippy::disallowed_methods)]
pub mod twiml;

pub mod calls;
pub mod directory;
pub mod edge;
pub mod events;
pub mod health;
pub mod journal;
pub mod outbox;

pub mod admin;
pub mod app;
pub mod backup;
pub mod cli;
pub mod config;
pub mod preflight;
pub mod providers;
pub mod provisioning;
pub mod retention;
pub mod simulator;
pub mod store;
pub mod telemetry;
