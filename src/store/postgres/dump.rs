//! The rows a directory is made of, as they stand, for a copy beside the process.

use sqlx::{QueryBuilder, Row as _};

use super::{Db, Postgres};
use crate::store::StoreError;
use crate::store::last::TABLES;

/// Rows read at once.
const PAGE: i64 = 2_000;

impl Postgres {
    /// Tells each row as JSON, table by table, all of one instant. Bytes are written in hex behind `\x`.
    pub(in crate::store) async fn dump(&self, tell: &mut (dyn FnMut(&str, &str) + Send)) -> Result<(), StoreError> {
        let mut reading = self.snapshot().await?;
        for (table, key) in TABLES {
            let mut after = String::new();
            loop {
                let mut query = QueryBuilder::<Db>::new("SELECT row_to_json(page)::TEXT, ");
                query.push(key).push(" FROM (SELECT * FROM ").push(table).push(" WHERE ").push(key).push(" > ");
                query.push_bind(after.clone()).push(" ORDER BY ").push(key).push(" LIMIT ").push_bind(PAGE);
                query.push(") AS page ORDER BY ").push(key);
                let rows = query.build().fetch_all(&mut *reading).await?;
                for row in &rows {
                    tell(table, row.try_get(0)?);
                }
                match rows.last() {
                    Some(last) if rows.len() as i64 == PAGE => after = last.try_get(1)?,
                    _ => break,
                }
            }
        }
        Ok(())
    }
}
