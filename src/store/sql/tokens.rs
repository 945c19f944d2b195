//! Tokens of the admin API: only their hashes, what they open, and whether they still do.

use jiff::Timestamp;

use super::audit::{Noted, note};
use super::newest::newest_of;
use super::read::Columns;
use super::sessions::end_all_of_revoked;
use super::{DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Access, OrgId, Role, Scope, TenantId, TokenId};
use crate::store::cursor::{anywhere, nanos};
use crate::store::{Actor, Ask, Page, StoreError, Token, audit};

/// The token made at the first start has the same name in every store.
const BOOTSTRAP: &str = "tok_00000000000000000000000000";

impl Engine {
    pub(in crate::store) async fn bootstrap_token(
        &self,
        make: impl FnOnce() -> [u8; 32] + Send,
    ) -> Result<bool, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            // One that was revoked counts: nobody gets a new one by starting again.
            let kept = sqlx::query("SELECT 1 FROM tokens WHERE id = $1").bind(BOOTSTRAP);
            if kept.fetch_optional(&mut *writing).await?.is_some() {
                return Ok(false);
            }
            let token = Token {
                id: TokenId::parse(BOOTSTRAP).expect("it is spelled as an id"),
                name: "bootstrap".to_owned(),
                role: Role::Operator,
                access: Access::Write,
                created_at: writing.at,
                expires_at: None,
                revoked_at: None,
                last_used_at: None,
            };
            keep(&mut writing, &token, &make(), &Actor("patchbay".to_owned())).await?;
            writing.commit().await?;
            Ok(true)
        })
        .await
    }

    pub(in crate::store) async fn create_token(
        &self,
        token: &Token,
        sha256: &[u8; 32],
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            owner_exists(&mut writing, &token.role).await?;
            keep(&mut writing, token, sha256, by).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn token_by_hash(&self, sha256: &[u8; 32]) -> Result<Option<Token>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(tokens), " WHERE sha256 = $1")).bind(&sha256[..]);
            query.fetch_optional(&mut *self.read().await?).await?.map(|row| token_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn token(&self, id: &TokenId) -> Result<Option<Token>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(tokens), " WHERE id = $1")).bind(id.as_str());
            query.fetch_optional(&mut *self.read().await?).await?.map(|row| token_of(&row)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn tokens(&self, ask: &Ask) -> Result<Page<Token>, StoreError> {
        // What a tenant's token may see is named by the column of the same name, as in the other lists.
        let mut query = newest_of("tokens", rows_of!(tokens), ask)?;
        if let Scope::Org(org) = &ask.scope {
            query.push(" AND org_id = ").push_bind(org.to_string());
        }
        if let Some(words) = ask.words() {
            query.push(concat!(" AND (name ", like!(), " ")).push_bind(anywhere(words)).push(" ESCAPE '\\'");
            query.push(" OR id = ").push_bind(words).push(")");
        }
        self.newest("tokens", query, ask, readable).await
    }

    pub(in crate::store) async fn revoke_token(
        &self,
        id: &TokenId,
        at: Timestamp,
        by: &Actor,
    ) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query = sqlx::query(concat!(rows_of!(tokens), " WHERE id = $1")).bind(id.as_str());
            let row = query.fetch_optional(&mut *writing).await?.ok_or(StoreError::NotFound)?;
            let before = token_of(&row)?;
            if before.revoked_at.is_some() {
                return Ok(());
            }
            let query = sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE id = $1");
            query.bind(id.as_str()).bind(nanos(at)).execute(&mut *writing).await?;
            end_all_of_revoked(&mut writing).await?;
            let was = audit::token(&before);
            note(&mut writing, by, Noted { before: Some(&was), ..noted("token.revoke", &before) }).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn token_used(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let query =
                sqlx::query("UPDATE tokens SET last_used_at = CASE WHEN last_used_at > $2 THEN last_used_at ELSE $2 END WHERE id = $1");
            query.bind(id.as_str()).bind(nanos(at)).execute(&mut *writing).await?;
            writing.commit().await
        })
        .await
    }
}

/// Nobody keeps a token for what is gone.
pub(super) async fn revoke_all_of_tenant(writing: &mut Writing, tenant: &TenantId) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE tenant_id = $1 AND revoked_at IS NULL");
    query.bind(tenant.as_str()).bind(nanos(writing.at)).execute(&mut **writing).await?;
    end_all_of_revoked(writing).await
}

/// Likewise for an organization.
pub(super) async fn revoke_all_of_org(writing: &mut Writing, org: &OrgId) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE tokens SET revoked_at = $2 WHERE org_id = $1 AND revoked_at IS NULL");
    query.bind(org.as_str()).bind(nanos(writing.at)).execute(&mut **writing).await?;
    end_all_of_revoked(writing).await
}

async fn owner_exists(writing: &mut Writing, role: &Role) -> Result<(), StoreError> {
    let query = match role {
        Role::Operator => return Ok(()),
        Role::Org(org) => sqlx::query("SELECT 1 FROM organizations WHERE id = $1").bind(org.as_str()),
        Role::Tenant { org, tenant } => {
            sqlx::query("SELECT 1 FROM tenants WHERE id = $1 AND org_id = $2").bind(tenant.as_str()).bind(org.as_str())
        }
    };
    query.fetch_optional(&mut **writing).await?.map(drop).ok_or(StoreError::NotFound)
}

async fn keep(writing: &mut Writing, token: &Token, sha256: &[u8; 32], by: &Actor) -> Result<(), StoreError> {
    let (role, org, tenant) = columns_of(&token.role);
    sqlx::query(
        "INSERT INTO tokens (id, name, sha256, role, org_id, tenant_id, access, created_at, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(token.id.as_str())
    .bind(&token.name)
    .bind(&sha256[..])
    .bind(role)
    .bind(org.map(OrgId::as_str))
    .bind(tenant.map(TenantId::as_str))
    .bind(token.access.as_str())
    .bind(nanos(token.created_at))
    .bind(token.expires_at.map(nanos))
    .execute(&mut **writing)
    .await?;
    let after = audit::token(token);
    note(writing, by, Noted { after: Some(&after), ..noted("token.create", token) }).await
}

fn noted<'a>(what: &'static str, token: &'a Token) -> Noted<'a> {
    let (_, org, tenant) = columns_of(&token.role);
    Noted { what, subject: token.id.as_str(), org, tenant, before: None, after: None }
}

fn columns_of(role: &Role) -> (&'static str, Option<&OrgId>, Option<&TenantId>) {
    match role {
        Role::Operator => ("operator", None, None),
        Role::Org(org) => ("org", Some(org), None),
        Role::Tenant { org, tenant } => ("tenant", Some(org), Some(tenant)),
    }
}

fn readable(row: &DbRow) -> Option<Token> {
    token_of(row).inspect_err(|error| tracing::error!(%error, "a token is left out")).ok()
}

/// A token of its row. One whose role cannot be read opens nothing.
fn token_of(row: &DbRow) -> Result<Token, StoreError> {
    let columns = Columns(row);
    let at = |column| Ok::<_, StoreError>(columns.integer_or_none(column)?.map(crate::store::cursor::instant));
    let role = match columns.text("role")?.as_str() {
        "operator" => Role::Operator,
        "org" => Role::Org(columns.identity("org_id")?),
        "tenant" => Role::Tenant { org: columns.identity("org_id")?, tenant: columns.identity("tenant_id")? },
        _ => return Err(StoreError::Failed("a token's row is damaged: its role is none".to_owned())),
    };
    let access = if columns.text("access")? == Access::Write.as_str() { Access::Write } else { Access::Read };
    Ok(Token {
        id: columns.identity("id")?,
        name: columns.text("name")?,
        role,
        access,
        created_at: columns.at("created_at")?,
        expires_at: at("expires_at")?,
        revoked_at: at("revoked_at")?,
        last_used_at: at("last_used_at")?,
    })
}
