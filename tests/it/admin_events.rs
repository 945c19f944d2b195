//! The stream of events at its bounds: who may hear what, how many may listen, and what becomes of those who do not
//! read.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;
use patchbay::admin::{EventStream, Pace, router};
use patchbay::events::{Audience, Bus, Changed, Event, Limits, News};
use patchbay::model::{Access, CallEvent, OrgId, Role, Seed, Sid, TenantId, TokenId};
use patchbay::store::{Actor, Token};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::admin_desk::{Desk, NOW, TOKEN};
use crate::ears::{Ears, ask};
use crate::rig::http_client;

/// Long enough for what must not happen in a test.
const NEVER: Duration = Duration::from_secs(3600);

async fn desk(limits: Limits, pace: Pace) -> Desk {
    Desk::with(|state| state.events = EventStream { bus: Bus::new("desk".to_owned(), limits), pace }).await
}

fn quiet() -> Pace {
    Pace { heartbeat: NEVER, patience: NEVER, token_check: NEVER }
}

/// The desk behind a socket of its own.
async fn served(desk: &Desk) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    tokio::spawn(patchbay::admin::serve(listener, router(desk.state.clone()), std::future::pending()));
    place
}

fn event(audience: Audience, what: &str) -> Event {
    let call_sid = Sid::parse("CA1").unwrap();
    let at = NOW.parse::<Timestamp>().unwrap();
    let news = CallEvent { call_sid, at, what: what.to_owned(), outcome: None, step: None };
    Event { at, audience, news: News::CallEvent(news) }
}

async fn token(desk: &Desk, secret: &str, role: Role) -> TokenId {
    let seed = Seed { at: NOW.parse().unwrap(), random: Sha256::digest(secret)[..10].try_into().unwrap() };
    let token = Token {
        id: TokenId::new(seed),
        name: "ears".to_owned(),
        role,
        access: Access::Read,
        created_at: seed.at,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    };
    let by = Actor("test".to_owned());
    desk.store.create_token(&token, &Sha256::digest(secret).into(), &by).await.unwrap();
    token.id
}

/// Two organizations with two tenants each.
async fn businesses(desk: &Desk) -> Vec<(OrgId, [TenantId; 2])> {
    let mut all = Vec::new();
    for org in ["North", "South"] {
        let seed = Seed { at: NOW.parse().unwrap(), random: Sha256::digest(org)[..10].try_into().unwrap() };
        let org_id = OrgId::new(seed);
        let mut kept = desk.store.platform_org().await.unwrap();
        (kept.id, kept.name, kept.twilio) = (org_id.clone(), org.to_owned(), None);
        crate::store_fixtures::put_org(&desk.store, &kept).await.unwrap();
        let mut tenants = Vec::new();
        for name in ["Smile Dental", "Corner Garage"] {
            let body = json!({"name": format!("{name} {org}"), "orgId": org_id.as_str()});
            let tenant = desk.post("/api/tenants", body).await.expect(201);
            tenants.push(TenantId::parse(tenant["id"].as_str().unwrap()).unwrap());
        }
        all.push((org_id, tenants.try_into().unwrap()));
    }
    all
}

/// What of all that happened a token hears: the words of the events.
async fn heard_by(desk: &Desk, secret: &str, since: u64) -> Vec<String> {
    let request = Request::get("/api/events?follow=false")
        .header("authorization", format!("Bearer {secret}"))
        .header("last-event-id", format!("desk-{since}"));
    let answer = desk.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains("event: snapshot"), "{}", answer.text);
    let data = answer.text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str::<Value>(data).unwrap()["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_token_hears_exactly_what_is_its_own() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let desk = runtime.block_on(desk(Limits::default(), quiet()));
    let all = runtime.block_on(businesses(&desk));
    let mut ears = vec![(TOKEN.to_owned(), Role::Operator)];
    for (number, (org, tenants)) in all.iter().enumerate() {
        ears.push((format!("an-invented-org-token-{number}"), Role::Org(org.clone())));
        for (place, tenant) in tenants.iter().enumerate() {
            let role = Role::Tenant { org: org.clone(), tenant: tenant.clone() };
            ears.push((format!("an-invented-tenant-token-{number}-{place}"), role));
        }
    }
    for (secret, role) in &ears[1..] {
        runtime.block_on(token(&desk, secret, role.clone()));
    }
    // Whose an event is: nobody's, everybody's, an organization's, a tenant's.
    let whose = prop::collection::vec((0usize..6, 0usize..2, 0usize..2), 1..60);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let published = std::cell::Cell::new(0);
    runner
        .run(&whose, |whose| {
            let since = published.get();
            let mut expected: Vec<Vec<String>> = vec![Vec::new(); ears.len()];
            for (n, (kind, org, tenant)) in whose.iter().enumerate() {
                let (org_id, tenants) = &all[*org];
                let tenant_id = &tenants[*tenant];
                let word = format!("event-{n}");
                let audience = match kind {
                    0 => Audience::PLATFORM,
                    1 => Audience::Everybody,
                    2 => Audience::Of { org: Some(org_id.clone()), tenant: None },
                    _ => Audience::Of { org: Some(org_id.clone()), tenant: Some(tenant_id.clone()) },
                };
                for (ear, (_, role)) in ears.iter().enumerate() {
                    let hears = match (kind, role) {
                        (_, Role::Operator) | (1, _) => true,
                        (0, _) => false,
                        (_, Role::Org(own)) => own == org_id,
                        (2, Role::Tenant { .. }) => false,
                        (_, Role::Tenant { tenant: own, .. }) => own == tenant_id,
                    };
                    if hears {
                        expected[ear].push(word.clone());
                    }
                }
                desk.state.events.bus.publish(event(audience, &word));
            }
            published.set(since + whose.len() as u64);
            for ((secret, role), expected) in ears.iter().zip(expected) {
                let heard = runtime.block_on(heard_by(&desk, secret, since));
                prop_assert_eq!(heard, expected, "{:?}", role);
            }
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn a_snapshot_shows_a_token_only_its_own() {
    let desk = desk(Limits::default(), quiet()).await;
    let all = businesses(&desk).await;
    let at = NOW.parse::<Timestamp>().unwrap();
    for (n, (org, tenant)) in
        all.iter().flat_map(|(org, tenants)| tenants.iter().map(move |one| (org, one))).enumerate()
    {
        desk.live.lock().unwrap().push(patchbay::admin::LiveCall {
            sid: Sid::parse(&format!("CA{n}")).unwrap(),
            tenant_id: tenant.clone(),
            org_id: org.clone(),
            arrival: patchbay::model::Arrival::Number,
            with_ai: true,
            began: at,
            heard: at,
        });
    }
    let warning =
        patchbay::events::Warning { kind: patchbay::events::WarningKind::StoreAway, active: true, records: 1 };
    desk.state.events.bus.publish(Event { at, audience: Audience::PLATFORM, news: News::Warning(warning) });
    let (org, tenants) = &all[0];
    token(&desk, "an-invented-org-token", Role::Org(org.clone())).await;
    token(&desk, "an-invented-tenant-token", Role::Tenant { org: org.clone(), tenant: tenants[1].clone() }).await;
    for (secret, calls, warnings) in [
        (TOKEN, vec!["CA0", "CA1", "CA2", "CA3"], 1),
        ("an-invented-org-token", vec!["CA0", "CA1"], 0),
        ("an-invented-tenant-token", vec!["CA1"], 0),
    ] {
        let request = Request::get("/api/events?follow=false").header("authorization", format!("Bearer {secret}"));
        let answer = desk.send(request.body(Body::empty()).unwrap()).await;
        let data = answer.text.lines().find_map(|line| line.strip_prefix("data: ")).expect("a snapshot");
        let snapshot: Value = serde_json::from_str(data).unwrap();
        let shown: Vec<_> =
            snapshot["live"].as_array().unwrap().iter().map(|call| call["callSid"].as_str().unwrap()).collect();
        assert_eq!(shown, calls);
        assert_eq!(snapshot["warnings"].as_array().unwrap().len(), warnings);
    }
}

#[tokio::test]
async fn there_are_256_places_and_the_next_is_asked_to_come_later() {
    let desk = desk(Limits::default(), quiet()).await;
    let routes = TowerToHyperService::new(router(desk.state.clone()));
    let request = || {
        let request = Request::get("/api/events").header("authorization", format!("Bearer {TOKEN}"));
        request.body(Body::empty()).unwrap()
    };
    let mut listeners = Vec::new();
    for _ in 0..256 {
        let mut answer = routes.call(request()).await.unwrap();
        assert_eq!(answer.status(), 200);
        // Each has heard how everything stands.
        answer.body_mut().frame().await.unwrap().unwrap();
        listeners.push(answer);
    }
    let refused = desk.send(request()).await;
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.problem(503).0, "too_many_listeners");
    listeners.pop();
    // The one who left is noticed by the task that wrote for it.
    while routes.call(request()).await.unwrap().status() != 200 {
        tokio::task::yield_now().await;
    }
    desk.state.events.bus.close();
    for mut listener in listeners {
        assert!(listener.body_mut().frame().await.is_none(), "a closed bus ends every stream");
    }
    assert_eq!(desk.send(request()).await.problem(503).0, "stopping");
}

#[tokio::test]
async fn who_falls_behind_hears_a_new_snapshot_and_goes_on_from_there() {
    let limits = Limits { events: 100, ..Limits::default() };
    let desk = desk(limits, quiet()).await;
    let routes = TowerToHyperService::new(router(desk.state.clone()));
    let request = Request::get("/api/events").header("authorization", format!("Bearer {TOKEN}"));
    let mut answer = routes.call(request.body(Body::empty()).unwrap()).await.unwrap();
    let mut text = String::new();
    let mut read = async |until: &str| {
        while !text.contains(until) {
            let frame = answer.body_mut().frame().await.unwrap().unwrap();
            text += std::str::from_utf8(&frame.into_data().unwrap()).unwrap();
        }
        text.clone()
    };
    assert!(read("event: snapshot").await.contains("\"because\":\"new\""));
    // Nobody reads meanwhile: what is told in the end is bounded by the ring, and by two messages on their way.
    for n in 0..10_000 {
        desk.state.events.bus.publish(event(Audience::PLATFORM, &format!("event-{n}.")));
        if n % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let text = read("\"because\":\"too_far_behind\"").await;
    assert!(text.matches("event: call.event").count() <= 300, "{}", text.len());
    desk.state.events.bus.publish(event(Audience::PLATFORM, "the last"));
    assert!(read("the last").await.contains("id: desk-10001\nevent: call.event"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_at_all_is_cut_off_and_its_place_is_free() {
    let limits = Limits { subscribers: 1, events: 100_000, bytes: usize::MAX };
    let desk = desk(limits, Pace { patience: Duration::from_millis(100), ..quiet() }).await;
    let admin = served(&desk).await;
    let mut stream = TcpStream::connect(admin).await.unwrap();
    let head = format!("GET /api/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    // More than the sockets of this machine hold.
    let long = "x".repeat(8_000);
    for n in 0..4_000 {
        desk.state.events.bus.publish(event(Audience::PLATFORM, &long));
        if n % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let http = http_client();
    while ask(&http, admin, TOKEN, "?follow=false", "").await.status() != 200 {
        tokio::task::yield_now().await;
    }
    // What was on its way is still read, and then the end: the answer is not complete.
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await.expect("an end");
    assert!(read.is_err() || !rest.ends_with(b"0\r\n\r\n"), "{} bytes", rest.len());
    assert!(rest.len() < 4_000 * 8_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_says_that_it_lives_and_how_far_it_is() {
    let desk = desk(Limits::default(), Pace { heartbeat: Duration::from_millis(5), ..quiet() }).await;
    let admin = served(&desk).await;
    let mut ears = Ears::open(&http_client(), admin, TOKEN, "?types=warning", "").await;
    assert_eq!(ears.next().await.unwrap().name, "snapshot");
    // Nothing that this client wants: and yet its place moves on.
    desk.state.events.bus.publish(event(Audience::PLATFORM, "unwanted"));
    let warning =
        patchbay::events::Warning { kind: patchbay::events::WarningKind::StoreAway, active: true, records: 1 };
    let at = NOW.parse::<Timestamp>().unwrap();
    let (bus, warned) =
        (desk.state.events.bus.clone(), Event { at, audience: Audience::PLATFORM, news: News::Warning(warning) });
    let mut comments = 0;
    while ears.last_id != "desk-1" || comments < 3 {
        let chunk = ears.response.chunk().await.unwrap().expect("the stream goes on");
        let text = std::str::from_utf8(&chunk).unwrap();
        comments += text.matches(": still here\n").count();
        if let Some(id) = text.rsplit("id: ").next().and_then(|id| id.split('\n').next()) {
            ears.last_id = id.to_owned();
        }
    }
    bus.publish(warned);
    assert_eq!(ears.next().await.unwrap().id, "desk-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_hears_no_more() {
    let desk = desk(Limits::default(), Pace { token_check: Duration::from_millis(5), ..quiet() }).await;
    let all = businesses(&desk).await;
    let id = token(&desk, "an-invented-org-token", Role::Org(all[0].0.clone())).await;
    let admin = served(&desk).await;
    let mut ears = Ears::open(&http_client(), admin, "an-invented-org-token", "", "").await;
    assert_eq!(ears.next().await.unwrap().name, "snapshot");
    let mine = || Audience::Of { org: Some(all[0].0.clone()), tenant: None };
    desk.state.events.bus.publish(Event { news: News::Changed(Changed::Org), ..event(mine(), "") });
    assert_eq!(ears.next().await.unwrap().name, "changed");
    desk.store.revoke_token(&id, NOW.parse().unwrap(), &Actor("test".to_owned())).await.unwrap();
    assert!(ears.next().await.is_none());
    let statuses: BTreeSet<u16> =
        [ask(&http_client(), admin, "an-invented-org-token", "", "").await.status().as_u16()].into();
    assert_eq!(statuses, [401].into());
}
