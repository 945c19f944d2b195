//! How tenants are reached, with the sealed password of the newest of their names on the SIP domain.

use serde_json::json;

use super::audit::{Noted, note};
use super::read::{Columns, json_text, word};
use super::sip::{put_name, seats_of};
use super::{Engine, READ_MAX, WORK_MAX, within};
use crate::model::{E164, PhoneIntegration, PhoneMethod, Secret, TenantId};
use crate::store::cursor::nanos;
use crate::store::seal::Place;
use crate::store::{Actor, NewSipName, StoreError};

/// Which tenant, and how it is reached.
type Known = (PhoneMethod, TenantId);

impl Engine {
    pub(in crate::store) async fn phone_integration(
        &self,
        tenant: &TenantId,
    ) -> Result<Option<(PhoneIntegration, Option<Secret>)>, StoreError> {
        within(READ_MAX, async {
            // One read transaction: a name and its password are never of two different moments.
            let mut reading = self.snapshot().await?;
            let query =
                sqlx::query(concat!(rows_of!(phone_integrations), " WHERE tenant_id = $1")).bind(tenant.as_str());
            let Some(row) = query.fetch_optional(&mut *reading).await? else { return Ok(None) };
            let columns = Columns(&row);
            let Some(mut phone) = columns.json::<PhoneIntegration>("settings")? else { return Ok(None) };
            phone.seats = seats_of(&mut reading, tenant).await?;
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
        renewed: Option<&NewSipName>,
        by: &Actor,
    ) -> Result<Option<String>, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query_scalar::<_, Option<String>>("SELECT sip_username FROM tenants WHERE id = $1");
            let query = query.bind(tenant.as_str()).fetch_optional(&mut *writing);
            let own_name = query.await?.ok_or(StoreError::NotFound)?;
            let taken = sqlx::query("SELECT 1 FROM phone_integrations WHERE clinic_number = $1 AND tenant_id <> $2");
            let taken = taken.bind(phone.clinic_number.to_string()).bind(tenant.as_str());
            if taken.fetch_optional(&mut *writing).await?.is_some() {
                return Err(StoreError::NumberTaken);
            }
            let sealed = renewed.map(|new| self.seal(&writing, place(tenant), &new.password)).transpose()?;
            sqlx::query(
                "INSERT INTO phone_integrations (tenant_id, settings, sip_password, updated_at, method, clinic_number) \
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id) DO UPDATE SET settings = excluded.settings, \
                 method = excluded.method, clinic_number = excluded.clinic_number, \
                 sip_password = coalesce(excluded.sip_password, phone_integrations.sip_password), updated_at = excluded.updated_at",
            )
            .bind(tenant.as_str())
            .bind(json_text(phone)?)
            .bind(sealed)
            .bind(nanos(writing.at))
            .bind(phone.method.as_str())
            .bind(phone.clinic_number.to_string())
            .execute(&mut *writing)
            .await?;
            let mut after = json!(phone);
            let mut got = None;
            if let Some(new) = renewed {
                let name = put_name(&mut writing, tenant, own_name, &new.username).await?;
                after["sipUsername"] = json!(name);
                got = Some(name);
            }
            let (what, subject) = ("phone-integration.put", tenant.as_str());
            let noted = Noted { what, subject, org: None, tenant: Some(tenant), before: None, after: Some(&after) };
            note(&mut writing, by, noted).await?;
            writing.commit().await?;
            Ok(got)
        })
        .await
    }

    pub(in crate::store) async fn tenant_known_by(&self, number: E164) -> Result<Option<Known>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT tenant_id, method FROM phone_integrations WHERE clinic_number = $1");
            let Some(row) = query.bind(number.to_string()).fetch_optional(&mut *self.read().await?).await? else {
                return Ok(None);
            };
            let columns = Columns(&row);
            Ok(word(&columns.text("method")?).zip(columns.parsed("tenant_id")?))
        })
        .await
    }
}

fn place(tenant: &TenantId) -> Place<'_> {
    Place { table: "phone_integrations", column: "sip_password", row: tenant.as_str() }
}
