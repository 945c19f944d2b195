//! `Idempotency-Key`: a POST that is sent again gets the answer of the first, and nothing happens twice.
//!
//! The answers live in this process, a day each, within a bound of memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::AdminState;
use super::error::{self, Problem};
use super::json;
use super::request::RequestId;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// How many bytes of answers are kept at most: some ten thousand; then the oldest unused ones go.
const BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a kept answer weighs besides its body.
const ENTRY_BYTES: usize = 1024;

/// The longest key taken.
const KEY_LENGTH_MAX: usize = 255;

/// The answers that were given, by key.
#[derive(Clone)]
pub(super) struct Answers(Cache<[u8; 32], Arc<Slot>>);

/// A key's place. The lock is held while its first request is worked on: a second one waits for the answer.
#[derive(Default)]
struct Slot {
    answer: Mutex<Option<Answer>>,
    bytes: AtomicUsize,
}

/// The first answer to a key, and to what.
struct Answer {
    asked: [u8; 32],
    at: Timestamp,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answers {
    /// No answers yet.
    pub fn new() -> Answers {
        let weight = |_: &[u8; 32], slot: &Arc<Slot>| {
            u32::try_from(ENTRY_BYTES + slot.bytes.load(Ordering::Relaxed)).unwrap_or(u32::MAX)
        };
        Answers(Cache::builder().weigher(weight).max_capacity(BYTES_MAX).time_to_live(KEPT).build())
    }
}

/// Gives the answer of the first request to all that carry its key.
pub(super) async fn once(
    State((admin, answers)): State<(AdminState, Answers)>,
    request: Request,
    next: Next,
) -> Response {
    let is_post = request.method() == Method::POST;
    let Some(key) = request.headers().get(IDEMPOTENCY_KEY).cloned().filter(|_| is_post) else {
        return next.run(request).await;
    };
    match answer_once(&admin, &answers, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer_once(
    admin: &AdminState,
    answers: &Answers,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let is_good = (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    if !is_good {
        let detail = "an Idempotency-Key is 1 to 255 visible ASCII characters";
        return Err(Problem::bad_request("bad_idempotency_key", detail));
    }
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let (head, body) = request.into_parts();
    let body = json::read_body(body).await?;
    let asked = fingerprint(&[head.uri.to_string().as_bytes(), &body]);
    let place = fingerprint(&[key.as_bytes()]);

    let slot = answers.0.get_with(place, Arc::default);
    let mut kept = slot.answer.lock().await;
    let still_good = |answer: &&Answer| (admin.now)().duration_since(answer.at) < SignedDuration::from_hours(24);
    if let Some(answer) = kept.as_ref().filter(still_good) {
        return if answer.asked == asked { Ok(answer.again()) } else { Err(Problem::idempotency_key_reused()) };
    }
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    let (head, body) = error::finish(response, &request_id).into_parts();
    let body = body.collect().await.map_err(|_| Problem::internal())?.to_bytes();
    // A failure of ours is no answer to keep: sent again, the request is worked on again.
    if !head.status.is_server_error() {
        *kept = Some(Answer {
            asked,
            at: (admin.now)(),
            status: head.status,
            headers: head.headers.clone(),
            body: body.clone(),
        });
        drop(kept);
        slot.bytes.store(body.len(), Ordering::Relaxed);
        answers.0.insert(place, slot);
    }
    Ok(Response::from_parts(head, Body::from(body)))
}

impl Answer {
    fn again(&self) -> Response {
        let mut response = (self.status, self.headers.clone(), self.body.clone()).into_response();
        // `into_response` of bytes names a type of its own.
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

/// One hash over several parts, none of which can pass for another.
fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut sum = Sha256::new();
    for part in parts {
        sum.update((part.len() as u64).to_be_bytes());
        sum.update(part);
    }
    sum.finalize().into()
}
