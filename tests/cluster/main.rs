//! Several edges, the servers they share, and everything that may go wrong between them, on one machine.
//!
//! ```text
//! cargo test --test cluster                                             # the short campaign, a line for each scenario
//! PATCHBAY_CLUSTER=redis-slow PATCHBAY_CLUSTER_SECONDS=600 cargo test --test cluster campaign
//! PATCHBAY_CLUSTER=edge-kill+postgres-slow,one-count cargo test --test cluster campaign
//! PATCHBAY_CLUSTER=pairs cargo test --test cluster campaign             # every pair of faults
//! PATCHBAY_CLUSTER_BACKEND=embedded cargo test --test cluster           # one edge, nothing shared: tries the harness
//! ```
//!
//! `PATCHBAY_BINARY` names another build of this program, an optimized one for what is measured; `PATCHBAY_OTHER_BINARY`
//! the one before or behind it, which runs side by side with it. `options.rs` lists what else may be said; `scenarios/` holds what is tried, `faults.rs` what goes wrong, `callers/`
//! who calls and what each has to hear. Real Postgres, Redis or Valkey and HAProxy are needed, from Debian's packages.

#![allow(clippy::unwrap_used, missing_docs)]

mod callers;
mod cluster;
mod disk;
mod faults;
mod futures;
mod operator;
mod options;
mod proxy;
mod scenarios;
mod servers;

#[allow(dead_code)]
#[path = "../it/ears.rs"]
mod ears;
#[allow(dead_code, unused_imports)]
#[path = "../../load-tests/generator/histogram.rs"]
mod histogram;
#[path = "../it/servers/port.rs"]
mod port;
#[allow(dead_code)]
#[path = "../../load-tests/generator/random.rs"]
mod random;

use std::io::Write as _;

use options::Options;
use scenarios::Scenario;

/// Says it at once, past the test runner, which would keep it until the end.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// All scenarios that were chosen, one after another, whatever becomes of each.
#[test]
fn campaign() {
    let options = Options::from_env();
    servers::look_for_programs(options.backend);
    // The thread of the test starts the servers, and stays as long as they do.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    say(&format!("\n{:?} servers, seed {} (PATCHBAY_SEED)", options.backend, options.seed));
    say("scenario | calls | failed | wrong | worst ms | converged after | operator saw | notes");
    let (mut bad, mut skipped) = (Vec::new(), 0);
    let scenarios = Scenario::chosen(&options);
    for scenario in &scenarios {
        let run = std::panic::AssertUnwindSafe(|| runtime.block_on(scenario.run(&options)));
        let faults = match std::panic::catch_unwind(run) {
            Ok(report) => {
                match &report.skipped {
                    Some(why) => {
                        skipped += 1;
                        say(&format!("skipped: {scenario}: {why}"));
                    }
                    None => say(&format!("{scenario} | {}", report.figures)),
                }
                report.faults
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
                say(&format!("{scenario} | broke off"));
                vec![text.to_owned()]
            }
        };
        faults.iter().for_each(|fault| say(&format!("    {fault}")));
        bad.extend(faults.into_iter().map(|fault| format!("{scenario}: {fault}")));
    }
    say(&format!("{} scenarios, {skipped} of them skipped, {} things wrong", scenarios.len(), bad.len()));
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
