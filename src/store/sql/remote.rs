//! The queue of what providers still have to forget.

use jiff::Timestamp;
use sqlx::QueryBuilder;

use super::read::{Columns, plain};
use super::{Db, DbRow, Engine, WORK_MAX, within};
use crate::model::Scope;
use crate::store::cursor::{Cursor, nanos, page};
use crate::store::{Ask, Page, RemoteErasure, RemoteProvider, StoreError};

impl Engine {
    pub(in crate::store) async fn remote_erasures_due(
        &self,
        provider: RemoteProvider,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<RemoteErasure>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(concat!(
                rows_of!(remote_erasures),
                " WHERE provider = $1 AND next_at <= $2 ORDER BY next_at, id LIMIT $3"
            ));
            let rows = query
                .bind(provider.as_str())
                .bind(nanos(now))
                .bind(i64::from(limit))
                .fetch_all(&mut *self.read().await?)
                .await?;
            Ok(rows.iter().filter_map(readable).collect())
        })
        .await
    }

    pub(in crate::store) async fn remote_erased(&self, id: i64) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write_patiently().await?;
            sqlx::query("DELETE FROM remote_erasures WHERE id = $1").bind(id).execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn remote_erasure_failed(
        &self,
        id: i64,
        why: &str,
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write_patiently().await?;
            let query = sqlx::query(
                "UPDATE remote_erasures SET attempts = attempts + 1, last_error = $2, next_at = $3 WHERE id = $1",
            );
            query.bind(id).bind(plain(why)).bind(nanos(next_at)).execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn remote_erasures(&self, ask: &Ask) -> Result<Page<RemoteErasure>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(concat!(rows_of!(remote_erasures), " WHERE 1 = 1"));
        if let Some(cursor) = Cursor::asked("remote_erasures", ask)? {
            query.push(" AND id < ").push_bind(cursor.nanos()?);
        }
        match &ask.scope {
            Scope::All => {}
            Scope::Org(org) => {
                query.push(" AND tenant_id IN (SELECT id FROM tenants WHERE org_id = ");
                query.push_bind(org.to_string()).push(")");
            }
            Scope::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
        }
        if let Some(tenant) = &ask.tenant {
            query.push(" AND tenant_id = ").push_bind(tenant.to_string());
        }
        if let Some(words) = ask.words() {
            query.push(" AND sid = ").push_bind(words);
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(ask.rows_max() as i64 + 1);
        within(WORK_MAX, async {
            let rows = query.build().fetch_all(&mut *self.read().await?).await?;
            let read = rows.iter().map(|row| {
                let cursor = Cursor { key: Columns(row).integer("id")?.to_string(), id: String::new() };
                Ok((cursor, readable(row)))
            });
            Ok(page("remote_erasures", ask, read.collect::<Result<_, StoreError>>()?))
        })
        .await
    }
}

fn readable(row: &DbRow) -> Option<RemoteErasure> {
    remote_of(row).inspect_err(|error| tracing::error!(%error, "a remote erasure is left out")).ok()
}

fn remote_of(row: &DbRow) -> Result<RemoteErasure, StoreError> {
    let columns = Columns(row);
    Ok(RemoteErasure {
        id: columns.integer("id")?,
        provider: if columns.text("provider")? == "vapi" { RemoteProvider::Vapi } else { RemoteProvider::Twilio },
        account: columns.parsed("account")?,
        sid: columns.identity("sid")?,
        tenant_id: columns.parsed("tenant_id")?,
        attempts: u32::try_from(columns.integer("attempts")?).unwrap_or(u32::MAX),
        created_at: columns.at("created_at")?,
        next_at: columns.at("next_at")?,
        last_error: columns.text_or_none("last_error")?,
    })
}
