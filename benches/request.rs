//! The whole request in process: bytes of a signed webhook in, TwiML out, ledger, journal, metrics and log line on.

#![allow(missing_docs, clippy::disallowed_methods)]

#[allow(dead_code, reason = "each bench uses its part of the sample")]
mod sample;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use patchbay::edge::Handler;
use patchbay::model::{Secret, SigningKey};
use tokio::runtime::Runtime;

use sample::house::{self, call};

fn whole_request(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let dir = tempfile::TempDir::new().expect("a directory");
    let (running, _) = runtime.block_on(house::open(&dir, "after-hours-only"));
    let key = SigningKey::new(&Secret::new(sample::TOKEN));
    let mut turn = 0;
    let edge = &running.handler;
    for (name, which) in [("voice", 0), ("status", 1)] {
        criterion.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    turn += 1;
                    let [voice, status] = call(turn, &key);
                    if which == 1 {
                        assert_eq!(runtime.block_on(edge.answer(&voice)).status, 200);
                        return status;
                    }
                    // The call before this one ends first, as calls do.
                    let [_, last] = call(turn - 1, &key);
                    assert_eq!(runtime.block_on(edge.answer(&last)).status, 204);
                    voice
                },
                |request| black_box(runtime.block_on(edge.answer(&request))),
                criterion::BatchSize::SmallInput,
            );
        });
    }
    runtime.block_on(running.stop());
}

criterion_group!(benches, whole_request);
criterion_main!(benches);
