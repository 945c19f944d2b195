//! The audit log: who changed what, written in the transaction that makes the change.

use serde_json::Value;

use super::read::{Columns, json_text};
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use super::{DbRow, Engine, Writing};
use crate::model::{OrgId, TenantId};
use crate::store::cursor::{anywhere, nanos};
use crate::store::{Actor, Ask, AuditFilter, AuditRow, Page, StoreError};

pub(super) const AUDIT: List =
    List { table: "audit", rows: rows_of!(audit), by: "at", id: "id", order: Order::NewestNumbered };

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
    .bind(nanos(writing.at))
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

impl Engine {
    pub(in crate::store) async fn audit(&self, ask: &Ask<AuditFilter>) -> Result<Page<AuditRow>, StoreError> {
        let only = &ask.only;
        let after = AUDIT.after(ask)?;
        let stretch = Stretch { after, since: only.since.map(nanos), until: only.until.map(nanos) };
        self.walked(AUDIT, ask, stretch, &walks(ask), readable).await
    }
}

/// Which way the log is walked: along what narrows it most.
pub(super) fn walks(ask: &Ask<AuditFilter>) -> Vec<Walk> {
    let only = &ask.only;
    let is = |column: &'static str, word: &Option<String>| word.as_ref().map(|word| Cond::sql(column).text(word));
    let (who, what, subject) = (is("who = ", &only.who), is("what = ", &only.what), is("subject = ", &only.subject));
    let found = ask.words().map(|words| {
        let pattern = anywhere(words);
        let subject = Cond::sql(concat!("(subject ", like!(), " ")).text(&pattern).and_sql(concat!(
            " ESCAPE '\\' OR who ",
            like!(),
            " "
        ));
        subject.text(pattern).and_sql(" ESCAPE '\\')")
    });
    // An entry names its organization itself, and keeps it whatever becomes of the tenant.
    let whose: Vec<Cond> = match Whose::of(ask) {
        Whose::TenantsOf(tenant, org) => {
            vec![Cond::sql("tenant_id = ").text(tenant.as_str()), Cond::sql("org_id = ").text(org.as_str())]
        }
        Whose::Nobodys => return Vec::new(),
        other => other.conds(),
    };
    let index = Whose::of(ask).index("audit_by_age", "audit_by_org", "audit_by_tenant");
    vec![match (subject, who) {
        (Some(subject), who) => {
            let walk = Walk::along("audit_by_subject", vec![subject]).only(who).only(what).only(found);
            walk.reading(whose)
        }
        (None, Some(who)) if whose.is_empty() => Walk::along("audit_by_who", vec![who]).only(what).only(found),
        (None, who) => Walk::along(index, whose).only(who).only(what).only(found),
    }]
}

fn readable(row: &DbRow) -> Option<AuditRow> {
    entry_of(row).inspect_err(|error| tracing::error!(%error, "an entry of the audit log is left out")).ok()
}

fn entry_of(row: &DbRow) -> Result<AuditRow, StoreError> {
    let columns = Columns(row);
    Ok(AuditRow {
        at: columns.at("at")?,
        who: columns.text("who")?,
        what: columns.text("what")?,
        subject: columns.text("subject")?,
        org_id: columns.parsed("org_id")?,
        tenant_id: columns.parsed("tenant_id")?,
        before: columns.json("before")?,
        after: columns.json("after")?,
    })
}
