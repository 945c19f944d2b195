//! Whose turn it is to write: one at a time, in the order they asked, on one of two connections.
//!
//! The thread of one connection is as important to the system as calls are, that of the other stands back. What may
//! take its time goes to the other, or it would take time from calls; what somebody waits for does not, or on a machine
//! full of calls it would wait for ever.

use std::ops::{Deref, DerefMut};

use jiff::Timestamp;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Sqlite as Engine, SqliteConnection, SqlitePool, Transaction};
use tokio::runtime::Handle;

use super::connections;
use crate::model::Clock;
use crate::store::StoreError;
use crate::store::turn::{Held, Turn};

#[derive(Clone, Debug)]
pub(super) struct Turns {
    pub(super) prompt: SqlitePool,
    pub(super) patient: SqlitePool,
    /// SQLite has a lock for this, but who asks again and again for it is not who has waited longest.
    turn: Turn,
    pub(super) clock: Clock,
}

/// A write that has its turn, until it is committed or dropped.
pub(in crate::store) struct Writing {
    /// When it began: the time of all that is written with it.
    pub(super) at: Timestamp,
    transaction: Transaction<'static, Engine>,
    _turn: Held,
}

/// The connection for what is no transaction, and its turn.
pub(super) struct Outside {
    pub(super) connection: PoolConnection<Engine>,
    _turn: Held,
}

impl Turns {
    /// The thread of the patient one is started by one of `standing_back`, and is as important as that to the system.
    pub(super) async fn open(
        options: SqliteConnectOptions,
        standing_back: &Handle,
        clock: Clock,
    ) -> Result<Turns, StoreError> {
        // The first makes the file what it is to be; the other finds it so.
        let prompt = connections(1).connect_with(options.clone()).await?;
        let patient = standing_back.spawn(connections(1).connect_with(options)).await;
        let patient = patient.map_err(|panic| StoreError::Failed(panic.to_string()))??;
        Ok(Turns { prompt, patient, turn: Turn::new(), clock })
    }

    /// Begins a write somebody waits for; it waits for its turn here and nowhere later.
    pub(super) async fn write(&self) -> Result<Writing, StoreError> {
        self.begin(&self.prompt).await
    }

    /// Begins a write that may take its time. Whoever writes meanwhile waits for all of it: it should be little.
    pub(super) async fn write_patiently(&self) -> Result<Writing, StoreError> {
        self.begin(&self.patient).await
    }

    pub(super) async fn outside(&self) -> Result<Outside, StoreError> {
        let turn = self.turn.wait().await?;
        Ok(Outside { connection: self.prompt.acquire().await?, _turn: turn })
    }

    async fn begin(&self, pool: &SqlitePool) -> Result<Writing, StoreError> {
        let turn = self.turn.wait().await?;
        Ok(Writing { at: (self.clock)(), transaction: pool.begin_with("BEGIN IMMEDIATE").await?, _turn: turn })
    }
}

impl Writing {
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit().await?)
    }

    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.transaction.rollback().await?)
    }
}

impl Deref for Writing {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}
