//! How things are today: each figure of what the token may see, each warning with its next step, and an answer whatever is
//! away.

use std::sync::Arc;

use axum::http::Method;
use jiff::{SignedDuration, Timestamp};
use patchbay::events::{Audience, Event, News, Warning, WarningKind};
use patchbay::model::{
    CallBegan, Decision, Job, JobEntry, JobId, JobKind, JobState, NumberId, OrgId, Port, PortId, PortMoment, PortSeen,
    PortStage, Reason, Record, Seed, Standing, Target, TenantId,
};
use patchbay::simulator::Options;
use patchbay::store::{Actor, Attempt, JobBounds, NumberWatch, Store, Then, WatchFinding};
use serde_json::{Value, json};

use crate::admin_access::World;
use crate::admin_desk::{Desk, NOW};
use crate::rig::{OPERATOR, Rig, call_sid};
use crate::sim::Sim;
use crate::store_fixtures::{began, e164, numbered, sid};

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn seed(n: u8) -> Seed {
    Seed { at: now(), random: [n; 10] }
}

/// What a token of the world is told.
async fn told(world: &World, token: &str) -> Value {
    world.ask(Some(token), &Method::GET, "/api/today", None).await.expect(200)
}

fn codes(today: &Value) -> Vec<&str> {
    today["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

/// A call of the tenant so many seconds before now.
fn call(tenant: &TenantId, ago: i64, decision: Decision) -> Record {
    let at = now() - SignedDuration::from_secs(ago);
    Record::CallBegan(CallBegan { at, decision, ..began(&call_sid(), Some(tenant), 0) })
}

fn publish(desk: &Desk, audience: Audience, news: News) {
    desk.state.events.bus.publish(Event { at: now(), audience, news });
}

#[tokio::test]
async fn the_last_sixty_whole_minutes_are_counted_by_how_calls_were_decided() {
    let desk = Desk::new().await;
    let tenant = TenantId::parse(&desk.tenant("Smile Dental").await).unwrap();
    let (ai, fallback) = (Decision::ai(Reason::AfterHours), Decision::fallback(Reason::BusinessHours));
    let calls = [
        call(&tenant, -1, ai),
        call(&tenant, 0, ai),
        call(&tenant, 1, ai),
        call(&tenant, 60, fallback),
        call(&tenant, 61, ai),
        call(&tenant, 3_600, ai),
        call(&tenant, 3_601, ai),
    ];
    desk.store.apply("test", &numbered(1, &calls)).await.unwrap();
    let today = desk.get("/api/today").await.expect(200);
    let minutes = today["minutes"].as_array().unwrap();
    assert_eq!(minutes.len(), 60);
    let counted = |minute: &&Value| minute["ai"] != 0 || minute["fallback"] != 0;
    let with_calls: Vec<&Value> = minutes.iter().filter(counted).collect();
    // The minute that begins now is not whole, and what began an hour and a second ago is too old.
    assert_eq!(
        with_calls,
        [
            &json!({"at": "2026-11-20T14:00:00Z", "ai": 1, "fallback": 0}),
            &json!({"at": "2026-11-20T14:58:00Z", "ai": 1, "fallback": 0}),
            &json!({"at": "2026-11-20T14:59:00Z", "ai": 1, "fallback": 1}),
        ]
    );
    assert_eq!((&today["at"], &today["storeUp"], &today["ai"]["state"]), (&json!(NOW), &json!(true), &json!("closed")));
}

#[tokio::test]
async fn a_token_is_told_of_its_own_calls_and_voicemails_and_of_nobody_elses() {
    let world = World::new().await;
    let tenant = TenantId::parse(&world.named("{tenant}")).unwrap();
    let calls = [call(&tenant, 90, Decision::ai(Reason::AfterHours))];
    world.desk.store.apply("more", &numbered(1, &calls)).await.unwrap();
    for (token, own) in [("operator", 1), ("org", 1), ("tenant", 1), ("sibling", 0), ("other org", 0)] {
        let today = told(&world, token).await;
        let calls: i64 = today["minutes"].as_array().unwrap().iter().map(|minute| minute["ai"].as_i64().unwrap()).sum();
        let figures = [&today["voicemailsUnheard"], &today["liveCount"], &today["jobs"]["queued"]];
        assert_eq!((calls, figures), (own, [&json!(own); 3]), "{token}: {today}");
    }
}

#[tokio::test]
async fn what_concerns_the_installation_is_told_to_operators_alone() {
    let mut world = World::new().await;
    let mut state = world.desk.state.clone();
    state.certificate_end = Arc::new(|| Some(now() + SignedDuration::from_hours(48)));
    let moved = world.desk.moved_to(state);
    let _home = std::mem::replace(&mut world.desk, moved);
    for kind in [WarningKind::StoreAway, WarningKind::NumbersAstray] {
        let news = News::Warning(Warning { kind, active: true, records: 3 });
        publish(&world.desk, Audience::PLATFORM, news);
    }
    publish(&world.desk, Audience::Everybody, News::Breaker { target: None, state: "open" });
    let today = told(&world, "operator").await;
    assert_eq!(codes(&today), ["store_away", "ai_away", "certificate_ends", "numbers_astray"]);
    assert_eq!((&today["storeUp"], &today["warnings"][0]["since"]), (&json!(false), &json!(NOW)));
    for warning in today["warnings"].as_array().unwrap() {
        assert!(warning["next"].as_str().unwrap().ends_with('.'), "{warning}");
        assert!(["warning", "fault"].contains(&warning["grade"].as_str().unwrap()), "{warning}");
    }
    // That the AI is away concerns everybody.
    for token in ["org", "tenant", "sibling"] {
        let today = told(&world, token).await;
        assert_eq!((codes(&today), &today["ai"]["state"]), (vec!["ai_away"], &json!("open")), "{token}");
    }
}

#[tokio::test]
async fn a_target_that_is_away_is_told_to_those_it_answers_for() {
    let world = World::new().await;
    let target = json!({"target": {"kind": "assistant", "id": "front-desk"}});
    world.ask(Some("operator"), &Method::PATCH, "/api/tenants/{tenant}", Some(&target)).await.expect(200);
    for name in ["assistant:front-desk", "assistant:of-somebody-else"] {
        let news = News::Breaker { target: Target::parse(name), state: "open" };
        publish(&world.desk, Audience::PLATFORM, news);
    }
    for (token, targets) in [("operator", 2), ("org", 1), ("tenant", 1), ("sibling", 0), ("other org", 0)] {
        let today = told(&world, token).await;
        assert_eq!(today["ai"]["targets"].as_array().unwrap().len(), targets, "{token}: {today}");
        assert_eq!(codes(&today), vec!["target_away"; targets], "{token}");
    }
    let own = told(&world, "tenant").await;
    assert_eq!(own["ai"]["targets"][0]["target"], json!({"kind": "assistant", "id": "front-desk"}));
    assert_eq!(own["warnings"][0]["subject"], "assistant:front-desk");
}

/// A job of the tenant that is a person's now, a port of it that was refused, a webhook of it that was given up.
async fn waiting_for_a_person(world: &World) {
    let (store, by) = (&world.desk.store, Actor("test".to_owned()));
    let tenant_id = TenantId::parse(&world.named("{tenant}")).unwrap();
    let job = Job {
        id: JobId::new(seed(7)),
        kind: JobKind::Wire,
        tenant_id: Some(tenant_id.clone()),
        org_id: Some(OrgId::parse(&world.named("{org}")).unwrap()),
        subject: "a number".to_owned(),
        asked: json!({}),
        by: "test".to_owned(),
        created_at: now(),
        standing: Standing::new(now()),
        updated_at: now(),
    };
    store.create_jobs(std::slice::from_ref(&job), JobBounds::default(), &by).await.unwrap();
    let claimed = store.claim_jobs(now(), now() + SignedDuration::from_mins(1), 9).await.unwrap();
    let claimed = claimed.iter().find(|claimed| claimed.job.id == job.id).unwrap();
    let ended = JobEntry::Ended { state: JobState::Manual, detail: "set it by hand".to_owned(), result: Value::Null };
    store.write_job(&job.id, claimed.fence, &[ended], now()).await.unwrap();

    let port = Port {
        id: PortId::new(seed(7)),
        tenant_id,
        e164: e164("+13125550100"),
        account: sid("AC1"),
        request: sid("KW1"),
        stage: PortStage::ActionRequired,
        since: now(),
        seen: PortSeen { reason: Some("The account number differs".to_owned()), ..PortSeen::default() },
        due: Some(now()),
        created_at: now(),
    };
    let moment = PortMoment { at: now(), stage: port.stage, words: "The carrier refused.".to_owned() };
    store.open_port(&port, &moment, &by).await.unwrap();

    let sent = store.due_deliveries(now(), 9).await.unwrap();
    let sent = sent.first().expect("the test of the webhook");
    let attempt = Attempt {
        id: sent.id.clone(),
        webhook_id: sent.webhook_id.clone(),
        url: "https://hooks.example.com/".to_owned(),
        at: now(),
        status: Some(410),
        error: None,
        then: Then::Gone,
    };
    store.record_attempts(&[attempt]).await.unwrap();
}

#[tokio::test]
async fn what_waits_for_a_person_is_told_to_whose_it_is_with_what_to_do() {
    let world = World::new().await;
    waiting_for_a_person(&world).await;
    for token in ["operator", "org", "tenant"] {
        let today = told(&world, token).await;
        assert_eq!(codes(&today), ["jobs_manual", "port_refused", "webhook_disabled"], "{token}");
        assert_eq!(today["jobs"]["manual"], 1, "{token}");
        let [job, port, webhook] = [0, 1, 2].map(|place| &today["warnings"][place]);
        assert_eq!((&job["href"], &job["since"]), (&json!("/jobs?state=manual"), &json!(NOW)));
        assert!(job["detail"].as_str().unwrap().contains("set it by hand"), "{job}");
        assert!(port["detail"].as_str().unwrap().contains("The account number differs"), "{port}");
        assert_eq!(port["command"], world.named("patchbay tenants port show {tenant}"));
        assert_eq!(webhook["subject"], world.named("{webhook}"));
    }
    for token in ["sibling", "other org"] {
        let today = told(&world, token).await;
        assert_eq!((codes(&today), &today["jobs"]["manual"]), (vec![], &json!(0)), "{token}");
    }
}

#[tokio::test]
async fn numbers_that_lead_elsewhere_are_counted_for_whose_they_are() {
    let world = World::new().await;
    let id = NumberId::parse(&world.named("{number}")).unwrap();
    let finding =
        WatchFinding { what: "leads_elsewhere".to_owned(), detail: "its VoiceUrl is another".to_owned(), since: now() };
    let watch = NumberWatch { id, was_wired: true, acquired_at: now(), finding: Some(finding) };
    world.desk.store.keep_watch(&[watch]).await.unwrap();
    for (token, codes_told) in [
        ("operator", vec!["numbers_astray"]),
        ("org", vec!["numbers_astray"]),
        ("tenant", vec!["numbers_astray"]),
        ("sibling", vec![]),
    ] {
        let today = told(&world, token).await;
        assert_eq!(codes(&today), codes_told, "{token}");
    }
    let warning = &told(&world, "tenant").await["warnings"][0];
    assert!(warning["detail"].as_str().unwrap().starts_with("1 number "), "{warning}");
    assert_eq!((&warning["href"], &warning["since"]), (&json!("/numbers?state=astray"), &json!(NOW)));
}

#[tokio::test]
async fn while_the_store_is_away_the_day_is_told_without_it() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("t.db").display());
    let store = Store::open(&url, &[7; 32]).await.unwrap();
    let desk = Desk::with(|state| state.store = store).await;
    publish(&desk, Audience::Everybody, News::Breaker { target: None, state: "open" });
    let raw = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("ALTER TABLE voicemails RENAME TO voicemails_gone").execute(&raw).await.unwrap();
    let today = desk.get("/api/today").await.expect(200);
    assert_eq!((&today["storeUp"], &today["minutes"], codes(&today)), (&json!(false), &json!([]), vec!["ai_away"]));
    assert_eq!(today["jobs"], json!({"queued": 0, "running": 0, "waiting": 0, "manual": 0}));
}

#[tokio::test(flavor = "multi_thread")]
async fn free_numbers_near_their_limit_are_told_of_and_vapi_is_asked_once() {
    let sim = Sim::start_with(Options::default()).await;
    sim.tell("vapi", json!({ "activationMs": 0, "unavailableAreaCodes": [] })).await;
    for _ in 0..7 {
        let web = crate::rig::http_client();
        let body = json!({ "provider": "vapi", "numberDesiredAreaCode": "205" });
        let made = web.post(format!("{}/phone-number", sim.url())).bearer_auth("key").json(&body).send().await;
        assert_eq!(made.expect("sent").status().as_u16(), 201);
    }
    let rig = sim.rig().await;
    sim.forget().await;
    for _ in 0..3 {
        let (status, today) = rig.admin(Method::GET, "/api/today", None).await;
        assert_eq!((status, codes(&today)), (200, vec!["free_numbers"]));
        assert_eq!(today["warnings"][0]["command"], "patchbay numbers free");
    }
    let asked = sim.look("requests").await;
    let listed = asked.iter().filter(|asked| asked.to_string().contains("/phone-number")).count();
    assert_eq!(listed, 1, "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edges_own_certificate_is_told_of_before_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut wish = rcgen::CertificateParams::new(vec!["edge.example.com".to_owned()]).unwrap();
    wish.not_after = rcgen::date_time_ymd(2000, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(path("crt"), wish.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(path("key"), key.serialize_pem()).unwrap();
    let rig =
        Rig::start_with(&[("PATCHBAY_EDGE__TLS__CERT", &path("crt")), ("PATCHBAY_EDGE__TLS__KEY", &path("key"))]).await;
    let (_, today) = rig.admin(Method::GET, "/api/today", None).await;
    let warning = &today["warnings"][0];
    assert_eq!((&warning["code"], &warning["grade"]), (&json!("certificate_ends"), &json!("fault")));
    assert!(warning["detail"].as_str().unwrap().contains("ended on 2000-01-01"), "{warning}");
    assert!(!today.to_string().contains(OPERATOR));
}
