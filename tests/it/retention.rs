//! What has had its time goes, and nothing else; what providers are to forget is asked for until they have.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    EndedBy, Record, RecordingFate, Retention, Secret, Sid, TenantId, TenantRetention, TwilioAccount, VoicemailState,
};
use patchbay::providers::{Http, Twilio, Vapi};
use patchbay::retention::{Remote, Totals, sweep, wait_after};
use patchbay::store::{Ask, RemoteProvider, Store, StoreError};
use serde_json::json;

use crate::sim::Sim;
use crate::store_battery::battery;
use crate::store_fixtures::*;

const ACCOUNT: &str = "AC00000000000000000000000000000001";

battery!(
    what_has_had_its_time_goes_and_a_tenants_word_counts_more,
    words_go_before_calls_and_voicemails_and_do_not_come_back,
    a_call_under_way_is_never_swept,
    a_voicemail_outlives_its_call_and_stays_its_tenants,
    recordings_are_queued_once_unless_they_are_to_stay,
    settings_of_tenants_long_gone_go_with_their_last_call,
    a_tenants_periods_have_versions_and_are_audited,
    the_audit_log_goes_by_its_own_period,
);

fn days(days: i64) -> Timestamp {
    at(0) + SignedDuration::from_hours(24 * days)
}

fn periods(calls: Option<u32>, voicemails: Option<u32>, transcripts: Option<u32>) -> Retention {
    Retention { calls_days: calls, voicemails_days: voicemails, transcripts_days: transcripts, audit_days: None }
}

async fn swept(store: &Store, periods: Retention, now: Timestamp) -> Totals {
    sweep(store, &periods, &HashSet::new(), now, Duration::ZERO).await.unwrap()
}

/// A call on this day, with a voicemail, a transcript and a summary.
async fn call(store: &Store, name: &str, tenant: Option<&TenantId>, day: i64) {
    let second = day * 86_400;
    let mut report = report(name, second);
    report.summary = Some("wants an appointment".to_owned());
    let n = u32::try_from(day).unwrap() * 1_000 + name.bytes().map(u32::from).sum::<u32>();
    let mut left = news(n, name, Some(&format!("RE{name}")), VoicemailState::Ready, second);
    left.account_sid = Some(sid(ACCOUNT));
    left.transcript = Some("please call me".to_owned());
    let records = [
        Record::CallBegan(began(name, tenant, second)),
        Record::CallEvent(event(name, "ai-leg", second)),
        Record::Voicemail(left),
        Record::CallEnded(ended(name, EndedBy::Status, second)),
        Record::AiReport(report),
    ];
    store.apply(&format!("j-{name}"), &numbered(1, &records)).await.unwrap();
}

async fn calls(store: &Store) -> Vec<String> {
    let page = store.calls(&Ask { limit: 200, ..Ask::default() }).await.unwrap();
    let mut sids: Vec<String> = page.rows.iter().map(|call| call.began.call_sid.to_string()).collect();
    sids.sort();
    sids
}

async fn voicemails(store: &Store) -> usize {
    store.voicemails(&Ask { limit: 200, ..Ask::default() }).await.unwrap().rows.len()
}

async fn wants(store: &Store, wanted: TenantRetention) {
    store.put_retention(&wanted, None, &operator()).await.unwrap();
}

async fn what_has_had_its_time_goes_and_a_tenants_word_counts_more(store: Store) {
    let (short, long, plain) =
        (kept_tenant(&store, 1).await, kept_tenant(&store, 2).await, kept_tenant(&store, 3).await);
    wants(&store, TenantRetention { calls_days: Some(2), ..TenantRetention::unsaid(short.id.clone()) }).await;
    wants(&store, TenantRetention { calls_days: Some(90), ..TenantRetention::unsaid(long.id.clone()) }).await;
    for (tenant, word) in
        [(Some(&short.id), "short"), (Some(&long.id), "long"), (Some(&plain.id), "plain"), (None, "none")]
    {
        for day in [0, 20, 29] {
            call(&store, &format!("CA-{word}-{day}"), tenant, day).await;
        }
    }
    assert_eq!(swept(&store, Retention::default(), days(30)).await.calls, 2, "only who said so: the short one's");
    assert_eq!(swept(&store, periods(Some(15), None, None), days(30)).await.calls, 2, "then everybody else's");
    let left = [
        "CA-long-0",
        "CA-long-20",
        "CA-long-29",
        "CA-none-20",
        "CA-none-29",
        "CA-plain-20",
        "CA-plain-29",
        "CA-short-29",
    ];
    assert_eq!(calls(&store).await, left);
    assert_eq!(swept(&store, periods(Some(15), None, None), days(30)).await, Totals::default(), "and then nothing");
    assert_eq!(voicemails(&store).await, 12, "voicemails have a period of their own");
}

async fn words_go_before_calls_and_voicemails_and_do_not_come_back(store: Store) {
    call(&store, "CA1", None, 0).await;
    call(&store, "CA2", None, 29).await;
    assert_eq!(swept(&store, periods(None, None, Some(10)), days(30)).await.transcripts, 2);
    let old = store.call(&sid("CA1")).await.unwrap().unwrap();
    assert_eq!(old.report.unwrap().summary, None);
    assert!(store.call(&sid("CA2")).await.unwrap().unwrap().report.unwrap().summary.is_some());
    let late = news(77, "CA1", Some("RECA1"), VoicemailState::Ready, 1);
    store.apply("late", &numbered(1, &[Record::Voicemail(late)])).await.unwrap();
    let page = store.voicemails(&Ask::default()).await.unwrap();
    let words: Vec<(&str, bool)> =
        page.rows.iter().map(|row| (row.call_sid.as_str(), row.transcript.is_some())).collect();
    assert_eq!(words, [("CA2", true), ("CA1", false)]);
}

async fn a_call_under_way_is_never_swept(store: Store) {
    for n in 0..250 {
        call(&store, &format!("CA{n:03}"), None, 0).await;
    }
    let live: HashSet<Sid> = (0..250).step_by(3).map(|n| sid(&format!("CA{n:03}"))).collect();
    let totals = sweep(&store, &periods(Some(1), None, None), &live, days(30), Duration::ZERO).await.unwrap();
    assert_eq!(totals.calls as usize, 250 - live.len());
    let left: HashSet<Sid> = calls(&store).await.iter().map(|call| sid(call)).collect();
    assert_eq!(left, live);
}

async fn a_voicemail_outlives_its_call_and_stays_its_tenants(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    call(&store, "CA1", Some(&tenant.id), 0).await;
    assert_eq!(swept(&store, periods(Some(5), Some(60), None), days(30)).await.calls, 1);
    let late = news(77, "CA1", Some("RECA1"), VoicemailState::Ready, 40);
    store.apply("late", &numbered(1, &[Record::Voicemail(late)])).await.unwrap();
    let page = store.voicemails(&Ask::default()).await.unwrap();
    assert_eq!(page.rows[0].tenant_id.as_ref(), Some(&tenant.id));
}

async fn recordings_are_queued_once_unless_they_are_to_stay(store: Store) {
    let (goes, stays) = (kept_tenant(&store, 1).await, kept_tenant(&store, 2).await);
    let keep = TenantRetention { recording: RecordingFate::Keep, ..TenantRetention::unsaid(stays.id.clone()) };
    wants(&store, keep).await;
    call(&store, "CA1", Some(&goes.id), 0).await;
    call(&store, "CA2", Some(&stays.id), 0).await;
    let totals = swept(&store, periods(None, Some(7), None), days(30)).await;
    assert_eq!((totals.voicemails, totals.queued, voicemails(&store).await), (2, 1, 0));
    let queued = store.remote_erasures(&Ask::default()).await.unwrap().rows;
    let told: Vec<_> = queued.iter().map(|one| (one.provider, one.sid.as_str(), one.tenant_id.as_ref())).collect();
    assert_eq!(told, [(RemoteProvider::Twilio, "RECA1", Some(&goes.id))]);
    assert_eq!(queued[0].account, Some(sid(ACCOUNT)));
}

async fn settings_of_tenants_long_gone_go_with_their_last_call(store: Store) {
    let (gone, here) = (kept_tenant(&store, 1).await, kept_tenant(&store, 2).await);
    call(&store, "CA1", Some(&gone.id), 20).await;
    store.delete_tenant(&gone.id, None, &operator()).await.unwrap();
    assert_eq!(swept(&store, periods(Some(15), None, None), days(30)).await.tenants, 0, "a call needs them still");
    assert!(store.tenant_at(&gone.id, 1).await.unwrap().is_some());
    let later = swept(&store, periods(Some(15), None, None), days(60)).await;
    assert_eq!((later.calls, later.tenants), (1, 1));
    assert!(store.tenant_at(&gone.id, 1).await.unwrap().is_none());
    assert!(store.tenant_at(&here.id, 1).await.unwrap().is_some());
}

async fn a_tenants_periods_have_versions_and_are_audited(store: Store) {
    let tenant = kept_tenant(&store, 1).await;
    let unsaid = TenantRetention::unsaid(tenant.id.clone());
    assert_eq!(store.retention(&tenant.id).await.unwrap(), unsaid);
    let wanted = TenantRetention { calls_days: Some(30), ..unsaid.clone() };
    let kept = store.put_retention(&wanted, Some(0), &operator()).await.unwrap();
    assert_eq!(kept, TenantRetention { version: 1, ..wanted.clone() });
    let stale = store.put_retention(&unsaid, Some(0), &operator()).await;
    assert!(matches!(stale, Err(StoreError::VersionChanged(1))), "{stale:?}");
    let log = store.audit(&Ask::default()).await.unwrap().rows;
    assert_eq!((log[0].what.as_str(), &log[0].after.as_ref().unwrap()["callsDays"]), ("retention.put", &json!(30)));
    store.delete_tenant(&tenant.id, None, &operator()).await.unwrap();
    assert_eq!(store.retentions().await.unwrap(), [], "it goes with its tenant");
    assert!(matches!(store.put_retention(&wanted, None, &operator()).await, Err(StoreError::NotFound)));
}

async fn the_audit_log_goes_by_its_own_period(store: Store) {
    kept_tenant(&store, 1).await;
    // Entries are dated by the machine's clock.
    let audit = |days| Retention { audit_days: Some(days), ..Retention::default() };
    let tomorrow = Timestamp::now() + SignedDuration::from_hours(25);
    assert_eq!(swept(&store, audit(30), tomorrow).await.audit, 0);
    assert!(swept(&store, audit(1), tomorrow).await.audit > 0);
    assert!(store.audit(&Ask::default()).await.unwrap().rows.is_empty());
}

struct Desk {
    store: Store,
    sim: Sim,
    remote: Remote,
}

/// What providers are to forget, with simulated ones.
async fn desk() -> Desk {
    let sim = Sim::start().await;
    let store = Store::open("sqlite::memory:", &KEY).await.unwrap();
    let http = Http::new().unwrap();
    let remote = Remote {
        store: store.clone(),
        twilio: Twilio::new(&http, &sim.url(), Default::default()).unwrap(),
        vapi: Some(Vapi::new(&http, &sim.url(), Secret::new("not-a-real-key"), Default::default()).unwrap()),
        global: Some(TwilioAccount {
            sid: sid(ACCOUNT),
            auth_token: Secret::new("not-a-real-token"),
            auth_token_next: None,
            phone_number: None,
        }),
    };
    for (n, name) in ["CA1", "CA2"].into_iter().enumerate() {
        let recordings = json!([{"sid": format!("RE{name}"), "duration": 2}]);
        sim.call(json!({"sid": name, "status": "completed", "accountSid": ACCOUNT, "recordings": recordings})).await;
        call(&store, name, None, n as i64).await;
    }
    Desk { store, sim, remote }
}

impl Desk {
    async fn waiting(&self) -> Vec<patchbay::store::RemoteErasure> {
        self.store.remote_erasures(&Ask::default()).await.unwrap().rows
    }
}

#[tokio::test]
async fn providers_are_asked_until_they_have_forgotten() {
    let desk = desk().await;
    let now = days(30);
    swept(&desk.store, periods(None, Some(7), None), now).await;
    assert_eq!(desk.waiting().await.len(), 2);
    // One refuses, with whatever it answers; the other is gone.
    desk.sim.fault("DELETE .*/Recordings/RECA1.json", "error", 0).await;
    assert_eq!(desk.remote.work(now).await.unwrap(), 1);
    let waiting = desk.waiting().await;
    let one = &waiting[0];
    assert_eq!((one.sid.as_str(), one.attempts, one.next_at), ("RECA1", 1, now + wait_after(1)));
    assert!(one.last_error.as_deref().unwrap().contains("500"), "{one:?}");
    assert_eq!(desk.remote.work(now).await.unwrap(), 0, "not before its time");
    // What had its effect although nobody heard so is asked for again, and is then gone already.
    desk.sim.fault("DELETE .*/Recordings/.*", "reset-after", 0).await;
    let now = now + wait_after(1);
    assert_eq!(desk.remote.work(now).await.unwrap(), 0);
    assert_eq!(desk.waiting().await[0].attempts, 2);
    assert_eq!(desk.remote.work(now + wait_after(2)).await.unwrap(), 1);
    assert_eq!(desk.waiting().await, []);
}

#[tokio::test]
async fn a_provider_that_asks_for_rest_is_left_alone() {
    let desk = desk().await;
    swept(&desk.store, periods(None, Some(7), None), days(30)).await;
    desk.sim.fault("DELETE .*", "429", 0).await;
    assert_eq!(desk.remote.work(days(30)).await.unwrap(), 0);
    assert_eq!(desk.sim.asked("DELETE", "/Recordings/").await, 1, "the next one is not asked for");
    let attempts: Vec<u32> = desk.waiting().await.iter().map(|one| one.attempts).collect();
    assert_eq!(attempts.iter().sum::<u32>(), 1);
}

#[tokio::test]
async fn what_nobody_has_credentials_for_waits_and_says_so() {
    let desk = desk().await;
    let lonely = Remote { global: None, vapi: None, ..desk.remote.clone() };
    swept(&desk.store, periods(None, Some(7), None), days(30)).await;
    assert_eq!(lonely.work(days(30)).await.unwrap(), 0);
    let waiting = desk.waiting().await;
    assert!(waiting.iter().all(|one| one.last_error.as_deref().unwrap().contains("credentials")), "{waiting:?}");
    assert_eq!(desk.sim.asked("DELETE", "/Recordings/").await, 0);
}

#[tokio::test]
async fn a_sweep_lets_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(&format!("sqlite:{}", directory.path().join("t.db").display()), &KEY).await.unwrap();
    let mut records: Vec<Record> = Vec::new();
    for n in 0..2_000 {
        let name = format!("CA{n:05}");
        records.push(Record::CallBegan(began(&name, None, n)));
        records.extend((0..4).map(|step| Record::CallEvent(event(&name, "ai-leg", n + step))));
    }
    store.apply("j", &numbered(1, &records)).await.unwrap();
    let sweeping = {
        let store = store.clone();
        tokio::spawn(async move { swept(&store, periods(Some(1), None, None), days(30)).await })
    };
    let (mut longest, mut writes) = (Duration::ZERO, 0);
    while !sweeping.is_finished() {
        let began = Instant::now();
        store
            .apply("k", &numbered(writes + 1, &[Record::CallEvent(event("CA-other", "status", 30 * 86_400))]))
            .await
            .unwrap();
        longest = longest.max(began.elapsed());
        writes += 1;
    }
    assert_eq!(sweeping.await.unwrap().calls, 2_000);
    println!("{writes} writes between the batches, the longest waited {longest:?}");
    assert!(writes > 5, "others came to write {writes} times");
}
