//! One core, and more work than it can do: what the store gets on such a machine.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS};
use crate::load::post;
use crate::rig::{OPERATOR, http_client};

const NUMBER: &str = "+16475550111";
const CHANGES: u32 = 20;
/// How many calls are under way at once.
const CALLERS: u32 = 8;

/// Whatever else keeps the core busy.
struct Busy(Child);

impl Busy {
    fn on(core: &str) -> Busy {
        let spin = ["-c", core, "sh", "-c", "while :; do :; done"];
        Busy(Command::new("taskset").args(spin).spawn().expect("util-linux is here"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first core this process may use.
fn a_core() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let cores = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).expect("a list");
    cores.trim().split([',', '-']).next().expect("a core").to_owned()
}

/// What is drained from the journal stands back behind calls, so on a full core it takes long; a change waits for its
/// turn behind it.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_comes_through_while_calls_leave_the_drain_hardly_any_of_the_core() {
    let dir = TempDir::new().expect("a directory");
    let http = http_client();
    let process = Process::start(dir.path(), &WITH_ACCOUNTS);
    let tenant = process.tenant(NUMBER, json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;

    let core = a_core();
    let pinned = Command::new("taskset").args(["-acp", &core, &process.pid().to_string()]).output();
    assert!(pinned.expect("util-linux is here").status.success());
    let _busy = Busy::on(&core);
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (http, edge) = (http.clone(), process.edge);
            tokio::spawn(async move {
                for turn in 0.. {
                    let call = format!("CA-{caller}-{turn}");
                    let fields = [
                        ("CallSid", call.as_str()),
                        ("From", "+14165550101"),
                        ("To", NUMBER),
                        ("CallStatus", "ringing"),
                    ];
                    post(&http, edge, "/api/twilio/voice", &fields).await;
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(2)).await;

    let url = format!("http://{}/api/tenants/{tenant}", process.admin);
    let mut answers = Vec::new();
    for change in 0..CHANGES {
        let began = Instant::now();
        let change = json!({"name": format!("Smile Dental {change}")});
        let request = http.patch(&url).bearer_auth(OPERATOR).json(&change);
        let status = request.send().await.expect("an answer").status().as_u16();
        answers.push((status, began.elapsed()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    callers.iter().for_each(|caller| caller.abort());
    let spooled = fs::read_dir(dir.path().join("patchbay-spool")).expect("a spool").count();
    let longest = answers.iter().map(|(_, took)| *took).max();
    println!("the longest of {CHANGES} changes took {longest:?}; {spooled} files in the spool");
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
}
