//! The audit log: who changed what, written in the transaction that makes the change.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::QueryBuilder;

use super::read::{Columns, json_text};
use super::{Sqlite, WORK_MAX, Writing, within};
use crate::model::{OrgId, Scope, TenantId};
use crate::store::cursor::{Cursor, anywhere, nanos, page};
use crate::store::{Actor, Ask, AuditRow, Page, StoreError};

/// A change, for the log.
pub(super) struct Noted<'a> {
    /// What was done: `tenant.create`, `number.put`…
    pub what: &'static str,
    /// To whom or what: its id.
    pub subject: &'a str,
    /// The organization whose business it is; that of the tenant where only the tenant is named.
    pub org: Option<&'a OrgId>,
    /// The tenant whose business it is.
    pub tenant: Option<&'a TenantId>,
    /// How it was, without secrets.
    pub before: Option<&'a Value>,
    /// How it is since, without secrets.
    pub after: Option<&'a Value>,
}

/// Notes a change.
pub(super) async fn note(writing: &mut Writing, by: &Actor, noted: Noted<'_>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (at, who, what, subject, before, after, tenant_id, org_id) VALUES ($1, $2, $3, $4, $5, $6, $7, \
         coalesce($8, (SELECT org_id FROM tenants WHERE id = $7)))",
    )
    .bind(nanos(Timestamp::now()))
    .bind(&by.0)
    .bind(noted.what)
    .bind(noted.subject)
    .bind(noted.before.map(json_text).transpose()?)
    .bind(noted.after.map(json_text).transpose()?)
    .bind(noted.tenant.map(TenantId::as_str))
    .bind(noted.org.map(OrgId::as_str))
    .execute(&mut **writing)
    .await?;
    Ok(())
}

impl Sqlite {
    pub(in crate::store) async fn audit(&self, ask: &Ask) -> Result<Page<AuditRow>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM audit WHERE 1 = 1");
        if let Some(cursor) = Cursor::asked(ask)? {
            query.push(" AND id < ").push_bind(cursor.nanos()?);
        }
        match &ask.scope {
            Scope::All => {}
            Scope::Org(org) => drop(query.push(" AND org_id = ").push_bind(org.to_string())),
            Scope::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
        }
        if let Some(tenant) = &ask.tenant {
            query.push(" AND tenant_id = ").push_bind(tenant.as_str());
        }
        if let Some(words) = ask.words() {
            let pattern = anywhere(words);
            query.push(" AND (subject LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
            query.push(" OR who LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(ask.rows_max() as i64 + 1);
        within(WORK_MAX, async {
            let rows = query.build().fetch_all(&self.readers).await?;
            let read = rows.iter().map(|row| {
                let columns = Columns(row);
                let entry = AuditRow {
                    at: columns.at("at")?,
                    who: columns.text("who")?,
                    what: columns.text("what")?,
                    subject: columns.text("subject")?,
                    org_id: columns.parsed("org_id")?,
                    tenant_id: columns.parsed("tenant_id")?,
                    before: columns.json("before")?,
                    after: columns.json("after")?,
                };
                Ok((Cursor { key: columns.integer("id")?.to_string(), id: String::new() }, Some(entry)))
            });
            Ok(page(ask, read.collect::<Result<_, StoreError>>()?))
        })
        .await
    }
}
