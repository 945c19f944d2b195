//! What every engine of the store promises of calls and voicemails: each record once, and in any order the same.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use patchbay::model::{CallBegan, CallEvent, EndedBy, Record, VoicemailNews, VoicemailState};
use patchbay::store::{Ask, CallRow, Numbered, Store, StoreError, VoicemailFilter, VoicemailRow};
use proptest::prelude::*;

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    records_are_applied_exactly_once,
    journals_do_not_disturb_each_other,
    a_repeated_beginning_changes_nothing,
    news_of_an_unknown_call_is_kept_until_it_begins,
    the_best_informed_says_how_a_call_ended,
    reports_add_up,
    live_calls_are_those_begun_and_not_ended,
    calls_are_listed_newest_first_and_found_by_number_or_sid,
    a_recording_told_twice_is_one_voicemail,
    a_voicemail_only_rises,
    two_recordings_of_a_call_are_two_voicemails,
    a_voicemail_of_nobody_is_kept_and_follows_its_call,
    a_recording_told_under_two_calls_is_one_voicemail,
    an_identifier_used_twice_loses_nothing,
    a_voicemail_is_heard_until_it_is_not,
    voicemails_that_wait_for_their_recording_are_found,
    records_make_the_same_calls_and_voicemails_in_any_order,
    whatever_a_caller_sends_is_kept,
);

async fn apply(store: &Store, journal: &str, first: u64, records: &[Record]) {
    store.apply(journal, &numbered(first, records)).await.unwrap();
}

async fn call(store: &Store, call: &str) -> CallRow {
    store.call(&sid(call)).await.unwrap().unwrap()
}

async fn all_voicemails(store: &Store) -> Vec<VoicemailRow> {
    store.voicemails(&Ask { limit: 200, ..Ask::default() }).await.unwrap().rows
}

/// Engines have their own ideas of texts: none of them may cost a record.
async fn whatever_a_caller_sends_is_kept(store: Store) {
    let long = format!("sip:{}@example.com", "x".repeat(9_000));
    let senders = [long.as_str(), "one\0two", "\u{fffd}\u{1f600}", "'; DROP TABLE calls; --", "%_\\", ""];
    for (n, from) in senders.into_iter().enumerate() {
        let sid = format!("CA{n}");
        let began = CallBegan { from: from.to_owned(), to: from.to_owned(), ..began(&sid, None, n as i64) };
        let news = VoicemailNews {
            from: Some(from.to_owned()),
            transcript: Some(from.to_owned()),
            ..news(n as u32, &sid, None, VoicemailState::Ready, n as i64)
        };
        let happened = CallEvent { outcome: Some(from.to_owned()), ..event(&sid, "next", 1) };
        let records = [Record::CallBegan(began), Record::CallEvent(happened), Record::Voicemail(news)];
        apply(&store, "j", 1 + 3 * n as u64, &records).await;
        let kept = call(&store, &sid).await;
        assert_eq!((kept.began.from.as_str(), kept.events.len()), (from, 1), "the call says what was sent");
    }
    assert_eq!(all_voicemails(&store).await.len(), senders.len());
    assert_eq!(store.calls(&Ask { limit: 200, ..Ask::default() }).await.unwrap().rows.len(), senders.len());
}

async fn records_are_applied_exactly_once(store: Store) {
    assert_eq!(store.applied("j").await.unwrap(), 0);
    let records: Vec<Record> = (0..4).map(|n| Record::CallEvent(event("CA1", "ai-leg", n))).collect();
    let all = numbered(1, &records);
    store.apply("j", &[]).await.unwrap();
    for batch in [&all[..2], &all[..2], &all[..3], &all[1..2], &all[..], &all[..]] {
        store.apply("j", batch).await.unwrap();
    }
    let backwards: Vec<Numbered> = all.iter().rev().chain(&all).cloned().collect();
    store.apply("j", &backwards).await.unwrap();
    assert_eq!(store.applied("j").await.unwrap(), 4);
    assert_eq!(call(&store, "CA1").await.events.len(), 4);
    store.apply("other", &backwards).await.unwrap();
    assert_eq!(call(&store, "CA1").await.events.len(), 8, "in one batch, out of order and twice, likewise once");
}

async fn journals_do_not_disturb_each_other(store: Store) {
    apply(&store, "one", 10, &[Record::CallEvent(event("CA1", "ai-leg", 1))]).await;
    apply(&store, "other", 1, &[Record::CallEvent(event("CA1", "status", 2))]).await;
    assert_eq!((store.applied("one").await.unwrap(), store.applied("other").await.unwrap()), (10, 1));
    assert_eq!(call(&store, "CA1").await.events.len(), 2);
}

async fn a_repeated_beginning_changes_nothing(store: Store) {
    let first = began("CA1", Some(&tenant_id(1)), 10);
    let mut repeat = began("CA1", Some(&tenant_id(1)), 11);
    repeat.step = "voicemail".to_owned();
    apply(&store, "j", 1, &[Record::CallBegan(first.clone()), Record::CallBegan(repeat)]).await;
    assert_eq!(call(&store, "CA1").await.began, first);
}

async fn news_of_an_unknown_call_is_kept_until_it_begins(store: Store) {
    let early = [
        Record::AiReport(report("CA1", 30)),
        Record::CallEnded(ended("CA1", EndedBy::Status, 20)),
        Record::CallEvent(event("CA1", "ai-leg", 15)),
    ];
    apply(&store, "j", 1, &early).await;
    let shell = call(&store, "CA1").await;
    assert_eq!((shell.began.at, shell.began.tenant_id, shell.began.from.as_str()), (at(15), None, ""));
    assert_eq!(store.calls(&Ask::default()).await.unwrap().rows.len(), 1, "it shows in the list");
    assert!(store.live_calls(at(-1000)).await.unwrap().is_empty(), "it is not live");

    let beginning = began("CA1", Some(&tenant_id(1)), 10);
    apply(&store, "j", 4, &[Record::CallBegan(beginning.clone())]).await;
    let whole = call(&store, "CA1").await;
    assert_eq!(whole.began, beginning);
    assert_eq!(
        (whole.ended_at, whole.status.as_deref(), whole.duration_seconds),
        (Some(at(20)), Some("completed"), Some(61))
    );
    assert_eq!(whole.report, Some(report("CA1", 30)));
    assert_eq!(whole.events, [event("CA1", "ai-leg", 15)]);
    assert!(store.live_calls(at(-1000)).await.unwrap().is_empty(), "it had ended already");
    let own = Ask { tenant: Some(tenant_id(1)), ..Ask::default() };
    assert_eq!(store.calls(&own).await.unwrap().rows.len(), 1);
}

async fn the_best_informed_says_how_a_call_ended(store: Store) {
    let mut expired = ended("CA1", EndedBy::Expired, 20);
    (expired.status, expired.duration_seconds) = (None, Some(9999));
    let mut status = ended("CA1", EndedBy::Status, 30);
    status.status = Some("busy".to_owned());
    let asked = ended("CA1", EndedBy::Asked, 25);
    let records = [expired, status, asked].map(Record::CallEnded);
    apply(&store, "j", 1, &[Record::CallBegan(began("CA1", None, 1))]).await;
    apply(&store, "j", 2, &records).await;
    let call = call(&store, "CA1").await;
    assert_eq!((call.ended_at, call.status.as_deref(), call.duration_seconds), (Some(at(20)), Some("busy"), Some(61)));
}

async fn reports_add_up(store: Store) {
    let mut later = report("CA1", 40);
    (later.cost_usd, later.summary, later.ended_reason) =
        (None, Some("wants a cleaning".to_owned()), Some("hang".into()));
    apply(&store, "j", 1, &[Record::AiReport(later), Record::AiReport(report("CA1", 30))]).await;
    let kept = call(&store, "CA1").await.report.unwrap();
    assert_eq!((kept.at, kept.cost_usd, kept.summary.as_deref()), (at(40), Some(0.125), Some("wants a cleaning")));
    assert_eq!(kept.ended_reason.as_deref(), Some("hang"), "the later word holds");
}

async fn live_calls_are_those_begun_and_not_ended(store: Store) {
    let records = [
        Record::CallBegan(began("CA-old", None, 5)),
        Record::CallBegan(began("CA-over", None, 20)),
        Record::CallBegan(began("CA-live", None, 30)),
        Record::CallEvent(event("CA-live", "ai-leg", 31)),
        Record::CallEnded(ended("CA-over", EndedBy::Status, 40)),
    ];
    apply(&store, "j", 1, &records).await;
    let live = store.live_calls(at(10)).await.unwrap();
    assert_eq!(live.len(), 1);
    assert_eq!((live[0].began.call_sid.as_str(), live[0].events.len()), ("CA-live", 1));
    assert_eq!(store.live_calls(at(0)).await.unwrap().len(), 2);
}

async fn calls_are_listed_newest_first_and_found_by_number_or_sid(store: Store) {
    let long = "CA0123456789abcdef0123456789abcdef";
    let mut records = Vec::new();
    for (call, from, to, tenant, second) in [
        (long, "+16475550111", "+16475550123", 1, 10),
        ("CA-b", "+12125550111", "+16475550123", 1, 20),
        ("CA-c", "anonymous", "sip:smile@example.test", 2, 30),
    ] {
        let mut beginning = began(call, Some(&tenant_id(tenant)), second);
        (beginning.from, beginning.to) = (from.to_owned(), to.to_owned());
        records.push(Record::CallBegan(beginning));
    }
    apply(&store, "j", 1, &records).await;
    let found = async |q: Option<&str>, tenant: Option<u32>| -> Vec<String> {
        let ask = Ask { q: q.map(str::to_owned), tenant: tenant.map(tenant_id), ..Ask::default() };
        let rows = store.calls(&ask).await.unwrap().rows;
        rows.into_iter().map(|call| call.began.call_sid.to_string()).collect()
    };
    assert_eq!(found(None, None).await, ["CA-c", "CA-b", long]);
    assert_eq!(found(None, Some(1)).await, ["CA-b", long]);
    assert_eq!(found(Some("+16475550123"), None).await, ["CA-b", long]);
    assert_eq!(found(Some("+12125550111"), None).await, ["CA-b"]);
    assert_eq!(found(Some("+12125550111"), Some(2)).await, [""; 0]);
    assert_eq!(found(Some("6475550111"), None).await, [long]);
    assert_eq!(found(Some("anonym"), None).await, ["CA-c"]);
    assert_eq!(found(Some(long), None).await, [long]);
    assert_eq!(found(Some(long), Some(2)).await, [""; 0]);
    assert_eq!(found(Some("%"), None).await, [""; 0]);
}

async fn a_recording_told_twice_is_one_voicemail(store: Store) {
    let mut done = news(1, "CA1", None, VoicemailState::Pending, 10);
    done.from = Some("+16475550111".to_owned());
    let mut recorded = news(2, "CA1", Some("RE1"), VoicemailState::Ready, 12);
    recorded.duration_seconds = Some(9);
    let mut written = news(3, "CA1", Some("RE1"), VoicemailState::Pending, 20);
    written.transcript = Some("please call back".to_owned());
    let records = [done, recorded.clone(), recorded, written].map(Record::Voicemail);
    apply(&store, "j", 1, &records).await;
    let kept = all_voicemails(&store).await;
    assert_eq!(kept.len(), 1);
    let one = &kept[0];
    assert_eq!((one.recording_sid.as_ref(), one.state), (Some(&sid("RE1")), VoicemailState::Ready));
    assert_eq!((one.from.as_deref(), one.duration_seconds), (Some("+16475550111"), Some(9)));
    assert_eq!(one.transcript.as_deref(), Some("please call back"));
    assert_eq!(one.created_at, at(10));
    assert_eq!(one.id, news(1, "CA1", None, VoicemailState::Pending, 10).id, "it keeps its first name");
    assert_eq!(store.voicemail(&one.id).await.unwrap().unwrap().recording_sid, Some(sid("RE1")));
}

async fn a_voicemail_only_rises(store: Store) {
    use VoicemailState::{Absent, Failed, Pending, Ready};
    for (n, state, expected) in [
        (1, Pending, Pending),
        (2, Absent, Absent),
        (3, Pending, Absent),
        (4, Failed, Failed),
        (5, Ready, Ready),
        (6, Failed, Ready),
        (7, Pending, Ready),
    ] {
        apply(&store, "j", n, &[Record::Voicemail(news(n as u32, "CA1", None, state, n as i64))]).await;
        let kept = all_voicemails(&store).await;
        assert_eq!((kept.len(), kept[0].state), (1, expected), "after {n}");
    }
}

async fn two_recordings_of_a_call_are_two_voicemails(store: Store) {
    let records = [
        news(1, "CA1", Some("RE1"), VoicemailState::Ready, 10),
        news(2, "CA1", Some("RE2"), VoicemailState::Ready, 20),
        news(3, "CA1", None, VoicemailState::Pending, 30),
        news(4, "CA2", Some("RE3"), VoicemailState::Ready, 40),
    ];
    apply(&store, "j", 1, &records.map(Record::Voicemail)).await;
    let recordings: Vec<_> = all_voicemails(&store).await.into_iter().filter_map(|row| row.recording_sid).collect();
    assert_eq!(recordings, [sid("RE3"), sid("RE2"), sid("RE1")]);
}

async fn a_voicemail_of_nobody_is_kept_and_follows_its_call(store: Store) {
    let nobodys = news(1, "CA1", Some("RE1"), VoicemailState::Ready, 10);
    apply(&store, "j", 1, &[Record::Voicemail(nobodys.clone())]).await;
    assert_eq!(all_voicemails(&store).await[0].tenant_id, None);
    apply(&store, "j", 2, &[Record::CallBegan(began("CA1", Some(&tenant_id(1)), 1))]).await;
    let own = Ask { tenant: Some(tenant_id(1)), ..Ask::default() };
    assert_eq!(store.voicemails(&own).await.unwrap().rows.len(), 1);

    let mut told = nobodys;
    told.tenant_id = Some(tenant_id(2));
    apply(&store, "j", 3, &[Record::Voicemail(told)]).await;
    assert_eq!(all_voicemails(&store).await[0].tenant_id, Some(tenant_id(2)), "its own word counts more");

    apply(&store, "j", 4, &[Record::CallBegan(began("CA2", Some(&tenant_id(3)), 1))]).await;
    apply(&store, "j", 5, &[Record::Voicemail(news(5, "CA2", None, VoicemailState::Pending, 50))]).await;
    assert_eq!(all_voicemails(&store).await[0].tenant_id, Some(tenant_id(3)));
}

async fn a_recording_told_under_two_calls_is_one_voicemail(store: Store) {
    let records = [
        news(1, "CA1", Some("RE1"), VoicemailState::Pending, 10),
        news(2, "CA2", Some("RE1"), VoicemailState::Ready, 20),
    ];
    apply(&store, "j", 1, &records.map(Record::Voicemail)).await;
    let kept = all_voicemails(&store).await;
    assert_eq!(kept.len(), 1);
    assert_eq!((&kept[0].call_sid, kept[0].state), (&sid("CA1"), VoicemailState::Ready));
}

async fn an_identifier_used_twice_loses_nothing(store: Store) {
    let records = [
        news(1, "CA1", Some("RE1"), VoicemailState::Ready, 10),
        news(1, "CA1", Some("RE2"), VoicemailState::Ready, 20),
        news(1, "CA2", Some("RE3"), VoicemailState::Ready, 30),
    ];
    for (seq, one) in (1..).zip(records) {
        apply(&store, "j", seq, &[Record::Voicemail(one)]).await;
    }
    let kept = all_voicemails(&store).await;
    assert_eq!(kept.iter().map(|row| &row.id).collect::<BTreeSet<_>>().len(), 3);
}

async fn a_voicemail_is_heard_until_it_is_not(store: Store) {
    let pending = news(1, "CA1", None, VoicemailState::Pending, 10);
    apply(&store, "j", 1, &[Record::Voicemail(pending.clone())]).await;
    store.set_heard(&pending.id, true).await.unwrap();
    apply(&store, "j", 2, &[Record::Voicemail(news(2, "CA1", Some("RE1"), VoicemailState::Ready, 12))]).await;
    assert!(store.voicemail(&pending.id).await.unwrap().unwrap().heard, "news does not take it back");
    store.set_heard(&pending.id, false).await.unwrap();
    assert!(!store.voicemail(&pending.id).await.unwrap().unwrap().heard);
    let nobody = news(9, "CA9", None, VoicemailState::Pending, 10).id;
    assert!(matches!(store.set_heard(&nobody, true).await, Err(StoreError::NotFound)));
    assert!(store.voicemail(&nobody).await.unwrap().is_none());
}

async fn voicemails_that_wait_for_their_recording_are_found(store: Store) {
    let records = [
        news(1, "CA1", None, VoicemailState::Pending, 10),
        news(2, "CA2", None, VoicemailState::Pending, 500),
        news(3, "CA3", Some("RE3"), VoicemailState::Ready, 10),
        news(4, "CA4", None, VoicemailState::Absent, 10),
    ];
    apply(&store, "j", 1, &records.map(Record::Voicemail)).await;
    let waiting = store.voicemails_without_recording(at(400)).await.unwrap();
    assert_eq!(waiting.iter().map(|row| row.call_sid.as_str()).collect::<Vec<_>>(), ["CA1"]);
}

/// Any record of one of two calls, each at an instant of its own.
pub fn any_record(second: i64) -> impl Strategy<Value = Record> {
    let who = proptest::option::of(1_u32..3);
    let recording = proptest::option::of(0_u32..2);
    (0_u8..5, 0_u8..2, who, recording, 0_u8..6, any::<bool>()).prop_map(
        move |(kind, call, who, recording, word, told)| {
            let call = format!("CA{call}");
            let tenant = who.map(tenant_id);
            match kind {
                0 => Record::CallBegan(began(&call, tenant.as_ref(), second)),
                1 => Record::CallEvent(event(&call, &format!("event-{word}"), second)),
                2 => {
                    let by = [
                        EndedBy::Status,
                        EndedBy::Action,
                        EndedBy::Vapi,
                        EndedBy::Asked,
                        EndedBy::Expired,
                        EndedBy::HungUp,
                    ][usize::from(word)];
                    let mut end = ended(&call, by, second);
                    end.status = told.then(|| format!("status-{second}"));
                    end.duration_seconds = (word % 2 == 0).then_some(second as u32);
                    Record::CallEnded(end)
                }
                3 => {
                    let mut told_by_vapi = report(&call, second);
                    told_by_vapi.summary = told.then(|| format!("summary {second}"));
                    told_by_vapi.cost_usd = (word < 3).then_some(f64::from(word));
                    told_by_vapi.ended_reason = (word > 2).then(|| format!("reason {second}"));
                    Record::AiReport(told_by_vapi)
                }
                _ => {
                    use VoicemailState::{Absent, Failed, Pending, Ready};
                    let recording = recording.map(|n| format!("RE-{call}-{n}"));
                    let state = [Pending, Absent, Failed, Ready][usize::from(word) % 4];
                    let mut voicemail = news(1_000 + second as u32, &call, recording.as_deref(), state, second);
                    voicemail.tenant_id = tenant;
                    voicemail.transcript = told.then(|| format!("words {second}"));
                    voicemail.duration_seconds = (word > 2).then_some(second as u32);
                    Record::Voicemail(voicemail)
                }
            }
        },
    )
}

/// Records in the order they happened, the same in another order, and where the second is cut into batches.
fn any_history() -> impl Strategy<Value = (Vec<Record>, Vec<Record>, Vec<usize>)> {
    (1_i64..14).prop_flat_map(|count| {
        let records: Vec<_> = (0..count).map(any_record).collect();
        records.prop_flat_map(|records| {
            let cuts = proptest::collection::vec(0..=records.len(), 0..4);
            (Just(records.clone()), Just(records).prop_shuffle(), cuts)
        })
    })
}

/// What is kept of a history, told without the identifiers that depend on who came first.
async fn told(store: &Store, mark: &str) -> String {
    let mut told = String::new();
    for call in ["CA0", "CA1"] {
        let call_sid = sid(&format!("{mark}{call}"));
        told += &format!("{:?}\n", store.call(&call_sid).await.unwrap());
        let ask =
            Ask { only: VoicemailFilter { call: Some(call_sid), ..VoicemailFilter::default() }, ..Ask::default() };
        for mut voicemail in store.voicemails(&ask).await.unwrap().rows {
            voicemail.id = news(0, "CA", None, VoicemailState::Pending, 0).id;
            told += &format!("{voicemail:?}\n");
        }
    }
    told.replace(mark, "")
}

/// The same records about calls of another name, so that histories share a store without meeting.
pub fn marked(record: &Record, mark: &str) -> Record {
    let mut record = record.clone();
    let renamed = |old: &patchbay::model::Sid| sid(&format!("{mark}{old}"));
    match &mut record {
        Record::CallBegan(one) => one.call_sid = renamed(&one.call_sid),
        Record::CallEvent(one) => one.call_sid = renamed(&one.call_sid),
        Record::CallEnded(one) => one.call_sid = renamed(&one.call_sid),
        Record::AiReport(one) => one.call_sid = renamed(&one.call_sid),
        Record::Voicemail(one) => {
            one.call_sid = renamed(&one.call_sid);
            one.recording_sid = one.recording_sid.as_ref().map(renamed);
        }
    }
    record
}

/// How many voicemails a history tells of: as many as recordings, and one in a call that has only news without any.
fn voicemails_of(records: &[Record]) -> usize {
    let news =
        || records.iter().filter_map(|record| if let Record::Voicemail(news) = record { Some(news) } else { None });
    let recordings: BTreeSet<_> = news().filter_map(|news| news.recording_sid.as_ref()).collect();
    let calls: BTreeSet<_> = news().map(|news| &news.call_sid).collect();
    let recorded: BTreeSet<_> = news().filter(|news| news.recording_sid.is_some()).map(|news| &news.call_sid).collect();
    recordings.len() + calls.difference(&recorded).count()
}

async fn records_make_the_same_calls_and_voicemails_in_any_order(store: Store) {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| any_order(&runtime, &store));
}

fn any_order(runtime: &tokio::runtime::Handle, store: &Store) {
    let histories = AtomicU32::new(0);
    let config = ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((straight, shuffled, mut cuts) in any_history())| {
        let n = histories.fetch_add(1, Ordering::Relaxed);
        let (one, other) = (format!("s{n}."), format!("m{n}."));
        let (one_told, other_told) = runtime.block_on(async {
            let straight: Vec<Record> = straight.iter().map(|record| marked(record, &one)).collect();
            apply(store, &one, 1, &straight).await;
            let shuffled: Vec<Record> = shuffled.iter().map(|record| marked(record, &other)).collect();
            let shuffled = numbered(1, &shuffled);
            cuts.push(shuffled.len());
            cuts.sort_unstable();
            for cut in cuts {
                store.apply(&other, &shuffled[..cut]).await.unwrap();
            }
            (told(store, &one).await, told(store, &other).await)
        });
        prop_assert_eq!(one_told.matches("VoicemailRow").count(), voicemails_of(&straight), "{}", one_told);
        prop_assert_eq!(one_told, other_told);
    });
}
