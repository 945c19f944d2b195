//! Names on the SIP domain: whose each is, and the news of a call that signed in with one somebody asks after.
//!
//! Almost every call signs in with a name nobody asks after: then all this costs it is a look at a flag that stands beside
//! what it looks up in any case. The news is for the store, in its own time; it is lost with the process, and then the
//! next call tells it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::shelf::Shelf;
use crate::model::{SipUser, TenantId};
use crate::store::Store;

/// News that may wait for the store, and how much of it is written at once. What finds no room is told by the next call.
const WAITING_MAX: usize = 1_024;
const AT_ONCE_MAX: usize = 64;

/// A name as the directory keeps it.
#[derive(Debug)]
pub(super) struct Name {
    pub tenant: TenantId,
    pub signs_in: bool,
    awaited: AtomicBool,
}

impl From<SipUser> for Name {
    fn from(user: SipUser) -> Name {
        Name { tenant: user.tenant, signs_in: user.signs_in, awaited: AtomicBool::new(user.is_awaited) }
    }
}

/// Where the news goes.
#[derive(Clone, Debug)]
pub(super) struct Heard(mpsc::Sender<News>);

/// This name has called, at this time.
type News = (Arc<str>, Timestamp);

impl Heard {
    /// Keeps what is told in the store, as long as somebody may tell it.
    pub(super) fn kept_in(store: Store, names: Shelf<Arc<str>, Name>) -> Heard {
        let (told, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(keep(store, names, waiting));
        Heard(told)
    }

    /// A call has signed in with this name.
    pub(super) fn note(&self, name: &Name, user: &str, now: impl FnOnce() -> Timestamp) {
        if !name.awaited.load(Ordering::Relaxed) || !name.awaited.swap(false, Ordering::Relaxed) {
            return;
        }
        if self.0.try_send((Arc::from(user), now())).is_err() {
            name.awaited.store(true, Ordering::Relaxed);
        }
    }
}

async fn keep(store: Store, names: Shelf<Arc<str>, Name>, mut waiting: mpsc::Receiver<News>) {
    let mut news = Vec::new();
    while waiting.recv_many(&mut news, AT_ONCE_MAX).await > 0 {
        if let Err(error) = store.sip_names_heard(&news).await {
            tracing::warn!(%error, "that names on the SIP domain have called is not kept yet: their next call tells it");
            news.iter().for_each(|(name, _)| names.forget(name));
        }
        news.clear();
    }
}
