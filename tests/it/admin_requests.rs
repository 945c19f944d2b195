//! What every request of the admin API meets: tokens, bodies, deadlines, keys, and answers when nothing fits.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::admin_desk::{Answer, Desk, NOW, TOKEN};

async fn send(desk: &Desk, method: Method, path: &str, headers: &[(&str, &str)], body: &'static str) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    desk.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn nothing_under_api_answers_without_the_token() {
    let desk = Desk::new().await;
    for path in ["/api/tenants", "/api/nothing", "/api/"] {
        for headers in [vec![], vec![("authorization", "Bearer wrong")], vec![("authorization", "Basic x")]] {
            let answer = send(&desk, Method::GET, path, &headers, "").await;
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"patchbay\"");
            assert_eq!(answer.problem(401).0, "unauthorized");
        }
    }
    let bearer = format!("bEaReR {TOKEN}");
    assert_eq!(send(&desk, Method::GET, "/api/tenants", &[("authorization", &bearer)], "").await.status, 200);
}

#[tokio::test]
async fn what_machines_and_people_look_at_needs_no_token() {
    let desk = Desk::new().await;
    for (path, content_type, holds) in [
        ("/healthz", "application/json", "{\"status\":\"ok\"}"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "patchbay_store_up 1\n"),
        ("/openapi.json", "application/json", "\"openapi\":\"3.1.0\""),
        ("/docs", "text/html; charset=utf-8", "/assets/docs.js"),
        ("/", "text/html; charset=utf-8", "/docs"),
        ("/assets/docs.js", "text/javascript; charset=utf-8", "openapi.json"),
        ("/assets/pages.css", "text/css; charset=utf-8", "color-scheme"),
    ] {
        let answer = send(&desk, Method::GET, path, &[], "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), content_type, "{path}");
        assert!(answer.text.contains(holds), "{path}");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
    assert_eq!(send(&desk, Method::GET, "/assets/other.js", &[], "").await.problem(404).0, "no_route");
}

#[tokio::test]
async fn the_pages_load_nothing_from_anywhere_else() {
    let desk = Desk::new().await;
    for path in ["/", "/docs", "/assets/docs.js", "/assets/pages.css"] {
        let text = desk.get(path).await.text;
        for foreign in ["https://", "//cdn", "@import", "url(", "innerHTML", "eval("] {
            assert!(!text.contains(foreign), "{path} holds {foreign}");
        }
        assert!(!text.contains("<script>") && !text.contains("<style"), "{path} holds what its policy forbids");
    }
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_are_problems_too() {
    let desk = Desk::new().await;
    assert_eq!(desk.get("/api/nothing").await.problem(404).0, "no_route");
    assert_eq!(desk.get("/nothing").await.problem(404).0, "no_route");
    assert_eq!(desk.get("/api/tenants/").await.status, 404);
    let answer = desk.delete("/api/tenants").await;
    let mut allowed: Vec<_> = answer.header("allow").split(',').map(|method| method.trim().to_owned()).collect();
    allowed.sort();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
    assert_eq!(answer.problem(405).0, "wrong_method");
    assert_eq!(desk.post("/healthz", json!({})).await.problem(405).0, "wrong_method");
}

#[tokio::test]
async fn a_body_is_json_of_the_right_kind_and_size() {
    let desk = Desk::new().await;
    let bearer = format!("Bearer {TOKEN}");
    let auth = ("authorization", bearer.as_str());
    let json_type = ("content-type", "application/json");
    for (headers, body, status, code) in [
        (vec![auth], "{\"name\":\"A\"}", 415, "wrong_content_type"),
        (vec![auth, ("content-type", "text/plain")], "{\"name\":\"A\"}", 415, "wrong_content_type"),
        (vec![auth, json_type], "", 400, "not_json"),
        (vec![auth, json_type], "{\"name\":", 400, "not_json"),
        (vec![auth, json_type], "{\"name\":\"A\"} x", 400, "not_json"),
        (vec![auth, json_type], "{\"name\":\"\\ud800\"}", 400, "not_json"),
        (vec![auth, json_type], "{\"name\":\"a\nb\"}", 400, "not_json"),
        (vec![auth, json_type], "[]", 422, "type"),
        (vec![auth, json_type], "null", 422, "type"),
    ] {
        let answer = send(&desk, Method::POST, "/api/tenants", &headers, body).await;
        assert_eq!(answer.problem(status).0, code, "{body}");
    }
    let deep = "[".repeat(100_000);
    let request = |body: Body| {
        Request::post("/api/tenants")
            .header("authorization", &bearer)
            .header("content-type", "application/json")
            .body(body)
    };
    assert_eq!(desk.send(request(Body::from(deep)).unwrap()).await.problem(400).0, "not_json");
    assert_eq!(desk.send(request(Body::from(&b"{\"name\":\"\xff\"}"[..])).unwrap()).await.problem(400).0, "not_json");
    let fits = format!("{{\"name\":\"A\"{}}}", " ".repeat(1024 * 1024 - 12));
    assert_eq!(fits.len(), 1024 * 1024);
    assert_eq!(desk.send(request(Body::from(fits.clone())).unwrap()).await.status, 201);
    assert_eq!(desk.send(request(Body::from(format!("{fits} "))).unwrap()).await.problem(413).0, "too_large");
}

#[tokio::test]
async fn a_panic_is_a_problem_and_the_next_request_is_unhurt() {
    let desk = Desk::with(|state| state.metrics_text = Arc::new(|| panic!("a planted panic"))).await;
    assert_eq!(desk.get("/metrics").await.problem(500).0, "internal");
    assert_eq!(desk.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_request_id_is_made_or_kept_if_it_is_plain() {
    let desk = Desk::new().await;
    assert!(desk.get("/healthz").await.header("x-request-id").starts_with("req_"));
    let kept = desk.ask(Method::GET, "/healthz", &[("x-request-id", "from-the-proxy.7")], None).await;
    assert_eq!(kept.header("x-request-id"), "from-the-proxy.7");
    for odd in ["a b", "a\"b", &"a".repeat(65), ""] {
        let answer = desk.ask(Method::GET, "/healthz", &[("x-request-id", odd)], None).await;
        assert!(answer.header("x-request-id").starts_with("req_"), "{odd}");
    }
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_nothing_happens_twice() {
    let desk = Desk::new().await;
    let post = |key: &'static str, body: Value| {
        let desk = &desk;
        async move { desk.ask(Method::POST, "/api/tenants", &[("idempotency-key", key)], Some(body)).await }
    };
    let first = post("key-1", json!({"name": "Smile Dental"})).await;
    let again = post("key-1", json!({"name": "Smile Dental"})).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("content-type"), "application/json");
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(post("key-1", json!({"name": "Acme Pizza"})).await.problem(422).0, "idempotency_key_reused");
    let elsewhere = [("idempotency-key", "key-1")];
    let elsewhere =
        desk.ask(Method::POST, "/api/numbers/owned", &elsewhere, Some(json!({"name": "Smile Dental"}))).await;
    assert_eq!(elsewhere.problem(422).0, "idempotency_key_reused");
    assert_eq!(desk.get("/api/tenants").await.expect(200)["data"].as_array().unwrap().len(), 1);

    let refused = post("key-2", json!({"name": ""})).await;
    let again = post("key-2", json!({"name": ""})).await;
    assert_eq!(again.text, refused.text, "a refusal is an answer too, its requestId included");
    assert_eq!(again.header("content-type"), "application/problem+json");
    post("key-3", json!({"name": "Smile Dental"})).await.expect(201);
    assert_eq!(post("", json!({"name": "A"})).await.problem(400).0, "bad_idempotency_key");
    let get = desk.ask(Method::GET, "/api/tenants", &[("idempotency-key", "key-1")], None).await;
    assert_eq!(get.expect(200)["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn of_simultaneous_requests_with_one_key_one_is_worked_on() {
    let desk = Arc::new(Desk::new().await);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let desk = Arc::clone(&desk);
            tokio::spawn(async move {
                let headers = [("idempotency-key", "one-key")];
                desk.ask(Method::POST, "/api/tenants", &headers, Some(json!({"name": "Smile Dental"}))).await.text
            })
        })
        .collect();
    let mut texts = Vec::new();
    for task in tasks {
        texts.push(task.await.unwrap());
    }
    texts.dedup();
    assert_eq!(texts.len(), 1);
    assert_eq!(desk.get("/api/tenants").await.expect(200)["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_key_is_good_for_a_day_and_a_failure_of_ours_is_not_kept() {
    let clock = Arc::new(std::sync::Mutex::new(NOW.parse::<Timestamp>().unwrap()));
    let hands = Arc::clone(&clock);
    let desk = Desk::with(move |state| state.now = Arc::new(move || *hands.lock().unwrap())).await;
    let headers = [("idempotency-key", "one-key")];
    let post = || desk.ask(Method::POST, "/api/tenants", &headers, Some(json!({"name": "Smile Dental"})));
    let first = post().await.expect(201);
    *clock.lock().unwrap() += SignedDuration::from_secs(24 * 3600 - 1);
    assert_eq!(post().await.expect(201), first);
    *clock.lock().unwrap() += SignedDuration::from_secs(1);
    assert_ne!(post().await.expect(201)["id"], first["id"]);
}

/// What people read when something is refused.
#[tokio::test]
async fn error_bodies_read_well() {
    let desk = Desk::new().await;
    let id = desk.tenant("Smile Dental").await;
    let two = desk.tenant("Acme Pizza").await;
    desk.number("+16475550123", &id).await;
    let bearer = format!("Bearer {TOKEN}");
    let json_type = ("content-type", "application/json");
    let auth = ("authorization", bearer.as_str());
    let path = format!("/api/tenants/{id}");
    let answers = [
        send(&desk, Method::GET, "/api/tenants", &[], "").await,
        send(&desk, Method::GET, "/api/tenants", &[("authorization", "Bearer wrong")], "").await,
        send(&desk, Method::POST, "/api/tenants", &[auth, json_type], "{").await,
        send(&desk, Method::POST, "/api/tenants", &[auth], "{}").await,
        desk.get("/api/nothing").await,
        desk.delete("/api/tenants").await,
        desk.get("/api/tenants/ten_00000000000000000000000000").await,
        desk.post("/api/tenants", json!({"timezone": "Mars/Olympus", "size": 1})).await,
        desk.post("/api/tenants", json!({"name": ""})).await,
        desk.post("/api/tenants", json!({"name": "A", "slug": "smile-dental"})).await,
        desk.put(
            &format!("/api/tenants/{id}/phone-integration"),
            json!({"method": "ported", "clinicNumber": "+16475550188"}),
        )
        .await,
        desk.post("/api/tenants", json!([])).await,
        desk.ask(Method::PATCH, &path, &[("if-match", "\"9\"")], Some(json!({"name": "B"}))).await,
        desk.put(&format!("{path}/override"), json!({"state": "force-ai", "until": "2020-01-01T00:00:00Z"})).await,
        desk.put(&format!("{path}/plan"), json!({"menu": {}})).await,
        desk.put(
            &format!("{path}/availability"),
            json!({"mode": "disabled", "fallback": {"type": "forward", "forwardNumber": "+16475550123"}}),
        )
        .await,
        desk.post("/api/numbers/owned", json!({"e164": "+16475550123", "tenantId": two})).await,
        desk.get("/api/calls?limit=x&tenantId=y").await,
        desk.get("/api/calls?cursor=x").await,
    ];
    let bodies: Vec<Value> = answers
        .iter()
        .map(|answer| {
            let mut body = answer.json();
            body["requestId"] = json!("req_…");
            body
        })
        .collect();
    let text = serde_json::to_string_pretty(&bodies).unwrap();
    insta::assert_snapshot!(text.replace(&id, "ten_…"));
}

#[tokio::test]
async fn the_listener_serves_and_ends_when_told() {
    let desk = Desk::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let router = patchbay::admin::router(desk.state.clone());
    let server = tokio::spawn(patchbay::admin::serve(listener, router, async move {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(place).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), server).await.expect("ends at once, nothing is open").unwrap();
    assert!(TcpStream::connect(place).await.is_err());
}
