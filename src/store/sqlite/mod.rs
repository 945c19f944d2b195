//! The store in one SQLite file: one writes at a time, several read, nothing lost that was acknowledged.
//!
//! Every write is one `BEGIN IMMEDIATE` transaction when its turn has come, and no foreign work is awaited inside it. The write-ahead log is synced at each commit (`synchronous = FULL`): the journal forgets a record once it
//! is applied here, so what was committed must outlive a power cut.

mod apply;
mod audit;
mod bulk;
mod call_list;
mod calls;
mod costs;
mod deliveries;
mod erase;
mod erasures;
mod error;
mod home;
mod idempotent;
mod jobs;
mod life;
mod newest;
mod numbers;
mod orgs;
mod past;
mod person;
mod phone;
mod pool;
mod ports;
mod read;
mod remote;
mod reseal;
mod retention;
mod sessions;
mod sip;
mod sweep;
mod tell;
mod tenants;
mod today;
mod tokens;
mod tombstones;
mod turns;
mod versions;
mod voicemails;
mod walk;
mod webhooks;
pub mod whole;
mod whose;

use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sqlx::SqlitePool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::runtime::Handle;

use crate::model::{Clock, Secret};

use self::home::{Home, MEMORY_URL};
use self::turns::{Turns, Writing};
use super::keyring::Ring;
use super::seal::{Place, SealError};
use super::{Keyring, StoreError};

/// How long a statement waits for somebody else's lock on the file.
const LOCK_WAIT_MAX: Duration = Duration::from_millis(900);
/// How long is waited for a connection: those that read may all be in use, one that writes may be undoing its last write.
const CONNECTION_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long the reading of one thing may take.
const READ_MAX: Duration = Duration::from_secs(2);
/// How long a list or a write may take altogether: a search through a million calls on a cold disk, a large batch.
const WORK_MAX: Duration = Duration::from_secs(10);
/// Connections that read; as many threads.
const READERS_MAX: u32 = 4;
/// What each writer keeps in memory of the file, in kibibytes: each call touches a page in every index, and one that is not
/// there is read for it, and written twice.
const WRITER_CACHE: &str = "-8192";

/// How many pages may wait beside the file before they are brought into it: 32 MiB. Calls touch the same pages again and
/// again, and each is brought in once, however often it was written meanwhile.
const CHECKPOINT_PAGES: &str = "8192";

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

/// The word that proves a key.
const KEY_WORD: Place<'static> = Place { table: "meta", column: "value", row: "key" };

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
        MIGRATIONS.run(&writers.prompt).await.map_err(migration_failed)?;
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
        store.prove_key().await?;
        Ok(store)
    }

    /// One for a test, gone with its last handle.
    #[cfg(test)]
    async fn in_memory() -> Sqlite {
        let keys = Keyring::new([7; 32], []);
        Sqlite::open(MEMORY_URL, &keys, &Handle::current(), jiff::Timestamp::now).await.expect("a store")
    }

    /// Does it answer?
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        within(READ_MAX, async {
            sqlx::query("SELECT value FROM meta WHERE name = 'key'").fetch_optional(&self.readers).await?;
            Ok(())
        })
        .await
    }

    /// The first opening leaves a sealed word; every further one must be able to read it, with whichever key it has.
    async fn prove_key(&self) -> Result<(), StoreError> {
        let mut writing = self.writers.write().await?;
        let sealed = self.seal(&writing, KEY_WORD, &Secret::new("patchbay"))?;
        sqlx::query("INSERT INTO meta (name, value) VALUES ('key', $1) ON CONFLICT (name) DO NOTHING")
            .bind(sealed)
            .execute(&mut *writing)
            .await?;
        let kept: Vec<u8> =
            sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key'").fetch_one(&mut *writing).await?;
        writing.commit().await?;
        match self.ring.load().open(KEY_WORD, &kept) {
            Ok(_) => Ok(()),
            Err(SealError::OtherKey) => Err(StoreError::Failed(
                "what is secret in it was sealed with another key: give the one it was made with \
                 (secrets.key, secrets.previous, secrets.key_file)"
                    .to_owned(),
            )),
            Err(error) => Err(StoreError::Failed(format!("{KEY_WORD} {error}"))),
        }
    }

    /// Seals a value for its place. Whoever seals has the writing turn: the key changes in somebody's turn too, so once
    /// it has changed, nothing sealed with the one before can still be on its way into the file.
    fn seal(&self, _turn: &Writing, place: Place<'_>, secret: &Secret) -> Result<Vec<u8>, StoreError> {
        self.ring.load().seal(place, secret).map_err(|error| StoreError::Failed(format!("{place} {error}")))
    }

    fn open_sealed(&self, place: Place<'_>, sealed: &[u8]) -> Result<Secret, StoreError> {
        self.ring.load().open(place, sealed).map_err(|error| StoreError::Failed(format!("{place} {error}")))
    }
}

/// Does the work, or calls the store away when it takes too long. What was begun is rolled back.
async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(StoreError::Away(format!("no answer within {} s", limit.as_secs()))),
    }
}

fn migration_failed(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => match StoreError::from(cause) {
            StoreError::Failed(text) => StoreError::Failed(format!("could not migrate it: {text}")),
            away => away,
        },
        MigrateError::VersionMissing(version) => StoreError::Failed(format!(
            "it was migrated by a newer patchbay (migration {version} is unknown here): start that one, or restore a backup"
        )),
        other => StoreError::Failed(format!("could not migrate it: {other}")),
    }
}
