//! Numbers as jobs bring them in, take them from the pool and let them go.

use super::audit::{Noted, note};
use super::life::life_ends;
use super::numbers::{number_of, put, write_number};
use super::{Engine, READ_MAX, WORK_MAX, within};
use crate::model::{JobId, Number, NumberId, NumberState, Sid};
use crate::store::{Actor, PoolWish, StoreError, audit};

/// How many numbers of the pool are looked at: the oldest first.
const LOOKS_MAX: i64 = 10_000;

impl Engine {
    pub(in crate::store) async fn take_from_pool(
        &self,
        wish: &PoolWish,
        by: &Actor,
    ) -> Result<Option<Number>, StoreError> {
        within(WORK_MAX, async {
            if let Some(taken) = self.number_of_job(&wish.job).await? {
                return Ok(Some(taken));
            }
            let mut writing = self.write().await?;
            let query = sqlx::query(concat!(
                rows_of!(numbers),
                indexed_by!(numbers_in_pool),
                " WHERE state = 'unassigned' AND purpose = 'calls' \
                 ORDER BY created_at, id LIMIT $1"
            ));
            let rows = query.bind(LOOKS_MAX).fetch_all(&mut *writing).await?;
            let fitting = rows.iter().filter_map(super::numbers::readable).filter_map(|number| {
                let rank = rank(&number, wish)?;
                Some((rank, number))
            });
            let Some((_, number)) = fitting.min_by_key(|(rank, _)| *rank) else { return Ok(None) };
            let led = Number { tenant_id: Some(wish.tenant.clone()), state: NumberState::Active, ..number };
            let kept = put(&mut writing, &led, Some(&wish.job), by).await?;
            writing.commit().await?;
            Ok(Some(kept))
        })
        .await
    }

    pub(in crate::store) async fn bring_number(
        &self,
        number: &Number,
        job: &JobId,
        by: &Actor,
    ) -> Result<Number, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let kept = put(&mut writing, number, Some(job), by).await?;
            writing.commit().await?;
            Ok(kept)
        })
        .await
    }

    pub(in crate::store) async fn number_of_job(&self, job: &JobId) -> Result<Option<Number>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(numbers), " WHERE job_id = $1 LIMIT 1")).bind(job.as_str());
            query.fetch_optional(&mut *self.read().await?).await?.map(|row| number_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn withdraw_number(&self, id: &NumberId) -> Result<bool, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query =
                sqlx::query(concat!(rows_of!(numbers), " WHERE id = $1 AND tenant_id IS NULL")).bind(id.as_str());
            let Some(row) = query.fetch_optional(&mut *writing).await? else { return Ok(false) };
            let withdrawn = Number { state: NumberState::Resting, ..number_of(&row)? };
            write_number(&mut writing, &withdrawn).await?;
            writing.commit().await?;
            Ok(true)
        })
        .await
    }

    pub(in crate::store) async fn forget_number(&self, id: &NumberId, by: &Actor) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query(concat!(rows_of!(numbers), " WHERE id = $1")).bind(id.as_str());
            let Some(row) = query.fetch_optional(&mut *writing).await? else { return Ok(()) };
            let number = number_of(&row)?;
            if number.tenant_id.is_some() {
                return Err(StoreError::NumberTaken);
            }
            sqlx::query("DELETE FROM numbers WHERE id = $1").bind(id.as_str()).execute(&mut *writing).await?;
            life_ends(&mut writing, id).await?;
            let was = audit::number(&number);
            let (what, subject) = ("number.release", id.as_str());
            let noted = Noted { what, subject, org: None, tenant: None, before: Some(&was), after: None };
            note(&mut writing, by, noted).await?;
            writing.commit().await
        })
        .await
    }
}

/// How well a number fits: the preferred account first, Vapi's own last. None if it does not.
fn rank(number: &Number, wish: &PoolWish) -> Option<usize> {
    if !(wish.fits)(number.e164) {
        return None;
    }
    let of = |account: &Sid| wish.accounts.iter().position(|wanted| wanted == account);
    match (&number.account_sid, &number.vapi_number_id) {
        (Some(account), _) => of(account),
        (None, Some(_)) => wish.free.then_some(wish.accounts.len()),
        (None, None) => None,
    }
}
