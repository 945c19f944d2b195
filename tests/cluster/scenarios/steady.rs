//! A fault, or two at once, under steady load: what calls hear before, meanwhile and after, and how soon all is well.

use std::time::{Duration, Instant};

use super::{Figures, Report, some};
use crate::callers::{Bad, Load, TALKING, Tally, Town, What};
use crate::cluster::{Cluster, Plan};
use crate::faults::Fault;
use crate::operator::Operator;
use crate::options::Options;
use crate::random::Random;

/// Load before the fault, and after all is well.
const QUIET: Duration = Duration::from_secs(2);
/// Longest it may take until all is well again.
const CONVERGED_WITHIN: Duration = Duration::from_secs(20);

/// Longest that a fault lasts; in a longer run it comes again.
const FAULT_MAX: Duration = Duration::from_secs(60);

/// From when to when there was a fault, and until when it was felt.
struct Times {
    began: Instant,
    ended: Instant,
    converged: Instant,
}

pub async fn run(name: &str, faults: &[Fault], options: &Options) -> Report {
    let small_disk = faults.contains(&Fault::DiskFull);
    let mut cluster = Cluster::start(Plan { small_disk, ..Plan::usual(name, options.backend) }).await;
    if let Some(why) = faults.iter().find_map(|fault| fault.hindrance(&cluster)) {
        return Report::skipped(why);
    }
    let town = open(&cluster).await;
    let operator = Operator::look(cluster.desks(), options.backend);
    let load = Load::start(&cluster.twilio, &town, &cluster.desks(), options.rate, Random::new(Some(options.seed)));
    tokio::time::sleep(QUIET).await;
    operator.forget();
    let (mut times, mut wrong, mut left) = (Vec::new(), Vec::new(), options.fault);
    while !left.is_zero() && wrong.is_empty() {
        let lasts = left.min(FAULT_MAX);
        left -= lasts;
        let began = Instant::now();
        happen(faults, &mut cluster, &load, lasts).await;
        let ended = Instant::now();
        let (converged, not_well) = converged(&load, &operator, ended).await;
        times.push(Times { began, ended, converged });
        wrong.extend(not_well.map(|not_well| format!("not well after {CONVERGED_WITHIN:?}: {not_well}")));
    }
    let saw = operator.saw();
    let tally = load.stop().await;
    wrong.extend(judge(&tally, faults, &times, cluster.edges.len()));
    wrong.extend(some(tally.kept.faults(&cluster.edges[0].desk).await));
    wrong.extend(faults.iter().filter_map(|fault| fault.did_not_happen(&cluster)));
    let converged = times.iter().map(|times| times.converged - times.ended).max().unwrap_or_default();
    let converged = format!("{:.1} s", converged.as_secs_f64());
    Report { figures: Figures { converged, saw, ..Figures::of(&tally) }, faults: wrong, skipped: None }
}

/// All of them, at once, for so long.
async fn happen(faults: &[Fault], cluster: &mut Cluster, load: &Load, lasts: Duration) {
    for fault in faults {
        if let Some(edge) = fault.begin(cluster).await {
            load.tally().kept.killed(&edge);
        }
    }
    Fault::go_on(faults, cluster, lasts).await;
    for fault in faults {
        fault.end(cluster).await;
    }
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
/// other's calls, when each still keeps to the threshold by itself, and one by settings of before while the store that
/// tells of new ones is in trouble.
fn judge(tally: &Tally, faults: &[Fault], times: &[Times], edges: usize) -> Vec<String> {
    let counts_apart = faults.iter().any(|fault| fault.parts_counts());
    let settings_late = faults.iter().any(|fault| fault.delays_settings());
    let meanwhile = |bad: &Bad| times.iter().any(|times| bad.at >= times.began && bad.at <= times.converged);
    // Where there is one edge, nobody answers in its place.
    let alone = edges == 1 && faults.iter().any(|fault| *fault != Fault::DiskFull);
    let may_be = |bad: &Bad| match bad.what {
        What::Late => true,
        What::Miscounted | What::Differs => counts_apart && meanwhile(bad),
        What::Stale => settings_late && meanwhile(bad),
        What::Wrong => false,
        What::Failed => alone && meanwhile(bad),
    };
    let bad = tally.bad.iter().filter(|bad| !may_be(bad));
    let mut wrong = some(bad.map(|bad| format!("{:?}, {}: {}", bad.what, when(bad.at, times), bad.told)));
    if tally.most_beyond() > edges * TALKING {
        wrong.push(format!("{} at once to staff beyond the threshold", tally.most_beyond()));
    }
    if tally.not_kept > 0 && !alone && !Fault::leave_no_place(faults) {
        wrong.push(format!("{} callbacks were not acknowledged", tally.not_kept));
    }
    wrong
}

/// An instant, as one looks at a fault.
fn when(at: Instant, times: &[Times]) -> String {
    match times.iter().rfind(|times| times.began <= at) {
        None => "before it".to_owned(),
        Some(times) if at < times.ended => format!("{:.1} s into it", (at - times.began).as_secs_f64()),
        Some(times) => format!("{:.1} s after its end", (at - times.ended).as_secs_f64()),
    }
}
