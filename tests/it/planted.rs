//! Nothing planted shows: phone numbers and secrets are put wherever somebody can put them, everything is driven that
//! writes or answers, and all that came out is searched for them, in plain, encoded and half-masked forms.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::binary::{Process, logged, patchbay, said};
use crate::rig::{ACCOUNT, OPERATOR, sign_with};

/// Secrets, each without a piece in common with another or with any word of ours.
const TWILIO_TOKEN: &str = "q7Zr2VbX9mKw4TnHc6Yd";
const TWILIO_NEXT: &str = "Lp5sWg8JtQz3RvFx1Bhk";
const VAPI_KEY: &str = "uN4yEc9DkMa7PxTj2Wqs";
const VAPI_SECRET: &str = "hG6fXv3ZrBt8LnKd5Ypm";
const ORG_TOKEN: &str = "wK2jQs7NcVx4HzMp9Tgb";
const ORG_NEXT: &str = "Rd8bTf5YmJq3XkWv6Lzn";
const SIP_PASSWORD: &str = "zC3hPn9GxWt5QvKj7Mrd";
const WRONG_TOKEN: &str = "mV6kLq2BsZf9DyRw4Xnt";
const URL_PASSWORD: &str = "yT9wHd4KzGp7VbNc2Qxj";
/// Thirty-two bytes, as the key that seals is given.
const SEALING_KEY: &str = "s0VUa0ZxN1dtMlJiOXhLdjRQbkM2aEdqOFR5RHoxTGM=";

/// The secret of an endpoint, as Standard Webhooks writes it.
const WEBHOOK_SECRET: &str = "whsec_Z1Q3dlFtMkt6WGM5THdSYjROc0o1aFlkOFBmMw==";

const SECRETS: [&str; 11] = [
    WEBHOOK_SECRET,
    TWILIO_TOKEN,
    TWILIO_NEXT,
    VAPI_KEY,
    VAPI_SECRET,
    ORG_TOKEN,
    ORG_NEXT,
    SIP_PASSWORD,
    WRONG_TOKEN,
    URL_PASSWORD,
    SEALING_KEY,
];

/// Numbers that nothing else in this suite uses.
const CALLER: &str = "+15095550171";
const CLINIC: &str = "+15085550172";
const STAFF: &str = "+15075550173";
const PIZZA: &str = "+15065550174";
const CALLER_ID: &str = "+15055550175";
const NUMBERS: [&str; 5] = [CALLER, CLINIC, STAFF, PIZZA, CALLER_ID];

/// A piece of a secret this long is too much of it, and a number may show four digits at either end.
const SECRET_PIECE: usize = 10;
const DIGITS_SHOWN: usize = 6;

/// Every form in which a planted thing would show, with the thing.
fn forms() -> Vec<(String, &'static str)> {
    let mut forms = Vec::new();
    for secret in SECRETS {
        let pieces = (0..=secret.len() - SECRET_PIECE).map(|at| secret[at..at + SECRET_PIECE].to_owned());
        forms.extend(pieces.chain(encoded(secret)).map(|form| (form, secret)));
    }
    for number in NUMBERS {
        let digits = &number[1..];
        let pieces = (0..digits.len() - DIGITS_SHOWN).map(|at| digits[at..=at + DIGITS_SHOWN].to_owned());
        let written = [format!("({}) {}-{}", &digits[1..4], &digits[4..7], &digits[7..])];
        forms.extend(pieces.chain(written).chain(encoded(digits)).map(|form| (form, number)));
    }
    forms
}

/// Hex, percent-encoded, and base64 wherever the thing begins in what was encoded.
fn encoded(text: &str) -> Vec<String> {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut forms = vec![hex.to_uppercase(), hex, percent.to_lowercase(), percent];
    for before in 0..3_usize {
        let shifted = "\0".repeat(before) + text;
        // The first and last letters depend on the neighbours.
        let whole = |encoded: String| encoded[[0, 2, 3][before]..encoded.trim_end_matches('=').len() - 2].to_owned();
        forms.extend([whole(STANDARD.encode(&shifted)), whole(URL_SAFE_NO_PAD.encode(&shifted))]);
    }
    forms
}

/// All that came out, by where.
#[derive(Default)]
struct Found(BTreeMap<String, String>);

impl Found {
    fn add(&mut self, place: impl Into<String>, text: &str) {
        self.0.entry(place.into()).or_default().push_str(text);
    }

    /// Every place at which something planted shows.
    fn leaks(&self) -> Vec<String> {
        let forms = forms();
        let mut leaks = Vec::new();
        for (place, text) in &self.0 {
            for (form, thing) in forms.iter().filter(|(form, _)| text.contains(form.as_str())) {
                let is_point = place.starts_with("shown: ") && NUMBERS.contains(thing);
                let allowed = is_point || ALLOWED.iter().any(|(at, what, _)| place == at && thing == what);
                let line = text.lines().find(|line| line.contains(form.as_str())).unwrap_or(form);
                if !allowed {
                    leaks.push(format!("{place}: {thing} as {form}: {line}"));
                }
            }
        }
        leaks.dedup_by_key(|leak| leak.split(" as ").next().map(str::to_owned));
        leaks
    }
}

/// Where a planted thing is the point, and why. Numbers are, besides, in whatever the API shows of settings and calls.
const ALLOWED: [(&str, &str, &str); 7] = [
    ("admin: a forward that comes back", CLINIC, "the fault names the number that was sent, to whoever sent it"),
    ("[\"check\"] PATCHBAY_EDGE__LISTEN", WRONG_TOKEN, "the fault quotes what stands in a setting that is no secret"),
    ("shown: GET /api/voicemails", WRONG_TOKEN, "the words of the caller, for whoever reads their voicemail"),
    ("shown: GET /api/webhooks", WRONG_TOKEN, "the address an endpoint was given, for whoever may change it"),
    ("shown: GET /api/audit", WRONG_TOKEN, "the same, for whoever asks who set it"),
    ("shown: an export", WRONG_TOKEN, "the words of a person, for whoever asks for that person's data"),
    ("shown: GET /api/calls/CA01", WRONG_TOKEN, "what Vapi reported of the call, its summary and its recording"),
];

/// A provider that fails, and says in its answer everything it was asked.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = vec![0; 64 * 1024];
                let length = stream.read(&mut asked).await.unwrap_or(0);
                let head = format!("HTTP/1.1 500 no\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&asked[..length]).await;
            });
        }
    });
    format!("http://{address}")
}

/// A patchbay full of planted things, before providers that fail loudly.
struct Planted {
    dir: TempDir,
    process: Process,
    found: Found,
    tokens: Vec<String>,
    /// Where providers and receivers of webhooks are.
    provider: String,
}

fn settings<'a>(provider: &'a str, format: &'a str) -> [(&'a str, &'a str); 15] {
    [
        ("TWILIO_ACCOUNT_SID", ACCOUNT),
        ("TWILIO_AUTH_TOKEN", TWILIO_TOKEN),
        ("PATCHBAY_TWILIO__AUTH_TOKEN_NEXT", TWILIO_NEXT),
        ("TWILIO_PHONE_NUMBER", CALLER_ID),
        ("VAPI_API_KEY", VAPI_KEY),
        ("VAPI_WEBHOOK_SECRET", VAPI_SECRET),
        ("PATCHBAY_ADMIN__TOKEN", OPERATOR),
        ("PATCHBAY_SECRETS__KEY", SEALING_KEY),
        ("PATCHBAY_TWILIO__API_BASE", provider),
        ("PATCHBAY_VAPI__API_BASE", provider),
        ("PATCHBAY_LOG__LEVEL", "trace"),
        ("PATCHBAY_LOG__FORMAT", format),
        ("PATCHBAY_VAPI__DEFAULT_TARGET", "assistant:front-desk"),
        ("PATCHBAY_WEBHOOKS__ALLOW_NETWORKS", "127.0.0.0/8"),
        ("RUST_BACKTRACE", "1"),
    ]
}

impl Planted {
    async fn start(format: &str) -> Planted {
        let dir = TempDir::new().expect("a directory");
        let provider = echo().await;
        let log = fs::File::create(dir.path().join("log")).expect("a log");
        let out = fs::File::create(dir.path().join("out")).expect("a file");
        let mut command = patchbay(dir.path(), &["serve"], &settings(&provider, format));
        let child = command.stderr(log).stdout(out).spawn().expect("the binary starts");
        let process = Process::answering(child, || spelled_as_json(&logged(dir.path())));
        Planted { dir, process, found: Found::default(), tokens: Vec::new(), provider }
    }

    /// Asks the admin API; keeps what it answers where it refuses.
    async fn admin(&mut self, place: &str, method: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        self.admin_as(place, OPERATOR, method, path, body).await
    }

    async fn admin_as(
        &mut self,
        place: &str,
        token: &str,
        method: &str,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let url = format!("http://{}{path}", self.process.admin);
        let request = self.process.http.request(method.parse().expect("a method"), url).bearer_auth(token);
        let answer = request.header("content-type", "application/json").body(body).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let heads = format!("{:?}\n", answer.headers());
        let text = answer.text().await.expect("a body");
        self.found.add(format!("headers of {place}"), &heads);
        let place = if status >= 400 { format!("admin: {place}") } else { format!("shown: {place}") };
        // The two answers that show a secret once.
        if place != "shown: /api/tokens" && place != "shown: /api/webhooks" {
            self.found.add(place, &text);
        }
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn made(&mut self, path: &str, body: Value) -> String {
        let (status, made) = self.admin(path, "POST", path, body.to_string()).await;
        assert_eq!(status, 201, "{made}");
        if let Some(secret) = made["secret"].as_str().filter(|_| path == "/api/tokens") {
            self.tokens.push(secret.to_owned());
        }
        made["id"].as_str().expect("an id").to_owned()
    }

    /// Asks the edge as Twilio does, signed with this token.
    async fn edge(&mut self, token: &str, path: &str, fields: &[(&str, &str)]) -> u16 {
        let url = format!("http://{}{path}", self.process.edge);
        let mut all = vec![("AccountSid", ACCOUNT)];
        all.extend_from_slice(fields);
        let request = self.process.http.post(&url).header("X-Twilio-Signature", sign_with(token, &url, &all));
        let answer = request.form(&all).send().await.expect("an answer");
        let status = answer.status().as_u16();
        if status >= 400 {
            let text = answer.text().await.expect("a body");
            self.found.add(format!("edge: {path} {status}"), &text);
        }
        status
    }

    async fn vapi(&mut self, name: &str, value: &str, body: Value) -> u16 {
        let url = format!("http://{}/api/vapi/webhook", self.process.edge);
        let request = self.process.http.post(&url).header(name, value).json(&body);
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        if status >= 400 {
            self.found.add(format!("edge: vapi {status}"), &answer.text().await.expect("a body"));
        }
        status
    }

    /// Bytes as somebody sends them who does not speak HTTP well, and then goes away.
    async fn raw(&mut self, place: &str, to: std::net::SocketAddr, bytes: &str) {
        let mut stream = TcpStream::connect(to).await.expect("a connection");
        let _ = stream.write_all(bytes.as_bytes()).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
        self.found.add(place, &String::from_utf8_lossy(&answer));
    }

    /// Organizations, tenants, numbers and tokens with everything planted that they may hold.
    async fn plant(&mut self) -> String {
        let org = self.made("/api/orgs", json!({"name": "Acme"})).await;
        let twilio = json!({"accountSid": "AC00000000000000000000000000000077", "authToken": ORG_TOKEN,
            "authTokenNext": ORG_NEXT, "phoneNumber": CALLER_ID});
        let (status, _) =
            self.admin("credentials", "PUT", &format!("/api/orgs/{org}/twilio"), twilio.to_string()).await;
        assert_eq!(status, 200);
        self.made("/api/tokens", json!({"name": "front desk", "role": format!("org:{org}"), "access": "read"})).await;
        let connect =
            json!({"via": "sip", "sipUri": "sip:desk@sip.vapi.ai", "username": "desk", "password": SIP_PASSWORD});
        let clinic =
            self.made("/api/tenants", json!({"name": "Smile Dental", "country": "US", "connect": connect})).await;
        let pizza = self.made("/api/tenants", json!({"name": "Acme Pizza", "country": "US"})).await;
        for (number, tenant) in [(CLINIC, &clinic), (PIZZA, &pizza)] {
            self.made("/api/numbers/owned", json!({"e164": number, "tenantId": tenant})).await;
        }
        let bypass = json!({"connect": {"via": "bypass"}}).to_string();
        assert_eq!(self.admin("bypass", "PATCH", &format!("/api/tenants/{pizza}"), bypass).await.0, 200);
        let forward = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": STAFF}}).to_string();
        let path = format!("/api/tenants/{clinic}/availability");
        assert_eq!(self.admin("forward", "PUT", &path, forward).await.0, 200);
        let url = format!("{}/{WRONG_TOKEN}", self.provider);
        let endpoint = json!({"url": url, "events": ["call.ended", "voicemail.created"], "secret": WEBHOOK_SECRET});
        self.made("/api/webhooks", endpoint).await;
        clinic
    }

    /// What the admin API refuses.
    async fn refused(&mut self, clinic: &str) {
        let tenant = format!("/api/tenants/{clinic}");
        let loops = json!({"mode": "always", "fallback": {"type": "forward", "forwardNumber": CLINIC}}).to_string();
        let ask = "/api/tenants";
        let large = format!("{{\"name\": \"{}\"}}", SIP_PASSWORD.repeat(60_000));
        let typed = json!({"connect": {"password": [SIP_PASSWORD], "username": {"a": CALLER}}}).to_string();
        let wrong = json!({"connect": {"password": format!("{SIP_PASSWORD} \u{e9}")}}).to_string();
        let taken = json!({"e164": CLINIC, "tenantId": "ten_00000000000000000000000000"}).to_string();
        let twilio = json!({"accountSid": ACCOUNT, "authToken": ORG_TOKEN}).to_string();
        for (place, status, method, path, body) in [
            ("a forward that comes back", 422, "PUT", &*format!("{tenant}/availability"), loops),
            (
                "a broken body",
                400,
                "PATCH",
                &tenant,
                format!("{{\"connect\": {{\"password\": \"{SIP_PASSWORD}\", {CALLER}"),
            ),
            ("a body of the wrong types", 422, "PATCH", &tenant, typed),
            ("a password of the wrong form", 422, "PATCH", &tenant, wrong),
            ("a body that is too large", 413, "POST", ask, large),
            ("a number that leads elsewhere", 422, "POST", "/api/numbers/owned", taken),
            ("an account of somebody else", 409, "PUT", "/api/orgs/org_00000000000000000000000000/twilio", twilio),
            ("a cursor", 422, "GET", &format!("{ask}?cursor={WRONG_TOKEN}"), String::new()),
            ("a query", 422, "GET", &format!("{ask}?limit={WRONG_TOKEN}&q=%2B15095550171"), String::new()),
            ("a method", 405, "POST", &tenant, json!({"password": SIP_PASSWORD}).to_string()),
        ] {
            assert_eq!(self.admin(place, method, path, body).await.0, status, "{place}");
        }
        let unknown = self.admin_as("a wrong token", WRONG_TOKEN, "GET", ask, "").await.0;
        assert_eq!(unknown, 401);
        let weak = self.tokens[0].clone();
        assert_eq!(self.admin_as("a token that may only read", &weak, "POST", ask, "{}").await.0, 403);
        let admin = self.process.admin;
        let cut = format!(
            "POST {ask} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {OPERATOR}\r\ncontent-type: application/json\r\n\
             content-length: 999\r\n\r\n{{\"password\": \"{SIP_PASSWORD}\", \"from\": \"{CALLER}\""
        );
        self.raw("admin: a body that breaks off", admin, &cut).await;
        let nonsense =
            format!("GET /api/tenants?token={WRONG_TOKEN} HTTP/9.9\r\nauthorization: Bearer {WRONG_TOKEN}\r\n\r\n");
        self.raw("admin: what is no HTTP", admin, &nonsense).await;
    }

    /// Calls: good ones, those nobody signed, broken ones, those whose AI fails.
    async fn call(&mut self) {
        let call = |sid: &'static str, to: &'static str| {
            [("CallSid", sid), ("From", CALLER), ("To", to), ("CallStatus", "ringing"), ("ForwardedFrom", STAFF)]
        };
        for (token, sid, to, status) in [
            (TWILIO_TOKEN, "CA01", CLINIC, 200),
            (TWILIO_NEXT, "CA02", CLINIC, 200),
            (TWILIO_TOKEN, "CA03", PIZZA, 200),
            (TWILIO_TOKEN, "CA04", STAFF, 200),
            (WRONG_TOKEN, "CA05", CLINIC, 403),
        ] {
            assert_eq!(self.edge(token, "/api/twilio/voice", &call(sid, to)).await, status, "{sid}");
        }
        let again = call("CA01", CLINIC);
        let done = [("DialCallStatus", "failed"), ("DialSipResponseCode", "486"), ("From", CALLER), ("To", CLINIC)];
        for path in ["/api/twilio/next", "/api/twilio/refer", "/api/twilio/fallback", "/api/twilio/status"] {
            let fields: Vec<_> = again.iter().chain(&done).copied().collect();
            self.edge(TWILIO_TOKEN, path, &fields).await;
            self.edge(WRONG_TOKEN, path, &fields).await;
            self.edge(TWILIO_TOKEN, &format!("{path}?tenant=1&to=%2B15075550173"), &fields).await;
        }
        let recording = format!("https://api.example.com/{WRONG_TOKEN}/RE01?from={CALLER}");
        let words = format!("call me back at {CALLER}, the code is {WRONG_TOKEN}");
        for path in ["/api/twilio/voicemail", "/api/twilio/voicemail/done", "/api/twilio/transcription"] {
            let fields = [
                ("CallSid", "CA01"),
                ("From", CALLER),
                ("RecordingSid", "RE01"),
                ("RecordingUrl", &recording),
                ("RecordingStatus", "completed"),
                ("TranscriptionText", &words),
                ("TranscriptionStatus", "completed"),
            ];
            self.edge(TWILIO_TOKEN, path, &fields).await;
            self.edge(TWILIO_TOKEN, &format!("{path}?tenant=nobody"), &fields).await;
        }
        let edge = self.process.edge;
        let get = format!(
            "GET /api/twilio/voice?AccountSid={ACCOUNT}&From=15095550171&To=%2B15085550172&token={WRONG_TOKEN} HTTP/1.1\r\n\
             host: a\r\nx-twilio-signature: {WRONG_TOKEN}\r\nconnection: close\r\n\r\n"
        );
        self.raw("edge: a GET nobody signed", edge, &get).await;
        let large =
            format!("POST /api/twilio/voice HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n\r\nFrom={CALLER}");
        self.raw("edge: a form that is too large", edge, &large).await;
        let cut = format!(
            "POST /api/twilio/voice HTTP/1.1\r\nhost: a\r\ncontent-length: 500\r\n\r\nFrom={CALLER}&a={WRONG_TOKEN}"
        );
        self.raw("edge: a form that breaks off", edge, &cut).await;
        let nonsense = format!("{WRONG_TOKEN} {CALLER}\r\n\r\n");
        self.raw("edge: what is no HTTP", edge, &nonsense).await;
    }

    /// What Vapi says, and who pretends to be Vapi.
    async fn vapi_speaks(&mut self) {
        let customer = json!({"number": CALLER});
        let asks = json!({"message": {"type": "assistant-request",
            "call": {"id": "v1", "customer": customer, "phoneNumber": {"id": "p1", "number": CLINIC}}}});
        let report = json!({"message": {"type": "end-of-call-report", "endedReason": "hangup",
            "summary": format!("{CALLER} asked for {STAFF}"), "call": {"id": "v1", "customer": customer},
            "artifact": {"transcript": format!("my code is {WRONG_TOKEN}"), "recordingUrl": format!("https://r/{WRONG_TOKEN}")}}});
        for body in [asks, report, json!({"message": CALLER})] {
            for (name, value, good) in [
                ("x-vapi-secret", VAPI_SECRET.to_owned(), true),
                ("x-vapi-secret", WRONG_TOKEN.to_owned(), false),
                ("authorization", format!("Bearer {VAPI_SECRET}"), true),
                ("authorization", format!("Bearer {WRONG_TOKEN}"), false),
                ("x-signature", STANDARD.encode(WRONG_TOKEN), false),
            ] {
                let status = self.vapi(name, &value, body.clone()).await;
                assert_eq!(status == 401, !good, "{name} {status}");
            }
        }
    }

    /// Everything the API tells again.
    async fn shown(&mut self, clinic: &str) {
        self.process.drained().await;
        let tenant = format!("/api/tenants/{clinic}");
        let (parts, versions) = (["", "/availability", "/override", "/plan", "/versions"], json!({}).to_string());
        for part in parts {
            self.admin(&format!("GET a tenant{part}"), "GET", &format!("{tenant}{part}"), "").await;
        }
        assert_eq!(self.admin("a simulation", "POST", &format!("{tenant}/simulate"), versions).await.0, 200);
        for list in ["orgs", "tenants", "numbers/owned", "calls", "live", "voicemails", "tokens", "audit", "calls/CA01"]
        {
            let path = format!("/api/{list}");
            assert_eq!(self.admin(&format!("GET {path}"), "GET", &path, "").await.0, 200, "{path}");
        }
        let events = self.admin("GET /api/events", "GET", "/api/events?follow=false", "").await;
        assert_eq!(events.0, 200);
    }

    /// What is let go of, heard and sent away: sound that Twilio does not give, one person's data, webhooks, keys.
    async fn kept(&mut self, clinic: &str) {
        let message = self.admin("GET /api/voicemails", "GET", "/api/voicemails", "").await.1;
        let message = message["data"][0]["id"].as_str().expect("a voicemail").to_owned();
        let audio = format!("/api/voicemails/{message}/audio");
        assert_eq!(self.admin("sound that Twilio does not give", "GET", &audio, "").await.0, 502);
        let periods = json!({"callsDays": 90, "voicemailsDays": null, "transcriptsDays": 30}).to_string();
        let retention = format!("/api/tenants/{clinic}/retention");
        assert_eq!(self.admin("retention", "PUT", &retention, periods).await.0, 200);
        let endpoints = self.admin("GET /api/webhooks", "GET", "/api/webhooks", "").await.1;
        let endpoint = endpoints["data"][0]["id"].as_str().expect("an endpoint").to_owned();
        let at = format!("/api/webhooks/{endpoint}");
        assert_eq!(self.admin("a test", "POST", &format!("{at}/test"), "").await.0, 202);
        assert_eq!(self.admin("GET deliveries", "GET", &format!("{at}/deliveries"), "").await.0, 200);
        let odd = json!({"url": format!("https://{URL_PASSWORD}:{URL_PASSWORD}@hooks.example.com/")}).to_string();
        assert_eq!(self.admin("an endpoint with a password", "PATCH", &at, odd).await.0, 422);
        assert_eq!(self.admin("a change of keys", "POST", "/api/secrets/rotation", "").await.0, 409);
        let person = json!({"number": CALLER}).to_string();
        assert_eq!(self.admin("an export", "POST", "/api/exports", person.clone()).await.0, 200);
        let erased = self.admin("an erasure", "POST", "/api/erasures", person).await;
        assert!(erased.0 == 200 || erased.0 == 202, "{erased:?}");
        for list in ["erasures", "erasures/pending"] {
            let path = format!("/api/{list}");
            assert_eq!(self.admin(&format!("reports at {path}"), "GET", &path, "").await.0, 200);
        }
    }

    /// The store is held by somebody else: what has to be written cannot be.
    async fn locked(&mut self, clinic: &str) {
        let url = format!("sqlite:{}", self.dir.path().join("patchbay.db").display());
        let mut holder = <sqlx::SqliteConnection as sqlx::Connection>::connect(&url).await.expect("the store");
        sqlx::query("BEGIN EXCLUSIVE").execute(&mut holder).await.expect("held");
        let body = json!({"connect": {"password": format!("{SIP_PASSWORD}!"), "username": "desk"}}).to_string();
        let (status, _) = self.admin("a store that is locked", "PATCH", &format!("/api/tenants/{clinic}"), body).await;
        assert_eq!(status, 503);
        let call = [("CallSid", "CA09"), ("From", CALLER), ("To", CLINIC), ("CallStatus", "ringing")];
        assert_eq!(self.edge(TWILIO_TOKEN, "/api/twilio/voice", &call).await, 200);
        sqlx::query("ROLLBACK").execute(&mut holder).await.expect("let go");
    }

    /// Everything that is for anybody to read, and every file but the store and the spool.
    async fn collect(mut self) -> Found {
        for path in ["/metrics", "/openapi.json", "/docs", "/", "/assets/docs.js", "/assets/pages.css", "/healthz"] {
            let answer = self.process.http.get(format!("http://{}{path}", self.process.admin)).send().await;
            let text = answer.expect("an answer").text().await.expect("a body");
            self.found.add(format!("GET {path}"), &text);
        }
        for path in ["/healthz", "/readyz", "/nothing/+15095550171"] {
            let answer = self.process.http.get(format!("http://{}{path}", self.process.edge)).send().await;
            self.found.add(format!("edge: GET {path}"), &answer.expect("an answer").text().await.expect("a body"));
        }
        self.process.signal("TERM");
        assert!(self.process.ended().success());
        let files = fs::read_dir(self.dir.path()).expect("listed").map(|entry| entry.expect("an entry").path());
        for file in files.filter(|file| file.is_file() && !is_store(file)) {
            let bytes = fs::read(&file).expect("readable");
            let name = file.file_name().expect("a name").to_string_lossy().into_owned();
            self.found.add(format!("the file {name}"), &String::from_utf8_lossy(&bytes));
        }
        for token in &self.tokens {
            let leaked = self.found.0.iter().find(|(_, text)| text.contains(&token[token.len() - SECRET_PIECE..]));
            assert!(leaked.is_none(), "the secret of a token shows in {:?}", leaked.map(|(place, _)| place));
        }
        self.found
    }
}

/// The store keeps what it is given, and is nobody's to read; a key it makes itself lies beside it.
fn is_store(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("patchbay.db"))
}

/// The line that says where it answers, as the log of the other format would write it.
fn spelled_as_json(log: &str) -> String {
    let Some(line) = log.lines().find(|line| line.contains("patchbay answers calls")) else { return String::new() };
    if line.starts_with('{') {
        return line.to_owned();
    }
    let field = |name: &str| line.split(&format!(" {name}=")).nth(1).and_then(|rest| rest.split(' ').next());
    json!({"message": "patchbay answers calls", "edge": field("edge"), "admin": field("admin")}).to_string()
}

async fn nothing_planted_shows(format: &str) {
    let mut planted = Planted::start(format).await;
    let clinic = planted.plant().await;
    planted.refused(&clinic).await;
    planted.call().await;
    planted.vapi_speaks().await;
    planted.shown(&clinic).await;
    planted.kept(&clinic).await;
    planted.locked(&clinic).await;
    let found = planted.collect().await;
    let log = &found.0["the file log"];
    assert!(log.lines().count() > 20 && log.contains("signature refused"), "{log}");
    let leaks = found.leaks();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[tokio::test]
async fn nothing_planted_shows_in_anything_a_server_says_in_json() {
    nothing_planted_shows("json").await;
}

#[tokio::test]
async fn nothing_planted_shows_in_anything_a_server_says_in_text() {
    nothing_planted_shows("text").await;
}

#[tokio::test]
async fn nothing_planted_shows_in_what_commands_say() {
    let dir = TempDir::new().expect("a directory");
    let provider = echo().await;
    let good = settings(&provider, "json");
    let mut found = Found::default();
    let mut hear = |words: &[&str], extra: &[(&str, &str)]| {
        let env: Vec<_> = good.iter().chain(extra).copied().collect();
        let (_, out, err) = said(patchbay(dir.path(), words, &env));
        found.add(format!("{words:?} {}", extra.first().map_or("", |(name, _)| *name)), &(out + &err));
    };
    for command in [
        "serve",
        "demo",
        "sim",
        "call",
        "decide",
        "check",
        "backup",
        "restore",
        "console",
        "token",
        "orgs",
        "tenants",
        "numbers",
        "jobs",
        "calls",
        "voicemails",
        "audit",
        "apply",
        "export",
    ] {
        hear(&[command, "--help"], &[]);
        hear(&[command, "--no-such", WRONG_TOKEN], &[]);
    }
    hear(&["--help"], &[]);
    hear(&["check"], &[]);
    let file = dir.path().join("tenants.yaml");
    let tenant =
        format!("version: 1\ntenants:\n  smile-dental:\n    connect: {{via: sip, password: {SIP_PASSWORD}}}\n");
    fs::write(&file, tenant).expect("written");
    hear(&["apply", "-f", "tenants.yaml", "--dry-run"], &[("PATCHBAY_TOKEN", WRONG_TOKEN)]);
    hear(&["tenants", "list", "--admin-url", "http://127.0.0.1:9"], &[("PATCHBAY_TOKEN", WRONG_TOKEN)]);
    hear(&["restore", "--from", "nowhere", "--check"], &[]);
    let with_password = |scheme: &str| format!("{scheme}://user:{URL_PASSWORD}@db.example.com/patchbay");
    let (postgres, https) = (with_password("postgres"), with_password("https"));
    for (name, value) in [
        ("PATCHBAY_STORE__URL", postgres.as_str()),
        ("PATCHBAY_EDGE__PUBLIC_URL", &https),
        ("PATCHBAY_EDGE__FALLBACK_URL", &https),
        ("PATCHBAY_TWILIO__API_BASE", &https),
        ("PATCHBAY_LIVE__URL", &with_password("redis")),
        ("PATCHBAY_SECRETS__KEY", WRONG_TOKEN),
        ("PATCHBAY_ADMIN__TOKEN", &format!("{WRONG_TOKEN}\u{e9} ")),
        ("PATCHBAY_TWILIO__API_KEY_SECRET", &format!("{WRONG_TOKEN}\n")),
        ("PATCHBAY_VAPI__WEBHOOK_SECRET", ""),
        ("PATCHBAY_EDGE__LISTEN", WRONG_TOKEN),
    ] {
        hear(&["check"], &[(name, value)]);
    }
    let leaks = found.leaks();
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn a_search_for_planted_things_finds_them_in_every_form() {
    let mut found = Found::default();
    for (place, text) in [
        ("plain", TWILIO_TOKEN.to_owned()),
        ("half", VAPI_KEY[4..15].to_owned()),
        ("basic", STANDARD.encode(format!("{ACCOUNT}:{TWILIO_TOKEN}"))),
        ("basic, one later", STANDARD.encode(format!("x{ACCOUNT}:{TWILIO_TOKEN}y"))),
        ("basic, two later", STANDARD.encode(format!("xx{ACCOUNT}:{TWILIO_TOKEN}yy"))),
        ("percent", ORG_NEXT.bytes().map(|byte| format!("%{byte:02x}")).collect()),
        ("a number", "tel:15095550171".to_owned()),
        ("too much of a number", "+1509555•••".to_owned()),
    ] {
        found.add(place, &text);
    }
    found.add("masked", "+1509•••0171");
    assert_eq!(found.leaks().len(), 8, "{:?}", found.leaks());
    assert!(!found.leaks().iter().any(|leak| leak.starts_with("masked")));
}
