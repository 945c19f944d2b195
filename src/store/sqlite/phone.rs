//! How tenants are reached, with the sealed passwords of their names on the SIP domain.

use serde_json::json;

use super::audit::{Noted, note};
use super::read::{Columns, json_text, word};
use super::{READ_MAX, Sqlite, WORK_MAX, within};
use crate::model::{E164, PhoneIntegration, PhoneMethod, Secret, Sid, SipSeat, TenantId};
use crate::store::cursor::nanos;
use crate::store::seal::Place;
use crate::store::{Actor, StoreError};

/// Which tenant, and how it is reached.
type Known = (PhoneMethod, TenantId);

impl Sqlite {
    pub(in crate::store) async fn phone_integration(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<(PhoneIntegration, Option<Secret>)>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT * FROM phone_integrations WHERE tenant_id = $1").bind(tenant.as_str());
            let Some(row) = query.fetch_optional(&self.readers).await? else { return Ok(None) };
            let columns = Columns(&row);
            let Some(mut phone) = columns.json::<PhoneIntegration>("settings")? else { return Ok(None) };
            if let (Some(account), Some(list)) = (columns.parsed("account_sid")?, columns.parsed("list_sid")?) {
                phone.seat = Some(SipSeat { account, list, credential: columns.parsed("credential_sid")? });
            }
            let sealed = columns.bytes_or_none("sip_password")?;
            let password = sealed.map(|sealed| self.open_sealed(place(tenant), sealed)).transpose()?;
            Ok(Some((phone, password)))
        })
        .await
    }

    pub(in crate::store) async fn put_phone_integration(
        &self,
        tenant: &TenantId,
        phone: &PhoneIntegration,
        password: Option<&Secret>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.writers.write().await?;
            let there = sqlx::query("SELECT 1 FROM tenants WHERE id = $1").bind(tenant.as_str());
            there.fetch_optional(&mut *writing).await?.ok_or(StoreError::NotFound)?;
            let taken = sqlx::query("SELECT 1 FROM phone_integrations WHERE clinic_number = $1 AND tenant_id <> $2");
            let taken = taken.bind(phone.clinic_number.to_string()).bind(tenant.as_str());
            if taken.fetch_optional(&mut *writing).await?.is_some() {
                return Err(StoreError::NumberTaken);
            }
            let sealed = password.map(|password| self.seal(&writing, place(tenant), password)).transpose()?;
            let seat = phone.seat.as_ref();
            sqlx::query(
                "INSERT INTO phone_integrations (tenant_id, settings, sip_password, account_sid, list_sid, \
                 credential_sid, updated_at, method, clinic_number) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                 ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings, method = excluded.method, \
                 clinic_number = excluded.clinic_number, sip_password = coalesce(excluded.sip_password, sip_password), \
                 account_sid = excluded.account_sid, list_sid = excluded.list_sid, \
                 credential_sid = excluded.credential_sid, updated_at = excluded.updated_at",
            )
            .bind(tenant.as_str())
            .bind(json_text(phone)?)
            .bind(sealed)
            .bind(seat.map(|seat| seat.account.as_str()))
            .bind(seat.map(|seat| seat.list.as_str()))
            .bind(seat.and_then(|seat| seat.credential.as_ref()).map(Sid::as_str))
            .bind(nanos(writing.at))
            .bind(phone.method.as_str())
            .bind(phone.clinic_number.to_string())
            .execute(&mut *writing)
            .await?;
            let after = json!(phone);
            let (what, subject) = ("phone-integration.put", tenant.as_str());
            let noted = Noted { what, subject, org: None, tenant: Some(tenant), before: None, after: Some(&after) };
            note(&mut writing, by, noted).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn tenant_known_by(&self, number: E164) -> Result<Option<Known>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT tenant_id, method FROM phone_integrations WHERE clinic_number = $1");
            let Some(row) = query.bind(number.to_string()).fetch_optional(&self.readers).await? else {
                return Ok(None);
            };
            let columns = Columns(&row);
            Ok(word(&columns.text("method")?).zip(columns.parsed("tenant_id")?))
        })
        .await
    }

    pub(in crate::store) async fn sip_seats_taken(&self, account: &Sid) -> Result<Vec<(Sid, u32)>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query_as::<_, (String, i64)>(
                "SELECT list_sid, count(*) FROM phone_integrations WHERE list_sid IS NOT NULL AND account_sid = $1 \
                 GROUP BY list_sid",
            );
            let rows = query.bind(account.as_str()).fetch_all(&self.readers).await?;
            let seats = |(list, count): (String, i64)| {
                Some((Sid::parse(&list).ok()?, u32::try_from(count).unwrap_or(u32::MAX)))
            };
            Ok(rows.into_iter().filter_map(seats).collect())
        })
        .await
    }
}

fn place(tenant: &TenantId) -> Place<'_> {
    Place { table: "phone_integrations", column: "sip_password", row: tenant.as_str() }
}
