//! What the binary promises whoever starts it: exit codes, errors one can act on, a token shown once, a log that
//! tells nothing it must not, metrics that are all there.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Process, WITH_ACCOUNTS, full, logged, patchbay, said};
use crate::rig::OPERATOR;

const SHOWN: &str = "operator token (shown once, keep it): ";

fn empty() -> TempDir {
    TempDir::new().expect("a directory")
}

fn token(dir: &Path) -> String {
    let log = logged(dir);
    let shown: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix(SHOWN)).collect();
    assert_eq!(shown.len(), 1, "{log}");
    shown[0].to_owned()
}

/// What `serve` says when it cannot: one sentence, exit code 1.
fn refusal(dir: &Path, env: &[(&str, &str)]) -> String {
    let (code, out, err) = said(patchbay(dir, &["serve"], env));
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    // Beside the log, which is JSON.
    let told: Vec<&str> = err.lines().filter(|line| !line.starts_with('{')).collect();
    assert_eq!(told.len(), 1, "one sentence: {err}");
    told[0].strip_prefix("patchbay: ").unwrap_or_else(|| panic!("{err}")).to_owned()
}

#[test]
fn exit_codes_are_0_for_done_1_for_failed_2_for_wrong_usage() {
    let dir = empty();
    let code = |words: &[&str]| said(patchbay(dir.path(), words, &[])).0;
    for done in [&["--help"][..], &["--version"], &["serve", "--help"], &["check"], &["decide"]] {
        assert_eq!(code(done), 0, "{done:?}");
    }
    let one = ["call", "--to", "+16475550123", "--at", "2026-11-20T15:00:00Z"];
    for failed in [&["serve", "--config", "missing.toml"][..], &["check", "--config", "missing.toml"], &one] {
        assert_eq!(code(failed), 1, "{failed:?}");
    }
    let no_edge = ["call", "--to", "+16475550123", "--account", "AC1", "--token", "t", "--edge", "127.0.0.1:8080"];
    let ftp = ["call", "--to", "+16475550123", "--account", "AC1", "--token", "t", "--edge", "ftp://127.0.0.1"];
    for wrong in [&[][..], &["dance"], &["serve", "--loud"], &["decide", "now"], &no_edge, &ftp] {
        assert_eq!(code(wrong), 2, "{wrong:?}");
    }
}

#[test]
fn every_command_explains_itself() {
    let dir = empty();
    for (command, part) in [
        ("serve", "--config"),
        ("demo", "--once"),
        ("call", "--staff"),
        ("sim", "--listen"),
        ("decide", "\"activeCalls\":3"),
        ("check", "--config"),
        ("console", "PATCHBAY_TOKEN"),
    ] {
        let (code, out, _) = said(patchbay(dir.path(), &[command, "--help"], &[]));
        assert!(code == 0 && out.contains(part), "{command}: {out}");
    }
}

#[test]
fn faults_of_the_settings_are_told_all_at_once_and_nothing_is_made() {
    let dir = empty();
    let wrong = [
        ("PATCHBAY_EDGE__LISTNE", "127.0.0.1:1"),
        ("PATCHBAY_STORE__URL", "mysql://nobody"),
        ("PATCHBAY_POLICY__QUARANTINE_DAYS", "-1"),
        ("TWILIO_AUTH_TOKEN", "planted-auth-token"),
    ];
    for command in ["serve", "check"] {
        let (code, _, err) = said(patchbay(dir.path(), &[command], &wrong));
        assert_eq!(code, 1);
        assert!(err.starts_with("patchbay: the settings have 4 faults; mend them and try again\n"), "{err}");
        for (name, value) in wrong {
            assert!(err.contains(name), "{name} is missing: {err}");
            assert!(!err.contains(value) || !value.contains("planted"), "{err}");
        }
        assert!(err.contains("did you mean edge.listen?"), "{err}");
    }
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
}

#[test]
fn what_keeps_it_from_starting_is_one_sentence() {
    let dir = empty();
    fs::write(dir.path().join("file"), "no directory").expect("written");
    let key = |byte: &str| byte.repeat(43) + "=";
    for (env, part) in [
        (("PATCHBAY_STORE__URL", "sqlite:no/such/place.db"), "directory of the store must be there"),
        (("PATCHBAY_SPOOL__DIR", "file"), "spool directory"),
        (("PATCHBAY_SECRETS__KEY_FILE", "no-such-key"), "could not read the key file no-such-key"),
    ] {
        let told = refusal(dir.path(), &[env]);
        assert!(told.contains(part), "{told}");
    }
    let dir = empty();
    let made_with = ("PATCHBAY_SECRETS__KEY", key("A"));
    let running = Process::start(dir.path(), &[(made_with.0, &made_with.1)]);
    let told = refusal(dir.path(), &[(made_with.0, &made_with.1)]);
    assert!(told.contains("another patchbay process"), "{told}");
    drop(running);
    let told = refusal(dir.path(), &[("PATCHBAY_SECRETS__KEY", &("B".to_owned() + &key("A")[1..]))]);
    assert!(told.contains("sealed with another key"), "{told}");
    let told = refusal(dir.path(), &[]);
    assert!(told.contains("key file patchbay.db.key is not"), "{told}");
}

#[test]
fn a_listener_that_cannot_be_had_is_one_sentence() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("an address").to_string();
    for name in ["PATCHBAY_ADMIN__LISTEN", "PATCHBAY_EDGE__LISTEN"] {
        let dir = empty();
        let told = refusal(dir.path(), &[(name, &address)]);
        assert!(told.contains(&format!("could not listen on {address}")), "{told}");
    }
    let dir = empty();
    let told = refusal(dir.path(), &[("PATCHBAY_EDGE__TLS__CERT", "no.crt"), ("PATCHBAY_EDGE__TLS__KEY", "no.key")]);
    assert!(told.contains("could not load edge.tls") && told.contains("no.crt"), "{told}");
}

#[tokio::test]
async fn the_operator_token_is_shown_once_and_only_once() {
    let dir = empty();
    let mut first = Process::start(dir.path(), &[]);
    let shown = wait_for_token(dir.path());
    assert_eq!(first.admin("GET", "/api/tenants", &shown, Value::Null).await.0, 200);
    assert_eq!(first.admin("GET", "/api/tenants", "pb_of_nobody", Value::Null).await.0, 401);
    first.signal("TERM");
    assert!(first.ended().success());
    let mut second = Process::start(dir.path(), &[]);
    assert_eq!(second.admin("GET", "/api/tenants", &shown, Value::Null).await.0, 200);
    second.signal("KILL");
    second.ended();
    let third = Process::start(dir.path(), &[]);
    assert_eq!(third.admin("GET", "/api/tenants", &shown, Value::Null).await.0, 200);
    assert_eq!(token(dir.path()), shown);
}

#[tokio::test]
async fn the_first_start_and_a_command_give_a_link_that_opens_the_console_once() {
    let dir = empty();
    let process = Process::start(dir.path(), &[]);
    let token = wait_for_token(dir.path());
    let log = logged(dir.path());
    let first = log
        .lines()
        .find_map(|line| line.strip_prefix("the console, by a link that is good once and for ten minutes: "));
    let url = format!("http://{}", process.admin);
    let env = [("PATCHBAY_ADMIN_URL", url.as_str()), ("PATCHBAY_TOKEN", &token)];
    let (code, out, err) = said(patchbay(dir.path(), &["console"], &env));
    assert_eq!(code, 0, "{err}");
    assert!(err.starts_with("good once, until "), "{err}");
    for shown in [first.expect("a link"), out.trim_end()] {
        let link = shown.strip_prefix(&format!("{url}/sign-in#")).unwrap_or_else(|| panic!("{shown}"));
        let sign_in = || process.admin("POST", "/api/session", "pb_of_nobody", json!({"link": link}));
        let (status, body) = sign_in().await;
        assert_eq!((status, &body["role"]), (200, &json!("operator")));
        assert_eq!(sign_in().await.0, 401);
    }
    let (_, out, _) = said(patchbay(dir.path(), &["console", "--json"], &env));
    let made: Value = serde_json::from_str(&out).expect("JSON");
    assert!(made["link"].is_string() && made["url"].is_string() && made["expiresAt"].is_string(), "{made}");
}

fn wait_for_token(dir: &Path) -> String {
    for _ in 0..500 {
        if logged(dir).contains(SHOWN) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    token(dir)
}

#[test]
fn a_first_start_that_fails_does_not_swallow_the_token() {
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = held.local_addr().expect("an address").to_string();
    for name in ["PATCHBAY_ADMIN__LISTEN", "PATCHBAY_EDGE__LISTEN"] {
        let dir = empty();
        let (code, _, err) = said(patchbay(dir.path(), &["serve"], &[(name, &address)]));
        assert!(code != 0 && !err.contains(SHOWN), "{err}");
        let _running = Process::start(dir.path(), &[]);
        wait_for_token(dir.path());
    }
}

#[test]
fn a_standard_error_that_takes_nothing_changes_no_exit_code_and_does_not_swallow_the_token() {
    let dir = empty();
    let mut failing = patchbay(dir.path(), &["serve", "--config", "missing.toml"], &[]);
    let status = failing.stderr(Stdio::from(full())).status().expect("it runs");
    assert_eq!(status.code(), Some(1));

    let out = fs::File::create(dir.path().join("log")).expect("a file");
    let mut first = patchbay(dir.path(), &["serve"], &[]);
    let mut child = first.stderr(Stdio::from(full())).stdout(Stdio::from(out)).spawn().expect("it starts");
    wait_for_token(dir.path());
    assert!(child.try_wait().expect("it can be asked").is_none(), "it goes on");
    child.kill().expect("it was there");
    child.wait().expect("it has ended");
}

#[test]
fn a_demo_whose_reader_has_gone_ends_well() {
    let dir = empty();
    for out in [true, false] {
        let mut demo = patchbay(dir.path(), &["demo", "--once"], &[]);
        if out {
            demo.stdout(Stdio::from(full()))
        } else {
            demo.stderr(Stdio::from(full()))
        };
        assert_eq!(said_status(demo), Some(0));
    }
}

fn said_status(mut command: std::process::Command) -> Option<i32> {
    command.status().expect("it runs").code()
}

#[tokio::test]
async fn what_it_keeps_is_for_its_owner_alone() {
    let dir = empty();
    let running = Process::start(dir.path(), &WITH_ACCOUNTS);
    running.tenant("+16475550123", json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
    let call = [("CallSid", "CA1"), ("From", "+14165550177"), ("To", "+16475550123"), ("CallStatus", "ringing")];
    assert_eq!(running.webhook("/api/twilio/voice", &call).await.0, 200);
    let recording = [("CallSid", "CA1"), ("RecordingSid", "RE1"), ("RecordingStatus", "completed")];
    assert_eq!(running.webhook("/api/twilio/voicemail", &recording).await.0, 204);
    let mut looked_at = 0;
    let mut look = |path: &Path| {
        for entry in fs::read_dir(path).expect("listed") {
            let entry = entry.expect("an entry");
            if entry.file_name() == "log" {
                continue;
            }
            let mode = entry.metadata().expect("there").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is {mode:o}", entry.path().display());
            looked_at += 1;
        }
    };
    look(dir.path());
    look(&dir.path().join("patchbay-spool"));
    assert!(looked_at >= 6, "{looked_at}");
}

/// The threads of a process by name, with how far each stands back (`nice`).
fn threads(pid: u32) -> Vec<(String, i32)> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("it runs");
    // One that ends meanwhile cannot be read any more.
    let stats = tasks.filter_map(|task| fs::read_to_string(task.expect("an entry").path().join("stat")).ok());
    let thread = |stat: String| {
        let (name, rest) =
            stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).expect("a name in brackets");
        (name.to_owned(), rest.split_whitespace().nth(16).and_then(|nice| nice.parse().ok()).expect("a number"))
    };
    stats.map(thread).collect()
}

#[test]
fn calls_and_whatever_somebody_waits_for_come_before_what_is_written_to_the_store_in_its_time() {
    let dir = empty();
    let running = Process::start(dir.path(), &WITH_ACCOUNTS);
    let threads = threads(running.pid());
    let nice = |begin: &str| -> Vec<i32> {
        threads.iter().filter(|(name, _)| name.starts_with(begin)).map(|(_, nice)| *nice).collect()
    };
    let ours = nice("edge")[0];
    assert!(ours < 19, "run the suite with a nice value below 19");
    for first in ["edge", "patchbay-back", "journal", "log"] {
        assert!(!nice(first).is_empty() && nice(first).iter().all(|nice| *nice == ours), "{first}: {threads:?}");
    }
    assert_eq!(nice("patchbay-drain"), [19], "{threads:?}");
    let mut of_the_store = nice("sqlx-sqlite");
    of_the_store.sort_unstable();
    let expected = [ours, ours, ours, ours, ours, 19];
    assert_eq!(of_the_store, expected, "four that read, one that writes at once, one in its time: {threads:?}");
}

/// A caller, a number of ours and a person's number that appear nowhere else.
const PLANTED_NUMBERS: [&str; 4] = ["4165550177", "6475550124", "6475550125", "9055550188"];

#[tokio::test]
async fn no_secret_and_no_whole_phone_number_is_ever_logged() {
    let dir = empty();
    let mut env = WITH_ACCOUNTS.to_vec();
    env.extend([
        ("PATCHBAY_LOG__LEVEL", "trace"),
        ("PATCHBAY_SECRETS__KEY", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="),
    ]);
    let mut running = Process::start(dir.path(), &env);
    let password = "planted-password-0123456789";
    let sip = json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai", "username": "planted-username-0123456", "password": password});
    let tenant = running.tenant("+16475550124", sip).await;
    running.tenant("+16475550125", json!({"via": "bypass"})).await;
    let availability = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": "+19055550188"}});
    let path = format!("/api/tenants/{tenant}/availability");
    assert_eq!(running.admin("PUT", &path, OPERATOR, availability).await.0, 200);
    assert_eq!(
        running.admin("GET", "/api/numbers/owned?q=%2B16475550124", "planted-wrong-token", Value::Null).await.0,
        401
    );
    assert_eq!(running.admin("POST", &path, OPERATOR, json!("+14165550177")).await.0, 405);

    for (index, to) in ["+16475550124", "+16475550125", "+14165550177"].into_iter().enumerate() {
        let sid = format!("CA{index}");
        let call = [("CallSid", sid.as_str()), ("From", "+14165550177"), ("To", to), ("CallStatus", "ringing")];
        assert_eq!(running.webhook("/api/twilio/voice", &call).await.0, 200);
        let spaced = [("CallSid", sid.as_str()), ("From", "14165550177"), ("To", "sip:+14165550177@x;user=phone")];
        assert_eq!(running.webhook("/api/twilio/sip", &spaced).await.0, 200);
        let leg = [("CallSid", sid.as_str()), ("DialCallStatus", "busy"), ("From", "+14165550177"), ("To", to)];
        running.webhook(&format!("/api/twilio/next?t={tenant}&w=ai"), &leg).await;
        let refer =
            [("CallSid", sid.as_str()), ("ReferTransferTarget", "sip:+19055550188@x"), ("From", "+14165550177")];
        running.webhook(&format!("/api/twilio/refer?t={tenant}&w=ai"), &refer).await;
        let message = [
            ("CallSid", sid.as_str()),
            ("RecordingSid", "RE1"),
            ("RecordingStatus", "completed"),
            ("From", "+14165550177"),
        ];
        running.webhook("/api/twilio/voicemail", &message).await;
        running
            .webhook(
                "/api/twilio/transcription",
                &[("CallSid", &sid), ("TranscriptionText", "planted words of a caller")],
            )
            .await;
        running
            .webhook("/api/twilio/status", &[("CallSid", &sid), ("CallStatus", "completed"), ("From", "+14165550177")])
            .await;
    }
    // What is refused is logged too.
    let edge = running.edge;
    let query = "AccountSid=AC1&From=%2B14165550177&To=%2B16475550124&Digits=planted-digits";
    for path in ["/api/twilio/voice", "/api/twilio/sip", "/api/twilio/status", "/api/twilio/nothing"] {
        for account in ["AC1", crate::rig::ACCOUNT] {
            let url = format!("http://{edge}{path}?{}", query.replace("AC1", account));
            running.http.get(&url).header("X-Twilio-Signature", "planted-signature").send().await.expect("an answer");
            let form = url.split_once('?').expect("a query").1.to_owned();
            let plain =
                running.http.post(format!("http://{edge}{path}")).header("X-Twilio-Signature", "planted-signature");
            plain
                .header("Content-Type", "application/x-www-form-urlencoded")
                .body(form)
                .send()
                .await
                .expect("an answer");
        }
    }
    let vapi = json!({"message": {"type": "assistant-request", "call": {"id": "c1", "customer": {"number": "+14165550177"},
        "phoneNumber": {"number": "+16475550124"}}}});
    for secret in [crate::rig::VAPI_SECRET, "planted-wrong-secret"] {
        let asked = running.http.post(format!("http://{edge}/api/vapi/webhook")).header("X-Vapi-Secret", secret);
        asked.json(&vapi).send().await.expect("an answer");
    }
    running.signal("TERM");
    assert!(running.ended().success());

    let log = logged(dir.path());
    assert!(log.contains("•••0177") && log.contains("signature refused"), "{log}");
    let own = WITH_ACCOUNTS.iter().filter(|(name, _)| *name != "TWILIO_ACCOUNT_SID").map(|(_, value)| *value);
    for secret in own.chain(["planted", "QUJDREVGR0hJSktMTU5PUFFS"]).chain(PLANTED_NUMBERS) {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{secret} is in {line:?}");
    }
}

#[tokio::test]
async fn every_metric_of_the_call_path_is_there_and_no_label_names_a_tenant_or_a_number() {
    let dir = empty();
    let env = [&WITH_ACCOUNTS[..], &[("PATCHBAY_VAPI__CONCURRENCY_LIMIT", "12")]].concat();
    let running = Process::start(dir.path(), &env);
    let tenant = running.tenant("+16475550124", json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
    running.tenant("+16475550125", json!({"via": "bypass"})).await;
    let before = running.metrics().await;
    assert!(before.contains("patchbay_provider_requests_total{"), "shown before the first request to a provider");
    running.known("+16475550124").await;
    for (sid, to) in [("CA1", "+16475550124"), ("CA2", "+16475550125"), ("CA3", "+19055550100")] {
        let call = [("CallSid", sid), ("From", "+14165550177"), ("To", to), ("CallStatus", "ringing")];
        assert_eq!(running.webhook("/api/twilio/voice", &call).await.0, 200);
    }
    running
        .webhook(&format!("/api/twilio/next?t={tenant}&w=ai"), &[("CallSid", "CA1"), ("DialCallStatus", "busy")])
        .await;
    running.webhook("/api/twilio/status", &[("CallSid", "CA1"), ("CallStatus", "completed")]).await;
    let text = running.metrics().await;
    for (name, label) in [
        ("patchbay_webhook_requests_total", "endpoint=\"voice\",status=\"200\""),
        ("patchbay_webhook_duration_seconds_bucket", "endpoint=\"voice\",le=\"15\""),
        ("patchbay_decisions_total", "outcome=\"ai\",reason=\"always-on\""),
        ("patchbay_live_calls", "pool=\"tenant\""),
        ("patchbay_leases_ended_total", "by=\""),
        ("patchbay_directory_lookups_total", "result=\"negative\""),
        ("patchbay_signature_failures_total", "cause=\""),
        ("patchbay_ai_dials_total", "outcome=\"busy\""),
        ("patchbay_ai_breaker", "state=\""),
        ("patchbay_provider_requests_total", "provider=\"vapi\",operation=\"bypass\",outcome=\"unreachable\""),
        ("patchbay_provider_duration_seconds_count", "provider=\"vapi\""),
        ("patchbay_store_up", ""),
        ("patchbay_ledger_mode", "mode=\"memory\""),
        ("patchbay_spool_depth", ""),
        ("patchbay_vapi_lines", " 12"),
        ("patchbay_certificate_end_timestamp_seconds", " 0"),
        ("patchbay_build_info", "tzdb=\"20"),
    ] {
        let shown = text.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
        });
        assert!(shown, "{name} {label} is missing in\n{text}");
    }
    for pool in ["number", "tenant", "org", "vapi"] {
        assert!(text.contains(&format!("patchbay_live_calls{{pool=\"{pool}\"}}")), "{pool}");
    }
    for part in ["ten_", "org_", "647555", "smile", "CA1", "asst-1", crate::rig::ACCOUNT] {
        let line = text.lines().find(|line| line.contains(part));
        assert!(line.is_none(), "{part} is in {line:?}");
    }
}
