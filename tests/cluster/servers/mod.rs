//! The servers of a cluster, real ones, on free ports of the loopback: found on this machine, started, broken, ended.

mod balancer;
mod desk;
mod edge;
mod postgres;
mod process;
mod redis;
mod simulator;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::options::Backend;

pub use balancer::{Balancer, SERVED_BY};
pub use desk::{Desk, OPERATOR};
pub use edge::Edge;
pub use postgres::{Postgres, Stop};
pub use redis::Redis;
pub use simulator::Simulator;

/// Far more than a server takes to begin or to end, for machines that have much else to do.
const PATIENCE: Duration = Duration::from_secs(40);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Where a program is: in one of `places`, else where the shell would find it. `package` is Debian's.
fn find(names: &[&str], places: &[PathBuf], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = std::env::split_paths(&path).chain(["/usr/bin", "/usr/sbin"].map(PathBuf::from));
    let places: Vec<PathBuf> = places.iter().cloned().chain(usual).collect();
    let found = names.iter().find_map(|name| places.iter().map(|place| place.join(name)).find(|at| at.is_file()));
    found.unwrap_or_else(|| panic!("{} is not on this machine: install the Debian package {package}", names[0]))
}

/// The build that is tried: this one, or what `PATCHBAY_BINARY` names, for one that is optimized.
pub fn patchbay() -> PathBuf {
    std::env::var_os("PATCHBAY_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_patchbay").into(), PathBuf::from)
}

/// Looks whether all programs are on this machine, before anything is started.
pub fn look_for_programs(backend: Backend) {
    process::program_that_guards();
    balancer::program();
    if backend == Backend::Shared {
        postgres::programs();
        redis::program();
    }
}

/// Asks again and again until it is so.
async fn until(what: &str, log: &Path, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        if Instant::now() > deadline {
            panic!("never came true: {what}\n{}", end_of(log));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The last lines of a log.
fn end_of(log: &Path) -> String {
    let text = std::fs::read(log).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
