//! What every engine of the store promises of looking back on calls: heaps of those that came at once, and what each
//! was decided by.

use jiff::SignedDuration;
use patchbay::model::{CallBegan, Decision, EndedBy, NumberId, Reason, Record, TenantId};
use patchbay::store::{CallHeap, PastCall, Store};

use crate::store_battery::battery;
use crate::store_fixtures::*;

battery!(
    calls_are_heaped_by_the_hour_and_by_how_many_others_they_found,
    of_too_many_calls_the_newest_are_heaped,
    past_calls_come_oldest_first_with_what_they_were_decided_by,
    past_calls_are_those_of_one_tenant_within_the_stretch_and_no_more_than_asked_for,
    many_calls_of_one_instant_are_each_there_once,
);

const HOUR: i64 = 3600;

fn call(name: &str, tenant: &TenantId, second: i64, others: u32) -> Record {
    Record::CallBegan(CallBegan { others, ..began(name, Some(tenant), second) })
}

async fn keep(store: &Store, records: &[Record]) {
    store.apply("journal", &numbered(1, records)).await.unwrap();
}

fn heap(hour: u32, others: u32, calls: u64, first: i64) -> CallHeap {
    CallHeap { hour, others, calls, first: at(first) }
}

async fn calls_are_heaped_by_the_hour_and_by_how_many_others_they_found(store: Store) {
    let (own, other) = (kept_tenant(&store, 1).await.id, kept_tenant(&store, 2).await.id);
    let records = [
        call("CA1", &own, -1, 9),
        call("CA2", &own, 0, 0),
        call("CA3", &own, HOUR - 1, 2),
        call("CA4", &own, HOUR - 1, 2),
        call("CA5", &own, HOUR, 0),
        call("CA6", &other, 5, 7),
        Record::CallBegan(began("CA7", None, 6)),
        Record::CallEvent(event("CA8", "ai-leg", 7)),
        call("CA9", &own, 2 * HOUR, 9),
    ];
    keep(&store, &records).await;
    let mut heaps = store.call_heaps(&own, at(0), at(2 * HOUR), 100).await.unwrap();
    heaps.sort_by_key(|heap| (heap.hour, heap.others));
    assert_eq!(heaps, [heap(0, 0, 1, 0), heap(0, 2, 2, HOUR - 1), heap(1, 0, 1, HOUR)]);
    assert_eq!(store.call_heaps(&tenant_id(3), at(0), at(HOUR), 100).await.unwrap(), []);
}

async fn of_too_many_calls_the_newest_are_heaped(store: Store) {
    let own = kept_tenant(&store, 1).await.id;
    let records: Vec<Record> = (0..10).map(|n| call(&format!("CA{n}"), &own, n * 60, 0)).collect();
    keep(&store, &records).await;
    let heaps = store.call_heaps(&own, at(0), at(HOUR), 3).await.unwrap();
    assert_eq!(heaps, [heap(0, 0, 3, 7 * 60)]);
}

async fn past_calls_come_oldest_first_with_what_they_were_decided_by(store: Store) {
    let own = kept_tenant(&store, 1).await.id;
    let decision = Decision::fallback(Reason::UnderCapacity);
    let number_id = Some(NumberId::new(seed(5)));
    let first = CallBegan { number_id: number_id.clone(), decision, others: 4, ..began("CA1", Some(&own), 10) };
    let records = [
        call("CA2", &own, 20, 1),
        Record::CallBegan(first.clone()),
        Record::CallEnded(ended("CA1", EndedBy::Status, 40)),
    ];
    keep(&store, &records).await;
    let past = store.past_calls(&own, at(0), at(60), 100).await.unwrap();
    let expected = PastCall {
        sid: sid("CA1"),
        at: at(10),
        ended_at: Some(at(40)),
        from: first.from,
        arrival: first.arrival,
        number_id,
        tenant_version: 3,
        others: 4,
        decision,
    };
    assert_eq!(past[0], expected);
    assert_eq!((past.len(), &past[1].sid, past[1].ended_at), (2, &sid("CA2"), None));
}

async fn past_calls_are_those_of_one_tenant_within_the_stretch_and_no_more_than_asked_for(store: Store) {
    let (own, other) = (kept_tenant(&store, 1).await.id, kept_tenant(&store, 2).await.id);
    let mut records: Vec<Record> = (0..10).map(|n| call(&format!("CA{n}"), &own, n, 0)).collect();
    records.push(call("CA-other", &other, 3, 0));
    records.push(Record::CallBegan(began("CA-nobodys", None, 3)));
    keep(&store, &records).await;
    for (calls_max, expected) in [(100, vec!["CA2", "CA3", "CA4"]), (2, vec!["CA2", "CA3"]), (0, vec![])] {
        let past = store.past_calls(&own, at(2), at(5), calls_max).await.unwrap();
        let sids: Vec<&str> = past.iter().map(|call| call.sid.as_str()).collect();
        assert_eq!(sids, expected);
    }
}

async fn many_calls_of_one_instant_are_each_there_once(store: Store) {
    let own = kept_tenant(&store, 1).await.id;
    let mut records: Vec<Record> = (0..5_000).map(|n| call(&format!("CA{n:05}"), &own, 0, 0)).collect();
    records.push(call("CA", &own, 1, 0));
    for (place, part) in records.chunks(1_000).enumerate() {
        store.apply("journal", &numbered(1 + place as u64 * 1_000, part)).await.unwrap();
    }
    let past = store.past_calls(&own, at(0), at(0) + SignedDuration::from_secs(2), 10_000).await.unwrap();
    let mut sids: Vec<&str> = past.iter().map(|call| call.sid.as_str()).collect();
    assert_eq!((sids.len(), sids.last()), (5_001, Some(&"CA")));
    sids.sort_unstable();
    sids.dedup();
    assert_eq!(sids.len(), 5_001);
}
