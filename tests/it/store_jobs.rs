//! Jobs in the store: whoever claims one alone writes it, and how it stands is read back as it was written.

use crate::store_battery::battery;
use jiff::{SignedDuration, Timestamp};
use patchbay::model::{Job, JobEntry, JobId, JobKind, JobState, Seed, Standing, StepKey};
use patchbay::store::{Actor, Ask, JobBounds, JobFilter, Store, StoreError};
use serde_json::{Value, json};

battery!(
    a_job_is_claimed_once_and_whoever_lost_its_claim_writes_nothing,
    of_jobs_on_one_thing_the_older_one_goes_first,
    one_that_is_asked_for_twice_is_one_and_is_begun_again_only_after_its_end,
    jobs_are_listed_by_state_and_kind_and_counted,
);

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("in range")
}

pub fn job(n: u8, subject: &str, kind: JobKind) -> Job {
    Job {
        id: JobId::new(Seed { at: at(i64::from(n)), random: [n; 10] }),
        kind,
        tenant_id: None,
        org_id: None,
        subject: subject.to_owned(),
        asked: json!({ "do": "target" }),
        by: "desk".to_owned(),
        created_at: at(i64::from(n)),
        standing: Standing::new(at(i64::from(n))),
        updated_at: at(i64::from(n)),
    }
}

pub fn began() -> JobEntry {
    JobEntry::Began { step: StepKey { name: "buy".to_owned(), nth: 1 } }
}

fn ended(state: JobState) -> JobEntry {
    JobEntry::Ended { state, detail: "over".to_owned(), result: Value::Null }
}

fn desk() -> Actor {
    Actor("desk".to_owned())
}

async fn a_job_is_claimed_once_and_whoever_lost_its_claim_writes_nothing(store: Store) {
    store.create_jobs(&[job(1, "a", JobKind::Target)], JobBounds::default(), &desk()).await.expect("kept");
    assert!(store.claim_jobs(at(0), at(30), 9).await.expect("asked").is_empty(), "not due yet");
    let first = store.claim_jobs(at(1), at(31), 9).await.expect("asked").remove(0);
    assert!(store.claim_jobs(at(30), at(60), 9).await.expect("asked").is_empty(), "held");
    store.hold_jobs(&[(first.job.id.clone(), first.fence)], at(50)).await.expect("held for longer");
    assert!(store.claim_jobs(at(49), at(60), 9).await.expect("asked").is_empty(), "held for longer");
    let second = store.claim_jobs(at(50), at(80), 9).await.expect("asked").remove(0);
    let late = store.write_job(&first.job.id, first.fence, &[began()], at(51)).await;
    assert!(matches!(late, Err(StoreError::VersionChanged(_))), "{late:?}");
    let standing = store.write_job(&second.job.id, second.fence, &[began()], at(51)).await.expect("written");
    assert_eq!(standing.state, JobState::Running);
    // A process that has its store alone takes over at once.
    store.release_jobs().await.expect("released");
    let third = store.claim_jobs(at(52), at(82), 9).await.expect("asked").remove(0);
    assert_eq!(third.log, [began()], "what was written is what is gone on from");
    let late = store.write_job(&second.job.id, second.fence, &[ended(JobState::Failed)], at(53)).await;
    assert!(matches!(late, Err(StoreError::VersionChanged(_))), "{late:?}");
}

async fn of_jobs_on_one_thing_the_older_one_goes_first(store: Store) {
    let jobs = [job(1, "a", JobKind::Target), job(2, "a", JobKind::Wire), job(3, "b", JobKind::Wire)];
    store.create_jobs(&jobs, JobBounds::default(), &desk()).await.expect("kept");
    let claimed = store.claim_jobs(at(9), at(30), 9).await.expect("asked");
    let of =
        |claimed: &[patchbay::store::ClaimedJob]| claimed.iter().map(|one| one.job.subject.clone()).collect::<Vec<_>>();
    assert_eq!(of(&claimed), ["a", "b"]);
    let waits = JobEntry::Delayed {
        step: StepKey { name: "buy".to_owned(), nth: 1 },
        detail: "away".to_owned(),
        until: at(20),
    };
    store.write_job(&claimed[0].job.id, claimed[0].fence, &[waits], at(9)).await.expect("written");
    assert!(
        store.claim_jobs(at(10), at(30), 9).await.expect("asked").is_empty(),
        "it waits, and so does who is behind"
    );
    let again = store.claim_jobs(at(20), at(50), 9).await.expect("asked");
    store.write_job(&again[0].job.id, again[0].fence, &[ended(JobState::Succeeded)], at(21)).await.expect("written");
    assert_eq!(of(&store.claim_jobs(at(22), at(50), 9).await.expect("asked")), ["a"], "the next on it");
}

async fn one_that_is_asked_for_twice_is_one_and_is_begun_again_only_after_its_end(store: Store) {
    let only_one = JobBounds { only_one: true, numbers_max: None };
    let first = store.create_jobs(&[job(1, "a", JobKind::Deploy)], only_one, &desk()).await.expect("kept").remove(0);
    let same = store.create_jobs(&[job(2, "a", JobKind::Deploy)], only_one, &desk()).await.expect("kept").remove(0);
    assert_eq!(first.id, same.id);
    let ask = async |entry: JobEntry| store.ask_job(&first.id, &entry, at(5), &desk()).await.expect("asked");
    assert!(ask(JobEntry::Retried).await.is_none(), "it has not ended");
    assert!(ask(JobEntry::CancelAsked).await.expect("it may be").standing.cancel_asked);
    let claimed = store.claim_jobs(at(6), at(30), 9).await.expect("asked").remove(0);
    store.write_job(&first.id, claimed.fence, &[ended(JobState::Cancelled)], at(7)).await.expect("written");
    assert!(ask(JobEntry::CancelAsked).await.is_none(), "it has ended");
    assert_eq!(ask(JobEntry::Retried).await.expect("it may be").standing.state, JobState::Queued);
    let next = store.create_jobs(&[job(3, "a", JobKind::Deploy)], only_one, &desk()).await.expect("kept").remove(0);
    assert_eq!(next.id, first.id, "it is under way again");
}

async fn jobs_are_listed_by_state_and_kind_and_counted(store: Store) {
    let jobs: Vec<Job> =
        (1..=6).map(|n| job(n, &format!("s{n}"), if n % 2 == 0 { JobKind::Wire } else { JobKind::Target })).collect();
    store.create_jobs(&jobs, JobBounds::default(), &desk()).await.expect("kept");
    let claimed = store.claim_jobs(at(9), at(9) + SignedDuration::from_secs(9), 2).await.expect("asked");
    for one in &claimed {
        store.write_job(&one.job.id, one.fence, &[began(), ended(JobState::Manual)], at(10)).await.expect("written");
    }
    let list = async |only: JobFilter| {
        let page = store.jobs(&Ask { limit: 10, only, ..Ask::default() }).await.expect("listed");
        page.rows.iter().map(|job| job.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(list(JobFilter::default()).await.len(), 6);
    let manual = list(JobFilter { state: Some(JobState::Manual), kind: None }).await;
    assert_eq!(manual, [jobs[1].id.clone(), jobs[0].id.clone()], "newest first");
    let both = JobFilter { state: Some(JobState::Queued), kind: Some(JobKind::Wire) };
    assert_eq!(list(both).await, [jobs[5].id.clone(), jobs[3].id.clone()]);
    let counts = store.jobs_by_state().await.expect("counted");
    assert_eq!(counts.iter().filter(|(_, count)| *count > 0).count(), 2);
    let kept = store.job(&jobs[0].id).await.expect("read").expect("there");
    assert_eq!((kept.standing.state, kept.standing.steps.len()), (JobState::Manual, 1));
}
