//! Has the providers forget: recordings at Twilio, calls at Vapi. The queue is the store's and outlives us.
//!
//! What a provider does not know is forgotten. What it refuses is tried again, more and more seldom, and never given up:
//! somebody may have to set a token right first, and until then the list shows what waits and why.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Sid, TenantId, TwilioAccount};
use crate::providers::{ProviderError, Twilio, Vapi};
use crate::store::{RemoteErasure, RemoteProvider, Store, StoreError};

/// How many are taken from the queue at a time.
const TAKEN_MAX: u32 = 20;

/// How many are asked for in one go, so that a long queue does not hold up whoever wants us to stop.
const ONCE_MAX: usize = 500;

/// Waits after failures, in minutes; the last one stays.
const WAITS_MINUTES: [i64; 6] = [1, 5, 30, 120, 360, 1_440];

/// Whoever asks the providers.
#[derive(Clone)]
pub struct Remote {
    /// Where the queue is.
    pub store: Store,
    /// Twilio.
    pub twilio: Twilio,
    /// Vapi, where there is a key for it.
    pub vapi: Option<Vapi>,
    /// The global account.
    pub global: Option<TwilioAccount>,
}

/// The credentials of the account that keeps something: by its SID, else by whose it was.
pub async fn account_of(
    store: &Store,
    global: Option<&TwilioAccount>,
    sid: Option<&Sid>,
    tenant: Option<&TenantId>,
) -> Result<Option<TwilioAccount>, StoreError> {
    if let Some(sid) = sid {
        if let Some(own) = global.filter(|own| own.sid == *sid) {
            return Ok(Some(own.clone()));
        }
        return Ok(store.org_by_account(sid).await?.and_then(|org| org.twilio));
    }
    let load = match tenant {
        Some(tenant) => store.load_tenant(tenant).await?,
        None => None,
    };
    Ok(load.and_then(|load| load.account).or_else(|| global.cloned()))
}

/// How long to wait after so many failures.
pub fn wait_after(attempts: u32) -> SignedDuration {
    let place = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX).min(WAITS_MINUTES.len() - 1);
    SignedDuration::from_mins(WAITS_MINUTES[place])
}

impl Remote {
    /// Works off what is due. A provider that is away or asks for rest is left alone until the next time. Answers how
    /// much was forgotten.
    pub async fn work(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        for provider in [RemoteProvider::Twilio, RemoteProvider::Vapi] {
            forgotten += self.work_of(provider, now).await?;
        }
        Ok(forgotten)
    }

    async fn work_of(&self, provider: RemoteProvider, now: Timestamp) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        while forgotten < ONCE_MAX {
            let due = self.store.remote_erasures_due(provider, now, TAKEN_MAX).await?;
            if due.is_empty() {
                break;
            }
            for one in due {
                let Err(failure) = self.forget(&one).await else {
                    self.store.remote_erased(one.id).await?;
                    forgotten += 1;
                    continue;
                };
                let next_at =
                    now.saturating_add(wait_after(one.attempts + 1)).expect("minutes are no calendar's business");
                self.store.remote_erasure_failed(one.id, &failure.to_string(), next_at).await?;
                if failure.is_general() {
                    return Ok(forgotten);
                }
            }
        }
        Ok(forgotten)
    }

    async fn forget(&self, one: &RemoteErasure) -> Result<(), Failure> {
        match one.provider {
            RemoteProvider::Twilio => {
                let (global, sid, tenant) = (self.global.as_ref(), one.account.as_ref(), one.tenant_id.as_ref());
                let account = account_of(&self.store, global, sid, tenant).await?.ok_or(Failure::NoAccount)?;
                Ok(self.twilio.delete_recording(&account, &one.sid).await?)
            }
            RemoteProvider::Vapi => {
                let vapi = self.vapi.as_ref().ok_or(Failure::NoKey)?;
                Ok(vapi.delete_call(&one.sid).await?)
            }
        }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").finish_non_exhaustive()
    }
}

/// Why something was not forgotten.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no credentials for the account that keeps it: give them to its organization")]
    NoAccount,
    #[error("no key for Vapi: set vapi.api_key")]
    NoKey,
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure {
    /// Would the next one fail likewise?
    fn is_general(&self) -> bool {
        match self {
            Failure::NoAccount => false,
            Failure::NoKey | Failure::Store(_) => true,
            Failure::Provider(ProviderError::Unreachable { .. }) => true,
            Failure::Provider(ProviderError::Refused { status, .. }) => *status == 429,
            Failure::Provider(ProviderError::Nonsense { .. }) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_day_and_stay_there() {
        let minutes: Vec<i64> = [0, 1, 2, 3, 4, 5, 6, 7, u32::MAX].map(|n| wait_after(n).as_mins()).to_vec();
        assert_eq!(minutes, [1, 1, 5, 30, 120, 360, 1_440, 1_440, 1_440]);
    }
}
