//! Serves the console: its page wherever a browser asks for a page, and the files the page is made of.
//!
//! The console finds its way by the path, so a link to any place in it gets the same page. What is under `/app/` has a
//! name that changes with what it holds: browsers keep it for good, and one that is not there is not there. The page is
//! never kept, and each one carries a nonce of its own, for the one style its widgets insert.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::AdminState;
use super::console_files::ConsoleFile;
use super::error::Problem;

/// Stands in the page where its nonce is to be.
const NONCE_PLACEHOLDER: &str = "__PATCHBAY_NONCE__";

/// The page, below `console/dist`.
const PAGE: &str = "index.html";

/// First parts of paths that are not the console's: a mistaken one is answered with a problem, like all of theirs.
const NOT_OURS: [&str; 6] = ["api", "docs", "assets", "openapi.json", "metrics", "healthz"];

/// Endings of files that hold another one, compressed, and what they are called in a header; the better first.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gz", "gzip")];

/// Long enough to be for ever.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// May be kept, and is asked for each time all the same.
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");

/// The first page: the console, or how to come by it.
pub(super) fn first_page(admin: &AdminState) -> Response {
    page(admin).unwrap_or_else(|| unbuilt(StatusCode::OK))
}

/// What no route has: a file of the console, a place in it, or nothing.
pub(super) async fn elsewhere(State(admin): State<AdminState>, request: Request) -> Response {
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    let nothing = || Problem::no_route(path).into_response();
    let name = path.strip_prefix('/').unwrap_or_default();
    let first = name.split('/').next().unwrap_or_default();
    let reads = matches!(*method, Method::GET | Method::HEAD);
    if !reads || NOT_OURS.contains(&first) {
        return nothing();
    }
    if let Some(file) = file(&admin, name, headers) {
        return file;
    }
    if first == "app" || !wants_a_page(headers) {
        return nothing();
    }
    // A place in a console that is not there is not there either, but whoever followed a link to it is told why.
    page(&admin).unwrap_or_else(|| unbuilt(StatusCode::NOT_FOUND))
}

/// The page. It is small and differs each time by its nonce, so it goes out as it is and whole even to who has it: a
/// browser told that it has not changed would hold the new policy against the old nonce.
fn page(admin: &AdminState) -> Option<Response> {
    let file = admin.console.get(PAGE)?;
    let nonce = STANDARD.encode(&(admin.secret)()[..16]);
    let text = String::from_utf8_lossy(&file.bytes).replace(NONCE_PLACEHOLDER, &nonce);
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(HTML));
    headers.insert(header::CACHE_CONTROL, ASK_FIRST);
    // Weak: two of them are as good as each other, and not the same.
    headers.insert(header::ETAG, value(format!("W/{}", tag(&file))));
    headers.insert(header::CONTENT_SECURITY_POLICY, value(policy(&nonce)));
    Some(response)
}

/// What the page may do: its own scripts, styles, pictures and sounds, and nobody else's.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

fn unbuilt(status: StatusCode) -> Response {
    let headers = [(header::CONTENT_TYPE, HeaderValue::from_static(HTML)), (header::CACHE_CONTROL, ASK_FIRST)];
    (status, headers, include_str!("pages/home.html")).into_response()
}

const HTML: &str = "text/html; charset=utf-8";

/// A file of the console other than the page.
fn file(admin: &AdminState, name: &str, asked: &HeaderMap) -> Option<Response> {
    let ending = name.rsplit_once('.')?.1;
    let is_compressed = ENCODINGS.iter().any(|(compressed, _)| *compressed == ending);
    if name == PAGE || is_compressed || !name.split('/').all(is_plain) {
        return None;
    }
    let plain = admin.console.get(name)?;
    let beside = ENCODINGS.iter().filter_map(|(ending, encoding)| {
        let file = admin.console.get(&format!("{name}.{ending}"))?;
        Some((*encoding, file))
    });
    let compressed: Vec<(&str, ConsoleFile)> = beside.collect();
    let varies = !compressed.is_empty();
    let chosen = compressed.into_iter().find(|(encoding, _)| takes(asked, encoding));
    let (encoding, file) = chosen.map_or((None, plain), |(encoding, file)| (Some(encoding), file));

    let tag = tag(&file);
    let known = asked.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let mut response = if known.is_some_and(|known| names_tag(known, &tag)) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = bytes_of(file).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(ending)));
        if let Some(encoding) = encoding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if name.starts_with("app/") { FOR_EVER } else { ASK_FIRST });
    headers.insert(header::ETAG, value(tag));
    if varies {
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    }
    Some(response)
}

/// A part of a path that names a file and nothing else: no way up, and nothing that begins with a dot.
fn is_plain(part: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(plain)
}

fn content_type(ending: &str) -> &'static str {
    match ending {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "webmanifest" => "application/manifest+json",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn bytes_of(file: ConsoleFile) -> Bytes {
    match file.bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

/// Half of the hash is more than enough to tell two files of one name apart.
fn tag(file: &ConsoleFile) -> String {
    let (half, _) = file.sha256.split_at(16);
    half.iter().fold("\"".to_owned(), |tag, byte| format!("{tag}{byte:02x}")) + "\""
}

/// Does `If-None-Match` name it?
fn names_tag(known: &str, tag: &str) -> bool {
    known.split(',').map(str::trim).any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// Browsers that go somewhere name pages; scripts take anything, and are better served by a problem they can read.
fn wants_a_page(headers: &HeaderMap) -> bool {
    items(headers, header::ACCEPT).any(|(name, _)| name.eq_ignore_ascii_case("text/html"))
}

/// Does whoever asks read this encoding? One that is not named is not taken, whatever `*` would say of it.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    items(headers, header::ACCEPT_ENCODING).any(|(name, weight)| name.eq_ignore_ascii_case(encoding) && weight > 0.0)
}

/// The items of a header of preferences with their weights (RFC 9110, section 12.4.2).
fn items(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = (&str, f32)> {
    let texts = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        (name, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
    })
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("made of base64, hexadecimal digits and texts of ours")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn an_encoding_is_used_for_who_names_it_and_does_not_refuse_it() {
        let takes = |value| takes(&headers(header::ACCEPT_ENCODING, value), "br");
        for yes in ["br", "gzip, br", "gzip;q=1.0, BR ; q=0.5", "br;q=1"] {
            assert!(takes(yes), "{yes}");
        }
        for no in ["", "gzip", "br;q=0", "br;q=0.0, gzip", "brotli", "*", "br;q=much"] {
            assert!(!takes(no), "{no}");
        }
        assert!(!super::takes(&HeaderMap::new(), "br"));
    }

    #[test]
    fn only_who_names_pages_gets_one() {
        for (accept, page) in [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", false),
            ("application/json", false),
            ("text/htmlx", false),
        ] {
            assert_eq!(wants_a_page(&headers(header::ACCEPT, accept)), page, "{accept}");
        }
        assert!(!wants_a_page(&HeaderMap::new()));
    }

    #[test]
    fn a_name_leads_nowhere_but_down() {
        for good in ["index-4f2a.js", "a_b.svg", "x"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["", ".", "..", ".gitignore", "a%2fb", "a\\b", "a b", "ä"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
