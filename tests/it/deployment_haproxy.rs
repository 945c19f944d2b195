//! HAProxy with the configuration we ship, in front of three real edges: whoever calls while one of them stops, starts or
//! dies is answered, and what happens when none is left.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Sleep, sleep};

use crate::binary::{Process, WITH_ACCOUNTS};
use crate::rig::{ACCOUNT, http_client, sign};
use crate::servers::port::free_address;

const NUMBER: &str = "+16475550123";
const HOST: &str = "edge.example.com";
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A file of the tree.
fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("readable")
}

/// HAProxy is no part of the toolchain; without it these promises are not looked at, and that must be seen.
fn haproxy() -> Command {
    let mut command = Command::new("haproxy");
    if command.arg("-v").stdout(Stdio::null()).status().is_err() {
        panic!("there is no haproxy: apt-get install haproxy (2.6 or later)");
    }
    Command::new("haproxy")
}

/// One edge on ports of its own, which it comes back to.
struct Edge {
    dir: TempDir,
    calls: SocketAddr,
    admin: SocketAddr,
}

impl Edge {
    fn new() -> Edge {
        Edge { dir: TempDir::new().expect("a directory"), calls: free_address(), admin: free_address() }
    }

    fn start(&self) -> Process {
        let (calls, admin) = (self.calls.to_string(), self.admin.to_string());
        let public = format!("https://{HOST}");
        let mut env = WITH_ACCOUNTS.to_vec();
        env.push(("PATCHBAY_EDGE__LISTEN", &calls));
        env.push(("PATCHBAY_ADMIN__LISTEN", &admin));
        env.push(("PATCHBAY_EDGE__PUBLIC_URL", &public));
        env.push(("PATCHBAY_EDGE__TRUSTED_PROXIES", "127.0.0.1"));
        Process::start(self.dir.path(), &env)
    }
}

/// HAProxy, started with our configuration, on free ports. Killed when dropped.
struct Front {
    child: Child,
    public: SocketAddr,
    plain: SocketAddr,
    admin: SocketAddr,
    metrics: SocketAddr,
    http: reqwest::Client,
    dir: TempDir,
}

/// The configuration with the places of this test in it, and the certificate it names.
fn configured(dir: &Path, edges: &[Edge], ports: [SocketAddr; 4]) -> (PathBuf, String) {
    let certificate = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).expect("a certificate");
    let pem = dir.join("edge.pem");
    let chain = certificate.cert.pem();
    fs::write(&pem, chain.clone() + &certificate.signing_key.serialize_pem()).expect("written");
    let [public, plain, admin, metrics] = ports;
    let mut text = file("config/haproxy.cfg");
    let mut replace = |from: String, to: String| {
        assert!(text.contains(&from), "config/haproxy.cfg has no {from:?}");
        text = text.replace(&from, &to);
    };
    replace("/etc/haproxy/edge.pem".to_owned(), pem.display().to_string());
    // A machine that tests allows fewer open files.
    replace("    maxconn 20000".to_owned(), "    maxconn 200".to_owned());
    for (from, to) in [("8443", public), ("8080", plain), ("8081", admin), ("8405", metrics)] {
        replace(format!("    bind :{from}"), format!("    bind {to}"));
    }
    for (number, edge) in edges.iter().enumerate() {
        replace(format!(" edge{}:8080 check", number + 1), format!(" {} check", edge.calls));
        replace(format!(" edge{}:8081 check", number + 1), format!(" {} check", edge.admin));
    }
    let file = dir.join("haproxy.cfg");
    fs::write(&file, text).expect("written");
    (file, chain)
}

impl Front {
    fn start(edges: &[Edge]) -> Front {
        let dir = TempDir::new().expect("a directory");
        let ports = [free_address(), free_address(), free_address(), free_address()];
        let (file, chain) = configured(dir.path(), edges, ports);
        let log = fs::File::create(dir.path().join("log")).expect("a log");
        let mut command = haproxy();
        command.args(["-db", "-f"]).arg(file).stdout(log.try_clone().expect("a log")).stderr(log);
        let child = command.spawn().expect("HAProxy starts");
        let [public, plain, admin, metrics] = ports;
        let _ = http_client();
        let root = reqwest::Certificate::from_pem(chain.as_bytes()).expect("a certificate");
        let http = reqwest::Client::builder()
            .tls_certs_only([root])
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .resolve(HOST, public)
            .timeout(Duration::from_secs(15))
            .build()
            .expect("a client");
        Front { child, public, plain, admin, metrics, http, dir }
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<(u16, String), String> {
        self.post_with(path, fields, false).await
    }

    async fn post_with(&self, path: &str, fields: &[(&str, &str)], in_two: bool) -> Result<(u16, String), String> {
        let base = format!("https://{HOST}:{}", self.public.port());
        post(&self.http, &base, path, fields, in_two).await
    }

    /// What HAProxy tells Prometheus; nothing while it does not listen.
    async fn metrics(&self) -> String {
        match self.http.get(format!("http://{}/metrics", self.metrics)).send().await {
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits until HAProxy sends calls to these edges and to no other.
    async fn sends_to(&self, edges: &[usize]) {
        let wanted: BTreeSet<String> = edges.iter().map(|edge| format!("edge{edge}")).collect();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let metrics = self.metrics().await;
            let up = metrics.lines().filter(|line| {
                line.starts_with("haproxy_server_status{proxy=\"edges\"") && line.ends_with("state=\"UP\"} 1")
            });
            let up: BTreeSet<String> =
                up.filter_map(|line| line.split("server=\"").nth(1)?.split('"').next().map(str::to_owned)).collect();
            if up == wanted {
                return;
            }
            let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "HAProxy sends to {up:?}, not to {wanted:?}: {log}");
            sleep(LOOK_EVERY).await;
        }
    }

    /// Sums what HAProxy counts under a name, for the edges.
    async fn counted(&self, name: &str) -> f64 {
        let metrics = self.metrics().await;
        let lines = metrics.lines().filter(|line| line.starts_with(&format!("{name}{{proxy=\"edges\"")));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A webhook as Twilio sends it: what it signs is the public address, wherever the request goes.
async fn post(
    http: &reqwest::Client,
    base: &str,
    path: &str,
    fields: &[(&str, &str)],
    in_two: bool,
) -> Result<(u16, String), String> {
    let mut all = vec![("AccountSid", ACCOUNT)];
    all.extend_from_slice(fields);
    let signature = sign(&format!("https://{HOST}{path}"), &all);
    let request = http.post(format!("{base}{path}")).header("X-Twilio-Signature", signature);
    let pairs: Vec<String> = all.iter().map(|(name, value)| format!("{name}={}", value.replace('+', "%2B"))).collect();
    let form = pairs.join("&");
    let request = request
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Content-Length", form.len())
        .body(if in_two { reqwest::Body::wrap(InTwo::new(form)) } else { form.into() });
    let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
    let status = answer.status().as_u16();
    Ok((status, answer.text().await.map_err(|error| format!("{error:?}"))?))
}

/// A form whose two halves come apart, as on a network that has other things to do.
struct InTwo {
    halves: VecDeque<Bytes>,
    pause: Pin<Box<Sleep>>,
}

impl InTwo {
    fn new(form: String) -> InTwo {
        let (first, second) = form.split_at(form.len() / 2);
        let halves = [first, second].map(|half| Bytes::from(half.to_owned()));
        InTwo { halves: halves.into(), pause: Box::pin(sleep(Duration::ZERO)) }
    }
}

impl Body for InTwo {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.pause.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.pause = Box::pin(sleep(Duration::from_millis(10)));
        Poll::Ready(self.halves.pop_front().map(|half| Ok(Frame::data(half))))
    }
}

fn call(sid: &str) -> [(&str, &str); 4] {
    [("CallSid", sid), ("From", "+14165550100"), ("To", NUMBER), ("CallStatus", "ringing")]
}

/// Calls an edge past HAProxy until its directory knows the number.
async fn known(edge: &Edge) {
    let http = http_client();
    for turn in 0..50 {
        let sid = format!("CA-known-{turn}");
        let heard = post(&http, &format!("http://{}", edge.calls), "/api/twilio/voice", &call(&sid), false).await;
        if heard.is_ok_and(|(_, body)| body.contains("<Dial")) {
            return;
        }
    }
    panic!("{NUMBER} is not known");
}

#[test]
fn haproxy_takes_the_configuration() {
    let dir = TempDir::new().expect("a directory");
    let edges = [Edge::new(), Edge::new(), Edge::new()];
    let (ours, _) = configured(dir.path(), &edges, [free_address(), free_address(), free_address(), free_address()]);
    // With the names of the composition in it too, which nobody can resolve here.
    let named = dir.path().join("named.cfg");
    let pem = dir.path().join("edge.pem").display().to_string();
    let text = file("config/haproxy.cfg").replace("/etc/haproxy/edge.pem", &pem);
    fs::write(&named, text).expect("written");
    for file in [ours, named] {
        let judged = haproxy().args(["-c", "-f"]).arg(&file).output().expect("HAProxy runs");
        let said = String::from_utf8_lossy(&judged.stderr).into_owned();
        let warned =
            said.lines().filter(|line| line.contains("[WARNING]") && !line.contains("could not resolve address"));
        assert!(judged.status.success() && warned.count() == 0, "{said}");
    }
}

/// What was heard while the edges came and went.
#[derive(Default)]
struct Heard {
    answered: AtomicUsize,
    enough: AtomicBool,
    failed: std::sync::Mutex<Vec<String>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_is_lost_while_edges_stop_start_and_die() {
    let edges = [Edge::new(), Edge::new(), Edge::new()];
    let mut running: Vec<Process> = edges.iter().map(Edge::start).collect();
    for (edge, process) in edges.iter().zip(&running) {
        process.tenant(NUMBER, json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
        known(edge).await;
    }
    let front = Arc::new(Front::start(&edges));
    front.sends_to(&[1, 2, 3]).await;

    let heard = Arc::new(Heard::default());
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let (front, heard) = (Arc::clone(&front), Arc::clone(&heard));
            tokio::spawn(async move {
                let mut turn = 0;
                while !heard.enough.load(Ordering::Relaxed) {
                    turn += 1;
                    let sid = format!("CA-{caller}-{turn}");
                    match front.post_with("/api/twilio/voice", &call(&sid), caller % 2 == 1).await {
                        // That the line has trouble is an answer too: an edge that comes back has to ask its store first.
                        Ok((200, body)) if body.contains("</Response>") => {
                            heard.answered.fetch_add(1, Ordering::Relaxed);
                        }
                        other => heard.failed.lock().unwrap().push(format!("{sid}: {other:?}")),
                    }
                    sleep(Duration::from_millis(2)).await;
                }
            })
        })
        .collect();
    let answered = async |more: usize| {
        let enough = heard.answered.load(Ordering::Relaxed) + more;
        while heard.answered.load(Ordering::Relaxed) < enough && heard.failed.lock().unwrap().is_empty() {
            sleep(LOOK_EVERY).await;
        }
    };
    answered(100).await;
    // Each in its turn, as an upgrade does it; then one dies.
    for number in 0..3 {
        running[number].signal("TERM");
        assert_eq!(running[number].ended().code(), Some(0));
        answered(50).await;
        running[number] = edges[number].start();
        front.sends_to(&[1, 2, 3]).await;
        answered(50).await;
    }
    running[1].signal("KILL");
    running[1].ended();
    answered(100).await;
    front.sends_to(&[1, 3]).await;
    heard.enough.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.expect("a caller");
    }
    let failed = std::mem::take(&mut *heard.failed.lock().unwrap());
    let answered = heard.answered.load(Ordering::Relaxed);
    let again = front.counted("haproxy_server_redispatch_warnings_total").await;
    let retried = front.counted("haproxy_server_retry_warnings_total").await;
    println!("{answered} calls answered, {} lost; {again} sent to another edge, {retried} tried again", failed.len());
    assert!(failed.is_empty(), "{} of {answered} calls were lost: {failed:#?}", failed.len());
    assert!(answered >= 500, "{answered}");
    assert!(again > 0.0, "nobody met an edge that was gone, or waited until it was back");

    // What alerts and pictures ask HAProxy for is there.
    let metrics = front.metrics().await;
    let asked = ["config/alerts.yml", "config/grafana/dashboards/patchbay.json"].map(file);
    let name = regex::Regex::new("haproxy_[a-z_]+").expect("a pattern");
    let asked: BTreeSet<&str> =
        asked.iter().flat_map(|text| name.find_iter(text)).map(|found| found.as_str()).collect();
    assert!(asked.len() > 2, "{asked:?}");
    for name in asked {
        assert!(
            metrics.contains(&format!("\n{name}{{proxy=\"edges\",server=\"edge1\"")),
            "HAProxy does not show {name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_world_reaches_is_the_webhooks_and_with_no_edge_left_a_sentence() {
    let edges = [Edge::new(), Edge::new(), Edge::new()];
    let mut process = edges[0].start();
    process.tenant(NUMBER, json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai"})).await;
    known(&edges[0]).await;
    let mut front = Front::start(&edges);
    front.sends_to(&[1]).await;
    let base = format!("https://{HOST}:{}", front.public.port());
    let get = async |url: String| {
        let answer = front.http.get(url).send().await.expect("HAProxy answers");
        answer.status().as_u16()
    };
    assert_eq!(front.post("/api/twilio/voice", &call("CA1")).await.expect("an answer").0, 200);
    let becomes = async |url: String, wanted: u16| {
        let deadline = Instant::now() + PATIENCE;
        while get(url.clone()).await != wanted {
            assert!(Instant::now() < deadline, "{url} does not become {wanted}");
            sleep(LOOK_EVERY).await;
        }
    };
    becomes(format!("{base}/healthz"), 200).await;
    // Neither pages of ours nor of the admin API; and nothing without TLS.
    for path in ["/", "/metrics", "/api/tenants", "/readyz", "/api/twilio"] {
        assert_eq!(get(format!("{base}{path}")).await, 404, "{path}");
    }
    assert_eq!(get(format!("http://{}/api/twilio/voice", front.plain)).await, 308);
    // The admin API is there, on the listener that is published on the loopback alone.
    becomes(format!("http://{}/healthz", front.admin), 200).await;
    assert_eq!(get(format!("http://{}/api/tenants", front.admin)).await, 401);

    process.signal("TERM");
    process.ended();
    front.sends_to(&[]).await;
    becomes(format!("{base}/healthz"), 503).await;
    assert_eq!(front.post("/api/twilio/voice", &call("CA2")).await.expect("an answer").0, 503);
    let (status, body) = front.post("/api/twilio/fallback", &call("CA2")).await.expect("an answer");
    assert_eq!(status, 200);
    assert!(body.starts_with("<?xml") && body.ends_with("<Hangup/></Response>"), "{body}");

    // Told to stop softly it comes to its end by itself.
    let told = Command::new("sh").args(["-c", &format!("kill -USR1 {}", front.child.id())]).status();
    assert!(told.is_ok_and(|status| status.success()));
    front.http = http_client();
    let deadline = Instant::now() + PATIENCE;
    while front.child.try_wait().expect("it can be asked").is_none() {
        assert!(Instant::now() < deadline, "HAProxy does not end");
        sleep(LOOK_EVERY).await;
    }
}
