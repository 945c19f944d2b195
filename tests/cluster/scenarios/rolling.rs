//! Edges that are restarted in order, one after another, behind the balancer and under load: no call notices.

use std::path::PathBuf;
use std::time::Duration;

use super::{Figures, Report, some, steady};
use crate::callers::{Load, What};
use crate::cluster::{Cluster, Plan};
use crate::operator::Operator;
use crate::options::Options;
use crate::random::Random;
use crate::servers::patchbay;

/// Between an edge that is ready again and the next.
const BETWEEN: Duration = Duration::from_secs(1);

/// Each edge once.
pub async fn restart(options: &Options) -> Report {
    under_load("rolling-restart", options, vec![None]).await
}

/// Each edge to the build that `PATCHBAY_OTHER_BINARY` names, the one before or behind this, and back.
pub async fn side_by_side(options: &Options) -> Report {
    let Some(other) = std::env::var_os("PATCHBAY_OTHER_BINARY").map(PathBuf::from) else {
        return Report::skipped("PATCHBAY_OTHER_BINARY names no other build");
    };
    let own = patchbay();
    under_load("side-by-side", options, vec![Some(other), Some(own)]).await
}

/// Restarts all edges for each build, or as they are.
async fn under_load(name: &str, options: &Options, builds: Vec<Option<PathBuf>>) -> Report {
    let mut cluster = Cluster::start(Plan::usual(name, options.backend)).await;
    let town = steady::open(&cluster).await;
    let operator = Operator::look(cluster.desks(), options.backend);
    let load = Load::start(&cluster.twilio, &town, &cluster.desks(), options.rate, Random::new(Some(options.seed)));
    tokio::time::sleep(BETWEEN).await;
    for build in builds {
        for edge in &mut cluster.edges {
            edge.leave().await;
            if let Some(build) = &build {
                edge.binary.clone_from(build);
            }
            edge.go();
            edge.ready().await;
            tokio::time::sleep(BETWEEN).await;
        }
    }
    let tally = load.stop().await;
    let bad = tally.bad.iter().filter(|bad| bad.what != What::Late);
    let mut faults = some(bad.map(|bad| format!("{:?}: {}", bad.what, bad.told)));
    if tally.not_kept > 0 {
        faults.push(format!("{} callbacks were not acknowledged", tally.not_kept));
    }
    faults.extend(some(tally.kept.faults(&cluster.edges[0].desk).await));
    let saw = operator.saw();
    // Whoever waits for a page notices what no call does.
    if saw.contains("the store failed") {
        faults.push("a question to the store failed".to_owned());
    }
    let figures = Figures { converged: "-".to_owned(), saw, ..Figures::of(&tally) };
    Report { figures, faults, skipped: None }
}
