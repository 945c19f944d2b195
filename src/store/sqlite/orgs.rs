//! Organizations with their sealed Twilio credentials, the audit log, and the bootstrap token.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use super::read::{Columns, json_text};
use super::{READ_MAX, Sqlite, WORK_MAX, Writing, within};
use crate::model::{Org, OrgId, Secret, Sid, TwilioAccount};
use crate::store::cursor::{Cursor, anywhere, nanos, page};
use crate::store::seal::Place;
use crate::store::{Actor, Ask, AuditRow, Page, StoreError, audit};

/// The platform's own organization has the same name in every store, so that two machines that start at once make one.
const PLATFORM_ORG: &str = "org_00000000000000000000000000";

impl Sqlite {
    pub(in crate::store) async fn platform_org(&self) -> Result<Org, StoreError> {
        let id = OrgId::parse(PLATFORM_ORG).expect("it is spelled as an id");
        if let Some(org) = self.org(&id).await? {
            return Ok(org);
        }
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let made = sqlx::query(
                "INSERT INTO organizations (id, name, created_at) VALUES ($1, 'Platform', $2) ON CONFLICT (id) DO NOTHING",
            )
            .bind(PLATFORM_ORG)
            .bind(nanos(Timestamp::now()))
            .execute(&mut *writing)
            .await?;
            if made.rows_affected() == 1 {
                note(&mut writing, &Actor("patchbay".to_owned()), "org.create", PLATFORM_ORG, None, None).await?;
            }
            Ok(writing.commit().await?)
        })
        .await?;
        self.org(&id).await?.ok_or(StoreError::NotFound)
    }

    pub(in crate::store) async fn put_org(&self, org: &Org) -> Result<(), StoreError> {
        let row = org.id.as_str();
        let account = org.twilio.as_ref();
        let token = account.map(|account| self.seal(token_place(row), &account.auth_token)).transpose()?;
        let next = account.and_then(|account| account.auth_token_next.as_ref());
        let next = next.map(|token| self.seal(next_token_place(row), token)).transpose()?;
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let other: Option<String> =
                sqlx::query_scalar("SELECT id FROM organizations WHERE twilio_sid = $1 AND id <> $2")
                    .bind(account.map(|account| account.sid.as_str()))
                    .bind(row)
                    .fetch_optional(&mut *writing)
                    .await?;
            if let Some(other) = other {
                return Err(StoreError::Failed(format!("the Twilio account belongs to {other} already")));
            }
            sqlx::query(
                "INSERT INTO organizations (id, name, twilio_sid, twilio_auth_token, twilio_auth_token_next, \
                 twilio_phone_number, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, twilio_sid = excluded.twilio_sid, \
                 twilio_auth_token = excluded.twilio_auth_token, \
                 twilio_auth_token_next = excluded.twilio_auth_token_next, \
                 twilio_phone_number = excluded.twilio_phone_number",
            )
            .bind(row)
            .bind(&org.name)
            .bind(account.map(|account| account.sid.as_str()))
            .bind(token)
            .bind(next)
            .bind(account.and_then(|account| account.phone_number).map(|number| number.to_string()))
            .bind(nanos(org.created_at))
            .execute(&mut *writing)
            .await?;
            let after = audit::org(org);
            note(&mut writing, &Actor("patchbay".to_owned()), "org.put", row, None, Some(&after)).await?;
            Ok(writing.commit().await?)
        })
        .await
    }

    pub(in crate::store) async fn org(&self, id: &OrgId) -> Result<Option<Org>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT * FROM organizations WHERE id = $1").bind(id.as_str());
            let row = query.fetch_optional(&self.readers).await?;
            row.map(|row| self.org_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn org_by_account(&self, sid: &Sid) -> Result<Option<Org>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query("SELECT * FROM organizations WHERE twilio_sid = $1").bind(sid.as_str());
            let row = query.fetch_optional(&self.readers).await?;
            row.map(|row| self.org_of(&row)).transpose()
        })
        .await
    }

    /// An organization of its row. A token that does not open is an error: without it no signature can be judged.
    fn org_of(&self, row: &SqliteRow) -> Result<Org, StoreError> {
        let columns = Columns(row);
        let id: OrgId = columns.identity("id")?;
        let twilio = match columns.parsed::<Sid>("twilio_sid")? {
            Some(sid) => self.account_of(row, id.as_str(), sid)?,
            None => None,
        };
        Ok(Org { name: columns.text("name")?, twilio, created_at: columns.at("created_at")?, id })
    }

    /// The Twilio account in a row that has an organization's columns.
    pub(super) fn account_of(
        &self,
        row: &SqliteRow,
        org_id: &str,
        sid: Sid,
    ) -> Result<Option<TwilioAccount>, StoreError> {
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

    pub(in crate::store) async fn audit(&self, ask: &Ask) -> Result<Page<AuditRow>, StoreError> {
        let mut query = QueryBuilder::new("SELECT * FROM audit WHERE 1 = 1");
        if let Some(cursor) = Cursor::asked(ask)? {
            query.push(" AND id < ").push_bind(cursor.nanos()?);
        }
        if let Some(tenant) = &ask.tenant {
            query.push(" AND subject = ").push_bind(tenant.as_str());
        }
        if let Some(words) = ask.words() {
            let pattern = anywhere(words);
            query.push(" AND (subject LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
            query.push(" OR who LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(ask.rows_max() as i64 + 1);
        within(WORK_MAX, async {
            let rows = query.build().fetch_all(&self.readers).await?;
            let read = rows.iter().map(|row| {
                let columns = Columns(row);
                let entry = AuditRow {
                    at: columns.at("at")?,
                    who: columns.text("who")?,
                    what: columns.text("what")?,
                    subject: columns.text("subject")?,
                    before: columns.json("before")?,
                    after: columns.json("after")?,
                };
                Ok((Cursor { key: columns.integer("id")?.to_string(), id: String::new() }, Some(entry)))
            });
            Ok(page(ask, read.collect::<Result<_, StoreError>>()?))
        })
        .await
    }

    pub(in crate::store) async fn bootstrap_token(
        &self,
        make: impl FnOnce() -> [u8; 32] + Send,
    ) -> Result<([u8; 32], bool), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let kept =
                sqlx::query("SELECT sha256 FROM tokens WHERE name = 'bootstrap'").fetch_optional(&mut *writing).await?;
            if let Some(row) = kept {
                let kept: Vec<u8> = row.try_get(0)?;
                let hash = <[u8; 32]>::try_from(kept).map_err(|_| StoreError::Failed("its token is damaged".into()))?;
                return Ok((hash, false));
            }
            let hash = make();
            sqlx::query("INSERT INTO tokens (name, sha256, created_at) VALUES ('bootstrap', $1, $2)")
                .bind(&hash[..])
                .bind(nanos(Timestamp::now()))
                .execute(&mut *writing)
                .await?;
            writing.commit().await?;
            Ok((hash, true))
        })
        .await
    }
}

fn token_place(row: &str) -> Place<'_> {
    Place { table: "organizations", column: "twilio_auth_token", row }
}

fn next_token_place(row: &str) -> Place<'_> {
    Place { table: "organizations", column: "twilio_auth_token_next", row }
}

/// Notes a change in the audit log, in the transaction that makes it.
pub(super) async fn note(
    writing: &mut Writing,
    by: &Actor,
    what: &str,
    subject: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO audit (at, who, what, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(nanos(Timestamp::now()))
        .bind(&by.0)
        .bind(what)
        .bind(subject)
        .bind(before.map(json_text).transpose()?)
        .bind(after.map(json_text).transpose()?)
        .execute(&mut **writing)
        .await?;
    Ok(())
}
