//! How often a call asks the allocator for memory, from the request's bytes to the answer's: a promise kept by counting.
//!
//! In a binary of its own, because its allocator counts. hyper's own allocations come on top and are hyper's.

#![allow(missing_docs, clippy::disallowed_methods)]

#[allow(dead_code, reason = "this test uses its part of the sample")]
#[path = "../../benches/sample/mod.rs"]
mod sample;

use allocation_counter::measure;
use patchbay::app::Running;
use patchbay::edge::{Answer, Handler, Incoming};
use patchbay::model::{Secret, SigningKey};

use sample::at_once;
use sample::house::{self, call};

/// What a call may ask for: our own limit is eight.
const VOICE: u64 = 5;
const STATUS: u64 = 3;

/// Answers a request that has nothing to wait for.
#[inline(never)]
fn answer(running: &Running, request: &Incoming) -> Answer {
    at_once(running.handler.answer(request))
}

/// The allocations of most requests: tables that grow now and then are not every request's.
fn usual(mut counts: Vec<u64>) -> u64 {
    counts.sort_unstable();
    counts[counts.len() / 2]
}

#[tokio::test]
async fn a_call_asks_for_memory_at_most_eight_times() {
    let dir = tempfile::TempDir::new().expect("a directory");
    let (running, _) = house::open(&dir, "always").await;
    let key = SigningKey::new(&Secret::new(sample::TOKEN));
    let [first, over] = call(0, &key);
    assert_eq!(running.handler.answer(&first).await.status, 200);
    assert_eq!(running.handler.answer(&over).await.status, 204);

    let (mut voices, mut ends) = (Vec::new(), Vec::new());
    for turn in 1..500 {
        let [voice, status] = call(turn, &key);
        voices.push(measure(|| assert_eq!(answer(&running, &voice).status, 200)).count_total);
        ends.push(measure(|| assert_eq!(answer(&running, &status).status, 204)).count_total);
    }
    assert_eq!((usual(voices), usual(ends)), (VOICE, STATUS));
    running.stop().await;
}
