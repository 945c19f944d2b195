//! How a browser gets in and out: links, sessions, and what other people's pages cannot do with them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use patchbay::admin::AdminState;
use patchbay::store::{SESSIONS_MAX, Store};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::admin_desk::{Answer, Desk, NOW, PLATFORM, TOKEN};

const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

async fn send(desk: &Desk, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = match body {
        Some(body) => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    desk.send(request.body(body).unwrap()).await
}

async fn sign_in(desk: &Desk, shown: Value) -> Answer {
    send(desk, Method::POST, "/api/session", &[SAME_ORIGIN], Some(shown)).await
}

/// What a browser sends from now on.
fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

/// The cookie of a session opened with a token.
async fn session(desk: &Desk, token: &str) -> String {
    let answer = sign_in(desk, json!({"token": token})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    cookie(&answer)
}

async fn with_cookie(desk: &Desk, method: Method, path: &str, cookie: &str, body: Option<Value>) -> Answer {
    send(desk, method, path, &[("cookie", cookie), SAME_ORIGIN], body).await
}

async fn who(desk: &Desk, cookie: &str) -> Answer {
    with_cookie(desk, Method::GET, "/api/session", cookie, None).await
}

async fn link(desk: &Desk) -> String {
    let made = desk.ask(Method::POST, "/api/session/links", &[], None).await.expect(201);
    made["link"].as_str().unwrap().to_owned()
}

/// A token of this role: its id and its secret.
async fn token(desk: &Desk, role: &str, access: &str, expires: Option<&str>) -> (String, String) {
    let body = json!({"name": "front desk", "role": role, "access": access, "expiresAt": expires});
    let made = desk.post("/api/tokens", body).await.expect(201);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// The same desk, later.
fn later(desk: &Desk, by: SignedDuration) -> Desk {
    let now = NOW.parse::<Timestamp>().unwrap() + by;
    desk.moved_to(AdminState { now: Arc::new(move || now), ..desk.state.clone() })
}

#[tokio::test]
async fn a_link_opens_once() {
    let desk = Desk::new().await;
    let made = desk.ask(Method::POST, "/api/session/links", &[("host", "10.0.0.7:8081")], None).await.expect(201);
    assert_eq!(made["expiresAt"], "2026-11-20T15:10:00Z");
    let link = made["link"].as_str().unwrap();
    assert_eq!(made["url"], format!("http://10.0.0.7:8081/sign-in#{link}"), "behind the #, where no log sees it");

    let first = sign_in(&desk, json!({"link": link})).await;
    let cookie = cookie(&first);
    assert_eq!(first.expect(200)["by"], "operator");
    assert_eq!(sign_in(&desk, json!({"link": link})).await.problem(401).0, "unauthorized");
    assert_eq!(who(&desk, &cookie).await.expect(200)["by"], "operator", "what it opened stays open");
    // A link is no session, and a session no link.
    let other = format!("patchbay_session={}", self::link(&desk).await);
    assert_eq!(who(&desk, &other).await.problem(401).0, "unauthorized");
    let secret = cookie.split_once('=').unwrap().1;
    assert_eq!(sign_in(&desk, json!({"link": secret})).await.problem(401).0, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_take_a_link_one_gets_in() {
    let desk = Arc::new(Desk::new().await);
    for _ in 0..10 {
        let link = link(&desk).await;
        let taking: Vec<_> = (0..2)
            .map(|_| {
                let (desk, link) = (Arc::clone(&desk), link.clone());
                tokio::spawn(async move { sign_in(&desk, json!({"link": link})).await.status.as_u16() })
            })
            .collect();
        let mut got = Vec::new();
        for one in taking {
            got.push(one.await.unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, [200, 401]);
    }
}

#[tokio::test]
async fn a_link_is_good_for_ten_minutes() {
    let desk = Desk::new().await;
    let (early, late) = (link(&desk).await, link(&desk).await);
    let last = SignedDuration::from_mins(10) - SignedDuration::from_nanos(1);
    assert_eq!(sign_in(&later(&desk, last), json!({"link": early})).await.status, 200);
    let over = later(&desk, SignedDuration::from_mins(10));
    assert_eq!(sign_in(&over, json!({"link": late})).await.status, 401);
}

#[tokio::test]
async fn a_link_leads_where_it_was_asked_for() {
    let desk = Desk::new().await;
    for (headers, base) in [
        (vec![("host", "console.example.com"), ("x-forwarded-proto", "https")], "https://console.example.com"),
        (vec![("host", "[::1]:8081")], "http://[::1]:8081"),
        (vec![], "http://127.0.0.1:8081"),
        (vec![("host", "a\"b")], "http://127.0.0.1:8081"),
    ] {
        let made = desk.ask(Method::POST, "/api/session/links", &headers, None).await.expect(201);
        assert!(made["url"].as_str().unwrap().starts_with(&format!("{base}/sign-in#")), "{made}");
    }
}

#[tokio::test]
async fn a_session_says_whose_it_is() {
    let desk = Desk::new().await;
    let tenant = desk.tenant("Smile Dental").await;
    for (role, org, tenant_id) in [
        ("operator".to_owned(), Value::Null, Value::Null),
        (format!("org:{PLATFORM}"), json!(PLATFORM), Value::Null),
        (format!("tenant:{tenant}"), json!(PLATFORM), json!(tenant)),
    ] {
        let (id, secret) = token(&desk, &role, "read", None).await;
        let answer = sign_in(&desk, json!({"token": secret})).await;
        let cookie = cookie(&answer);
        let body = answer.expect(200);
        let whole = json!({
            "by": format!("front desk ({id})"), "role": role, "access": "read", "orgId": org, "tenantId": tenant_id,
            "brand": "patchbay", "version": env!("CARGO_PKG_VERSION"), "expiresAt": "2026-11-21T03:00:00Z",
        });
        assert_eq!(body, whole);
        assert_eq!(who(&desk, &cookie).await.expect(200), whole);
        let bearer = format!("Bearer {secret}");
        let by_bearer = send(&desk, Method::GET, "/api/session", &[("authorization", &bearer)], None).await.expect(200);
        assert_eq!((&by_bearer["by"], &by_bearer["expiresAt"]), (&body["by"], &Value::Null));
    }
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let desk = Desk::new().await;
    let answer = sign_in(&desk, json!({"token": TOKEN})).await;
    let set = answer.header("set-cookie");
    let (secret, rest) = set.strip_prefix("patchbay_session=").unwrap().split_once(';').unwrap();
    assert_eq!((secret.len(), rest), (43, " HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"));
    for https in [
        vec![SAME_ORIGIN, ("x-forwarded-proto", "https")],
        vec![("origin", "https://console.example.com"), ("host", "console.example.com")],
    ] {
        let answer = send(&desk, Method::POST, "/api/session", &https, Some(json!({"token": TOKEN}))).await;
        assert!(answer.header("set-cookie").ends_with("; Secure"), "{https:?}");
    }
}

#[tokio::test]
async fn what_is_no_token_and_no_link_opens_nothing() {
    let desk = Desk::new().await;
    for shown in [json!({"token": "wrong"}), json!({"link": "wrong"}), json!({"link": TOKEN})] {
        let answer = sign_in(&desk, shown.clone()).await;
        assert!(!answer.headers.contains_key("set-cookie"), "{shown}");
        assert_eq!(answer.problem(401).0, "unauthorized", "{shown}");
    }
    for shown in [json!({}), json!({"token": TOKEN, "link": "x"}), json!({"token": null})] {
        assert_eq!(sign_in(&desk, shown.clone()).await.faults(), [" token_or_link"], "{shown}");
    }
    assert_eq!(sign_in(&desk, json!({"token": ""})).await.faults(), ["/token too_short"]);
    assert_eq!(sign_in(&desk, json!({"secret": "x"})).await.faults(), ["/secret unknown_key"]);
    for bad in ["patchbay_session=", "patchbay_session=x", "patchbay_session"] {
        assert_eq!(who(&desk, bad).await.problem(401).0, "unauthorized", "{bad}");
    }
    for path in ["/api/session", "/api/tenants"] {
        assert_eq!(send(&desk, Method::GET, path, &[("cookie", "theme=dark")], None).await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let desk = Desk::new().await;
    let (id, secret) = token(&desk, "operator", "write", None).await;
    let (cookie, own) = (session(&desk, &secret).await, session(&desk, TOKEN).await);
    let bearer = format!("Bearer {secret}");
    let headers = [("authorization", bearer.as_str())];
    let made = send(&desk, Method::POST, "/api/session/links", &headers, None).await.expect(201);
    desk.delete(&format!("/api/tokens/{id}")).await.expect(204);
    assert_eq!(who(&desk, &cookie).await.problem(401).0, "unauthorized");
    assert_eq!(sign_in(&desk, json!({"link": made["link"]})).await.status, 401, "and so does a link that waits");
    assert_eq!(who(&desk, &own).await.status, 200, "those of other tokens go on");

    // Whose owner is gone.
    let tenant = desk.tenant("Smile Dental").await;
    let (_, secret) = token(&desk, &format!("tenant:{tenant}"), "write", None).await;
    let cookie = session(&desk, &secret).await;
    desk.delete(&format!("/api/tenants/{tenant}")).await.expect(204);
    assert_eq!(who(&desk, &cookie).await.status, 401);

    // The token of the settings is another one after a restart.
    let other = Some(Sha256::digest(b"another-operators-token").into());
    let restarted = desk.moved_to(AdminState { token_sha256: other, ..desk.state.clone() });
    assert_eq!(who(&restarted, &own).await.problem(401).0, "unauthorized");
}

#[tokio::test]
async fn a_session_lasts_twelve_hours_and_no_longer_than_its_token() {
    let desk = Desk::new().await;
    let cookie = session(&desk, TOKEN).await;
    let last = SignedDuration::from_hours(12) - SignedDuration::from_nanos(1);
    assert_eq!(who(&later(&desk, last), &cookie).await.status, 200);
    assert_eq!(who(&later(&desk, SignedDuration::from_hours(12)), &cookie).await.problem(401).0, "unauthorized");

    let (_, secret) = token(&desk, "operator", "read", Some("2026-11-20T16:00:00Z")).await;
    let answer = sign_in(&desk, json!({"token": secret})).await;
    assert!(answer.header("set-cookie").contains("; Max-Age=3600"), "{answer:?}");
    assert_eq!(answer.expect(200)["expiresAt"], "2026-11-20T16:00:00Z");
}

#[tokio::test]
async fn a_session_survives_a_restart_and_its_secret_is_kept_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/t.db", dir.path().display());
    let store = Store::open(&url, &[7; 32]).await.unwrap();
    let desk = Desk::with(|state| state.store = store.clone()).await;
    let (cookie, link) = (session(&desk, TOKEN).await, link(&desk).await);
    drop((desk, store));

    let secret = cookie.split_once('=').unwrap().1;
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(secret) && !text.contains(&link) && !text.contains(TOKEN));
    }
    let store = Store::open(&url, &[7; 32]).await.unwrap();
    let desk = Desk::with(|state| {
        state.store = store.clone();
        // The desk's chance begins anew, and no system's does.
        state.secret = Arc::new(|| [77; 32]);
    })
    .await;
    assert_eq!(who(&desk, &cookie).await.expect(200)["by"], "operator");
    assert_eq!(sign_in(&desk, json!({"link": link})).await.status, 200);
}

#[tokio::test]
async fn a_cross_site_request_changes_nothing() {
    let desk = Desk::new().await;
    let cookie = session(&desk, TOKEN).await;
    let host = ("host", "console.example.com");
    let evil = ("origin", "https://evil.example.com");
    let ours = ("origin", "https://console.example.com");
    let body = || Some(json!({"name": "Smile Dental"}));
    for headers in [
        vec![],
        vec![host],
        vec![host, evil],
        vec![host, ("origin", "null")],
        vec![host, ("origin", "https://console.example.com:8443")],
        vec![host, ours, ("sec-fetch-site", "cross-site")],
        vec![host, ours, ("sec-fetch-site", "same-site")],
        vec![host, ours, ("sec-fetch-site", "none")],
    ] {
        let headers = [vec![("cookie", cookie.as_str())], headers].concat();
        for (method, path) in [
            (Method::POST, "/api/tenants"),
            (Method::POST, "/api/session/links"),
            (Method::POST, "/api/exports"),
            (Method::DELETE, "/api/session"),
            (Method::PUT, "/api/nothing"),
        ] {
            let answer = send(&desk, method.clone(), path, &headers, body()).await;
            assert_eq!(answer.problem(403).0, "cross_site", "{method} {path} {headers:?}");
        }
        assert_eq!(
            send(&desk, Method::GET, "/api/tenants", &headers, None).await.status,
            200,
            "looking changes nothing"
        );
    }
    assert_eq!(desk.get("/api/tenants").await.expect(200)["data"], json!([]));
    assert_eq!(who(&desk, &cookie).await.status, 200, "nobody was signed out");

    // A page of ours may; and a bearer token is no cookie: no page sends it unasked.
    for headers in [vec![host, ours], vec![SAME_ORIGIN]] {
        let headers = [vec![("cookie", cookie.as_str())], headers].concat();
        send(&desk, Method::POST, "/api/tenants", &headers, body()).await.expect(201);
    }
    desk.ask(Method::POST, "/api/tenants", &[host, evil], body()).await.expect(201);
}

#[tokio::test]
async fn another_site_signs_nobody_in() {
    let desk = Desk::new().await;
    let host = ("host", "console.example.com");
    let link = link(&desk).await;
    for headers in
        [vec![("sec-fetch-site", "cross-site")], vec![("sec-fetch-site", "same-site")], vec![host, ("origin", "null")]]
    {
        for shown in [json!({"token": TOKEN}), json!({"link": link})] {
            let answer = send(&desk, Method::POST, "/api/session", &headers, Some(shown)).await;
            assert!(!answer.headers.contains_key("set-cookie"), "{headers:?}");
            assert_eq!(answer.problem(403).0, "cross_site", "{headers:?}");
        }
    }
    // A program says nothing of pages.
    let answer = send(&desk, Method::POST, "/api/session", &[], Some(json!({"link": link}))).await;
    assert_eq!(answer.status, 200, "and the link was not used up: {}", answer.text);
}

#[tokio::test]
async fn a_read_tokens_session_changes_nothing_and_still_signs_out() {
    let desk = Desk::new().await;
    let (_, secret) = token(&desk, "operator", "read", None).await;
    let cookie = session(&desk, &secret).await;
    let new = Some(json!({"name": "Smile Dental"}));
    assert_eq!(with_cookie(&desk, Method::POST, "/api/tenants", &cookie, new).await.problem(403).0, "read_only");
    let made = with_cookie(&desk, Method::POST, "/api/session/links", &cookie, None).await.expect(201);
    let by_link = sign_in(&desk, json!({"link": made["link"]})).await;
    assert_eq!(by_link.expect(200)["access"], "read", "a link opens no more than whoever made it");
    assert_eq!(with_cookie(&desk, Method::DELETE, "/api/session", &cookie, None).await.status, 204);
}

#[tokio::test]
async fn signing_out_ends_the_session_in_the_store_too() {
    let desk = Desk::new().await;
    let (cookie, other) = (session(&desk, TOKEN).await, session(&desk, TOKEN).await);
    let out = with_cookie(&desk, Method::DELETE, "/api/session", &cookie, None).await;
    assert_eq!(out.status, 204);
    assert_eq!(out.header("set-cookie"), "patchbay_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    assert_eq!(who(&desk, &cookie).await.problem(401).0, "unauthorized");
    assert_eq!(who(&desk, &other).await.status, 200, "another browser stays signed in");
    desk.get("/api/tenants").await.expect(200);
    assert_eq!(desk.delete("/api/session").await.status, 204, "whoever has no session has none to end");
    desk.ask(Method::DELETE, "/api/session", &[("cookie", &other)], None).await.expect(204);
    assert_eq!(who(&desk, &other).await.status, 401, "the one beside a bearer token ends as well");
}

#[tokio::test]
async fn a_bearer_token_wins_over_a_cookie() {
    let desk = Desk::new().await;
    let cookie = session(&desk, TOKEN).await;
    let (id, secret) = token(&desk, "operator", "read", None).await;
    let bearer = format!("Bearer {secret}");
    let both = [("cookie", cookie.as_str()), ("authorization", &bearer)];
    let answer = send(&desk, Method::GET, "/api/session", &both, None).await.expect(200);
    assert_eq!(answer["by"], format!("front desk ({id})"));
    let wrong = [("cookie", cookie.as_str()), ("authorization", "Bearer wrong")];
    assert_eq!(send(&desk, Method::GET, "/api/session", &wrong, None).await.problem(401).0, "unauthorized");
}

#[tokio::test]
async fn what_is_done_in_a_session_is_done_by_its_token() {
    let desk = Desk::new().await;
    let (id, secret) = token(&desk, "operator", "write", None).await;
    let cookie = session(&desk, &secret).await;
    let new = Some(json!({"name": "Smile Dental"}));
    with_cookie(&desk, Method::POST, "/api/tenants", &cookie, new).await.expect(201);
    let audit = desk.get("/api/audit?what=tenant.create").await.expect(200);
    assert_eq!(audit["data"][0]["who"], format!("front desk ({id})"), "{audit}");
}

#[tokio::test]
async fn a_token_has_so_many_sessions_and_the_oldest_goes() {
    let desk = Desk::new().await;
    let (first, second) = (session(&desk, TOKEN).await, session(&desk, TOKEN).await);
    let (_, secret) = token(&desk, "operator", "read", None).await;
    let others = session(&desk, &secret).await;
    let waiting = link(&desk).await;
    for _ in 2..SESSIONS_MAX {
        session(&desk, TOKEN).await;
    }
    assert_eq!(who(&desk, &first).await.status, 200);
    let newest = session(&desk, TOKEN).await;
    assert_eq!(who(&desk, &first).await.status, 401);
    for kept in [&second, &newest, &others] {
        assert_eq!(who(&desk, kept).await.status, 200);
    }
    assert_eq!(sign_in(&desk, json!({"link": waiting})).await.status, 200, "links are counted by themselves");
}

#[tokio::test]
async fn a_key_gives_no_cookie_out_again() {
    let desk = Desk::new().await;
    let link = link(&desk).await;
    let headers = [SAME_ORIGIN, ("idempotency-key", "one-key")];
    let ask = || send(&desk, Method::POST, "/api/session", &headers, Some(json!({"link": link})));
    assert_eq!(ask().await.status, 200);
    assert_eq!(ask().await.problem(401).0, "unauthorized");
}

#[tokio::test]
async fn a_session_hears_events_until_it_ends() {
    let desk = Desk::with(|state| state.events.pace.token_check = Duration::from_millis(20)).await;
    let cookie = session(&desk, TOKEN).await;
    let request = Request::get("/api/events").header("cookie", &cookie).body(Body::empty()).unwrap();
    let mut stream = desk.open(request).await;
    assert_eq!(stream.status(), 200);
    let first = stream.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("event: snapshot"));
    with_cookie(&desk, Method::DELETE, "/api/session", &cookie, None).await.expect(204);
    let rest = tokio::time::timeout(Duration::from_secs(10), stream.into_body().collect()).await;
    assert!(rest.is_ok(), "the stream ends with the session");
}
