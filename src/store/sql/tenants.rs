//! Tenants: their rows, their versions, the names they answer to.

use serde_json::Value;
use sqlx::QueryBuilder;

use super::audit::{Noted, note};
use super::read::{Columns, json_text, spelled, word};
use super::walk::{Cond, List, Order, Stretch, Walk};
use super::whose::Whose;
use super::{Db, DbRow, Engine, READ_MAX, WORK_MAX, Writing, within};
use crate::model::{Connect, Number, OrgId, Secret, Sid, Target, Tenant, TenantId};
use crate::store::cursor::{anywhere, nanos};
use crate::store::seal::Place;
use crate::store::{Actor, Ask, Page, StoreError, TenantFilter, TenantLoad, audit};

pub(super) const TENANTS: List =
    List { table: "tenants", rows: rows_of!(tenants), by: "name_key", id: "id", order: Order::Name };

/// The columns of `tenants` and `tenant_versions`, in the order [`Engine::write_row`] binds them.
const COLUMNS: &str = "id, version, org_id, slug, name, name_key, timezone, country, language, voice, target_kind, \
     target_id, connect_via, connect_sip_uri, connect_username, connect_password, connect_timeout_seconds, \
     sip_username, availability, forced, created_at, updated_at";

/// Which of the two tables with a tenant's columns is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    /// What holds.
    Current,
    /// What held, and holds.
    Versions,
}

/// A tenant as read for a change, with its sealed password: one that does not open is kept as it is.
struct Kept {
    tenant: Tenant,
    sealed_password: Option<Vec<u8>>,
}

impl Engine {
    pub(in crate::store) async fn create_tenant(&self, tenant: &Tenant, by: &Actor) -> Result<(), StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            org_exists(&mut writing, tenant).await?;
            if lookup(&mut writing, tenant.id.as_str()).await?.is_some() {
                return Err(StoreError::Failed(format!("there is a tenant {} already", tenant.id)));
            }
            slug_is_free(&mut writing, tenant).await?;
            self.write_row(&mut writing, Shelf::Current, tenant, None).await?;
            self.write_row(&mut writing, Shelf::Versions, tenant, None).await?;
            saved_by(&mut writing, tenant, by).await?;
            take_names(&mut writing, tenant).await?;
            let after = audit::tenant(tenant);
            note(&mut writing, by, Noted { after: Some(&after), ..noted("tenant.create", tenant) }).await?;
            writing.commit().await
        })
        .await
    }

    pub(in crate::store) async fn tenant(&self, id: &TenantId) -> Result<Option<Tenant>, StoreError> {
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(tenants), " WHERE id = $1")).bind(id.as_str());
            let row = query.fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| self.tenant_of(&row, Shelf::Current)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn tenant_at(&self, id: &TenantId, version: u64) -> Result<Option<Tenant>, StoreError> {
        let Ok(version) = i64::try_from(version) else { return Ok(None) };
        within(READ_MAX, async {
            let query = sqlx::query(concat!(rows_of!(tenant_versions), " WHERE id = $1 AND version = $2"));
            let row = query.bind(id.as_str()).bind(version).fetch_optional(&mut *self.read().await?).await?;
            row.map(|row| self.tenant_of(&row, Shelf::Versions)).transpose()
        })
        .await
    }

    pub(in crate::store) async fn change_tenant(
        &self,
        id: &TenantId,
        expected: Option<u64>,
        by: &Actor,
        change: impl FnOnce(&mut Tenant) + Send,
    ) -> Result<Tenant, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let Kept { tenant: before, sealed_password } = self.kept(&mut writing, id, expected).await?;
            let mut tenant = before.clone();
            change(&mut tenant);
            tenant.id = before.id.clone();
            tenant.created_at = before.created_at;
            tenant.version = before.version + 1;

            let unread = if before.connect.password.is_none() { sealed_password.as_deref() } else { None };
            if tenant.org_id != before.org_id {
                org_exists(&mut writing, &tenant).await?;
            }
            slug_is_free(&mut writing, &tenant).await?;
            self.write_row(&mut writing, Shelf::Current, &tenant, unread).await?;
            self.write_row(&mut writing, Shelf::Versions, &tenant, None).await?;
            saved_by(&mut writing, &tenant, by).await?;
            if (&tenant.slug, &tenant.sip_username) != (&before.slug, &before.sip_username) {
                take_names(&mut writing, &tenant).await?;
            }
            let (was, is) = (audit::tenant(&before), audit::tenant(&tenant));
            let changed = Noted { before: Some(&was), after: Some(&is), ..noted("tenant.change", &tenant) };
            note(&mut writing, by, changed).await?;
            writing.commit().await?;
            Ok(tenant)
        })
        .await
    }

    pub(in crate::store) async fn delete_tenant(
        &self,
        id: &TenantId,
        expected: Option<u64>,
        by: &Actor,
    ) -> Result<Vec<Number>, StoreError> {
        within(WORK_MAX, async {
            let mut writing = self.write().await?;
            let before = self.kept(&mut writing, id, expected).await?.tenant;
            let numbers = super::numbers::rest_all_of(&mut writing, id, by).await?;
            sqlx::query("DELETE FROM tenants WHERE id = $1").bind(id.as_str()).execute(&mut *writing).await?;
            super::sip::all_leave(&mut writing, id).await?;
            super::tokens::revoke_all_of_tenant(&mut writing, id).await?;
            let was = audit::tenant(&before);
            note(&mut writing, by, Noted { before: Some(&was), ..noted("tenant.delete", &before) }).await?;
            writing.commit().await?;
            Ok(numbers)
        })
        .await
    }

    pub(in crate::store) async fn tenants(&self, ask: &Ask<TenantFilter>) -> Result<Page<Tenant>, StoreError> {
        let stretch = Stretch { after: TENANTS.after(ask)?, ..Stretch::default() };
        let readable = |row: &DbRow| {
            let tenant = self.tenant_of(row, Shelf::Current);
            tenant.inspect_err(|error| tracing::error!(%error, "a tenant is left out")).ok()
        };
        self.walked(TENANTS, ask, stretch, &walks(ask), readable).await
    }

    pub(in crate::store) async fn load_tenant(&self, id: &TenantId) -> Result<Option<TenantLoad>, StoreError> {
        within(READ_MAX, async {
            // One read transaction: a tenant and its numbers are never of two different moments.
            let mut reading = self.snapshot().await?;
            let query = sqlx::query(concat!(
                "SELECT tenants.*, twilio_sid, twilio_auth_token, twilio_auth_token_next, twilio_phone_number FROM (",
                rows_of!(tenants),
                ") AS tenants JOIN organizations ON organizations.id = tenants.org_id WHERE tenants.id = $1"
            ));
            let Some(row) = query.bind(id.as_str()).fetch_optional(&mut *reading).await? else { return Ok(None) };
            let numbers = sqlx::query(concat!(rows_of!(numbers), " WHERE tenant_id = $1 ORDER BY created_at, id"))
                .bind(id.as_str())
                .fetch_all(&mut *reading)
                .await?;
            let tenant = self.tenant_of(&row, Shelf::Current)?;
            let account = match Columns(&row).parsed::<Sid>("twilio_sid")? {
                // Its calls cannot be judged without the token, but that is for the account's own lookup to say.
                Some(sid) => self.account_of(&row, tenant.org_id.as_str(), sid).unwrap_or_else(|error| {
                    tracing::error!(%error, org = %tenant.org_id, "an organization's account cannot be read");
                    None
                }),
                None => None,
            };
            let numbers = numbers.iter().filter_map(super::numbers::readable).collect();
            Ok(Some(TenantLoad { tenant, numbers, account }))
        })
        .await
    }

    async fn kept(&self, writing: &mut Writing, id: &TenantId, expected: Option<u64>) -> Result<Kept, StoreError> {
        let row = lookup(writing, id.as_str()).await?.ok_or(StoreError::NotFound)?;
        let tenant = self.tenant_of(&row, Shelf::Current)?;
        if expected.is_some_and(|expected| expected != tenant.version) {
            return Err(StoreError::VersionChanged(tenant.version));
        }
        let sealed_password = Columns(&row).bytes_or_none("connect_password")?.map(<[u8]>::to_vec);
        Ok(Kept { tenant, sealed_password })
    }

    /// Writes a tenant's columns. `unread` is a sealed password that did not open and is not replaced: it stays.
    async fn write_row(
        &self,
        writing: &mut Writing,
        shelf: Shelf,
        tenant: &Tenant,
        unread: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let identity = shelf.identity(tenant.id.as_str(), tenant.version);
        let password = match (&tenant.connect.password, unread) {
            (Some(password), _) => Some(self.seal(writing, shelf.password_place(&identity), password)?),
            (None, Some(unread)) => Some(unread.to_vec()),
            (None, None) => None,
        };
        let mut query = QueryBuilder::<Db>::new("INSERT INTO ");
        query.push(shelf.table()).push(" (").push(COLUMNS).push(") VALUES (");
        let connect = &tenant.connect;
        let mut values = query.separated(", ");
        values
            .push_bind(tenant.id.as_str())
            .push_bind(tenant.version as i64)
            .push_bind(tenant.org_id.as_str())
            .push_bind(&tenant.slug)
            .push_bind(&tenant.name)
            .push_bind(tenant.name.to_lowercase())
            .push_bind(&tenant.timezone)
            .push_bind(&tenant.country)
            .push_bind(&tenant.language)
            .push_bind(&tenant.voice)
            .push_bind(tenant.target.as_ref().map(|target| spelled(target.kind)))
            .push_bind(tenant.target.as_ref().map(|target| target.id.as_str().to_owned()))
            .push_bind(spelled(connect.via))
            .push_bind(&connect.sip_uri)
            .push_bind(&connect.username)
            .push_bind(password)
            .push_bind(connect.timeout_seconds.map(i64::from))
            .push_bind(tenant.sip_username.as_ref().map(|name| name.to_lowercase()))
            .push_bind(json_text(&tenant.availability)?)
            .push_bind(tenant.forced.as_ref().map(json_text).transpose()?)
            .push_bind(nanos(tenant.created_at))
            .push_bind(nanos(tenant.updated_at));
        query.push(")");
        if shelf == Shelf::Current {
            query.push(" ON CONFLICT (id) DO UPDATE SET ");
            let mut sets = query.separated(", ");
            for column in COLUMNS.split(", ").skip(1) {
                sets.push(format_args!("{column} = excluded.{column}"));
            }
        }
        query.build().execute(&mut **writing).await?;
        Ok(())
    }

    /// A tenant of its row. Only a damaged identity is an error: whatever else is broken is passed over and logged, so
    /// that the tenant still has its fallback.
    pub(super) fn tenant_of(&self, row: &DbRow, shelf: Shelf) -> Result<Tenant, StoreError> {
        let columns = Columns(row);
        let id: TenantId = columns.identity("id")?;
        let version = columns.integer("version")?.unsigned_abs();
        let target = columns.text_or_none("target_kind")?.as_deref().and_then(word);
        let target = match (target, columns.parsed("target_id")?) {
            (Some(kind), Some(id)) => Some(Target { kind, id }),
            _ => None,
        };
        let availability = columns.text("availability")?;
        Ok(Tenant {
            org_id: columns.identity("org_id")?,
            slug: columns.text("slug")?,
            name: columns.text("name")?,
            timezone: columns.text("timezone")?,
            country: columns.text("country")?,
            language: columns.text_or_none("language")?,
            voice: columns.text_or_none("voice")?,
            target,
            connect: Connect {
                via: word(&columns.text("connect_via")?).unwrap_or_default(),
                sip_uri: columns.text_or_none("connect_sip_uri")?,
                username: columns.text_or_none("connect_username")?,
                password: self.password_of(columns, shelf, id.as_str(), version)?,
                timeout_seconds: columns
                    .integer_or_none("connect_timeout_seconds")?
                    .and_then(|seconds| u16::try_from(seconds).ok()),
            },
            sip_username: columns.text_or_none("sip_username")?,
            availability: serde_json::from_str(&availability).unwrap_or_else(|_| {
                tracing::error!(tenant = %id, "stored availability is no JSON");
                Value::String(availability)
            }),
            forced: columns.json("forced")?,
            version,
            created_at: columns.at("created_at")?,
            updated_at: columns.at("updated_at")?,
            id,
        })
    }

    fn password_of(
        &self,
        columns: Columns<'_>,
        shelf: Shelf,
        id: &str,
        version: u64,
    ) -> Result<Option<Secret>, StoreError> {
        let Some(sealed) = columns.bytes_or_none("connect_password")? else { return Ok(None) };
        let identity = shelf.identity(id, version);
        match self.open_sealed(shelf.password_place(&identity), sealed) {
            Ok(password) => Ok(Some(password)),
            Err(error) => {
                tracing::error!(%error, "a tenant's password cannot be read: its AI cannot be dialled");
                Ok(None)
            }
        }
    }
}

/// Which way the list is walked: to one tenant, else along what narrows it most.
pub(super) fn walks(ask: &Ask<TenantFilter>) -> Vec<Walk> {
    let only = &ask.only;
    let own: Vec<Cond> = match Whose::of(ask) {
        Whose::Everybodys => Vec::new(),
        Whose::Orgs(org) => vec![in_org(org)],
        Whose::Tenants(tenant) => vec![is(tenant)],
        Whose::TenantsOf(tenant, org) => vec![is(tenant), in_org(org)],
        Whose::Nobodys => return Vec::new(),
    };
    let asked_org = only.org.as_ref().map(in_org);
    let target = only.target.as_ref().map(|target| Cond::sql("target_id = ").text(target.as_str()));
    let named = ask.words().and_then(|words| TenantId::parse(words).ok());
    let found = match &named {
        Some(id) => Some(is(id)),
        None => ask.words().map(found_by),
    };

    let slug = only.slug.as_ref().map(|slug| Cond::sql("slug = ").text(slug));
    let tenant = ask.scope.tenant().or(ask.tenant.as_ref()).or(named.as_ref()).map(is);
    if let Some(name) = tenant.or(slug.clone()) {
        let walk = Walk::named(name).reading(own).reading(asked_org).reading(target);
        return vec![walk.reading(slug).reading(found)];
    }
    let org = own.first().cloned().or(asked_org.clone());
    vec![match (target, org) {
        (Some(target), _) => Walk::along("tenants_by_target", vec![target]).only(own).only(asked_org).only(found),
        // Another organization than one's own is not there: both are asked, and none is found.
        (None, Some(org)) => Walk::along("tenants_by_org", vec![org]).only(asked_org).only(found),
        (None, None) => Walk::along("tenants_by_name", Vec::new()).only(found),
    }]
}

fn is(tenant: &TenantId) -> Cond {
    Cond::sql("id = ").text(tenant.as_str())
}

fn in_org(org: &OrgId) -> Cond {
    Cond::sql("org_id = ").text(org.as_str())
}

fn found_by(words: &str) -> Cond {
    let pattern = anywhere(&words.to_lowercase());
    let name = Cond::sql(concat!("(name_key ", like!(), " ")).text(&pattern).and_sql(concat!(
        " ESCAPE '\\' OR slug ",
        like!(),
        " "
    ));
    name.text(pattern).and_sql(" ESCAPE '\\')")
}

impl Shelf {
    fn table(self) -> &'static str {
        match self {
            Shelf::Current => "tenants",
            Shelf::Versions => "tenant_versions",
        }
    }

    fn identity(self, id: &str, version: u64) -> String {
        match self {
            Shelf::Current => id.to_owned(),
            Shelf::Versions => format!("{id}@{version}"),
        }
    }

    fn password_place(self, identity: &str) -> Place<'_> {
        Place { table: self.table(), column: "connect_password", row: identity }
    }
}

/// Names whoever saved a version beside it.
async fn saved_by(writing: &mut Writing, tenant: &Tenant, by: &Actor) -> Result<(), StoreError> {
    let query = sqlx::query("UPDATE tenant_versions SET saved_by = $3 WHERE id = $1 AND version = $2");
    query.bind(tenant.id.as_str()).bind(tenant.version as i64).bind(&by.0).execute(&mut **writing).await?;
    Ok(())
}

fn noted<'a>(what: &'static str, tenant: &'a Tenant) -> Noted<'a> {
    Noted {
        what,
        subject: tenant.id.as_str(),
        org: Some(&tenant.org_id),
        tenant: Some(&tenant.id),
        before: None,
        after: None,
    }
}

async fn lookup(writing: &mut Writing, id: &str) -> Result<Option<DbRow>, StoreError> {
    Ok(sqlx::query(concat!(rows_of!(tenants), " WHERE id = $1")).bind(id).fetch_optional(&mut **writing).await?)
}

async fn org_exists(writing: &mut Writing, tenant: &Tenant) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT 1 FROM organizations WHERE id = $1").bind(tenant.org_id.as_str());
    match query.fetch_optional(&mut **writing).await? {
        Some(_) => Ok(()),
        None => Err(StoreError::NotFound),
    }
}

/// A slug is free if nobody else has it and it cannot be mistaken for another tenant's alias or SIP user name.
async fn slug_is_free(writing: &mut Writing, tenant: &Tenant) -> Result<(), StoreError> {
    let slug = tenant.slug.to_lowercase();
    if is_reserved(&slug) {
        return Err(StoreError::SlugTaken);
    }
    let query = sqlx::query("SELECT 1 FROM sip_names WHERE name = $1 AND tenant_id <> $2");
    match query.bind(slug).bind(tenant.id.as_str()).fetch_optional(&mut **writing).await? {
        Some(_) => Err(StoreError::SlugTaken),
        None => Ok(()),
    }
}

/// Names of the two forms we give out ourselves are nobody's slug.
fn is_reserved(slug: &str) -> bool {
    let is_alias = slug.starts_with("clinic-ten_");
    let hex = slug.strip_prefix("sip_").unwrap_or_default();
    is_alias || (hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Puts the names a tenant answers to in place of those it had. What its telephone systems sign in with, or did, goes on
/// leading to it.
async fn take_names(writing: &mut Writing, tenant: &Tenant) -> Result<(), StoreError> {
    let id = tenant.id.as_str();
    let older = sqlx::query("DELETE FROM sip_names WHERE tenant_id = $1 AND kind = 'own'");
    older.bind(id).execute(&mut **writing).await?;
    let alias = format!("clinic-{id}");
    let names = [Some(tenant.slug.to_lowercase()), Some(alias), tenant.sip_username.as_ref().map(|n| n.to_lowercase())];
    for name in names.into_iter().flatten() {
        let query = sqlx::query(
            "INSERT INTO sip_names (name, tenant_id) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE \
             SET name = excluded.name WHERE sip_names.tenant_id = excluded.tenant_id",
        );
        let taken = query.bind(&name).bind(id).execute(&mut **writing).await?;
        if taken.rows_affected() == 0 {
            return Err(StoreError::Failed(format!("the SIP name {name} leads to another tenant")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_we_give_out_ourselves_are_nobodys_slug() {
        for reserved in ["clinic-ten_", "clinic-ten_01h", "sip_0123abcd"] {
            assert!(is_reserved(reserved), "{reserved}");
        }
        for free in ["smile-dental", "clinic-tenby", "sip_0123abc", "sip_0123abcde", "sip_0123abcg", "sip_", "clinic"] {
            assert!(!is_reserved(free), "{free}");
        }
    }
}
