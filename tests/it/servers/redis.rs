//! A real Redis on a free port of the loopback, without persistence, that ends with the test or at the latest with the
//! process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::port::free_address;

/// How many ledgers find room in one server, each in a database of its own.
const DATABASES: u32 = 10_000;

/// Longest that starting one may take, on a busy machine.
const STARTED_WITHIN: Duration = Duration::from_secs(20);

/// A server of a test's own, to be stopped, emptied and killed.
pub struct Redis {
    pub port: u16,
    pid: Pid,
    keeper: Child,
    dir: TempDir,
}

/// The address of a database nobody else uses, in the server that all tests share.
pub fn fresh_database() -> String {
    static SHARED: OnceLock<Redis> = OnceLock::new();
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let database = TAKEN.fetch_add(1, Ordering::SeqCst);
    assert!(database < DATABASES, "no database is left");
    format!("{}/{database}", SHARED.get_or_init(Redis::start).url())
}

impl Redis {
    /// Starts one.
    pub fn start() -> Redis {
        Redis::start_on(free_address().port())
    }

    /// The same on a port, where one was before.
    pub fn start_on(port: u16) -> Redis {
        let program = ["redis-server", "valkey-server"].into_iter().find(|program| is_there(program));
        let program = program.expect("the ledger's tests need a Redis: apt-get install redis-server, or valkey");
        let dir = tempfile::tempdir().expect("a directory");
        // The shell waits for the end of our pipe, and so of this process however it ends.
        let script = format!(
            "{program} --port {port} --bind 127.0.0.1 --save '' --appendonly no --databases {DATABASES} --dir {0} \
             --loglevel warning >redis.log 2>&1 & echo $!; read _; kill -9 $! 2>/dev/null; rm -rf {0}",
            dir.path().display()
        );
        let mut keeper = Command::new("sh")
            .args(["-c", &script])
            .current_dir(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut pid = String::new();
        BufReader::new(keeper.stdout.take().expect("piped")).read_line(&mut pid).expect("it says its number");
        let pid = Pid::from_raw(pid.trim().parse().expect("a number")).expect("not zero");
        let redis = Redis { port, pid, keeper, dir };
        let since = Instant::now();
        while redis.say("PING\r\n").is_none_or(|answer| !answer.starts_with("+PONG")) {
            let log = std::fs::read_to_string(redis.dir.path().join("redis.log")).unwrap_or_default();
            assert!(since.elapsed() < STARTED_WITHIN, "{program} does not answer: {log}");
            sleep(Duration::from_millis(10));
        }
        redis
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// It answers nothing, and its connections stay.
    pub fn pause(&self) {
        kill_process(self.pid, Signal::STOP).expect("it runs");
    }

    /// It goes on.
    pub fn go_on(&self) {
        kill_process(self.pid, Signal::CONT).expect("it runs");
    }

    /// It loses everything.
    pub fn flush(&self) {
        self.say("FLUSHALL\r\n").expect("it answers");
    }

    /// Says something to it, and reads the beginning of what it answers.
    pub fn say(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream.write_all(command.as_bytes()).ok()?;
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    }

    /// It is gone, at once.
    pub fn kill(self) -> u16 {
        self.port
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = kill_process(self.pid, Signal::KILL);
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

fn is_there(program: &str) -> bool {
    let said = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}
