//! The store on a Postgres server that several processes share: one writes at a time over all of them, any number read.
//!
//! Everything is a transaction, see [`session`]; whoever writes has the turn of all processes, see [`turns`]. Whose rows
//! a transaction sees is said at its beginning and kept by the server: row-level security is the second wall between
//! organizations, behind the questions that each ask for their own.

#[macro_use]
mod words;

mod dump;
mod inspect;
mod places;
mod session;
mod shared;
#[allow(clippy::duplicate_mod, reason = "compiled for each engine, see docs/decisions/0040")]
#[path = "../sql/mod.rs"]
mod sql;
mod target;
mod told;
mod turns;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_core::future::BoxFuture;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool, QueryBuilder, Row as _};
use tokio::sync::OnceCell;
use tokio::time::timeout;

pub use self::inspect::{ServerSeen, inspect};
use self::session::{Reading, Session};
pub use self::shared::Listening;
pub(super) use self::target::{Begun, Target};
use self::told::tell_others;
use self::turns::{Turns, Writing};
use super::keyring::Ring;
use super::wall;
use super::within::within;
use super::{Keyring, Scrubbed, StoreError};
use crate::model::Clock;

/// How long is waited for a connection, a new one included.
const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long the schema may take at the start: a migration may sort a million rows.
const MIGRATION_MAX: Duration = Duration::from_secs(600);
/// Connections that read.
const READERS_MAX: u32 = 8;
/// Connections that write: one works, one is on its way back.
const WRITERS_MAX: u32 = 2;
/// A connection is used no longer than this, so that after a failover all of them come to the new server.
const CONNECTION_AGE_MAX: Duration = Duration::from_secs(600);

/// Statements kept prepared on each connection: all there are, those for lists of rows in each of their lengths.
const STATEMENTS_KEPT: usize = 512;

/// Most rows that a statement writes. Each statement costs a way to the server and back.
const ROWS_MAX: usize = 128;
/// Most keys that a statement looks up, likewise.
const KEYS_MAX: usize = 256;

/// Asks whether there is a table with this column.
const HAS_COLUMN: &str = "SELECT 1 FROM information_schema.columns \
     WHERE table_schema = current_schema() AND table_name = $1 AND column_name = $2";

/// Says whose rows are seen, and that a question nobody waits for any more ends.
const LIMITS: &str = "SET LOCAL statement_timeout = '12s'; SET LOCAL idle_in_transaction_session_timeout = '15s'";

type Engine = Postgres;
type Db = sqlx::Postgres;
type DbArguments = PgArguments;
type DbConnection = Session;
type DbRow = PgRow;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// A store on a Postgres server.
#[derive(Clone, Debug)]
pub struct Postgres {
    writers: Turns,
    readers: PgPool,
    /// Where migrations go, and what listens: the server itself, where the others come to it by a pooler.
    direct: Arc<PgConnectOptions>,
    named: bool,
    /// By which the others know what this process has written.
    process: Arc<str>,
    /// Exchanged only by whoever has the writing turn.
    ring: Arc<ArcSwap<Ring>>,
    /// Set once the schema is there and the key is proven.
    ready: Arc<OnceCell<()>>,
}

impl Postgres {
    /// Opens `postgres://…`. A server that is away is no error: until it is there, everything asked of it is `Away`.
    /// `direct` names the server itself where `url` leads through a pooler.
    pub async fn open(url: &str, direct: Option<&str>, keys: &Keyring, clock: Clock) -> Result<Postgres, StoreError> {
        let store = Postgres::unopened(url, direct, keys, clock)?;
        match store.ready().await {
            Err(StoreError::Away(why)) => {
                tracing::error!(why, "the store is away: what is not remembered is not known")
            }
            done => done?,
        }
        Ok(store)
    }

    /// The same before anything was asked of the server.
    fn unopened(url: &str, direct: Option<&str>, keys: &Keyring, clock: Clock) -> Result<Postgres, StoreError> {
        let options = options(url)?;
        let direct = direct.map(self::options).transpose()?.unwrap_or_else(|| options.clone());
        let named = is_named(url);
        let pool = |most| {
            let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(CONNECTION_WAIT_MAX);
            pool.test_before_acquire(false).max_lifetime(CONNECTION_AGE_MAX).connect_lazy_with(options.clone())
        };
        let process = new_name();
        Ok(Postgres {
            writers: Turns::new(pool(WRITERS_MAX), named, &process, clock),
            readers: pool(READERS_MAX),
            direct: Arc::new(direct),
            named,
            process,
            ring: Arc::new(ArcSwap::from_pointee(Ring::of(keys))),
            ready: Arc::default(),
        })
    }

    /// Brings the schema up to date and proves the key, if that was not done yet.
    async fn ready(&self) -> Result<(), StoreError> {
        if self.ready.initialized() {
            return Ok(());
        }
        self.ready.get_or_try_init(|| self.migrate()).await.map(drop)
    }

    fn migrate(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            let mut connection = self.migrated().await?;
            Postgres::refuse_half_copied(&mut connection).await?;
            let _ = connection.close().await;
            self.prove_key(self.writers.write().await?).await
        })
    }

    /// Brings the schema up to date; answers with the connection, which sees all.
    async fn migrated(&self) -> Result<PgConnection, StoreError> {
        let mut connection = self.reach().await?;
        within(MIGRATION_MAX, sql::schema::bring_up(&mut connection)).await?;
        Ok(connection)
    }

    /// A connection to the server itself, which sees all.
    async fn reach(&self) -> Result<PgConnection, StoreError> {
        let connection = timeout(CONNECTION_WAIT_MAX, self.direct.connect()).await;
        let mut connection =
            connection.map_err(|_| StoreError::Away("it could not be reached in time".to_owned()))??;
        connection.execute("SET patchbay.org = '*'").await?;
        Ok(connection)
    }

    /// A transaction for one question.
    async fn read(&self) -> Result<Reading, StoreError> {
        self.look("READ COMMITTED").await
    }

    /// A transaction for questions whose answers are all of one instant.
    async fn snapshot(&self) -> Result<Reading, StoreError> {
        self.look("REPEATABLE READ").await
    }

    async fn look(&self, isolation: &str) -> Result<Reading, StoreError> {
        self.ready().await?;
        let org = wall::seen();
        let begin = format!("BEGIN ISOLATION LEVEL {isolation} READ ONLY; {LIMITS}; SET LOCAL patchbay.org = '{org}'");
        Session::begin(&self.readers, self.named, begin).await.map(Reading)
    }

    /// Begins a write somebody waits for.
    async fn write(&self) -> Result<Writing, StoreError> {
        self.ready().await?;
        self.writers.write().await
    }

    /// The same: what takes its time does so on the server, which shares its processors itself.
    async fn write_patiently(&self) -> Result<Writing, StoreError> {
        self.write().await
    }

    /// Gives back every connection.
    pub(super) async fn close(&self) {
        self.writers.pool.close().await;
        self.readers.close().await;
    }

    /// What was erased is out of every list at once; the server overwrites its place when it uses it again, and its log
    /// goes by its own settings.
    pub(super) async fn scrub(&self) -> Result<Scrubbed, StoreError> {
        Ok(Scrubbed { is_log_empty: false, is_compact: false })
    }
}

/// A name that no other process has.
fn new_name() -> Arc<str> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).expect("the system gives random bytes, or nothing sealed or named here is safe");
    format!("{:032x}", u128::from_be_bytes(bytes)).into()
}

/// Are statements kept prepared on the server? Not so where the URL says that a pooler mixes up whose they are.
fn is_named(url: &str) -> bool {
    !url.contains("statement-cache-capacity=0")
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| StoreError::Failed(format!("could not read the store's URL: {error}")))?;
    let options = if is_named(url) { options.statement_cache_capacity(STATEMENTS_KEPT) } else { options };
    // No number of ours has digits behind its point, and poolers refuse the setting.
    Ok(options.application_name("patchbay").extra_float_digits(None))
}

/// A text column.
fn text_at(row: &PgRow, column: impl sqlx::ColumnIndex<PgRow>) -> Result<Option<String>, sqlx::Error> {
    row.try_get(column)
}

/// A flag: kept as a number, or told by a condition.
fn flag_at(row: &PgRow, column: &str) -> Result<bool, sqlx::Error> {
    row.try_get(column).or_else(|_| Ok(row.try_get::<i64, _>(column)? != 0))
}

/// Postgres chooses its way itself.
fn push_index(_query: &mut QueryBuilder<Db>, _index: &str) {}
