//! What things come to: minutes by the month, written with the calls themselves, and numbers that are paid for.

use sqlx::Arguments as _;

use super::bulk::Bulk;
use super::life::life_of;
use super::read::{Columns, word};
use super::{Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Arrival, Money, Month, TenantId};
use crate::store::batch::Changed;
use crate::store::costs::{Tally, TallyKey, tallies};
use crate::store::cursor::instant;
use crate::store::{CallMonth, NumberHeap, StoreError, Tenure};

/// How many stretches of one tenant are told.
const TENURES_MAX: i64 = 1_000;

static MONTHS: Bulk = Bulk::new(
    "INSERT INTO call_months (tenant_id, month, arrival, calls, minutes, ai_micros) VALUES ",
    "(?, ?, ?, ?, ?, ?)",
    " ON CONFLICT (tenant_id, month, arrival) DO UPDATE SET calls = call_months.calls + excluded.calls, \
     minutes = call_months.minutes + excluded.minutes, ai_micros = call_months.ai_micros + excluded.ai_micros",
);

/// Brings what calls come to up to date with what has become of them.
pub(super) async fn keep_months(writing: &mut Writing, calls: &[Changed]) -> Result<(), StoreError> {
    let changes: Vec<(TallyKey, Tally)> = tallies(calls).into_iter().collect();
    MONTHS
        .execute(writing, &changes, |((tenant, month, arrival), tally), row| {
            row.add(tenant.as_str())?;
            row.add(month.place())?;
            row.add(*arrival)?;
            row.add(tally.calls)?;
            row.add(tally.minutes)?;
            row.add(tally.ai_micros)
        })
        .await?;
    // A call has turned out to be another's: a month without calls is none.
    for ((tenant, month, arrival), _) in changes.iter().filter(|(_, tally)| tally.calls < 0) {
        let query = "DELETE FROM call_months WHERE tenant_id = $1 AND month = $2 AND arrival = $3 AND calls = 0";
        let query = sqlx::query(query).bind(tenant.as_str()).bind(month.place()).bind(*arrival);
        query.execute(&mut **writing).await?;
    }
    Ok(())
}

impl Engine {
    pub(in crate::store) async fn call_months(
        &self,
        tenant: &TenantId,
        since: Month,
    ) -> Result<Vec<CallMonth>, StoreError> {
        within(READ_MAX, async {
            let query = concat!(rows_of!(call_months), " WHERE tenant_id = $1 AND month >= $2 ORDER BY month, arrival");
            let query = sqlx::query(query).bind(tenant.as_str()).bind(since.place());
            let rows = query.fetch_all(&mut *self.read().await?).await?;
            let row = |row| {
                let columns = Columns(row);
                let count = |column| Ok::<u64, StoreError>(columns.integer(column)?.max(0).unsigned_abs());
                Ok(CallMonth {
                    month: Month::at(i32::try_from(columns.integer("month")?).unwrap_or_default()),
                    arrival: word(&columns.text("arrival")?).unwrap_or(Arrival::Number),
                    calls: count("calls")?,
                    minutes: count("minutes")?,
                    ai: Money::usd(count("ai_micros")?),
                })
            };
            rows.iter().map(row).collect()
        })
        .await
    }

    pub(in crate::store) async fn tenures(&self, tenant: &TenantId) -> Result<Vec<Tenure>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(
                "SELECT number_lives.*, number_spells.since AS led_since, number_spells.until AS led_until, \
                 NOT EXISTS (SELECT 1 FROM number_spells AS earlier WHERE earlier.number_id = number_lives.id \
                 AND earlier.since < number_spells.since) AS is_first \
                 FROM number_spells",
                indexed_by!(number_spells_by_tenant),
                " JOIN (",
                rows_of!(number_lives),
                ") AS number_lives ON number_lives.id = number_id \
                 WHERE number_spells.tenant_id = $1 AND number_spells.state = 'active' \
                 ORDER BY number_spells.since, number_id LIMIT $2"
            ));
            let rows = query.bind(tenant.as_str()).bind(TENURES_MAX).fetch_all(&mut *self.read().await?).await?;
            let row = |row| {
                let columns = Columns(row);
                Ok(Tenure {
                    life: life_of(row)?,
                    since: columns.at("led_since")?,
                    until: columns.integer_or_none("led_until")?.map(instant),
                    is_first: columns.flag("is_first")?,
                })
            };
            rows.iter().map(row).collect()
        })
        .await
    }

    pub(in crate::store) async fn number_heaps(&self) -> Result<Vec<NumberHeap>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(
                "SELECT min(e164) AS sample, tenant_id IS NOT NULL AS is_led, \
                 vapi_number_id IS NOT NULL AND account_sid IS NULL AS is_free, count(*) AS count FROM numbers \
                 WHERE NOT (ported = 1 AND twilio_sid IS NULL) GROUP BY substr(e164, 1, 6), is_led, is_free",
            );
            let rows = query.fetch_all(&mut *self.read().await?).await?;
            let row = |row| {
                let columns = Columns(row);
                Ok(NumberHeap {
                    sample: columns.identity("sample")?,
                    is_led: columns.flag("is_led")?,
                    is_free: columns.flag("is_free")?,
                    count: columns.integer("count")?.unsigned_abs(),
                })
            };
            rows.iter().map(row).collect()
        })
        .await
    }

    pub(in crate::store) async fn tenant_count(&self) -> Result<u64, StoreError> {
        within(READ_MAX, async {
            let count: i64 =
                sqlx::query_scalar("SELECT count(*) FROM tenants").fetch_one(&mut *self.read().await?).await?;
            Ok(count.unsigned_abs())
        })
        .await
    }
}
