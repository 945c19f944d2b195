//! Lists of what has an `id`, a `created_at` and a `tenant_id`: the newest first, a page at a time.

use serde::Serialize;
use sqlx::QueryBuilder;

use super::read::Columns;
use super::{Db, DbRow, Engine, WORK_MAX, within};
use crate::model::Scope;
use crate::store::cursor::{Cursor, page};
use crate::store::{Ask, Page, StoreError};

/// Those of a table's `rows` behind the cursor, and of the tenant, that are asked for. What else is asked for is pushed on,
/// an organization's scope too, which each table knows in its own way.
pub(super) fn newest_of(table: &'static str, rows: &'static str, ask: &Ask) -> Result<QueryBuilder<Db>, StoreError> {
    let mut query = QueryBuilder::new(rows);
    query.push(" WHERE 1 = 1");
    if let Some(cursor) = Cursor::asked(table, ask)? {
        query.push(" AND (created_at, id) < (").push_bind(cursor.nanos()?);
        query.push(", ").push_bind(cursor.id).push(")");
    }
    if let Scope::Tenant(tenant) = &ask.scope {
        query.push(" AND tenant_id = ").push_bind(tenant.to_string());
    }
    if let Some(tenant) = &ask.tenant {
        query.push(" AND tenant_id = ").push_bind(tenant.to_string());
    }
    Ok(query)
}

impl Engine {
    /// The page that [`newest_of`] began to ask for; a row that cannot be read is left out.
    pub(super) async fn newest<T, F: Serialize>(
        &self,
        list: &str,
        mut query: QueryBuilder<Db>,
        ask: &Ask<F>,
        readable: fn(&DbRow) -> Option<T>,
    ) -> Result<Page<T>, StoreError> {
        query.push(" ORDER BY created_at DESC, id DESC LIMIT ").push_bind(ask.rows_max() as i64 + 1);
        within(WORK_MAX, async {
            let rows = query.build().fetch_all(&mut *self.read().await?).await?;
            let read = rows.iter().map(|row| {
                let columns = Columns(row);
                let cursor = Cursor { key: columns.integer("created_at")?.to_string(), id: columns.text("id")? };
                Ok((cursor, readable(row)))
            });
            Ok(page(list, ask, read.collect::<Result<_, StoreError>>()?))
        })
        .await
    }
}
