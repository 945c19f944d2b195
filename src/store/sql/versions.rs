//! The versions of a tenant, newest first.

use super::read::Columns;
use super::tenants::Shelf;
use super::{Engine, WORK_MAX, within};
use crate::model::TenantId;
use crate::store::cursor::{Cursor, page};
use crate::store::{Ask, Page, StoreError, VersionRow};

impl Engine {
    pub(in crate::store) async fn tenant_versions(
        &self,
        id: &TenantId,
        ask: &Ask,
    ) -> Result<Page<VersionRow>, StoreError> {
        let list = format!("versions of {id}");
        let before = match Cursor::asked(&list, ask)? {
            Some(cursor) => cursor.nanos()?,
            None => i64::MAX,
        };
        within(WORK_MAX, async {
            let query = sqlx::query(concat!(
                rows_of!(tenant_versions),
                " WHERE id = $1 AND version < $2 ORDER BY version DESC LIMIT $3"
            ));
            let query = query.bind(id.as_str()).bind(before).bind(ask.rows_max() as i64 + 1);
            let rows = query.fetch_all(&mut *self.read().await?).await?;
            let read = rows.iter().map(|row| {
                let columns = Columns(row);
                let cursor = Cursor { key: columns.integer("version")?.to_string(), id: String::new() };
                let saved_by = columns.text_or_none("saved_by")?;
                let tenant = self.tenant_of(row, Shelf::Versions);
                let tenant = tenant.inspect_err(|error| tracing::error!(%error, "a version is left out")).ok();
                Ok((cursor, tenant.map(|tenant| VersionRow { tenant, saved_by })))
            });
            Ok(page(&list, ask, read.collect::<Result<_, StoreError>>()?))
        })
        .await
    }
}
