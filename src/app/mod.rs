//! The composition root: builds everything, starts what runs in the background, stops it in order. When to stop is
//! for the command to say.
//!
//! The only room that knows everybody. The edge runs on the caller's runtime; the store, the admin API and all that
//! may be slow run on a runtime of their own, so that no list and no migration takes a thread from a call.

#![allow(clippy::disallowed_methods, reason = "time, chance and the environment enter the house here")]

mod background;
mod duties;
mod following;
mod forgetting;
mod inspection;
mod keepers;
mod ledger;
mod provisioning;
mod restore;
mod rotation;
mod system;
mod teller;
mod watch;
mod webhooks;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{self, Settings};
use crate::edge::{
    self, AiLegs, Drained, Edge, EdgeSettings, Limits, Origin, PublicUrl, Readiness, SignatureRefusals, Tls,
};
use crate::model::Clock;
use crate::routing::Surroundings;
use crate::telemetry::{Metrics, RequestIds};

use background::{Background, SeenOfTheEdge};

pub use background::FirstSight;

/// Tenants the directory keeps in memory: a million, and a tenth for the unevenness of the cache's parts. Beyond that
/// those that are seldom called are read again.
const DIRECTORY_CAPACITY: usize = 1_100_000;

/// How long a stopping process waits for answers under way.
const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

/// A running patchbay.
#[derive(Debug)]
pub struct Running {
    /// Where Twilio and Vapi call.
    pub edge: SocketAddr,
    /// Where people, scripts and Prometheus call.
    pub admin: SocketAddr,
    /// What is shown once, if this is the first start.
    pub first: Option<FirstSight>,
    /// The edge itself, for whoever wants to ask it without a socket.
    pub handler: Arc<Edge>,
    background: Background,
    _runtimes: [BackRuntime; 2],
    closing: CancellationToken,
    serving: JoinHandle<Drained>,
}

/// A runtime of the background. One must not be dropped where others run, unless by not waiting for it.
#[derive(Debug)]
struct BackRuntime(Option<Runtime>);

/// Starts everything and answers when calls are. Whatever fails leaves nothing behind that runs.
pub async fn start(settings: Settings) -> anyhow::Result<Running> {
    start_at(settings, Timestamp::now).await
}

/// The same, where the time is what `clock` says. How often things are looked at is the system's time still.
pub async fn start_at(settings: Settings, clock: Clock) -> anyhow::Result<Running> {
    let metrics = Arc::new(Metrics::default());
    let readiness = Arc::new(Readiness::default());
    let closing = CancellationToken::new();
    let closed_unless_started = closing.clone().drop_guard();
    // What an operator may have got wrong comes before the store is touched: the operator token is shown by the start
    // that makes it, so that start must not fail afterwards.
    let door = Door::open(&settings, &metrics, &closing).await?;
    let (runtime, drain_runtime) = (BackRuntime::new()?, BackRuntime::that_stands_back()?);
    let draining_on = drain_runtime.handle();
    let signature_refusals = Arc::<SignatureRefusals>::default();
    let seen = SeenOfTheEdge {
        readiness: Arc::clone(&readiness),
        refusals: Arc::clone(&signature_refusals),
        certificate_end: {
            let tls = door.tls.clone();
            Arc::new(move || tls.as_ref().and_then(|tls| tls.ends()))
        },
    };
    let building = Background::start(settings.clone(), clock, Arc::clone(&metrics), seen, draining_on);
    let background = runtime.run(building).await?;
    let handler = Arc::new(Edge {
        directory: background.directory.clone(),
        ledger: background.ledger.clone(),
        health: Arc::clone(&background.health),
        ai_legs: AiLegs::default(),
        journal: background.journal.clone(),
        metrics,
        vapi: background.vapi.clone(),
        origin: door.origin,
        settings: EdgeSettings {
            vapi_webhook_secret: settings.vapi.webhook_secret.clone(),
            reject_unknown_numbers: settings.policy.rejects_unknown_numbers(),
            sip_acl_domain: settings.sip.acl_domain.clone(),
        },
        readiness,
        request_ids: RequestIds::new(),
        signature_refusals,
        port_news: Arc::clone(&background.port_news),
        now: clock,
    });
    let limits = Limits::default();
    let connections_max = system::connections_possible(limits.connections_max);
    let limits = Limits { drain_time: DRAIN_DEADLINE, connections_max, ..limits };
    let serving = tokio::spawn(edge::serve(door.listener, door.tls, limits, Arc::clone(&handler), closing.clone()));
    closed_unless_started.disarm();
    Ok(Running {
        edge: door.address,
        admin: background.admin,
        first: background.first.clone(),
        handler,
        background,
        _runtimes: [runtime, drain_runtime],
        closing,
        serving,
    })
}

/// The edge's place in the world, before anybody answers there: who calls in the meantime waits a moment.
struct Door {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    origin: Origin,
}

impl Door {
    async fn open(settings: &Settings, metrics: &Arc<Metrics>, closing: &CancellationToken) -> anyhow::Result<Door> {
        let origin = origin(settings)?;
        let tls = match &settings.edge.tls {
            Some(files) => Some(follow_tls(files, metrics, closing).await?),
            None => None,
        };
        let listener = TcpListener::bind(settings.edge.listen.to_string()).await.with_context(|| {
            format!("could not listen on {} (edge.listen); is another process there?", settings.edge.listen)
        })?;
        let address = listener.local_addr()?;
        Ok(Door { listener, address, tls, origin })
    }
}

impl Running {
    /// Stops, each in its turn: no new calls, those under way are answered; then the journal writes what they left,
    /// and the drain takes it to the store.
    pub async fn stop(mut self) {
        self.handler.readiness.drain();
        self.closing.cancel();
        match (&mut self.serving).await {
            Ok(Drained { cut_off: 0 }) => {}
            Ok(Drained { cut_off }) => {
                tracing::warn!(cut_off, "some connections were open still when the time to drain was up")
            }
            Err(failure) => tracing::error!(%failure, "the edge did not stop in order"),
        }
        self.background.finish().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

impl BackRuntime {
    fn new() -> anyhow::Result<BackRuntime> {
        let built = Builder::new_multi_thread().worker_threads(2).thread_name("patchbay-back").enable_all().build();
        Ok(BackRuntime(Some(built.context("could not start the background runtime")?)))
    }

    /// For the journal's drain, which nobody waits for.
    fn that_stands_back() -> anyhow::Result<BackRuntime> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("patchbay-drain").on_thread_start(system::stand_back);
        Ok(BackRuntime(Some(builder.enable_all().build().context("could not start the drain's runtime")?)))
    }

    fn handle(&self) -> Handle {
        self.0.as_ref().expect("it is taken only when it is dropped").handle().clone()
    }

    /// Runs something there, and waits for it here.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
    ) -> anyhow::Result<T> {
        let runtime = self.0.as_ref().expect("it is taken only when it is dropped");
        runtime.spawn(work).await.map_err(|panic| anyhow!("the background could not start: {panic}"))?
    }
}

impl Drop for BackRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Loads the certificate and keeps an eye on its files.
async fn follow_tls(
    files: &config::Tls,
    metrics: &Arc<Metrics>,
    closing: &CancellationToken,
) -> anyhow::Result<Arc<Tls>> {
    let tls = Arc::new(Tls::load(&files.cert, &files.key).await.context("could not load edge.tls")?);
    let (followed, metrics, closing) = (Arc::clone(&tls), Arc::clone(metrics), closing.clone());
    tokio::spawn(async move { followed.follow(edge::tls::LOOK_EVERY, metrics, closing).await });
    Ok(tls)
}

/// The public names of the edge, and the proxies in front of it.
fn origin(settings: &Settings) -> anyhow::Result<Origin> {
    let public: Result<Vec<PublicUrl>, _> =
        settings.edge.public_url.iter().map(|url| PublicUrl::parse(url.as_str())).collect();
    Ok(Origin::new(public.context("could not use edge.public_url")?, settings.edge.trusted_proxies.clone()))
}

/// What compiling a tenant needs to know of the installation.
fn surroundings(settings: &Settings) -> Surroundings {
    Surroundings {
        default_target: settings.vapi.default_target.clone(),
        global_account: settings.twilio.account(),
        forward_countries: settings.policy.forward_countries.clone(),
    }
}
