//! Calls, their ends and voicemails while one fault follows another: each acknowledged one is in the store, once, and whoever
//! listens hears of it, the same at each edge, or hears that something is missing.

use std::time::{Duration, Instant};

use super::{Figures, Report, some, steady};
use crate::callers::{Expected, Heard, Listener, Load, What, unheard};
use crate::cluster::{Cluster, Plan};
use crate::faults::Fault;
use crate::futures::join_all;
use crate::operator::Operator;
use crate::options::{Backend, Options};
use crate::random::Random;

/// How much more than steady the load is.
const BUSIER: f64 = 2.0;
/// How long a fault lasts, and the pause behind it.
const EACH: Duration = Duration::from_secs(3);

pub async fn run(options: &Options) -> Report {
    let plan = Plan { small_disk: true, ..Plan::usual("exactly-once", options.backend) };
    let mut cluster = Cluster::start(plan).await;
    let mut town = steady::open(&cluster).await;
    // Each call leaves a message.
    town.lines.retain(|line| matches!(line.expected, Expected::Settled(Heard::Message)));
    let operator = Operator::look(cluster.desks(), options.backend);
    let listeners = join_all(cluster.desks().into_iter().map(Listener::at)).await;
    let mut random = Random::new(Some(options.seed));
    let rate = options.rate * BUSIER;
    let load = Load::start(&cluster.twilio, &town, &cluster.desks(), rate, random.clone());
    let possible: Vec<Fault> = Fault::ALL.into_iter().filter(|fault| fault.fits(options.backend)).collect();
    let possible: Vec<Fault> = possible.into_iter().filter(|fault| fault.hindrance(&cluster).is_none()).collect();
    let mut happened = Vec::new();
    while load.tally().calls < options.calls {
        let fault = possible[random.below(possible.len() as u32) as usize];
        if let Some(edge) = fault.begin(&mut cluster).await {
            load.tally().kept.killed(&edge);
        }
        Fault::go_on(&[fault], &mut cluster, EACH).await;
        fault.end(&mut cluster).await;
        happened.push(fault.name());
        let deadline = Instant::now() + 3 * EACH;
        while operator.not_well().await.is_some() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(EACH).await;
    }
    let tally = load.stop().await;
    let mut faults = some(tally.kept.faults(&cluster.edges[0].desk).await);
    faults.extend(some(unheard(&listeners, &tally.kept).await));
    for listener in &listeners {
        if listener.anew() as usize > tally.kept.deaths(listener.name()) {
            faults.push(format!("who listened at {} began anew {} times", listener.name(), listener.anew()));
        }
    }
    // Where there is one edge, nobody answers in its place.
    if options.backend == Backend::Shared {
        let failed = tally.bad.iter().filter(|bad| bad.what == What::Failed);
        faults.extend(some(failed.map(|bad| format!("failed: {}", bad.told))));
    }
    let mut figures = Figures { converged: "-".to_owned(), saw: operator.saw(), ..Figures::of(&tally) };
    figures.notes.push(format!("{} voicemails, through {}", tally.kept.voicemails(), happened.join(" ")));
    let anew: u32 = listeners.iter().map(Listener::anew).sum();
    figures.notes.push(format!("listeners began anew {anew} times"));
    Report { figures, faults, skipped: None }
}
