//! The leases by example, and under many threads at once.
#![allow(clippy::unwrap_used)]

use std::sync::Barrier;
use std::thread;

use jiff::{SignedDuration, Timestamp};

use super::Ending;
use super::key::Key;
use super::lease::{ASK_AGAIN, Call, HANGING_UP, LEASE, Standing, UNHEARD, Whose};
use super::leases::{Leases, Pools};
use crate::model::{Arrival, Decision, E164, EndedBy, OrgId, Reason, Seed, Sid, TenantId, Verdicts};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub(super) fn sid(number: usize) -> Sid {
    Sid::parse(&format!("CA{number:032x}")).unwrap()
}

pub(super) fn tenant(number: u8) -> TenantId {
    TenantId::new(Seed { at: at(0), random: [number; 10] })
}

/// Who calls.
pub(super) fn caller() -> E164 {
    E164::parse("+12045550123").unwrap()
}

pub(super) fn end(leases: &Leases<Settings>, number: usize) -> bool {
    matches!(leases.end_if(&sid(number), |_| true), Ending::Over(_))
}

pub(super) fn line(number: u8) -> E164 {
    E164::parse(&format!("+164755501{number:02}")).unwrap()
}

/// Settings of a tenant, in some version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Settings {
    tenant: TenantId,
    org: OrgId,
    version: u32,
}

impl Whose for Settings {
    fn tenant_id(&self) -> &TenantId {
        &self.tenant
    }

    fn org_id(&self) -> &OrgId {
        &self.org
    }

    fn or_known(self, _: &Settings) -> Settings {
        self
    }
}

fn settings(tenant_number: u8, version: u32) -> Settings {
    Settings { tenant: tenant(tenant_number), org: OrgId::new(Seed { at: at(0), random: [0; 10] }), version }
}

pub(super) fn call(number: usize, tenant_number: u8, now: Timestamp) -> Call<Settings> {
    Call {
        key: Key::of(&sid(number)),
        settings: settings(tenant_number, 7),
        has_number: true,
        caller: Some(caller()),
        account: None,
        arrival: Arrival::Number,
        began: now,
    }
}

fn overflow(threshold: u32) -> Verdicts {
    Verdicts { below: Decision::fallback(Reason::UnderCapacity), at: Decision::ai(Reason::Overflow), threshold }
}

const ALWAYS: Verdicts = Verdicts::always(Decision::ai(Reason::AlwaysOn));
const NEVER: Verdicts = Verdicts::always(Decision::fallback(Reason::Disabled));

#[test]
fn only_other_calls_that_are_not_with_the_ai_count() {
    let leases = Leases::new(None);
    assert_eq!(leases.begin(call(1, 1, at(0)), NEVER, None).others, 0, "not itself");
    assert_eq!(leases.begin(call(2, 1, at(0)), ALWAYS, None).others, 1);
    assert_eq!(leases.begin(call(3, 1, at(0)), NEVER, None).others, 1, "not the one with the AI");
    assert_eq!(leases.begin(call(4, 2, at(0)), NEVER, None).others, 0, "not another tenant's");
    leases.ai_over(&sid(2), at(1));
    assert_eq!(leases.others(&tenant(1)), 3);
    leases.ai_again(&sid(2), at(2)).unwrap();
    assert_eq!(leases.others(&tenant(1)), 2);
}

#[test]
fn a_repeated_request_gets_the_first_answer_even_if_settings_changed() {
    let leases = Leases::new(None);
    let first = leases.begin(call(1, 1, at(0)), overflow(1), None);
    leases.foreign_answer(&sid(1)).set("<Response/>".into()).unwrap();
    leases.begin(call(2, 1, at(0)), NEVER, None);
    let changed = Call { settings: settings(2, 8), ..call(1, 2, at(1)) };
    let again = leases.begin(changed, ALWAYS, Some(Reason::AiUnavailable));
    assert!(first.first && !again.first);
    assert_eq!((again.settings.version, again.decision, again.others), (7, first.decision, 0));
    assert_eq!(leases.foreign_answer(&sid(1)).get().map(|bytes| &bytes[..]), Some(&b"<Response/>"[..]));
    assert_eq!(leases.others(&tenant(1)), 2);
    assert_eq!(leases.others(&tenant(2)), 0);
}

#[test]
fn a_refused_ai_falls_back_with_its_reason_and_counts() {
    let leases = Leases::new(Some(9));
    let refused = leases.begin(call(1, 1, at(0)), ALWAYS, Some(Reason::AiUnavailable));
    assert_eq!(refused.decision, Decision::fallback(Reason::AiUnavailable));
    assert_eq!((leases.others(&tenant(1)), leases.pools().vapi), (1, 0));
    let unasked = leases.begin(call(2, 1, at(0)), NEVER, Some(Reason::AiUnavailable));
    assert_eq!(unasked.decision.reason, Reason::Disabled, "the AI was not wanted anyway");
}

#[test]
fn a_line_is_free_at_the_first_of_leg_over_and_end() {
    let leases = Leases::new(Some(2));
    for number in [1, 2] {
        assert!(leases.begin(call(number, 1, at(0)), ALWAYS, None).decision.available);
    }
    let full = |number| leases.begin(call(number, 1, at(0)), ALWAYS, None).decision;
    assert_eq!(full(3), Decision::fallback(Reason::AiFull));
    leases.ai_over(&sid(1), at(1));
    leases.ai_over(&sid(1), at(1));
    assert!(full(4).available);
    assert_eq!(full(5), Decision::fallback(Reason::AiFull));
    end(&leases, 1);
    assert_eq!(full(6), Decision::fallback(Reason::AiFull), "its line was free already");
    end(&leases, 2);
    assert!(full(7).available);
    assert_eq!(leases.ai_again(&sid(3), at(2)), Err(Reason::AiFull));
    leases.set_ai_limit(Some(3));
    assert_eq!(leases.ai_again(&sid(3), at(2)), Ok(()));
    leases.set_ai_limit(Some(1));
    assert_eq!(leases.pools().vapi, 3, "who has a line keeps it");
}

#[test]
fn a_request_after_its_own_end_leaves_no_lease() {
    let leases = Leases::new(Some(1));
    leases.sweep(at(0));
    assert!(!end(&leases, 1), "it was not live");
    let late = leases.begin(call(1, 1, at(119)), ALWAYS, None);
    assert!(late.first && late.decision.available);
    assert!(leases.is_empty());
    leases.sweep(at(120));
    leases.sweep(at(240));
    leases.begin(call(1, 1, at(240)), ALWAYS, None);
    assert!(!leases.is_empty(), "in the end it is forgotten, and asked about in time");
}

#[test]
fn a_lease_lasts_six_hours_after_the_last_event() {
    let leases = Leases::new(None);
    leases.begin(call(1, 1, at(0)), ALWAYS, None);
    leases.heard(&sid(1), at(3600));
    let out = at(3600) + LEASE;
    assert_eq!(leases.sweep(out - SignedDuration::from_secs(1)), []);
    assert_eq!(leases.sweep(out), [(sid(1), EndedBy::Expired)]);
    assert!(leases.is_empty());
}

#[test]
fn an_answer_that_hangs_up_shortens_the_lease_to_two_minutes_unless_more_is_heard() {
    let leases = Leases::new(None);
    leases.begin(call(1, 1, at(0)), NEVER, None);
    leases.begin(call(2, 1, at(0)), NEVER, None);
    leases.hanging_up(&sid(1), at(0));
    leases.hanging_up(&sid(2), at(0));
    leases.heard(&sid(2), at(60));
    let repeat = at(30);
    leases.begin(call(1, 1, repeat), NEVER, None);
    assert_eq!(leases.sweep(repeat + HANGING_UP - SignedDuration::from_secs(1)), []);
    assert_eq!(leases.sweep(repeat + HANGING_UP), [(sid(1), EndedBy::HungUp)], "a repeated request hangs up again");
    assert_eq!(leases.sweep(at(3600)), [], "the other was heard of");
}

#[test]
fn calls_unheard_of_for_ten_minutes_are_asked_about_and_again_after_three() {
    let leases = Leases::new(None);
    let asked = |now, max| leases.to_ask(now, max).into_iter().map(|call| call.sid).collect::<Vec<_>>();
    leases.begin(call(1, 1, at(5)), NEVER, None);
    leases.begin(call(2, 1, at(0)), NEVER, None);
    leases.begin(call(3, 1, at(1)), NEVER, None);
    leases.hanging_up(&sid(3), at(1));
    let due = at(5) + UNHEARD;
    assert_eq!(asked(at(0) + UNHEARD - SignedDuration::from_secs(1), 9), []);
    assert_eq!(asked(due, 1), [sid(2)], "the longest unheard of first");
    assert_eq!(asked(due, 9), [sid(1)], "one that hangs up ends by itself");
    assert_eq!(asked(due + ASK_AGAIN - SignedDuration::from_secs(1), 9), []);
    assert_eq!(asked(due + ASK_AGAIN, 9), [sid(1), sid(2)]);
    leases.heard(&sid(1), due + ASK_AGAIN);
    assert_eq!(asked(due + ASK_AGAIN + ASK_AGAIN, 9), [sid(2)]);
}

#[test]
fn restored_calls_count_hold_their_lines_and_are_asked_about_at_once() {
    let leases = Leases::new(Some(1));
    let standing = |with_ai| Standing {
        decision: Decision::ai(Reason::AlwaysOn),
        others: 4,
        with_ai,
        foreign_answer: Some("<Response/>".into()),
    };
    for number in [1, 2] {
        assert!(leases.restore(call(number, 1, at(0)), standing(true), at(9000)));
    }
    assert!(leases.restore(call(3, 1, at(1)), standing(false), at(9000)));
    assert!(!leases.restore(call(3, 1, at(1)), standing(false), at(9000)), "it is there already");
    assert_eq!((leases.others(&tenant(1)), leases.pools()), (1, Pools { number: 3, all: 3, vapi: 2 }));
    let asked: Vec<_> = leases.to_ask(at(9000), 9).into_iter().map(|call| call.sid).collect();
    assert_eq!(asked, [sid(1), sid(2), sid(3)]);
    let again = leases.begin(call(3, 1, at(9001)), NEVER, None);
    assert_eq!((again.first, again.others, again.decision.reason), (false, 4, Reason::AlwaysOn));
    assert!(leases.foreign_answer(&sid(3)).get().is_some());
    assert_eq!(leases.sweep(at(9000) + LEASE).len(), 2, "a whole lease from the restart");
    end(&leases, 3);
    assert!(!leases.restore(call(3, 1, at(1)), standing(false), at(9000)), "it has ended meanwhile");
    assert!(leases.is_empty());
}

#[test]
fn a_number_rings_while_any_call_rings_it() {
    let leases = Leases::new(None);
    leases.begin(call(1, 1, at(0)), NEVER, None);
    leases.begin(call(2, 1, at(0)), NEVER, None);
    leases.ringing(&sid(1), &[line(1), line(2), line(2)], at(1));
    leases.ringing(&sid(2), &[line(2)], at(1));
    leases.ringing(&sid(1), &[line(3)], at(2));
    assert_eq!([1, 2, 3].map(|number| leases.is_ringing(line(number))), [false, true, true]);
    end(&leases, 1);
    assert_eq!([1, 2, 3].map(|number| leases.is_ringing(line(number))), [false, true, false]);
    leases.ringing(&sid(2), &[], at(3));
    assert!(!leases.is_ringing(line(2)));
    leases.ringing(&sid(9), &[line(4)], at(3));
    assert!(!leases.is_ringing(line(4)), "nobody knows that call");
}

#[test]
fn a_leg_nobody_tells_of_counts_as_ringing_for_half_a_minute_a_number() {
    let leases = Leases::new(None);
    leases.begin(call(1, 1, at(0)), NEVER, None);
    leases.ringing(&sid(1), &[line(1), line(2)], at(0));
    for (second, ringing) in [(59, true), (60, false)] {
        assert!(leases.sweep(at(second)).is_empty());
        assert_eq!(leases.is_ringing(line(1)) && leases.is_ringing(line(2)), ringing, "{second}");
    }
    assert!(!leases.caller_is_being_forwarded(&tenant(1), caller()), "they talk by now");
    assert_eq!(leases.live().len(), 1);
}

#[test]
fn a_caller_is_being_forwarded_only_while_the_leg_rings_and_only_if_they_say_who_they_are() {
    let leases = Leases::new(None);
    for (number, told) in [(1, Some(caller())), (2, None)] {
        leases.begin(Call { caller: told, ..call(number, 1, at(0)) }, NEVER, None);
        leases.ringing(&sid(number), &[line(1)], at(1));
        assert_eq!(leases.caller_is_being_forwarded(&tenant(1), caller()), told.is_some());
        assert!(!leases.caller_is_being_forwarded(&tenant(2), caller()));
        leases.ringing(&sid(number), &[], at(2));
        assert!(!leases.caller_is_being_forwarded(&tenant(1), caller()));
    }
}

#[test]
fn a_call_that_came_in_on_no_number_counts_among_all_as_long_as_it_lives() {
    let leases = Leases::new(None);
    leases.begin(call(1, 1, at(0)), NEVER, None);
    leases.begin(Call { has_number: false, ..call(2, 1, at(0)) }, ALWAYS, None);
    assert_eq!(leases.pools(), Pools { number: 1, all: 2, vapi: 1 });
    end(&leases, 2);
    assert_eq!(leases.pools(), Pools { number: 1, all: 1, vapi: 0 });
    end(&leases, 1);
    assert!(leases.is_empty());
}

#[test]
fn an_end_that_is_not_believed_ends_nothing() {
    let leases = Leases::new(None);
    leases.begin(call(1, 1, at(0)), ALWAYS, None);
    assert_eq!(leases.end_if(&sid(1), |settings| settings.version == 8), Ending::Disbelieved);
    assert_eq!(leases.pools(), Pools { number: 1, all: 1, vapi: 1 });
    let over = leases.end_if(&sid(1), |settings| settings.version == 7);
    assert_eq!(over, Ending::Over((settings(1, 7), true)));
    assert_eq!(leases.end_if(&sid(1), |_| false), Ending::NotLive, "nobody is asked about a call that is over");
    assert!(leases.is_empty());
}

/// Runs `work` for each number on its own thread, all released at once.
fn at_once<R: Send>(count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let gate = Barrier::new(count);
    thread::scope(|scope| {
        let run = |number| {
            let (gate, work) = (&gate, &work);
            scope.spawn(move || {
                gate.wait();
                work(number)
            })
        };
        let threads: Vec<_> = (0..count).map(run).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn of_simultaneous_calls_exactly_the_first_n_see_fewer_than_n_others() {
    for threshold in [0, 1, 37, 200] {
        let leases = Leases::new(None);
        let answers = at_once(200, |number| leases.begin(call(number, 1, at(0)), overflow(threshold), None));
        let below = answers.iter().filter(|answer| answer.decision.reason == Reason::UnderCapacity).count();
        assert_eq!(below, threshold as usize);
        let mut seen: Vec<u32> = answers.iter().filter(|a| !a.decision.available).map(|a| a.others).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..threshold).collect::<Vec<_>>());
        assert!(answers.iter().filter(|a| a.decision.available).all(|a| a.others == threshold));
    }
}

#[test]
fn simultaneous_calls_of_many_tenants_get_exactly_the_lines_there_are() {
    let leases = Leases::new(Some(23));
    let answers = at_once(200, |number| leases.begin(call(number, (number % 7) as u8, at(0)), ALWAYS, None));
    assert_eq!(answers.iter().filter(|answer| answer.decision.available).count(), 23);
    assert_eq!(leases.pools().vapi, 23);
}

#[test]
fn one_of_many_simultaneous_requests_of_a_call_is_the_first_and_all_are_answered_alike() {
    let leases = Leases::new(Some(1));
    let answers = at_once(100, |number| {
        let verdicts = if number % 2 == 0 { ALWAYS } else { NEVER };
        leases.begin(
            Call { settings: settings((number % 3) as u8, number as u32), ..call(1, 1, at(0)) },
            verdicts,
            None,
        )
    });
    assert_eq!(answers.iter().filter(|answer| answer.first).count(), 1);
    let spoken = |index: usize| (&answers[index].settings, answers[index].decision, answers[index].others);
    assert!((1..100).all(|index| spoken(index) == spoken(0)));
    assert_eq!(leases.live().len(), 1);
}

#[test]
fn a_call_that_ends_while_its_request_is_repeated_does_not_come_to_life_again() {
    let leases = Leases::new(None);
    leases.sweep(at(0));
    for number in 0..3_000 {
        leases.begin(call(number, 1, at(0)), NEVER, None);
        at_once(2, |who| {
            if who == 0 {
                end(&leases, number);
            } else {
                leases.begin(call(number, 1, at(0)), NEVER, None);
            }
        });
        assert!(leases.is_empty(), "{number}");
    }
}

#[test]
fn nothing_is_left_of_calls_that_begin_move_and_end_at_the_same_time() {
    let leases = Leases::new(Some(5));
    at_once(64, |number| {
        for round in 0..50 {
            // Eight threads share each call: their events overtake each other in every way.
            let number = number / 8 + round * 8;
            leases.begin(call(number, (number % 2) as u8, at(0)), if number % 3 == 0 { NEVER } else { ALWAYS }, None);
            leases.ringing(&sid(number), &[line(1), line(2)], at(0));
            leases.ai_over(&sid(number), at(0));
            let _ = leases.ai_again(&sid(number), at(0));
            end(&leases, number);
        }
    });
    assert!(leases.is_empty(), "{leases:?}");
}
