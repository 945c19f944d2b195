//! How the process ends: SIGTERM under load fails no request, a second signal ends it at once, a log nobody reads
//! holds neither calls nor the end up.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::binary::{Process, WITH_ACCOUNTS, logged, patchbay};
use crate::rig::{ACCOUNT, OPERATOR, sign};

const NUMBER: &str = "+16475550123";

/// The edge's own time for what is under way, and some for a busy machine.
const DRAINED_WITHIN: Duration = Duration::from_secs(15);

fn voice(edge: SocketAddr, sid: &str, connection: &str) -> String {
    let fields = [
        ("AccountSid", ACCOUNT),
        ("CallSid", sid),
        ("From", "+14165550101"),
        ("To", NUMBER),
        ("CallStatus", "ringing"),
    ];
    let signature = sign(&format!("http://{edge}/api/twilio/voice"), &fields);
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", value.replace('+', "%2B"))).collect();
    let body = pairs.join("&");
    format!(
        "POST /api/twilio/voice HTTP/1.1\r\nHost: {edge}\r\nX-Twilio-Signature: {signature}\r\nConnection: {connection}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The whole answer, or what came of it. Reads to the length the head tells.
async fn answer(socket: &mut TcpStream) -> Result<String, String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length.is_some_and(|length: usize| body.len() >= length) {
                return Ok(text);
            }
        }
        let mut part = [0; 4096];
        match socket.read(&mut part).await {
            Ok(0) => return Err(format!("ended after {} bytes", bytes.len())),
            Ok(read) => bytes.extend_from_slice(&part[..read]),
            Err(error) => return Err(format!("{error} after {} bytes", bytes.len())),
        }
    }
}

async fn started(dir: &TempDir) -> Process {
    let process = Process::start(dir.path(), &WITH_ACCOUNTS);
    process.tenant(NUMBER, json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
    process
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_fails_no_request_and_exits_0() {
    let dir = TempDir::new().expect("a directory");
    let mut process = started(&dir).await;
    let edge = process.edge;
    process.known(NUMBER).await;
    let answered = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::new(AtomicBool::new(false));
    // Half say for each call that it is the last on its connection, half keep the connection until it is taken away.
    let load: Vec<_> = (0..8)
        .map(|worker| {
            let (answered, told) = (Arc::clone(&answered), Arc::clone(&told));
            tokio::spawn(async move {
                let keeps = worker % 2 == 0;
                let connection = if keeps { "keep-alive" } else { "close" };
                let mut kept = None;
                for turn in 0.. {
                    // A door that is closed is no failure: the carrier goes on to the fallback URL, or to another edge.
                    let fresh = kept.is_none();
                    let mut socket = match kept.take() {
                        Some(socket) => socket,
                        None => match TcpStream::connect(edge).await {
                            Ok(socket) => socket,
                            Err(_) => return,
                        },
                    };
                    let sid = format!("CA-{worker}-{turn}");
                    let call = voice(edge, &sid, connection);
                    let sent = socket.write_all(call.as_bytes()).await.map_err(|error| error.to_string());
                    let heard = match sent {
                        Ok(()) => answer(&mut socket).await,
                        Err(error) => Err(error),
                    };
                    match heard {
                        Ok(heard) => {
                            // Valid TwiML in any case; the AI is dialled, for the directory knows the number by now.
                            assert!(
                                heard.starts_with("HTTP/1.1 200") && heard.contains("</Dial></Response>"),
                                "{heard}"
                            );
                            answered.lock().unwrap().push(sid);
                            let goes_on = !heard.to_ascii_lowercase().contains("connection: close");
                            kept = (keeps && goes_on).then_some(socket);
                        }
                        // The system takes connections before the edge does: one that waits at the door as it is closed
                        // is sent away unheard, and the door stays closed. What the edge took it has to answer.
                        Err(error)
                            if fresh
                                && told.load(Ordering::Relaxed)
                                && error.ends_with("after 0 bytes")
                                && TcpStream::connect(edge).await.is_err() =>
                        {
                            return;
                        }
                        Err(error) => panic!("call {turn} of {worker} (fresh: {fresh}): {error}"),
                    }
                }
            })
        })
        .collect();
    while answered.lock().unwrap().len() < 500 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    told.store(true, Ordering::Relaxed);
    process.signal("TERM");
    for worker in load {
        worker.await.expect("every call that was accepted is answered");
    }
    let status = process.ended();
    assert_eq!(status.code(), Some(0));
    assert!(began.elapsed() < DRAINED_WITHIN, "{:?}", began.elapsed());
    let log = log_of(dir.path());
    assert!(!log.contains("open still when the time to drain was up"), "{log}");

    let answered = std::mem::take(&mut *answered.lock().unwrap());
    // What was answered is there at the next start.
    let process = Process::start(dir.path(), &WITH_ACCOUNTS);
    let (_, page) = process.admin("GET", "/api/live", OPERATOR, Value::Null).await;
    let live: BTreeSet<&str> =
        page["data"].as_array().into_iter().flatten().filter_map(|row| row["callSid"].as_str()).collect();
    let lost: Vec<&String> = answered.iter().filter(|sid| !live.contains(sid.as_str())).collect();
    assert!(lost.is_empty(), "{} of {} calls are lost: {lost:?}\n{}", lost.len(), answered.len(), log_of(dir.path()));
}

/// The log without the lines of calls.
fn log_of(dir: &Path) -> String {
    let log = logged(dir);
    log.lines().filter(|line| !line.contains("patchbay::call")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_request_under_way_is_awaited_and_a_second_signal_is_not() {
    for (first, second) in [("TERM", "INT"), ("INT", "TERM"), ("TERM", "TERM")] {
        let dir = TempDir::new().expect("a directory");
        let mut process = started(&dir).await;
        let call = voice(process.edge, "CA1", "close");
        let (begun, rest) = call.split_at(call.len() - 5);
        let mut patient = TcpStream::connect(process.edge).await.expect("connected");
        patient.write_all(begun.as_bytes()).await.expect("written");
        let mut stuck = TcpStream::connect(process.edge).await.expect("connected");
        stuck.write_all(begun.as_bytes()).await.expect("written");
        // The edge has begun to read both once it has answered a third.
        let (status, _) =
            process.webhook("/api/twilio/status", &[("CallSid", "CA9"), ("CallStatus", "completed")]).await;
        assert_eq!(status, 204);
        process.signal(first);
        closed(process.edge).await;
        patient.write_all(rest.as_bytes()).await.expect("written");
        let heard = answer(&mut patient).await.expect("what was under way is answered");
        assert!(heard.starts_with("HTTP/1.1 200"), "{heard}");
        let told = Instant::now();
        process.signal(second);
        let status = process.ended();
        assert_eq!(status.code(), Some(1), "what was cut off is a failure");
        assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
    }
}

/// Waits until nobody is let in any more.
async fn closed(edge: SocketAddr) {
    while TcpStream::connect(edge).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_neither_calls_nor_the_end() {
    let dir = TempDir::new().expect("a directory");
    let mut child =
        patchbay(dir.path(), &["serve"], &WITH_ACCOUNTS).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut pipe = child.stderr.take().expect("a pipe");
    let mut said = Vec::new();
    while !said.ends_with(b"\n") {
        let mut byte = [0];
        pipe.read_exact(&mut byte).expect("a line");
        said.push(byte[0]);
    }
    let said = String::from_utf8(said).expect("text");
    let mut process = Process::answering(child, || said.clone());
    process.tenant(NUMBER, json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
    // A pipe holds 64 kB; each line is some 400 bytes.
    for turn in 0..400 {
        let fields = [("CallSid", format!("CA{turn}")), ("From", "+14165550101".to_owned()), ("To", NUMBER.to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let asked = Instant::now();
        assert_eq!(process.webhook("/api/twilio/voice", &fields).await.0, 200);
        assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    }
    process.signal("TERM");
    assert_eq!(process.ended().code(), Some(0));
    drop(pipe);
}
