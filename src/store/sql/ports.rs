//! Numbers on their way here: what their carriers want, how far they are, and what happened to them.

use jiff::Timestamp;
use serde_json::json;

use super::audit::{Noted, note};
use super::numbers::number_of;
use super::read::{Columns, json_text, spelled, word};
use super::{DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{
    E164, Number, NumberId, Port, PortBill, PortId, PortMoment, PortPapers, PortStage, Secret, TenantId,
};
use crate::store::cursor::nanos;
use crate::store::port::Told;
use crate::store::seal::Place;
use crate::store::{Actor, StoreError, audit};

/// How many ports are asked after in one go.
const DUE_MAX: i64 = 100;

/// Which numbers are on their way: ported, and not known at Twilio yet.
const COMING: &str = concat!(rows_of!(numbers), " WHERE id = $1 AND ported = 1 AND twilio_sid IS NULL");

impl Engine {
    pub(in crate::store) async fn port_papers(&self, tenant: &TenantId) -> Result<Told, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(port_papers), " WHERE tenant_id = $1")).bind(tenant.as_str());
            let Some(row) = query.fetch_optional(&mut *self.read().await?).await? else { return Ok((None, None)) };
            let columns = Columns(&row);
            let sealed = columns.bytes_or_none("papers")?;
            let opened = sealed.map(|sealed| self.open_sealed(place(tenant), sealed)).transpose()?;
            let papers = opened.and_then(|text| serde_json::from_str(text.reveal()).ok());
            let document = columns.parsed("document_sid")?;
            let bill =
                document.map(|document| Ok::<_, StoreError>(PortBill { document, at: columns.at("document_at")? }));
            Ok((papers, bill.transpose()?))
        })
        .await
    }

    pub(in crate::store) async fn put_port_papers(
        &self,
        tenant: &TenantId,
        papers: Option<&PortPapers>,
        bill: Option<&PortBill>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let there = sqlx::query("SELECT 1 FROM tenants WHERE id = $1").bind(tenant.as_str());
            there.fetch_optional(&mut *writing).await?.ok_or(StoreError::NotFound)?;
            let text = papers.map(json_text).transpose()?.map(Secret::new);
            let sealed = text.map(|text| self.seal(&writing, place(tenant), &text)).transpose()?;
            sqlx::query(
                "INSERT INTO port_papers (tenant_id, papers, document_sid, document_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (tenant_id) DO UPDATE SET papers = coalesce(excluded.papers, port_papers.papers), \
                 document_sid = coalesce(excluded.document_sid, port_papers.document_sid), \
                 document_at = coalesce(excluded.document_at, port_papers.document_at)",
            )
            .bind(tenant.as_str())
            .bind(sealed)
            .bind(bill.map(|bill| bill.document.as_str()))
            .bind(bill.map(|bill| nanos(bill.at)))
            .execute(&mut *writing)
            .await?;
            // Whose name, address and account: that they were told is kept, not what they are.
            let after = json!({ "papers": papers.is_some(), "bill": bill.map(|bill| &bill.document) });
            let what = "port.papers";
            note(&mut writing, by, noted(what, tenant.as_str(), tenant, &after)).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn open_port(
        &self,
        port: &Port,
        moment: &PortMoment,
        by: &Actor,
    ) -> Result<Port, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let known = sqlx::query(concat!(rows_of!(ports), " WHERE request_sid = $1")).bind(port.request.as_str());
            if let Some(row) = known.fetch_optional(&mut *writing).await? {
                return port_of(&row);
            }
            sqlx::query(
                "INSERT INTO ports (id, tenant_id, e164, account_sid, request_sid, stage, since, seen, due_at, created_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(port.id.as_str())
            .bind(port.tenant_id.as_str())
            .bind(port.e164.to_string())
            .bind(port.account.as_str())
            .bind(port.request.as_str())
            .bind(spelled(port.stage))
            .bind(nanos(port.since))
            .bind(json_text(&port.seen)?)
            .bind(port.due.map(nanos))
            .bind(nanos(port.created_at))
            .execute(&mut *writing)
            .await?;
            happened(&mut writing, &port.id, moment).await?;
            let after = json!({ "e164": port.e164, "request": port.request, "account": port.account });
            note(&mut writing, by, noted("port.open", port.id.as_str(), &port.tenant_id, &after)).await?;
            writing.commit().await?;
            Ok(port.clone())
        })
        .await
    }

    pub(in crate::store) async fn turn_port(&self, port: &Port, moment: Option<&PortMoment>) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("UPDATE ports SET stage = $2, since = $3, seen = $4, due_at = $5 WHERE id = $1");
            let query = query.bind(port.id.as_str()).bind(spelled(port.stage)).bind(nanos(port.since));
            query.bind(json_text(&port.seen)?).bind(port.due.map(nanos)).execute(&mut *writing).await?;
            if let Some(moment) = moment {
                happened(&mut writing, &port.id, moment).await?;
            }
            if port.stage == PortStage::Completed {
                let query = sqlx::query("DELETE FROM port_papers WHERE tenant_id = $1");
                query.bind(port.tenant_id.as_str()).execute(&mut *writing).await?;
            }
            if port.stage.has_failed() && !is_asked_for(&mut writing, port.e164).await? {
                let query = sqlx::query("DELETE FROM numbers WHERE e164 = $1 AND ported = 1 AND twilio_sid IS NULL");
                query.bind(port.e164.to_string()).execute(&mut *writing).await?;
            }
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn port(&self, id: &PortId) -> Result<Option<Port>, StoreError> {
        self.one_port(concat!(rows_of!(ports), " WHERE id = $1"), id.as_str()).await
    }

    pub(in crate::store) async fn port_of(&self, tenant: &TenantId) -> Result<Option<Port>, StoreError> {
        let newest = concat!(rows_of!(ports), " WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1");
        self.one_port(newest, tenant.as_str()).await
    }

    async fn one_port(&self, sql: &'static str, key: &str) -> Result<Option<Port>, StoreError> {
        within(READ_MAX, async {
            let row = sqlx::query(sql).bind(key).fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| port_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn port_moments(&self, id: &PortId) -> Result<Vec<PortMoment>, StoreError> {
        within(READ_MAX, async {
            let query =
                sqlx::query(concat!(rows_of!(port_moments), " WHERE port_id = $1 ORDER BY nth")).bind(id.as_str());
            let rows = query.fetch_all(&mut *self.read().await?).await?;
            let moment = |row: &DbRow| {
                let columns = Columns(row);
                let stage = word(&columns.text("stage")?).unwrap_or(PortStage::Submitted);
                Ok(PortMoment { at: columns.at("at")?, stage, words: columns.text("words")? })
            };
            rows.iter().map(moment).collect()
        })
        .await
    }

    pub(in crate::store) async fn ports_due(&self, by: Timestamp) -> Result<Vec<Port>, StoreError> {
        within(READ_MAX, async {
            let due = concat!(rows_of!(ports), " WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2");
            let rows = sqlx::query(due).bind(nanos(by)).bind(DUE_MAX).fetch_all(&mut *self.read().await?).await?;
            rows.iter().map(port_of).collect()
        })
        .await
    }

    pub(in crate::store) async fn hurry_ports(&self, now: Timestamp) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("UPDATE ports SET due_at = $1 WHERE due_at > $1").bind(nanos(now));
            query.execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn drop_coming(&self, id: &NumberId, by: &Actor) -> Result<Option<Number>, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query(COMING).bind(id.as_str());
            let Some(row) = query.fetch_optional(&mut *writing).await? else { return Ok(None) };
            let number = number_of(&row)?;
            if is_asked_for(&mut writing, number.e164).await? {
                return Ok(None);
            }
            sqlx::query("DELETE FROM numbers WHERE id = $1").bind(id.as_str()).execute(&mut *writing).await?;
            let was = audit::number(&number);
            let (what, subject) = ("number.drop", id.as_str());
            let noted = Noted { what, subject, org: None, tenant: None, before: Some(&was), after: None };
            note(&mut writing, by, noted).await?;
            writing.commit().await?;
            Ok(Some(number))
        })
        .await
    }
}

/// Does any request bring this number?
async fn is_asked_for(writing: &mut Writing, number: E164) -> Result<bool, StoreError> {
    let query = sqlx::query("SELECT 1 FROM ports WHERE due_at IS NOT NULL AND e164 = $1").bind(number.to_string());
    Ok(query.fetch_optional(&mut **writing).await?.is_some())
}

async fn happened(writing: &mut Writing, id: &PortId, moment: &PortMoment) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO port_moments (port_id, nth, at, stage, words) \
         SELECT $1, 1 + count(*), $2, $3, $4 FROM port_moments WHERE port_id = $1",
    );
    let query = query.bind(id.as_str()).bind(nanos(moment.at)).bind(spelled(moment.stage));
    query.bind(&moment.words).execute(&mut **writing).await?;
    Ok(())
}

fn noted<'n>(what: &'static str, subject: &'n str, tenant: &'n TenantId, after: &'n serde_json::Value) -> Noted<'n> {
    Noted { what, subject, org: None, tenant: Some(tenant), before: None, after: Some(after) }
}

pub(super) fn port_of(row: &DbRow) -> Result<Port, StoreError> {
    let columns = Columns(row);
    Ok(Port {
        id: columns.identity("id")?,
        tenant_id: columns.identity("tenant_id")?,
        e164: columns.identity("e164")?,
        account: columns.identity("account_sid")?,
        request: columns.identity("request_sid")?,
        stage: word(&columns.text("stage")?).unwrap_or(PortStage::Submitted),
        since: columns.at("since")?,
        seen: columns.json("seen")?.unwrap_or_default(),
        due: columns.integer_or_none("due_at")?.map(crate::store::cursor::instant),
        created_at: columns.at("created_at")?,
    })
}

fn place(tenant: &TenantId) -> Place<'_> {
    Place { table: "port_papers", column: "papers", row: tenant.as_str() }
}
