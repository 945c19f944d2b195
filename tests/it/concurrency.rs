//! How many call at once, told from the calls that are kept.

use jiff::Timestamp;
use patchbay::model::{CallBegan, Record, TenantId};
use serde_json::{Value, json};

use crate::admin_desk::Desk;
use crate::store_fixtures::{began, numbered};

/// A call that found so many others.
fn call(sid: &str, tenant: &str, at: &str, others: u32) -> Record {
    let tenant = TenantId::parse(tenant).unwrap();
    Record::CallBegan(CallBegan { at: at.parse().unwrap(), others, ..began(sid, Some(&tenant), 0) })
}

async fn asked(desk: &Desk, tenant: &str, query: &str) -> Value {
    desk.get(&format!("/api/tenants/{tenant}/concurrency{query}")).await.expect(200)
}

async fn in_toronto(desk: &Desk) -> String {
    let made = json!({"name": "Smile Dental", "timezone": "America/Toronto"});
    desk.post("/api/tenants", made).await.expect(201)["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_hour_with_calls_tells_how_many_and_the_most_others_one_found() {
    let desk = Desk::new().await;
    let (own, other) = (in_toronto(&desk).await, desk.tenant("Acme Pizza").await);
    let overflow = json!({"mode": "overflow-only", "highVolume": {"enabled": true, "threshold": 3}});
    desk.put(&format!("/api/tenants/{own}/availability"), overflow).await.expect(200);
    let records = [
        call("CA0", &own, "2026-11-18T04:59:59Z", 9),
        call("CA1", &own, "2026-11-18T05:00:00Z", 0),
        call("CA2", &own, "2026-11-20T14:10:00Z", 0),
        call("CA3", &own, "2026-11-20T14:20:00Z", 3),
        call("CA4", &own, "2026-11-20T14:30:00Z", 1),
        call("CA5", &other, "2026-11-20T14:40:00Z", 8),
    ];
    desk.store.apply("journal", &numbered(1, &records)).await.unwrap();
    let told = asked(&desk, &own, "?days=3").await;
    let expected = json!({
        "from": "2026-11-18T05:00:00Z",
        "until": "2026-11-20T15:00:00Z",
        "days": 3,
        "timezone": "America/Toronto",
        "threshold": 3,
        "calls": 4,
        "hours": [
            {"at": "2026-11-18T05:00:00Z", "calls": 1, "busiest": 0},
            {"at": "2026-11-20T14:00:00Z", "calls": 3, "busiest": 3}
        ],
        "distribution": [{"others": 0, "calls": 2}, {"others": 1, "calls": 1}, {"others": 3, "calls": 1}]
    });
    assert_eq!(told, expected);
    assert_eq!(asked(&desk, &own, "").await["calls"], 5);
}

#[tokio::test]
async fn hours_are_those_of_the_tenants_clock_even_where_it_is_off_by_a_quarter() {
    let desk = Desk::new().await;
    let made = json!({"name": "Smile Dental", "timezone": "Asia/Kathmandu"});
    let own = desk.post("/api/tenants", made).await.expect(201)["id"].as_str().unwrap().to_owned();
    desk.store.apply("journal", &numbered(1, &[call("CA1", &own, "2026-11-20T14:10:00Z", 0)])).await.unwrap();
    let told = asked(&desk, &own, "").await;
    let hour: Timestamp = told["hours"][0]["at"].as_str().unwrap().parse().unwrap();
    assert_eq!(hour, "2026-11-20T13:15:00Z".parse().unwrap(), "19:00 in Kathmandu");
}

#[tokio::test]
async fn without_calls_and_without_overflow_there_is_nothing_and_that_is_said() {
    let desk = Desk::new().await;
    let own = desk.tenant("Smile Dental").await;
    let told = asked(&desk, &own, "").await;
    assert_eq!((&told["calls"], &told["threshold"], &told["days"]), (&json!(0), &Value::Null, &json!(30)));
    assert_eq!((&told["hours"], &told["distribution"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn only_days_from_one_to_ninety_are_taken() {
    let desk = Desk::new().await;
    let own = desk.tenant("Smile Dental").await;
    let at = |query: &str| format!("/api/tenants/{own}/concurrency?{query}");
    for good in ["days=1", "days=90"] {
        desk.get(&at(good)).await.expect(200);
    }
    for (bad, fault) in [
        ("days=0", "?days range"),
        ("days=91", "?days range"),
        ("days=x", "?days type"),
        ("days=1&days=1", "?days repeated_parameter"),
        ("day=1", "?day unknown_parameter"),
    ] {
        assert_eq!(desk.get(&at(bad)).await.faults(), [fault], "{bad}");
    }
}
