//! The server as the target of a copy: empty at first, written in the turn of all by one who notes with each transaction
//! how far it is, and compared before anybody may open it.

use std::collections::BTreeMap;
use std::future::poll_fn;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use super::session::Session;
use super::sql::key::KEY_WORD;
use super::turns::Writing;
use super::{Db, MIGRATION_MAX, MIGRATIONS, Postgres};
use crate::store::copy::{Batch, Cells, Column, CopyError, Identity, Kind, Place, Sum, Summing, Table, Value, quoted};
use crate::store::keyring::Ring;
use crate::store::within::{migration_failed, within};
use crate::store::{Keyring, StoreError};

/// Rows between two words on how far the comparing is.
const TELL_EVERY: u64 = 1_000;

/// Tables that are the server's own: what has changed lately, who does what, which migrations it has been through.
const OWN: &str = "('_sqlx_migrations', 'changes', 'duties', 'told')";

/// The column that tells the order in which rows came.
const ORDER: &str = "rowid";

const COLUMNS: &str = "SELECT c.relname::TEXT, a.attname::TEXT, a.atttypid::REGTYPE::TEXT, a.attidentity <> '', \
         array_position(i.indkey::INT2[], a.attnum), \
         EXISTS (SELECT 1 FROM pg_trigger AS t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) \
     FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary \
     WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::REGNAMESPACE";

const REFERENCES: &str = "SELECT DISTINCT f.conrelid::REGCLASS::TEXT, f.confrelid::REGCLASS::TEXT FROM pg_constraint AS f \
     WHERE f.contype = 'f' AND f.connamespace = current_schema()::REGNAMESPACE ORDER BY 1, 2";

const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL patchbay.org = '*'";

/// What a copy notes of itself, in `meta`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Marker {
    of: Identity,
    place: Place,
    is_done: bool,
}

/// How a copy begins here.
pub(in crate::store) enum Begun {
    /// There was nothing.
    Empty,
    /// There is nothing any more.
    Anew,
    /// Up to here it was written before.
    GoesOn(Place),
    /// All of it was.
    Done,
}

/// A server that is copied into.
pub(in crate::store) struct Target {
    store: Postgres,
    tables: Vec<Table>,
}

impl Postgres {
    /// Refuses a store that a copy has not finished: what is missing in it would be taken for what never was.
    pub(super) async fn refuse_half_copied(connection: &mut PgConnection) -> Result<(), StoreError> {
        let marker = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'copy'");
        let marker: Option<Vec<u8>> = marker.fetch_optional(connection).await?;
        if marker.map(|marker| read(&marker)).transpose()?.is_some_and(|marker| !marker.is_done) {
            return Err(StoreError::Failed(
                "a copy into it is not finished: call `patchbay store copy` again, it goes on where it was".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Target {
    /// Reaches the server and brings its schema up to date.
    pub(in crate::store) async fn reach(url: &str, keys: &Keyring) -> Result<Target, CopyError> {
        let store = Postgres::unopened(url, None, keys, Timestamp::now).map_err(CopyError::Target)?;
        let mut connection = store.reach().await.map_err(CopyError::Target)?;
        // To the letter: a copy is of tables this build knows into tables it knows.
        let migrated = MIGRATIONS.run_direct(None, &mut connection, false);
        let migrated = within(MIGRATION_MAX, async { migrated.await.map_err(migration_failed) }).await;
        migrated.map_err(CopyError::Target)?;
        let tables = tables(&mut connection).await?;
        let _ = connection.close().await;
        Ok(Target { store, tables })
    }

    pub(in crate::store) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Notes that a copy of this begins, or finds that one did.
    pub(in crate::store) async fn begin(
        &self,
        tables: &[Table],
        of: &Identity,
        anew: bool,
    ) -> Result<Begun, CopyError> {
        let mut writing = self.turn().await?;
        let begun = match marker(&mut writing).await? {
            None => {
                refuse_rows(&mut writing, tables).await?;
                // What a start that came to nothing has left: the word of a key.
                writing.execute("DELETE FROM meta WHERE name <> 'needs'").await.map_err(failed)?;
                Begun::Empty
            }
            Some(found) if found.is_done && found.of == *of => return Ok(Begun::Done),
            Some(found) if found.is_done => return Err(CopyError::InUse),
            Some(found) if found.of == *of && !anew => return Ok(Begun::GoesOn(found.place)),
            Some(found) if found.of.store == of.store || anew => {
                let all: Vec<String> = tables.iter().map(|table| quoted(&table.name)).collect();
                let sql = format!("TRUNCATE {}, changes, duties, told", all.join(", "));
                writing.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
                Begun::Anew
            }
            Some(_) => return Err(CopyError::Foreign),
        };
        let marker = Marker { of: of.clone(), place: Place::default(), is_done: false };
        note(&mut writing, &marker).await?;
        writing.commit().await.map_err(CopyError::Target)?;
        Ok(begun)
    }

    /// Writes rows, and from where to where that was.
    ///
    /// What changes to the table have for consequences was had in the source, and came or comes with its own rows.
    pub(in crate::store) async fn put(
        &self,
        table: &Table,
        batch: Batch,
        of: &Identity,
        (from, to): (&Place, &Place),
    ) -> Result<(), CopyError> {
        let mut writing = self.turn().await?;
        let mut expected = Marker { of: of.clone(), place: from.clone(), is_done: false };
        if marker(&mut writing).await?.as_ref() != Some(&expected) {
            return Err(CopyError::TwoAtOnce);
        }
        let name = quoted(&table.name);
        if table.has_triggers {
            let sql = format!("ALTER TABLE {name} DISABLE TRIGGER USER");
            writing.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
        }
        let rows = batch.rows() as u64;
        let cells = batch.into_columns();
        let sql = format!(
            "INSERT INTO {name} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) WITH ORDINALITY AS batch ({}, nth) \
             ORDER BY nth",
            table.column_list(),
            numbered(&cells, |n, _| format!("c{n}")),
            numbered(&cells, |n, kind| format!("${n}::{kind}[]")),
            numbered(&cells, |n, _| format!("c{n}")),
        );
        let mut query = sqlx::query::<Db>(AssertSqlSafe(sql));
        for cells in cells {
            query = match cells {
                Cells::Integers(cells) => query.bind(cells),
                Cells::Texts(cells) => query.bind(cells),
                Cells::Bytes(cells) => query.bind(cells),
            };
        }
        let written = query.execute(&mut *writing).await.map_err(|error| of_table(table, error))?.rows_affected();
        if written != rows {
            return Err(of_table(table, sqlx::Error::Protocol(format!("{written} of {rows} rows were written"))));
        }
        if table.has_triggers {
            let sql = format!("ALTER TABLE {name} ENABLE TRIGGER USER");
            writing.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
        }
        expected.place = to.clone();
        note(&mut writing, &expected).await?;
        writing.commit().await.map_err(CopyError::Target)
    }

    /// What a table comes to.
    pub(in crate::store) async fn sum(&self, table: &Table, tell: &mut impl FnMut(u64)) -> Result<Sum, CopyError> {
        let begun = Session::begin(&self.store.readers, self.store.named, SNAPSHOT.to_owned()).await;
        let mut reading = begun.map_err(CopyError::Target)?;
        let sql = format!(
            "SELECT {} FROM {}{} ORDER BY {}",
            table.column_list(),
            quoted(&table.name),
            table.only(),
            table.order()
        );
        let mut summing = Summing::default();
        {
            let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(&mut reading);
            while let Some(row) =
                poll_fn(|context| rows.as_mut().poll_next(context)).await.transpose().map_err(failed)?
            {
                for (at, column) in table.columns.iter().enumerate() {
                    let value = match column.kind {
                        Kind::Integer => row.try_get::<Option<i64>, _>(at).map_err(failed)?.map(Value::Integer),
                        Kind::Bytes => row.try_get::<Option<&[u8]>, _>(at).map_err(failed)?.map(Value::Bytes),
                        Kind::Text => {
                            let text = row.try_get::<Option<&str>, _>(at).map_err(failed)?;
                            text.map(|text| Value::Text(text.into()))
                        }
                    };
                    summing.value(&value.unwrap_or(Value::Null));
                }
                let rows = summing.row_ends();
                if rows.is_multiple_of(TELL_EVERY) {
                    tell(rows);
                }
            }
        }
        reading.commit().await.map_err(CopyError::Target)?;
        Ok(summing.end())
    }

    /// Counts on behind the largest numbers ever given, proves the key, and says that the copy is whole.
    pub(in crate::store) async fn finish(
        &self,
        tables: &[Table],
        given: &BTreeMap<String, i64>,
        keys: &Keyring,
        of: &Identity,
    ) -> Result<(), CopyError> {
        let mut writing = self.turn().await?;
        for table in tables {
            let name = quoted(&table.name);
            for counted in &table.counted {
                let sql = format!(
                    "SELECT setval(pg_get_serial_sequence($1, $2), greatest(last, 1), last > 0) FROM \
                     (SELECT greatest(max({}), $3) AS last FROM {name}) AS _",
                    quoted(counted)
                );
                let given = given.get(&table.name).copied().unwrap_or(0);
                let query = sqlx::query(AssertSqlSafe(sql)).bind(&name).bind(counted).bind(given);
                query.execute(&mut *writing).await.map_err(|error| of_table(table, error))?;
            }
            // The server plans by what it knows of its tables, and would look at them only in a while.
            writing.execute(AssertSqlSafe(format!("ANALYZE {name}"))).await.map_err(failed)?;
        }
        let word = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'key'");
        let word: Vec<u8> = word.fetch_one(&mut *writing).await.map_err(failed)?;
        Ring::of(keys).open(KEY_WORD, &word).map_err(|_| CopyError::OtherKey)?;
        let mut marker = marker(&mut writing).await?.filter(|marker| marker.of == *of).ok_or(CopyError::TwoAtOnce)?;
        marker.is_done = true;
        note(&mut writing, &marker).await?;
        writing.commit().await.map_err(CopyError::Target)?;
        self.store.close().await;
        Ok(())
    }

    async fn turn(&self) -> Result<Writing, CopyError> {
        self.store.writers.write().await.map_err(CopyError::Target)
    }
}

/// Refuses a target with rows that no copy has put there.
async fn refuse_rows(writing: &mut Writing, tables: &[Table]) -> Result<(), CopyError> {
    for table in tables {
        let but = if table.name == "meta" { " WHERE name NOT IN ('key', 'needs')" } else { "" };
        let sql = format!("SELECT 1 FROM {}{but} LIMIT 1", quoted(&table.name));
        let found = sqlx::query(AssertSqlSafe(sql)).fetch_optional(&mut **writing).await.map_err(failed)?;
        if found.is_some() {
            return Err(CopyError::Occupied(table.name.clone()));
        }
    }
    Ok(())
}

async fn marker(writing: &mut Writing) -> Result<Option<Marker>, CopyError> {
    let query = sqlx::query_scalar("SELECT value FROM meta WHERE name = 'copy'");
    let found: Option<Vec<u8>> = query.fetch_optional(&mut **writing).await.map_err(failed)?;
    found.map(|found| read(&found)).transpose().map_err(CopyError::Target)
}

async fn note(writing: &mut Writing, marker: &Marker) -> Result<(), CopyError> {
    let query =
        "INSERT INTO meta (name, value) VALUES ('copy', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let text = serde_json::to_vec(marker).expect("it is made of texts and numbers");
    sqlx::query(query).bind(text).execute(&mut **writing).await.map(drop).map_err(failed)
}

fn read(marker: &[u8]) -> Result<Marker, StoreError> {
    let unreadable = |error| StoreError::Failed(format!("what a copy noted of itself cannot be read: {error}"));
    serde_json::from_slice(marker).map_err(unreadable)
}

async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, CopyError> {
    let sql = format!("{COLUMNS} AND c.relname NOT IN {OWN} ORDER BY c.relname COLLATE \"C\", a.attname COLLATE \"C\"");
    let mut tables: BTreeMap<String, (Table, Vec<(i32, String)>)> = BTreeMap::new();
    for row in connection.fetch_all(AssertSqlSafe(sql)).await.map_err(failed)? {
        let (name, column): (String, String) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        let (kind, is_counted): (String, bool) = (row.try_get(2).map_err(failed)?, row.try_get(3).map_err(failed)?);
        let (in_key, has_triggers): (Option<i32>, bool) =
            (row.try_get(4).map_err(failed)?, row.try_get(5).map_err(failed)?);
        let (table, key) = tables
            .entry(name.clone())
            .or_insert_with(|| (Table { name: name.clone(), has_triggers, ..Table::default() }, Vec::new()));
        if column == ORDER {
            table.is_walked_in_order = true;
            continue;
        }
        let kind = match kind.as_str() {
            "bigint" => Kind::Integer,
            "text" => Kind::Text,
            "bytea" => Kind::Bytes,
            other => return Err(CopyError::Shapes(format!("{column} of {name} is {other}"))),
        };
        if let Some(place) = in_key {
            key.push((place, column.clone()));
        }
        if is_counted {
            table.counted.push(column.clone());
        }
        table.columns.push(Column { name: column, kind });
    }
    for row in connection.fetch_all(REFERENCES).await.map_err(failed)? {
        let (from, to): (String, String) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        if let Some((table, _)) = tables.get_mut(&from) {
            table.refers_to.push(to);
        }
    }
    let with_key = |(mut table, mut key): (Table, Vec<(i32, String)>)| {
        key.sort();
        table.key = key.into_iter().map(|(_, column)| column).collect();
        table
    };
    Ok(tables.into_values().map(with_key).collect())
}

/// Something for each column, counted from one, with the name of its kind.
fn numbered(cells: &[Cells], word: impl Fn(usize, &str) -> String) -> String {
    let kind = |cells: &Cells| match cells {
        Cells::Integers(_) => "BIGINT",
        Cells::Texts(_) => "TEXT",
        Cells::Bytes(_) => "BYTEA",
    };
    let words: Vec<String> = (1..).zip(cells).map(|(n, cells)| word(n, kind(cells))).collect();
    words.join(", ")
}

fn of_table(table: &Table, error: sqlx::Error) -> CopyError {
    CopyError::Target(match StoreError::from(error) {
        StoreError::Failed(why) => StoreError::Failed(format!("{}: {why}", table.name)),
        other => other,
    })
}

fn failed(error: sqlx::Error) -> CopyError {
    CopyError::Target(StoreError::from(error))
}
