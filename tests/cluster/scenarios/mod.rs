//! What is tried: each scenario has a cluster of its own, and comes to a line of figures and a list of what was wrong.

mod exactly_once;
mod obeyed;
mod one_count;
mod rolling;
mod steady;
mod throughput;

use std::fmt;

use crate::callers::{Tally, What};
use crate::faults::Fault;
use crate::options::{Backend, Options};
use crate::random::Random;

/// How many pairs of faults a short run takes, by chance.
const PAIRS: usize = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Faults under steady load.
    Steady(Vec<Fault>),
    /// Each fault there is under steady load, one after another, on the same servers.
    InTurn,
    /// Of simultaneous calls over all edges exactly so many see fewer than so many others.
    OneCount,
    /// A change at one edge is obeyed by the others.
    Obeyed,
    /// Everything acknowledged during repeated faults is kept once.
    ExactlyOnce,
    /// Edges are restarted in order, one after another.
    RollingRestart,
    /// The same, to another build and back: both schemas side by side.
    SideBySide,
    /// What one, two and three edges do.
    Throughput,
}

/// What a scenario came to.
#[derive(Default)]
pub struct Report {
    pub figures: Figures,
    /// What must not be.
    pub faults: Vec<String>,
    /// Why it was not tried.
    pub skipped: Option<String>,
}

/// One line of the table; what does not apply stays empty.
#[derive(Default)]
pub struct Figures {
    pub calls: u64,
    pub failed: usize,
    pub wrong: usize,
    pub worst_ms: u64,
    pub converged: String,
    pub saw: String,
    /// What else there is to say.
    pub notes: Vec<String>,
}

impl Scenario {
    /// What the options name, or the short campaign.
    pub fn chosen(options: &Options) -> Vec<Scenario> {
        match &options.chosen {
            Some(names) => names.split(',').flat_map(|name| Scenario::named(name.trim(), options.backend)).collect(),
            None => Scenario::campaign(options),
        }
    }

    /// Each fault, some pairs, and whatever else there is, as far as the servers have it.
    fn campaign(options: &Options) -> Vec<Scenario> {
        let mut all: Vec<Scenario> = Fault::ALL.into_iter().map(|fault| Scenario::Steady(vec![fault])).collect();
        let (mut random, mut pairs) = (Random::new(Some(options.seed)), Fault::pairs());
        for _ in 0..PAIRS {
            let pair = pairs.swap_remove(random.below(pairs.len() as u32) as usize);
            all.push(Scenario::Steady(pair.to_vec()));
        }
        all.extend([
            Scenario::OneCount,
            Scenario::Obeyed,
            Scenario::ExactlyOnce,
            Scenario::RollingRestart,
            Scenario::SideBySide,
            Scenario::Throughput,
        ]);
        all.retain(|scenario| scenario.fits(options.backend));
        all
    }

    fn named(name: &str, backend: Backend) -> Vec<Scenario> {
        let one = match name {
            "pairs" => {
                let pairs = Fault::pairs().into_iter().map(|pair| Scenario::Steady(pair.to_vec()));
                return pairs.filter(|pair| pair.fits(backend)).collect();
            }
            "faults-in-turn" => Scenario::InTurn,
            "one-count" => Scenario::OneCount,
            "obeyed" => Scenario::Obeyed,
            "exactly-once" => Scenario::ExactlyOnce,
            "rolling-restart" => Scenario::RollingRestart,
            "side-by-side" => Scenario::SideBySide,
            "throughput" => Scenario::Throughput,
            faults => {
                let known = |name| Fault::named(name).unwrap_or_else(|| panic!("there is no scenario {name}"));
                Scenario::Steady(faults.split('+').map(known).collect())
            }
        };
        vec![one]
    }

    fn fits(&self, backend: Backend) -> bool {
        match self {
            Scenario::Steady(faults) => {
                // With a single edge two faults of edges would be of the same one.
                faults.iter().all(|fault| fault.fits(backend)) && (backend == Backend::Shared || faults.len() == 1)
            }
            Scenario::InTurn | Scenario::OneCount | Scenario::Throughput | Scenario::ExactlyOnce => true,
            Scenario::Obeyed | Scenario::RollingRestart | Scenario::SideBySide => backend == Backend::Shared,
        }
    }

    pub async fn run(&self, options: &Options) -> Report {
        match self {
            Scenario::Steady(faults) => steady::run(&self.to_string(), faults, options).await,
            Scenario::InTurn => steady::in_turn(&self.to_string(), options).await,
            Scenario::OneCount => one_count::run(options).await,
            Scenario::Obeyed => obeyed::run(options).await,
            Scenario::ExactlyOnce => exactly_once::run(options).await,
            Scenario::RollingRestart => rolling::restart(options).await,
            Scenario::SideBySide => rolling::side_by_side(options).await,
            Scenario::Throughput => throughput::run(options).await,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Scenario::Steady(faults) => {
                return out.write_str(&faults.iter().map(|fault| fault.name()).collect::<Vec<_>>().join("+"));
            }
            Scenario::InTurn => "faults-in-turn",
            Scenario::OneCount => "one-count",
            Scenario::Obeyed => "obeyed",
            Scenario::ExactlyOnce => "exactly-once",
            Scenario::RollingRestart => "rolling-restart",
            Scenario::SideBySide => "side-by-side",
            Scenario::Throughput => "throughput",
        })
    }
}

impl Report {
    /// Not tried, and why.
    fn skipped(why: &str) -> Report {
        Report { skipped: Some(why.to_owned()), ..Report::default() }
    }
}

impl Figures {
    fn of(tally: &Tally) -> Figures {
        let (half, most) = tally.usual_ms();
        let wrong =
            [What::Wrong, What::Miscounted, What::Stale, What::Differs].map(|what| tally.count(what)).iter().sum();
        let mut notes = vec![format!("p50 {half:.1} p99 {most:.1} ms")];
        for (count, what) in [
            (tally.retried as usize, "asked again"),
            (tally.not_kept as usize, "callbacks not acknowledged"),
            (tally.count(What::Late), "over 1 s"),
            (tally.count(What::Stale), "by settings of before"),
            (tally.count(What::Differs), "repeated and different"),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what}"));
            }
        }
        let miscounted = tally.count(What::Miscounted);
        if miscounted > 0 {
            let (counted, most) = (tally.counted, tally.most_beyond());
            notes.push(format!("{miscounted} of {counted} by the count, {most} at once"));
        }
        Figures {
            calls: tally.calls,
            failed: tally.count(What::Failed),
            wrong,
            worst_ms: tally.worst_ms(),
            notes,
            ..Figures::default()
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { calls, failed, wrong, worst_ms, converged, saw, notes } = self;
        write!(out, "{calls} | {failed} | {wrong} | {worst_ms} | {converged} | {saw} | {}", notes.join(", "))
    }
}

/// The first few of many, in words.
fn some(what: impl IntoIterator<Item = String>) -> Vec<String> {
    let all: Vec<String> = what.into_iter().collect();
    let more = all.len().saturating_sub(5);
    let rest = (more > 0).then(|| format!("and {more} more"));
    all.into_iter().take(5).chain(rest).collect()
}
