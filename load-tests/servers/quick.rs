//! The rival: the same service as a good hand writes it in an afternoon, with axum and what lies nearest.
//!
//! `quick PORT NUMBERS_FILE` checks the signature, finds the tenant of `To`, asks its weekly hours in its own zone, counts
//! its live calls, answers TwiML and writes a log line. It keeps nothing: no store, no journal, no metrics.
//! Token, account and public URL come from `BENCH_AUTH_TOKEN`, `BENCH_ACCOUNT_SID` and `BENCH_PUBLIC_URL`.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, anyhow};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Form, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use jiff::civil::{Time, time};
use sha1::Sha1;
use tokio::net::TcpListener;

const ZONES: [&str; 8] = [
    "America/Toronto",
    "America/Vancouver",
    "America/Chicago",
    "America/Denver",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Australia/Sydney",
];

struct Service {
    public_url: String,
    account_sid: String,
    auth_token: String,
    tenants: HashMap<String, Tenant>,
    /// Whose line each live call is on.
    live_calls: Mutex<HashMap<String, String>>,
}

struct Tenant {
    name: String,
    zone: &'static str,
    /// For each day from Monday, when the business is open.
    week: [Vec<(Time, Time)>; 7],
    sip_uri: String,
    username: String,
    password: String,
}

type Parameters = BTreeMap<String, String>;

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [port, numbers] = arguments.as_slice() else {
        eprintln!("usage: quick PORT NUMBERS_FILE");
        return ExitCode::from(2);
    };
    let Err(error) = serve(port, numbers).await else { return ExitCode::SUCCESS };
    eprintln!("quick: {error:#}");
    ExitCode::FAILURE
}

async fn serve(port: &str, numbers: &str) -> Result<()> {
    let port: u16 = port.parse().with_context(|| format!("{port:?} is no port"))?;
    let numbers = std::fs::read_to_string(numbers).with_context(|| format!("could not read {numbers}"))?;
    let numbers = numbers.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let setting = |name: &str| env::var(name).map_err(|_| anyhow!("please set {name}"));
    let service = Service {
        public_url: env::var("BENCH_PUBLIC_URL").unwrap_or_else(|_| format!("http://127.0.0.1:{port}")),
        account_sid: setting("BENCH_ACCOUNT_SID")?,
        auth_token: setting("BENCH_AUTH_TOKEN")?,
        tenants: numbers.enumerate().map(|(index, number)| (number.to_owned(), tenant(index))).collect(),
        live_calls: Mutex::default(),
    };
    let app = Router::new()
        .route("/readyz", get(|| async { "ready" }))
        .route("/api/twilio/voice", post(voice))
        .route("/api/twilio/status", post(status))
        .with_state(Arc::new(service));
    let listener = TcpListener::bind(("127.0.0.1", port)).await;
    let listener = listener.with_context(|| format!("could not listen on port {port} of the loopback"))?;
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

fn tenant(index: usize) -> Tenant {
    let weekday = || vec![(time(9, 0, 0, 0), time(12, 0, 0, 0)), (time(13, 0, 0, 0), time(18, 30, 0, 0))];
    Tenant {
        name: format!("Smile & Dental {index}"),
        zone: ZONES[index % ZONES.len()],
        week: [weekday(), weekday(), weekday(), weekday(), weekday(), vec![], vec![]],
        sip_uri: format!("sip:desk-{index}@sip.vapi.ai"),
        username: format!("a-user-name-of-tenant-{index:08}"),
        password: format!("a-password-of-tenant-{index:08}"),
    }
}

async fn voice(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Form(parameters): Form<Parameters>,
) -> Result<Response, StatusCode> {
    service.check("/api/twilio/voice", &headers, &parameters)?;
    let value = |name: &str| parameters.get(name).map_or("", String::as_str);
    let (to, call_sid) = (value("To"), value("CallSid"));
    let Some(tenant) = service.tenants.get(to) else {
        tracing::warn!(call_sid, "nobody has this number");
        return Ok(xml("<Response><Say>This number is not in service.</Say><Hangup/></Response>".to_owned()));
    };
    service.live_calls.lock().expect("no holder panics").insert(call_sid.to_owned(), to.to_owned());
    let open = tenant.is_open().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let document = if open { tenant.takes_a_message() } else { tenant.dials_the_ai(&service.public_url, call_sid) };
    tracing::info!(call_sid, tenant = tenant.name, open, "call answered");
    Ok(xml(document))
}

async fn status(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Form(parameters): Form<Parameters>,
) -> Result<StatusCode, StatusCode> {
    service.check("/api/twilio/status", &headers, &parameters)?;
    let call_sid = parameters.get("CallSid").map_or("", String::as_str);
    let ended = service.live_calls.lock().expect("no holder panics").remove(call_sid);
    tracing::info!(call_sid, was_live = ended.is_some(), "call ended");
    Ok(StatusCode::NO_CONTENT)
}

impl Service {
    /// Lets through what is signed with our token over this URL and these parameters.
    fn check(&self, path: &str, headers: &HeaderMap, parameters: &Parameters) -> Result<(), StatusCode> {
        let claimed = headers.get("x-twilio-signature").ok_or(StatusCode::FORBIDDEN)?;
        let claimed = STANDARD.decode(claimed).map_err(|_| StatusCode::FORBIDDEN)?;
        if parameters.get("AccountSid") != Some(&self.account_sid) {
            return Err(StatusCode::FORBIDDEN);
        }
        let mut signed = format!("{}{path}", self.public_url);
        for (name, value) in parameters {
            signed.push_str(name);
            signed.push_str(value);
        }
        let mut mac = Hmac::<Sha1>::new_from_slice(self.auth_token.as_bytes()).expect("a key may have any length");
        mac.update(signed.as_bytes());
        mac.verify_slice(&claimed).map_err(|_| StatusCode::FORBIDDEN)
    }
}

impl Tenant {
    fn is_open(&self) -> Result<bool, jiff::Error> {
        let local = Timestamp::now().in_tz(self.zone)?;
        let today = &self.week[local.weekday().to_monday_zero_offset() as usize];
        Ok(today.iter().any(|(open, close)| (*open..*close).contains(&local.time())))
    }

    fn takes_a_message(&self) -> String {
        format!(
            "<Response><Say>Thank you for calling {}. Please leave a message after the tone.</Say>\
             <Record maxLength=\"300\" playBeep=\"true\"/><Say>Goodbye.</Say><Hangup/></Response>",
            escaped(&self.name),
        )
    }

    fn dials_the_ai(&self, public_url: &str, call_sid: &str) -> String {
        format!(
            "<Response><Dial answerOnBridge=\"true\" timeout=\"12\" timeLimit=\"3600\" action=\"{}/api/twilio/next\">\
             <Sip username=\"{}\" password=\"{}\">{}?x-callsid={}</Sip></Dial></Response>",
            escaped(public_url),
            escaped(&self.username),
            escaped(&self.password),
            escaped(&self.sip_uri),
            escaped(call_sid),
        )
    }
}

fn xml(document: String) -> Response {
    let document = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{document}");
    ([(CONTENT_TYPE, "application/xml; charset=utf-8")], document).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
