//! One person's data: found however it is written, erased without a trace, and nobody else's touched.

use std::path::Path;

use patchbay::model::{EndedBy, NumberId, Person, Record, Scope, Seed, Sid, TenantId, VoicemailState};
use patchbay::store::{Ask, Bounds, Erased, Numbered, PersonAsk, Scrubbed, Store};
use proptest::prelude::*;

use crate::store_fixtures::*;
use crate::store_place::{Place, on_each_engine};

on_each_engine!(
    a_person_is_found_however_a_provider_wrote_them_and_then_is_not,
    calls_to_a_line_of_a_business_are_other_peoples,
    a_call_under_way_is_left_alone_and_counted,
    late_records_do_not_bring_anybody_back,
    who_sees_a_part_erases_that_part,
    records_set_aside_and_messages_to_webhooks_go_too,
    a_person_with_many_calls_goes_in_batches,
    what_was_read_out_is_what_is_kept,
);

const ANN: &str = "+16475550111";
const BEN: &str = "+16475550112";
const CLINIC: &str = "+16475550123";

/// How providers write a caller whose digits these are.
const SPELLINGS: [fn(&str) -> String; 8] = [
    |digits| format!("+{digits}"),
    |digits| digits.to_owned(),
    |digits| format!("00{digits}"),
    |digits| format!("sip:+{digits}@pbx.example.com"),
    |digits| format!("sip:{digits}@pbx.example.com;user=phone"),
    |digits| format!("%2B{digits}"),
    |digits| format!("\"Someone\" <sip:%2B{digits}@pbx.example.com>"),
    |digits| format!("tel:+{}-{}", &digits[..4], &digits[4..]),
];

fn spelled(number: &str, how: usize) -> String {
    SPELLINGS[how % SPELLINGS.len()](number.trim_start_matches('+'))
}

pub fn about(number: &str) -> PersonAsk {
    PersonAsk { person: Person::new(e164(number)), scope: Scope::All, tenant: None }
}

pub fn bounds(live: &[&str]) -> Bounds {
    Bounds {
        live: live.iter().map(|call| sid(call)).collect(),
        asked_at: at(100_000),
        remember_until: at(1_000_000),
        dry: false,
    }
}

/// A store that can be looked into.
struct Kept<'p> {
    place: &'p Place,
    store: Store,
}

impl Kept<'_> {
    async fn at(place: &Place) -> Kept<'_> {
        Kept { place, store: place.store().await }
    }

    async fn apply(&self, journal: &str, records: &[Record]) {
        self.store.apply(journal, &numbered(1, records)).await.unwrap();
    }

    async fn erase(&self, ask: &PersonAsk, bounds: &Bounds) -> Erased {
        erase(&self.store, ask, bounds).await
    }

    /// Every row of these calls, to the letter.
    async fn rows_of(&self, calls: &[String]) -> Vec<String> {
        // A list of something, if of nothing that is there.
        let named: String = calls.iter().map(|call| format!(", '{call}'")).collect();
        let only = format!("call_sid IN (''{named})");
        let mut rows = Vec::new();
        for table in ["calls", "call_events", "voicemails", "voicemail_news"] {
            rows.extend(self.place.rows(table, &only).await);
        }
        rows
    }

    /// How often it stands in the store once what is freed has been cleared.
    async fn traces(&self, of: &str) -> usize {
        let scrubbed = self.store.scrub().await.unwrap();
        // A server overwrites what is freed when it uses it again.
        let is_file = self.place.is_file();
        assert_eq!(scrubbed, Scrubbed { is_log_empty: is_file, is_compact: is_file });
        self.place.traces(of).await
    }
}

/// How often the bytes stand in the files of a directory.
pub fn traces(dir: &Path, of: &str) -> usize {
    let mut found = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found += traces(&path, of);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            found += bytes.windows(of.len()).filter(|window| *window == of.as_bytes()).count();
        }
    }
    found
}

pub async fn erase(store: &Store, ask: &PersonAsk, bounds: &Bounds) -> Erased {
    let (mut erased, mut after) = (Erased::default(), None::<Sid>);
    loop {
        // Few at a time, so that pages have borders.
        let calls = store.person_calls(ask, after.as_ref().map(Sid::as_str), 3).await.unwrap();
        let Some(last) = calls.last() else { break };
        after = Some(last.clone());
        erased += store.erase_calls(ask, &calls, bounds).await.unwrap();
    }
    erased += store.erase_strays(ask, bounds.dry).await.unwrap();
    erased
}

/// Everything that can be told of a call somebody was in.
pub fn history(call: &str, from: &str, tenant: Option<&TenantId>, n: u32) -> Vec<Record> {
    let mut report = report(call, 40);
    report.summary = Some(format!("{from} asked for an appointment"));
    report.vapi_call_id = Some(sid(&format!("vapi-{call}")));
    let mut left = news(n, call, Some(&format!("RE{call}")), VoicemailState::Ready, 30);
    left.from = Some(from.to_owned());
    left.account_sid = Some(sid("AC00000000000000000000000000000001"));
    let mut words = news(n + 1, call, Some(&format!("RE{call}")), VoicemailState::Ready, 35);
    words.transcript = Some(format!("call me at {from}"));
    let mut beginning = began(call, tenant, i64::from(n));
    beginning.from = from.to_owned();
    vec![
        Record::CallBegan(beginning),
        Record::CallEvent(event(call, "ai-leg", 10)),
        Record::CallEvent(event(call, "voicemail-step", 20)),
        Record::Voicemail(left),
        Record::CallEnded(ended(call, EndedBy::Status, 36)),
        Record::Voicemail(words),
        Record::AiReport(report),
    ]
}

async fn a_person_is_found_however_a_provider_wrote_them_and_then_is_not(place: &Place) {
    let here = Kept::at(place).await;
    for how in 0..SPELLINGS.len() {
        let call = format!("CA{how}");
        here.apply(&call, &history(&call, &spelled(ANN, how), None, how as u32 * 10)).await;
        let other = format!("CB{how}");
        here.apply(&other, &history(&other, &spelled(BEN, how), None, 500 + how as u32 * 10)).await;
    }
    let count = SPELLINGS.len() as u64;
    let found = here.store.person_calls(&about(ANN), None, 200).await.unwrap();
    assert_eq!(found.len() as u64, count, "{found:?}");
    let digits = ANN.trim_start_matches('+');
    assert!(place.traces(digits).await > 0);

    let dry = here.erase(&about(ANN), &Bounds { dry: true, ..bounds(&[]) }).await;
    let erased = here.erase(&about(ANN), &bounds(&[])).await;
    let expected = Erased {
        calls: count,
        events: 2 * count,
        voicemails: count,
        news: 2 * count,
        remote: 2 * count,
        ..Erased::default()
    };
    assert_eq!((dry, erased), (expected, expected));
    assert_eq!(here.erase(&about(ANN), &bounds(&[])).await, Erased::default(), "the second time there is nothing");
    assert_eq!((here.traces(digits).await, here.traces("555-0111").await), (0, 0));
    assert_eq!(here.store.person_calls(&about(BEN), None, 200).await.unwrap().len() as u64, count);
}

async fn calls_to_a_line_of_a_business_are_other_peoples(place: &Place) {
    let here = Kept::at(place).await;
    let tenant = kept_tenant(&here.store, 1).await;
    here.store.put_number(&number(1, CLINIC, Some(&tenant.id)), &operator()).await.unwrap();
    here.apply("a", &history("CA1", ANN, Some(&tenant.id), 1)).await;
    let mut called = began("CA2", Some(&tenant.id), 2);
    (called.from, called.to) = (BEN.to_owned(), ANN.to_owned());
    let mut on_a_line = began("CA3", Some(&tenant.id), 3);
    (on_a_line.from, on_a_line.to) = (BEN.to_owned(), format!("sip:{ANN}@pbx.example.com"));
    on_a_line.number_id = Some(NumberId::new(Seed { at: at(0), random: [9; 10] }));
    here.apply("b", &[Record::CallBegan(called), Record::CallBegan(on_a_line)]).await;

    assert_eq!(here.store.person_calls(&about(CLINIC), None, 9).await.unwrap(), []);
    let kept = here.store.number_kept(&about(CLINIC)).await.unwrap();
    assert_eq!(kept.iter().map(|kept| kept.place.as_str()).collect::<Vec<_>>(), ["numbers", "audit"]);
    // On no line of ours somebody was called: they are in it as much as who called.
    let found = here.store.person_calls(&about(ANN), None, 9).await.unwrap();
    assert_eq!(found, [sid("CA1"), sid("CA2")]);
}

async fn a_call_under_way_is_left_alone_and_counted(place: &Place) {
    let here = Kept::at(place).await;
    for call in ["CA1", "CA2", "CA3"] {
        here.apply(call, &history(call, ANN, None, call.as_bytes()[2].into())).await;
    }
    let mut young = began("CA4", None, 0);
    (young.from, young.at) = (ANN.to_owned(), at(100_001));
    here.apply("young", &[Record::CallBegan(young)]).await;
    let before = here.rows_of(&["CA2".into(), "CA4".into()]).await;
    let erased = here.erase(&about(ANN), &bounds(&["CA2"])).await;
    assert_eq!((erased.calls, erased.live), (2, 2), "one is under way, one began after that was asked");
    assert_eq!(here.rows_of(&["CA2".into(), "CA4".into()]).await, before);
    let left = here.store.person_calls(&about(ANN), None, 9).await.unwrap();
    assert_eq!(left, [sid("CA2"), sid("CA4")]);
}

async fn late_records_do_not_bring_anybody_back(place: &Place) {
    let here = Kept::at(place).await;
    let records = history("CA1", ANN, None, 1);
    here.apply("a", &records).await;
    here.erase(&about(ANN), &bounds(&[])).await;
    here.apply("late", &records).await;
    // By the recording alone, and by Vapi's own name for the call.
    let mut stray = news(50, "CA-other", Some("RECA1"), VoicemailState::Ready, 60);
    stray.from = Some(ANN.to_owned());
    let mut by_vapi = report("vapi-CA1", 61);
    by_vapi.vapi_call_id = None;
    here.apply("later", &[Record::Voicemail(stray), Record::AiReport(by_vapi)]).await;
    assert_eq!(here.store.applied("later").await.unwrap(), 2, "the journal goes on");
    assert!(here.store.calls(&Ask::default()).await.unwrap().rows.is_empty());
    assert!(here.store.voicemails(&Ask::default()).await.unwrap().rows.is_empty());
    assert_eq!(here.traces("6475550111").await, 0);

    // Until nobody can remember.
    let forgotten = here.store.clear(None, None, at(1_000_000)).await.unwrap();
    assert!(forgotten.tombstones > 0);
    here.apply("much later", &records[..1]).await;
    assert_eq!(here.store.calls(&Ask::default()).await.unwrap().rows.len(), 1);
}

async fn who_sees_a_part_erases_that_part(place: &Place) {
    let here = Kept::at(place).await;
    let (mine, other) = (kept_tenant(&here.store, 1).await, kept_tenant(&here.store, 2).await);
    here.apply("a", &history("CA1", ANN, Some(&mine.id), 1)).await;
    here.apply("b", &history("CA2", ANN, Some(&other.id), 10)).await;
    here.apply("c", &history("CA3", ANN, None, 20)).await;
    let of = |scope| PersonAsk { scope, ..about(ANN) };
    let found = async |ask: &PersonAsk| here.store.person_calls(ask, None, 9).await.unwrap();
    assert_eq!(found(&of(Scope::Tenant(mine.id.clone()))).await, [sid("CA1")]);
    assert_eq!(found(&of(Scope::Org(mine.org_id.clone()))).await, [sid("CA1"), sid("CA2")]);
    let one = PersonAsk { tenant: Some(other.id.clone()), ..of(Scope::Org(mine.org_id.clone())) };
    assert_eq!(found(&one).await, [sid("CA2")]);

    let before = here.rows_of(&["CA2".into(), "CA3".into()]).await;
    let erased = here.erase(&of(Scope::Tenant(mine.id.clone())), &bounds(&[])).await;
    assert_eq!((erased.calls, erased.voicemails), (1, 1));
    assert_eq!(here.rows_of(&["CA2".into(), "CA3".into()]).await, before);
    assert_eq!(found(&about(ANN)).await, [sid("CA2"), sid("CA3")]);
}

async fn records_set_aside_and_messages_to_webhooks_go_too(place: &Place) {
    let here = Kept::at(place).await;
    let refused = async |seq: i64, record: String| {
        let record = record.replace('\'', "''");
        place
            .sql(&format!("INSERT INTO refused (journal, seq, record, why) VALUES ('j', {seq}, '{record}', 'odd')"))
            .await;
    };
    let text = |record: &Record| serde_json::to_string(record).unwrap();
    let (anns, bens) = (history("CA1", ANN, None, 1), history("CA2", BEN, None, 10));
    refused(1, text(&anns[0])).await;
    refused(2, text(&bens[0])).await;
    refused(3, format!("half a record with {ANN} in i")).await;
    here.apply("a", &anns).await;
    here.apply("b", &bens).await;
    // Names nobody, but belongs to a call that goes.
    refused(4, text(&anns[1])).await;

    let erased = here.erase(&about(ANN), &bounds(&[])).await;
    assert_eq!(erased.refused, 3);
    assert_eq!(place.texts("SELECT CAST(seq AS TEXT) FROM refused").await, ["2"]);
}

/// What is written down of one call in a history made by chance.
#[derive(Clone, Debug)]
struct Made {
    who: usize,
    tenant: Option<u32>,
    how: usize,
    told: Vec<bool>,
}

fn made() -> impl Strategy<Value = Made> {
    let told = proptest::collection::vec(any::<bool>(), 7);
    (0..3usize, proptest::option::of(1..3u32), 0..SPELLINGS.len(), told).prop_map(|(who, tenant, how, mut told)| {
        // Something of it is always told, and who it was.
        told[0] |= !told[3];
        Made { who, tenant, how, told }
    })
}

/// Whom one history was made of, in which orders it was told, and whether only a tenant's part goes.
type Telling = (Vec<Made>, u64, u64, Option<u32>);

fn telling() -> impl Strategy<Value = Telling> {
    (proptest::collection::vec(made(), 1..12), any::<u64>(), any::<u64>(), proptest::option::of(1..3u32))
}

fn some_tellings(cases: u32, check: impl Fn(Telling)) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(telling in telling())| check(telling));
}

fn at_once(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(work);
}

#[test]
fn erasing_one_leaves_the_others_byte_for_byte() {
    some_tellings(48, |telling| at_once(others_stay(&Place::file(), telling)));
}

#[test]
fn erasing_one_on_a_server_leaves_the_others_to_the_letter() {
    some_tellings(16, |telling| {
        at_once(async {
            let place = Place::server().await;
            others_stay(&place, telling).await;
            place.clear().await;
        });
    });
}

async fn others_stay(place: &Place, (calls, order, late, only_tenant): Telling) {
    let here = Kept::at(place).await;
    let tenants = [kept_tenant(&here.store, 1).await.id, kept_tenant(&here.store, 2).await.id];
    let people = [ANN, BEN, "+14165550113"];
    let tenant = |n: u32| tenants[n as usize - 1].clone();
    let mut records: Vec<Record> = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for (n, call) in calls.iter().enumerate() {
        let name = format!("CA{n:03}");
        let from = spelled(people[call.who], call.how);
        let told = history(&name, &from, call.tenant.map(tenant).as_ref(), n as u32 * 10);
        records.extend(told.into_iter().zip(&call.told).filter(|(_, told)| **told).map(|(record, _)| record));
        // Whose call it is only its beginning says.
        let its_tenant = call.tenant.filter(|_| call.told[0]);
        let is_meant = call.who == 0 && only_tenant.is_none_or(|only| its_tenant == Some(only));
        if !is_meant {
            others.push(name);
        }
    }
    let shuffled = |seed: u64| {
        let mut keyed: Vec<(u64, Record)> = records
            .iter()
            .cloned()
            .zip(1u64..)
            .map(|(record, n)| ((seed ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15), record))
            .collect();
        keyed.sort_by_key(|(key, _)| *key);
        keyed.into_iter().map(|(_, record)| record).collect::<Vec<Record>>()
    };
    here.apply("first", &shuffled(order)).await;
    let before = here.rows_of(&others).await;

    let ask = PersonAsk { tenant: only_tenant.map(tenant), ..about(ANN) };
    here.erase(&ask, &bounds(&[])).await;
    assert_eq!(here.rows_of(&others).await, before);
    assert_eq!(here.store.person_calls(&ask, None, 200).await.unwrap(), []);

    // Everything once more, in another order: of the others it adds to what is there, of her nothing comes.
    let late: Vec<Numbered> = numbered(1, &shuffled(late));
    here.store.apply("late", &late).await.unwrap();
    assert_eq!(here.store.person_calls(&ask, None, 200).await.unwrap(), []);
    if only_tenant.is_none() {
        for of in ["6475550111", "555-0111", "5550111"] {
            assert_eq!(here.traces(of).await, 0);
        }
    }
}

async fn a_person_with_many_calls_goes_in_batches(place: &Place) {
    let here = Kept::at(place).await;
    let records: Vec<Record> = (0..1_000)
        .map(|n| {
            let mut call = began(&format!("CA{n:05}"), None, n);
            call.from = spelled(if n % 4 == 0 { BEN } else { ANN }, n as usize);
            Record::CallBegan(call)
        })
        .collect();
    here.apply("a", &records).await;
    let (mut calls, mut after, mut longest) = (0, None::<Sid>, std::time::Duration::ZERO);
    loop {
        let page = here.store.person_calls(&about(ANN), after.as_ref().map(Sid::as_str), 100).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        let began = std::time::Instant::now();
        calls += here.store.erase_calls(&about(ANN), &page, &bounds(&[])).await.unwrap().calls;
        longest = longest.max(began.elapsed());
    }
    assert_eq!(calls, 750);
    println!("the longest batch took {longest:?}");
    assert_eq!(here.store.person_calls(&about(BEN), None, 200).await.unwrap().len(), 200);
}

async fn what_was_read_out_is_what_is_kept(place: &Place) {
    let here = Kept::at(place).await;
    here.apply("a", &history("CA1", &spelled(ANN, 3), None, 1)).await;
    here.apply("b", &history("CA2", BEN, None, 10)).await;
    let found = here.store.person_calls(&about(ANN), None, 9).await.unwrap();
    let read = here.store.read_person(&about(ANN), &found).await.unwrap();
    let [one] = &read[..] else { panic!("{read:?}") };
    let call = one.call.as_ref().unwrap();
    assert_eq!((one.sid.as_str(), call.events.len(), call.report.is_some()), ("CA1", 2, true));
    assert!(one.voicemails[0].transcript.is_some());
}
