//! Rows that were kept from another engine, laid into a file of their own to be asked as any store is.

use serde_json::{Map, Value};
use sqlx::{QueryBuilder, Row as _};

use super::{Db, Sqlite};
use crate::store::StoreError;

/// Rows written in one transaction.
const BATCH: usize = 2_000;

/// A row, and of which table it is.
pub(in crate::store) type Laid = (&'static str, Map<String, Value>);

impl Sqlite {
    /// Keeps rows in the order they come. Columns this engine does not have are left out.
    pub(in crate::store) async fn lay(&self, rows: &[Laid]) -> Result<(), StoreError> {
        for batch in rows.chunks(BATCH) {
            let mut writing = self.write().await?;
            let (mut table_of, mut columns) = ("", Vec::new());
            for (table, row) in batch {
                if table_of != *table {
                    table_of = table;
                    let known = sqlx::query("SELECT name FROM pragma_table_info($1)").bind(*table);
                    let known = known.fetch_all(&mut *writing).await?;
                    columns = known.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
                }
                let present: Vec<(&String, &Value)> = row.iter().filter(|(name, _)| columns.contains(name)).collect();
                let mut query = QueryBuilder::<Db>::new("INSERT INTO ");
                query.push(table).push(" (");
                let mut names = query.separated(", ");
                for (name, _) in &present {
                    names.push(name.as_str());
                }
                query.push(") VALUES (");
                let mut values = query.separated(", ");
                for (_, value) in &present {
                    push(&mut values, value);
                }
                query.push(")");
                query.build().execute(&mut *writing).await?;
            }
            writing.commit().await?;
        }
        Ok(())
    }
}

fn push(values: &mut sqlx::query_builder::Separated<'_, Db, &'static str>, value: &Value) {
    match value {
        Value::Null => drop(values.push("NULL")),
        Value::Bool(flag) => drop(values.push_bind(i64::from(*flag))),
        Value::Number(number) => drop(values.push_bind(number.as_i64().unwrap_or_default())),
        Value::String(text) => match text.strip_prefix("\\x").and_then(bytes) {
            Some(bytes) => drop(values.push_bind(bytes)),
            None => drop(values.push_bind(text.clone())),
        },
        nested => drop(values.push_bind(nested.to_string())),
    }
}

/// What is written in hex.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(pair).collect()).flatten()
}
