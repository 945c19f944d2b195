//! A change made at one edge, under load: how long until each of the others obeys it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Figures, Report, some, steady};
use crate::callers::{Expected, Heard, Line, Load, STATUS, Twilio, call_sid};
use crate::cluster::{Cluster, Plan};
use crate::futures::join_all;
use crate::operator::Operator;
use crate::options::Options;
use crate::random::Random;
use crate::servers::Desk;

/// How soon every edge obeys.
const WITHIN: Duration = Duration::from_secs(1);
/// Longest that is waited for an edge that does not.
const PATIENCE: Duration = Duration::from_secs(5);

pub async fn run(options: &Options) -> Report {
    let cluster = Cluster::start(Plan::usual("obeyed", options.backend)).await;
    let desks = cluster.desks();
    let town = steady::open(&cluster).await;
    let voicemail = |mode: &str| json!({"mode": mode, "fallback": {"type": "voicemail"}});
    let line = Line::open(&desks[0], 160, &voicemail("always"), Expected::Settled(Heard::Ai)).await;
    line.known(&cluster.twilio, &desks).await;
    let operator = Operator::look(desks.clone(), options.backend);
    let load = Load::start(&cluster.twilio, &town, &desks, options.rate, Random::new(Some(options.seed)));
    let (mut took, mut kept, mut faults) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..options.changes as usize {
        let (mode, heard) = if turn % 2 == 0 { ("disabled", Heard::Message) } else { ("always", Heard::Ai) };
        let path = format!("/api/tenants/{}/availability", line.tenant);
        let asked = Instant::now();
        desks[turn % desks.len()].done("PUT", &path, &voicemail(mode)).await;
        let changed = Instant::now();
        kept.push(changed - asked);
        // The edge itself too: it obeys at once.
        let obeyed = join_all(desks.iter().map(|desk| obeyed(&line, desk, &cluster.twilio, heard, changed))).await;
        took.extend(obeyed);
    }
    let tally = load.stop().await;
    let (median, worst) = median_and_worst(&mut took);
    let (kept_median, kept_worst) = median_and_worst(&mut kept);
    if worst > WITHIN {
        faults.push(format!("a change was obeyed after {worst:?} only"));
    }
    faults.extend(some(
        tally.bad.iter().filter(|bad| bad.what != crate::callers::What::Late).map(|bad| format!("{bad:?}")),
    ));
    let mut figures = Figures { converged: "-".to_owned(), saw: operator.saw(), ..Figures::of(&tally) };
    figures.notes.push(format!("{} changes kept in {kept_median:?}, worst {kept_worst:?}", options.changes));
    figures.notes.push(format!("obeyed after {median:?}, worst {worst:?}"));
    Report { figures, faults, skipped: None }
}

fn median_and_worst(all: &mut [Duration]) -> (Duration, Duration) {
    all.sort();
    (all[all.len() / 2], all[all.len() - 1])
}

/// Calls one edge again and again until it obeys; how long after the change that was.
async fn obeyed(line: &Line, desk: &Desk, twilio: &Twilio, heard: Heard, changed: Instant) -> Duration {
    loop {
        let sid = call_sid();
        let asked = Instant::now();
        let twiml = line.called(twilio, desk, &sid).await;
        let end = [("CallSid", sid.as_str()), ("To", &line.number), ("CallStatus", "completed")];
        let ended = twilio.ask_at(desk.edge, STATUS, &end).await;
        ended.expect("the edge answers");
        if Heard::of(&twiml) == heard || changed.elapsed() > PATIENCE {
            return asked.saturating_duration_since(changed);
        }
    }
}
