//! Voicemails to be heard: streamed from the simulated Twilio, whole and in parts, and each way it can go wrong.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use patchbay::admin::Audio;
use patchbay::model::{Record, VoicemailId, VoicemailState};
use patchbay::providers::{Http, Twilio};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::admin_desk::{Answer, Desk, TOKEN, audio_of};
use crate::caller_server::{Answer as Served, serve};
use crate::sim::Sim;
use crate::store_fixtures::{began, news, numbered, sid};

const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// A desk whose recordings are at this address, with one voicemail; where it is heard.
async fn desk_at(base: &str) -> (Desk, String) {
    let audio = audio_of(base);
    let desk = Desk::with(|state| state.audio = audio).await;
    let path = voicemail(&desk, 1, Some("RE1"), VoicemailState::Ready).await;
    (desk, path)
}

async fn voicemail(desk: &Desk, n: u32, recording: Option<&str>, state: VoicemailState) -> String {
    let mut left = news(n, &format!("CA{n}"), recording, state, 1);
    left.account_sid = Some(sid(ACCOUNT));
    let id: VoicemailId = left.id.clone();
    desk.store.apply(&format!("j{n}"), &numbered(1, &[Record::Voicemail(left)])).await.unwrap();
    format!("/api/voicemails/{id}/audio")
}

/// A simulated Twilio with a recording of four seconds.
async fn twilio() -> Sim {
    let sim = Sim::start().await;
    let recordings = json!([{"sid": "RE1", "duration": 4}]);
    sim.call(json!({"sid": "CA1", "status": "completed", "accountSid": ACCOUNT, "recordings": recordings})).await;
    sim
}

struct Heard {
    status: u16,
    headers: axum::http::HeaderMap,
    /// None where it broke off.
    body: Option<Vec<u8>>,
}

impl Heard {
    fn says(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

async fn hear(desk: &Desk, path: &str, range: Option<&str>) -> Heard {
    hear_by(desk, Method::GET, path, range).await
}

async fn hear_by(desk: &Desk, method: Method, path: &str, range: Option<&str>) -> Heard {
    let mut request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {TOKEN}"));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let (head, body) = desk.open(request.body(Body::empty()).unwrap()).await.into_parts();
    let body = body.collect().await.ok().map(|body| body.to_bytes().to_vec());
    Heard { status: head.status.as_u16(), headers: head.headers, body }
}

async fn problem(desk: &Desk, path: &str, status: u16) -> String {
    desk.get(path).await.problem(status).0
}

#[tokio::test]
async fn a_recording_is_heard_whole_and_in_parts() {
    let sim = twilio().await;
    let (desk, path) = desk_at(&sim.url()).await;
    let whole = hear(&desk, &path, None).await;
    let bytes = whole.body.clone().unwrap();
    assert_eq!((whole.status, whole.says("content-type")), (200, Some("audio/mpeg")));
    assert_eq!(whole.says("accept-ranges"), Some("bytes"));
    assert_eq!(whole.says("content-length"), Some(bytes.len().to_string().as_str()));
    assert_eq!(whole.says("cache-control"), Some("no-store"));
    assert_eq!(whole.says("location"), None);
    assert_eq!(bytes[..2], [0xFF, 0xFB]);
    let wav = hear(&desk, &format!("{path}?format=wav"), None).await;
    assert_eq!((wav.says("content-type"), &wav.body.as_ref().unwrap()[..4]), (Some("audio/wav"), &b"RIFF"[..]));

    let all = bytes.len();
    for (range, first, last) in [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, all - 1),
        ("bytes=-7", all - 7, all - 1),
        ("bytes=0-999999", 0, all - 1),
    ] {
        let part = hear(&desk, &path, Some(range)).await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(part.says("content-range"), Some(format!("bytes {first}-{last}/{all}").as_str()), "{range}");
        assert_eq!(part.body.unwrap(), bytes[first..=last], "{range}");
    }
    for odd in ["bytes=0-1,4-5", "bytes=9-1", "lines=0-1"] {
        assert_eq!(hear(&desk, &path, Some(odd)).await.status, 200, "{odd}");
    }
    let beyond = hear(&desk, &path, Some(&format!("bytes={all}-"))).await;
    assert_eq!((beyond.status, beyond.says("content-range")), (416, Some(format!("bytes */{all}").as_str())));

    let head = hear_by(&desk, Method::HEAD, &path, None).await;
    assert_eq!((head.status, head.body.as_ref().map_or(9, Vec::len)), (200, 0));
    assert_eq!(head.says("content-length"), Some(all.to_string().as_str()));
}

#[tokio::test]
async fn a_part_is_cut_out_of_the_whole_where_twilio_sends_that() {
    let text: String = (0..5_000).map(|n| format!("{n:04}")).collect();
    let sent = text.clone();
    let base = serve(move |_| Served::new(200, "audio/mpeg", &sent)).await;
    let (desk, path) = desk_at(&base).await;
    let part = hear(&desk, &path, Some("bytes=4000-4007")).await;
    assert_eq!((part.status, part.says("content-range")), (206, Some("bytes 4000-4007/20000")));
    assert_eq!(part.body.unwrap(), text.as_bytes()[4_000..4_008]);
    let beyond = hear(&desk, &path, Some("bytes=20000-")).await;
    assert_eq!((beyond.status, beyond.says("content-range")), (416, Some("bytes */20000")));
}

#[tokio::test]
async fn where_there_is_nothing_to_hear_a_code_says_why() {
    let sim = twilio().await;
    let (desk, path) = desk_at(&sim.url()).await;
    for (n, state, code) in [
        (2, VoicemailState::Pending, "recording_pending"),
        (3, VoicemailState::Absent, "recording_absent"),
        (4, VoicemailState::Failed, "recording_failed"),
    ] {
        let path = voicemail(&desk, n, None, state).await;
        assert_eq!(problem(&desk, &path, 409).await, code);
    }
    let gone = voicemail(&desk, 5, Some("RE-gone"), VoicemailState::Ready).await;
    assert_eq!(problem(&desk, &gone, 404).await, "recording_gone");
    assert_eq!(desk.get(&format!("{path}?format=ogg")).await.faults(), ["?format unknown_value"]);

    let mut strangers = news(6, "CA6", Some("RE6"), VoicemailState::Ready, 1);
    strangers.account_sid = Some(sid("AC00000000000000000000000000000099"));
    let id = strangers.id.clone();
    desk.store.apply("j6", &numbered(1, &[Record::Voicemail(strangers)])).await.unwrap();
    assert_eq!(problem(&desk, &format!("/api/voicemails/{id}/audio"), 409).await, "account_unknown");
    assert_eq!(sim.asked("GET", "RE6").await, 0);
}

#[tokio::test]
async fn whose_fault_it_is_shows_in_the_code() {
    let sim = twilio().await;
    let (desk, path) = desk_at(&sim.url()).await;
    for kind in ["error", "429", "garbage", "reset-after"] {
        sim.fault(".*/Recordings/.*", kind, 0).await;
        assert_eq!(problem(&desk, &path, 502).await, "upstream_failed", "{kind}");
    }
    for (status, code) in [(401, "upstream_refused"), (403, "upstream_refused"), (500, "upstream_failed")] {
        let base = serve(move |_| Served::new(status, "application/json", "{}")).await;
        let (desk, path) = desk_at(&base).await;
        assert_eq!(problem(&desk, &path, 502).await, code, "{status}");
    }
    let (desk, path) = desk_at(&format!("http://{}", crate::rig::nobody())).await;
    let answer: Answer = desk.get(&path).await;
    assert!(!answer.text.contains("not-a-real-token") && !answer.text.contains("127.0.0.1"), "{}", answer.text);
    assert_eq!(answer.problem(502).0, "upstream_failed");
}

#[tokio::test]
async fn redirects_are_followed_by_us_and_credentials_stay_with_their_host() {
    type Seen = Arc<Mutex<Vec<(String, Option<String>)>>>;
    let seen: Seen = Arc::default();
    let log = Arc::clone(&seen);
    let base = serve(move |request| {
        let credentials = request.headers.get("authorization").cloned();
        log.lock().unwrap().push((request.path.clone(), credentials));
        match request.path.as_str() {
            path if path.ends_with("RE1.mp3") => Served::new(302, "", "").with("location", "/kept/elsewhere"),
            "/kept/elsewhere" => Served::new(200, "audio/mpeg", "sound"),
            _ => Served::new(404, "", ""),
        }
    })
    .await;
    let (desk, path) = desk_at(&base).await;
    let heard = hear(&desk, &path, None).await;
    assert_eq!((heard.status, heard.body.as_deref()), (200, Some(&b"sound"[..])));
    assert!(seen.lock().unwrap().iter().all(|(_, credentials)| credentials.is_some()), "to its own host they go");

    // Elsewhere over plain http nobody is asked at all; https to another host would carry no credentials.
    let foreign: Seen = Arc::default();
    let log = Arc::clone(&foreign);
    let elsewhere = serve(move |request| {
        log.lock().unwrap().push((request.path, request.headers.get("authorization").cloned()));
        Served::new(200, "audio/mpeg", "sound")
    })
    .await;
    let base = serve(move |_| Served::new(302, "", "").with("location", &format!("{elsewhere}/x"))).await;
    let (desk, path) = desk_at(&base).await;
    assert_eq!(problem(&desk, &path, 502).await, "upstream_failed");
    assert_eq!(*foreign.lock().unwrap(), []);
    let base = serve(|_| Served::new(302, "", "").with("location", "/again")).await;
    let (desk, path) = desk_at(&base).await;
    assert_eq!(problem(&desk, &path, 502).await, "upstream_failed", "in circles");
}

/// A Twilio that begins to answer and then falls silent; says when its client has gone.
async fn silent() -> (String, tokio::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = stream.read(&mut request).await;
                let head = "HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: 1000\r\n\r\nabc";
                stream.write_all(head.as_bytes()).await.unwrap();
                while stream.read(&mut request).await.is_ok_and(|read| read > 0) {}
                let _ = tell.send(()).await;
            });
        }
    });
    (base, told)
}

#[tokio::test]
async fn a_recording_that_stops_coming_is_broken_off() {
    let (base, mut gone) = silent().await;
    let (desk, path) = desk_at(&base).await;
    let heard = hear(&desk, &path, None).await;
    assert_eq!((heard.status, heard.body), (200, None), "no listener takes it for the whole");
    tokio::time::timeout(Duration::from_secs(5), gone.recv()).await.expect("the request to Twilio has ended");
}

#[tokio::test]
async fn who_goes_away_ends_the_request_and_gives_back_the_place() {
    let (base, mut gone) = silent().await;
    let http = Http::new().unwrap();
    let audio = Audio::new(Twilio::new(&http, &base, Arc::default()).unwrap(), 1, Duration::from_secs(60));
    let desk = Desk::with(|state| state.audio = audio).await;
    let path = voicemail(&desk, 1, Some("RE1"), VoicemailState::Ready).await;
    let request = || {
        let request = Request::builder().uri(&path).header("authorization", format!("Bearer {TOKEN}"));
        request.body(Body::empty()).unwrap()
    };
    let listening = desk.open(request()).await;
    assert_eq!(listening.status(), 200);
    let busy = desk.get(&path).await;
    assert_eq!(busy.header("retry-after"), "5");
    assert_eq!(busy.problem(503).0, "busy");
    drop(listening);
    tokio::time::timeout(Duration::from_secs(5), gone.recv()).await.expect("the request to Twilio has ended");
    let again = async {
        while desk.open(request()).await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again).await.expect("the place is free again");
}

#[tokio::test]
async fn what_a_token_may_not_see_it_may_not_hear() {
    let sim = twilio().await;
    let audio = audio_of(&sim.url());
    let desk = Desk::with(|state| state.audio = audio).await;
    let (mine, other) = (desk.tenant("Smile Dental").await, desk.tenant("Corner Garage").await);
    let mut left = news(1, "CA1", Some("RE1"), VoicemailState::Ready, 1);
    left.account_sid = Some(sid(ACCOUNT));
    let id = left.id.clone();
    let tenant = patchbay::model::TenantId::parse(&mine).unwrap();
    let records = [Record::CallBegan(began("CA1", Some(&tenant), 0)), Record::Voicemail(left)];
    desk.store.apply("j", &numbered(1, &records)).await.unwrap();
    for (owner, status) in [(&mine, 200), (&other, 404)] {
        let token = json!({"name": "desk", "role": format!("tenant:{owner}"), "access": "read"});
        let token = desk.post("/api/tokens", token).await.expect(201)["secret"].as_str().unwrap().to_owned();
        let request = Request::builder().uri(format!("/api/voicemails/{id}/audio"));
        let request = request.header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
        assert_eq!(desk.open(request).await.status(), status);
    }
    let request = Request::builder().uri(format!("/api/voicemails/{id}/audio")).body(Body::empty()).unwrap();
    assert_eq!(desk.open(request).await.status(), 401);
}

#[tokio::test]
async fn voicemails_are_listed_by_heard_and_by_state() {
    let desk = Desk::new().await;
    for (n, state) in [(1, VoicemailState::Ready), (2, VoicemailState::Ready), (3, VoicemailState::Absent)] {
        voicemail(&desk, n, Some(&format!("RE{n}")), state).await;
    }
    let all = desk.get("/api/voicemails").await.expect(200);
    let first = all["data"][0]["id"].as_str().unwrap().to_owned();
    desk.patch(&format!("/api/voicemails/{first}"), json!({"heard": true})).await.expect(200);
    for (query, rows) in [
        ("heard=true", 1),
        ("heard=false", 2),
        ("state=ready", 2),
        ("state=absent", 1),
        ("state=pending", 0),
        ("heard=false&state=ready&limit=200", if all["data"][0]["state"] == "ready" { 1 } else { 2 }),
    ] {
        let page = desk.get(&format!("/api/voicemails?{query}")).await.expect(200);
        assert_eq!(page["data"].as_array().unwrap().len(), rows, "{query}");
    }
    let odd = desk.get("/api/voicemails?heard=perhaps&state=new").await;
    assert_eq!(odd.faults(), ["?heard type", "?state unknown_value"]);
}
