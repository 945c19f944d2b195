//! A store of either engine that can be looked into past its doors.

use patchbay::store::Store;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tempfile::TempDir;

use crate::servers::postgres::{database, drop_database, server};
use crate::store_fixtures::KEY;

/// Runs each promise with a place of every engine.
macro_rules! on_each_engine {
    ($($promise:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                super::$promise(&crate::store_place::Place::file()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $promise() {
                let place = crate::store_place::Place::server().await;
                super::$promise(&place).await;
                place.clear().await;
            })+
        }
    };
}
pub(crate) use on_each_engine;

pub enum Place {
    File(TempDir),
    Server(String),
}

impl Place {
    pub fn file() -> Place {
        Place::File(tempfile::tempdir().unwrap())
    }

    pub async fn server() -> Place {
        Place::Server(database().await)
    }

    pub fn is_file(&self) -> bool {
        matches!(self, Place::File(_))
    }

    pub fn url(&self) -> String {
        match self {
            Place::File(dir) => format!("sqlite:{}", dir.path().join("patchbay.db").display()),
            Place::Server(url) => url.clone(),
        }
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.url(), &KEY).await.unwrap()
    }

    pub async fn sql(&self, sql: &str) {
        let sql = AssertSqlSafe(sql);
        match self {
            Place::File(dir) => drop(in_file(dir).await.execute(sql).await.unwrap()),
            Place::Server(url) => drop(on_server(url).await.execute(sql).await.unwrap()),
        }
    }

    /// What a question with one column of text has for an answer.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql);
        match self {
            Place::File(dir) => sqlx::query_scalar(sql).fetch_all(&mut in_file(dir).await).await.unwrap(),
            Place::Server(url) => sqlx::query_scalar(sql).fetch_all(&mut on_server(url).await).await.unwrap(),
        }
    }

    /// Every table of ours.
    pub async fn tables(&self) -> Vec<String> {
        let tables = match self {
            Place::File(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            Place::Server(_) => "SELECT tablename::TEXT FROM pg_tables WHERE schemaname = 'public'",
        };
        let tables: Vec<String> =
            self.texts(tables).await.into_iter().filter(|table| !table.contains("sqlx")).collect();
        assert!(tables.len() > 20, "{tables:?}");
        tables
    }

    /// The rows of a table that a condition leaves, each as a text, in an order of theirs.
    pub async fn rows(&self, table: &str, only: &str) -> Vec<String> {
        let (columns, array) = match self {
            Place::File(_) => (
                format!("SELECT group_concat('quote(' || name || ')', ', ') FROM pragma_table_info('{table}')"),
                "json_array",
            ),
            Place::Server(_) => (
                format!(
                    "SELECT string_agg(column_name, ', ' ORDER BY ordinal_position) FROM information_schema.columns \
                     WHERE table_name = '{table}'"
                ),
                "json_build_array",
            ),
        };
        let row = format!("CAST({array}({}) AS TEXT)", self.texts(&columns).await.concat());
        self.texts(&format!("SELECT {row} AS row FROM {table} WHERE {only} ORDER BY row")).await
    }

    /// How often these bytes stand in the file, its log included; or in how many rows.
    pub async fn traces(&self, of: &str) -> usize {
        match self {
            Place::File(dir) => crate::store_person::traces(dir.path(), of),
            Place::Server(_) => {
                let mut found = 0;
                for table in self.tables().await {
                    found += self.rows(&table, "1 = 1").await.iter().filter(|row| row.contains(of)).count();
                }
                found
            }
        }
    }

    /// Takes it away.
    pub async fn clear(self) {
        if let Place::Server(url) = self {
            drop_database(&url).await;
        }
    }
}

async fn in_file(dir: &TempDir) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.path().join("patchbay.db")).connect().await.unwrap()
}

/// Somebody who may do anything, past every wall.
async fn on_server(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    server().master(options.get_database().unwrap()).await
}
