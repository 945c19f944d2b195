//! The store's doors for what becomes of numbers over the years: their lives, the rest they take, where they were seen to
//! lead.

use jiff::Timestamp;

use super::{Actor, Ask, LifeFilter, Page, Store, StoreError};
use crate::model::{Number, NumberId, NumberLife, Sid, Spell};

/// What is known of a number from looking at where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberWatch {
    /// Which number.
    pub id: NumberId,
    /// It has been seen to lead to us.
    pub was_wired: bool,
    /// Since when it is paid for, as far as is known.
    pub acquired_at: Timestamp,
    /// What is amiss.
    pub finding: Option<WatchFinding>,
}

/// What is amiss with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchFinding {
    /// In one word.
    pub what: String,
    /// In words.
    pub detail: String,
    /// Since when it is seen.
    pub since: Timestamp,
}

impl Store {
    /// The lives of numbers, newest first; those that were given back too.
    pub async fn number_lives(&self, ask: &Ask<LifeFilter>) -> Result<Page<NumberLife>, StoreError> {
        each!(self, engine => engine.number_lives(ask).await)
    }

    /// Where a number has been, the newest stretch first; a bounded number of them.
    pub async fn number_spells(&self, id: &NumberId) -> Result<Vec<Spell>, StoreError> {
        each!(self, engine => engine.number_spells(id).await)
    }

    /// Brings numbers back into the pool that have rested since before `before`: a bounded number at a time, answered as
    /// they are since. Those that were ported stay, and those that are about to be given back.
    pub async fn return_rested(&self, before: Timestamp, by: &Actor) -> Result<Vec<Number>, StoreError> {
        each!(self, engine => engine.return_rested(before, by).await)
    }

    /// A number's provider tells since when it is ours.
    pub async fn acquired_at(&self, id: &NumberId, at: Timestamp) -> Result<(), StoreError> {
        each!(self, engine => engine.acquired_at(id, at).await)
    }

    /// What was seen of the numbers an account carries; with none, of those whose account nobody told.
    pub async fn watched(&self, account: Option<&Sid>) -> Result<Vec<(Number, NumberWatch)>, StoreError> {
        each!(self, engine => engine.watched(account).await)
    }

    /// Keeps what was seen of numbers.
    pub async fn keep_watch(&self, seen: &[NumberWatch]) -> Result<(), StoreError> {
        each!(self, engine => engine.keep_watch(seen).await)
    }
}
