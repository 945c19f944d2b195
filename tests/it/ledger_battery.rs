//! What every ledger promises, whatever keeps its leases. A new kind joins in `each_ledger`.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use patchbay::calls::{Begin, FindSettings, Ledger, Restored, SharedOptions};
use patchbay::model::{
    Arrival, Connect, Decision, E164, EndedBy, OrgId, Reason, Seed, Sid, Tenant, TenantId, Verdicts, Via,
};
use patchbay::routing::{CompiledTenant, Surroundings, compile};
use tokio::task::JoinSet;

use super::servers::redis::fresh_database;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub fn sid(number: usize) -> Sid {
    Sid::parse(&format!("CA{number:032x}")).unwrap()
}

/// A tenant as the call path knows it; `version` tells its settings apart.
pub fn tenant(number: u8, version: u64) -> Arc<CompiledTenant> {
    let seed = Seed { at: at(0), random: [number; 10] };
    let tenant = Tenant {
        id: TenantId::new(seed),
        org_id: OrgId::new(seed),
        slug: format!("smile-dental-{number}"),
        name: "Smile Dental".to_owned(),
        timezone: "America/Winnipeg".to_owned(),
        country: "CA".to_owned(),
        language: None,
        voice: None,
        target: None,
        connect: Connect { via: Via::Sip, sip_uri: None, username: None, password: None, timeout_seconds: None },
        sip_username: None,
        availability: serde_json::json!({ "mode": "always" }),
        forced: None,
        version,
        created_at: at(0),
        updated_at: at(0),
    };
    Arc::new(compile(&tenant, &[], None, &Surroundings::default()).0)
}

pub fn call<'a>(sid: &'a Sid, tenant: &'a Arc<CompiledTenant>, verdicts: Verdicts, now: Timestamp) -> Begin<'a> {
    Begin {
        sid,
        tenant,
        number: None,
        caller: Some(number("+12045550123")),
        account: None,
        arrival: Arrival::Number,
        verdicts,
        ai_refused: None,
        now,
    }
}

pub const ALWAYS: Verdicts = Verdicts::always(Decision::ai(Reason::AlwaysOn));
pub const NEVER: Verdicts = Verdicts::always(Decision::fallback(Reason::Disabled));

pub fn number(digits: &str) -> E164 {
    E164::parse(digits).unwrap()
}

pub fn overflow(threshold: u32) -> Verdicts {
    Verdicts { below: Decision::fallback(Reason::UnderCapacity), at: Decision::ai(Reason::Overflow), threshold }
}

/// A fresh ledger of each kind, with this many lines at Vapi.
async fn each_ledger(ai_limit: Option<u32>) -> Vec<Ledger> {
    let shared = shared(&fresh_database(), ai_limit).await;
    vec![Ledger::memory(ai_limit, Arc::default()), shared]
}

/// A ledger over this Redis that is patient, whatever else the machine does.
pub async fn shared(url: &str, ai_limit: Option<u32>) -> Ledger {
    shared_within(url, ai_limit, Duration::from_secs(10)).await
}

/// The same with as much patience. Every version of every tenant's settings can be found.
pub async fn shared_within(url: &str, ai_limit: Option<u32>, counted_within: Duration) -> Ledger {
    let find: FindSettings = Arc::new(|id, version| {
        Box::pin(async move { (0..=u8::MAX).map(|number| tenant(number, version)).find(|tenant| *tenant.id() == id) })
    });
    Ledger::shared(SharedOptions { url, ai_limit, metrics: Arc::default(), find, counted_within }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_hundreds_of_simultaneous_calls_exactly_the_first_n_see_fewer_than_n_others() {
    for ledger in each_ledger(None).await {
        let tenant = tenant(1, 1);
        let mut calls = JoinSet::new();
        for number in 0..400 {
            let (ledger, tenant) = (ledger.clone(), Arc::clone(&tenant));
            calls.spawn(async move { ledger.begin(call(&sid(number), &tenant, overflow(25), at(0))).await });
        }
        let begun = calls.join_all().await;
        let mut below: Vec<u32> = begun.iter().filter(|b| !b.decision.available).map(|b| b.others).collect();
        below.sort_unstable();
        assert_eq!(below, (0..25).collect::<Vec<_>>());
        assert!(begun.iter().filter(|b| b.decision.available).all(|b| b.others == 25));
        assert_eq!(ledger.others(tenant.id()).await, 25);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_request_gets_the_first_answer_even_if_settings_changed() {
    for ledger in each_ledger(None).await {
        let (before, after) = (tenant(1, 1), tenant(1, 2));
        let first = ledger.begin(call(&sid(1), &before, ALWAYS, at(0))).await;
        ledger.foreign_answer(&sid(1)).await.set("<Response/>".into()).unwrap();
        let mut repeats = JoinSet::new();
        for second in 0..50 {
            let (ledger, after) = (ledger.clone(), Arc::clone(&after));
            repeats.spawn(async move { ledger.begin(call(&sid(1), &after, NEVER, at(second))).await });
        }
        for again in repeats.join_all().await {
            assert!(!again.first);
            assert_eq!((again.tenant.version, again.decision, again.others), (1, first.decision, first.others));
        }
        assert!(ledger.foreign_answer(&sid(1)).await.get().is_some());
        assert_eq!(ledger.settings(&sid(1)).await.map(|settings| settings.version), Some(1));
    }
}

#[tokio::test]
async fn a_line_is_free_at_the_first_of_leg_over_and_end() {
    for ledger in each_ledger(Some(1)).await {
        let tenant = tenant(1, 1);
        let decide = async |number| ledger.begin(call(&sid(number), &tenant, ALWAYS, at(0))).await.decision;
        assert!(decide(1).await.available);
        assert_eq!(decide(2).await, Decision::fallback(Reason::AiFull));
        ledger.ai_over(&sid(1), at(1)).await;
        assert!(decide(3).await.available);
        assert_eq!(ledger.ai_again(&sid(2), at(1)).await, Err(Reason::AiFull));
        assert!(ledger.end(&sid(3), EndedBy::Status).await);
        assert_eq!(ledger.ai_again(&sid(2), at(1)).await, Ok(()));
        ledger.set_ai_limit(None).await;
        assert!(decide(4).await.available);
    }
}

#[tokio::test]
async fn ends_come_twice_early_and_for_calls_nobody_knows() {
    for ledger in each_ledger(None).await {
        let tenant = tenant(1, 1);
        ledger.sweep(at(0)).await;
        ledger.begin(call(&sid(1), &tenant, NEVER, at(0))).await;
        assert!(ledger.end(&sid(1), EndedBy::Status).await);
        assert!(!ledger.end(&sid(1), EndedBy::Action).await);
        assert!(!ledger.end(&sid(2), EndedBy::Status).await);
        for number in [1, 2] {
            let late = ledger.begin(call(&sid(number), &tenant, NEVER, at(5))).await;
            assert!(late.first && !late.decision.available);
        }
        assert_eq!((ledger.live().await.len(), ledger.others(tenant.id()).await), (0, 0));
    }
}

#[tokio::test]
async fn leases_run_out_after_six_hours_or_two_minutes_behind_an_answer_that_hangs_up() {
    for ledger in each_ledger(None).await {
        let tenant = tenant(1, 1);
        for number in [1, 2, 3] {
            ledger.begin(call(&sid(number), &tenant, NEVER, at(0))).await;
        }
        ledger.hanging_up(&sid(1), at(0)).await;
        ledger.heard(&sid(2), at(100)).await;
        assert_eq!(ledger.sweep(at(119)).await, []);
        assert_eq!(ledger.sweep(at(120)).await, [(sid(1), EndedBy::HungUp)]);
        assert_eq!(ledger.sweep(at(6 * 3600)).await, [(sid(3), EndedBy::Expired)]);
        assert_eq!(ledger.live().await[0].sid, sid(2));
    }
}

#[tokio::test]
async fn a_restarted_ledger_counts_what_was_live_and_asks_about_it_first() {
    for ledger in each_ledger(Some(1)).await {
        let tenant = tenant(1, 7);
        let restored = |call: usize, with_ai| Restored {
            sid: sid(call),
            tenant: Arc::clone(&tenant),
            number: None,
            caller: Some(number("+12045550123")),
            account: None,
            arrival: Arrival::Number,
            decision: Decision::ai(Reason::AlwaysOn),
            others: 3,
            with_ai,
            began: at(call as i64),
            foreign_answer: None,
        };
        ledger.restore(vec![restored(2, true), restored(1, false)], at(500)).await;
        assert_eq!(ledger.others(tenant.id()).await, 1);
        let next = ledger.begin(call(&sid(3), &tenant, ALWAYS, at(500))).await;
        assert_eq!(next.decision.reason, Reason::AiFull);
        let again = ledger.begin(call(&sid(1), &tenant, NEVER, at(501))).await;
        assert_eq!((again.first, again.decision.reason, again.others), (false, Reason::AlwaysOn, 3));
        let asked: Vec<Sid> = ledger.to_ask(at(502), 10).await.into_iter().map(|call| call.sid).collect();
        assert_eq!(asked, [sid(2)], "the other was heard of again");
        assert_eq!(ledger.to_ask(at(502), 10).await.len(), 0);
        assert_eq!(ledger.to_ask(at(502) + SignedDuration::from_mins(3), 10).await.len(), 1);
    }
}

#[tokio::test]
async fn a_forward_that_comes_round_is_known_by_its_number_or_by_its_caller() {
    for ledger in each_ledger(None).await {
        let tenant = tenant(1, 1);
        let staff = number("+12045550177");
        ledger.begin(call(&sid(1), &tenant, NEVER, at(0))).await;
        assert!(!ledger.caller_is_being_forwarded(tenant.id(), number("+12045550123")).await);
        ledger.ringing(&sid(1), &[staff], at(0)).await;
        assert!(ledger.is_ringing(staff).await);
        assert!(ledger.caller_is_being_forwarded(tenant.id(), number("+12045550123")).await);
        assert!(!ledger.caller_is_being_forwarded(tenant.id(), number("+12045550199")).await);
        ledger.end(&sid(1), EndedBy::Status).await;
        assert!(!ledger.is_ringing(staff).await);
        assert!(!ledger.caller_is_being_forwarded(tenant.id(), number("+12045550123")).await);
    }
}
