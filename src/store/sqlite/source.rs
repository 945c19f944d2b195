//! The file as the source of a copy: how it is at one instant, beside it, brought up to the newest migration there and
//! read row by row. The file itself is only read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::future::poll_fn;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use futures_core::stream::BoxStream;
use rustix::process::{Flock, FlockOffsetType, FlockType, fcntl_getlk};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::MIGRATIONS;
use super::sql::read::plain;
use super::whole;
use crate::store::StoreError;
use crate::store::copy::{Batch, Column, CopyError, Kind, Sum, Summing, Table, Value};
use crate::store::within::migration_failed;

/// Rows between two words on how far the summing is.
const TELL_EVERY: u64 = 1_000;

const COLUMNS: &str = "SELECT tables.name, tables.wr, columns.name, columns.type, columns.pk \
     FROM pragma_table_list AS tables, pragma_table_xinfo(tables.name) AS columns \
     WHERE tables.schema = 'main' AND tables.type = 'table' AND tables.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
     AND tables.name <> '_sqlx_migrations' ORDER BY tables.name, columns.name";

/// A file as it was at one instant.
pub(in crate::store) struct Source {
    reading: SqliteConnection,
    tables: Vec<Table>,
    _snapshot: Snapshot,
}

/// The copy that is read, gone with whoever reads it. One that a death has left is overwritten by the next.
struct Snapshot(PathBuf);

impl Source {
    /// Copies the file as it is now, while others may write to it.
    pub(in crate::store) async fn of(store: &Path) -> Result<Source, CopyError> {
        if !store.is_file() {
            return Err(CopyError::NoStore(store.to_owned()));
        }
        let snapshot = Snapshot::of(store).await?;
        let options = SqliteConnectOptions::new().filename(&snapshot.0).foreign_keys(true);
        // Nobody needs it after a power cut.
        let options = options.journal_mode(SqliteJournalMode::Memory).synchronous(SqliteSynchronous::Off);
        let mut reading = options.connect().await.map_err(source)?;
        let migrated = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success ORDER BY version DESC");
        let migrated: Vec<i64> =
            migrated.fetch_all(&mut reading).await.map_err(|_| CopyError::NotAStore(store.to_owned()))?;
        if let Some(newer) = migrated.iter().find(|version| !MIGRATIONS.version_exists(**version)) {
            return Err(CopyError::Newer(*newer));
        }
        let brought_up = MIGRATIONS.run_direct(None, &mut reading, false).await;
        brought_up.map_err(|error| CopyError::Source(migration_failed(error)))?;
        let tables = tables(&mut reading).await?;
        Ok(Source { reading, tables, _snapshot: snapshot })
    }

    pub(in crate::store) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The word that proves its key.
    pub(in crate::store) async fn word(&mut self) -> Result<Vec<u8>, CopyError> {
        let word = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key'");
        let word: Option<Vec<u8>> = word.fetch_optional(&mut self.reading).await.map_err(source)?;
        word.ok_or_else(|| CopyError::Source(StoreError::Failed("it has no word to prove its key by".to_owned())))
    }

    /// What a table comes to, and what tells it from the same rows in another order.
    pub(in crate::store) async fn sums(
        &mut self,
        table: &Table,
        tell: &mut impl FnMut(u64),
    ) -> Result<(Sum, [u8; 32]), CopyError> {
        let place = if table.comes_in_order { ", rowid" } else { "" };
        let sql = format!(
            "SELECT {}{place} FROM \"{}\"{} ORDER BY {}",
            table.column_list(),
            table.name,
            table.only(),
            table.order()
        );
        let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut self.reading);
        let (mut summing, mut in_order) = (Summing::default(), Summing::default());
        while let Some(row) = next(&mut rows).await? {
            for (at, column) in table.columns.iter().enumerate() {
                let value = value(&row, at, column.kind)?;
                summing.value(&value);
                in_order.value(&value);
            }
            if table.comes_in_order {
                in_order.value(&Value::Integer(row.try_get(table.columns.len()).map_err(source)?));
            }
            let rows = summing.row_ends();
            if rows.is_multiple_of(TELL_EVERY) {
                tell(rows);
            }
        }
        Ok((summing.end(), in_order.end().sha256))
    }

    /// The rows of a table in the order they came, behind so many of them.
    pub(in crate::store) fn rows<'s>(&'s mut self, table: &'s Table, skip: u64) -> Rows<'s> {
        let order = if table.comes_in_order { "rowid".to_owned() } else { table.order() };
        let sql = format!(
            "SELECT {} FROM \"{}\"{} ORDER BY {order} LIMIT -1 OFFSET {skip}",
            table.column_list(),
            table.name,
            table.only()
        );
        Rows { rows: sqlx::query(AssertSqlSafe(sql)).fetch(&mut self.reading), columns: &table.columns }
    }

    /// The largest number a table ever gave to a row, that row being gone or not.
    pub(in crate::store) async fn last_given(&mut self, table: &Table) -> Result<i64, CopyError> {
        let query = sqlx::query_scalar("SELECT seq FROM sqlite_sequence WHERE name = $1").bind(&table.name);
        let last: Option<i64> = query.fetch_optional(&mut self.reading).await.map_err(source)?;
        Ok(last.unwrap_or(0))
    }

    pub(in crate::store) async fn close(self) -> Result<(), CopyError> {
        self.reading.close().await.map_err(source)
    }
}

/// Rows on their way.
pub(in crate::store) struct Rows<'s> {
    rows: BoxStream<'s, Result<SqliteRow, sqlx::Error>>,
    columns: &'s [Column],
}

impl Rows<'_> {
    /// The next of them, at most so many; none at the end.
    pub(in crate::store) async fn batch(&mut self, rows_max: usize) -> Result<Option<Batch>, CopyError> {
        let mut batch = Batch::new(self.columns.iter().map(|column| column.kind));
        while let Some(row) = next(&mut self.rows).await? {
            for (at, column) in self.columns.iter().enumerate() {
                batch.take(at, value(&row, at, column.kind)?);
            }
            if batch.row_ends(rows_max) {
                break;
            }
        }
        Ok((batch.rows() > 0).then_some(batch))
    }
}

impl Snapshot {
    async fn of(store: &Path) -> Result<Snapshot, CopyError> {
        let mut path = store.to_owned();
        path.as_mut_os_string().push(".copying");
        let snapshot = Snapshot(path);
        let failed = |why: String| CopyError::Snapshot { at: snapshot.0.clone(), why };
        // What a death has left beside an older one would be taken for the log of this one.
        snapshot.remove();
        // The engine would let everybody read a file that it makes.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&snapshot.0);
        made.map_err(|error| failed(error.to_string()))?;
        match whole::copy(store, &snapshot.0).await {
            Err(error) if is_no_database(store) => {
                tracing::debug!(%error, "not a database");
                Err(CopyError::NotAStore(store.to_owned()))
            }
            Err(error) => Err(failed(error.to_string())),
            Ok(()) => Ok(snapshot),
        }
    }

    fn remove(&self) {
        for ending in ["", "-journal", "-wal", "-shm"] {
            let mut path = self.0.clone();
            path.as_mut_os_string().push(ending);
            let _ = fs::remove_file(path);
        }
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Does another process have it open? Asks for a lock that everybody who has it open holds a part of, and takes none.
///
/// Not to be asked by a process that has the file open itself: to close any handle on a file gives up the locks that the
/// process has on it.
pub fn is_in_use(store: &Path) -> bool {
    let mut shared = store.to_owned();
    shared.as_mut_os_string().push("-shm");
    let Ok(file) = File::open(shared) else { return false };
    let whole = Flock { start: 0, length: 0, pid: None, typ: FlockType::WriteLock, offset_type: FlockOffsetType::Set };
    matches!(fcntl_getlk(&file, &whole), Ok(Some(_)))
}

fn is_no_database(store: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 16];
    let read = File::open(store).and_then(|mut file| file.read_exact(&mut head));
    read.is_err() || head != *b"SQLite format 3\0"
}

async fn tables(reading: &mut SqliteConnection) -> Result<Vec<Table>, CopyError> {
    let mut tables: BTreeMap<String, (Table, Vec<(i64, String)>)> = BTreeMap::new();
    for row in sqlx::query(COLUMNS).fetch_all(reading).await.map_err(source)? {
        let (name, without_rowid): (String, i64) = (row.try_get(0).map_err(source)?, row.try_get(1).map_err(source)?);
        let (column, kind): (String, String) = (row.try_get(2).map_err(source)?, row.try_get(3).map_err(source)?);
        let in_key: i64 = row.try_get(4).map_err(source)?;
        let kind = match kind.as_str() {
            "INTEGER" => Kind::Integer,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Bytes,
            other => return Err(CopyError::Shapes(format!("{column} of {name} is {other}"))),
        };
        let (table, key) = tables
            .entry(name.clone())
            .or_insert_with(|| (Table { name, comes_in_order: without_rowid == 0, ..Table::default() }, Vec::new()));
        if in_key > 0 {
            key.push((in_key, column.clone()));
        }
        table.columns.push(Column { name: column, kind });
    }
    let with_key = |(mut table, mut key): (Table, Vec<(i64, String)>)| {
        key.sort();
        table.key = key.into_iter().map(|(_, column)| column).collect();
        table
    };
    Ok(tables.into_values().map(with_key).collect())
}

/// A value as the target is to have it: no text there has a NUL, and all of them are text.
fn value(row: &SqliteRow, at: usize, kind: Kind) -> Result<Value<'_>, CopyError> {
    let value = match kind {
        Kind::Integer => row.try_get::<Option<i64>, _>(at).map_err(source)?.map(Value::Integer),
        Kind::Bytes => row.try_get::<Option<&[u8]>, _>(at).map_err(source)?.map(Value::Bytes),
        Kind::Text => row.try_get::<Option<&[u8]>, _>(at).map_err(source)?.map(|bytes| {
            Value::Text(match String::from_utf8_lossy(bytes) {
                Cow::Borrowed(text) => plain(text),
                Cow::Owned(text) => Cow::Owned(plain(&text).into_owned()),
            })
        }),
    };
    Ok(value.unwrap_or(Value::Null))
}

async fn next(rows: &mut BoxStream<'_, Result<SqliteRow, sqlx::Error>>) -> Result<Option<SqliteRow>, CopyError> {
    poll_fn(|context| rows.as_mut().poll_next(context)).await.transpose().map_err(source)
}

fn source(error: sqlx::Error) -> CopyError {
    CopyError::Source(StoreError::from(error))
}
