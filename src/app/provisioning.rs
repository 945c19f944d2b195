//! The runner of jobs, and what it knows of the installation.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admin::Provision;
use crate::config::Settings;
use crate::events::{Audience, Bus, Event, News, Warning, WarningKind};
use crate::model::{Change, Clock};
use crate::providers::{Twilio, TwilioKey, Vapi, VapiServer, Wiring};
use crate::provisioning::{Desk, Gates, ListLimits, Pace, Policy, Ports, Runner, Shelf, Watch};
use crate::store::Store;
use crate::telemetry::Metrics;
use crate::twiml::Urls;

use super::background::random;
use super::duties::Duties;

/// How often it is looked where numbers lead, and how long after a start first: what it would find has been so for long.
const LOOK_EVERY: Duration = Duration::from_secs(300);
const FIRST_LOOK: Duration = Duration::from_secs(30);

/// How often it is looked for ports that are due.
const PORTS_EVERY: Duration = Duration::from_secs(20);

/// How soon after another a port's news are asked after at the earliest.
const HURRY_EVERY: Duration = Duration::from_secs(60);

/// Longest anybody waits for a number before they are told of the job that goes on.
const PATIENCE: Duration = Duration::from_secs(25);

/// What jobs work with.
pub(super) fn desk(
    settings: &Settings,
    clock: Clock,
    store: &Store,
    twilio: &Twilio,
    vapi: Option<&Vapi>,
    changed: &Arc<dyn Fn(Change) + Send + Sync>,
    shelf: &Arc<Shelf>,
) -> Desk {
    Desk {
        store: store.clone(),
        twilio: twilio.clone(),
        vapi: vapi.cloned(),
        gates: Gates::default(),
        shelf: Arc::clone(shelf),
        policy: policy(settings),
        changed: Arc::clone(changed),
        now: Arc::new(clock),
        random: Arc::new(random),
        secret: Arc::new(random),
    }
}

fn policy(settings: &Settings) -> Policy {
    let base = settings.edge.public_base();
    let urls = Urls { base: &base };
    let fallback = settings.edge.fallback_url.clone().unwrap_or_else(|| urls.fallback().to_string());
    let (voice_fallback_url, status_callback) = (fallback, urls.status().to_string());
    let number_wiring = Wiring { voice_url: urls.voice().to_string(), voice_fallback_url, status_callback };
    let sip_wiring = Wiring { voice_url: urls.sip().to_string(), ..number_wiring.clone() };
    let key = settings.twilio.api_key_sid.clone().zip(settings.twilio.api_key_secret.clone());
    Policy {
        is_reachable: !settings.edge.public_url.is_empty() || !settings.twilio.is_real(),
        number_wiring,
        sip_wiring,
        porting_url: format!("{}/api/twilio/porting", base.trim_end_matches('/')),
        vapi_server: VapiServer {
            url: format!("{}/api/vapi/webhook", base.trim_end_matches('/')),
            secret: settings.vapi.webhook_secret.clone(),
        },
        global: settings.twilio.account(),
        global_key: key.map(|(sid, secret)| TwilioKey { sid, secret }),
        default_target: settings.vapi.default_target.clone(),
        vapi_sip_host: settings.vapi.sip_host.clone(),
        sip_domain: settings.sip.domain.clone(),
        sip_acl_domain: settings.sip.acl_domain.clone(),
        sip_lists: ListLimits { names: settings.sip.names_per_list, addresses: settings.sip.addresses_per_list },
        free_numbers: settings.vapi.free_number_limit,
        brand: settings.brand.name.clone(),
    }
}

/// What the admin API has a say in.
pub(super) fn of_admin(settings: &Settings, wake: &Arc<Notify>) -> Provision {
    let wake = Arc::clone(wake);
    Provision {
        wake: Arc::new(move || wake.notify_one()),
        patience: PATIENCE,
        require_payment: settings.policy.require_payment,
        numbers_per_tenant: settings.policy.numbers_per_tenant,
        sip_domain: settings.sip.domain.clone(),
        sip_acl_domain: settings.sip.acl_domain.clone(),
        sip_overlap: sip_overlap(settings),
        restaurants_secret: settings.vapi.webhook_secret.clone(),
    }
}

/// How long an older name on the SIP domain is good after a newer was called with.
pub(super) fn sip_overlap(settings: &Settings) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(settings.sip.password_overlap_days))
}

/// Starts the runner. A store in one file has no other process: what the last one had claimed is given back at once. On
/// one that is shared, others may be at work on it: what nobody works on is free when its time is over.
pub(super) async fn spawn(
    desk: Arc<Desk>,
    metrics: Arc<Metrics>,
    wake: Arc<Notify>,
    helpers: &TaskTracker,
    stopping: &CancellationToken,
) -> anyhow::Result<()> {
    if !desk.store.is_shared() {
        desk.store.release_jobs().await.context("could not look for jobs that broke off")?;
    }
    let runner = Runner::new(desk, metrics, Pace::default(), wake);
    helpers.spawn(runner.run(stopping.clone()));
    Ok(())
}

/// Looks where numbers lead, again and again, and warns while something is amiss.
pub(super) async fn watch(watch: Arc<Watch>, duties: Duties, bus: Bus, clock: Clock, stopping: CancellationToken) {
    let mut astray = 0;
    let mut wait = FIRST_LOOK;
    while stopping.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
        wait = LOOK_EVERY;
        if !duties.are_mine() {
            wait = FIRST_LOOK;
            continue;
        }
        match watch.look().await {
            Ok(report) => {
                let now_astray = report.findings.len() as u64;
                if now_astray != astray {
                    astray = now_astray;
                    let kind = WarningKind::NumbersAstray;
                    let news = News::Warning(Warning { kind, active: astray > 0, records: astray });
                    bus.publish(Event { at: clock(), audience: Audience::PLATFORM, news });
                }
                for (whom, why) in &report.not_asked {
                    tracing::warn!(whom, why, "could not look where numbers lead");
                }
            }
            Err(error) => tracing::warn!(%error, "could not look where numbers lead"),
        }
    }
}

/// Asks after ports when they are due, and when Twilio tells that something happened: at once, but for whoever tells it
/// again and again once a minute.
pub(super) async fn ports(ports: Arc<Ports>, duties: Duties, news: Arc<Notify>, stopping: CancellationToken) {
    let mut hurried: Option<Instant> = None;
    loop {
        let heard = tokio::select! {
            () = stopping.cancelled() => return,
            () = tokio::time::sleep(PORTS_EVERY) => false,
            () = news.notified() => true,
        };
        let looked = if heard {
            // What was told within the minute is found out together, when it is over.
            let rest = hurried.map_or(Duration::ZERO, |at| HURRY_EVERY.saturating_sub(at.elapsed()));
            if stopping.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
                return;
            }
            hurried = Some(Instant::now());
            ports.hurry().await
        } else if duties.are_mine() {
            ports.look().await
        } else {
            Ok(())
        };
        if let Err(error) = looked {
            tracing::warn!(%error, "could not ask how far ports are");
        }
    }
}
