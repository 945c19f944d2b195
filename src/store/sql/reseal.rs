//! Another key while the store is in use: exchanged in a writing turn, then every older value sealed anew in short
//! transactions, so that other writes get their turns.

use std::collections::BTreeMap;
use std::sync::Arc;

use sqlx::{QueryBuilder, Row as _};

use super::audit::{Noted, note};
use super::{Db, DbConnection, Engine, HAS_COLUMN, WORK_MAX, within};
use crate::store::seal::Place;
use crate::store::sealed::{SEALED, SealedColumn};
use crate::store::{Actor, KeyName, KeysInUse, ResealMark, Resealed, StoreError};

/// A sealed value in its place.
pub(in crate::store) struct Sealed {
    pub rowid: i64,
    pub identity: String,
    pub sealed: Vec<u8>,
}

impl Engine {
    /// The key changes before the note of it is committed: it is kept somewhere by now, so sealing with it is right
    /// even if the note is lost.
    pub(in crate::store) async fn seal_with(&self, key: &[u8; 32], by: &Actor) -> Result<KeyName, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let before = self.ring.load_full();
            let ring = before.sealing_with(key);
            let name = ring.current();
            let [was, is] = [before.current(), name].map(|name| serde_json::json!({"key": name.to_string()}));
            let (what, subject) = ("secrets.rotate", "secrets");
            let noted = Noted { what, subject, org: None, tenant: None, before: Some(&was), after: Some(&is) };
            note(&mut writing, by, noted).await?;
            self.ring.store(Arc::new(ring));
            writing.commit().await?;
            Ok(name)
        })
        .await
    }

    pub(in crate::store) async fn reseal(&self, mark: ResealMark, limit: u32) -> Result<Resealed, StoreError> {
        let older = self.ring.load().older();
        let Some(column) = SEALED.get(mark.column).filter(|_| !older.is_empty()) else {
            return Ok(Resealed { done: 0, unreadable: 0, next: None });
        };
        within(WORK_MAX, async {
            let found = behind(&mut *self.read().await?, column, mark.row, limit).await?;
            let next = match found.last() {
                Some(last) if found.len() == limit as usize => ResealMark { row: last.rowid, ..mark },
                _ => ResealMark { column: mark.column + 1, row: 0 },
            };
            let is_older = |value: &Sealed| KeyName::in_sealed(&value.sealed).is_some_and(|key| older.contains(&key));
            let waiting: Vec<Sealed> = found.into_iter().filter(is_older).collect();
            let (done, unreadable) = self.seal_anew(column, &waiting).await?;
            Ok(Resealed { done, unreadable, next: Some(next).filter(|next| next.column < SEALED.len()) })
        })
        .await
    }

    /// Seals values anew. One that somebody has replaced meanwhile is left alone: it is under the current key.
    async fn seal_anew(&self, of: &SealedColumn, waiting: &[Sealed]) -> Result<(u64, u64), StoreError> {
        if waiting.is_empty() {
            return Ok((0, 0));
        }
        let (mut done, mut unreadable) = (0, 0);
        let mut writing = self.write_patiently().await?;
        for value in waiting {
            let place = Place { table: of.table, column: of.column, row: &value.identity };
            let secret = match self.open_sealed(place, &value.sealed) {
                Ok(secret) => secret,
                Err(error) => {
                    tracing::error!(%error, "a sealed value does not open and stays under its older key");
                    unreadable += 1;
                    continue;
                }
            };
            let sealed = self.seal(&writing, place, &secret)?;
            let mut query = QueryBuilder::<Db>::new("UPDATE ");
            query.push(of.table).push(" SET ").push(of.column).push(" = ").push_bind(sealed);
            query.push(" WHERE rowid = ").push_bind(value.rowid).push(" AND ").push(of.column);
            query.push(" = ").push_bind(value.sealed.as_slice());
            done += query.build().execute(&mut *writing).await?.rows_affected();
        }
        writing.commit().await?;
        Ok((done, unreadable))
    }

    pub(in crate::store) async fn keys_in_use(&self) -> Result<KeysInUse, StoreError> {
        let ring = self.ring.load_full();
        let mut counts = within(WORK_MAX, async {
            let mut reading = self.read().await?;
            values_by_key(&mut reading).await
        })
        .await?;
        let mut take = |name| counts.remove(&Some(name)).unwrap_or(0);
        let (values, older) = (take(ring.current()), ring.older().into_iter().map(|name| (name, take(name))).collect());
        Ok(KeysInUse { current: ring.current(), values, older, unknown: counts.into_values().sum() })
    }

    pub(in crate::store) fn has_older_keys(&self) -> bool {
        !self.ring.load().older().is_empty()
    }

    pub(in crate::store) fn forget_key(&self, name: KeyName) {
        self.ring.rcu(|ring| ring.without(name));
    }
}

/// The sealed values of a column behind a row, in the order of rows.
pub(in crate::store) async fn behind(
    reading: &mut DbConnection,
    of: &SealedColumn,
    row: i64,
    limit: u32,
) -> Result<Vec<Sealed>, StoreError> {
    let mut query = QueryBuilder::<Db>::new("SELECT rowid, ");
    query.push(of.row).push(", ").push(of.column).push(" FROM ").push(of.table).push(" WHERE rowid > ");
    query.push_bind(row).push(" AND ").push(of.column).push(" IS NOT NULL AND ").push(of.only);
    query.push(" ORDER BY rowid LIMIT ").push_bind(i64::from(limit));
    let rows = query.build().fetch_all(reading).await?;
    rows.iter()
        .map(|row| Ok(Sealed { rowid: row.try_get(0)?, identity: row.try_get(1)?, sealed: row.try_get(2)? }))
        .collect()
}

/// The sealed columns this database has: a file of an older program may lack some.
pub(in crate::store) async fn columns_present(
    reading: &mut DbConnection,
) -> Result<Vec<&'static SealedColumn>, StoreError> {
    let mut present = Vec::new();
    for of in SEALED {
        let query = sqlx::query(HAS_COLUMN).bind(of.table).bind(of.column);
        if query.fetch_optional(&mut *reading).await?.is_some() {
            present.push(of);
        }
    }
    Ok(present)
}

/// How many values name each key; those that name none are under `None`.
pub(in crate::store) async fn values_by_key(
    reading: &mut DbConnection,
) -> Result<BTreeMap<Option<KeyName>, u64>, StoreError> {
    let mut counts = BTreeMap::new();
    for of in columns_present(reading).await? {
        let mut query = QueryBuilder::<Db>::new("SELECT substr(");
        query.push(of.column).push(", 1, 5), count(*) FROM ").push(of.table).push(" WHERE ");
        query.push(of.column).push(" IS NOT NULL AND ").push(of.only).push(" GROUP BY 1");
        for row in query.build().fetch_all(&mut *reading).await? {
            let (head, count): (Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?);
            *counts.entry(KeyName::in_sealed(&head)).or_insert(0) += count.unsigned_abs();
        }
    }
    Ok(counts)
}

of_sqlite! {
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::sealed::NOT_SEALED;

    #[tokio::test]
    async fn every_column_of_bytes_is_sealed_anew_or_known_not_to_be_sealed() {
        let store = Engine::in_memory().await;
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns \
             WHERE tables.type = 'table' AND upper(columns.type) LIKE '%BLOB%'",
        )
        .fetch_all(&mut *store.read().await.unwrap())
        .await
        .unwrap();
        assert!(columns.len() >= 6, "{columns:?}");
        for (table, column) in &columns {
            let sealed = SEALED.iter().filter(|of| of.table == table && of.column == column).count();
            let not_sealed = NOT_SEALED.iter().filter(|of| **of == (table.as_str(), column.as_str())).count();
            assert_eq!(sealed + not_sealed, 1, "src/store/sealed.rs does not say whether {table}.{column} is sealed");
        }
    }

    #[tokio::test]
    async fn every_sealed_column_of_the_list_can_be_read() {
        let store = Engine::in_memory().await;
        for of in SEALED {
            let mut reading = store.read().await.unwrap();
            assert!(behind(&mut reading, of, 0, 1).await.is_ok(), "{of:?}");
        }
    }
}
}
