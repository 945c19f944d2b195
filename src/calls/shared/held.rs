//! The settings a lease holds: compiled, where its call began here, else by name, until somebody asks for them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::super::lease::Whose;
use crate::model::{OrgId, TenantId};
use crate::routing::CompiledTenant;

/// Finds a tenant's settings as of a version, compiled; none if they cannot be had.
pub type FindSettings =
    Arc<dyn Fn(TenantId, u64) -> Pin<Box<dyn Future<Output = Option<Arc<CompiledTenant>>> + Send>> + Send + Sync>;

/// Longest a request waits for the settings of a call that began at another edge: the directory may take a quarter of a
/// second to say that what it has is old, and the store its time after that.
const FOUND_WITHIN: Duration = Duration::from_millis(600);

/// Settings, or whose they are and of which version.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Compiled(Arc<CompiledTenant>),
    Named(Arc<Named>),
}

/// Whose settings they are, and which; found when somebody asks, once for all calls that hold them.
pub(super) struct Named {
    pub(super) tenant: TenantId,
    pub(super) org: OrgId,
    pub(super) version: u64,
    found: OnceCell<Arc<CompiledTenant>>,
}

/// The same, to be written down.
pub(super) struct Name<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) org: &'a OrgId,
    pub(super) version: u64,
}

/// All that calls of other edges hold.
#[derive(Default)]
pub(super) struct Names {
    names: DashMap<(TenantId, u64), Weak<Named>>,
}

impl Held {
    pub(super) fn named(&self) -> Name<'_> {
        match self {
            Held::Compiled(settings) => {
                Name { tenant: settings.id(), org: &settings.org_id, version: settings.version }
            }
            Held::Named(named) => Name { tenant: &named.tenant, org: &named.org, version: named.version },
        }
    }

    /// The settings; none if they cannot be had in time.
    pub(super) async fn compiled(&self, find: &FindSettings) -> Option<Arc<CompiledTenant>> {
        let named = match self {
            Held::Compiled(settings) => return Some(Arc::clone(settings)),
            Held::Named(named) => named,
        };
        let finding =
            named.found.get_or_try_init(|| async { find(named.tenant.clone(), named.version).await.ok_or(()) });
        timeout(FOUND_WITHIN, finding).await.ok()?.ok().cloned()
    }
}

impl Whose for Held {
    fn tenant_id(&self) -> &TenantId {
        self.named().tenant
    }

    fn org_id(&self) -> &OrgId {
        self.named().org
    }

    fn or_known(self, known: &Held) -> Held {
        let (ours, theirs) = (self.named(), known.named());
        let are_alike = ours.tenant == theirs.tenant && ours.version == theirs.version;
        match (&self, known) {
            (Held::Named(_), Held::Compiled(_)) if are_alike => known.clone(),
            _ => self,
        }
    }
}

impl Names {
    /// One for all leases that hold the same.
    pub(super) fn held(&self, tenant: TenantId, org: OrgId, version: u64) -> Held {
        let mut known = self.names.entry((tenant, version)).or_default();
        if let Some(named) = known.upgrade() {
            return Held::Named(named);
        }
        let named = Arc::new(Named { tenant: known.key().0.clone(), org, version, found: OnceCell::new() });
        *known = Arc::downgrade(&named);
        Held::Named(named)
    }

    /// Forgets what no lease holds any more.
    pub(super) fn forget_unheld(&self) {
        self.names.retain(|_, named| named.strong_count() > 0);
    }
}

impl fmt::Debug for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as of version {}", self.tenant, self.version)
    }
}
