//! Tenants by the thousand: copies of rows that the store itself wrote.
//!
//! A door of the store is a transaction that is on disk when it returns, some thousand a second: a million tenants would
//! take the better part of an hour. So one tenant of each kind comes in by the doors, and here every column of its rows
//! is copied, whatever columns there are, save those that are a tenant's own. The only place that knows their names.
//! The audit log knows of the first ones alone; no call reads it.

use std::path::Path;

use anyhow::Context;
use patchbay::model::{E164, Sid};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite, SqliteConnection};

use super::sealing::Sealer;
use super::tenants::Tenants;

/// Tenants of one transaction: enough that its end costs nothing, few enough that the write-ahead log stays small.
const BATCH: usize = 10_000;

/// Rows of one statement: with fourteen values each, below SQLite's bound of 32,766.
const ROWS: usize = 1_000;

/// Memory for pages, in KiB: names and numbers come in any order, and their indexes should stay in it.
const CACHE_KIB: i64 = 512 * 1024;

/// What a tenant has of its own, and which tenant it is a copy of in all else.
const OWN: &str = "CREATE TEMP TABLE own (place INTEGER PRIMARY KEY, template TEXT, id TEXT, slug TEXT, name TEXT, \
     target TEXT, sip_uri TEXT, username TEXT, password BLOB, version_password BLOB, number TEXT, e164 TEXT, \
     twilio_sid TEXT, at INTEGER) STRICT";

/// A table whose rows are copied.
struct Table {
    name: &'static str,
    /// Which column says whose a row is.
    tenant: &'static str,
    /// Columns that are not copied, and what stands there instead.
    own: &'static [(&'static str, &'static str)],
}

const TABLES: [Table; 4] = [
    Table {
        name: "tenants",
        tenant: "id",
        own: &[
            ("id", "own.id"),
            ("slug", "own.slug"),
            ("name", "own.name"),
            ("name_key", "lower(own.name)"),
            ("target_id", "own.target"),
            ("connect_sip_uri", "own.sip_uri"),
            ("connect_username", "own.username"),
            ("connect_password", "own.password"),
            ("created_at", "own.at"),
            ("updated_at", "own.at"),
        ],
    },
    Table {
        name: "tenant_versions",
        tenant: "id",
        own: &[
            ("id", "own.id"),
            ("slug", "own.slug"),
            ("name", "own.name"),
            ("name_key", "lower(own.name)"),
            ("target_id", "own.target"),
            ("connect_sip_uri", "own.sip_uri"),
            ("connect_username", "own.username"),
            ("connect_password", "own.version_password"),
            ("created_at", "own.at"),
            ("updated_at", "own.at"),
        ],
    },
    Table {
        name: "sip_names",
        tenant: "tenant_id",
        own: &[
            // Its slug, and aliases that hold its id.
            (
                "name",
                "CASE WHEN instr(row.name, own.template) THEN replace(row.name, own.template, own.id) ELSE own.slug END",
            ),
            ("tenant_id", "own.id"),
        ],
    },
    Table {
        name: "numbers",
        tenant: "tenant_id",
        own: &[
            ("id", "own.number"),
            ("e164", "own.e164"),
            ("tenant_id", "own.id"),
            ("twilio_sid", "own.twilio_sid"),
            ("created_at", "own.at"),
        ],
    },
];

/// Writes the tenants of `numbers`, whose places begin at `first`; those before it came in by the doors.
pub async fn write(
    file: &Path,
    tenants: &Tenants,
    key: &[u8; 32],
    first: usize,
    numbers: &[E164],
) -> anyhow::Result<()> {
    if !numbers.is_empty() {
        let sealer = Sealer::new(key)?;
        // Nothing here has to outlive a power cut: who is cut off begins again.
        let options = SqliteConnectOptions::new().filename(file).synchronous(SqliteSynchronous::Off);
        let options = options.foreign_keys(true).pragma("cache_size", format!("-{CACHE_KIB}"));
        let mut connection = options.connect().await.context("could not open the store's file")?;
        sqlx::query(OWN).execute(&mut connection).await?;
        for (nth, batch) in (0..).zip(numbers.chunks(BATCH)) {
            let began = first + nth * BATCH;
            let batch = copy(&mut connection, tenants, &sealer, began, batch).await;
            batch.with_context(|| format!("could not copy the tenants from place {began} on"))?;
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
        connection.close().await?;
    }
    // Written out now, and not while somebody measures.
    std::fs::File::open(file)?.sync_all().context("could not write the store out")
}

async fn copy(
    connection: &mut SqliteConnection,
    tenants: &Tenants,
    sealer: &Sealer,
    began: usize,
    numbers: &[E164],
) -> anyhow::Result<()> {
    let mut writing = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("DELETE FROM own").execute(&mut *writing).await?;
    for (nth, rows) in (0..).zip(numbers.chunks(ROWS)) {
        let own = own(tenants, sealer, began + nth * ROWS, rows)?;
        tell_own(&mut writing, tenants, &own).await?;
    }
    for table in &TABLES {
        copy_rows(&mut writing, table).await.with_context(|| format!("could not copy rows of {}", table.name))?;
    }
    Ok(writing.commit().await?)
}

/// What one tenant does not share with its template.
struct Own {
    place: usize,
    id: String,
    slug: String,
    name: String,
    target: Option<String>,
    sip_uri: Option<String>,
    username: Option<String>,
    password: Vec<u8>,
    version_password: Vec<u8>,
    number: String,
    e164: String,
    twilio_sid: Option<String>,
    at: i64,
}

fn own(tenants: &Tenants, sealer: &Sealer, began: usize, numbers: &[E164]) -> anyhow::Result<Vec<Own>> {
    let own = |(place, e164): (usize, &E164)| {
        let (tenant, number) = (tenants.tenant(place, *e164), tenants.number(place, *e164));
        let password = tenant.connect.password.as_ref().context("every tenant has a password")?.reveal().to_owned();
        let (id, version) = (tenant.id.as_str(), format!("{}@{}", tenant.id, tenant.version));
        Ok(Own {
            place,
            password: sealer.password("tenants", id, &password)?,
            version_password: sealer.password("tenant_versions", &version, &password)?,
            id: id.to_owned(),
            slug: tenant.slug,
            name: tenant.name,
            target: tenant.target.map(|target| target.id.to_string()),
            sip_uri: tenant.connect.sip_uri,
            username: tenant.connect.username,
            number: number.id.to_string(),
            e164: e164.to_string(),
            twilio_sid: number.twilio_sid.as_ref().map(Sid::to_string),
            at: i64::try_from(tenant.created_at.as_nanosecond()).context("an instant beyond the store's")?,
        })
    };
    (began..).zip(numbers).map(own).collect()
}

async fn tell_own(writing: &mut SqliteConnection, tenants: &Tenants, rows: &[Own]) -> anyhow::Result<()> {
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO own ");
    query.push_values(rows, |mut values, row| {
        let kind = row.place % tenants.kinds();
        values
            .push_bind(row.place as i64)
            // The templates are the first tenants, one of each kind: their ids are known by their places.
            .push_bind(tenants.id(kind).to_string())
            .push_bind(&row.id)
            .push_bind(&row.slug)
            .push_bind(&row.name)
            .push_bind(&row.target)
            .push_bind(&row.sip_uri)
            .push_bind(&row.username)
            .push_bind(&row.password)
            .push_bind(&row.version_password)
            .push_bind(&row.number)
            .push_bind(&row.e164)
            .push_bind(&row.twilio_sid)
            .push_bind(row.at);
    });
    query.build().execute(writing).await?;
    Ok(())
}

async fn copy_rows(writing: &mut SqliteConnection, table: &Table) -> anyhow::Result<()> {
    let columns: Vec<String> =
        sqlx::query_scalar("SELECT name FROM pragma_table_info($1)").bind(table.name).fetch_all(&mut *writing).await?;
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO ");
    query.push(table.name).push(" (").push(columns.join(", ")).push(") SELECT ");
    let mut values = query.separated(", ");
    for column in &columns {
        match table.own.iter().find(|(own, _)| own == column) {
            Some((_, instead)) => values.push(*instead),
            None => values.push(format_args!("row.{column}")),
        };
    }
    query.push(" FROM own JOIN ").push(table.name).push(" AS row ON row.").push(table.tenant);
    query.push(" = own.template ORDER BY own.place");
    query.build().execute(writing).await?;
    Ok(())
}
