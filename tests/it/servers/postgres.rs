//! A Postgres server of this process's own, and a fresh database on it for each who asks.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use patchbay::store::Store;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::sync::OnceCell;

use super::port::free_address;
use crate::store_fixtures::KEY;

/// The role of patchbay: it owns its databases and is nobody special otherwise, so that walls between rows hold for it.
const ROLE: &str = "patchbay";

/// A running server.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
}

/// The server of this process, started when it is first asked for.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(start)
}

impl Server {
    /// How patchbay's role reaches a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}@127.0.0.1:{}/{database}", self.port)
    }

    /// A connection that may do anything.
    pub async fn master(&self, database: &str) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.port).username("master");
        options.database(database).connect().await.unwrap()
    }
}

/// A database with the newest schema and nothing in it: how it is reached.
pub async fn database() -> String {
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = server();
    let make = async |name: &str, template: &str| {
        let mut master = server.master("postgres").await;
        let sql = format!("CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template}");
        master.execute(AssertSqlSafe(sql)).await.unwrap();
        master.close().await.unwrap();
    };
    TEMPLATE
        .get_or_init(|| async {
            make("model", "template0").await;
            let store = Store::open(&server.url("model"), &KEY).await.unwrap();
            store.ping().await.unwrap();
            store.close().await;
        })
        .await;
    let name = format!("store_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    make(&name, "model").await;
    server.url(&name)
}

/// Takes a database away that nobody needs any more.
pub async fn drop_database(url: &str) {
    let name = url.rsplit('/').next().unwrap();
    let mut master = server().master("postgres").await;
    master.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
    master.close().await.unwrap();
}

/// Starts a server that ends when this process does, however that is: its keeper reads from a pipe that nobody writes to.
fn start() -> Server {
    let programs = programs();
    let home = tempfile::Builder::new().prefix("patchbay-postgres-").tempdir().unwrap().keep();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o777)).unwrap();
    let port = free_address().port();
    let log = home.join("log");
    let script = format!(
        "set -e; cd '{home}'
         '{programs}/initdb' --pgdata=data --username=master --auth=trust --no-locale --encoding=UTF8 --no-sync --no-instructions >>log 2>&1
         '{programs}/postgres' -D data -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
             -c max_connections=300 -c shared_buffers=64MB -c log_min_messages=warning >>log 2>&1 &
         server=$!
         cat >/dev/null
         kill -INT $server; wait $server || true; cd /; rm -rf '{home}'",
        home = home.display(),
        programs = programs.display(),
    );
    let mut keeper = as_nobody_special();
    let keeper = keeper.arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    // Both are kept as long as the process lives: it is the end of the pipe that ends the server.
    let keeper = keeper.spawn().unwrap_or_else(|error| panic!("could not start Postgres: {error}"));
    std::mem::forget(keeper);

    let server = Server { port };
    let started = Instant::now();
    let psql = |sql: &str| {
        let mut psql = Command::new(programs.join("psql"));
        psql.args([
            "--no-psqlrc",
            "--quiet",
            "--username=master",
            "--host=127.0.0.1",
            "--dbname=postgres",
            "--command",
            sql,
        ]);
        psql.arg(format!("--port={port}")).stderr(Stdio::null()).stdout(Stdio::null());
        psql.status().is_ok_and(|status| status.success())
    };
    while !psql(&format!("CREATE ROLE {ROLE} LOGIN")) {
        assert!(started.elapsed() < Duration::from_secs(60), "Postgres did not start: {}", read(&log));
        std::thread::sleep(Duration::from_millis(50));
    }
    server
}

/// Where the server's programs are; not all are on anybody's path.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").exists());
    found.sort();
    found.pop().expect("Postgres is not here: install it (apt-get install postgresql) and run this again")
}

/// Postgres refuses to work for root.
pub fn as_nobody_special() -> Command {
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    let mut command = Command::new(if is_root { "setpriv" } else { "sh" });
    if is_root {
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
    }
    command.arg("-c");
    command
}

fn read(log: &Path) -> String {
    let mut text = String::new();
    let _ = fs::File::open(log).and_then(|mut log| log.read_to_string(&mut text));
    text
}
