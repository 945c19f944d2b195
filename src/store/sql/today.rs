//! How things are today. Each question goes along an index that has whose it is, or only what waits; what may be many is
//! looked at up to a bound.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::jobs::job_of;
use super::ports::port_of;
use super::read::spelled;
use super::webhooks::webhook_of;
use super::{Db, DbConnection, DbRow, Engine, WORK_MAX, push_index, within};
use crate::model::{JobState, PortStage, Scope};
use crate::store::StoreError;
use crate::store::cursor::{instant, nanos};
use crate::store::today::{CALLS_LOOKED_AT, JobCounts, Minute, TOLD_MAX, Today, VOICEMAILS_LOOKED_AT};

const MINUTE: i64 = 60_000_000_000;

impl Engine {
    pub(in crate::store) async fn today(
        &self,
        scope: &Scope,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Today, StoreError> {
        within(WORK_MAX, async {
            // One read transaction: all of it is of one instant.
            let mut reading = self.snapshot().await?;
            let mut today = Today {
                minutes: minutes(&mut reading, scope, nanos(since), nanos(until)).await?,
                voicemails_unheard: unheard(&mut reading, scope).await?,
                numbers_amiss: numbers_amiss(&mut reading, scope).await?,
                ..Today::default()
            };
            jobs(&mut reading, scope, &mut today).await?;
            today.ports = rows(&mut reading, ports(scope)).await?.iter().filter_map(|row| port_of(row).ok()).collect();
            let webhooks = rows(&mut reading, webhooks(scope)).await?;
            today.webhooks = webhooks.iter().filter_map(|row| webhook_of(row).ok()).collect();
            Ok(today)
        })
        .await
    }
}

type Rows = Vec<DbRow>;

async fn rows(reading: &mut DbConnection, mut query: QueryBuilder<Db>) -> Result<Rows, StoreError> {
    Ok(query.build().fetch_all(reading).await?)
}

/// Goes on with whose rows are meant, in a table that has both columns.
fn push_whose(query: &mut QueryBuilder<Db>, scope: &Scope) {
    match scope {
        Scope::All => {}
        Scope::Org(org) => drop(query.push(" AND org_id = ").push_bind(org.to_string())),
        Scope::Tenant(tenant) => drop(query.push(" AND tenant_id = ").push_bind(tenant.to_string())),
    }
}

/// Of three indexes the one that begins with whose rows these are.
fn index_of(scope: &Scope, all: &'static str, org: &'static str, tenant: &'static str) -> &'static str {
    match scope {
        Scope::All => all,
        Scope::Org(_) => org,
        Scope::Tenant(_) => tenant,
    }
}

async fn minutes(reading: &mut DbConnection, scope: &Scope, since: i64, until: i64) -> Result<Vec<Minute>, StoreError> {
    let rows = rows(reading, calls(scope, since, until, CALLS_LOOKED_AT)).await?;
    let mut counted: HashMap<i64, (i64, i64)> = HashMap::new();
    for row in &rows {
        counted.insert(row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?));
    }
    Ok(filled(&counted, since / MINUTE, until / MINUTE, i64::from(CALLS_LOOKED_AT)))
}

/// Each minute in order. Where as many calls were looked at as there may be, the oldest minute they came from may have
/// more, and what came before was not looked at.
fn filled(counted: &HashMap<i64, (i64, i64)>, since: i64, until: i64, looks_max: i64) -> Vec<Minute> {
    let looks: i64 = counted.values().map(|(_, all)| all).sum();
    let oldest = counted.keys().min().filter(|_| looks >= looks_max);
    let first = oldest.map_or(since, |oldest| (oldest + 1).max(since));
    let minute = |minute: i64| {
        let (ai, all) = counted.get(&minute).copied().unwrap_or_default();
        Minute { at: instant(minute * MINUTE), ai: ai.unsigned_abs(), fallback: (all - ai).unsigned_abs() }
    };
    (first..until).map(minute).collect()
}

fn calls(scope: &Scope, since: i64, until: i64, looks_max: u32) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("SELECT at / 60000000000, CAST(sum(available) AS BIGINT), count(*) FROM (");
    query.push("SELECT at, available FROM calls");
    push_index(&mut query, index_of(scope, "calls_by_age", "calls_by_org", "calls_by_tenant"));
    query.push(" WHERE 1 = 1");
    push_whose(&mut query, scope);
    query.push(" AND at >= ").push_bind(since).push(" AND at < ").push_bind(until);
    query.push(" ORDER BY at DESC LIMIT ").push_bind(i64::from(looks_max)).push(") AS looked GROUP BY 1");
    query
}

async fn unheard(reading: &mut DbConnection, scope: &Scope) -> Result<u64, StoreError> {
    let rows = rows(reading, voicemails(scope)).await?;
    rows.first().map_or(Ok(0), |row| Ok(row.try_get::<i64, _>(0)?.unsigned_abs()))
}

fn voicemails(scope: &Scope) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT heard FROM voicemails");
    push_index(&mut query, index_of(scope, "voicemails_by_age", "voicemails_by_org", "voicemails_by_tenant"));
    query.push(" WHERE 1 = 1");
    push_whose(&mut query, scope);
    query.push(" ORDER BY created_at DESC LIMIT ").push_bind(i64::from(VOICEMAILS_LOOKED_AT));
    query.push(") AS looked WHERE heard = 0");
    query
}

async fn jobs(reading: &mut DbConnection, scope: &Scope, today: &mut Today) -> Result<(), StoreError> {
    let mut counts: HashMap<String, i64> = HashMap::new();
    for row in rows(reading, unfinished(scope)).await? {
        counts.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let count = |state: JobState| counts.get(state.as_str()).copied().unwrap_or(0).unsigned_abs();
    let by_hand = rows(reading, by_hand(scope, "count(*), min(created_at)", "")).await?;
    let (manual, since) = match by_hand.first() {
        Some(row) => (row.try_get::<i64, _>(0)?.unsigned_abs(), row.try_get::<Option<i64>, _>(1)?),
        None => (0, None),
    };
    let newest = rows(reading, by_hand_newest(scope)).await?;
    today.jobs = JobCounts {
        queued: count(JobState::Queued),
        running: count(JobState::Running),
        waiting: count(JobState::Waiting),
        manual,
    };
    today.by_hand_since = since.map(instant);
    today.job_by_hand = newest.first().and_then(|row| job_of(row).ok());
    Ok(())
}

fn unfinished(scope: &Scope) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(concat!(
        "SELECT state, count(*) FROM jobs",
        indexed_by!(jobs_due),
        " WHERE due_at IS NOT NULL"
    ));
    push_whose(&mut query, scope);
    query.push(" GROUP BY state");
    query
}

fn by_hand(scope: &Scope, columns: &'static str, order: &'static str) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new("SELECT ");
    query.push(columns).push(concat!(" FROM jobs", indexed_by!(jobs_by_hand), " WHERE state = 'manual'"));
    push_whose(&mut query, scope);
    query.push(order);
    query
}

fn by_hand_newest(scope: &Scope) -> QueryBuilder<Db> {
    by_hand(scope, columns_of!(jobs), " ORDER BY created_at DESC, id DESC LIMIT 1")
}

fn ports(scope: &Scope) -> QueryBuilder<Db> {
    let mut query =
        QueryBuilder::new(concat!(rows_of!(ports), indexed_by!(ports_due), " WHERE due_at IS NOT NULL AND stage IN ("));
    query.push_bind(spelled(PortStage::ActionRequired)).push(", ");
    query.push_bind(spelled(PortStage::WaitingForSignature)).push(")");
    push_by_tenant(&mut query, scope);
    query.push(" ORDER BY since, id LIMIT ").push_bind(i64::from(TOLD_MAX));
    query
}

/// Goes on with whose rows are meant, in a table that has the tenant alone.
fn push_by_tenant(query: &mut QueryBuilder<Db>, scope: &Scope) {
    match scope {
        Scope::Org(org) => {
            query.push(" AND tenant_id IN (SELECT id FROM tenants WHERE org_id = ").push_bind(org.to_string());
            query.push(")");
        }
        Scope::All | Scope::Tenant(_) => push_whose(query, scope),
    }
}

fn webhooks(scope: &Scope) -> QueryBuilder<Db> {
    let given_up = concat!(rows_of!(webhooks), indexed_by!(webhooks_given_up), " WHERE disabled_reason IS NOT NULL");
    let mut query = QueryBuilder::new(given_up);
    match scope {
        Scope::Org(org) => {
            query.push(" AND (org_id = ").push_bind(org.to_string());
            query.push(" OR tenant_id IN (SELECT id FROM tenants WHERE org_id = ").push_bind(org.to_string());
            query.push("))");
        }
        Scope::All | Scope::Tenant(_) => push_whose(&mut query, scope),
    }
    query.push(" ORDER BY updated_at DESC, id DESC LIMIT ").push_bind(i64::from(TOLD_MAX));
    query
}

async fn numbers_amiss(reading: &mut DbConnection, scope: &Scope) -> Result<Option<(u64, Timestamp)>, StoreError> {
    let rows = rows(reading, amiss(scope)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (count, since): (i64, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    Ok(since.filter(|_| count > 0).map(|since| (count.unsigned_abs(), instant(since))))
}

fn amiss(scope: &Scope) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::new(concat!(
        "SELECT count(*), min(since) FROM number_watches",
        indexed_by!(number_watches_amiss)
    ));
    query.push(concat!(then_join!(), " numbers ON numbers.id = number_id WHERE finding IS NOT NULL"));
    push_whose(&mut query, scope);
    query
}

of_sqlite! {
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;
    use crate::model::{OrgId, Seed, TenantId};

    #[test]
    fn minutes_without_calls_are_there_too() {
        let counted = HashMap::from([(3, (1, 4))]);
        let told: Vec<_> = filled(&counted, 2, 5, 100).iter().map(|minute| (minute.ai, minute.fallback)).collect();
        assert_eq!(told, [(0, 0), (1, 3), (0, 0)]);
    }

    #[test]
    fn a_minute_of_which_not_all_was_looked_at_is_left_out() {
        let counted = HashMap::from([(3, (1, 4)), (4, (2, 2))]);
        let first = |looks_max| filled(&counted, 2, 5, looks_max).first().map(|minute| nanos(minute.at) / MINUTE);
        assert_eq!((first(7), first(6)), (Some(2), Some(4)));
    }

    #[tokio::test]
    async fn no_question_reads_a_table_through() {
        let store = Engine::in_memory().await;
        let seed = Seed { at: Timestamp::UNIX_EPOCH, random: [1; 10] };
        for scope in [Scope::All, Scope::Org(OrgId::new(seed)), Scope::Tenant(TenantId::new(seed))] {
            let questions = [
                calls(&scope, 0, 1, 9),
                voicemails(&scope),
                unfinished(&scope),
                by_hand(&scope, "count(*), min(created_at)", ""),
                by_hand_newest(&scope),
                ports(&scope),
                webhooks(&scope),
                amiss(&scope),
            ];
            for question in questions {
                let sql = question.sql().as_str().to_owned();
                let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
                let plan = plan.fetch_all(&mut *store.read().await.unwrap()).await.unwrap();
                for step in plan.iter().map(|row| row.get::<String, _>("detail")) {
                    let reads_through = step.starts_with("SCAN ") && !step.contains(" INDEX ");
                    assert!(!reads_through || step == "SCAN looked", "{step}\n{sql}");
                    assert!(!step.contains("CORRELATED") && !step.contains("AUTOMATIC"), "{step}\n{sql}");
                }
            }
        }
    }
}
}
