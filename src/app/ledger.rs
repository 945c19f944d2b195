//! The ledger the settings ask for, and how it finds the settings of calls that began at other edges.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::calls::{FindSettings, Ledger, SharedOptions};
use crate::config::{LiveUrl, Settings};
use crate::directory::{Directory, Found};
use crate::model::TenantId;
use crate::routing::{self, CompiledTenant, Surroundings};
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;

/// How long the store may take to tell settings of before: callers wait, and those of now are at hand.
const STORE_WITHIN: Duration = Duration::from_millis(150);

/// Opens it. Called on the runtime that made the store: Redis is spoken with there, too.
pub(super) async fn open(
    settings: &Settings,
    metrics: &Arc<Metrics>,
    directory: &Directory,
    store: &Store,
    around: &Arc<Surroundings>,
) -> anyhow::Result<Ledger> {
    let (ai_limit, metrics) = (settings.vapi.concurrency_limit, Arc::clone(metrics));
    metrics.vapi_lines(ai_limit.unwrap_or(0));
    match &settings.live.url {
        LiveUrl::Memory => {
            metrics.ledger_mode("memory");
            Ok(Ledger::memory(ai_limit, metrics))
        }
        LiveUrl::Redis(url) => {
            let find = find(directory.clone(), store.clone(), Arc::clone(around));
            let options = SharedOptions {
                url: url.reveal(),
                ai_limit,
                metrics,
                find,
                counted_within: settings.live.answer_within,
            };
            Ledger::shared(options).await.context("could not use live.url")
        }
    }
}

/// Mostly the directory has the tenant as it was when the call began; else the store remembers, and where that is away what
/// holds now stands in.
fn find(directory: Directory, store: Store, around: Arc<Surroundings>) -> FindSettings {
    let runtime = Handle::current();
    Arc::new(move |id, version| {
        let (directory, store, around) = (directory.clone(), store.clone(), Arc::clone(&around));
        let runtime = runtime.clone();
        Box::pin(async move {
            let now = match directory.tenant(&id).await {
                Found::Known(tenant) if tenant.version == version => return Some(tenant),
                Found::Known(tenant) => Some(tenant),
                Found::Unknown | Found::Trouble => None,
            };
            let asked = runtime.spawn(async move { settings_then(&store, &around, &id, version).await });
            let Ok(answered) = timeout(STORE_WITHIN, asked).await else { return now };
            match answered {
                Ok(Ok(found)) => found,
                // Whose call it is and which account may speak for it is told by those of now as well; an end that was
                // acknowledged is not to be lost for this.
                Ok(Err(failure)) => {
                    tracing::warn!(%failure, "the settings a call of another edge began with cannot be read: those of now hold");
                    now
                }
                // A question that panicked is an unanswered one; the panic hook has told of it.
                Err(_) => now,
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
