//! What it costs to bring the records of calls into a store: processor time a record, batch by batch.
//!
//! `drain FILE RECORDS BATCH LAG` applies the beginnings and ends of calls to a new store, `BATCH` records a
//! transaction; a call ends `LAG` calls after it began. Figures of a run stand in `load-tests/RESULTS.md`.

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    Arrival, CallBegan, CallEnded, Connect, Decision, EndedBy, Reason, Record, Seed, Sid, Tenant, TenantId, Via,
};
use patchbay::store::{Actor, Numbered, Store};
use serde_json::json;

/// The key invented for stores of this program.
const KEY: [u8; 32] = [7; 32];

/// Whose calls they are.
const TENANTS: u64 = 1_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [file, records, batch, lag] = words.as_slice() else { bail!("say: drain FILE RECORDS BATCH LAG") };
    let (records, batch, lag): (u64, usize, u64) = (records.parse()?, batch.parse()?, lag.parse()?);
    let store = Store::open(&format!("sqlite:{file}"), &KEY).await.context("the store does not open")?;
    let org = store.platform_org().await?;
    for place in 0..TENANTS {
        let tenant = tenant(place, &org.id);
        store.create_tenant(&tenant, &Actor("drain".to_owned())).await?;
    }
    let all: Vec<Numbered> =
        (1..).zip(history(records / 2, lag)).map(|(seq, record)| Numbered { seq, record }).collect();
    let before = processor_us();
    for part in all.chunks(batch) {
        store.apply("drain", part).await?;
    }
    let took = processor_us() - before;
    println!(
        "{} records, {batch} a batch, ends {lag} calls later: {:.1} us a record",
        all.len(),
        took / all.len() as f64
    );
    Ok(())
}

/// Microseconds of processor time this process has had, where the system tells.
fn processor_us() -> f64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let stats = threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
    stats.filter_map(|stat| stat.split(' ').next()?.parse::<f64>().ok()).sum::<f64>() / 1e3
}

fn history(calls: u64, lag: u64) -> impl Iterator<Item = Record> {
    (0..calls + lag).flat_map(move |turn| {
        let begins = (turn < calls).then(|| began(turn));
        let ends = turn.checked_sub(lag).map(ended);
        begins.into_iter().chain(ends)
    })
}

/// A number that looks random and is the same in every run.
fn chance(place: u64) -> u64 {
    let mut z = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn at(milliseconds: u64) -> Timestamp {
    let begin: Timestamp = "2026-01-01T00:00:00.123456789Z".parse().expect("an instant");
    begin + SignedDuration::from_millis(i64::try_from(milliseconds).expect("few"))
}

fn sid(place: u64) -> Sid {
    Sid::parse(&format!("CA{:016x}{:016x}", chance(place), chance(place + (1 << 40)))).expect("visible")
}

fn tenant_id(place: u64) -> TenantId {
    TenantId::new(Seed { at: at(place), random: [1; 10] })
}

fn began(place: u64) -> Record {
    let owner = chance(place + (1 << 41)) % TENANTS;
    Record::CallBegan(CallBegan {
        call_sid: sid(place),
        tenant_id: Some(tenant_id(owner)),
        tenant_version: 1,
        number_id: None,
        account_sid: Some(Sid::parse("AC00000000000000000000000000000001").expect("visible")),
        from: format!("+999{:010}", chance(place + (1 << 42)) % 10_000_000_000),
        to: format!("+9991{owner:09}"),
        arrival: Arrival::Number,
        at: at(place),
        others: 0,
        decision: Decision::ai(Reason::AlwaysOn),
        step: "ai".to_owned(),
        answer: None,
        took_us: 50,
        request_id: format!("{:016x}", chance(place + (1 << 43))),
    })
}

fn ended(place: u64) -> Record {
    Record::CallEnded(CallEnded {
        call_sid: sid(place),
        at: at(place + 60_000),
        status: Some("completed".to_owned()),
        duration_seconds: Some(60),
        by: EndedBy::Status,
    })
}

fn tenant(place: u64, org: &patchbay::model::OrgId) -> Tenant {
    Tenant {
        id: tenant_id(place),
        org_id: org.clone(),
        slug: format!("tenant-{place}"),
        name: format!("Tenant {place}"),
        timezone: "America/Toronto".to_owned(),
        country: "CA".to_owned(),
        language: None,
        voice: None,
        target: None,
        connect: Connect { via: Via::Sip, sip_uri: None, username: None, password: None, timeout_seconds: None },
        sip_username: None,
        availability: json!({"mode": "always"}),
        forced: None,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    }
}
