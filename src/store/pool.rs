//! The store's doors for numbers that jobs bring in, take from the pool, and let go.

use super::{Actor, Store, StoreError};
use crate::model::{E164, JobId, Number, NumberId, Sid, TenantId};

/// What is wanted of a number of the pool.
pub struct PoolWish {
    /// For which tenant.
    pub tenant: TenantId,
    /// For which job: a number it took before is found again.
    pub job: JobId,
    /// The accounts at Twilio whose numbers it may have, the one preferred first.
    pub accounts: Vec<Sid>,
    /// It may be one of Vapi's.
    pub free: bool,
    /// Which digits will do.
    pub fits: Box<dyn Fn(E164) -> bool + Send + Sync>,
}

impl std::fmt::Debug for PoolWish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoolWish").field("tenant", &self.tenant).field("job", &self.job).finish_non_exhaustive()
    }
}

impl Store {
    /// Leads a number of the pool to a tenant, if one fits.
    pub async fn take_from_pool(&self, wish: &PoolWish, by: &Actor) -> Result<Option<Number>, StoreError> {
        each!(self, engine => engine.take_from_pool(wish, by).await)
    }

    /// Keeps a number a job brought in, as [`Store::put_number`] does.
    pub async fn bring_number(&self, number: &Number, job: &JobId, by: &Actor) -> Result<Number, StoreError> {
        each!(self, engine => engine.bring_number(number, job, by).await)
    }

    /// The number a job brought in or took.
    pub async fn number_of_job(&self, job: &JobId) -> Result<Option<Number>, StoreError> {
        each!(self, engine => engine.number_of_job(job).await)
    }

    /// Takes a number out of the pool, for nobody. False if it leads to a tenant.
    pub async fn withdraw_number(&self, id: &NumberId) -> Result<bool, StoreError> {
        each!(self, engine => engine.withdraw_number(id).await)
    }

    /// Forgets a number that is ours no more. Leads it to a tenant still, it stays: `NumberTaken`.
    pub async fn forget_number(&self, id: &NumberId, by: &Actor) -> Result<(), StoreError> {
        each!(self, engine => engine.forget_number(id, by).await)
    }
}
