//! What becomes of numbers over the years, written with whatever changes them.

use jiff::Timestamp;

use super::audit::{Noted, note};
use super::numbers::{number_of, write_number};
use super::read::{Columns, spelled, word};
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use super::{DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{LifeState, Number, NumberId, NumberLife, NumberState, Purpose, Sid, Spell, TenantId};
use crate::store::cursor::{anywhere, instant, nanos};
use crate::store::words::{self, Words};
use crate::store::{Actor, Ask, LifeFilter, NumberWatch, Page, StoreError, WatchFinding, audit};

pub(super) const LIVES: List =
    List { table: "number_lives", rows: rows_of!(number_lives), by: "acquired_at", id: "id", order: Order::Newest };

/// How many numbers are brought back into the pool in one write.
const RETURNS_MAX: i64 = 200;

/// How many stretches of one number are told.
const SPELLS_MAX: i64 = 1_000;

/// Writes down where a number is from now on, if it was elsewhere before.
///
/// One that is on its way is not paid for and not looked after: its life begins when it is here.
pub(super) async fn lives_on(writing: &mut Writing, number: &Number) -> Result<(), StoreError> {
    if number.is_coming() {
        return Ok(());
    }
    let (id, state) = (number.id.as_str(), spelled(number.state));
    let tenant = number.tenant_id.as_ref().map(TenantId::as_str);
    sqlx::query(
        "INSERT INTO number_lives (id, e164, account_sid, vapi_number_id, org_id, tenant_id, state, since, acquired_at) \
         VALUES ($1, $2, $3, $4, (SELECT org_id FROM numbers WHERE id = $1), $5, $6, $7, $8) \
         ON CONFLICT (id) DO UPDATE SET account_sid = excluded.account_sid, vapi_number_id = excluded.vapi_number_id, \
         org_id = excluded.org_id, tenant_id = excluded.tenant_id, state = excluded.state, \
         since = CASE WHEN number_lives.state = excluded.state \
         AND number_lives.tenant_id IS NOT DISTINCT FROM excluded.tenant_id THEN number_lives.since ELSE excluded.since END",
    )
    .bind(id)
    .bind(number.e164.to_string())
    .bind(number.account_sid.as_ref().map(Sid::as_str))
    .bind(number.vapi_number_id.as_ref().map(Sid::as_str))
    .bind(tenant)
    .bind(&state)
    .bind(nanos(writing.at))
    .bind(nanos(number.created_at))
    .execute(&mut **writing)
    .await?;
    let same = "SELECT 1 FROM number_spells WHERE number_id = $1 AND until IS NULL AND state = $2 AND tenant_id IS NOT DISTINCT FROM $3";
    let same = sqlx::query(same).bind(id).bind(&state).bind(tenant).fetch_optional(&mut **writing).await?;
    if same.is_some() {
        return Ok(());
    }
    end_spell(writing, id).await?;
    // One that changes twice in an instant is what it is at its end.
    let query = sqlx::query(
        "INSERT INTO number_spells (number_id, since, state, tenant_id) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (number_id, since) DO UPDATE SET until = NULL, state = excluded.state, tenant_id = excluded.tenant_id",
    );
    query.bind(id).bind(nanos(writing.at)).bind(&state).bind(tenant).execute(&mut **writing).await?;
    Ok(())
}

/// Writes down that a number is ours no more.
pub(super) async fn life_ends(writing: &mut Writing, id: &NumberId) -> Result<(), StoreError> {
    end_spell(writing, id.as_str()).await?;
    let query = sqlx::query("UPDATE number_lives SET state = $2, since = $3, released_at = $3 WHERE id = $1");
    let query = query.bind(id.as_str()).bind(spelled(LifeState::Released)).bind(nanos(writing.at));
    query.execute(&mut **writing).await?;
    Ok(())
}

async fn end_spell(writing: &mut Writing, id: &str) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE number_spells SET until = $2 WHERE number_id = $1 AND until IS NULL");
    query.bind(id).bind(nanos(writing.at)).execute(&mut **writing).await?;
    Ok(())
}

impl Engine {
    pub(in crate::store) async fn number_lives(&self, ask: &Ask<LifeFilter>) -> Result<Page<NumberLife>, StoreError> {
        let stretch = Stretch { after: LIVES.after(ask)?, ..Stretch::default() };
        self.walked(LIVES, ask, stretch, &walks(ask), readable).await
    }

    pub(in crate::store) async fn number_spells(&self, id: &NumberId) -> Result<Vec<Spell>, StoreError> {
        within(READ_MAX, async {
            let query = concat!(rows_of!(number_spells), " WHERE number_id = $1 ORDER BY since DESC LIMIT $2");
            let rows =
                sqlx::query(query).bind(id.as_str()).bind(SPELLS_MAX).fetch_all(&mut *self.read().await?).await?;
            rows.iter().map(spell_of).collect()
        })
        .await
    }

    pub(in crate::store) async fn return_rested(
        &self,
        before: Timestamp,
        by: &Actor,
    ) -> Result<Vec<Number>, StoreError> {
        within(WORK_MAX, async {
            let rested = concat!(
                rows_of!(numbers),
                indexed_by!(numbers_at_rest),
                " WHERE state = 'resting' \
                          AND resting_since <= $1 AND ported = 0 AND NOT EXISTS ( \
                          SELECT 1 FROM jobs WHERE subject = numbers.id AND due_at IS NOT NULL) \
                          ORDER BY resting_since, id LIMIT $2"
            );
            // Mostly nobody has rested long enough: that is found out without a writing turn.
            let found = sqlx::query(rested).bind(nanos(before)).bind(1i64);
            if found.fetch_optional(&mut *self.read().await?).await?.is_none() {
                return Ok(Vec::new());
            }
            let mut writing = self.write().await?;
            let rows = sqlx::query(rested).bind(nanos(before)).bind(RETURNS_MAX).fetch_all(&mut *writing).await?;
            let mut returned = Vec::with_capacity(rows.len());
            for row in &rows {
                let was = number_of(row)?;
                // What the last tenant wanted of it is nobody's wish any more.
                let (state, purpose, already_overflowed) = (NumberState::Unassigned, Purpose::Calls, false);
                let is = Number { state, purpose, already_overflowed, ..was.clone() };
                write_number(&mut writing, &is).await?;
                // The job that brought it to the last tenant would find it here, begun again.
                let query = sqlx::query("UPDATE numbers SET job_id = NULL WHERE id = $1").bind(is.id.as_str());
                query.execute(&mut *writing).await?;
                let (before, after) = (audit::number(&was), audit::number(&is));
                let noted = Noted {
                    what: "number.pool",
                    subject: is.id.as_str(),
                    org: None,
                    tenant: None,
                    before: Some(&before),
                    after: Some(&after),
                };
                note(&mut writing, by, noted).await?;
                returned.push(is);
            }
            writing.commit().await?;
            Ok(returned)
        })
        .await
    }

    pub(in crate::store) async fn acquired_at(&self, id: &NumberId, at: Timestamp) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query("UPDATE number_lives SET acquired_at = $2 WHERE id = $1");
            query.bind(id.as_str()).bind(nanos(at)).execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn watched(
        &self,
        account: Option<&Sid>,
    ) -> Result<Vec<(Number, NumberWatch)>, StoreError> {
        within(WORK_MAX, async {
            let query = sqlx::query(concat!(
                "SELECT numbers.*, wired_at, finding, detail, number_watches.since AS since, acquired_at FROM (",
                rows_of!(numbers),
                ") AS numbers JOIN number_lives ON number_lives.id = numbers.id \
                 LEFT JOIN number_watches ON number_id = numbers.id WHERE numbers.account_sid IS NOT DISTINCT FROM $1"
            ));
            let rows = query.bind(account.map(Sid::as_str)).fetch_all(&mut *self.read().await?).await?;
            rows.iter().map(|row| Ok((number_of(row)?, watch_of(row)?))).collect()
        })
        .await
    }

    pub(in crate::store) async fn keep_watch(&self, seen: &[NumberWatch]) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write_patiently().await?;
            for watch in seen {
                let finding = watch.finding.as_ref();
                let query = sqlx::query(
                    "INSERT INTO number_watches (number_id, wired_at, finding, detail, since) \
                     SELECT id, $2, $3, $4, $5 FROM numbers WHERE id = $1 ON CONFLICT (number_id) DO UPDATE SET \
                     wired_at = coalesce(number_watches.wired_at, excluded.wired_at), finding = excluded.finding, \
                     detail = excluded.detail, since = excluded.since",
                );
                let wired_at = watch.was_wired.then(|| nanos(writing.at));
                let query = query.bind(watch.id.as_str()).bind(wired_at).bind(finding.map(|found| found.what.as_str()));
                let query = query.bind(finding.map(|found| found.detail.as_str()));
                query.bind(finding.map(|found| nanos(found.since))).execute(&mut *writing).await?;
            }
            writing.commit().await
        })
        .await
    }
}

/// Which way the list is walked.
pub(super) fn walks(ask: &Ask<LifeFilter>) -> Vec<Walk> {
    let whose = Whose::of(ask);
    if matches!(whose, Whose::Nobodys) {
        return Vec::new();
    }
    let judged: Vec<Cond> =
        ask.only.state.map(|state| Cond::sql("state = ").text(spelled(state))).into_iter().collect();
    let named = |name| Walk::named(name).reading(whose.conds()).reading(judged.clone());
    let part = match ask.words() {
        None => None,
        Some(words) => match (words::of(words), words::digits_of(words)) {
            (Words::Number(number), _) => {
                let index = whose.index("number_lives_by_age", "number_lives_by_org", "number_lives_by_tenant");
                let exactly = Cond::sql("e164 = ").text(number.to_string());
                return vec![Walk::along(index, whose.conds()).only(judged).only(Some(exactly))];
            }
            (_, Some(digits)) => {
                Some(Cond::sql(concat!("e164 ", like!(), " ")).text(anywhere(&digits)).and_sql(" ESCAPE '\\'"))
            }
            (_, None) => return vec![named(Cond::sql("id = ").text(words))],
        },
    };
    let index = whose.index("number_lives_by_age", "number_lives_by_org", "number_lives_by_tenant");
    vec![Walk::along(index, whose.conds()).only(judged).only(part)]
}

fn readable(row: &DbRow) -> Option<NumberLife> {
    life_of(row).inspect_err(|error| tracing::error!(%error, "the life of a number is left out")).ok()
}

pub(super) fn life_of(row: &DbRow) -> Result<NumberLife, StoreError> {
    let columns = Columns(row);
    Ok(NumberLife {
        id: columns.identity("id")?,
        e164: columns.identity("e164")?,
        account_sid: columns.parsed("account_sid")?,
        vapi_number_id: columns.parsed("vapi_number_id")?,
        tenant_id: columns.parsed("tenant_id")?,
        state: word(&columns.text("state")?).unwrap_or(LifeState::Resting),
        since: columns.at("since")?,
        acquired_at: columns.at("acquired_at")?,
        released_at: columns.integer_or_none("released_at")?.map(instant),
    })
}

fn spell_of(row: &DbRow) -> Result<Spell, StoreError> {
    let columns = Columns(row);
    Ok(Spell {
        since: columns.at("since")?,
        until: columns.integer_or_none("until")?.map(instant),
        state: word(&columns.text("state")?).unwrap_or(NumberState::Resting),
        tenant_id: columns.parsed("tenant_id")?,
    })
}

fn watch_of(row: &DbRow) -> Result<NumberWatch, StoreError> {
    let columns = Columns(row);
    let since = columns.integer_or_none("since")?.map(instant);
    let finding = columns.text_or_none("finding")?.zip(since);
    let detail = columns.text("detail")?;
    Ok(NumberWatch {
        id: columns.identity("id")?,
        was_wired: columns.integer_or_none("wired_at")?.is_some(),
        acquired_at: columns.at("acquired_at")?,
        finding: finding.map(|(what, since)| WatchFinding { what, detail, since }),
    })
}
