//! The real binary in a directory of its own, on ports the system chose, without anything of this machine's
//! environment: what the tests of the process as a stranger meets it start from.

use std::fs::{self, File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rig::{ACCOUNT, TOKEN, VAPI_SECRET, http_client, sign};

/// Far more than anything here takes, for machines that have much else to do.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The binary in `dir`, about to run.
pub fn patchbay(dir: &Path, words: &[&str], env: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_patchbay"));
    command.args(words).current_dir(dir).env_clear().stdin(Stdio::null());
    command.env("PATCHBAY_EDGE__LISTEN", "127.0.0.1:0").env("PATCHBAY_ADMIN__LISTEN", "127.0.0.1:0");
    // Nothing listens there, and Vapi's base follows.
    command.env("PATCHBAY_TWILIO__API_BASE", "http://127.0.0.1:9").envs(env.iter().copied());
    command
}

/// What a command that ends by itself said: exit code, standard output, standard error.
pub fn said(mut command: Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    leave(&[&*stdout, b"\n", &*stderr].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// The settings under which calls of the rig's account are believed.
pub const WITH_ACCOUNTS: [(&str, &str); 5] = [
    ("TWILIO_ACCOUNT_SID", ACCOUNT),
    ("TWILIO_AUTH_TOKEN", TOKEN),
    ("VAPI_API_KEY", "an-invented-api-key"),
    ("VAPI_WEBHOOK_SECRET", VAPI_SECRET),
    ("PATCHBAY_ADMIN__TOKEN", crate::rig::OPERATOR),
];

/// A `patchbay serve` that answers. Killed when dropped.
pub struct Process {
    child: Child,
    pub edge: SocketAddr,
    pub admin: SocketAddr,
    pub http: reqwest::Client,
    /// Where its log is.
    log: Option<PathBuf>,
}

impl Process {
    /// Starts it; its log is added to the file `log` of the directory.
    pub fn start(dir: &Path, env: &[(&str, &str)]) -> Process {
        let log = OpenOptions::new().create(true).append(true).open(dir.join("log")).expect("a log");
        let from = log.metadata().expect("a file").len() as usize;
        let mut command = patchbay(dir, &["serve"], env);
        let child = command.stderr(Stdio::from(log)).stdout(Stdio::null()).spawn().expect("the binary starts");
        let mut process = Process::answering(child, || logged(dir)[from..].to_owned());
        process.log = Some(dir.join("log"));
        process
    }

    /// Waits until a process that was started in some other way says where it answers.
    pub fn answering(mut child: Child, log: impl Fn() -> String) -> Process {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = log();
            let line = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            if let Some(line) = line.into_iter().find(|line| line["message"] == "patchbay answers calls") {
                let at = |key: &str| line[key].as_str().expect("an address").parse().expect("an address");
                return Process { child, edge: at("edge"), admin: at("admin"), http: http_client(), log: None };
            }
            let ended = child.try_wait().expect("it can be asked");
            // What it said last may have come since.
            assert!(ended.is_none() && Instant::now() < deadline, "{ended:?}: {}", log());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// The system's name for it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal: `TERM`, `INT`, `KILL`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{name} is sent");
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return status;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Asks the admin API.
    pub async fn admin(&self, method: &str, path: &str, token: &str, body: Value) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("http://{}{path}", self.admin)).bearer_auth(token);
        let request = if body.is_null() { request } else { request.json(&body) };
        let answer = request.send().await.expect("the admin API answers");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// All rows of a list.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let (_, page) =
                self.admin("GET", &format!("{path}?limit=200{cursor}"), crate::rig::OPERATOR, Value::Null).await;
            rows.extend(page["data"].as_array().unwrap_or_else(|| panic!("{page}")).iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return rows,
            }
        }
    }

    /// A tenant whose AI is reached in this way, and its number.
    pub async fn tenant(&self, number: &str, connect: Value) -> String {
        let name = format!("Smile Dental {}", &number[number.len() - 4..]);
        let tenant = json!({"name": name, "target": {"kind": "assistant", "id": "asst-1"}, "connect": connect});
        let operator = crate::rig::OPERATOR;
        let (status, tenant) = self.admin("POST", "/api/tenants", operator, tenant).await;
        assert_eq!(status, 201, "{tenant}");
        let owned = json!({"e164": number, "tenantId": tenant["id"]});
        let (status, owned) = self.admin("POST", "/api/numbers/owned", operator, owned).await;
        assert_eq!(status, 201, "{owned}");
        tenant["id"].as_str().expect("an id").to_owned()
    }

    /// Asks the edge as Twilio does.
    pub async fn webhook(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let url = format!("http://{}{path}", self.edge);
        let mut all = vec![("AccountSid", ACCOUNT)];
        all.extend_from_slice(fields);
        let request = self.http.post(&url).header("X-Twilio-Signature", sign(&url, &all)).form(&all);
        let answer = request.send().await.expect("the edge answers");
        (answer.status().as_u16(), answer.text().await.expect("a whole answer"))
    }

    /// Calls until the directory knows the number. On a machine that is busy elsewhere the first callers may hear that
    /// the line has trouble, which is a promise of its own and not this one.
    pub async fn known(&self, number: &str) {
        let call = [("CallSid", "CA0"), ("From", "+14165550100"), ("To", number), ("CallStatus", "ringing")];
        for _ in 0..50 {
            if self.webhook("/api/twilio/voice", &call).await.1.contains("<Dial") {
                return;
            }
        }
        panic!("{number} is not known");
    }

    /// Waits until all that was in the spool is in the store. It comes there behind the start and behind everything else
    /// that runs here, so it may take as long as it likes, but has to go on.
    pub async fn drained(&self) {
        let (mut least, mut deadline) = (u64::MAX, Instant::now() + PATIENCE);
        loop {
            let metrics = self.metrics().await;
            let depth = metrics.lines().find_map(|line| line.strip_prefix("patchbay_spool_depth "));
            let depth = depth.expect("it is shown").parse().expect("a number");
            match depth {
                0 => return,
                _ if depth < least => (least, deadline) = (depth, Instant::now() + PATIENCE),
                _ => assert!(Instant::now() < deadline, "{depth} records in the spool, and none goes to the store"),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    pub async fn metrics(&self) -> String {
        let answer = self.http.get(format!("http://{}/metrics", self.admin)).send().await.expect("metrics");
        answer.text().await.expect("text")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(log) = &self.log {
            leave(&fs::read(log).unwrap_or_default());
        }
    }
}

/// Leaves a log where `PATCHBAY_TEST_OUTPUT` says, for whoever searches all output of the suite afterwards.
fn leave(text: &[u8]) {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let Some(place) = std::env::var_os("PATCHBAY_TEST_OUTPUT") else { return };
    let name = format!("{}-{}.log", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    fs::write(Path::new(&place).join(name), text).expect("the directory of the outputs is there");
}

/// All that was logged in this directory.
pub fn logged(dir: &Path) -> String {
    fs::read_to_string(dir.join("log")).expect("the log")
}

/// A place where nothing can be written.
pub fn full() -> File {
    OpenOptions::new().write(true).open("/dev/full").expect("/dev/full")
}
