//! Builds a large store through the store's own doors and measures its lists and searches.
//!
//! `large_store build FILE TENANTS CALLS` makes the file and says what inserting costs; `large_store measure FILE TENANTS
//! CALLS` asks every list and search often and prints a table. Figures of a run stand in `load-tests/RESULTS.md`. Numbers begin
//! with +999, which no country has.

#[path = "large_store/measure.rs"]
mod measure;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use patchbay::model::{
    AiReport, Arrival, Billing, CallBegan, CallEnded, CallEvent, Connect, Decision, E164, EndedBy, Number, NumberId,
    NumberState, Org, OrgId, Purpose, Reason, Record, Seed, Sid, Target, TargetKind, Tenant, TenantId, Via,
    VoicemailId, VoicemailNews, VoicemailState,
};
use patchbay::store::{Actor, Numbered, Store};
use serde_json::json;

/// The key invented for stores of this program.
const KEY: [u8; 32] = [7; 32];

/// Calls of one batch of records, about as many as a journal drains after a short outage.
const BATCH: u64 = 2_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["build", file, tenants, calls] => {
            let store = open(file).await?;
            build(&store, tenants.parse()?, calls.parse()?).await
        }
        ["measure", file, tenants, calls] => {
            let store = open(file).await?;
            measure::all(&store, tenants.parse()?, calls.parse()?).await?;
            measure::sizes(file).await
        }
        _ => bail!("say: build FILE TENANTS CALLS, or measure FILE TENANTS CALLS"),
    }
}

async fn open(file: &str) -> anyhow::Result<Store> {
    Store::open(&format!("sqlite:{file}"), &KEY).await.context("the store does not open")
}

/// Numbers that look random and are the same in every run.
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    /// The chance that belongs to the thing with this place in its kind.
    fn of(kind: u64, place: u64) -> Chance {
        Chance(kind.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ place.wrapping_mul(0xd1b5_4a32_d192_ed03))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// One of `end` things, of which the first are far more in demand than the last.
    fn skewed(&mut self, end: u64) -> u64 {
        let even = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((even * even * even * end as f64) as u64).min(end.saturating_sub(1))
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

/// When the year of calls begins.
fn start() -> Timestamp {
    "2025-11-01T00:00:00Z".parse().expect("an instant")
}

const YEAR_SECONDS: u64 = 365 * 24 * 3600;

fn seed(kind: u64, place: u64, at: Timestamp) -> Seed {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&Chance::of(kind, place).next().to_be_bytes());
    Seed { at, random }
}

fn sid(prefix: &str, place: u64) -> Sid {
    let mut chance = Chance::of(1, place);
    Sid::parse(&format!("{prefix}{:016x}{:016x}", chance.next(), chance.next())).expect("visible")
}

const ORGS: u64 = 50;

/// Which organization a tenant belongs to: the first has half of all, each further one a share less, the last ten.
fn org_of(tenant: u64, tenants: u64) -> u64 {
    let mut end = tenants / 2;
    let mut share = end;
    for org in 0..ORGS - 1 {
        if tenant < end {
            return org;
        }
        let left = tenants - end;
        share = (share * 4 / 5).min(left / 5).max(10.min(left));
        end += share;
    }
    ORGS - 1
}

fn org(place: u64) -> Org {
    Org {
        id: OrgId::new(seed(2, place, start())),
        name: format!("Reseller {place}"),
        twilio: None,
        billing: Billing::Unverified,
        version: 1,
        created_at: start(),
        updated_at: start(),
    }
}

fn tenant_at(place: u64) -> Timestamp {
    start() + SignedDuration::from_millis(i64::try_from(place).expect("few"))
}

fn tenant_id(place: u64) -> TenantId {
    TenantId::new(seed(3, place, tenant_at(place)))
}

const KINDS: [&str; 8] = [
    "Smile Dental",
    "Acme Pizza",
    "Corner Garage",
    "Bright Eyes Optics",
    "Paws Clinic",
    "Old Oak Books",
    "Quick Keys Locksmith",
    "Green Thumb Florist",
];
const TOWNS: [&str; 10] = ["Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper"];
const PLACES: [&str; 10] = ["Harbour", "Hill", "Lake", "Mills", "Falls", "Grove", "Point", "Ridge", "Valley", "Bridge"];

fn tenant(place: u64, tenants: u64) -> Tenant {
    let mut chance = Chance::of(4, place);
    let name = format!("{} {} {} {place}", chance.one_of(&KINDS), chance.one_of(&TOWNS), chance.one_of(&PLACES));
    // Nine in ten share an assistant of their organization, the others have one of their own.
    let org_place = org_of(place, tenants);
    let target = if chance.below(10) < 9 { org_place } else { 1_000 + place };
    Tenant {
        id: tenant_id(place),
        org_id: org(org_place).id,
        slug: name.to_lowercase().replace(' ', "-"),
        name,
        timezone: "America/Toronto".to_owned(),
        country: "CA".to_owned(),
        language: None,
        voice: None,
        target: Some(Target { kind: TargetKind::Assistant, id: sid("as", target) }),
        connect: Connect { via: Via::Sip, sip_uri: None, username: None, password: None, timeout_seconds: None },
        sip_username: None,
        availability: json!({
            "mode": "after-hours-only",
            "afterHours": {"enabled": true, "businessHours": {"timezone": "America/Toronto", "schedule": {
                "monday": {"open": "09:00", "close": "17:00"}, "tuesday": {"open": "09:00", "close": "17:00"},
                "wednesday": {"open": "09:00", "close": "17:00"}, "thursday": {"open": "09:00", "close": "17:00"},
                "friday": {"open": "09:00", "close": "16:00"}, "saturday": null, "sunday": null}}},
            "fallback": {"type": "voicemail", "voicemailGreeting": "Please leave a message after the tone."},
        }),
        forced: None,
        version: 1,
        created_at: tenant_at(place),
        updated_at: tenant_at(place),
    }
}

fn e164(kind: u64, place: u64) -> E164 {
    // A bijection of the places below a thousand million, so that no two numbers are one.
    let digits = place.wrapping_mul(387_420_489).wrapping_add(kind * 123_456_789) % 1_000_000_000;
    E164::parse(&format!("+999{kind}{digits:09}")).expect("digits")
}

/// The number at a place: six for five tenants, a few of them led nowhere.
fn number(place: u64, tenants: u64) -> Number {
    let resting = place.is_multiple_of(100);
    let owner = place % tenants;
    Number {
        id: NumberId::new(seed(5, place, tenant_at(place))),
        e164: e164(1, place),
        sip_uri: None,
        tenant_id: (!resting).then(|| tenant_id(owner)),
        account_sid: Some(sid("AC", org_of(owner, tenants))),
        twilio_sid: Some(sid("PN", place)),
        vapi_number_id: None,
        state: if resting { NumberState::Unassigned } else { NumberState::Active },
        purpose: if place.is_multiple_of(20) { Purpose::Voicemail } else { Purpose::Calls },
        already_overflowed: false,
        ported: false,
        created_at: tenant_at(place),
    }
}

/// Reasons with how many of ten thousand calls have them.
const REASONS: [(Decision, u64); 8] = [
    (Decision::ai(Reason::AlwaysOn), 5_000),
    (Decision::ai(Reason::AfterHours), 2_000),
    (Decision::fallback(Reason::BusinessHours), 2_000),
    (Decision::ai(Reason::Overflow), 500),
    (Decision::fallback(Reason::UnderCapacity), 400),
    (Decision::fallback(Reason::AiUnavailable), 60),
    (Decision::fallback(Reason::OverrideOff), 39),
    (Decision::fallback(Reason::BlockedCaller), 1),
];

fn decision(chance: &mut Chance, call: u64) -> Decision {
    if call.is_multiple_of(50_000) {
        return Decision::fallback(Reason::Loop);
    }
    let mut left = chance.below(10_000);
    for (decision, share) in REASONS {
        if left < share {
            return decision;
        }
        left -= share;
    }
    Decision::ai(Reason::AlwaysOn)
}

/// The records of one call, as the edge writes them.
fn records_of(call: u64, calls: u64, tenants: u64) -> Vec<Record> {
    let mut chance = Chance::of(6, call);
    let call_sid = sid("CA", call);
    let second = call * YEAR_SECONDS / calls.max(1) + chance.below(600);
    let at = start()
        + SignedDuration::from_secs(i64::try_from(second).expect("a year"))
        + SignedDuration::from_nanos(i64::try_from(chance.below(1_000_000_000)).expect("a second"));
    let after = |seconds: i64| at + SignedDuration::from_secs(seconds);
    let owner = chance.skewed(tenants);
    let decision = decision(&mut chance, call);
    let from = e164(2, chance.skewed(400_000)).to_string();
    let account = sid("AC", org_of(owner, tenants));
    let length = i64::try_from(20 + chance.below(240)).expect("minutes");
    let status = if chance.below(50) == 0 { chance.one_of(&["busy", "failed", "no-answer"]) } else { "completed" };
    let mut records = vec![Record::CallBegan(CallBegan {
        call_sid: call_sid.clone(),
        tenant_id: Some(tenant_id(owner)),
        tenant_version: 1,
        number_id: Some(number(owner, tenants).id),
        account_sid: Some(account.clone()),
        from: from.clone(),
        to: e164(1, owner).to_string(),
        arrival: if chance.below(20) == 0 { Arrival::Sip } else { Arrival::Number },
        at,
        others: 0,
        decision,
        step: if decision.available { "ai" } else { "voicemail" }.to_owned(),
        answer: None,
        took_us: 300,
        request_id: format!("req_{:016x}", chance.next()),
    })];
    let event = |what: &str, outcome: &str, seconds: i64| {
        Record::CallEvent(CallEvent {
            call_sid: call_sid.clone(),
            at: after(seconds),
            what: what.to_owned(),
            outcome: Some(outcome.to_owned()),
            step: None,
        })
    };
    if decision.available {
        records.push(event("ai-leg", "completed", length));
    }
    records.push(event("status", status, length));
    // One in a hundred thousand never ended, as far as anybody heard.
    if !call.is_multiple_of(100_000) {
        records.push(Record::CallEnded(CallEnded {
            call_sid: call_sid.clone(),
            at: after(length),
            status: Some(status.to_owned()),
            duration_seconds: u32::try_from(length).ok(),
            by: EndedBy::Status,
        }));
    }
    if decision.available {
        records.push(Record::AiReport(AiReport {
            call_sid: call_sid.clone(),
            vapi_call_id: Some(sid("vapi-", call)),
            at: after(length + 5),
            ended_reason: Some("customer-ended-call".to_owned()),
            duration_seconds: u32::try_from(length).ok(),
            cost_usd: Some(0.125),
            summary: Some(sentence(&mut chance, 25)),
            recording_url: None,
        }));
    }
    if call % 10 == 3 {
        records.push(Record::Voicemail(VoicemailNews {
            id: VoicemailId::new(seed(7, call, after(length))),
            tenant_id: Some(tenant_id(owner)),
            call_sid: call_sid.clone(),
            account_sid: Some(account),
            recording_sid: Some(sid("RE", call)),
            recording_url: None,
            from: Some(from),
            duration_seconds: Some(30),
            state: if chance.below(200) == 0 { VoicemailState::Failed } else { VoicemailState::Ready },
            transcript: Some(sentence(&mut chance, 45)),
            at: after(length + 10),
        }));
    }
    records
}

const SYLLABLES: [&str; 20] = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve", "wi", "xo",
    "zu",
];

/// Words of an invented language of eight thousand, some far more common than others.
fn sentence(chance: &mut Chance, words: u64) -> String {
    let mut text = String::new();
    for _ in 0..words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word(chance.skewed(8_000)));
    }
    text
}

fn word(mut place: u64) -> String {
    let mut word = String::new();
    for _ in 0..3 {
        word.push_str(SYLLABLES[(place % 20) as usize]);
        place /= 20;
    }
    word
}

async fn build(store: &Store, tenants: u64, calls: u64) -> anyhow::Result<()> {
    let by = Actor("large-store".to_owned());
    store.platform_org().await?;
    let began = Instant::now();
    for place in 0..ORGS {
        store.create_org(&org(place), &by).await?;
    }
    for place in 0..tenants {
        store.create_tenant(&tenant(place, tenants), &by).await?;
    }
    told("tenants", tenants, began.elapsed());
    let began = Instant::now();
    let numbers = tenants * 6 / 5;
    for place in 0..numbers {
        store.put_number(&number(place, tenants), &by).await?;
    }
    told("numbers", numbers, began.elapsed());

    let began = Instant::now();
    let (mut seq, mut call, mut part) = (0, 0, Instant::now());
    while call < calls {
        let end = (call + BATCH).min(calls);
        let mut batch = Vec::new();
        for record in (call..end).flat_map(|call| records_of(call, calls, tenants)) {
            seq += 1;
            batch.push(Numbered { seq, record });
        }
        store.apply("large-store", &batch).await?;
        call = end;
        if call % 100_000 == 0 {
            told("of these the last 100,000 calls", 100_000, part.elapsed());
            part = Instant::now();
        }
    }
    told("calls", calls, began.elapsed());
    told("records", seq, began.elapsed());
    Ok(())
}

fn told(what: &str, count: u64, took: Duration) {
    println!("{count} {what} in {:.1} s: {:.0}/s", took.as_secs_f64(), count as f64 / took.as_secs_f64());
}
