//! Reports of what was erased for whom, and where a number stays.

use jiff::Timestamp;
use serde_json::json;
use sqlx::QueryBuilder;

use super::audit::{Noted, note};
use super::newest::newest_of;
use super::person::narrow;
use super::read::{Columns, json_text};
use super::{Db, DbRow, Engine, READ_MAX, WORK_MAX, within};
use crate::model::{ErasureId, OrgId, Scope, TenantId};
use crate::store::cursor::nanos;
use crate::store::{Actor, Ask, ErasureReport, ErasureRow, ErasureState, KeptPlace, Page, PersonAsk, StoreError};

/// How many tenants are named whose settings hold a number.
const NAMED_MAX: i64 = 20;

impl Engine {
    pub(in crate::store) async fn begin_erasure(&self, row: &ErasureRow, by: &Actor) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            sqlx::query(
                "INSERT INTO erasures (id, created_at, org_id, tenant_id, number, state, report) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(row.id.as_str())
            .bind(nanos(row.created_at))
            .bind(row.org_id.as_ref().map(OrgId::as_str))
            .bind(row.tenant_id.as_ref().map(TenantId::as_str))
            .bind(&row.number)
            .bind(row.state.as_str())
            .bind(json_text(&row.report)?)
            .execute(&mut *writing)
            .await?;
            let after = json!({ "number": row.number, "orgId": row.org_id, "tenantId": row.tenant_id });
            let (org, tenant) = (row.org_id.as_ref(), row.tenant_id.as_ref());
            let subject = row.id.as_str();
            let noted = Noted { what: "erasure.create", subject, org, tenant, before: None, after: Some(&after) };
            note(&mut writing, by, noted).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn keep_erasure(
        &self,
        id: &ErasureId,
        state: ErasureState,
        report: &ErasureReport,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("UPDATE erasures SET state = $2, report = $3 WHERE id = $1");
            let query = query.bind(id.as_str()).bind(state.as_str()).bind(json_text(report)?);
            query.execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn fail_unfinished_erasures(&self, before: Timestamp) -> Result<u64, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query(
                "UPDATE erasures SET state = 'failed', \
                 report = json_set(report, '$.failure', 'the process ended before it was done') WHERE state = 'running' AND created_at < $1",
            );
            let failed = query.bind(nanos(before)).execute(&mut *writing).await?.rows_affected();
            writing.commit().await?;
            Ok(failed)
        })
        .await
    }

    pub(in crate::store) async fn erasures(&self, ask: &Ask) -> Result<Page<ErasureRow>, StoreError> {
        let mut query = newest_of("erasures", rows_of!(erasures), ask)?;
        match &ask.scope {
            Scope::All => {}
            Scope::Org(org) => drop(query.push(" AND org_id = ").push_bind(org.to_string())),
            Scope::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
        }
        if let Some(words) = ask.words() {
            query.push(" AND (id = ").push_bind(words).push(" OR number = ").push_bind(words).push(")");
        }
        self.newest("erasures", query, ask, readable).await
    }

    pub(in crate::store) async fn erasure(&self, id: &ErasureId) -> Result<Option<ErasureRow>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(erasures), " WHERE id = $1")).bind(id.as_str());
            query.fetch_optional(&mut *self.read().await?).await?.map(|row| erasure_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn note_export(&self, ask: &PersonAsk, by: &Actor) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let number = ask.person.number().masked().to_string();
            let subject = ask.whole_tenant().map_or(number.as_str(), TenantId::as_str);
            let after = json!({ "number": number, "tenantId": ask.whole_tenant() });
            let org = match &ask.scope {
                Scope::Org(org) => Some(org),
                Scope::All | Scope::Tenant(_) => None,
            };
            let noted = Noted {
                what: "person.export",
                subject,
                org,
                tenant: ask.whole_tenant(),
                before: None,
                after: Some(&after),
            };
            note(&mut writing, by, noted).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn number_kept(&self, ask: &PersonAsk) -> Result<Vec<KeptPlace>, StoreError> {
        let mut kept = Vec::new();
        let e164 = ask.person.number().to_string();
        let digits = ask.person.digits().to_owned();
        let whole = |column: &'static str| {
            let mut query = QueryBuilder::<Db>::new(column);
            query.push(" WHERE ");
            query
        };
        let mut note = |place: String, why: &str| kept.push(KeptPlace { place, why: why.to_owned() });

        let mut query = whole("SELECT 1 FROM numbers");
        query.push("e164 = ").push_bind(e164.clone());
        of_tenant(&mut query, ask, "tenant_id", None);
        if self.any(query).await? {
            note("numbers".into(), "callers dial it: it is a line of a business, and calls to it are other people's");
        }
        let mut query = whole("SELECT 1 FROM organizations");
        query.push("twilio_phone_number = ").push_bind(e164.clone());
        of_org(&mut query, ask);
        if self.any(query).await? {
            note("organizations".into(), "it is the caller ID of an organization's Twilio account");
        }
        let mut query = whole("SELECT id FROM tenants");
        query.push("instr(availability, ").push_bind(digits.clone()).push(") > 0");
        of_tenant(&mut query, ask, "id", Some("org_id"));
        query.push(" LIMIT ").push_bind(NAMED_MAX);
        let tenants = within(WORK_MAX, async { Ok(query.build().fetch_all(&mut *self.read().await?).await?) }).await?;
        for row in &tenants {
            let place = format!("tenants/{}/availability", Columns(row).text("id")?);
            note(place, "it is a setting of the business, such as where calls are forwarded: change it there");
        }
        let mut query = whole("SELECT 1 FROM tenant_versions");
        query.push("instr(availability, ").push_bind(digits.clone()).push(") > 0");
        of_tenant(&mut query, ask, "id", Some("org_id"));
        if self.any(query).await? {
            note("versions".into(), "earlier settings of a business hold it: calls explain themselves by them");
        }
        let mut query = whole("SELECT 1 FROM audit");
        query.push("(instr(before, ").push_bind(digits.clone()).push(") > 0 OR instr(after, ");
        query.push_bind(digits.clone()).push(") > 0)");
        of_tenant(&mut query, ask, "tenant_id", Some("org_id"));
        if self.any(query).await? {
            note("audit".into(), "somebody wrote it into a setting: the log of changes goes by its own period");
        }
        let mut query = whole("SELECT 1 FROM call_events");
        query.push("step >= 'refer-' AND step < 'refer.' AND step >= ").push_bind(format!("refer-{digits}"));
        query.push(" AND step < ").push_bind(format!("refer-{digits}/"));
        query.push(" AND EXISTS (SELECT 1 FROM calls WHERE calls.call_sid = call_events.call_sid");
        narrow(&mut query, ask);
        query.push(")");
        if self.any(query).await? {
            note("calls/events".into(), "the AI transferred other people's calls to it: it goes with those calls");
        }
        Ok(kept)
    }

    async fn any(&self, mut query: QueryBuilder<Db>) -> Result<bool, StoreError> {
        query.push(" LIMIT 1");
        within(WORK_MAX, async { Ok(query.build().fetch_optional(&mut *self.read().await?).await?.is_some()) }).await
    }
}

/// Only what belongs to tenants that are asked about; `org` where the table itself says whose tenant it is.
fn of_tenant(query: &mut QueryBuilder<Db>, ask: &PersonAsk, tenant: &'static str, org: Option<&'static str>) {
    match (&ask.scope, org) {
        (Scope::All, _) => {}
        (Scope::Org(own), Some(org)) => drop(query.push(" AND ").push(org).push(" = ").push_bind(own.to_string())),
        (Scope::Org(own), None) => {
            query.push(" AND ").push(tenant).push(" IN (SELECT id FROM tenants WHERE org_id = ");
            query.push_bind(own.to_string()).push(")");
        }
        (Scope::Tenant(own), _) => drop(query.push(" AND ").push(tenant).push(" = ").push_bind(own.to_string())),
    }
    if let Some(only) = &ask.tenant {
        query.push(" AND ").push(tenant).push(" = ").push_bind(only.to_string());
    }
}

/// An organization is nothing a tenant sees.
fn of_org(query: &mut QueryBuilder<Db>, ask: &PersonAsk) {
    match (&ask.scope, &ask.tenant) {
        (Scope::All, None) => {}
        (Scope::Org(own), None) => drop(query.push(" AND id = ").push_bind(own.to_string())),
        _ => drop(query.push(" AND 1 = 0")),
    }
}

fn readable(row: &DbRow) -> Option<ErasureRow> {
    erasure_of(row).inspect_err(|error| tracing::error!(%error, "a report of an erasure is left out")).ok()
}

fn erasure_of(row: &DbRow) -> Result<ErasureRow, StoreError> {
    let columns = Columns(row);
    Ok(ErasureRow {
        id: columns.identity("id")?,
        created_at: columns.at("created_at")?,
        org_id: columns.parsed("org_id")?,
        tenant_id: columns.parsed("tenant_id")?,
        number: columns.text("number")?,
        state: match columns.text("state")?.as_str() {
            "running" => ErasureState::Running,
            "done" => ErasureState::Done,
            _ => ErasureState::Failed,
        },
        report: columns.json("report")?.unwrap_or_default(),
    })
}
