//! A fault, or two at once, under steady load: what calls hear before, meanwhile and after, and how soon all is well.

use std::time::{Duration, Instant};

use super::{Figures, Report, some};
use crate::callers::{Bad, Load, Tally, Town, What};
use crate::cluster::Cluster;
use crate::faults::Fault;
use crate::operator::Operator;
use crate::options::{Backend, Options};
use crate::random::Random;

/// Load before the fault, and after all is well.
const QUIET: Duration = Duration::from_secs(2);
/// Longest it may take until all is well again.
const CONVERGED_WITHIN: Duration = Duration::from_secs(20);

/// From when to when there was a fault, and until when it was felt.
struct Times {
    began: Instant,
    ended: Instant,
    converged: Instant,
}

pub async fn run(name: &str, faults: &[Fault], options: &Options) -> Report {
    let mut cluster = Cluster::start(name, options.backend).await;
    if let Some(why) = faults.iter().find_map(|fault| fault.hindrance(&cluster)) {
        return Report::skipped(why);
    }
    let town = open(&cluster).await;
    let operator = Operator::look(cluster.desks(), options.backend);
    let load = Load::start(&cluster.twilio, &town, &cluster.desks(), options.rate, Random::new(Some(options.seed)));
    tokio::time::sleep(QUIET).await;
    operator.forget();

    let began = Instant::now();
    for fault in faults {
        if let Some(edge) = fault.begin(&mut cluster).await {
            load.tally().kept.killed(&edge);
        }
    }
    Fault::go_on(faults, &mut cluster, options.fault).await;
    let saw = operator.saw();
    for fault in faults {
        fault.end(&mut cluster).await;
    }
    let ended = Instant::now();
    let (converged, not_well) = converged(&load, &operator, ended).await;
    let tally = load.stop().await;

    let times = Times { began, ended, converged };
    let mut wrong = judge(&tally, faults, &times, options.backend);
    wrong.extend(not_well.map(|not_well| format!("not well after {CONVERGED_WITHIN:?}: {not_well}")));
    wrong.extend(some(tally.kept.faults(&cluster.edges[0].desk).await));
    let converged = format!("{:.1} s", times.converged.duration_since(ended).as_secs_f64());
    Report { figures: Figures { converged, saw, ..Figures::of(&tally) }, faults: wrong, skipped: None }
}

/// The town, with calls that stay, of which Twilio knows.
pub async fn open(cluster: &Cluster) -> Town {
    let town = Town::open(&cluster.desks(), &cluster.twilio).await;
    for sid in &town.standing {
        cluster.simulator.knows_of(&cluster.edges[0].desk.web, sid).await;
    }
    town
}

/// When the last trace of the fault was to be seen, by callers or the operator; and what is still to be seen.
async fn converged(load: &Load, operator: &Operator, ended: Instant) -> (Instant, Option<String>) {
    let mut well_since = None;
    loop {
        let not_well = operator.not_well().await;
        well_since = if not_well.is_none() { well_since.or(Some(Instant::now())) } else { None };
        let last_bad = load.tally().last_bad_after(ended).unwrap_or(ended);
        if let Some(since) = well_since.map(|since| since.max(last_bad))
            && since.elapsed() > QUIET
        {
            return (since, None);
        }
        if ended.elapsed() > CONVERGED_WITHIN + QUIET {
            return (
                Instant::now(),
                Some(not_well.unwrap_or_else(|| "calls are not answered as they should be".to_owned())),
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What must not be: a call that failed, ever; a wrong answer, save one by the count while edges cannot know each
/// other's calls.
fn judge(tally: &Tally, faults: &[Fault], times: &Times, backend: Backend) -> Vec<String> {
    let is_partition = faults.iter().any(|fault| fault.is_partition());
    let meanwhile = |bad: &Bad| bad.at >= times.began && bad.at <= times.converged;
    // Where there is one edge, nobody answers in its place.
    let alone = backend == Backend::Embedded && faults.iter().any(|fault| *fault != Fault::DiskFull);
    let may_be = |bad: &Bad| match bad.what {
        What::Late => true,
        What::Miscounted | What::Differs => is_partition && meanwhile(bad),
        What::Wrong => false,
        What::Failed => alone && meanwhile(bad),
    };
    let when = |bad: &Bad| match bad.at.checked_duration_since(times.ended) {
        Some(after) => format!("{:.1} s after its end", after.as_secs_f64()),
        None => match bad.at.checked_duration_since(times.began) {
            Some(meanwhile) => format!("{:.1} s into it", meanwhile.as_secs_f64()),
            None => "before it".to_owned(),
        },
    };
    let bad = tally.bad.iter().filter(|bad| !may_be(bad));
    some(bad.map(|bad| format!("{:?}, {}: {}", bad.what, when(bad), bad.told)))
}
