//! Plans that never read a whole table, and pages that stay right while rows come and go.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::{audit, call_list, jobs, numbers, tenants, voicemails};
use super::*;
use crate::model::{
    Arrival, E164, JobKind, JobState, NumberState, OrgId, Purpose, Reason, Scope, Seed, Sid, TenantId, VoicemailState,
};
use crate::store::{AuditFilter, CallFilter, JobFilter, LiveFilter, NumberFilter, TenantFilter, VoicemailFilter};

fn seed(place: u8) -> Seed {
    Seed { at: Timestamp::UNIX_EPOCH, random: [place; 10] }
}

fn sid(text: &str) -> Sid {
    Sid::parse(text).unwrap()
}

/// What the engine says it would do.
async fn plan(store: &Engine, sql: &str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(&mut *store.read().await.unwrap()).await;
    rows.unwrap_or_else(|error| panic!("{error}: {sql}")).iter().map(|row| row.get("detail")).collect()
}

/// What is wrong with a plan: a table read through, an index read through that should be searched, an order made by
/// sorting, a question asked anew for each row.
fn faults(plan: &[String], searches: bool, may_sort: bool) -> Vec<String> {
    let is_fault = |step: &&String| {
        // A list that came with the question is short.
        let scans = step.starts_with("SCAN ") && !step.starts_with("SCAN json_each");
        let scans_table = scans && !step.contains(" INDEX ");
        let scans_index = scans && searches && step.contains(" INDEX ");
        let sorts = !may_sort && step.contains("TEMP B-TREE");
        scans_table || scans_index || sorts || step.contains("CORRELATED") || step.contains("AUTOMATIC")
    };
    plan.iter().filter(is_fault).cloned().collect()
}

/// Everything that a list may be asked about whose rows it shows, and for which words.
fn asks<F: Clone + Default>(filters: &[F], words: &[&str]) -> Vec<Ask<F>> {
    let (org, tenant) = (OrgId::new(seed(1)), TenantId::new(seed(1)));
    let mut asks = Vec::new();
    for scope in [Scope::All, Scope::Org(org), Scope::Tenant(tenant.clone())] {
        for of in [None, Some(tenant.clone())] {
            for only in filters {
                let ask = Ask { scope: scope.clone(), tenant: of.clone(), only: only.clone(), ..Ask::default() };
                asks.push(ask.clone());
                asks.extend(words.iter().map(|words| Ask { q: Some((*words).to_owned()), ..ask.clone() }));
            }
        }
    }
    asks
}

/// Holds every query of these walks against the rules; answers how many there were.
async fn check_plans(store: &Engine, list: List, stretch: &Stretch, walks: &[Walk]) -> usize {
    let key = || Key {
        place: if list.order == Order::Name { Part::Text("m".into()) } else { Part::Integer(7) },
        id: if list.order == Order::NewestNumbered { Part::Integer(7) } else { Part::Text("m".into()) },
    };
    let mut checked = 0;
    for walk in walks {
        for after in [None, Some(key())] {
            let stretch = Stretch { after: after.clone(), ..stretch.clone() };
            let bounded = after.is_some() || stretch.since.is_some() || stretch.until.is_some();
            let turn = (!walk.only.is_empty()).then(key);
            let searches = bounded || turn.is_some() || !walk.along.is_empty();
            let rows = list.rows_query(&stretch, walk, turn.as_ref(), 50).sql().as_str().to_owned();
            let found = faults(&plan(store, &rows).await, searches, walk.index.is_none());
            assert!(found.is_empty(), "{found:?}\n{rows}");
            let turn = list.turn_query(&stretch, walk).sql().as_str().to_owned();
            let found =
                faults(&plan(store, &turn).await, bounded || !walk.along.is_empty(), walk.index.is_none());
            assert!(found.is_empty(), "{found:?}\n{turn}");
            checked += 2;
        }
    }
    let whole = list.whole_rows(&[key()]).unwrap().sql().as_str().to_owned();
    let found = faults(&plan(store, &whole).await, true, true);
    assert!(found.is_empty(), "{found:?}\n{whole}");
    checked
}

const CALL_SID: &str = "CA0123456789abcdef0123456789abcdef";
const WORDS: [&str; 7] = [CALL_SID, "+16475550123", "0123", "647 555-0123", "64", "smile dental", "+1647"];

fn number() -> E164 {
    E164::parse("+16475550123").unwrap()
}

#[tokio::test]
async fn no_list_or_search_reads_a_whole_table() {
    let store = Engine::in_memory().await;
    let at = Some(Timestamp::UNIX_EPOCH);
    let mut checked = 0;

    let live = |live| Some(LiveFilter { live, now: Arc::from([sid(CALL_SID)]) });
    let calls = [
        CallFilter::default(),
        CallFilter { since: at, ..CallFilter::default() },
        CallFilter { since: at, until: at, ..CallFilter::default() },
        CallFilter { available: Some(true), ..CallFilter::default() },
        CallFilter { reason: Some(Reason::Loop), until: at, ..CallFilter::default() },
        CallFilter { live: live(true), ..CallFilter::default() },
        CallFilter { live: live(false), ..CallFilter::default() },
        CallFilter { status: Some("busy".to_owned()), ..CallFilter::default() },
        CallFilter { arrival: Some(Arrival::Sip), ..CallFilter::default() },
        CallFilter { from: Some(number()), ..CallFilter::default() },
        CallFilter { to: Some(number()), since: at, ..CallFilter::default() },
        CallFilter {
            from: Some(number()),
            to: Some(number()),
            status: Some("busy".to_owned()),
            ..CallFilter::default()
        },
    ];
    for ask in asks(&calls, &WORDS) {
        let (stretch, walks) = call_list::asked(&ask).unwrap();
        checked += check_plans(&store, call_list::CALLS, &stretch, &walks).await;
    }

    let voicemails_only = [
        VoicemailFilter::default(),
        VoicemailFilter { heard: Some(false), ..VoicemailFilter::default() },
        VoicemailFilter { state: Some(VoicemailState::Ready), since: at, ..VoicemailFilter::default() },
        VoicemailFilter { call: Some(sid(CALL_SID)), ..VoicemailFilter::default() },
    ];
    for ask in asks(&voicemails_only, &WORDS) {
        let stretch = Stretch { since: ask.only.since.map(crate::store::cursor::nanos), ..Stretch::default() };
        checked += check_plans(&store, voicemails::VOICEMAILS, &stretch, &voicemails::walks(&ask)).await;
    }

    let numbers_only = [
        NumberFilter::default(),
        NumberFilter { state: Some(NumberState::Resting), ..NumberFilter::default() },
        NumberFilter { purpose: Some(Purpose::Voicemail), account: Some(sid("AC1")), ..NumberFilter::default() },
    ];
    for ask in asks(&numbers_only, &WORDS) {
        checked += check_plans(&store, numbers::NUMBERS, &Stretch::default(), &numbers::walks(&ask)).await;
    }

    let tenants_only = [
        TenantFilter::default(),
        TenantFilter { org: Some(OrgId::new(seed(1))), ..TenantFilter::default() },
        TenantFilter { org: Some(OrgId::new(seed(2))), target: Some(sid("a")), ..TenantFilter::default() },
        TenantFilter { slug: Some("smile-dental".to_owned()), ..TenantFilter::default() },
    ];
    for ask in asks(&tenants_only, &[TenantId::new(seed(1)).as_str(), "smile", "50%"]) {
        checked += check_plans(&store, tenants::TENANTS, &Stretch::default(), &tenants::walks(&ask)).await;
    }

    let audit_only = [
        AuditFilter::default(),
        AuditFilter { who: Some("operator".to_owned()), ..AuditFilter::default() },
        AuditFilter { what: Some("org.delete".to_owned()), ..AuditFilter::default() },
        AuditFilter { subject: Some("ten_1".to_owned()), who: Some("operator".to_owned()), ..AuditFilter::default() },
    ];
    for ask in asks(&audit_only, &["smile"]) {
        checked += check_plans(&store, audit::AUDIT, &Stretch::default(), &audit::walks(&ask)).await;
    }
    let jobs_only = [
        JobFilter::default(),
        JobFilter { state: Some(JobState::Manual), kind: None },
        JobFilter { state: Some(JobState::Queued), kind: Some(JobKind::Deploy) },
    ];
    for ask in asks(&jobs_only, &["job_1"]) {
        checked += check_plans(&store, jobs::JOBS, &Stretch::default(), &jobs::walks(&ask)).await;
    }
    assert!(checked > 1_000, "{checked}");
}

#[tokio::test]
async fn a_plan_that_reads_a_whole_table_is_seen() {
    let store = Engine::in_memory().await;
    let wrong = async |sql: &str| !faults(&plan(&store, sql).await, true, false).is_empty();
    assert!(wrong("SELECT * FROM calls WHERE reason = 'loop'").await);
    assert!(wrong("SELECT * FROM calls INDEXED BY calls_by_age WHERE reason = 'loop'").await);
    assert!(wrong("SELECT * FROM calls WHERE tenant_id = 'a' ORDER BY reason").await);
    assert!(wrong("SELECT * FROM calls WHERE call_sid = 'a' AND at = (SELECT max(at) FROM call_events e WHERE e.call_sid = calls.call_sid)").await);
    assert!(!wrong("SELECT * FROM calls WHERE call_sid = 'a'").await);
}

/// A call of the tests: when, and whether it is one of those looked for.
type Planted = (i64, bool);

/// What happens between two pages: calls come and go.
#[derive(Clone, Debug)]
enum Step {
    Come(Planted),
    Go(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![(0_i64..6, any::<bool>()).prop_map(Step::Come), any::<usize>().prop_map(Step::Go)]
}

async fn plant(store: &Engine, number: usize, (at, wanted): Planted) -> String {
    let call_sid = format!("CA{:03}", (number * 37) % 1000);
    let mut writing = store.write().await.unwrap();
    // Every second one is found by the number called, the others by the caller's.
    let ends = if number.is_multiple_of(2) { ("0123", "0000") } else { ("0000", "0123") };
    sqlx::query("INSERT INTO calls (call_sid, at, from_number, to_number, reason) VALUES ($1, $2, $3, $4, $5)")
        .bind(&call_sid)
        .bind(at)
        .bind(ends.0)
        .bind(ends.1)
        .bind(if wanted { "loop" } else { "always-on" })
        .execute(&mut *writing)
        .await
        .unwrap();
    writing.commit().await.unwrap();
    call_sid
}

async fn uproot(store: &Engine, call_sid: &str) {
    let mut writing = store.write().await.unwrap();
    sqlx::query("DELETE FROM calls WHERE call_sid = $1").bind(call_sid).execute(&mut *writing).await.unwrap();
    writing.commit().await.unwrap();
}

/// Two ways to the same rows: along the list, or along both ends of the line at once.
fn ways(looks_max: u32) -> [Vec<Walk>; 2] {
    let wanted = || Cond::sql("reason = ").text("loop");
    let end = |index, tail| Walk::along(index, vec![Cond::sql(tail).text("0123")]).only([wanted()]);
    let mut ways = [
        vec![Walk::along("calls_by_age", Vec::new()).only([wanted()])],
        vec![
            end("calls_by_from_end", "substr(from_number, -4) = "),
            end("calls_by_to_end", "substr(to_number, -4) = "),
        ],
    ];
    ways.iter_mut().flatten().for_each(|walk| walk.looks_max = looks_max);
    ways
}

async fn pages(calls: &[Planted], steps: &[Step], rows_max: usize, walks: &[Walk]) -> Result<(), TestCaseError> {
    let store = Engine::in_memory().await;
    let mut there: Vec<(String, bool)> = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        there.push((plant(&store, number, *call).await, call.1));
    }
    let mut throughout: BTreeSet<String> =
        there.iter().filter(|(_, wanted)| *wanted).map(|(call, _)| call.clone()).collect();
    let mut steps = steps.iter();
    let (mut seen, mut after, mut count) = (Vec::new(), None, calls.len());
    // Each page looks at one row at least, so that this many pages come to the end.
    for page in 0.. {
        prop_assert!(page <= calls.len() + 40, "the pages do not end");
        let mut reading = store.snapshot().await.unwrap();
        let stretch = Stretch { after: after.clone(), ..Stretch::default() };
        let found = call_list::CALLS.find(&mut reading, &stretch, walks, rows_max).await.unwrap();
        drop(reading);
        prop_assert!(found.keys.len() <= rows_max);
        prop_assert!(found.keys.is_sorted_by(|one, next| one > next), "{:?}", found.keys);
        prop_assert!(after.as_ref().is_none_or(|after| found.keys.iter().all(|key| key < after)));
        seen.extend(found.keys.iter().map(|key| key.id.spell()));
        let Some(next) = found.next else { break };
        prop_assert!(after.as_ref().is_none_or(|after| next < *after), "the next page begins further on");
        after = Some(next);
        match steps.next() {
            Some(Step::Come(call)) => {
                there.push((plant(&store, count, *call).await, call.1));
                count += 1;
            }
            Some(Step::Go(place)) if !there.is_empty() => {
                let (gone, _) = there.swap_remove(place % there.len());
                uproot(&store, &gone).await;
                throughout.remove(&gone);
            }
            _ => {}
        }
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    prop_assert_eq!(distinct.len(), seen.len(), "a row was shown twice");
    prop_assert!(throughout.is_subset(&distinct), "missed: {:?}", throughout.difference(&distinct));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_show_once_what_was_there_throughout_whatever_comes_and_goes() {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let config = ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() };
        let calls = proptest::collection::vec((0_i64..6, any::<bool>()), 0..14);
        let steps = proptest::collection::vec(any_step(), 0..12);
        proptest!(config, |(calls in calls, steps in steps, looks_max in 1_u32..6, rows_max in 1_usize..4, way in 0_usize..2)| {
            runtime.block_on(pages(&calls, &steps, rows_max, &ways(looks_max)[way]))?;
        });
    });
}

#[tokio::test]
async fn a_search_for_what_is_rare_ends_with_its_page_and_goes_on_behind_it() {
    let store = Engine::in_memory().await;
    for number in 0..10 {
        plant(&store, number, (number as i64, number == 2)).await;
    }
    let walks = &ways(4)[0];
    let mut reading = store.snapshot().await.unwrap();
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let stretch = Stretch { after, ..Stretch::default() };
        let page = call_list::CALLS.find(&mut reading, &stretch, walks, 50).await.unwrap();
        found.push(page.keys.len());
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(found, [0, 1, 0], "four rows looked at, four more, and the rest");
}
