//! Names on the SIP domain and places in the lists of Twilio's that let them in.

use jiff::Timestamp;
use serde_json::json;

use super::audit::{Noted, note};
use super::read::Columns;
use super::{Db, DbArguments, DbConnection, DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Sid, SipOverlap, SipPlace, SipSeat, SipUser, TenantId};
use crate::store::cursor::{instant, nanos};
use crate::store::{Actor, StoreError};

impl Engine {
    pub(in crate::store) async fn sip_user(&self, name: &str) -> Result<Option<SipUser>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(
                "SELECT sip_names.tenant_id, kind <> 'retired' AS signs_in, \
                 coalesce(leaving = 0 AND (first_call_at IS NULL OR older_since IS NOT NULL), FALSE) AS awaited \
                 FROM sip_names LEFT JOIN sip_seats ON username = name WHERE name = $1",
            );
            let row = query.bind(name.to_lowercase()).fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| {
                let columns = Columns(&row);
                Ok(SipUser {
                    tenant: columns.identity("tenant_id")?,
                    signs_in: columns.flag("signs_in")?,
                    is_awaited: columns.flag("awaited")?,
                })
            })
            .transpose()
        })
        .await
    }

    pub(in crate::store) async fn sip_seats(&self, tenant: &TenantId) -> Result<Vec<SipSeat>, StoreError> {
        within(READ_MAX, async { seats_of(&mut *self.read().await?, tenant).await }).await
    }

    pub(in crate::store) async fn sip_entries(&self, account: &Sid) -> Result<Vec<(Sid, u32)>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query_as::<_, (String, i64)>(
                "SELECT list_sid, CAST(sum(entries) AS BIGINT) FROM sip_seats WHERE account_sid = $1 AND list_sid IS NOT NULL \
                 GROUP BY list_sid",
            );
            let rows = query.bind(account.as_str()).fetch_all(&mut *self.read().await?).await?;
            let held = |(list, count): (String, i64)| {
                Some((Sid::parse(&list).ok()?, u32::try_from(count).unwrap_or(u32::MAX)))
            };
            Ok(rows.into_iter().filter_map(held).collect())
        })
        .await
    }

    pub(in crate::store) async fn place_sip_seat(&self, id: i64, place: Option<&SipPlace>) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE sip_seats SET account_sid = $2, list_sid = $3, credential_sid = NULL, good_since = NULL \
             WHERE id = $1",
        );
        let account = place.map(|place| place.account.as_str());
        self.change_seat(query.bind(id).bind(account).bind(place.map(|place| place.list.as_str()))).await
    }

    pub(in crate::store) async fn add_address_seat(
        &self,
        tenant: &TenantId,
        place: &SipPlace,
        entries: u32,
    ) -> Result<i64, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let older = sqlx::query("UPDATE sip_seats SET leaving = 1 WHERE tenant_id = $1 AND username IS NULL");
            older.bind(tenant.as_str()).execute(&mut *writing).await?;
            let query = sqlx::query_scalar(
                "INSERT INTO sip_seats (tenant_id, account_sid, list_sid, entries) VALUES ($1, $2, $3, $4) RETURNING id",
            );
            let query = query.bind(tenant.as_str()).bind(place.account.as_str()).bind(place.list.as_str());
            let id = query.bind(i64::from(entries)).fetch_one(&mut *writing).await?;
            writing.commit().await?;
            Ok(id)
        })
        .await
    }

    pub(in crate::store) async fn fill_sip_seat(
        &self,
        id: i64,
        credential: Option<&Sid>,
        entries: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE sip_seats SET credential_sid = $2, entries = $3, good_since = coalesce(good_since, $4) WHERE id = $1",
        );
        let query = query.bind(id).bind(credential.map(Sid::as_str)).bind(i64::from(entries));
        self.change_seat(query.bind(nanos(now))).await
    }

    pub(in crate::store) async fn leave_sip_seat(&self, id: i64) -> Result<(), StoreError> {
        self.change_seat(sqlx::query("UPDATE sip_seats SET leaving = 1 WHERE id = $1").bind(id)).await
    }

    pub(in crate::store) async fn drop_sip_seat(&self, id: i64) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            sqlx::query("DELETE FROM sip_seats WHERE id = $1").bind(id).execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn retire_sip_name(
        &self,
        tenant: &TenantId,
        username: &str,
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            if !retire(&mut writing, tenant, username).await? {
                return Err(StoreError::NotFound);
            }
            let before = json!({ "sipUsername": username });
            let (what, subject) = ("sip-name.retire", tenant.as_str());
            let noted = Noted { what, subject, org: None, tenant: Some(tenant), before: Some(&before), after: None };
            note(&mut writing, by, noted).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn sip_names_heard(
        &self,
        heard: &[(impl AsRef<str> + Sync, Timestamp)],
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            for (name, at) in heard {
                let query = sqlx::query(
                    "UPDATE sip_seats SET first_call_at = coalesce(first_call_at, $2), last_call_at = $2 \
                     WHERE username = $1",
                );
                query.bind(name.as_ref()).bind(nanos(*at)).execute(&mut *writing).await?;
            }
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn sip_overlaps(&self) -> Result<Vec<SipOverlap>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query_scalar::<_, String>(concat!(
                "SELECT tenant_id FROM sip_seats",
                indexed_by!(sip_seats_older),
                " WHERE older_since IS NOT NULL AND leaving = 0"
            ));
            let mut reading = self.read().await?;
            let tenants = query.fetch_all(&mut *reading).await?;
            let mut overlaps = Vec::with_capacity(tenants.len());
            for tenant in tenants.into_iter().filter_map(|id| TenantId::parse(&id).ok()) {
                let seats = seats_of(&mut reading, &tenant).await?;
                let mut names = SipSeat::names(&seats);
                if let (Some(older), Some(newer)) = (names.next(), names.next_back()) {
                    overlaps.push(SipOverlap { older: older.clone(), newer: newer.clone(), tenant });
                }
            }
            Ok(overlaps)
        })
        .await
    }

    pub(in crate::store) async fn leaving_sip_seats(&self) -> Result<Vec<TenantId>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query_scalar::<_, String>(concat!(
                "SELECT DISTINCT tenant_id FROM sip_seats",
                indexed_by!(sip_seats_leaving),
                " WHERE leaving = 1"
            ));
            let tenants = query.fetch_all(&mut *self.read().await?).await?;
            Ok(tenants.into_iter().filter_map(|id| TenantId::parse(&id).ok()).collect())
        })
        .await
    }

    /// One row is changed, or was not there any more.
    async fn change_seat(&self, query: sqlx::query::Query<'_, Db, DbArguments>) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            if query.execute(&mut *writing).await?.rows_affected() == 0 {
                return Err(StoreError::NotFound);
            }
            writing.commit().await
        })
        .await
    }
}

/// Puts a name in front of those a tenant has, and answers which. There are two at most: one that nobody has called with
/// yet makes room, and where both are in use there is none.
pub(super) async fn put_name(
    writing: &mut Writing,
    tenant: &TenantId,
    own: Option<String>,
    fresh: &str,
) -> Result<String, StoreError> {
    let seats = seats_of(writing, tenant).await?;
    let mut names = SipSeat::names(&seats);
    let (newest, older) = (names.next_back(), names.next_back());
    let mut name = fresh.to_owned();
    match (newest, newest.and_then(|newest| newest.username.clone())) {
        // Nobody was ever asked to let it in: it may have another password, and is another seat for who has read this one.
        (Some(newest), Some(untried)) if newest.place.is_none() => {
            sqlx::query("DELETE FROM sip_seats WHERE id = $1").bind(newest.id).execute(&mut **writing).await?;
            name = untried;
        }
        (Some(newest), Some(_)) if older.is_some() && newest.first_call_at.is_some() => {
            return Err(StoreError::BothNamesInUse);
        }
        (Some(_), Some(unused)) if older.is_some() => drop(retire(writing, tenant, &unused).await?),
        (Some(newest), _) => {
            let query = sqlx::query("UPDATE sip_seats SET older_since = $2 WHERE id = $1");
            query.bind(newest.id).bind(nanos(writing.at)).execute(&mut **writing).await?;
        }
        (None, _) if seats.iter().all(|seat| seat.username.is_none()) => name = own.unwrap_or(name),
        (None, _) => {}
    }
    let query = sqlx::query("INSERT INTO sip_seats (tenant_id, username, entries) VALUES ($1, $2, 1)");
    query.bind(tenant.as_str()).bind(&name).execute(&mut **writing).await?;
    let query = sqlx::query(
        "INSERT INTO sip_names (name, tenant_id, kind) VALUES ($1, $2, 'given') ON CONFLICT (name) DO UPDATE \
         SET kind = CASE WHEN sip_names.kind = 'retired' THEN 'given' ELSE sip_names.kind END WHERE sip_names.tenant_id = excluded.tenant_id",
    );
    let taken = query.bind(&name).bind(tenant.as_str()).execute(&mut **writing).await?;
    if taken.rows_affected() == 0 {
        return Err(StoreError::Failed(format!("the SIP name {name} leads to another tenant")));
    }
    Ok(name)
}

/// Everything a tenant has at Twilio leaves, now that it is gone.
pub(super) async fn all_leave(writing: &mut Writing, tenant: &TenantId) -> Result<(), StoreError> {
    let query = sqlx::query("DELETE FROM sip_seats WHERE tenant_id = $1 AND list_sid IS NULL");
    query.bind(tenant.as_str()).execute(&mut **writing).await?;
    let query = sqlx::query("UPDATE sip_seats SET leaving = 1 WHERE tenant_id = $1");
    query.bind(tenant.as_str()).execute(&mut **writing).await?;
    Ok(())
}

/// A name is signed in with no more. False where the tenant has none such, or had it until now.
async fn retire(writing: &mut Writing, tenant: &TenantId, username: &str) -> Result<bool, StoreError> {
    let query = sqlx::query("UPDATE sip_seats SET leaving = 1 WHERE tenant_id = $1 AND username = $2 AND leaving = 0");
    let left = query.bind(tenant.as_str()).bind(username).execute(&mut **writing).await?;
    let query = sqlx::query("UPDATE sip_names SET kind = 'retired' WHERE tenant_id = $1 AND name = $2");
    query.bind(tenant.as_str()).bind(username).execute(&mut **writing).await?;
    Ok(left.rows_affected() > 0)
}

/// A tenant's places in lists, the oldest first.
pub(super) async fn seats_of(reading: &mut DbConnection, tenant: &TenantId) -> Result<Vec<SipSeat>, StoreError> {
    let query = sqlx::query(concat!(rows_of!(sip_seats), " WHERE tenant_id = $1 ORDER BY id")).bind(tenant.as_str());
    query.fetch_all(reading).await?.iter().map(seat_of).collect()
}

fn seat_of(row: &DbRow) -> Result<SipSeat, StoreError> {
    let columns = Columns(row);
    let at = |column| Ok::<_, StoreError>(columns.integer_or_none(column)?.map(instant));
    let place = match (columns.parsed("account_sid")?, columns.parsed("list_sid")?) {
        (Some(account), Some(list)) => Some(SipPlace { account, list }),
        _ => None,
    };
    Ok(SipSeat {
        id: columns.integer("id")?,
        username: columns.text_or_none("username")?,
        place,
        credential: columns.parsed("credential_sid")?,
        entries: u32::try_from(columns.integer("entries")?).unwrap_or(u32::MAX),
        good_since: at("good_since")?,
        older_since: at("older_since")?,
        first_call_at: at("first_call_at")?,
        last_call_at: at("last_call_at")?,
        is_leaving: columns.flag("leaving")?,
    })
}
