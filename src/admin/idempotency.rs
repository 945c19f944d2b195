//! `Idempotency-Key`: a POST that is sent again gets the answer of the first, and nothing happens twice.
//!
//! A request is claimed in the store before it is worked on, and its answer is kept there for a day: a restart forgets
//! nothing, and two processes on one store do not both do it. Who comes while the first is worked on in this process
//! waits for its answer (`turns`). A claim without an answer after the longest that work may take broke off halfway:
//! nobody knows how far it got, so it is not done again.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use super::AdminState;
use super::auth::Caller;
use super::error::{self, Problem};
use super::json;
use super::kept_answer::KeptAnswer;
use super::request::{RequestId, WORK_MAX};
use super::session;
use super::turns::{Turn, Turns};
use crate::model::{Secret, TokenId};
use crate::store::{Claimed, Store, StoreError, Wish};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Says `no` on an answer that cannot be given again.
const ANSWER_KEPT: HeaderName = HeaderName::from_static("idempotency-answer-kept");

/// The longest key taken.
const KEY_LENGTH_MAX: usize = 255;

/// Longest a repetition waits for the first: it is to be answered before everybody's deadline.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// A claim this old without an answer is not worked on any more: whoever did has been stopped, or is dead.
const BROKEN_AFTER: SignedDuration = SignedDuration::from_secs(WORK_MAX.as_secs().cast_signed());

/// How often, and in what distance, an answer is offered to a store that did not take it at once.
const OFFERS_MAX: u32 = 20;
const OFFER_EVERY: Duration = Duration::from_secs(1);

/// Gives the answer of the first request to all that carry its key.
pub(super) async fn once(State((admin, turns)): State<(AdminState, Turns)>, request: Request, next: Next) -> Response {
    // Whoever signs in is nobody yet, to whom a key could belong; and a cookie is not given out twice.
    let is_post = request.method() == Method::POST && request.uri().path() != session::PATH;
    let Some(key) = request.headers().get(IDEMPOTENCY_KEY).cloned().filter(|_| is_post) else {
        return next.run(request).await;
    };
    match answer_once(&admin, &turns, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answer_once(
    admin: &AdminState,
    turns: &Turns,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let is_good = (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    if !is_good {
        let detail = "an Idempotency-Key is 1 to 255 visible ASCII characters";
        return Err(Problem::bad_request("bad_idempotency_key", detail));
    }
    let (head, body) = request.into_parts();
    let body = json::read_body(body).await?;
    // Keys of different tokens do not meet: nobody gets an answer that was given to somebody else.
    let token = head.extensions.get::<Caller>().and_then(|caller| caller.token.as_ref());
    let token = token.map(TokenId::as_str).unwrap_or_default();
    let key = hex(&fingerprint(&[token.as_bytes(), key.as_bytes()]));
    let asked = fingerprint(&[head.uri.to_string().as_bytes(), &body]);

    let turn = turns.wait(&key, WAIT_MAX).await.ok_or_else(Problem::in_progress)?;
    let claim = hex(&(admin.random)());
    let now = (admin.now)();
    match admin.store.claim(&Wish { key: &key, asked, claim: &claim, now }).await? {
        Claimed::First => {}
        Claimed::Reused => return Err(Problem::idempotency_key_reused()),
        Claimed::Answered { answer } => return again(answer.as_ref()),
        Claimed::Unanswered { since } if now.duration_since(since) < BROKEN_AFTER => return Err(Problem::in_progress()),
        Claimed::Unanswered { .. } => return Err(Problem::outcome_unknown()),
    }
    let request_id = head.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    let (mut head, body) = error::finish(response, &request_id).into_parts();
    let body = body.collect().await.map_err(|_| Problem::internal())?.to_bytes();
    let answer = KeptAnswer::of(head.status, &head.headers, &body);
    if !answer.is_whole() {
        head.headers.insert(ANSWER_KEPT, HeaderValue::from_static("no"));
    }
    // A failure of ours is no answer to keep: sent again, the request is worked on again.
    let answer = (!head.status.is_server_error()).then(|| answer.write());
    settle(Settling { store: admin.store.clone(), key, claim, answer, _turn: turn }).await;
    Ok(Response::from_parts(head, Body::from(body)))
}

fn again(kept: Option<&Secret>) -> Result<Response, Problem> {
    let kept = kept.and_then(KeptAnswer::read).ok_or_else(Problem::outcome_unknown)?;
    let mut response = kept.again().ok_or_else(|| Problem::answer_not_kept(kept.status()))?;
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// A claim on its way to its end: answered, or given back.
struct Settling {
    store: Store,
    key: String,
    claim: String,
    answer: Option<Secret>,
    /// Repetitions in this process wait as long.
    _turn: Turn,
}

impl Settling {
    async fn offer(&self) -> Result<(), StoreError> {
        match &self.answer {
            Some(answer) => self.store.keep_answer(&self.key, &self.claim, answer).await.map(drop),
            None => self.store.release_claim(&self.key, &self.claim).await,
        }
    }
}

/// Tells the store how the work came out. If it is away just then the answer goes out all the same, and is offered to
/// the store until it takes it: the work is done, and a client that knows asks no more.
async fn settle(settling: Settling) {
    let Err(failure) = settling.offer().await else { return };
    tracing::warn!(%failure, "the store did not take the answer to an idempotent request, trying again");
    tokio::spawn(async move {
        for _ in 0..OFFERS_MAX {
            tokio::time::sleep(OFFER_EVERY).await;
            if settling.offer().await.is_ok() {
                return;
            }
        }
        tracing::error!(
            "the answer to an idempotent request is lost: a repetition will hear that its outcome is unknown"
        );
    });
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
