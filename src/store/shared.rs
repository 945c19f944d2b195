//! The store's doors for several processes on one: what of the settings another has changed, and who does what is done by
//! one at a time. A store in a file has one process, to whom nobody tells anything and who does everything.

use std::time::Duration;

use super::{Store, StoreError};
use crate::model::Change;

pub use super::postgres::Listening;

/// What has changed of the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// In the order it happened.
    pub changes: Vec<Change>,
    /// More than that may have changed: nobody knows any more what.
    pub all: bool,
    /// Up to where: what is asked for next lies behind.
    pub upto: u64,
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
