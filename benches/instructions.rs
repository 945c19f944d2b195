//! How many instructions each step of a call costs, counted by Callgrind: the same on any day and under any load.
//!
//! The limits are here, beside what they limit; the run fails where one is passed. Raise one only with its reason.

#![allow(missing_docs)]

#[allow(dead_code, reason = "each bench uses its part of the sample")]
mod sample;

use std::hint::black_box;

use bytes::Bytes;
use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use patchbay::app::Running;
use patchbay::edge::{Answer, Claim, Content, Form, Handler, Incoming, SignedUrls, sign, verify};
use patchbay::model::{Arrival, Decision, Reason, Secret, SigningKey, Verdicts};
use patchbay::routing::{self, Call, CompiledTenant, Walk};
use patchbay::twiml::{self, Urls};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use sample::{at_once, house};

// Each is what was counted and a twentieth more, for the difference between one toolchain and the next.
const FORM_AND_SIGNATURE: u64 = 28_971;
const DECIDE_ALWAYS: u64 = 156;
const DECIDE_DISABLED: u64 = 156;
const DECIDE_AFTER_HOURS: u64 = 1_291;
const DECIDE_OVERFLOW: u64 = 170;
const DECIDE_SCHEDULED: u64 = 1_224;
const DECIDE_COMBINED: u64 = 2_407;
const PLAN_AI: u64 = 121;
const PLAN_FALLBACK: u64 = 410;
const RENDER_AI: u64 = 3_182;
const RENDER_FORWARD: u64 = 2_739;
const RENDER_VOICEMAIL: u64 = 3_682;
// Raised with the ledger that several edges share: by 4.5, 7.7 and 7.4 in a hundred, spread over all of the path.
const WHOLE_CALL: u64 = 45_092;
const WHOLE_END: u64 = 16_182;
const WHOLE_SIP_CALL: u64 = 52_323;

/// Calls before the one that is counted: what is made once or grows is there then.
const CALLS_BEFORE: u64 = 300;

struct Webhook {
    body: Vec<u8>,
    signature: String,
    key: SigningKey,
    bases: Vec<String>,
}

fn webhook() -> Webhook {
    let body = sample::encode(&sample::fields("CA00000000000000000000000000000001"));
    let key = SigningKey::new(&Secret::new(sample::TOKEN));
    let url = format!("{}/api/twilio/voice", sample::BASE);
    let signature = sign(&url, Some(&Form::parse(&body).expect("a form")), &key);
    Webhook { body, signature, key, bases: vec![sample::BASE.to_owned()] }
}

fn call() -> Call<'static> {
    Call {
        sid: "CA00000000000000000000000000000001",
        account: sample::ACCOUNT,
        from: sample::CALLER,
        arrival: Arrival::Number,
    }
}

fn walk(decision: Decision) -> (CompiledTenant, Walk) {
    let tenant = sample::tenant("always");
    let walk = routing::begin(&tenant, decision, &call());
    (tenant, walk)
}

#[library_benchmark]
#[bench::webhook(args = (webhook()), config = at_most(FORM_AND_SIGNATURE))]
fn form_and_signature(webhook: Webhook) -> (bool, Webhook) {
    let form = Form::parse(black_box(&webhook.body)).expect("a form");
    let urls = SignedUrls { bases: (&webhook.bases[..]).into(), path: "/api/twilio/voice", query: "" };
    let claim = Claim { signature: Some(&webhook.signature), settings: None };
    let holds = verify(&urls, Content::Form(&form), claim, std::slice::from_ref(&webhook.key)).is_ok();
    (holds, webhook)
}

// What is prepared is handed back: dropping it would be counted.
#[library_benchmark]
#[bench::always(args = (sample::tenant("always")), config = at_most(DECIDE_ALWAYS))]
#[bench::disabled(args = (sample::tenant("disabled")), config = at_most(DECIDE_DISABLED))]
#[bench::after_hours(args = (sample::tenant("after-hours-only")), config = at_most(DECIDE_AFTER_HOURS))]
#[bench::overflow(args = (sample::tenant("overflow-only")), config = at_most(DECIDE_OVERFLOW))]
#[bench::scheduled(args = (sample::tenant("scheduled")), config = at_most(DECIDE_SCHEDULED))]
#[bench::combined(args = (sample::tenant("combined")), config = at_most(DECIDE_COMBINED))]
fn decide(tenant: CompiledTenant) -> (Verdicts, CompiledTenant) {
    (routing::verdicts(black_box(&tenant.rules), false, sample::now()), tenant)
}

#[library_benchmark]
#[bench::ai(args = (sample::tenant("always"), Decision::ai(Reason::AlwaysOn)), config = at_most(PLAN_AI))]
#[bench::fallback(args = (sample::tenant("always"), Decision::fallback(Reason::Disabled)), config = at_most(PLAN_FALLBACK))]
fn plan(tenant: CompiledTenant, decision: Decision) -> (Walk, CompiledTenant) {
    (routing::begin(black_box(&tenant), decision, &call()), tenant)
}

#[library_benchmark]
#[bench::ai(args = (walk(Decision::ai(Reason::AlwaysOn))), config = at_most(RENDER_AI))]
#[bench::forward(args = (walk(Decision::fallback(Reason::Disabled))), config = at_most(RENDER_FORWARD))]
#[bench::voicemail(args = (walk(Decision::fallback(Reason::Loop))), config = at_most(RENDER_VOICEMAIL))]
fn render(prepared: (CompiledTenant, Walk)) -> (Bytes, (CompiledTenant, Walk)) {
    let (tenant, walk) = &prepared;
    (twiml::render(black_box(tenant), walk, &call(), &Urls { base: sample::BASE }), prepared)
}

/// A running house, and the request it is to answer.
struct House {
    running: Running,
    request: Incoming,
    runtime: Runtime,
    _dir: TempDir,
}

/// What is to be answered: a call, its end, a call from a telephone system.
#[derive(Clone, Copy, PartialEq)]
enum Asks {
    Call,
    End,
    SipCall,
}

/// Where many calls have been and gone; the last began, if it is its end that is to be answered.
fn house(mode: &str, asks: Asks) -> House {
    let runtime = Runtime::new().expect("a runtime");
    let dir = TempDir::new().expect("a directory");
    let (running, username) = runtime.block_on(house::open(&dir, mode));
    let key = SigningKey::new(&Secret::new(sample::TOKEN));
    let answered = |request: &Incoming| assert!(runtime.block_on(running.handler.answer(request)).status < 300);
    let requests = |turn| match asks {
        Asks::SipCall => house::sip_call(turn, &username, &key),
        Asks::Call | Asks::End => house::call(turn, &key),
    };
    for turn in 0..CALLS_BEFORE {
        requests(turn).iter().for_each(answered);
    }
    let [call, end] = requests(CALLS_BEFORE);
    let request = if asks == Asks::End {
        answered(&call);
        end
    } else {
        call
    };
    House { running, request, runtime, _dir: dir }
}

// Everything but the socket: signature, lookup, decision, ledger, document, record, metrics.
#[library_benchmark]
#[bench::call(args = (house("after-hours-only", Asks::Call)), config = at_most(WHOLE_CALL))]
#[bench::end(args = (house("after-hours-only", Asks::End)), config = at_most(WHOLE_END))]
#[bench::sip_call(args = (house("after-hours-only", Asks::SipCall)), config = at_most(WHOLE_SIP_CALL))]
fn whole(house: House) -> (Answer, House) {
    let entered = house.runtime.enter();
    let answer = at_once(house.running.handler.answer(black_box(&house.request)));
    drop(entered);
    (answer, house)
}

fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

library_benchmark_group!(name = steps; benchmarks = form_and_signature, decide, plan, render);
library_benchmark_group!(name = requests; benchmarks = whole);
main!(library_benchmark_groups = steps, requests);
