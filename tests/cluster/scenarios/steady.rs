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
const QUIET: Duration = Duration::from_secs(1);
/// Longest it may take until all is well again.
const CONVERGED_WITHIN: Duration = Duration::from_secs(20);

/// Longest that a fault lasts; in a longer run it comes again.
const FAULT_MAX: Duration = Duration::from_secs(60);

/// From when to when there was a fault, and until when it was felt.
struct Times<'f> {
    faults: &'f [Fault],
    began: Instant,
    ended: Instant,
    converged: Instant,
}

/// A cluster with a town in it, callers, and somebody who looks.
struct Stage {
    cluster: Cluster,
    operator: Operator,
    load: Load,
}

impl Stage {
    async fn set(name: &str, small_disk: bool, options: &Options) -> Stage {
        let cluster = Cluster::start(Plan { small_disk, ..Plan::usual(name, options.backend) }).await;
        let town = open(&cluster).await;
        let operator = Operator::look(cluster.desks(), options.backend);
        let load = Load::start(&cluster.twilio, &town, &cluster.desks(), options.rate, Random::new(Some(options.seed)));
        tokio::time::sleep(QUIET).await;
        operator.forget();
        Stage { cluster, operator, load }
    }

    /// Lets it happen once. Answers why all is not well again, if it is not.
    async fn once<'f>(&mut self, faults: &'f [Fault], lasts: Duration) -> (Times<'f>, Option<String>) {
        let began = Instant::now();
        happen(faults, &mut self.cluster, &self.load, lasts).await;
        let ended = Instant::now();
        let (converged, not_well) = converged(&self.load, &self.operator, ended).await;
        (Times { faults, began, ended, converged }, not_well)
    }

    async fn end(self, times: &[Times<'_>], mut wrong: Vec<String>) -> Report {
        let saw = self.operator.saw();
        let tally = self.load.stop().await;
        wrong.extend(judge(&tally, times, self.cluster.edges.len()));
        wrong.extend(some(tally.kept.faults(&self.cluster.edges[0].desk).await));
        let all = times.iter().flat_map(|times| times.faults);
        wrong.extend(all.filter_map(|fault| fault.did_not_happen(&self.cluster)));
        let converged = times.iter().map(Times::convergence).max().unwrap_or_default();
        let converged = format!("{:.1} s", converged.as_secs_f64());
        Report { figures: Figures { converged, saw, ..Figures::of(&tally) }, faults: wrong, skipped: None }
    }
}

impl Times<'_> {
    fn convergence(&self) -> Duration {
        self.converged - self.ended
    }
}

pub async fn run(name: &str, faults: &[Fault], options: &Options) -> Report {
    let mut stage = Stage::set(name, faults.contains(&Fault::DiskFull), options).await;
    if let Some(why) = faults.iter().find_map(|fault| fault.hindrance(&stage.cluster)) {
        return Report::skipped(why);
    }
    let (mut times, mut wrong, mut left) = (Vec::new(), Vec::new(), options.fault);
    while !left.is_zero() && wrong.is_empty() {
        let lasts = left.min(FAULT_MAX);
        left -= lasts;
        let (felt, not_well) = stage.once(faults, lasts).await;
        times.push(felt);
        wrong.extend(not_well.map(|not_well| format!("not well after {CONVERGED_WITHIN:?}: {not_well}")));
    }
    stage.end(&times, wrong).await
}

/// Every fault there is, one after another: each finds what those before it have left.
pub async fn in_turn(name: &str, options: &Options) -> Report {
    let mut stage = Stage::set(name, true, options).await;
    let (mut times, mut wrong, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for fault in Fault::ALL.iter().filter(|fault| fault.fits(options.backend)) {
        if let Some(why) = fault.hindrance(&stage.cluster) {
            notes.push(format!("{} skipped: {why}", fault.name()));
            continue;
        }
        let (felt, not_well) = stage.once(std::slice::from_ref(fault), options.fault.min(FAULT_MAX)).await;
        notes.push(format!("{} {:.1} s", fault.name(), felt.convergence().as_secs_f64()));
        times.push(felt);
        wrong.extend(not_well.map(|why| format!("{}: not well after {CONVERGED_WITHIN:?}: {why}", fault.name())));
    }
    let mut report = stage.end(&times, wrong).await;
    report.figures.notes.extend(notes);
    report
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
    // An edge that is killed in a moment answers from what it has kept.
    if let Some(last) = town.lines.last().filter(|_| cluster.shared.is_some()) {
        for edge in &cluster.edges {
            edge.keeps(&last.number).await;
        }
    }
    town
}

/// When the last trace of the fault was to be seen, by callers or the operator; and what is still to be seen.
async fn converged(load: &Load, operator: &Operator, ended: Instant) -> (Instant, Option<String>) {
    let (mut well_since, mut last) = (None, "calls are not answered as they should be".to_owned());
    loop {
        let not_well = operator.not_well().await;
        last = not_well.clone().unwrap_or(last);
        well_since = if not_well.is_none() { well_since.or(Some(Instant::now())) } else { None };
        let last_bad = load.tally().last_bad_after(ended).unwrap_or(ended);
        if let Some(since) = well_since.map(|since| since.max(last_bad))
            && since.elapsed() > QUIET
        {
            return (since, None);
        }
        if ended.elapsed() > CONVERGED_WITHIN + QUIET {
            return (Instant::now(), Some(last));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What must not be: a call that failed, ever; a wrong answer, save one by the count while edges cannot know each
/// other's calls, when each still keeps to the threshold by itself, and one by settings of before while the store that
/// tells of new ones is in trouble.
fn judge(tally: &Tally, times: &[Times<'_>], edges: usize) -> Vec<String> {
    let meanwhile = |bad: &Bad, is_such: fn(Fault) -> bool| {
        let then = times.iter().filter(|times| bad.at >= times.began && bad.at <= times.converged);
        then.flat_map(|times| times.faults).copied().any(is_such)
    };
    // Where there is one edge, nobody answers in its place.
    let may_be = |bad: &Bad| match bad.what {
        What::Late => true,
        What::Miscounted | What::Differs => meanwhile(bad, Fault::parts_counts),
        What::Stale => meanwhile(bad, Fault::delays_settings),
        What::Wrong => false,
        What::Failed => edges == 1 && meanwhile(bad, |fault| fault != Fault::DiskFull),
    };
    let bad = tally.bad.iter().filter(|bad| !may_be(bad));
    let mut wrong = some(bad.map(|bad| format!("{:?}, {}: {}", bad.what, when(bad.at, times), bad.told)));
    if tally.most_beyond() > edges * TALKING {
        wrong.push(format!("{} at once to staff beyond the threshold", tally.most_beyond()));
    }
    let alone = edges == 1 && times.iter().flat_map(|times| times.faults).any(|fault| *fault != Fault::DiskFull);
    if tally.not_kept > 0 && !alone && !times.iter().any(|times| Fault::leave_no_place(times.faults)) {
        wrong.push(format!("{} callbacks were not acknowledged", tally.not_kept));
    }
    wrong
}

/// An instant, as one looks at a fault.
fn when(at: Instant, times: &[Times<'_>]) -> String {
    match times.iter().rfind(|times| times.began <= at) {
        None => "before it".to_owned(),
        Some(times) if at < times.ended => format!("{:.1} s into it", (at - times.began).as_secs_f64()),
        Some(times) => format!("{:.1} s after its end", (at - times.ended).as_secs_f64()),
    }
}
