//! A Postgres cluster of its own: a superuser for the harness, and a plain role that owns patchbay's database.

use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::process::{Process, Start, program_that_guards};
use super::{end_of, find, until};
use crate::port::free_address;

/// Debian's package of the oldest version that will do.
const PACKAGE: &str = "postgresql-15";
const OLDEST: u32 = 15;
/// Who runs it where root runs the tests, for Postgres refuses root.
const USERS: [&str; 2] = ["postgres", "nobody"];
const SUPERUSER_PASSWORD: &str = "an-invented-superuser-password";
const PASSWORD: &str = "an-invented-database-password";

pub struct Postgres {
    pub address: SocketAddr,
    process: Option<Process>,
    programs: PathBuf,
    dir: PathBuf,
    user: Option<&'static str>,
}

/// How it is stopped.
#[derive(Clone, Copy)]
pub enum Stop {
    /// In order, connections cut.
    Fast,
    /// As a crash: what follows is recovery.
    Immediate,
}

impl Postgres {
    /// Makes a cluster in `dir` and starts it.
    pub async fn start(dir: &Path) -> Postgres {
        std::fs::create_dir(dir).expect("a directory");
        let user = rustix::process::geteuid().is_root().then(|| a_user(dir));
        let mut postgres =
            Postgres { address: free_address(), process: None, programs: programs(), dir: dir.to_owned(), user };
        postgres.make();
        postgres.go().await;
        postgres.query("postgres", &format!("CREATE ROLE patchbay LOGIN PASSWORD '{PASSWORD}'")).await;
        postgres.query("postgres", "CREATE DATABASE patchbay OWNER patchbay").await;
        postgres
    }

    /// The URL by which patchbay finds it at another address, a proxy's.
    pub fn url_at(address: SocketAddr) -> String {
        format!("postgres://patchbay:{PASSWORD}@{address}/patchbay")
    }

    /// Starts it again, at the same address, and waits until it answers.
    pub async fn go(&mut self) {
        let (data, port) = (self.data(), self.address.port().to_string());
        let words = [
            "-D",
            &data.display().to_string(),
            "-p",
            &port,
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "log_line_prefix=%m [%p] ",
            "-c",
            "log_connections=on",
        ];
        self.process = Some(Process::start(&Start {
            program: &self.programs.join("postgres"),
            words: &words,
            env: &[],
            dir: &self.dir,
            log: &self.log(),
            user: self.user,
            farewell: Signal::QUIT,
            comes_first: true,
        }));
        let this = &*self;
        until("Postgres answers", &self.log(), async || this.tried("postgres", "SELECT 1").await.is_ok()).await;
    }

    pub async fn stop(&mut self, how: Stop) {
        let Some(mut process) = self.process.take() else { return };
        process.signal(match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        });
        process.ended().await;
    }

    /// Ends every connection of patchbay's, from within.
    pub async fn end_connections(&self) {
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'patchbay'";
        self.query("postgres", all).await;
    }

    /// Asks as the superuser.
    pub async fn query(&self, database: &str, sql: &str) -> String {
        self.tried(database, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}\n{}", end_of(&self.log())))
    }

    async fn tried(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.env_clear().env("PGPASSWORD", SUPERUSER_PASSWORD).env("PGCONNECT_TIMEOUT", "2").stdin(Stdio::null());
        psql.args(["-h", "127.0.0.1", "-p", &self.address.port().to_string(), "-U", "harness", "-d", database]);
        psql.args(["-v", "ON_ERROR_STOP=1", "-qAtXc", sql]);
        let output = tokio::task::spawn_blocking(move || psql.output()).await.expect("no panic").expect("psql runs");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    fn make(&self) {
        let password = self.dir.join("password");
        std::fs::write(&password, SUPERUSER_PASSWORD).expect("a file");
        let data = self.data();
        let (data, password_file) = (data.display().to_string(), password.display().to_string());
        let words = ["-D", &data, "-U", "harness", "-A", "scram-sha-256", "--pwfile", &password_file];
        let kind = ["--locale=C", "--encoding=UTF8", "--data-checksums", "--no-sync"];
        let initdb = self.programs.join("initdb");
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new(program_that_guards());
                command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(initdb);
                command
            }
            None => Command::new(initdb),
        };
        let output = command.args(words).args(kind).env_clear().env("LC_ALL", "C").current_dir(&self.dir).output();
        let output = output.expect("initdb runs");
        assert!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The newest version's programs.
pub fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.filter_map(|version| version.file_name().to_str()?.parse::<u32>().ok()).max();
    let debian = newest.filter(|version| *version >= OLDEST);
    let places: Vec<PathBuf> =
        debian.map(|version| format!("/usr/lib/postgresql/{version}/bin").into()).into_iter().collect();
    let postgres = find(&["postgres"], &places, PACKAGE);
    postgres.parent().expect("a directory").to_owned()
}

/// A user who is not root, to whom `dir` is given; the directories above let him through.
fn a_user(dir: &Path) -> &'static str {
    let passwd = std::fs::read_to_string("/etc/passwd").expect("the users of this machine");
    let ids = |user: &str| {
        let line = passwd.lines().find_map(|line| line.strip_prefix(&format!("{user}:")))?;
        let mut fields = line.split(':').skip(1);
        Some((fields.next()?.parse::<u32>().ok()?, fields.next()?.parse::<u32>().ok()?))
    };
    let found = USERS.into_iter().find_map(|user| ids(user).map(|ids| (user, ids)));
    let (user, (uid, _)) = found.expect("a user who is not root");
    chown(dir, Some(uid), None).expect("root may give a directory away");
    let above = dir.parent().expect("a directory above");
    let mode = above.metadata().expect("there").mode();
    std::fs::set_permissions(above, std::fs::Permissions::from_mode(mode | 0o011)).expect("ours");
    user
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use crate::proxy::{Link, Proxy};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn it_comes_again_with_what_it_kept_and_a_dropped_notice_is_all_a_listener_misses() {
        let above = tempfile::TempDir::new().expect("a directory");
        let mut postgres = Postgres::start(&above.path().join("postgres")).await;
        for how in [Stop::Fast, Stop::Immediate] {
            postgres.query("patchbay", "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS it").await;
            postgres.stop(how).await;
            assert!(postgres.tried("patchbay", "SELECT 1").await.is_err());
            postgres.go().await;
            assert_eq!(postgres.query("patchbay", "SELECT it FROM kept").await, "7");
        }

        let proxy = Proxy::start(postgres.address).await;
        let mut psql = Command::new(postgres.programs.join("psql"));
        psql.env_clear().args(["-X", &Postgres::url_at(proxy.address)]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut listener = psql.spawn().expect("psql runs");
        let mut words = listener.stdin.take().expect("it listens to us");
        writeln!(words, "LISTEN changes;\nSELECT 'ready';").expect("said");
        let log = postgres.log();
        let ready = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND query = 'SELECT ''ready'';'";
        until("somebody listens", &log, async || postgres.query("postgres", ready).await == "1").await;
        proxy.set(Link::NoNotices);
        postgres.query("patchbay", "NOTIFY changes, 'first'").await;
        until("it is dropped", &log, async || proxy.swallowed() > 0).await;
        proxy.set(Link::Pass);
        postgres.query("patchbay", "NOTIFY changes, 'second'").await;
        writeln!(words, "SELECT pg_sleep(0.1);\nSELECT 'it goes on';").expect("said");
        drop(words);
        let output = listener.wait_with_output().expect("psql ends");
        let heard = String::from_utf8_lossy(&output.stdout);
        assert!(heard.contains("it goes on") && heard.contains("second") && !heard.contains("first"), "{heard}");
    }
}
