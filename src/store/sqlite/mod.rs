//! The store in one SQLite file: one writes at a time, several read, nothing lost that was acknowledged.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction when its turn has come, and no foreign work is awaited inside it. The write-ahead log is synced at each commit (`synchronous = FULL`): the journal forgets a record once it
//! is applied here, so what was committed must outlive a power cut.

#[macro_use]
mod words;

mod home;
mod lay;
mod scrub;
mod source;
#[allow(clippy::duplicate_mod, reason = "compiled for each engine, see docs/decisions/0040")]
#[path = "../sql/mod.rs"]
mod sql;
mod turns;
pub mod whole;

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{QueryBuilder, Row as _, SqlitePool, Transaction};
use tokio::runtime::Handle;

use crate::model::{Clock, Record};

use self::home::{Home, MEMORY_URL};
pub(super) use self::lay::Laid;
pub(super) use self::source::Source;
pub use self::source::is_in_use;
pub(super) use self::sql::key::KEY_WORD;
use self::turns::{Turns, Writing};
use super::keyring::Ring;
use super::{Keyring, StoreError};

/// How long a statement waits for somebody else's lock on the file.
const LOCK_WAIT_MAX: Duration = Duration::from_millis(900);
/// How long is waited for a connection: those that read may all be in use, one that writes may be undoing its last write.
const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(1);
/// Connections that read; as many threads.
const READERS_MAX: u32 = 4;
/// What each writer keeps in memory of the file, in kibibytes: each call touches a page in every index, and one that is not
/// there is read for it, and written twice.
const WRITER_CACHE: &str = "-8192";

/// How many pages may wait beside the file before they are brought into it: 32 MiB. Calls touch the same pages again and
/// again, and each is brought in once, however often it was written meanwhile.
const CHECKPOINT_PAGES: &str = "8192";

/// Most rows that a statement writes: about a tenth of a millisecond of work, so that a call on the same core need not
/// wait for more than that.
const ROWS_MAX: usize = 8;
/// Most keys that a statement looks up, likewise.
const KEYS_MAX: usize = 16;

/// Asks whether there is a table with this column.
const HAS_COLUMN: &str = "SELECT 1 FROM pragma_table_info($1) WHERE name = $2";

type Engine = Sqlite;
type Db = sqlx::Sqlite;
type DbArguments = SqliteArguments;
type DbConnection = SqliteConnection;
type DbRow = SqliteRow;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// A store in one SQLite file.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writers: Turns,
    readers: SqlitePool,
    /// Exchanged only by whoever has the writing turn, see [`Sqlite::seal`].
    ring: Arc<ArcSwap<Ring>>,
    /// Where the file lives; one for tests and tries is removed with the last handle.
    _home: Arc<Home>,
}

/// At most so many connections, each for as long as the store is open.
fn connections(most: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(most)
        .acquire_timeout(CONNECTION_WAIT_MAX)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

impl Sqlite {
    /// Opens `sqlite:PATH`, makes the file where there is none, migrates it. What writes patiently
    /// does so on a thread started by one of `standing_back`, as important as that to the system.
    pub async fn open(url: &str, keys: &Keyring, standing_back: &Handle, clock: Clock) -> Result<Sqlite, StoreError> {
        let (home, options) = if url == MEMORY_URL {
            let home = Home::of_its_own()?;
            let options = SqliteConnectOptions::new().filename(home.file());
            (home, options)
        } else {
            let options = SqliteConnectOptions::from_str(url)
                .map_err(|error| StoreError::Failed(format!("could not read the store's URL: {error}")))?;
            (Home::given(options.get_filename())?, options)
        };
        let options = options.create_if_missing(true).foreign_keys(true).busy_timeout(LOCK_WAIT_MAX);

        let writing = options.clone().journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
        // What is deleted is overwritten at once: erased means gone from the file, not only from the lists.
        let writing = writing
            .pragma("secure_delete", "ON")
            .pragma("journal_size_limit", "67108864")
            .pragma("cache_size", WRITER_CACHE)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let writers = Turns::open(writing, standing_back, clock).await?;
        sql::schema::bring_up(&mut *writers.prompt.acquire().await?).await?;
        // A statement that writes several rows copies what it changes, in order to be undone alone: not into a file. A
        // migration may sort a million rows, which need not find room in memory.
        for writer in [&writers.prompt, &writers.patient] {
            sqlx::query("PRAGMA temp_store = MEMORY").execute(writer).await?;
        }

        // All at once and from here: whoever needed one first would else decide how important it is.
        let readers = connections(READERS_MAX).min_connections(READERS_MAX);
        let readers = readers.connect_with(options.pragma("query_only", "ON")).await?;

        let ring = Arc::new(ArcSwap::from_pointee(Ring::of(keys)));
        let store = Sqlite { writers, readers, ring, _home: Arc::new(home) };
        store.prove_key(store.write().await?).await?;
        Ok(store)
    }

    /// One for a test, gone with its last handle.
    #[cfg(test)]
    async fn in_memory() -> Sqlite {
        let keys = Keyring::new([7; 32], []);
        Sqlite::open(MEMORY_URL, &keys, &Handle::current(), jiff::Timestamp::now).await.expect("a store")
    }

    /// Gives back every connection.
    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writers.prompt.close().await;
        self.writers.patient.close().await;
    }

    /// A connection for one question.
    async fn read(&self) -> Result<PoolConnection<Db>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// A connection for questions whose answers are all of one instant.
    async fn snapshot(&self) -> Result<Transaction<'static, Db>, StoreError> {
        Ok(self.readers.begin().await?)
    }

    /// Begins a write somebody waits for.
    async fn write(&self) -> Result<Writing, StoreError> {
        self.writers.write().await
    }

    /// Begins a write that may take its time.
    async fn write_patiently(&self) -> Result<Writing, StoreError> {
        self.writers.write_patiently().await
    }
}

/// A text column; bytes that are no UTF-8 are replaced.
fn text_at(row: &SqliteRow, column: impl sqlx::ColumnIndex<SqliteRow>) -> Result<Option<String>, sqlx::Error> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned()))
}

/// A flag.
fn flag_at(row: &SqliteRow, column: &str) -> Result<bool, sqlx::Error> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// There is nobody to tell.
async fn tell_others(_writing: &mut Writing, _records: &[&Record]) -> Result<(), StoreError> {
    Ok(())
}

/// Names the index a question goes along.
fn push_index(query: &mut QueryBuilder<Db>, index: &str) {
    query.push(" INDEXED BY ").push(index);
}
