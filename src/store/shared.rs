//! The store's doors for several processes on one: what another has changed of the settings and written of calls, and who
//! does what is done by one at a time. A store in a file has one process, to whom nobody tells anything and who does everything.

use std::time::Duration;

use super::{Store, StoreError, Told};
use crate::model::Change;

pub use super::postgres::Listening;

/// What has changed of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// In the order it happened.
    pub changes: Vec<Noticed>,
    /// More than that may have changed: nobody knows any more what.
    pub all: bool,
    /// Up to where: what is asked for next lies behind.
    pub upto: u64,
}

/// A change that was noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noticed {
    /// What has changed.
    pub change: Change,
    /// This process made it, and knows of it.
    pub is_own: bool,
}

impl Store {
    /// May other processes change it?
    pub fn is_shared(&self) -> bool {
        matches!(self, Store::Postgres(_))
    }

    /// What has changed behind a place. Without one, where the newest change is.
    pub async fn changed_since(&self, place: Option<u64>) -> Result<Changed, StoreError> {
        match self {
            Store::Sqlite(_) => Ok(Changed { changes: Vec::new(), all: false, upto: place.unwrap_or(0) }),
            Store::Postgres(engine) => engine.changed_since(place).await,
        }
    }

    /// What other processes have written of calls, behind a place. Without one, where the newest is.
    pub async fn told_since(&self, place: Option<u64>) -> Result<Told, StoreError> {
        match self {
            Store::Sqlite(_) => Ok(Told { words: Vec::new(), more: false, upto: place.unwrap_or(0) }),
            Store::Postgres(engine) => engine.told_since(place).await,
        }
    }

    /// Hints that something has changed. They may get lost.
    pub async fn listen(&self) -> Result<Option<Listening>, StoreError> {
        match self {
            Store::Sqlite(_) => Ok(None),
            Store::Postgres(engine) => engine.listen().await.map(Some),
        }
    }

    /// Takes a duty, or goes on with it, for so long from now. False while another has it.
    pub async fn hold_duty(&self, duty: &str, holder: &str, time: Duration) -> Result<bool, StoreError> {
        match self {
            Store::Sqlite(_) => Ok(true),
            Store::Postgres(engine) => engine.hold_duty(duty, holder, time).await,
        }
    }

    /// Leaves its duties to whoever comes next.
    pub async fn leave_duties(&self, holder: &str) -> Result<(), StoreError> {
        match self {
            Store::Sqlite(_) => Ok(()),
            Store::Postgres(engine) => engine.leave_duties(holder).await,
        }
    }
}
