//! Records applied many at a time come to what they come to one by one, to the letter.

use std::sync::atomic::{AtomicUsize, Ordering};

use patchbay::model::{EndedBy, EventKind, Record, VoicemailState};
use patchbay::store::{Ask, Store};
use proptest::prelude::*;

use crate::store_fixtures::*;
use crate::store_place::{Place, on_each_engine};
use crate::store_records::{any_record, marked};
use crate::store_webhooks::{endpoint, secret};

on_each_engine!(
    records_in_batches_come_to_what_they_come_to_one_by_one,
    many_calls_of_one_batch_are_each_kept_and_told,
    an_identifier_that_another_call_has_is_given_to_nobody_else,
);

/// All that records come to.
const TABLES: [&str; 8] = [
    "calls",
    "call_months",
    "call_events",
    "voicemails",
    "voicemail_news",
    "webhook_deliveries",
    "journals",
    "refused",
];

/// A store with endpoints of the installation, of an organization and of a tenant.
async fn store(place: &Place) -> Store {
    let store = place.store().await;
    let org = store.platform_org().await.unwrap();
    for n in [1, 2] {
        kept_tenant(&store, n).await;
    }
    let both = [EventKind::CallEnded, EventKind::VoicemailCreated];
    let endpoints = [
        endpoint(1, None, None, &both[..1]),
        endpoint(2, Some(&org.id), None, &both),
        endpoint(3, None, Some(&tenant_id(1)), &both),
        endpoint(4, None, Some(&tenant_id(2)), &both[1..]),
    ];
    for webhook in endpoints {
        store.create_webhook(&webhook, &secret(1), &operator()).await.unwrap();
    }
    store
}

/// All but what was told of voicemails: one by one each is told of as it stands for a moment, before more is known of it
/// and of whose call it was; in a batch as it stands at its end. And an identifier that two voicemails came with is that of
/// the one which is there first, for a moment at least; so what they are called is left out.
fn but_for_those(kept: &str) -> Vec<String> {
    let rest = kept.lines().filter(|line| !line.contains("voicemail.created"));
    let mut rest: Vec<String> = rest
        .map(|line| match line.strip_prefix("voicemails [").and_then(|row| row.split_once(',')) {
            Some((_, row)) => format!("voicemails {row}"),
            None => line.to_owned(),
        })
        .collect();
    rest.sort_unstable();
    rest
}

/// Everything in these tables that the condition leaves, as it stands there.
async fn kept(place: &Place, only: &str) -> String {
    let mut kept = String::new();
    for table in TABLES {
        for row in place.rows(table, "1 = 1").await.iter().filter(|row| row.contains(only)) {
            kept += &format!("{table} {row}\n");
        }
    }
    kept
}

/// Records of up to a dozen calls, at instants that often coincide, some of them twice; and how many go into each batch.
fn any_history() -> impl Strategy<Value = (Vec<Record>, Vec<usize>)> {
    let record = (0_i64..30, 0_u8..6).prop_flat_map(|(second, call)| {
        any_record(second).prop_map(move |record| marked(&record, &format!("{call}.")))
    });
    let repeated = (record, 0_u8..8).prop_map(|(record, twice)| vec![record; if twice == 0 { 2 } else { 1 }]);
    let records = proptest::collection::vec(repeated, 1..60).prop_map(|records| records.concat()).prop_shuffle();
    (records, proptest::collection::vec(1_usize..50, 1..8))
}

async fn records_in_batches_come_to_what_they_come_to_one_by_one(batched: &Place) {
    let another = if batched.is_file() { Place::file() } else { Place::server().await };
    // A server takes its time for each of so many transactions.
    let cases = if batched.is_file() { 96 } else { 16 };
    let (one, many) = (store(&another).await, store(batched).await);
    let runtime = tokio::runtime::Handle::current();
    let histories = AtomicUsize::new(0);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let (told, told_of_voicemails) = (AtomicUsize::new(0), AtomicUsize::new(0));
    tokio::task::block_in_place(|| {
        proptest!(config, |((records, sizes) in any_history())| {
            let mark = format!("h{}-", histories.fetch_add(1, Ordering::Relaxed));
            let records: Vec<Record> = records.iter().map(|record| marked(record, &mark)).collect();
            let records = numbered(1, &records);
            let (one_has, many_has) = runtime.block_on(async {
                for record in &records {
                    one.apply(&mark, std::slice::from_ref(record)).await.unwrap();
                }
                let mut rest = records.as_slice();
                for size in sizes.iter().cycle() {
                    let (batch, others) = rest.split_at(rest.len().min(*size));
                    many.apply(&mark, batch).await.unwrap();
                    rest = others;
                    if rest.is_empty() {
                        break;
                    }
                }
                (kept(&another, &mark).await, kept(batched, &mark).await)
            });
            told.fetch_add(one_has.matches("webhook_deliveries").count(), Ordering::Relaxed);
            prop_assert_eq!(but_for_those(&one_has), but_for_those(&many_has));
            told_of_voicemails.fetch_add(many_has.matches("voicemail.created").count(), Ordering::Relaxed);
        });
    });
    for told in [told, told_of_voicemails] {
        assert!(told.load(Ordering::Relaxed) > 0, "somebody was told of something");
    }
    another.clear().await;
}

async fn many_calls_of_one_batch_are_each_kept_and_told(place: &Place) {
    let store = store(place).await;
    // Past every number of rows that a statement takes, and each remainder.
    let calls = |count: usize| (0..count).map(move |n| format!("CA{count}-{n}"));
    let mut first = 1;
    let mut nth = 0;
    for count in (1..40).chain([256]) {
        let begun = calls(count).map(|call| Record::CallBegan(began(&call, Some(&tenant_id(1)), 1)));
        let over = calls(count).map(|call| Record::CallEnded(ended(&call, EndedBy::Status, 2)));
        let said = calls(count).map(|call| Record::CallEvent(event(&call, "status", 2)));
        let left = calls(count).map(|call| {
            nth += 1;
            Record::Voicemail(news(nth, &call, Some(&format!("RE-{call}")), VoicemailState::Ready, 2))
        });
        let records: Vec<Record> = begun.chain(said).chain(left).collect();
        store.apply("j", &numbered(first, &records)).await.unwrap();
        let ends: Vec<Record> = over.collect();
        store.apply("j", &numbered(first + records.len() as u64, &ends)).await.unwrap();
        first += (records.len() + ends.len()) as u64;
    }
    let all = (1..40).sum::<usize>() + 256;
    let kept = kept(place, "CA").await;
    let count = |table: &str| kept.lines().filter(|line| line.starts_with(table)).count();
    assert_eq!((count("calls "), count("call_events ")), (all, all));
    let told = kept.lines().filter(|line| line.starts_with("webhook_deliveries "));
    let of_voicemails = told.filter(|line| line.contains("voicemail.created")).count();
    assert_eq!(of_voicemails, 2 * all, "the organization and the tenant");
    let of_ends = count("webhook_deliveries ") - of_voicemails;
    assert_eq!(of_ends, 3 * all, "the installation, the organization and the tenant");
    assert!(store.live_calls(at(0)).await.unwrap().is_empty());
}

/// An identifier that a voicemail of another call has already, in the same batch.
async fn an_identifier_that_another_call_has_is_given_to_nobody_else(place: &Place) {
    let store = store(place).await;
    let left =
        |call: &str, recording: &str| Record::Voicemail(news(1, call, Some(recording), VoicemailState::Ready, 1));
    store.apply("j", &numbered(1, &[left("CA1", "RE1")])).await.unwrap();
    store.apply("j", &numbered(2, &[left("CA1", "RE1"), left("CA2", "RE2"), left("CA3", "RE3")])).await.unwrap();
    let kept = store.voicemails(&Ask::default()).await.unwrap().rows;
    let mut calls: Vec<&str> = kept.iter().map(|row| row.call_sid.as_str()).collect();
    calls.sort_unstable();
    assert_eq!(calls, ["CA1", "CA2", "CA3"]);
}
