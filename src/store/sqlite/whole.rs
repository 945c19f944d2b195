//! The file as a whole: copied while others write to it, and judged without being changed. Nothing here migrates.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, QueryBuilder, Row as _, Sqlite as Engine, SqliteConnection};

use super::MIGRATIONS;
use super::sql::key::KEY_WORD;
use super::sql::reseal::{behind, columns_present, values_by_key};
use crate::store::keyring::Ring;
use crate::store::seal::Place;
use crate::store::{KeyName, Keyring, StoreError};

/// How long a copy waits for a lock on the file before it gives up; writers hold one for moments.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(10);

/// Sealed values that are opened in one go.
const BATCH: u32 = 1_000;

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The newest migration it has been through.
    pub migration: i64,
    /// The keys its sealed values name.
    pub keys: Vec<KeyName>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
}

/// How a file was judged that is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The word that proves the key opens. If not, these are not its keys.
    pub key_fits: bool,
    /// Sealed values that do not open.
    pub unreadable: u64,
}

/// The newest migration this program knows.
pub fn newest_migration() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Copies a database that may be in use into a file that is empty or not there. The copy is of one instant, and nobody
/// who writes is held up: it reads as any reader does. Its journal is in it; it is one file.
pub async fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let mut source = SqliteConnectOptions::new().filename(from).busy_timeout(LOCK_WAIT_MAX).connect().await?;
    let target = to.to_str().ok_or_else(|| StoreError::Failed("the path of the copy is no text".to_owned()))?;
    let copied = sqlx::query("VACUUM INTO $1").bind(target).execute(&mut source).await;
    source.close().await?;
    Ok(copied.map(drop)?)
}

/// What is in a file nobody writes to.
pub async fn contents(file: &Path) -> Result<Contents, StoreError> {
    let mut reading = at_rest(file).await?;
    let migration: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success").fetch_one(&mut reading).await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND name <> '_sqlx_migrations' ORDER BY name",
    )
    .fetch_all(&mut reading)
    .await?;
    let mut rows = BTreeMap::new();
    for table in tables {
        let mut query = QueryBuilder::<Engine>::new("SELECT count(*) FROM \"");
        query.push(table.replace('"', "\"\"")).push("\"");
        let count: i64 = query.build().fetch_one(&mut reading).await?.try_get(0)?;
        rows.insert(table, count.unsigned_abs());
    }
    let keys = values_by_key(&mut reading).await?.into_keys().flatten().collect();
    reading.close().await?;
    Ok(Contents { migration: migration.unwrap_or(0), keys, rows })
}

/// Judges a file nobody writes to: is it whole as a database, do these keys open what is sealed? An error if not whole.
pub async fn prove(file: &Path, keys: &Keyring) -> Result<Proof, StoreError> {
    let mut reading = at_rest(file).await?;
    let found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(3)").fetch_all(&mut reading).await?;
    if found != ["ok"] {
        return Err(StoreError::Failed(format!("the database is damaged: {}", found.join("; "))));
    }
    let ring = Ring::of(keys);
    let word: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key'").fetch_optional(&mut reading).await?;
    let word = word.ok_or_else(|| StoreError::Failed("the database has no word to prove its key by".to_owned()))?;
    let key_fits = ring.open(KEY_WORD, &word).is_ok();
    let mut unreadable = 0;
    for of in columns_present(&mut reading).await? {
        let mut row = 0;
        loop {
            let found = behind(&mut reading, of, row, BATCH).await?;
            let Some(last) = found.last() else { break };
            row = last.rowid;
            let opens = |identity: &str, sealed: &[u8]| {
                ring.open(Place { table: of.table, column: of.column, row: identity }, sealed).is_ok()
            };
            unreadable += found.iter().filter(|value| !opens(&value.identity, &value.sealed)).count() as u64;
        }
    }
    reading.close().await?;
    Ok(Proof { key_fits, unreadable })
}

/// Opens a file that does not change while it is read, and leaves no trace beside it.
async fn at_rest(file: &Path) -> Result<SqliteConnection, StoreError> {
    Ok(SqliteConnectOptions::new().filename(file).read_only(true).immutable(true).connect().await?)
}
