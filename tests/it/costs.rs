//! What things cost: Twilio's prices and the estimates that stand in for them, what tenants pay, and in which stage an
//! installation is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use jiff::{SignedDuration, Timestamp};
use patchbay::model::{Arrival, CallBegan, CallEnded, EndedBy, Record, TenantId};
use patchbay::simulator::Options;
use patchbay::store::Store;
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin_desk::{Desk, NOW};
use crate::provision::Town;
use crate::rig::call_sid;
use crate::store_fixtures::{KEY, began, ended, kept_tenant, numbered, report};

const DAY: i64 = 86_400;

/// A town whose clock goes by this many seconds before the system's.
macro_rules! ahead {
    ($seconds:ident) => {{
        fn now() -> Timestamp {
            Timestamp::now() + SignedDuration::from_secs($seconds.load(Ordering::Relaxed))
        }
        Options { clock: Some(now), ..Options::default() }
    }};
}

/// A figure of a way of being reached.
fn figure<'c>(costs: &'c Value, method: &str, what: &str) -> &'c Value {
    let methods = costs["methods"].as_array().expect("methods");
    let method = methods.iter().find(|one| one["method"] == method).expect("the method");
    let of = |part: &str| method[part].as_array().expect("figures").iter();
    let mut all = of("once").chain(of("monthly")).chain(of("perMinute"));
    all.find(|figure| figure["what"] == what).unwrap_or_else(|| panic!("no {what}: {method:#}"))
}

/// Price, authority, and what the guides say.
fn told(figure: &Value) -> String {
    let [price, said] =
        [&figure["price"], &figure["said"]["price"]].map(|money| money["text"].as_str().expect("a text"));
    format!("{price} {} {said}", figure["authority"].as_str().expect("a word"))
}

impl Town {
    /// How often Twilio was asked for prices.
    async fn asked_for_prices(&self) -> usize {
        let asked = self.sim.look("requests").await;
        let is_price = |path: &str| path.starts_with("/v1/PhoneNumbers/") || path.starts_with("/v2/Voice/");
        asked.iter().filter(|request| is_price(request["path"].as_str().unwrap())).count()
    }

    async fn number_of(&self, tenant: &str) -> String {
        let (status, got) = self.post("/api/numbers", json!({ "projectId": tenant })).await;
        assert_eq!(status, 201, "{got}");
        got["phoneNumber"]["e164"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn each_way_costs_what_twilio_says_beside_what_the_guides_say() {
    let town = Town::new().await;
    let costs = town.get("/api/costs").await;
    assert_eq!(costs["country"], "US");
    for (method, what, expected) in [
        ("ported", "portOnce", "$10 estimate $10"),
        ("ported", "numberMonth", "$1.15 twilio $1"),
        ("forwarded", "numberOnce", "$0 estimate $1"),
        ("forwarded", "numberMonth", "$1.15 twilio $1"),
        ("sip", "numberOnce", "$0 estimate $1"),
        ("sip", "minuteInbound", "$0.0085 twilio $0.013"),
        ("sip", "minuteOutbound", "$0.014 twilio $0.013"),
    ] {
        assert_eq!(told(figure(&costs, method, what)), expected, "{method} {what}");
    }
    let month = figure(&costs, "sip", "numberMonth");
    assert!(month["askedAt"].is_string() && month["asOf"].is_null() && month["whyEstimate"].is_null(), "{month}");
    assert_eq!((&month["source"], &month["said"]["asOf"]), (&json!("Twilio's prices for US"), &json!("2026-02-12")));
    let once = figure(&costs, "sip", "numberOnce");
    assert_eq!((&once["source"], &once["asOf"]), (&json!("Twilio's own examples"), &json!("2026-11-20")), "{once}");
    assert_eq!(once["said"]["source"], "the provisioning guides");
    let fees = |place: usize| costs["methods"][place]["fees"].to_string();
    assert!(fees(1).contains("the carrier's forwarding fees") && !fees(0).contains("forwarding"), "{costs:#}");
    assert!(fees(2).contains("no forwarding fees"), "{costs:#}");
}

#[tokio::test]
async fn twilio_is_asked_once_a_day_and_country() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let town = Town::with(ahead!(AHEAD), &[]).await;
    let ask = async || figure(&town.get("/api/costs").await, "sip", "numberMonth")["authority"].clone();
    for _ in 0..3 {
        assert_eq!(ask().await, "twilio");
    }
    assert_eq!(town.asked_for_prices().await, 2, "numbers once, minutes once");
    town.tenant("Smile Dental", json!({ "country": "CA" })).await;
    ask().await;
    assert_eq!(town.asked_for_prices().await, 4, "and for Canada");
    AHEAD.fetch_add(DAY - 60, Ordering::Relaxed);
    ask().await;
    assert_eq!(town.asked_for_prices().await, 4, "not a day yet");
    AHEAD.fetch_add(120, Ordering::Relaxed);
    assert_eq!(ask().await, "twilio");
    assert_eq!(town.asked_for_prices().await, 8);
}

#[tokio::test]
async fn where_twilio_does_not_answer_estimates_stand_in_and_say_why() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let town = Town::with(ahead!(AHEAD), &[]).await;
    for (kind, why) in [
        ("error", "Twilio refused with 500: Internal Server Error"),
        ("429", "Twilio asks for rest"),
        ("garbage", "not the JSON expected"),
        ("reset-after", "Twilio did not answer"),
        ("timeout-after", "no answer within 3s"),
    ] {
        let began = std::time::Instant::now();
        town.sim.tell("faults", json!({ "match": "GET /v2/Voice/.*", "kind": kind, "times": 1 })).await;
        let costs = town.get("/api/costs").await;
        let inbound = figure(&costs, "forwarded", "minuteInbound");
        assert_eq!(told(inbound), "$0.0085 estimate $0.013", "{kind}");
        assert!(inbound["whyEstimate"].as_str().unwrap().contains(why), "{kind}: {inbound}");
        assert_eq!(figure(&costs, "forwarded", "numberMonth")["authority"], "estimate", "both or neither");
        assert!(began.elapsed().as_secs() < 8, "{kind}: nobody waits for it");
        let before = town.asked_for_prices().await;
        town.get("/api/costs").await;
        assert_eq!(town.asked_for_prices().await, before, "{kind}: it is left alone for a minute");
        AHEAD.fetch_add(61, Ordering::Relaxed);
        let costs = town.get("/api/costs").await;
        assert_eq!(figure(&costs, "forwarded", "minuteInbound")["authority"], "twilio", "{kind}");
        AHEAD.fetch_add(2 * DAY, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn where_twilio_has_no_prices_or_lets_nobody_in_it_is_said() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({ "country": "FR" })).await;
    let costs = town.get(&format!("/api/costs?tenantId={tenant}")).await;
    assert_eq!(costs["country"], "FR");
    assert_eq!(figure(&costs, "sip", "numberMonth")["whyEstimate"], "Twilio tells no prices for FR");

    let locked = Options {
        twilio: Some(("AC0".to_owned(), patchbay::model::Secret::new("another-token"))),
        ..Options::default()
    };
    let town = Town::with(locked, &[]).await;
    let costs = town.get("/api/costs").await;
    let why = "Twilio does not take the account's credentials";
    assert_eq!(figure(&costs, "sip", "numberMonth")["whyEstimate"], why);
}

#[tokio::test]
async fn without_an_account_nobody_is_asked() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let desk = Desk::with(move |state| {
        Arc::make_mut(&mut state.around).global_account = None;
        state.costs.prices = Arc::new(move |_, _| {
            count.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Err("asked".to_owned()) })
        });
    })
    .await;
    desk.tenant("Smile Dental").await;
    let costs = desk.get("/api/costs").await.expect(200);
    let month = figure(&costs, "sip", "numberMonth");
    assert_eq!(told(month), "$1 estimate $1");
    assert_eq!(month["whyEstimate"], "there is no Twilio account to ask with");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_tenant_pays_for_its_numbers_and_for_the_minutes_of_its_calls() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({ "country": "US" })).await;
    let costs_of = async || town.get(&format!("/api/costs?tenantId={tenant}")).await["data"][0].clone();
    let before = costs_of().await;
    assert_eq!((&before["numbers"], &before["monthly"]["text"]), (&json!([]), &json!("$0")), "{before:#}");
    let e164 = town.number_of(&tenant).await;
    for seconds in ["61", "60"] {
        let sid = call_sid();
        town.rig.voice("+14165550188", &e164, &sid).await;
        let over = [("CallSid", sid.as_str()), ("CallStatus", "completed"), ("CallDuration", seconds)];
        assert_eq!(town.rig.post("/api/twilio/status", &over).await.status, 204);
    }
    let counted = async || Some(costs_of().await).filter(|costs| costs["months"][0]["calls"] == 2);
    let costs = town.rig.eventually("both calls are counted", counted).await;
    let numbers = &costs["numbers"][0];
    assert_eq!(
        (&numbers["country"], &numbers["kind"], &numbers["count"], &numbers["each"]["price"]["text"]),
        (&json!("US"), &json!("local"), &json!(1), &json!("$1.15")),
        "{costs:#}"
    );
    assert_eq!((&costs["monthly"]["micros"], &costs["freeNumbers"]), (&json!(1_150_000), &json!(0)));
    assert_eq!((&costs["monthsPaid"], &costs["paidSoFar"]["text"]), (&json!(1), &json!("$1.15")));
    let month = &costs["months"][0];
    assert_eq!(
        (&month["twilioMinutes"], &month["vapiMinutes"], &month["minutesCost"]["text"]),
        (&json!(3), &json!(0), &json!("$0.0255")),
        "a minute and a second are two: {month}"
    );
    assert_eq!(costs["months"][1]["calls"], 0);
}

#[tokio::test]
async fn months_are_paid_by_whoever_has_the_number_and_bills_say_the_same() {
    static AHEAD: AtomicI64 = AtomicI64::new(0);
    let town = Town::with(ahead!(AHEAD), &[]).await;
    let tenant = town.tenant("Smile Dental", json!({ "country": "US" })).await;
    town.number_of(&tenant).await;
    AHEAD.fetch_add(65 * DAY, Ordering::Relaxed);
    assert_eq!(town.ask(Method::DELETE, &format!("/api/tenants/{tenant}"), Value::Null).await.0, 204);
    AHEAD.fetch_add(35 * DAY, Ordering::Relaxed);
    town.look().await;
    let next = town.tenant("Acme", json!({ "country": "US" })).await;
    let (_, begun) = town.post("/api/numbers/batch", json!({})).await;
    assert_eq!(town.over(&begun["data"][0]["jobId"]).await["state"], "succeeded");
    AHEAD.fetch_add(31 * DAY, Ordering::Relaxed);
    let costs = town.get(&format!("/api/costs?tenantId={next}")).await;
    let all = town.sim.look("bills").await[0].clone();
    let months = all["months"].as_u64().unwrap();
    assert!((5..=6).contains(&months), "{all}");
    assert_eq!(costs["data"][0]["monthsPaid"], 1, "what others had of it is theirs: {costs:#}");
    assert_eq!((&all["monthly"], all["charged"].as_str().unwrap()), (&json!("$1.15"), charged(months)), "{all}");
    let whole = town.get("/api/costs").await;
    assert_eq!(whole["installation"]["monthly"]["text"], "$1.15");
}

/// So many months of a local number.
fn charged(months: u64) -> &'static str {
    ["$0", "$1.15", "$2.30", "$3.45", "$4.60", "$5.75", "$6.90"][usize::try_from(months).unwrap()]
}

#[tokio::test]
async fn minutes_and_what_vapi_took_outlast_the_calls_and_go_by_their_way() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    let id = TenantId::parse(&tenant).unwrap();
    let last_month: Timestamp = "2026-10-31T23:59:59Z".parse().unwrap();
    let by = |call: &str, arrival| CallBegan { arrival, ..began(call, Some(&id), 1) };
    let records = [
        Record::CallBegan(by("CA1", Arrival::Number)),
        Record::CallEnded(ended("CA1", EndedBy::Status, 70)),
        Record::AiReport(report("CA1", 80)),
        Record::CallBegan(by("CA2", Arrival::Sip)),
        Record::CallEnded(CallEnded { duration_seconds: Some(600), ..ended("CA2", EndedBy::Status, 700) }),
        Record::CallBegan(by("v3", Arrival::Vapi)),
        Record::CallEnded(CallEnded { duration_seconds: Some(30), ..ended("v3", EndedBy::Vapi, 70) }),
        Record::CallBegan(CallBegan { at: last_month, ..by("CA4", Arrival::Number) }),
        Record::CallEnded(ended("CA4", EndedBy::Status, 70)),
        // Still under way, and one that nobody told the length of.
        Record::CallBegan(by("CA5", Arrival::Number)),
        Record::CallBegan(by("CA6", Arrival::Number)),
        Record::CallEnded(CallEnded { duration_seconds: None, ..ended("CA6", EndedBy::Expired, 70) }),
    ];
    desk.store.apply("test", &numbered(1, &records)).await.unwrap();
    desk.store.apply("test", &numbered(1, &records)).await.unwrap();
    let months =
        async || desk.get(&format!("/api/costs?tenantId={tenant}")).await.expect(200)["data"][0]["months"].clone();
    let expected = json!([
        {
            "month": "2026-11", "calls": 4, "twilioMinutes": 12, "vapiMinutes": 1,
            "minutesCost": { "micros": 102_000, "currency": "USD", "text": "$0.102" },
            "aiCost": { "micros": 125_000, "currency": "USD", "text": "$0.125" },
        },
        {
            "month": "2026-10", "calls": 1, "twilioMinutes": 2, "vapiMinutes": 0,
            "minutesCost": { "micros": 17_000, "currency": "USD", "text": "$0.017" },
            "aiCost": { "micros": 0, "currency": "USD", "text": "$0" },
        },
    ]);
    assert_eq!(months().await, expected);
    let erased = desk.post("/api/erasures", json!({ "number": "+16475550111", "tenantId": tenant })).await.expect(200);
    assert_eq!(erased["state"], "done", "{erased}");
    assert_eq!(desk.get("/api/calls").await.expect(200)["data"].as_array().unwrap().len(), 0, "the calls are gone");
    assert_eq!(months().await, expected, "what they came to is not");
}

#[tokio::test]
async fn what_was_there_before_is_counted_when_the_store_is_opened_anew() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/t.db", dir.path().display());
    let store = Store::open(&url, &KEY).await.unwrap();
    let tenant = kept_tenant(&store, 1).await;
    let records = [
        Record::CallBegan(began("CA1", Some(&tenant.id), 1)),
        Record::CallEnded(ended("CA1", EndedBy::Status, 70)),
        Record::AiReport(report("CA1", 80)),
        Record::CallBegan(began("CA2", Some(&tenant.id), 1)),
    ];
    store.apply("test", &numbered(1, &records)).await.unwrap();
    let since = patchbay::model::Month::of(NOW.parse().unwrap()).before();
    let counted = store.call_months(&tenant.id, since).await.unwrap();
    assert_eq!(counted.len(), 1);
    let mut raw =
        sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(dir.path().join("t.db")))
            .await
            .unwrap();
    for undone in [
        "DROP TABLE call_months",
        "DROP INDEX number_spells_by_tenant",
        "DELETE FROM _sqlx_migrations WHERE version = 12",
    ] {
        sqlx::query(undone).execute(&mut raw).await.unwrap();
    }
    drop((store, raw));
    let store = Store::open(&url, &KEY).await.unwrap();
    assert_eq!(store.call_months(&tenant.id, since).await.unwrap(), counted);
}

#[tokio::test]
async fn the_stages_follow_from_what_there_is_beside_what_the_guides_say() {
    let desk = Desk::new().await;
    let empty = desk.get("/api/costs").await.expect(200)["installation"].clone();
    assert_eq!(
        (&empty["stage"], &empty["monthly"]["text"], &empty["marginPermille"]),
        (&json!("mvp"), &json!("$0"), &Value::Null)
    );
    let mut tenants = Vec::new();
    for n in 0..11 {
        tenants.push(desk.tenant(&format!("Smile Dental {n}")).await);
    }
    for (n, tenant) in tenants.iter().enumerate().take(3) {
        desk.number(&format!("+1312555010{n}"), tenant).await;
    }
    let spare = desk.post("/api/numbers/owned", json!({ "e164": "+16475550188" })).await.expect(201);
    assert_eq!(spare["state"], "unassigned");
    let all = desk.get("/api/costs").await.expect(200)["installation"].clone();
    assert_eq!(all["stage"], "growth");
    let counts = ["customers", "freeNumbers", "freeLimit", "paidNumbers", "spareNumbers"]
        .map(|member| all[member].as_u64().unwrap());
    assert_eq!(counts, [11, 0, 10, 3, 1], "{all:#}");
    let texts =
        ["monthly", "perCustomer", "customerMonthly", "revenue"].map(|member| all[member]["text"].as_str().unwrap());
    assert_eq!(texts, ["$4", "$0.363636", "$50", "$550"]);
    assert_eq!(all["marginPermille"], 993);
    let row = |row: &Value| {
        let text = |value: &Value| value["text"].as_str().unwrap().to_owned();
        let of = |row: &Value| {
            let [monthly, each, revenue] = ["monthly", "perCustomer", "revenue"].map(|member| text(&row[member]));
            format!("{monthly} {each} {revenue} {}", row["marginPermille"])
        };
        format!("{} ({} free): {}; said {}", row["customers"], row["freeNumbers"], of(row), of(&row["guides"]))
    };
    let table: Vec<String> = all["table"].as_array().unwrap().iter().map(row).collect();
    assert_eq!(
        table,
        [
            "10 (10 free): $0 $0 $500 1000; said $0 $0 $500 1000",
            "50 (10 free): $40 $0.80 $2,500 984; said $60 $1.20 $2,500 976",
            "500 (10 free): $490 $0.98 $25,000 980; said $600 $1.20 $25,000 976",
        ]
    );
    let stages: Vec<String> = all["stages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stage| {
            format!(
                "{} {} {} {}",
                stage["name"], stage["customers"], stage["saidMonthly"]["text"], stage["setupMinutes"]
            )
        })
        .collect();
    assert_eq!(stages, [r#""MVP" "1–10" "$0" 0"#, r#""Growth" "11–50" "$1" 15"#, r#""Scale" "50+" "$1" 30"#]);
    assert!(all["notes"][0].as_str().unwrap().ends_with("with 10 of 50 free, their $60 is $48."), "{all:#}");
}

#[tokio::test]
async fn free_numbers_cost_nothing_and_are_counted() {
    let town = Town::new().await;
    let tenant = town.tenant("Smile Dental", json!({ "country": "US" })).await;
    let (_, begun) = town.post("/api/numbers/batch", json!({})).await;
    assert_eq!(town.over(&begun["data"][0]["jobId"]).await["state"], "succeeded");
    let costs = town.get("/api/costs").await;
    let own = &costs["data"][0];
    assert_eq!(
        (&own["tenantId"], &own["freeNumbers"], &own["monthly"]["text"]),
        (&json!(tenant), &json!(1), &json!("$0"))
    );
    assert_eq!((&own["monthsPaid"], &own["numbers"]), (&json!(0), &json!([])));
    let all = &costs["installation"];
    assert_eq!(
        (&all["freeNumbers"], &all["paidNumbers"], &all["monthly"]["text"]),
        (&json!(1), &json!(0), &json!("$0"))
    );
    assert_eq!((&all["stage"], &all["marginPermille"]), (&json!("mvp"), &json!(1_000)));
}

#[tokio::test]
async fn the_installation_is_the_operators_and_on_the_first_page_alone() {
    let desk = Desk::new().await;
    for name in ["Acme", "Smile Dental"] {
        desk.tenant(name).await;
    }
    let first = desk.get("/api/costs?limit=1").await.expect(200);
    assert!(first["installation"].is_object() && first["data"][0]["slug"] == "acme", "{first:#}");
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = desk.get(&format!("/api/costs?limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!((&second["installation"], &second["nextCursor"]), (&Value::Null, &Value::Null));
    assert_eq!(second["data"][0]["slug"], "smile-dental");
    let id = second["data"][0]["tenantId"].as_str().unwrap();
    let one = desk.get(&format!("/api/costs?tenantId={id}")).await.expect(200);
    assert_eq!(
        (&one["installation"], &one["country"], one["data"].as_array().unwrap().len()),
        (&Value::Null, &json!("CA"), 1)
    );
    let org = json!({ "name": "org", "role": "org:org_00000000000000000000000000", "access": "read" });
    let token = desk.post("/api/tokens", org).await.expect(201)["secret"].as_str().unwrap().to_owned();
    let request = axum::http::Request::builder().uri("/api/costs").header("authorization", format!("Bearer {token}"));
    let theirs = desk.send(request.body(axum::body::Body::empty()).unwrap()).await.expect(200);
    assert_eq!((&theirs["installation"], theirs["data"].as_array().unwrap().len()), (&Value::Null, 2));
}

#[tokio::test]
async fn an_estimate_that_was_edited_shows_wherever_costs_are_told() {
    let edited = [("PATCHBAY_COSTS__NUMBER_MONTH", "1.25"), ("PATCHBAY_TWILIO__PRICING_BASE", "http://127.0.0.1:9")];
    let town = Town::with(Options::default(), &edited).await;
    let tenant = town.tenant("Smile Dental", json!({ "country": "US" })).await;
    let costs = town.get("/api/costs").await;
    let month = figure(&costs, "forwarded", "numberMonth");
    assert_eq!(told(month), "$1.25 estimate $1.25");
    assert_eq!((&month["source"], &month["asOf"]), (&json!("the settings"), &Value::Null));
    assert!(month["whyEstimate"].as_str().unwrap().contains("could not connect"), "{month}");
    assert_eq!(costs["installation"]["table"][1]["monthly"]["text"], "$50");
    let guide = town.get(&format!("/api/tenants/{tenant}/setup-guide?method=forwarded")).await;
    assert_eq!(
        guide["guides"][0]["costs"]["monthly"], "~$1.25 Twilio number + usage + carrier forwarding fees",
        "{guide:#}"
    );
    let phone = json!({ "method": "forwarded", "clinicNumber": "+16475550188" });
    let (status, phone) = town.ask(Method::PUT, &format!("/api/tenants/{tenant}/phone-integration"), phone).await;
    assert_eq!(status, 200, "{phone}");
    assert_eq!(phone["notes"][2], "Cost: Approximately $1.25/month for the Twilio number");
}

#[tokio::test]
async fn an_organizations_own_account_is_asked_for_its_tenants() {
    let town = Town::new().await;
    let (_, org) = town.post("/api/orgs", json!({ "name": "Acme" })).await;
    let id = org["id"].as_str().unwrap();
    let account = json!({ "accountSid": "AC00000000000000000000000000000077", "authToken": "an-invented-auth-token" });
    assert_eq!(town.ask(Method::PUT, &format!("/api/orgs/{id}/twilio"), account).await.0, 200);
    town.tenant("Smile Dental", json!({ "country": "US", "orgId": id })).await;
    let costs = town.get("/api/costs").await;
    assert_eq!(costs["data"][0]["minute"]["authority"], "twilio");
    assert_eq!(town.asked_for_prices().await, 4, "each account pays its own prices");
}
