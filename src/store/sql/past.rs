//! Looking back on a tenant's calls, along the index by tenant and time.
//!
//! How many others a call found stands in its beginning alone, so each row of the stretch is read; that is why both
//! readings have a most.

use jiff::Timestamp;
use serde::Deserialize;

use super::read::Columns;
use super::{DbRow, Engine, WORK_MAX, within};
use crate::model::{Arrival, Decision, NumberId, Sid, TenantId};
use crate::store::cursor::nanos;
use crate::store::{CallHeap, PastCall, StoreError};

/// Rows read at once: what is fetched stands in memory in a form several times as large as what is kept of it.
const PAGE: u32 = 2_000;

/// Of a beginning, what decided the call.
#[derive(Deserialize)]
struct Decided {
    #[serde(default)]
    tenant_version: u64,
    #[serde(default)]
    number_id: Option<NumberId>,
    arrival: Arrival,
    #[serde(default)]
    others: u32,
    decision: Decision,
}

impl Engine {
    pub(in crate::store) async fn call_heaps(
        &self,
        tenant: &TenantId,
        since: Timestamp,
        until: Timestamp,
        calls_max: u32,
    ) -> Result<Vec<CallHeap>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(
                concat!("SELECT (at - $2) / 3600000000000 AS hour, \
                 coalesce(CASE WHEN json_valid(began) THEN CAST(json_extract(began, '$.others') AS BIGINT) END, 0) AS others, \
                 count(*) AS calls, min(at) AS first FROM \
                 (SELECT at, began FROM calls", indexed_by!(calls_by_tenant), " \
                 WHERE tenant_id = $1 AND at >= $2 AND at < $3 ORDER BY at DESC LIMIT $4) AS looked GROUP BY hour, others"),
            );
            let query = query.bind(tenant.as_str()).bind(nanos(since)).bind(nanos(until)).bind(i64::from(calls_max));
            let rows = query.fetch_all(&mut *self.read().await?).await?;
            let row = |row| {
                let columns = Columns(row);
                let small = |column| Ok::<u32, StoreError>(u32::try_from(columns.integer(column)?).unwrap_or_default());
                Ok(CallHeap {
                    hour: small("hour")?,
                    others: small("others")?,
                    calls: columns.integer("calls")?.unsigned_abs(),
                    first: columns.at("first")?,
                })
            };
            rows.iter().map(row).collect()
        })
        .await
    }

    pub(in crate::store) async fn past_calls(
        &self,
        tenant: &TenantId,
        since: Timestamp,
        until: Timestamp,
        calls_max: u32,
    ) -> Result<Vec<PastCall>, StoreError> {
        within(WORK_MAX, async {
            // One read transaction: nothing is seen twice, nothing passed over.
            let mut reading = self.snapshot().await?;
            let mut calls = Vec::new();
            let (mut after, mut after_sid) = (nanos(since), String::new());
            while calls.len() < calls_max as usize {
                let query = sqlx::query(concat!(
                    "SELECT call_sid, at, from_number, ended_at, began FROM calls",
                    indexed_by!(calls_by_tenant),
                    " \
                     WHERE tenant_id = $1 AND (at, call_sid) > ($2, $3) AND at < $4 ORDER BY at, call_sid LIMIT $5"
                ));
                let page = PAGE.min(calls_max - calls.len() as u32);
                let query =
                    query.bind(tenant.as_str()).bind(after).bind(&after_sid).bind(nanos(until)).bind(i64::from(page));
                let rows = query.fetch_all(&mut *reading).await?;
                calls.extend(rows.iter().filter_map(|row| {
                    past(row).inspect_err(|error| tracing::error!(%error, "a call is left out")).ok().flatten()
                }));
                match rows.last() {
                    Some(last) if rows.len() == page as usize => {
                        (after, after_sid) = (Columns(last).integer("at")?, Columns(last).text("call_sid")?);
                    }
                    _ => break,
                }
            }
            Ok(calls)
        })
        .await
    }
}

/// The call of a row; none where its beginning cannot be read.
fn past(row: &DbRow) -> Result<Option<PastCall>, StoreError> {
    let columns = Columns(row);
    let Some(decided) = columns.json::<Decided>("began")? else { return Ok(None) };
    let sid: Sid = columns.identity("call_sid")?;
    Ok(Some(PastCall {
        sid,
        at: columns.at("at")?,
        ended_at: columns.integer_or_none("ended_at")?.map(crate::store::cursor::instant),
        from: columns.text("from_number")?,
        arrival: decided.arrival,
        number_id: decided.number_id,
        tenant_version: decided.tenant_version,
        others: decided.others,
        decision: decided.decision,
    }))
}
