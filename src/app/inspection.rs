//! What the admin API's check looks at, from inside the process: the preflight, the store by asking it, and what the edge
//! refused for its signature.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use crate::admin::Inspection;
use crate::config::Settings;
use crate::edge::SignatureRefusals;
use crate::model::Clock;
use crate::preflight::{self, Finding, Grade, Providers, Signatures, StoreFile, finding};
use crate::store::Store;
use crate::telemetry::Metrics;

pub(super) fn inspection(
    settings: &Settings,
    clock: Clock,
    store: &Store,
    providers: Providers,
    metrics: &Arc<Metrics>,
    refusals: Arc<SignatureRefusals>,
) -> Inspection {
    let public_urls: Vec<String> = settings.edge.public_url.iter().map(ToString::to_string).collect();
    let (settings, store, providers) = (Arc::new(settings.clone()), store.clone(), Arc::new(providers));
    let metrics = Arc::clone(metrics);
    Inspection::new(
        Arc::new(move || {
            let (settings, store, providers) = (Arc::clone(&settings), store.clone(), Arc::clone(&providers));
            Box::pin(async move { look(&settings, clock, &store, &providers).await })
        }),
        Arc::new(move || Signatures {
            public_urls: public_urls.clone(),
            failures: metrics.signature_failures(),
            recent: refusals.recent(),
        }),
    )
}

async fn look(settings: &Arc<Settings>, clock: Clock, store: &Store, providers: &Providers) -> Vec<Finding> {
    let (read, now) = (Arc::clone(settings), clock());
    let here = spawn_blocking(move || preflight::local(&read, StoreFile::InUse, now));
    let (server, live) = (preflight::server(settings), preflight::live(settings));
    let online = preflight::online(settings, providers);
    let (here, server, live, there, answers) = tokio::join!(here, server, live, online, store.ping());
    let mut report = vec![match answers {
        Ok(()) => finding(Grade::Ok, "store", "it answers"),
        Err(error) => finding(Grade::Fault, "store", error.to_string()),
    }];
    report.extend(here.unwrap_or_else(|error| {
        tracing::error!(%error, "the preflight broke off");
        vec![finding(Grade::Fault, "check", "the look at files and settings broke off; the log tells more")]
    }));
    report.extend(server);
    report.extend(live);
    report.extend(there);
    report
}
