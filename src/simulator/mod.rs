//! A provider simulator: what patchbay uses of Twilio's and Vapi's HTTP APIs, stateful, at the hosts' own paths,
//! so that nobody needs credentials or money to try, to test or to learn.
//!
//! One listener speaks for both hosts; `twilio` and `vapi` hold one provider each, `world` what both remember,
//! `inventory` the numbers there are, `faults` what goes wrong on demand, `control` the paths under `/_sim`. The other half of Twilio, the one that
//! calls the edge and follows its TwiML, is `caller`.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::{Clock, Secret};

pub mod caller;

mod control;
mod faults;
mod inventory;
mod multipart;
mod serve;
mod sound;
mod twilio;
mod vapi;
mod wire;
mod world;

/// How a simulator begins.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only this Twilio account is let in; without it, any credentials are.
    pub twilio: Option<(String, Secret)>,
    /// Only this Vapi key is let in; without it, any is.
    pub vapi_key: Option<Secret>,
    /// Of which kind every account at Twilio is, until `POST /_sim/account` says otherwise.
    pub account: Account,
    /// What time it is, where it is not the system's.
    pub clock: Option<Clock>,
}

/// The kinds of an account at Twilio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Account {
    /// May own any count of numbers.
    #[default]
    Full,
    /// May own one.
    Trial,
}

/// A simulator that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Simulator {
    /// Where it listens.
    pub addr: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Starts a simulator that lets anybody in. Port 0 picks a free one.
pub async fn start(listen: SocketAddr) -> anyhow::Result<Simulator> {
    start_with(listen, Options::default()).await
}

/// Starts a simulator.
pub async fn start_with(listen: SocketAddr, options: Options) -> anyhow::Result<Simulator> {
    let listener =
        TcpListener::bind(listen).await.with_context(|| format!("could not listen on {listen} for the simulator"))?;
    let addr = listener.local_addr().context("could not learn where the simulator listens")?;
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let world = Arc::new(world::World::new(options));
    tasks.spawn(serve::serve(listener, world, stop.clone(), tasks.clone()));
    Ok(Simulator { addr, stop, tasks })
}

impl Simulator {
    /// The base address of both providers.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops listening and drops every connection.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
