//! Whose turn it is to write: one at a time over all processes, in the order they asked.
//!
//! The store was made for one who writes: what is read in a writing turn is still so when it is written. Here the turn
//! is a lock on the server that ends with its transaction. Within this process those who wait queue up before they take
//! a connection, so that each process has one in the queue of all.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::Timestamp;
use sqlx::PgPool;

use super::session::Session;
use crate::model::Clock;
use crate::store::StoreError;
use crate::store::turn::{Held, Turn};

/// The name of the lock: the bytes of `patchbay`.
const LOCK: i64 = 8_097_881_575_290_724_729;

#[derive(Clone, Debug)]
pub(super) struct Turns {
    pub(super) pool: PgPool,
    pub(super) named: bool,
    begin: Arc<str>,
    turn: Turn,
    pub(super) clock: Clock,
}

/// A write that has its turn, until it is committed or dropped.
pub(in crate::store) struct Writing {
    /// When it began: the time of all that is written with it.
    pub(super) at: Timestamp,
    session: Session,
    _turn: Held,
}

impl Turns {
    /// Of a process with this name.
    pub(super) fn new(pool: PgPool, named: bool, process: &str, clock: Clock) -> Turns {
        let begin = format!(
            "BEGIN; SET LOCAL patchbay.org = '*'; SET LOCAL patchbay.edge = '{process}'; SET LOCAL lock_timeout = '3s'; \
             SET LOCAL idle_in_transaction_session_timeout = '2s'; SELECT pg_advisory_xact_lock({LOCK})"
        );
        Turns { pool, named, begin: begin.into(), turn: Turn::new(), clock }
    }

    /// Begins a write. Whoever is stopped in the middle of one loses it after two seconds, and the others go on.
    pub(super) async fn write(&self) -> Result<Writing, StoreError> {
        let turn = self.turn.wait().await?;
        let session = Session::begin(&self.pool, self.named, self.begin.to_string()).await?;
        Ok(Writing { at: (self.clock)(), session, _turn: turn })
    }
}

impl Writing {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        self.session.commit().await
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        self.session.rollback().await
    }
}

impl Deref for Writing {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}
