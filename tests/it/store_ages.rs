//! Builds of two ages on one store: what a newer one has added to, an older one works with; what it has changed, it leaves.

use patchbay::model::Record;
use patchbay::store::{Store, StoreError};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tempfile::TempDir;

use crate::servers::postgres::{database, server};
use crate::store_fixtures::*;

/// A store that this build has made, and a way past its doors.
struct Place {
    url: String,
    _directory: Option<TempDir>,
}

impl Place {
    async fn file() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("patchbay.db").display());
        Store::open(&url, &KEY).await.unwrap().close().await;
        Place { url, _directory: Some(directory) }
    }

    async fn server() -> Place {
        Place { url: database().await, _directory: None }
    }

    async fn sql(&self, sql: &str) {
        match self.url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut raw = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
                raw.execute(AssertSqlSafe(sql)).await.unwrap();
            }
            None => {
                let options: PgConnectOptions = self.url.parse().unwrap();
                let mut raw = server().master(options.get_database().unwrap()).await;
                raw.execute(AssertSqlSafe(sql)).await.unwrap();
            }
        }
    }

    /// As the next build leaves it, which has added a column, a table and an index.
    async fn grow(&self) {
        for sql in [
            "ALTER TABLE tenants ADD COLUMN mood TEXT",
            "ALTER TABLE calls ADD COLUMN moods INTEGER NOT NULL DEFAULT 0",
            "CREATE TABLE moods (name TEXT PRIMARY KEY)",
            "CREATE INDEX calls_by_moods ON calls (moods)",
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'from the future', TRUE, '', 0)",
        ] {
            self.sql(sql).await;
        }
    }

    /// The next build's word on the oldest that can do with it.
    async fn needs(&self, migration: u32) {
        let number: String = format!("{migration:06}").bytes().map(|byte| format!("{byte:02x}")).collect();
        let number = if self.url.starts_with("sqlite:") { format!("x'{number}'") } else { format!("'\\x{number}'") };
        self.sql(&format!("UPDATE meta SET value = {number} WHERE name = 'needs'")).await;
    }
}

async fn places() -> [Place; 2] {
    [Place::file().await, Place::server().await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_restarts_on_a_schema_that_a_newer_one_has_added_to() {
    for place in places().await {
        place.grow().await;
        // Twice: the first start leaves what the second finds.
        for turn in 1..=2 {
            let store = Store::open(&place.url, &KEY).await.unwrap();
            let tenant = match turn {
                1 => kept_tenant(&store, 1).await,
                _ => store.tenant(&tenant_id(1)).await.unwrap().unwrap(),
            };
            let call = format!("CA{turn}");
            let records = [Record::CallBegan(began(&call, Some(&tenant.id), 1))];
            store.apply(&format!("j{turn}"), &numbered(1, &records)).await.unwrap();
            assert!(store.call(&sid(&call)).await.unwrap().is_some(), "{}", place.url);
            store.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_needs_a_newer_edge_is_refused() {
    for place in places().await {
        place.grow().await;
        place.needs(9_999).await;
        refused(&place).await;
        // One that says nothing of older builds may have changed anything.
        place.sql("DELETE FROM meta WHERE name = 'needs'").await;
        refused(&place).await;
    }
}

async fn refused(place: &Place) {
    match Store::open(&place.url, &KEY).await {
        Err(StoreError::Failed(text)) => assert!(text.contains("newer patchbay"), "{text}"),
        other => panic!("{}: {other:?}", place.url),
    }
}
