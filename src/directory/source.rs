//! Where the directory reads: the store, and while that is away the last directory, kept in a file, where there is one.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::model::{Clock, E164, Number, Org, PhoneIntegration, PhoneMethod, Sid, SipUser, TenantId};
use crate::store::{Keyring, Store, StoreError, TenantLoad};

/// The file of the last directory, and what opens what is sealed in it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The file.
    pub path: PathBuf,
    /// The keys of the store.
    pub keys: Keyring,
    /// The clock.
    pub clock: Clock,
}

/// Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub store: Store,
    kept: Option<Arc<Kept>>,
    /// Read when it is first needed, dropped when the store is back.
    last: Arc<Mutex<Arc<OnceCell<Option<Store>>>>>,
}

/// Asks the store, and the last directory where the store is away. What the latter does not know is not unknown: it may be
/// newer.
macro_rules! ask {
    ($source:expr, $store:ident => $question:expr) => {{
        let $store = &$source.store;
        match $question.await {
            Err(StoreError::Away(why)) => match $source.last().await {
                Some($store) => match $question.await {
                    Ok(Some(found)) => Ok(Some(found)),
                    _ => Err(StoreError::Away(why)),
                },
                None => Err(StoreError::Away(why)),
            },
            answer => answer,
        }
    }};
}

impl Source {
    pub fn new(store: Store, kept: Option<Kept>) -> Source {
        Source { store, kept: kept.map(Arc::new), last: Arc::default() }
    }

    pub async fn number_by_e164(&self, number: E164) -> Result<Option<Number>, StoreError> {
        ask!(self, store => store.number_by_e164(number))
    }

    pub async fn number_by_vapi_id(&self, id: &Sid) -> Result<Option<Number>, StoreError> {
        ask!(self, store => store.number_by_vapi_id(id))
    }

    pub async fn sip_user(&self, name: &str) -> Result<Option<SipUser>, StoreError> {
        ask!(self, store => store.sip_user(name))
    }

    pub async fn tenant_known_by(&self, number: E164) -> Result<Option<(PhoneMethod, TenantId)>, StoreError> {
        ask!(self, store => store.tenant_known_by(number))
    }

    pub async fn phone_integration(&self, id: &TenantId) -> Result<Option<PhoneIntegration>, StoreError> {
        let found = ask!(self, store => store.phone_integration(id));
        Ok(found?.map(|(phone, _)| phone))
    }

    pub async fn org_by_account(&self, sid: &Sid) -> Result<Option<Org>, StoreError> {
        ask!(self, store => store.org_by_account(sid))
    }

    pub async fn load_tenant(&self, id: &TenantId) -> Result<Option<TenantLoad>, StoreError> {
        ask!(self, store => store.load_tenant(id))
    }

    /// The store is back: what it says counts, and the file is read anew when it goes again.
    pub fn is_back(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// Has the last directory been read, and stands in?
    pub fn has_last(&self) -> bool {
        let cell = Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner));
        matches!(cell.get(), Some(Some(_)))
    }

    /// The last directory, read now if it was not yet.
    pub async fn last(&self) -> Option<Store> {
        let kept = Arc::clone(self.kept.as_ref()?);
        let cell = Arc::clone(&self.last.lock().unwrap_or_else(PoisonError::into_inner));
        let read = async {
            match Store::kept_directory(&kept.path, &kept.keys, kept.clock).await {
                Ok(last) => {
                    tracing::warn!("the store is away: the last directory, kept in spool.dir, says where numbers lead");
                    Some(last)
                }
                Err(why) => {
                    tracing::error!(%why, "the store is away, and the last directory cannot stand in for it: callers of \
                         numbers that nobody remembers hear that the line has trouble");
                    None
                }
            }
        };
        cell.get_or_init(|| read).await.clone()
    }
}
