//! Numbers: where they lead, and where they rest.

use super::audit::{Noted, note};
use super::life::lives_on;
use super::read::{Columns, spelled, word};
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use super::{DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{E164, JobId, Number, NumberId, NumberState, Sid, TenantId};
use crate::store::cursor::{anywhere, nanos};
use crate::store::words::{self, Words};
use crate::store::{Actor, Ask, NumberFilter, Page, StoreError, audit};

pub(super) const NUMBERS: List =
    List { table: "numbers", rows: rows_of!(numbers), by: "created_at", id: "id", order: Order::Newest };

impl Engine {
    pub(in crate::store) async fn number_by_e164(&self, e164: E164) -> Result<Option<Number>, StoreError> {
        self.one_number(concat!(rows_of!(numbers), " WHERE e164 = $1"), e164.to_string()).await
    }

    pub(in crate::store) async fn number_by_vapi_id(&self, id: &Sid) -> Result<Option<Number>, StoreError> {
        self.one_number(concat!(rows_of!(numbers), " WHERE vapi_number_id = $1"), id.to_string()).await
    }

    pub(in crate::store) async fn number(&self, id: &NumberId) -> Result<Option<Number>, StoreError> {
        self.one_number(concat!(rows_of!(numbers), " WHERE id = $1"), id.to_string()).await
    }

    async fn one_number(&self, sql: &'static str, key: String) -> Result<Option<Number>, StoreError> {
        within(READ_MAX, async {
            let row = sqlx::query(sql).bind(key).fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| number_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn put_number(&self, number: &Number, by: &Actor) -> Result<Number, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let kept = put(&mut writing, number, None, by).await?;
            writing.commit().await?;
            Ok(kept)
        })
        .await
    }

    pub(in crate::store) async fn numbers(&self, ask: &Ask<NumberFilter>) -> Result<Page<Number>, StoreError> {
        let stretch = Stretch { after: NUMBERS.after(ask)?, ..Stretch::default() };
        self.walked(NUMBERS, ask, stretch, &walks(ask), readable).await
    }
}

/// Which way the list is walked: to the number that is named, else along what narrows it most.
pub(super) fn walks(ask: &Ask<NumberFilter>) -> Vec<Walk> {
    let only = &ask.only;
    let whose = Whose::of(ask);
    if matches!(whose, Whose::Nobodys) {
        return Vec::new();
    }
    let account = only.account.as_ref().map(|account| Cond::sql("account_sid = ").text(account.as_str()));
    let mut judged = Vec::new();
    judged.extend(only.state.map(|state| Cond::sql("state = ").text(spelled(state))));
    judged.extend(only.purpose.map(|purpose| Cond::sql("purpose = ").text(spelled(purpose))));

    let named = |name| Walk::named(name).reading(whose.conds()).reading(account.clone()).reading(judged.clone());
    let part = match ask.words() {
        None => None,
        Some(words) => match words::digits_of(words) {
            Some(digits) => {
                Some(Cond::sql(concat!("e164 ", like!(), " ")).text(anywhere(&digits)).and_sql(" ESCAPE '\\'"))
            }
            None => {
                let columns = ["id = ", "twilio_sid = ", "vapi_number_id = "];
                return columns.into_iter().map(|column| named(Cond::sql(column).text(words))).collect();
            }
        },
    };
    if let Some(Words::Number(number)) = ask.words().map(words::of) {
        return vec![named(Cond::sql("e164 = ").text(number.to_string()))];
    }
    vec![match (&whose, &account) {
        (Whose::Everybodys, Some(account)) => {
            Walk::along("numbers_by_account", vec![account.clone()]).only(judged).only(part)
        }
        _ => {
            let index = whose.index("numbers_by_age", "numbers_by_org", "numbers_by_tenant");
            Walk::along(index, whose.conds()).only(account).only(judged).only(part)
        }
    }]
}

/// Keeps a number, and by which job it came. One that is led elsewhere by hand afterwards is the job's no more.
pub(super) async fn put(
    writing: &mut Writing,
    number: &Number,
    job: Option<&JobId>,
    by: &Actor,
) -> Result<Number, StoreError> {
    let query = sqlx::query(concat!(rows_of!(numbers), " WHERE e164 = $1")).bind(number.e164.to_string());
    let row = query.fetch_optional(&mut **writing).await?;
    let before = row.map(|row| number_of(&row)).transpose()?;
    let after = match &before {
        Some(kept) => meet(kept, number)?,
        None => number.clone(),
    };
    if let Some(tenant) = &after.tenant_id {
        let query = sqlx::query("SELECT 1 FROM tenants WHERE id = $1").bind(tenant.as_str());
        query.fetch_optional(&mut **writing).await?.ok_or(StoreError::NotFound)?;
    }
    if let Some(vapi) = &after.vapi_number_id {
        let query = sqlx::query("SELECT 1 FROM numbers WHERE vapi_number_id = $1 AND id <> $2");
        let other = query.bind(vapi.as_str()).bind(after.id.as_str()).fetch_optional(&mut **writing).await?;
        if other.is_some() {
            return Err(StoreError::NumberTaken);
        }
    }
    write_number(writing, &after).await?;
    let is_elsewhere = before.as_ref().is_some_and(|before| before.tenant_id != after.tenant_id);
    if job.is_some() || is_elsewhere {
        let query = sqlx::query("UPDATE numbers SET job_id = $2 WHERE id = $1").bind(after.id.as_str());
        query.bind(job.map(JobId::as_str)).execute(&mut **writing).await?;
    }
    let was = before.as_ref().map(audit::number);
    let is = audit::number(&after);
    let tenant = after.tenant_id.as_ref().or(before.as_ref().and_then(|before| before.tenant_id.as_ref()));
    let put = Noted {
        what: "number.put",
        subject: after.id.as_str(),
        org: None,
        tenant,
        before: was.as_ref(),
        after: Some(&is),
    };
    note(writing, by, put).await?;
    Ok(after)
}

/// What becomes of a number that is known when it is put again.
///
/// Whoever names it by its id has read it and says all of it; whoever brings the digits alone adds what they know. It
/// never goes from one tenant to another in one step.
fn meet(kept: &Number, put: &Number) -> Result<Number, StoreError> {
    let leads_elsewhere = match (&kept.tenant_id, &put.tenant_id) {
        (Some(kept), Some(put)) => kept != put,
        _ => false,
    };
    if leads_elsewhere {
        return Err(StoreError::NumberTaken);
    }
    let mut number = Number { id: kept.id.clone(), created_at: kept.created_at, ..put.clone() };
    number.ported |= kept.ported;
    if kept.id != put.id {
        number.sip_uri = number.sip_uri.or_else(|| kept.sip_uri.clone());
        number.account_sid = number.account_sid.or_else(|| kept.account_sid.clone());
        number.twilio_sid = number.twilio_sid.or_else(|| kept.twilio_sid.clone());
        number.vapi_number_id = number.vapi_number_id.or_else(|| kept.vapi_number_id.clone());
        if number.tenant_id.is_none() {
            number.tenant_id = kept.tenant_id.clone();
            number.state = kept.state;
        }
    }
    Ok(number)
}

/// Takes a tenant's numbers from it: they rest. Answers them as they are since.
pub(super) async fn rest_all_of(
    writing: &mut Writing,
    tenant: &TenantId,
    by: &Actor,
) -> Result<Vec<Number>, StoreError> {
    let query =
        sqlx::query(concat!(rows_of!(numbers), " WHERE tenant_id = $1 ORDER BY created_at, id")).bind(tenant.as_str());
    let rows = query.fetch_all(&mut **writing).await?;
    let mut resting = Vec::with_capacity(rows.len());
    for row in &rows {
        let before = number_of(row)?;
        let after = Number { tenant_id: None, state: NumberState::Resting, ..before.clone() };
        write_number(writing, &after).await?;
        let (was, is) = (audit::number(&before), audit::number(&after));
        let rests = Noted {
            what: "number.rest",
            subject: after.id.as_str(),
            org: None,
            tenant: Some(tenant),
            before: Some(&was),
            after: Some(&is),
        };
        note(writing, by, rests).await?;
        resting.push(after);
    }
    Ok(resting)
}

pub(super) async fn write_number(writing: &mut Writing, number: &Number) -> Result<(), StoreError> {
    let resting_since = (number.state == NumberState::Resting).then(|| nanos(writing.at));
    sqlx::query(
        "INSERT INTO numbers (id, e164, sip_uri, tenant_id, account_sid, twilio_sid, vapi_number_id, state, purpose, \
         already_overflowed, resting_since, created_at, ported) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
         ON CONFLICT (e164) DO UPDATE SET sip_uri = excluded.sip_uri, tenant_id = excluded.tenant_id, \
         account_sid = excluded.account_sid, twilio_sid = excluded.twilio_sid, \
         vapi_number_id = excluded.vapi_number_id, state = excluded.state, purpose = excluded.purpose, \
         already_overflowed = excluded.already_overflowed, ported = excluded.ported, \
         resting_since = CASE WHEN excluded.state = 'resting' \
         THEN coalesce(numbers.resting_since, excluded.resting_since) END",
    )
    .bind(number.id.as_str())
    .bind(number.e164.to_string())
    .bind(&number.sip_uri)
    .bind(number.tenant_id.as_ref().map(TenantId::as_str))
    .bind(number.account_sid.as_ref().map(Sid::as_str))
    .bind(number.twilio_sid.as_ref().map(Sid::as_str))
    .bind(number.vapi_number_id.as_ref().map(Sid::as_str))
    .bind(spelled(number.state))
    .bind(spelled(number.purpose))
    .bind(i64::from(number.already_overflowed))
    .bind(resting_since)
    .bind(nanos(number.created_at))
    .bind(i64::from(number.ported))
    .execute(&mut **writing)
    .await?;
    lives_on(writing, number).await
}

/// A number of its row, or none with a word in the log: one damaged row does not take a list along.
pub(super) fn readable(row: &DbRow) -> Option<Number> {
    number_of(row).inspect_err(|error| tracing::error!(%error, "a number is left out")).ok()
}

pub(super) fn number_of(row: &DbRow) -> Result<Number, StoreError> {
    let columns = Columns(row);
    Ok(Number {
        id: columns.identity("id")?,
        e164: columns.identity("e164")?,
        sip_uri: columns.text_or_none("sip_uri")?,
        tenant_id: columns.parsed("tenant_id")?,
        account_sid: columns.parsed("account_sid")?,
        twilio_sid: columns.parsed("twilio_sid")?,
        vapi_number_id: columns.parsed("vapi_number_id")?,
        state: word(&columns.text("state")?).unwrap_or(NumberState::Resting),
        purpose: word(&columns.text("purpose")?).unwrap_or_default(),
        already_overflowed: columns.flag("already_overflowed")?,
        ported: columns.flag("ported")?,
        created_at: columns.at("created_at")?,
    })
}
