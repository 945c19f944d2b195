//! The operator: looks at every edge all the time, and says in one line what was to be seen.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::futures::join_all;
use crate::options::Backend;
use crate::servers::Desk;

const LOOK_EVERY: Duration = Duration::from_millis(400);
/// Records that wait for the store at any moment, however well all is.
const SPOOL_USUAL: u64 = 200;

/// Kinds of log lines that are shown.
const LOGGED_MAX: usize = 4;

/// Somebody who looks until dropped.
pub struct Operator {
    desks: Vec<Desk>,
    seen: Arc<Mutex<Vec<Seen>>>,
    looking: JoinHandle<()>,
    mode: &'static str,
}

/// What was seen of one edge.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// How long its log was before.
    logged: u64,
    /// Its admin listener did not answer.
    silent: bool,
    not_ready: bool,
    store_away: bool,
    modes: BTreeSet<String>,
    spool: u64,
    warnings: BTreeSet<String>,
}

impl Operator {
    pub fn look(desks: Vec<Desk>, backend: Backend) -> Operator {
        let seen = Arc::new(Mutex::new(vec![Seen::default(); desks.len()]));
        let looking = tokio::spawn(look_on(desks.clone(), Arc::clone(&seen)));
        let mode = match backend {
            Backend::Shared => "redis",
            Backend::Embedded => "memory",
        };
        Operator { desks, seen, looking, mode }
    }

    /// Forgets what was seen before.
    pub fn forget(&self) {
        let anew = self.desks.iter().map(|desk| Seen { logged: desk.logged(), ..Seen::default() });
        *self.seen.lock().expect("nobody panicked") = anew.collect();
    }

    /// What was seen since, in one line.
    pub fn saw(&self) -> String {
        let seen = self.seen.lock().expect("nobody panicked");
        let edges = |is_so: &dyn Fn(&Seen) -> bool| -> String {
            self.desks.iter().zip(&*seen).filter(|(_, seen)| is_so(seen)).map(|(desk, _)| desk.name.as_str()).collect()
        };
        let mut words = Vec::new();
        for (what, edges) in [
            ("silent", edges(&|seen| seen.silent)),
            ("not ready", edges(&|seen| seen.not_ready)),
            ("store away", edges(&|seen| seen.store_away)),
            ("degraded", edges(&|seen| seen.modes.contains("degraded"))),
        ] {
            if !edges.is_empty() {
                words.push(format!("{what} {edges}"));
            }
        }
        let spool = seen.iter().map(|seen| seen.spool).max().unwrap_or_default();
        if spool > SPOOL_USUAL {
            words.push(format!("spool {spool}"));
        }
        let warnings: BTreeSet<&str> = seen.iter().flat_map(|seen| &seen.warnings).map(String::as_str).collect();
        if !warnings.is_empty() {
            words.push(format!("warned {}", warnings.into_iter().collect::<Vec<_>>().join(" ")));
        }
        let logged: BTreeSet<String> =
            self.desks.iter().zip(&*seen).flat_map(|(desk, seen)| desk.warned(seen.logged)).collect();
        words.extend(logged.iter().take(LOGGED_MAX).map(|message| format!("logged \"{message}\"")));
        if logged.len() > LOGGED_MAX {
            words.push(format!("and {} more", logged.len() - LOGGED_MAX));
        }
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }

    /// Whether all is well at this moment; what is not, if so.
    pub async fn not_well(&self) -> Option<String> {
        let looks = join_all(self.desks.iter().map(look_at)).await;
        let edges = self.desks.iter().zip(&looks);
        let bad = edges.filter(|(_, seen)| !self.is_well(seen)).map(|(desk, seen)| format!("{}: {seen:?}", desk.name));
        let bad: Vec<String> = bad.collect();
        (!bad.is_empty()).then(|| bad.join(", "))
    }

    fn is_well(&self, seen: &Seen) -> bool {
        let is_there = !seen.silent && !seen.not_ready && !seen.store_away;
        is_there && seen.modes.iter().eq([self.mode]) && seen.spool <= SPOOL_USUAL
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

async fn look_on(desks: Vec<Desk>, all: Arc<Mutex<Vec<Seen>>>) {
    loop {
        // Each by itself: one that is silent must not hide the others for a while.
        let looks = join_all(desks.iter().map(look_at)).await;
        for (seen, look) in all.lock().expect("nobody panicked").iter_mut().zip(looks) {
            seen.add(look);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look_at(desk: &Desk) -> Seen {
    let (is_ready, metrics, warnings) = tokio::join!(desk.is_ready(), desk.metrics(), desk.warnings());
    let Some(metrics) = metrics else {
        return Seen { silent: true, not_ready: !is_ready, ..Seen::default() };
    };
    let warnings = warnings.unwrap_or_default().into_iter().collect();
    Seen { not_ready: !is_ready, warnings, ..Seen::of(&metrics) }
}

impl Seen {
    /// What the metrics tell.
    fn of(metrics: &str) -> Seen {
        let value = |name: &str| -> Option<f64> {
            metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
        };
        let modes = metrics.lines().filter_map(|line| {
            let (mode, value) = line.strip_prefix("patchbay_ledger_mode{mode=\"")?.split_once("\"} ")?;
            (value.trim() == "1").then(|| mode.to_owned())
        });
        Seen {
            store_away: value("patchbay_store_up") != Some(1.0),
            spool: value("patchbay_spool_depth").unwrap_or_default() as u64,
            modes: modes.collect(),
            ..Seen::default()
        }
    }

    fn add(&mut self, look: Seen) {
        self.silent |= look.silent;
        self.not_ready |= look.not_ready;
        self.store_away |= look.store_away;
        self.spool = self.spool.max(look.spool);
        self.modes.extend(look.modes);
        self.warnings.extend(look.warnings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_read_from_the_metrics() {
        let text = "# TYPE patchbay_store_up gauge\npatchbay_store_up 0\npatchbay_ledger_mode{mode=\"redis\"} 0\n\
            patchbay_ledger_mode{mode=\"degraded\"} 1\npatchbay_spool_depth 512\n";
        let seen = Seen::of(text);
        assert!(seen.store_away && seen.modes.iter().eq(["degraded"]) && seen.spool == 512, "{seen:?}");
        assert!(Seen::of("").store_away, "what is not told is not well");
    }
}
