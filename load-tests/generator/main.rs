//! Plays the part of the phone network: calls with CallSids of their own, signed as they go, each ended a few seconds
//! later by its status callback; both are counted. One thread, as cheap as can be, so that the server is what is measured.
//!
//! Prints one line of JSON on standard output. What it asks and counts is in `drive.rs`; `load-tests/README.md` says how
//! to use it by hand.

mod calls;
mod connection;
mod drive;
mod histogram;
mod idle;
mod numbers;
mod preflight;
mod process;
mod random;
mod report;
mod tally;
mod webhook;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::{Parser, ValueEnum};
use serde_json::{Map, Value, json};

use calls::Call;
use drive::{Drive, Plan};
use idle::Idle;
use numbers::{Choice, Numbers};
use random::Random;
use webhook::{Sender, Webhook};

/// Calls a phone edge as Twilio does, and measures it.
#[derive(Parser)]
struct Arguments {
    /// Address and port of the server.
    #[arg(long)]
    target: SocketAddr,
    /// File with the numbers to call, one a line.
    #[arg(long)]
    numbers: PathBuf,
    /// Base of the URLs that are signed; without it the target over http.
    #[arg(long, env = "BENCH_PUBLIC_URL")]
    public_url: Option<String>,
    /// The account that calls.
    #[arg(long, env = "BENCH_ACCOUNT_SID")]
    account: String,
    /// The token that signs.
    #[arg(long, env = "BENCH_AUTH_TOKEN", hide_env_values = true)]
    token: String,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 3.0)]
    secs: f64,
    /// Seconds before that; without it the longest a call lasts, when calls end as often as they begin.
    #[arg(long)]
    warmup: Option<f64>,
    /// Open loop: requests a second, at random instants. Without it a closed loop.
    #[arg(long)]
    rate: Option<f64>,
    /// How long calls last, MIN..MAX seconds, any length between alike. In a closed loop they may last longer, because
    /// calls and ends take turns.
    #[arg(long, default_value = "2..4", value_parser = span)]
    hang_up_after: (f64, f64),
    /// Calls each of so many numbers once, without warming up, in place of measuring for a time.
    #[arg(long, conflicts_with_all = ["rate", "warmup", "secs"])]
    touch: Option<u32>,
    /// Silent connections kept open beside.
    #[arg(long, default_value_t = 0)]
    idle: usize,
    /// Process whose time and memory are measured, with its children.
    #[arg(long)]
    pid: Option<u32>,
    /// What makes a run repeatable; without it every run makes other calls.
    #[arg(long)]
    seed: Option<u64>,
    /// What the server is asked before: whether it answers TwiML and refuses a forged form, or nothing.
    #[arg(long, value_enum, default_value = "twiml")]
    expect: Expect,
    /// Name of the run in the report.
    #[arg(long, default_value = "")]
    label: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Expect {
    Twiml,
    Any,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("generator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<Value> {
    let numbers = Numbers::read(&arguments.numbers)?;
    let plan = plan(arguments)?;
    let host = arguments.target.to_string();
    let sender = Sender {
        public_url: arguments.public_url.clone().unwrap_or_else(|| format!("http://{host}")),
        host,
        account_sid: arguments.account.clone(),
        token: arguments.token.clone(),
    };
    let (voice, status) = (Webhook::voice(&sender), Webhook::status(&sender));
    let mut random = Random::new(arguments.seed);
    if arguments.expect == Expect::Twiml {
        let first = Call::new(&mut random, 0);
        preflight::check(arguments.target, &voice, &status, &first, numbers.get(0))?;
    }
    let choice = arguments.touch.map_or(Choice::Uniform, |count| Choice::each_once(&numbers, count));

    let rss = |pid: Option<u32>| pid.map(process::read).transpose();
    let before_idle = rss(plan.pid)?;
    let mut idle = Idle::open(arguments.target, arguments.idle)?;
    let beside_idle = rss(plan.pid)?;
    let outcome = Drive::new(&plan, &numbers, choice, (&voice, &status), random)?.run()?;
    if outcome.tally.answers() == 0 {
        bail!("not one answer came in the {:.1} seconds that were measured", outcome.took.as_secs_f64());
    }

    let mut line = Map::new();
    line.insert("label".to_owned(), json!(arguments.label));
    let mode = match (arguments.rate, arguments.touch) {
        (Some(_), _) => "open",
        (_, Some(_)) => "touch",
        _ => "closed",
    };
    line.insert("mode".to_owned(), json!(mode));
    line.insert("rate".to_owned(), json!(arguments.rate));
    line.insert("connections".to_owned(), json!(arguments.connections));
    line.insert("numbers".to_owned(), json!(numbers.count()));
    if let Value::Object(measured) = report::report(&outcome) {
        line.extend(measured);
    }
    if arguments.idle > 0 {
        let idle = json!({
            "asked": idle.asked(),
            "open_at_end": idle.still_open(),
            "rss_mib_before": before_idle.map(|reading| reading.rss_kb / 1024),
            "rss_mib_with": beside_idle.map(|reading| reading.rss_kb / 1024),
        });
        line.insert("idle".to_owned(), idle);
    }
    Ok(Value::Object(line))
}

fn plan(arguments: &Arguments) -> Result<Plan> {
    let nanos = |secs: f64| (secs * 1e9) as u64;
    ensure!((1..=10_000).contains(&arguments.connections), "--connections is from 1 to 10000");
    ensure!(arguments.secs > 0.0 && arguments.secs <= 3600.0, "--secs is more than 0 and at most 3600");
    ensure!(arguments.rate.is_none_or(|rate| rate > 0.0), "--rate is more than 0");
    let lasts = arguments.hang_up_after;
    let warmup = arguments.warmup.unwrap_or(if arguments.touch.is_some() { 0.0 } else { lasts.1 });
    ensure!((0.0..=3600.0).contains(&warmup), "--warmup is from 0 to 3600");
    Ok(Plan {
        target: arguments.target,
        connections: arguments.connections,
        warmup: nanos(warmup),
        // Touching ends by itself, when the last number has been called.
        measured: if arguments.touch.is_some() { u64::MAX / 2 } else { nanos(arguments.secs) },
        rate: arguments.rate,
        lasts: (nanos(lasts.0), nanos(lasts.1)),
        pid: arguments.pid,
    })
}

/// `MIN..MAX` in seconds, from nothing to ten minutes.
fn span(text: &str) -> Result<(f64, f64), String> {
    let parse = |part: &str| part.trim_end_matches('s').parse::<f64>().ok().filter(|secs| (0.0..=600.0).contains(secs));
    let ends = text.split_once("..").and_then(|(shortest, longest)| parse(shortest).zip(parse(longest)));
    let ends = ends.filter(|(shortest, longest)| shortest <= longest);
    ends.ok_or_else(|| "expected MIN..MAX in seconds, for example 2..4".to_owned())
}
