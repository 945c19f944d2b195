//! A transaction on a connection of the pool, and what becomes of the connection when nobody waits any more.
//!
//! Everything goes through a transaction, a single question too. A pooler between us and the server (PgBouncer in its
//! transaction mode) keeps to one server for as long as a transaction lasts and no longer; and whose rows are seen is
//! said at its beginning, so it can be forgotten by no question in it.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{AssertSqlSafe, Describe, Either, Execute, Executor, PgPool, Postgres as Db, SqlStr};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::store::StoreError;

/// How long a connection that is given back may take to end what was begun on it. The network may have taken it away
/// without a word; then it is dropped, and its place is free.
const RELEASE_MAX: Duration = Duration::from_secs(2);

/// An open transaction.
pub struct Session {
    /// None once it has been given back.
    connection: Option<PoolConnection<Db>>,
    is_open: bool,
    /// Statements are kept prepared on the server. Not so behind a pooler that mixes up whose they are.
    named: bool,
}

impl Session {
    /// Begins with these words. A connection that the server has closed meanwhile tells so only now: it is passed over.
    pub(super) async fn begin(pool: &PgPool, named: bool, begin: String) -> Result<Session, StoreError> {
        let mut passed_over = 0;
        loop {
            let mut session = Session { connection: Some(pool.acquire().await?), is_open: true, named };
            match session.raw().execute(AssertSqlSafe(begin.as_str())).await {
                Ok(_) => return Ok(session),
                Err(error) if is_gone(&error) => {
                    if let Some(connection) = session.connection.take() {
                        drop(connection.detach());
                    }
                    passed_over += 1;
                    if passed_over > pool.options().get_max_connections() {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends it, and keeps what was written.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.raw().execute("COMMIT").await?;
        self.is_open = false;
        Ok(())
    }

    /// Ends it as if nothing had been written.
    pub(super) async fn rollback(mut self) -> Result<(), StoreError> {
        self.raw().execute("ROLLBACK").await?;
        self.is_open = false;
        Ok(())
    }

    fn raw(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("it is given back when it is dropped")
    }
}

/// Has the connection been taken away, whatever was asked?
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(refusal) => {
            refusal.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
        }
        _ => false,
    }
}

/// A transaction in which nothing is written.
pub(super) struct Reading(pub(super) Session);

impl Deref for Reading {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.0
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Session")
    }
}

/// Whoever drops it may have left a question unanswered, or a transaction open.
impl Drop for Session {
    fn drop(&mut self) {
        let (Some(mut connection), Ok(runtime)) = (self.connection.take(), Handle::try_current()) else { return };
        let is_open = self.is_open;
        runtime.spawn(async move {
            let ended = timeout(RELEASE_MAX, async {
                if is_open { connection.execute("ROLLBACK").await.is_ok() } else { true }
            });
            if matches!(ended.await, Ok(true)) {
                let _ = timeout(RELEASE_MAX, connection.return_to_pool()).await;
            } else {
                drop(connection.detach());
            }
        });
    }
}

/// Whatever is asked of it goes to its connection.
impl<'c> Executor<'c> for &'c mut Session {
    type Database = Db;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Db>,
    {
        let query = Named { query, named: self.named };
        self.raw().fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Db>,
    {
        let query = Named { query, named: self.named };
        self.raw().fetch_optional(query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        self.raw().prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Db>, sqlx::Error>>
    where
        'c: 'e,
    {
        self.raw().describe(sql)
    }
}

/// A statement that is kept prepared, or not.
struct Named<E> {
    query: E,
    named: bool,
}

impl<'q, E: Execute<'q, Db>> Execute<'q, Db> for Named<E> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.query.take_arguments()
    }

    fn persistent(&self) -> bool {
        self.named && self.query.persistent()
    }
}
