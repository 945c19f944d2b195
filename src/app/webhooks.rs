//! Webhooks that go out, put together: the worker beside the store, and the check of a URL for the admin API, which
//! does not know the outbox.

use std::sync::Arc;

use crate::admin::UrlCheck;
use crate::config::Settings;
use crate::model::{Clock, Fault};
use crate::outbox::{Destination, Networks, Pace, Sender, Worker, system_lookup};
use crate::store::Store;
use crate::telemetry::Metrics;
use anyhow::Context;

use super::background::random;
use super::duties::Duties;

/// What sends.
pub(super) fn sender(settings: &Settings) -> anyhow::Result<Sender> {
    Sender::new(networks(settings), system_lookup()).context("could not build the client for webhooks")
}

/// What takes deliveries from the store to the sender, while that is this process's to do.
pub(super) fn worker(
    sender: Sender,
    clock: Clock,
    store: Store,
    metrics: Arc<Metrics>,
    duties: Duties,
) -> Worker<Clock, fn() -> f64> {
    Worker::new(store, sender, metrics, Pace::default(), clock, chance as fn() -> f64)
        .only_while(Arc::new(move || duties.are_mine()))
}

/// Whether an endpoint may have this URL, in the words of the admin API.
pub(super) fn url_check(settings: &Settings) -> UrlCheck {
    let networks = networks(settings);
    Arc::new(move |url| match Destination::parse(url, &networks) {
        Ok(_) => Ok(()),
        Err(why) => Err(Fault::new("/url", why.code(), why.to_string())),
    })
}

fn networks(settings: &Settings) -> Networks {
    Networks::new(settings.webhooks.allow_networks.clone())
}

fn chance() -> f64 {
    f64::from(u32::from_be_bytes(random())) / f64::from(u32::MAX)
}
