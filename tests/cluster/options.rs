//! What a run is told: which scenarios, on which servers, how long, from which seed.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

/// What stands behind the edges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Three edges, Postgres, Redis or Valkey.
    Shared,
    /// One edge, with its own file and its own memory: what the harness itself is tried with.
    Embedded,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub backend: Backend,
    /// `PATCHBAY_CLUSTER`: scenarios by name, separated by commas. Two faults joined by `+` are one scenario; `pairs` is
    /// every pair there is.
    pub chosen: Option<String>,
    /// `PATCHBAY_CLUSTER_SECONDS`: how long a fault lasts, or comes again and again; and a measurement.
    pub fault: Duration,
    /// `PATCHBAY_CLUSTER_RATE`: calls a second.
    pub rate: f64,
    /// `PATCHBAY_CLUSTER_ROUNDS`: of simultaneous calls; a hundred where it is about the proof.
    pub rounds: u32,
    /// `PATCHBAY_CLUSTER_AT_ONCE`: how many those are; a thousand where it is about the proof, which takes an optimized build.
    pub at_once: usize,
    /// `PATCHBAY_CLUSTER_CHANGES`: of settings, whose way to the other edges is timed.
    pub changes: u32,
    /// `PATCHBAY_CLUSTER_CALLS`: each with its voicemail, kept through repeated faults.
    pub calls: u64,
    /// `PATCHBAY_SEED`: what is random; told at the start.
    pub seed: u64,
}

impl Options {
    pub fn from_env() -> Options {
        let backend = match std::env::var("PATCHBAY_CLUSTER_BACKEND").as_deref() {
            Err(_) | Ok("" | "shared") => Backend::Shared,
            Ok("embedded") => Backend::Embedded,
            Ok(other) => panic!("PATCHBAY_CLUSTER_BACKEND is shared or embedded, not {other}"),
        };
        Options {
            backend,
            chosen: std::env::var("PATCHBAY_CLUSTER").ok().filter(|chosen| !chosen.is_empty()),
            fault: Duration::from_secs_f64(given("PATCHBAY_CLUSTER_SECONDS", 5.0)),
            rate: given("PATCHBAY_CLUSTER_RATE", 30.0),
            rounds: given("PATCHBAY_CLUSTER_ROUNDS", 3),
            at_once: given("PATCHBAY_CLUSTER_AT_ONCE", 200),
            changes: given("PATCHBAY_CLUSTER_CHANGES", 40),
            calls: given("PATCHBAY_CLUSTER_CALLS", 1_500),
            seed: given("PATCHBAY_SEED", Timestamp::now().as_second() as u64 / 86_400),
        }
    }
}

fn given<T: FromStr>(name: &str, otherwise: T) -> T {
    let Some(text) = std::env::var(name).ok().filter(|text| !text.is_empty()) else { return otherwise };
    text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}
