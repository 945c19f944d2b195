//! Asks every list and search of a large store often, and tells how long it took.

use std::sync::Arc;
use std::time::Instant;

use jiff::SignedDuration;
use patchbay::model::{Arrival, NumberState, Purpose, Reason, Scope, Sid, VoicemailState};
use patchbay::store::{
    Ask, AuditFilter, CallFilter, LiveFilter, NumberFilter, Page, Store, StoreError, TenantFilter, VoicemailFilter,
};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use super::{Chance, e164, number, org, sid, start, tenant, tenant_id, word};

/// How often each question is asked, with another value each time.
const TIMES: u64 = 100;

/// Pages turned before a deep one is measured.
const DEEP: usize = 1_000;

/// Milliseconds of processor time this process has had, where the system tells: unlike the clock's, they do not depend on
/// what else the machine does.
fn processor_ms() -> f64 {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return 0.0 };
    let stats = threads.flatten().filter_map(|thread| std::fs::read_to_string(thread.path().join("schedstat")).ok());
    stats.filter_map(|stat| stat.split(' ').next()?.parse::<f64>().ok()).sum::<f64>() / 1e6
}

/// One line of the table: every question's time in milliseconds, and what the answers held.
async fn line<F, R>(name: &str, mut ask: F) -> anyhow::Result<()>
where
    F: FnMut(u64) -> R,
    R: Future<Output = Result<(usize, bool), StoreError>>,
{
    let (mut took, mut worked, mut rows, mut more) = (Vec::new(), Vec::new(), 0, 0);
    for time in 0..TIMES {
        let (began, worked_before) = (Instant::now(), processor_ms());
        let (found, goes_on) = ask(time).await?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        worked.push(processor_ms() - worked_before);
        rows += found;
        more += u64::from(goes_on && found < 50);
    }
    took.sort_by(f64::total_cmp);
    worked.sort_by(f64::total_cmp);
    let at = |times: &[f64], share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let (p50, p99, max) = (at(&took, 0.5), at(&took, 0.99), at(&took, 1.0));
    let (worked_p50, worked_p99) = (at(&worked, 0.5), at(&worked, 0.99));
    let rows = rows as f64 / TIMES as f64;
    println!("| {name} | {worked_p50:.1} | {worked_p99:.1} | {p50:.1} | {p99:.1} | {max:.1} | {rows:.0} | {more} % |");
    Ok(())
}

fn told<T>(page: Page<T>) -> (usize, bool) {
    (page.rows.len(), page.next_cursor.is_some())
}

macro_rules! lines {
    ($store:ident . $list:ident: $($name:literal => $ask:expr),+ $(,)?) => {
        $({
            let made = $ask;
            line(concat!(stringify!($list), ": ", $name), |time| {
                let ask = made(time);
                async move { $store.$list(&ask).await.map(told) }
            })
            .await?;
        })+
    };
}

macro_rules! deep {
    ($store:ident . $list:ident, $ask:expr) => {{
        let mut ask = $ask;
        let mut turned = 0;
        while turned < DEEP {
            let Some(next) = $store.$list(&ask).await?.next_cursor else { break };
            ask.cursor = Some(next);
            turned += 1;
        }
        println!("| ({turned} pages turned) | | | | | | | |");
        let ask = &ask;
        line(concat!(stringify!($list), ": a page that deep"), |_| async move { $store.$list(ask).await.map(told) })
            .await?;
    }};
}

/// Measures every list of a store of so many tenants, of whose calls so many are known by their place.
pub async fn all(store: &Store, tenants: u64, calls: u64) -> anyhow::Result<()> {
    println!("| list | processor p50 ms | p99 | clock p50 ms | p99 | max | rows | goes on before it is full |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let chance = |time: u64| Chance::of(99, time);
    let of = |time: u64, end: u64| chance(time).below(end);
    let (large, small) = (Scope::Org(org(0).id), Scope::Org(org(super::ORGS - 2).id));
    let in_large = || large.clone();
    let in_small = || small.clone();
    let words = |text: &str| Some(text.to_owned());
    let caller = |time: u64| e164(2, chance(time).skewed(400_000));
    let end = |number: String, digits: usize| Some(number[number.len() - digits..].to_owned());

    lines!(store.calls:
        "first page" => |_| Ask::default(),
        "of a tenant" => |time| Ask { tenant: Some(tenant_id(of(time, tenants))), ..Ask::default() },
        "of the busiest tenant" => |_| Ask { tenant: Some(tenant_id(0)), ..Ask::default() },
        "of the largest organization" => |_| Ask { scope: in_large(), ..Ask::default() },
        "of a small organization" => |_| Ask { scope: in_small(), ..Ask::default() },
    );
    deep!(store.calls, Ask::default());
    deep!(store.calls, Ask { scope: in_large(), ..Ask::default() });
    let only = |only: CallFilter| Ask { only, ..Ask::default() };
    lines!(store.calls:
        "of a day" => |time| {
            let since = start() + SignedDuration::from_hours(24 * i64::try_from(of(time, 360)).expect("a day"));
            let until = Some(since + SignedDuration::from_hours(24));
            only(CallFilter { since: Some(since), until, ..CallFilter::default() })
        },
        "available=false" => |_| only(CallFilter { available: Some(false), ..CallFilter::default() }),
        "reason: one call in five" => |_| only(CallFilter { reason: Some(Reason::BusinessHours), ..CallFilter::default() }),
        "reason: one in 10,000" => |_| only(CallFilter { reason: Some(Reason::BlockedCaller), ..CallFilter::default() }),
        "reason: none" => |_| only(CallFilter { reason: Some(Reason::NotConfigured), ..CallFilter::default() }),
        "reason: none, of the largest organization" => |_| Ask {
            scope: in_large(),
            ..only(CallFilter { reason: Some(Reason::NotConfigured), ..CallFilter::default() })
        },
        "reason: none, of the busiest tenant" => |_| Ask {
            tenant: Some(tenant_id(0)),
            ..only(CallFilter { reason: Some(Reason::NotConfigured), ..CallFilter::default() })
        },
        "status=busy" => |_| only(CallFilter { status: words("busy"), ..CallFilter::default() }),
        "status: none" => |_| only(CallFilter { status: words("queued"), ..CallFilter::default() }),
        "arrival=sip" => |_| only(CallFilter { arrival: Some(Arrival::Sip), ..CallFilter::default() }),
        "live=true, 500 live" => |time| {
            let now: Arc<[Sid]> = (0..500).map(|place| sid("CA", of(time * 1_000 + place, calls))).collect();
            only(CallFilter { live: Some(LiveFilter { live: true, now }), ..CallFilter::default() })
        },
        "live=false, 500 live" => |time| {
            let now: Arc<[Sid]> = (0..500).map(|place| sid("CA", of(time * 1_000 + place, calls))).collect();
            only(CallFilter { live: Some(LiveFilter { live: false, now }), ..CallFilter::default() })
        },
        "from=" => |time| only(CallFilter { from: Some(caller(time)), ..CallFilter::default() }),
        "to=, the busiest" => |_| only(CallFilter { to: Some(e164(1, 0)), ..CallFilter::default() }),
        "q: a whole number" => |time| Ask { q: Some(caller(time).to_string()), ..Ask::default() },
        "q: a CallSid" => |time| Ask { q: Some(sid("CA", of(time, calls)).to_string()), ..Ask::default() },
        "q: last 4 digits" => |time| Ask { q: end(caller(time).to_string(), 4), ..Ask::default() },
        "q: last 7 digits" => |time| Ask { q: end(caller(time).to_string(), 7), ..Ask::default() },
        "q: last 7 digits, of the largest organization" => |time| Ask {
            q: end(caller(time).to_string(), 7),
            scope: in_large(),
            ..Ask::default()
        },
        "q: last 7 digits, of the busiest tenant" => |time| Ask {
            q: end(caller(time).to_string(), 7),
            tenant: Some(tenant_id(0)),
            ..Ask::default()
        },
        "q: three digits anywhere" => |time| Ask { q: Some(format!("{}", 100 + of(time, 900))), ..Ask::default() },
        "q: a text nowhere" => |_| Ask { q: words("zzz"), ..Ask::default() },
    );

    lines!(store.tenants:
        "first page" => |_| Ask::default(),
        "of the largest organization" => |_| Ask { scope: in_large(), ..Ask::default() },
        "of a small organization" => |_| Ask { scope: in_small(), ..Ask::default() },
        "slug=" => |time| {
            let slug = Some(tenant(of(time, tenants), tenants).slug);
            Ask { only: TenantFilter { slug, ..TenantFilter::default() }, ..Ask::default() }
        },
        "targetId=, its own" => |time| {
            let target = Some(sid("as", 1_000 + of(time, tenants)));
            Ask { only: TenantFilter { target, ..TenantFilter::default() }, ..Ask::default() }
        },
        "targetId=, shared by many" => |_| {
            Ask { only: TenantFilter { target: Some(sid("as", 0)), ..TenantFilter::default() }, ..Ask::default() }
        },
        "q: how a name begins" => |_| Ask { q: words("smile"), ..Ask::default() },
        "q: a word in the middle" => |_| Ask { q: words("juniper"), ..Ask::default() },
        "q: a whole name" => |time| Ask { q: Some(tenant(of(time, tenants), tenants).name), ..Ask::default() },
        "q: a whole name, of the largest organization" => |time| Ask {
            q: Some(tenant(of(time, tenants / 2), tenants).name),
            scope: in_large(),
            ..Ask::default()
        },
        "q: an id" => |time| Ask { q: Some(tenant_id(of(time, tenants)).to_string()), ..Ask::default() },
    );
    deep!(store.tenants, Ask::default());

    let only = |only: NumberFilter| Ask { only, ..Ask::default() };
    lines!(store.numbers:
        "first page" => |_| Ask::default(),
        "of a tenant" => |time| Ask { tenant: Some(tenant_id(of(time, tenants))), ..Ask::default() },
        "of the largest organization" => |_| Ask { scope: in_large(), ..Ask::default() },
        "state=unassigned" => |_| only(NumberFilter { state: Some(NumberState::Unassigned), ..NumberFilter::default() }),
        "state: none" => |_| only(NumberFilter { state: Some(NumberState::Resting), ..NumberFilter::default() }),
        "purpose=voicemail" => |_| only(NumberFilter { purpose: Some(Purpose::Voicemail), ..NumberFilter::default() }),
        "accountSid=" => |_| only(NumberFilter { account: Some(sid("AC", 3)), ..NumberFilter::default() }),
        "q: a whole number" => |time| Ask { q: Some(e164(1, of(time, tenants)).to_string()), ..Ask::default() },
        "q: last 7 digits" => |time| Ask { q: end(e164(1, of(time, tenants)).to_string(), 7), ..Ask::default() },
        "q: an id at Twilio" => |time| Ask {
            q: number(of(time, tenants), tenants).twilio_sid.map(|sid| sid.to_string()),
            ..Ask::default()
        },
    );
    deep!(store.numbers, Ask::default());

    let only = |only: VoicemailFilter| Ask { only, ..Ask::default() };
    lines!(store.voicemails:
        "first page" => |_| Ask::default(),
        "of a tenant" => |time| Ask { tenant: Some(tenant_id(of(time, tenants))), ..Ask::default() },
        "of the largest organization" => |_| Ask { scope: in_large(), ..Ask::default() },
        "heard=false" => |_| only(VoicemailFilter { heard: Some(false), ..VoicemailFilter::default() }),
        "state=failed" => |_| only(VoicemailFilter { state: Some(VoicemailState::Failed), ..VoicemailFilter::default() }),
        "state: none" => |_| only(VoicemailFilter { state: Some(VoicemailState::Pending), ..VoicemailFilter::default() }),
        "callSid=" => |time| {
            let call = Some(sid("CA", of(time, calls / 10) * 10 + 3));
            only(VoicemailFilter { call, ..VoicemailFilter::default() })
        },
        "q: a common word" => |_| Ask { q: Some(word(0)), ..Ask::default() },
        "q: a rare word" => |time| Ask { q: Some(word(7_900 + of(time, 100))), ..Ask::default() },
        "q: words nowhere" => |_| Ask { q: words("nobody said this"), ..Ask::default() },
        "q: words nowhere, of the busiest tenant" => |_| Ask {
            q: words("nobody said this"),
            tenant: Some(tenant_id(0)),
            ..Ask::default()
        },
        "q: last 7 digits" => |time| Ask { q: end(caller(time).to_string(), 7), ..Ask::default() },
    );
    deep!(store.voicemails, Ask::default());

    let only = |only: AuditFilter| Ask { only, ..Ask::default() };
    lines!(store.audit:
        "first page" => |_| Ask::default(),
        "of the largest organization" => |_| Ask { scope: in_large(), ..Ask::default() },
        "subject=" => |time| {
            only(AuditFilter { subject: Some(tenant_id(of(time, tenants)).to_string()), ..AuditFilter::default() })
        },
        "who=" => |_| only(AuditFilter { who: words("large-store"), ..AuditFilter::default() }),
        "who: a rare one" => |_| only(AuditFilter { who: words("patchbay"), ..AuditFilter::default() }),
        "what: a rare one" => |_| only(AuditFilter { what: words("org.create"), ..AuditFilter::default() }),
        "q: part of whoever did it, nowhere" => |_| Ask { q: words("front desk"), ..Ask::default() },
    );
    deep!(store.audit, Ask::default());
    Ok(())
}

/// What each table and index takes on disk.
pub async fn sizes(file: &str) -> anyhow::Result<()> {
    let mut raw: SqliteConnection = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let query = "SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY bytes DESC LIMIT 40";
    println!("\n| table or index | MB |\n| --- | --- |");
    for row in sqlx::query(query).fetch_all(&mut raw).await? {
        let (name, bytes): (String, i64) = (row.get("name"), row.get("bytes"));
        println!("| `{name}` | {:.1} |", bytes as f64 / 1e6);
    }
    Ok(())
}
