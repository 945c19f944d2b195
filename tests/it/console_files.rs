//! How the console gets to a browser: its page at every place in it, its files compressed and kept for good, a policy
//! that lets in nothing else, and what is said where there is no console.

use axum::body::Body;
use axum::http::{Method, Request};
use patchbay::admin::ConsoleFiles;

use crate::admin_desk::{Answer, Desk};

const PAGE: &str = "<!doctype html><meta property=\"csp-nonce\" nonce=\"__PATCHBAY_NONCE__\">\
    <script type=\"module\" src=\"/app/index-4f2a.js\"></script>";

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

fn a_console(path: &str) -> Option<Vec<u8>> {
    let text = match path {
        "index.html" => PAGE,
        "app/index-4f2a.js" => "let plain = 1;",
        "app/index-4f2a.js.br" => "as brotli",
        "app/index-4f2a.js.gz" => "as gzip",
        "app/index-91c0.css" => "a{}",
        "app/sans-77aa.woff2" => "a font",
        "favicon.svg" => "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
        "favicon.svg.gz" => "as gzip",
        "console.webmanifest" => "{}",
        ".gitignore" => "*",
        _ => return None,
    };
    Some(text.as_bytes().to_vec())
}

async fn desk() -> Desk {
    Desk::with(|state| state.console = ConsoleFiles::of(a_console)).await
}

async fn send(desk: &Desk, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    desk.send(request.body(Body::empty()).unwrap()).await
}

async fn get(desk: &Desk, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(desk, Method::GET, path, headers).await
}

/// What stands in the page for its nonce.
fn nonce(page: &Answer) -> String {
    let (_, rest) = page.text.split_once("nonce=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_place_in_the_console_is_its_page() {
    let desk = desk().await;
    for path in
        ["/", "/sign-in", "/tenants/ten_01kafbd2x0q7h3m8w5r9t2c6ze/hours", "/calls?q=a.b", "/index.html", "/a.b"]
    {
        let answer = get(&desk, path, &[BROWSER]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
        assert!(answer.header("etag").starts_with("W/\""), "{path}");
        assert!(answer.text.contains("/app/index-4f2a.js"), "{path}");
    }
    assert_eq!(get(&desk, "/", &[]).await.status, 200, "whoever asks for the first page gets it");
    let head = send(&desk, Method::HEAD, "/tenants", &[BROWSER]).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
}

#[tokio::test]
async fn each_page_has_a_nonce_of_its_own_and_names_it_in_its_policy() {
    let desk = desk().await;
    let (first, second) = (get(&desk, "/", &[BROWSER]).await, get(&desk, "/tenants", &[BROWSER]).await);
    assert_ne!(nonce(&first), nonce(&second));
    for page in [&first, &second] {
        assert_eq!(nonce(page).len(), 24, "16 bytes as base64");
        let policy = page.header("content-security-policy");
        assert!(policy.contains(&format!("style-src 'self' 'nonce-{}'; ", nonce(page))), "{policy}");
        assert!(!page.text.contains("__PATCHBAY_NONCE__"));
    }
    let again = get(&desk, "/", &[BROWSER, ("if-none-match", first.header("etag"))]).await;
    assert_eq!(again.status, 200, "a kept page would meet the policy of another");
    insta::assert_snapshot!(first.header("content-security-policy").replace(&nonce(&first), "NONCE"));
}

#[tokio::test]
async fn other_pages_keep_their_policy() {
    let desk = desk().await;
    for path in ["/docs", "/app/index-4f2a.js", "/favicon.svg", "/api/tenants"] {
        let policy = get(&desk, path, &[BROWSER]).await.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "), "{path} {policy}");
    }
}

#[tokio::test]
async fn what_the_page_is_made_of_is_kept_for_good() {
    let desk = desk().await;
    for (path, content_type) in [
        ("/app/index-4f2a.js", "text/javascript; charset=utf-8"),
        ("/app/index-91c0.css", "text/css; charset=utf-8"),
        ("/app/sans-77aa.woff2", "font/woff2"),
    ] {
        let answer = get(&desk, path, &[]).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable", "{path}");
    }
    for (path, content_type) in
        [("/favicon.svg", "image/svg+xml"), ("/console.webmanifest", "application/manifest+json")]
    {
        let answer = get(&desk, path, &[]).await;
        assert_eq!((answer.header("content-type"), answer.header("cache-control")), (content_type, "no-cache"));
        let again = get(&desk, path, &[("if-none-match", answer.header("etag"))]).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
    }
}

#[tokio::test]
async fn a_file_comes_as_whoever_asks_reads_it() {
    let desk = desk().await;
    let mut tags = std::collections::BTreeSet::new();
    for (asked, text, encoding) in [
        (vec![("accept-encoding", "gzip, deflate, br, zstd")], "as brotli", Some("br")),
        (vec![("accept-encoding", "gzip, br;q=0")], "as gzip", Some("gzip")),
        (vec![("accept-encoding", "identity")], "let plain = 1;", None),
        (vec![], "let plain = 1;", None),
    ] {
        let answer = get(&desk, "/app/index-4f2a.js", &asked).await;
        assert_eq!(answer.text, text, "{asked:?}");
        let given = answer.headers.get("content-encoding").map(|value| value.to_str().unwrap());
        assert_eq!(given, encoding, "{asked:?}");
        assert_eq!(answer.header("content-type"), "text/javascript; charset=utf-8");
        assert_eq!(answer.header("vary"), "Accept-Encoding", "the plain one too, or a cache gives it to all");
        tags.insert(answer.header("etag").to_owned());
    }
    assert_eq!(tags.len(), 3, "what is encoded otherwise is tagged otherwise: {tags:?}");
    let alone = get(&desk, "/app/index-91c0.css", &[("accept-encoding", "br")]).await;
    assert_eq!(alone.text, "a{}");
    assert!(!alone.headers.contains_key("vary") && !alone.headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_never_the_page() {
    let desk = desk().await;
    for path in [
        "/app/index-0000.js",
        "/app/",
        "/app",
        "/app/index-4f2a.js.br",
        "/app/../index.html",
        "/app/%2e%2e/index.html",
        "/assets/other.js",
        "/api",
        "/docs/nothing",
        "/metrics/nothing",
        "/healthz/nothing",
    ] {
        let answer = get(&desk, path, &[BROWSER, ("authorization", "Bearer an-operators-token")]).await;
        assert_eq!(answer.problem(404).0, "no_route", "{path}");
    }
    let hidden = get(&desk, "/.gitignore", &[]).await;
    assert_eq!(hidden.problem(404).0, "no_route");
}

#[tokio::test]
async fn scripts_and_changes_get_problems_as_ever() {
    let desk = desk().await;
    assert_eq!(get(&desk, "/tenants", &[("accept", "*/*")]).await.problem(404).0, "no_route");
    assert_eq!(get(&desk, "/tenants", &[]).await.problem(404).0, "no_route");
    for (method, path, status) in
        [(Method::POST, "/tenants", 404), (Method::PUT, "/app/index-4f2a.js", 404), (Method::POST, "/", 405)]
    {
        send(&desk, method, path, &[BROWSER]).await.problem(status);
    }
    let closed = get(&desk, "/api/nothing", &[BROWSER]).await;
    assert_eq!(closed.problem(401).0, "unauthorized");
}

#[tokio::test]
async fn where_there_is_no_console_the_page_says_how_to_build_it() {
    let desk = Desk::new().await;
    for (path, status) in [("/", 200), ("/tenants/ten_01kafbd2x0q7h3m8w5r9t2c6ze", 404)] {
        let answer = get(&desk, path, &[BROWSER]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text.contains("scripts/build-console"), "{path}");
    }
    assert_eq!(get(&desk, "/app/index-4f2a.js", &[BROWSER]).await.problem(404).0, "no_route");
}
