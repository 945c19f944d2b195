//! `patchbay demo`: a whole patchbay in one process, with nothing real behind it. A simulated Twilio and Vapi, a
//! throw-away store, three sample businesses made through the admin API, one call placed and explained, and two more
//! businesses set up from nothing (`deployed`).

mod deployed;

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::app::{self, Running};
use crate::config::Settings;
use crate::model::Secret;
use crate::simulator;
use crate::simulator::caller::{Caller, Line, Outcome, Placed, Script, Staff};
use crate::telemetry::Logs;

use crate::cli::api::text;
use crate::cli::call::{explained, print_step};
use crate::cli::remote::Remote;
use crate::cli::told::{Stop, say};

/// The account of the samples. Nobody's.
const ACCOUNT: &str = "AC00000000000000000000000000000001";

/// The number that is called.
const SMILE_DENTAL: &str = "+16475550123";
const ACME_PIZZA: &str = "+12125550142";
const CORNER_GARAGE: &str = "+13125550167";

/// Who calls it.
const CALLER: &str = "+14165550111";

/// Where people will look for the two listeners, if nobody else is there.
const EDGE_PORT: u16 = 8080;
const ADMIN_PORT: u16 = 8081;

/// Longest until a call is in the store: it is written behind the path, within a second.
const KEPT_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Longest the process waits at its end for the last log lines to be read.
const LOG_FLUSH: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Ends after the call; the exit code is 0 if it was answered.
    #[arg(long)]
    once: bool,
    /// Where the edge listens; the usual port of this machine, or a free one.
    #[arg(long, value_name = "ADDR")]
    edge_listen: Option<SocketAddr>,
    /// Where the admin API listens; likewise.
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<SocketAddr>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build().context("could not start a runtime")?;
    let done = runtime.block_on(show(arguments));
    runtime.shutdown_background();
    done
}

async fn show(arguments: &Arguments) -> anyhow::Result<()> {
    let mut stop = Stop::new()?;
    let simulator = simulator::start(([127, 0, 0, 1], 0).into()).await?;
    let scratch = Scratch::new()?;
    let secrets = Secrets::new()?;
    let settings = settings(arguments, &simulator.url(), scratch.path(), &secrets)?;
    let logs = Logs::start(&settings.log);
    logs.install();
    let running = app::start(settings).await?;
    let outcome = tour(arguments, &running, &secrets, &mut stop).await;
    tokio::select! {
        () = async { running.stop().await; simulator.stop().await } => {}
        () = stop.told() => {}
    }
    logs.flush(LOG_FLUSH);
    outcome
}

async fn tour(arguments: &Arguments, running: &Running, secrets: &Secrets, stop: &mut Stop) -> anyhow::Result<()> {
    let admin = format!("http://{}", running.admin);
    let remote = Remote::new(&admin, secrets.admin_token.reveal())?;
    make_samples(&remote).await?;

    say("One call to Smile Dental, as Twilio would make it:\n");
    let outcome = one_call(running, secrets).await?;
    say(format_args!("\nWhy:\n\n{}", explained(&kept(&remote, &outcome).await?)));
    let further = deployed::show(running, &remote, secrets).await?;
    if arguments.once {
        for outcome in std::iter::once(&outcome).chain(&further) {
            if !outcome.was_answered() {
                bail!("a call was not answered: {}", outcome.troubles.first().unwrap_or(&outcome.status));
            }
        }
        return Ok(());
    }

    let link = remote.post("/api/session/links", &Value::Null).await?;
    let console = text(&link, "url");
    let (edge, account, token) = (running.edge, ACCOUNT, secrets.twilio_token.reveal());
    let me = typed();
    say(format_args!(
        "\nThe console: {console}\n(this link opens it once, within ten minutes; then sign in with the token)\n\n\
         The admin API is at {admin}, its pages at {admin}/docs, a token for it:\n  {}\n\n\
         Call yourself:\n  TWILIO_ACCOUNT_SID={account} TWILIO_AUTH_TOKEN={token} \\\n    \
         {me} call --edge http://{edge} --to {ACME_PIZZA}\n  \
         (also --to {SMILE_DENTAL}, {CORNER_GARAGE}, sip:smile-dental@calls.sip.twilio.com;\n   \
         {me} call --help tells what AI, staff and caller can do)\n\n\
         Nothing is kept. Ctrl-C ends it.",
        secrets.admin_token.reveal(),
    ));
    stop.told().await;
    Ok(())
}

/// How this program was called, so that what is shown can be typed as it stands.
fn typed() -> String {
    std::env::args_os().next().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "patchbay".to_owned())
}

/// The line from the simulated Twilio to the edge.
fn line(running: &Running, secrets: &Secrets) -> anyhow::Result<Line> {
    Ok(Line {
        edge: Url::parse(&format!("http://{}", running.edge)).context("the edge has no usable address")?,
        public: None,
        account: ACCOUNT.to_owned(),
        token: secrets.twilio_token.clone(),
    })
}

async fn one_call(running: &Running, secrets: &Secrets) -> anyhow::Result<Outcome> {
    let call = Placed { to: SMILE_DENTAL.to_owned(), from: CALLER.to_owned(), ..Placed::default() };
    let script = Script { staff: vec![Staff::Accept], ..Script::default() };
    Ok(Caller::new(line(running, secrets)?)?.place(&call, &script, |event| print_step(event, false)).await)
}

/// The call as the store has it: decision and trace.
async fn kept(remote: &Remote, outcome: &Outcome) -> anyhow::Result<Value> {
    let path = format!("/api/calls/{}", outcome.call_sid);
    let looking = async {
        loop {
            match remote.get(&path, &[]).await {
                Ok(call) => return call,
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    };
    tokio::time::timeout(KEPT_WITHIN, looking).await.context("the call was not kept")
}

fn settings(arguments: &Arguments, simulator: &str, scratch: &Path, secrets: &Secrets) -> anyhow::Result<Settings> {
    let listen = |given: Option<SocketAddr>, port| given.unwrap_or_else(|| free(port, arguments.once)).to_string();
    let inside = |name: &str| scratch.join(name).display().to_string();
    // Nothing of the real environment: a demo must not meet real credentials.
    let own = [
        ("EDGE__LISTEN", listen(arguments.edge_listen, EDGE_PORT)),
        ("ADMIN__LISTEN", listen(arguments.admin_listen, ADMIN_PORT)),
        ("ADMIN__TOKEN", secrets.admin_token.reveal().to_owned()),
        ("STORE__URL", format!("sqlite:{}", inside("demo.db"))),
        ("SPOOL__DIR", inside("spool")),
        ("TWILIO__API_BASE", simulator.to_owned()),
        ("TWILIO__ACCOUNT_SID", ACCOUNT.to_owned()),
        ("TWILIO__AUTH_TOKEN", secrets.twilio_token.reveal().to_owned()),
        ("TWILIO__PHONE_NUMBER", SMILE_DENTAL.to_owned()),
        ("VAPI__API_BASE", simulator.to_owned()),
        ("VAPI__API_KEY", secrets.vapi_key.reveal().to_owned()),
        ("VAPI__WEBHOOK_SECRET", secrets.vapi_key.reveal().to_owned()),
        ("SIP__DOMAIN", "calls.sip.twilio.com".to_owned()),
        ("POLICY__REQUIRE_PAYMENT", "false".to_owned()),
        ("LOG__LEVEL", "warn".to_owned()),
    ];
    let own = own.into_iter().map(|(name, value)| (format!("PATCHBAY_{name}"), value));
    Settings::load(None, own).context("the demo's own settings are at fault")
}

/// The usual port if it is free and wanted, else any.
fn free(port: u16, any: bool) -> SocketAddr {
    let usual = SocketAddr::from(([127, 0, 0, 1], port));
    let is_free = !any && TcpListener::bind(usual).is_ok();
    if is_free { usual } else { ([127, 0, 0, 1], 0).into() }
}

async fn make_samples(remote: &Remote) -> anyhow::Result<()> {
    for sample in samples() {
        let made = remote.post("/api/tenants", &sample.tenant).await?;
        let id = made["id"].as_str().context("the admin API gave a tenant no id")?.to_owned();
        let number = json!({ "e164": sample.number, "tenantId": id, "accountSid": ACCOUNT });
        remote.post("/api/numbers/owned", &number).await?;
        remote.put(&format!("/api/tenants/{id}/availability"), &sample.availability).await?;
    }
    Ok(())
}

/// A sample business.
struct Sample {
    number: &'static str,
    tenant: Value,
    availability: Value,
}

fn samples() -> [Sample; 3] {
    let weekday = json!({ "open": "09:00", "close": "17:00" });
    let assistant = |last: u32| json!({ "kind": "assistant", "id": format!("00000000-0000-4000-8000-{last:012}") });
    let sip = |name: &str| {
        json!({
            "via": "sip",
            "sipUri": format!("sip:{name}@sip.vapi.ai"),
            "username": format!("{name}-0000000000"),
            "password": "not-a-password-of-anybody",
        })
    };
    [
        Sample {
            number: SMILE_DENTAL,
            tenant: json!({
                "name": "Smile Dental", "slug": "smile-dental", "timezone": "America/Toronto", "country": "CA",
                "target": assistant(1), "connect": sip("smile-dental"),
            }),
            availability: json!({
                "mode": "after-hours-only",
                "afterHours": { "enabled": true, "businessHours": {
                    "timezone": "America/Toronto",
                    "schedule": {
                        "monday": weekday, "tuesday": weekday, "wednesday": weekday, "thursday": weekday,
                        "friday": { "open": "09:00", "close": "15:00" }, "saturday": null, "sunday": null,
                    },
                    "holidays": ["--01-01", "--07-01", "--12-25", "--12-26"],
                }},
                "fallback": { "type": "forward", "forwardNumber": "+16475550199" },
            }),
        },
        Sample {
            number: ACME_PIZZA,
            tenant: json!({
                "name": "Acme Pizza", "slug": "acme-pizza", "timezone": "America/New_York", "country": "US",
                "target": assistant(2), "connect": sip("acme-pizza"),
            }),
            availability: json!({
                "mode": "overflow-only",
                "highVolume": { "enabled": true, "threshold": 3 },
                "fallback": { "type": "busy-signal" },
            }),
        },
        Sample {
            number: CORNER_GARAGE,
            tenant: json!({
                "name": "Corner Garage", "slug": "corner-garage", "timezone": "America/Chicago", "country": "US",
                "target": assistant(3), "connect": { "via": "bypass" },
            }),
            availability: json!({ "mode": "always", "fallback": { "type": "voicemail" } }),
        },
    ]
}

/// What has to be secret even in a demo: whoever shares the machine could use the listeners.
struct Secrets {
    twilio_token: Secret,
    vapi_key: Secret,
    admin_token: Secret,
}

impl Secrets {
    fn new() -> anyhow::Result<Secrets> {
        Ok(Secrets { twilio_token: chance()?, vapi_key: chance()?, admin_token: chance()? })
    }
}

fn chance() -> anyhow::Result<Secret> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// A directory that is gone when the demo is.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Scratch> {
        let path = std::env::temp_dir().join(format!("patchbay-demo-{}", chance()?.reveal()));
        fs::create_dir(&path).with_context(|| format!("could not make {}", path.display()))?;
        Ok(Scratch(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
