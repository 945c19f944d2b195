//! The ledger the settings ask for, and how it finds the settings of calls that began at other edges.

use std::sync::Arc;

use anyhow::Context;
use tokio::runtime::Handle;

use crate::calls::{COUNTED_WITHIN, FindSettings, Ledger, SharedOptions};
use crate::config::{LiveUrl, Settings};
use crate::directory::{Directory, Found};
use crate::model::TenantId;
use crate::routing::{self, CompiledTenant, Surroundings};
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;

/// Opens it. Called on the runtime that made the store: Redis is spoken with there, too.
pub(super) async fn open(
    settings: &Settings,
    metrics: &Arc<Metrics>,
    directory: &Directory,
    store: &Store,
    around: &Arc<Surroundings>,
) -> anyhow::Result<Ledger> {
    let (ai_limit, metrics) = (settings.vapi.concurrency_limit, Arc::clone(metrics));
    match &settings.live.url {
        LiveUrl::Memory => {
            metrics.ledger_mode("memory");
            Ok(Ledger::memory(ai_limit, metrics))
        }
        LiveUrl::Redis(url) => {
            let find = find(directory.clone(), store.clone(), Arc::clone(around));
            let options = SharedOptions { url: url.reveal(), ai_limit, metrics, find, counted_within: COUNTED_WITHIN };
            Ledger::shared(options).await.context("could not use live.url")
        }
    }
}

/// Mostly the directory has the tenant as it was when the call began; else the store remembers.
fn find(directory: Directory, store: Store, around: Arc<Surroundings>) -> FindSettings {
    let runtime = Handle::current();
    Arc::new(move |id, version| {
        let (directory, store, around) = (directory.clone(), store.clone(), Arc::clone(&around));
        let runtime = runtime.clone();
        Box::pin(async move {
            if let Found::Known(tenant) = directory.tenant(&id).await
                && tenant.version == version
            {
                return Some(tenant);
            }
            let asked = runtime.spawn(async move { settings_then(&store, &around, &id, version).await });
            match asked.await {
                Ok(Ok(found)) => found,
                Ok(Err(failure)) => {
                    tracing::warn!(%failure, "could not read the settings a call of another edge began with");
                    None
                }
                // A question that panicked is an unanswered one; the panic hook has told of it.
                Err(_) => None,
            }
        })
    })
}

/// A tenant's settings as of a version; none if the tenant is gone.
pub(super) async fn settings_then(
    store: &Store,
    around: &Surroundings,
    id: &TenantId,
    version: u64,
) -> Result<Option<Arc<CompiledTenant>>, StoreError> {
    let Some(now) = store.load_tenant(id).await? else { return Ok(None) };
    let then = store.tenant_at(id, version).await?.unwrap_or(now.tenant);
    let (compiled, _) = routing::compile(&then, &now.numbers, now.account.as_ref(), around);
    Ok(Some(Arc::new(compiled)))
}
