//! Organizations with their sealed Twilio credentials.

use sqlx::QueryBuilder;

use super::audit::{Noted, note};
use super::read::{Columns, spelled, word};
use super::{Db, DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Billing, Org, OrgId, Scope, Secret, Sid, TwilioAccount};
use crate::store::cursor::{Cursor, anywhere, nanos, page};
use crate::store::seal::Place;
use crate::store::{Actor, Ask, Page, StoreError, audit};

/// The platform's own organization has the same name in every store, so that two machines that start at once make one.
const PLATFORM_ORG: &str = "org_00000000000000000000000000";

impl Engine {
    pub(in crate::store) async fn platform_org(&self) -> Result<Org, StoreError> {
        let id = OrgId::parse(PLATFORM_ORG).expect("it is spelled as an id");
        if let Some(org) = self.org(&id).await? {
            return Ok(org);
        }
        let now = (self.writers.clock)();
        let org = Org {
            id: id.clone(),
            name: "Platform".to_owned(),
            twilio: None,
            billing: Billing::Unverified,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            if lookup(&mut writing, &id).await?.is_none() {
                self.write_org(&mut writing, &org).await?;
                note(&mut writing, &Actor("patchbay".to_owned()), noted("org.create", &org, None)).await?;
            }
            writing.commit().await
        })
        .await?;
        self.org(&id).await?.ok_or(StoreError::NotFound)
    }

    pub(in crate::store) async fn create_org(&self, org: &Org, by: &Actor) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            if lookup(&mut writing, &org.id).await?.is_some() {
                return Err(StoreError::Failed(format!("there is an organization {} already", org.id)));
            }
            account_is_free(&mut writing, org).await?;
            self.write_org(&mut writing, org).await?;
            let after = audit::org(org);
            note(&mut writing, by, Noted { after: Some(&after), ..noted("org.create", org, None) }).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn change_org(
        &self,
        id: &OrgId,
        expected: Option<u64>,
        by: &Actor,
        change: impl FnOnce(&mut Org) + Send,
    ) -> Result<Org, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let before = self.kept_org(&mut writing, id, expected).await?;
            let mut org = before.clone();
            change(&mut org);
            org.id = before.id.clone();
            org.created_at = before.created_at;
            org.version = before.version + 1;
            account_is_free(&mut writing, &org).await?;
            self.write_org(&mut writing, &org).await?;
            let (was, is) = (audit::org(&before), audit::org(&org));
            note(&mut writing, by, Noted { after: Some(&is), ..noted("org.change", &org, Some(&was)) }).await?;
            writing.commit().await?;
            Ok(org)
        })
        .await
    }

    pub(in crate::store) async fn delete_org(
        &self,
        id: &OrgId,
        expected: Option<u64>,
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let before = self.kept_org(&mut writing, id, expected).await?;
            let query = sqlx::query("SELECT 1 FROM tenants WHERE org_id = $1 LIMIT 1").bind(id.as_str());
            if id.as_str() == PLATFORM_ORG || query.fetch_optional(&mut *writing).await?.is_some() {
                return Err(StoreError::OrgInUse);
            }
            sqlx::query("DELETE FROM organizations WHERE id = $1").bind(id.as_str()).execute(&mut *writing).await?;
            super::tokens::revoke_all_of_org(&mut writing, id).await?;
            let was = audit::org(&before);
            note(&mut writing, by, noted("org.delete", &before, Some(&was))).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn org(&self, id: &OrgId) -> Result<Option<Org>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(organizations), " WHERE id = $1")).bind(id.as_str());
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| self.org_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn org_by_account(&self, sid: &Sid) -> Result<Option<Org>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(organizations), " WHERE twilio_sid = $1")).bind(sid.as_str());
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| self.org_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn orgs(&self, ask: &Ask) -> Result<Page<Org>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(concat!(rows_of!(organizations), " WHERE 1 = 1"));
        if let Some(cursor) = Cursor::asked("organizations", ask)? {
            query.push(" AND (name_key, id) > (").push_bind(cursor.key).push(", ").push_bind(cursor.id).push(")");
        }
        match &ask.scope {
            Scope::All => {}
            Scope::Org(org) => drop(query.push(" AND id = ").push_bind(org.to_string())),
            Scope::Tenant(_) => drop(query.push(" AND 1 = 0")),
        }
        if let Some(words) = ask.words() {
            query
                .push(concat!(" AND (name_key ", like!(), " "))
                .push_bind(anywhere(&words.to_lowercase()))
                .push(" ESCAPE '\\'");
            query.push(" OR twilio_sid = ").push_bind(words);
            query.push(" OR id = ").push_bind(words).push(")");
        }
        query.push(" ORDER BY name_key, id LIMIT ").push_bind(ask.rows_max() as i64 + 1);
        within(WORK_MAX, async {
            let rows = query.build().fetch_all(&mut *self.read().await?).await?;
            let read = rows.iter().map(|row| {
                let cursor = Cursor { key: Columns(row).text("name_key")?, id: Columns(row).text("id")? };
                let org = self.org_of(row);
                Ok((cursor, org.inspect_err(|error| tracing::error!(%error, "an organization is left out")).ok()))
            });
            Ok(page("organizations", ask, read.collect::<Result<_, StoreError>>()?))
        })
        .await
    }

    async fn kept_org(&self, writing: &mut Writing, id: &OrgId, expected: Option<u64>) -> Result<Org, StoreError> {
        let row = lookup(writing, id).await?.ok_or(StoreError::NotFound)?;
        let org = self.org_of(&row)?;
        if expected.is_some_and(|expected| expected != org.version) {
            return Err(StoreError::VersionChanged(org.version));
        }
        Ok(org)
    }

    async fn write_org(&self, writing: &mut Writing, org: &Org) -> Result<(), StoreError> {
        let row = org.id.as_str();
        let account = org.twilio.as_ref();
        let token = account.map(|account| self.seal(writing, token_place(row), &account.auth_token)).transpose()?;
        let next = account.and_then(|account| account.auth_token_next.as_ref());
        let next = next.map(|token| self.seal(writing, next_token_place(row), token)).transpose()?;
        sqlx::query(
            "INSERT INTO organizations (id, name, name_key, twilio_sid, twilio_auth_token, twilio_auth_token_next, \
             twilio_phone_number, billing, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, \
             twilio_sid = excluded.twilio_sid, twilio_auth_token = excluded.twilio_auth_token, \
             twilio_auth_token_next = excluded.twilio_auth_token_next, \
             twilio_phone_number = excluded.twilio_phone_number, billing = excluded.billing, \
             version = excluded.version, updated_at = excluded.updated_at",
        )
        .bind(row)
        .bind(&org.name)
        .bind(org.name.to_lowercase())
        .bind(account.map(|account| account.sid.as_str()))
        .bind(token)
        .bind(next)
        .bind(account.and_then(|account| account.phone_number).map(|number| number.to_string()))
        .bind(spelled(org.billing))
        .bind(org.version as i64)
        .bind(nanos(org.created_at))
        .bind(nanos(org.updated_at))
        .execute(&mut **writing)
        .await?;
        Ok(())
    }

    /// An organization of its row. A token that does not open is an error: without it no signature can be judged.
    fn org_of(&self, row: &DbRow) -> Result<Org, StoreError> {
        let columns = Columns(row);
        let id: OrgId = columns.identity("id")?;
        let twilio = match columns.parsed::<Sid>("twilio_sid")? {
            Some(sid) => self.account_of(row, id.as_str(), sid)?,
            None => None,
        };
        Ok(Org {
            name: columns.text("name")?,
            twilio,
            billing: word(&columns.text("billing")?).unwrap_or_default(),
            version: columns.integer("version")?.unsigned_abs(),
            created_at: columns.at("created_at")?,
            updated_at: columns.at("updated_at")?,
            id,
        })
    }

    /// The Twilio account in a row that has an organization's columns.
    pub(super) fn account_of(&self, row: &DbRow, org_id: &str, sid: Sid) -> Result<Option<TwilioAccount>, StoreError> {
        let columns = Columns(row);
        let open = |column, place: Place<'_>| -> Result<Option<Secret>, StoreError> {
            let sealed = columns.bytes_or_none(column)?;
            sealed.map(|sealed| self.open_sealed(place, sealed)).transpose()
        };
        let Some(auth_token) = open("twilio_auth_token", token_place(org_id))? else { return Ok(None) };
        Ok(Some(TwilioAccount {
            sid,
            auth_token,
            auth_token_next: open("twilio_auth_token_next", next_token_place(org_id))?,
            phone_number: columns.parsed("twilio_phone_number")?,
        }))
    }
}

fn noted<'a>(what: &'static str, org: &'a Org, before: Option<&'a serde_json::Value>) -> Noted<'a> {
    Noted { what, subject: org.id.as_str(), org: Some(&org.id), tenant: None, before, after: None }
}

async fn lookup(writing: &mut Writing, id: &OrgId) -> Result<Option<DbRow>, StoreError> {
    let query = sqlx::query(concat!(rows_of!(organizations), " WHERE id = $1")).bind(id.as_str());
    Ok(query.fetch_optional(&mut **writing).await?)
}

/// One account belongs to one organization: by it a call's signature finds its token.
async fn account_is_free(writing: &mut Writing, org: &Org) -> Result<(), StoreError> {
    let Some(account) = &org.twilio else { return Ok(()) };
    let query = sqlx::query("SELECT 1 FROM organizations WHERE twilio_sid = $1 AND id <> $2");
    match query.bind(account.sid.as_str()).bind(org.id.as_str()).fetch_optional(&mut **writing).await? {
        Some(_) => Err(StoreError::AccountTaken),
        None => Ok(()),
    }
}

fn token_place(row: &str) -> Place<'_> {
    Place { table: "organizations", column: "twilio_auth_token", row }
}

fn next_token_place(row: &str) -> Place<'_> {
    Place { table: "organizations", column: "twilio_auth_token_next", row }
}
