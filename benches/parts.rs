//! What each part of a call takes, caches warm: the numbers to hold beside those of the whole request.

#![allow(missing_docs, clippy::disallowed_methods)]

#[allow(dead_code, reason = "each bench uses its part of the sample")]
mod sample;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use patchbay::calls::{Begin, Ledger};
use patchbay::directory::Found;
use patchbay::edge::{Claim, Content, Form, SignedUrls, sign, verify};
use patchbay::model::{Arrival, E164, EndedBy, Secret, Sid, SigningKey};
use patchbay::routing::{self, Call};
use patchbay::twiml::{self, Urls};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use sample::{at_once, house};

const SID: &str = "CA00000000000000000000000000000001";

fn form_and_signature(criterion: &mut Criterion) {
    let body = sample::encode(&sample::fields(SID));
    let keys = [SigningKey::new(&Secret::new(sample::TOKEN))];
    let form = Form::parse(&body).expect("a form");
    let signature = sign(&format!("{}/api/twilio/voice", sample::BASE), Some(&form), &keys[0]);
    let bases = [sample::BASE.to_owned()];
    let urls = SignedUrls { bases: (&bases[..]).into(), path: "/api/twilio/voice", query: "" };
    let claim = Claim { signature: Some(&signature), settings: None };
    criterion.bench_function("form", |bencher| bencher.iter(|| Form::parse(black_box(&body)).expect("a form")));
    criterion.bench_function("signature", |bencher| {
        bencher.iter(|| verify(&urls, Content::Form(black_box(&form)), claim, &keys).expect("signed"));
    });
}

fn decide_and_render(criterion: &mut Criterion) {
    let call = Call { sid: SID, account: sample::ACCOUNT, from: sample::CALLER, arrival: Arrival::Number };
    for mode in ["always", "after-hours-only", "combined"] {
        let tenant = sample::tenant(mode);
        criterion.bench_function(&format!("decide and render: {mode}"), |bencher| {
            bencher.iter(|| {
                let decision = routing::verdicts(black_box(&tenant.rules), false, sample::now()).pick(0);
                let walk = routing::begin(&tenant, decision, &call);
                twiml::render(&tenant, &walk, &call, &Urls { base: sample::BASE })
            });
        });
    }
}

fn ledger(criterion: &mut Criterion) {
    let ledger = Ledger::memory(None, Arc::default());
    let tenant = Arc::new(sample::tenant("always"));
    let (sid, account) = (Sid::parse(SID).expect("a SID"), Sid::parse(sample::ACCOUNT).expect("a SID"));
    let verdicts = routing::verdicts(&tenant.rules, false, sample::now());
    let begin = || Begin {
        sid: &sid,
        tenant: &tenant,
        number: None,
        caller: E164::parse(sample::CALLER).ok(),
        account: Some(&account),
        arrival: Arrival::Number,
        verdicts,
        ai_refused: None,
        now: sample::now(),
    };
    criterion.bench_function("ledger: begin and end", |bencher| {
        bencher.iter(|| {
            let began = at_once(ledger.begin(begin()));
            (began, at_once(ledger.end(&sid, EndedBy::Status)))
        });
    });
}

/// Of one number, so that all of it is warm: what it costs to find a tenant that the processor's caches do not hold is
/// for the load tests to tell.
fn lookup(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let dir = TempDir::new().expect("a directory");
    let (running, _) = runtime.block_on(house::open(&dir, "always"));
    let directory = &running.handler.directory;
    let number = E164::parse(sample::NUMBER).expect("a number");
    // The first look loads, the second remembers.
    for _ in 0..2 {
        assert!(matches!(runtime.block_on(directory.by_number(number)), Found::Known(_)));
    }
    criterion.bench_function("lookup", |bencher| bencher.iter(|| at_once(directory.by_number(black_box(number)))));
    runtime.block_on(running.stop());
}

criterion_group!(benches, form_and_signature, lookup, decide_and_render, ledger);
criterion_main!(benches);
