//! What stands behind the call path: store, journal, directory, ledger, the admin listener and the keepers.
//! Built and run on the background runtime, where every handle to the store stays.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::{self, AdminState, EventStream, Pace};
use crate::backup;
use crate::calls::Ledger;
use crate::config::{self, Settings};
use crate::directory::Directory;
use crate::edge::{Readiness, SignatureRefusals};
use crate::events::{Bus, Limits};
use crate::health::Health;
use crate::journal::{Journal, Options};
use crate::model::{Change, Clock, Secret};
use crate::preflight::Providers;
use crate::providers::{Http, Twilio, Vapi};
use crate::provisioning::{Ports, PriceBook, Shelf, Watch as NumberWatch};
use crate::retention::{Remote, Spool};
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;

use super::duties::Duties;
use super::following::{self, Following};
use super::forgetting::Forgetting;
use super::inspection::inspection;
use super::restore::{self, Restore};
use super::rotation::{self, Rotation};
use super::teller::{Teller, Telling};
use super::watch::Watch;
use super::{keepers, ledger, provisioning, surroundings, webhooks};

/// How long a start waits for the last directory to stand in.
const STAND_IN_WITHIN: Duration = Duration::from_secs(2);

/// No erasure takes longer than this: one that began before is nobody's any more.
const ERASURE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Longest that stopping waits for the admin listener and the keepers to finish what they have begun.
const HELPERS_DEADLINE: Duration = Duration::from_secs(3);

/// Longest that it waits for the journal to write what it was given; a disk may hang.
const FLUSH_DEADLINE: Duration = Duration::from_secs(5);

/// Longest that it waits for the drain, which gives up by itself after five seconds. The records are on disk already.
const DRAIN_DEADLINE: Duration = Duration::from_secs(6);

/// How many recordings are heard at once: each takes a connection to Twilio and some kilobytes.
const LISTENERS_MAX: usize = 64;

/// Longest that Twilio may fall silent within a recording.
const LISTENERS_IDLE: Duration = Duration::from_secs(15);

/// The handles of the background.
#[derive(Debug)]
pub(super) struct Background {
    pub directory: Directory,
    pub ledger: Ledger,
    pub health: Arc<Health>,
    pub journal: Journal,
    pub vapi: Option<Vapi>,
    pub admin: SocketAddr,
    /// What the first start shows.
    pub first: Option<FirstSight>,
    /// Wakes whoever asks after ports.
    pub port_news: Arc<Notify>,
    helpers: TaskTracker,
    drain: TaskTracker,
    stops: Stops,
}

/// What the background sees of the edge, which is built after it.
pub(super) struct SeenOfTheEdge {
    /// Whether it should get calls.
    pub readiness: Arc<Readiness>,
    /// What it refused for its signature.
    pub refusals: Arc<SignatureRefusals>,
    /// When its certificate ends.
    pub certificate_end: Arc<dyn Fn() -> Option<Timestamp> + Send + Sync>,
}

/// The signals to stop. A background that is dropped stops at once.
#[derive(Debug, Default)]
struct Stops {
    /// To the admin listener and the keepers.
    helpers: CancellationToken,
    /// To the journal's drain, when nothing more can come.
    drain: CancellationToken,
}

impl Drop for Stops {
    fn drop(&mut self) {
        self.helpers.cancel();
        self.drain.cancel();
    }
}

impl Background {
    /// Builds everything in the order in which it depends on each other.
    pub async fn start(
        settings: Settings,
        clock: Clock,
        metrics: Arc<Metrics>,
        seen: SeenOfTheEdge,
        draining_on: Handle,
    ) -> anyhow::Result<Background> {
        let (helpers, draining, stops) = (TaskTracker::new(), TaskTracker::new(), Stops::default());
        if let Some(unfinished) = backup::unfinished(&settings) {
            return Err(unfinished.into());
        }
        let keys = config::secrets::keys(&settings).context("could not get the key that seals secrets")?;
        let opening = Store::open_draining_on(
            &settings.store.url,
            settings.store.direct_url.as_deref(),
            rotation::keyring(&keys),
            &draining_on,
            clock,
        );
        let store = opening.await.context("could not open the store")?;
        // Whoever has the turn of all processes does not stand back with it: the others wait.
        let draining_on = if store.is_shared() { Handle::current() } else { draining_on };
        metrics.store_up(store.ping().await.is_ok());
        let options = Options { in_turn: store.is_shared(), ..Options::default() };
        let (journal, drain) = Journal::open(&settings.spool.dir, options, Arc::clone(&metrics))
            .with_context(|| format!("could not open the journal in {}", settings.spool.dir.display()))?;
        let bus = Bus::new(chance_name(), Limits::default());
        let (teller, reporter) = Teller::new(store.clone(), bus.clone(), clock);
        let telling = Telling { store: store.clone(), teller: teller.clone() };
        draining.spawn_on(drain.run(telling, stops.drain.clone().cancelled_owned()), &draining_on);
        helpers.spawn_on(reporter.run(stops.helpers.clone()), &draining_on);

        let around = Arc::new(surroundings(&settings));
        let directory =
            Directory::new(store.clone(), Arc::clone(&around), Arc::clone(&metrics), super::DIRECTORY_CAPACITY);
        let kept_at = settings.spool.dir.join("directory");
        if store.is_shared() {
            let standing_in = following::stand_in(directory.clone(), kept_at.clone(), rotation::keyring(&keys), clock);
            // What takes longer goes on beside the calls.
            let _ = timeout(STAND_IN_WITHIN, helpers.spawn(standing_in)).await;
        }
        let ledger = ledger::open(&settings, &metrics, &directory, &store, &around).await?;
        let health = Arc::new(Health::default());
        let restore = Restore {
            store: store.clone(),
            journal: journal.clone(),
            around: Arc::clone(&around),
            ledger: ledger.clone(),
            clock,
        };
        restore.at_start(restore::CATCH_UP, &helpers, &stops.helpers).await?;
        let duties = Duties::new(store.clone(), &chance_name());
        helpers.spawn(duties.clone().run(stops.helpers.clone()));
        if store.is_shared() {
            let following =
                Following { store: store.clone(), directory: directory.clone(), teller: teller.clone(), kept: kept_at };
            helpers.spawn(following.run(stops.helpers.clone()));
        }

        let http = Http::new().context("could not build the HTTP client")?;
        let twilio = Twilio::new(&http, settings.twilio.api_base.as_str(), Arc::clone(&metrics))?
            .with_porting(settings.twilio.numbers_base.as_str(), settings.twilio.upload_base.as_str())?
            .with_pricing(settings.twilio.pricing_base.as_str())?;
        let vapi = settings
            .vapi
            .api_key
            .clone()
            .map(|key| Vapi::new(&http, settings.vapi.api_base.as_str(), key, Arc::clone(&metrics)))
            .transpose()?;

        let webhook_sender = webhooks::sender(&settings)?;
        let listener = TcpListener::bind(settings.admin.listen.to_string()).await.with_context(|| {
            format!("could not listen on {} (admin.listen); is another process there?", settings.admin.listen)
        })?;
        let admin_address = listener.local_addr()?;
        // Last of all that can fail: it is shown only by the start that makes it.
        let own_base = own_base(admin_address);
        let (token_sha256, first) = operator_token(&settings, &store, &own_base, clock).await?;
        let (rotation, keeper) = Rotation::new(store.clone(), config::secrets::source(&settings));
        helpers.spawn(keeper.run(stops.helpers.clone()));
        let (jobs_wake, shelf) = (Arc::new(Notify::new()), Arc::new(Shelf::default()));
        let changed: Arc<dyn Fn(Change) + Send + Sync> = {
            let (directory, teller) = (directory.clone(), teller.clone());
            Arc::new(move |change| {
                directory.changed(&change);
                teller.changed(&change);
            })
        };
        let desk = Arc::new(provisioning::desk(&settings, clock, &store, &twilio, vapi.as_ref(), &changed, &shelf));
        let number_watch = {
            let quarantine = SignedDuration::from_hours(24 * i64::from(settings.policy.quarantine_days));
            let (desk, overlap, wake) = (Arc::clone(&desk), provisioning::sip_overlap(&settings), &jobs_wake);
            Arc::new(NumberWatch::new(desk, Arc::clone(&metrics), quarantine, overlap, Arc::clone(wake)))
        };
        let (ports, port_news) = (Arc::new(Ports::new(Arc::clone(&desk), Arc::clone(&jobs_wake))), Arc::default());
        let router = admin::router(AdminState {
            store: store.clone(),
            around,
            public_base: settings.edge.public_base(),
            own_base: own_base.clone(),
            brand: settings.brand.name.clone(),
            console: admin::ConsoleFiles::built(),
            changed,
            live: live(&ledger),
            audio: admin::Audio::new(twilio.clone(), LISTENERS_MAX, LISTENERS_IDLE),
            supply: admin::Supply {
                twilio: twilio.clone(),
                vapi: vapi.clone(),
                free_numbers: settings.vapi.free_number_limit,
                learned: Arc::new(move || shelf.free_limit()),
                seen: admin::FreeNumbersSeen::default(),
            },
            provision: provisioning::of_admin(&settings, &jobs_wake),
            costs: {
                let book = Arc::new(PriceBook::new(twilio.clone(), Arc::new(clock)));
                admin::Costs {
                    estimates: settings.costs.estimates.clone(),
                    prices: Arc::new(move |account, country| {
                        let book = Arc::clone(&book);
                        Box::pin(async move { book.of(&account, &country).await })
                    }),
                }
            },
            watch: {
                let watch = Arc::clone(&number_watch);
                Arc::new(move || {
                    let watch = Arc::clone(&watch);
                    Box::pin(async move { watch.look().await })
                })
            },
            port_look: {
                let ports = Arc::clone(&ports);
                Arc::new(move |port| {
                    let ports = Arc::clone(&ports);
                    Box::pin(async move { ports.look_at(port).await })
                })
            },
            periods: settings.retention.periods,
            spool: Spool::of(journal.clone()),
            rotation: Arc::new(rotation),
            events: EventStream { bus: bus.clone(), pace: Pace::default() },
            certificate_end: seen.certificate_end,
            inspection: {
                let account = settings.twilio.account().map(|account| (twilio.clone(), account));
                let providers = Providers { twilio: account, vapi: vapi.clone() };
                inspection(&settings, clock, &store, providers, &metrics, seen.refusals)
            },
            metrics_text: {
                let (metrics, ledger) = (Arc::clone(&metrics), ledger.clone());
                Arc::new(move || {
                    ledger.show();
                    metrics.render()
                })
            },
            token_sha256,
            webhook_url: webhooks::url_check(&settings),
            now: Arc::new(clock),
            random: Arc::new(random),
            secret: Arc::new(random),
        });
        helpers.spawn(admin::serve(listener, router, stops.helpers.clone().cancelled_owned()));
        // On a store that is shared another process may be at one still.
        let broke_off = clock() - if store.is_shared() { ERASURE_MAX } else { SignedDuration::ZERO };
        match store.fail_unfinished_erasures(broke_off).await {
            Err(StoreError::Away(why)) => {
                tracing::warn!(why, "erasures that broke off are looked for at the next start")
            }
            looked => drop(looked.context("could not look for erasures that broke off")?),
        }
        let forgetting = Forgetting {
            clock,
            periods: settings.retention.periods,
            ledger: ledger.clone(),
            duties: duties.clone(),
            remote: Remote {
                store: store.clone(),
                twilio: twilio.clone(),
                vapi: vapi.clone(),
                global: settings.twilio.account(),
            },
        };
        let outbox = webhooks::worker(webhook_sender, clock, store.clone(), Arc::clone(&metrics), duties.clone());
        helpers.spawn(outbox.run(stops.helpers.clone().cancelled_owned()));
        helpers.spawn(provisioning::watch(number_watch, duties.clone(), bus.clone(), clock, stops.helpers.clone()));
        helpers.spawn(provisioning::ports(ports, duties.clone(), Arc::clone(&port_news), stops.helpers.clone()));
        let watch = Watch {
            bus,
            store: store.clone(),
            teller: teller.clone(),
            journal: journal.clone(),
            health: Arc::clone(&health),
            ledger: ledger.clone(),
            clock,
        };
        helpers.spawn(watch.run(stops.helpers.clone()));
        provisioning::spawn(desk, Arc::clone(&metrics), jobs_wake, &helpers, &stops.helpers).await?;
        let keepers = keepers::Keepers {
            store,
            journal: journal.clone(),
            directory: directory.clone(),
            ledger: ledger.clone(),
            health: Arc::clone(&health),
            readiness: seen.readiness,
            metrics,
            twilio,
            vapi: vapi.clone(),
            breakers: Arc::default(),
            duties,
            clock,
        };
        keepers.spawn(&helpers, &stops.helpers);
        forgetting.spawn(&helpers, &stops.helpers);
        Ok(Background {
            directory,
            ledger,
            health,
            journal,
            vapi,
            port_news,
            admin: admin_address,
            first,
            helpers,
            drain: draining,
            stops,
        })
    }

    /// Stops in order: whoever may still have something to keep, then the journal, which writes it, then the drain,
    /// which takes it to the store.
    pub async fn finish(&self) {
        self.stops.helpers.cancel();
        self.helpers.close();
        if timeout(HELPERS_DEADLINE, self.helpers.wait()).await.is_err() {
            tracing::warn!("some background work was still running at the end");
        }
        self.ledger.finish().await;
        if timeout(FLUSH_DEADLINE, self.journal.shutdown()).await.is_err() {
            tracing::error!(depth = self.journal.depth(), "spool.dir did not take the last records in time");
        }
        self.stops.drain.cancel();
        self.drain.close();
        if timeout(DRAIN_DEADLINE, self.drain.wait()).await.is_err() {
            tracing::warn!(
                depth = self.journal.depth(),
                "the store did not take the last records in time, the next start will"
            );
        }
    }
}

/// A name no other process has.
fn chance_name() -> String {
    random::<8>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The ledger's live calls in the words of the admin API: the two rooms do not know each other.
fn live(ledger: &Ledger) -> admin::Live {
    let ledger = ledger.clone();
    Arc::new(move || {
        let ledger = ledger.clone();
        Box::pin(async move {
            let calls = ledger.live().await.into_iter();
            calls
                .map(|call| admin::LiveCall {
                    sid: call.sid,
                    tenant_id: call.tenant_id,
                    org_id: call.org_id,
                    arrival: call.arrival,
                    with_ai: call.with_ai,
                    began: call.began,
                    heard: call.heard,
                })
                .collect()
        })
    })
}

pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes, or nothing sealed or named here is safe");
    bytes
}

/// What is shown once, by the first start.
#[derive(Clone, Debug)]
pub struct FirstSight {
    /// The operator token.
    pub token: Secret,
    /// The console, as a link that opens it once.
    pub console: Option<Secret>,
}

/// Where this machine finds a listener: one on every address is on the loopback too.
fn own_base(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let loopback: IpAddr = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    format!("http://{address}")
}

/// The configured operator token, else one made at the first start: kept as a hash, shown once.
async fn operator_token(
    settings: &Settings,
    store: &Store,
    own_base: &str,
    clock: Clock,
) -> anyhow::Result<(Option<[u8; 32]>, Option<FirstSight>)> {
    if let Some(token) = &settings.admin.token {
        return Ok((Some(Sha256::digest(token.reveal()).into()), None));
    }
    let token = format!("pb_{}", URL_SAFE_NO_PAD.encode(random::<32>()));
    let hash: [u8; 32] = Sha256::digest(&token).into();
    let made_now = match store.bootstrap_token(|| hash).await {
        // There may be one; whoever starts with an empty store that is away starts once more when it is there.
        Err(StoreError::Away(why)) => {
            tracing::warn!(why, "whether there is an operator's token is looked for at the next start");
            false
        }
        made => made?,
    };
    if !made_now {
        return Ok((None, None));
    }
    // The token is kept and must be shown now, with a link or without.
    let link = admin::link_to(store, hash, own_base, clock(), &random()).await;
    let console = link.inspect_err(|error| tracing::warn!(%error, "no link to the console could be made")).ok();
    Ok((None, Some(FirstSight { token: Secret::new(token), console: console.map(Secret::new) })))
}
