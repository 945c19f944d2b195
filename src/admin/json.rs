//! What comes in: JSON bodies read strictly, identifiers in paths, `If-Match`. What is asked of lists is read in `lists`.
//!
//! A body that is no JSON is 400, one that says something impossible 422 with every fault and its place.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use utoipa::ToSchema;

use super::error::Problem;
use super::schema;
use crate::model::{ErasureId, JobId, NumberId, OrgId, Sid, TenantId, TokenId, VoicemailId, WebhookId};

/// The largest body this API takes: a year of exceptions and a dozen greetings fit a hundred times over.
pub(super) const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Longest a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest a file may: a photograph of a bill over a slow line.
const FILE_TIMEOUT: Duration = Duration::from_secs(30);

/// A body that has the shape of `T`.
pub(super) struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + ToSchema> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Json<T>, Problem> {
        let (head, body) = request.into_parts();
        let body = read_body(body).await?;
        parse(&head.headers, &body).map(Json)
    }
}

/// A body that may be left out, or null; then all its members are absent.
pub(super) struct OptionalJson<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + ToSchema + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<OptionalJson<T>, Problem> {
        let (head, body) = request.into_parts();
        let body = read_body(body).await?;
        let is_null = body.trim_ascii() == b"null" && is_json(&head.headers);
        let given = if body.is_empty() || is_null { T::default() } else { parse(&head.headers, &body)? };
        Ok(OptionalJson(given))
    }
}

/// Reads a body to its end, within its size and its time.
pub(super) async fn read_body(body: Body) -> Result<Bytes, Problem> {
    read_within(BODY_TIMEOUT, BODY_BYTES_MAX, body).await
}

/// Reads a file, which may be larger and take longer.
pub(super) async fn read_file(body: Body, most: usize) -> Result<Bytes, Problem> {
    read_within(FILE_TIMEOUT, most, body).await
}

async fn read_within(time: Duration, most: usize, body: Body) -> Result<Bytes, Problem> {
    let limited = Limited::new(body, most);
    let collected = tokio::time::timeout(time, limited.collect())
        .await
        .map_err(|_| Problem::body_incomplete("the body came too slowly"))?;
    match collected {
        Ok(body) => Ok(body.to_bytes()),
        Err(cause) if is_too_large(cause.as_ref()) => Err(Problem::too_large(most)),
        Err(_) => Err(Problem::body_incomplete("the body broke off")),
    }
}

fn is_too_large(cause: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(cause);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn parse<T: DeserializeOwned + ToSchema>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    if !is_json(headers) {
        return Err(Problem::wrong_content_type());
    }
    let mut value: Value = serde_json::from_slice(body).map_err(|error| Problem::not_json(error.to_string()))?;
    let faults = schema::faults::<T>(&mut value);
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    // What fits the schema fits the type; should the two ever differ, the sender still hears what was wrong.
    serde_json::from_value(value).map_err(|error| Problem::fault("", "type", error.to_string()))
}

/// `application/json`, or something that is written in it (`application/merge-patch+json`).
fn is_json(headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A member that may be absent, null, or something: `None`, `Some(None)`, `Some(Some(…))`.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// What a path may name, and what people call it.
pub(super) trait Named: TryFrom<String> {
    /// The word for it.
    const WHAT: &'static str;
}

impl Named for TenantId {
    const WHAT: &'static str = "tenant";
}

impl Named for OrgId {
    const WHAT: &'static str = "organization";
}

impl Named for TokenId {
    const WHAT: &'static str = "token";
}

impl Named for NumberId {
    const WHAT: &'static str = "number";
}

impl Named for JobId {
    const WHAT: &'static str = "job";
}

impl Named for VoicemailId {
    const WHAT: &'static str = "voicemail";
}

impl Named for ErasureId {
    const WHAT: &'static str = "erasure";
}

impl Named for WebhookId {
    const WHAT: &'static str = "webhook";
}

impl Named for Sid {
    const WHAT: &'static str = "call";
}

/// The identifier a path begins with. One that cannot be the name of anything is not there, like any other that is not there.
pub(super) struct Id<T>(pub T);

impl<S: Send + Sync, T: Named> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id<T>, Problem> {
        let unreadable = |_| Problem::not_found(T::WHAT, "of this name");
        // A path may name more behind it; the first is whose it is.
        let Path(named) = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await.map_err(unreadable)?;
        let raw = named.into_iter().next().map(|(_, raw)| raw).unwrap_or_default();
        let shown: String = raw.chars().filter(char::is_ascii_graphic).take(64).collect();
        T::try_from(raw).map(Id).map_err(|_| Problem::not_found(T::WHAT, &shown))
    }
}

/// What `If-Match` says: change it only if it is still this version.
pub(super) struct IfMatch(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<IfMatch, Problem> {
        let tags: Vec<&str> =
            parts.headers.get_all(header::IF_MATCH).iter().filter_map(|tags| tags.to_str().ok()).collect();
        let named = parts.headers.contains_key(header::IF_MATCH);
        Ok(IfMatch(named.then(|| tags.join(","))))
    }
}

impl IfMatch {
    /// The version the store must still find, if one was asked for. A weak tag never matches (RFC 9110).
    pub fn expected(&self, current: u64) -> Result<Option<u64>, Problem> {
        let Some(tags) = &self.0 else { return Ok(None) };
        let tag = current.to_string();
        let fits = |given: &str| given == "*" || given.trim_matches('"') == tag;
        if tags.split(',').map(str::trim).any(fits) {
            Ok(Some(current))
        } else {
            Err(Problem::version_changed(current))
        }
    }
}

/// The ETag of a version.
pub(super) fn etag(version: u64) -> [(header::HeaderName, HeaderValue); 1] {
    let tag = HeaderValue::from_str(&format!("\"{version}\"")).expect("digits and quotes are fine in a header");
    [(header::ETAG, tag)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_by_several_names() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            is_json(&headers)
        };
        assert!(of("application/json"));
        assert!(of("Application/JSON; charset=utf-8"));
        assert!(of("application/merge-patch+json"));
        assert!(!of("text/plain"));
        assert!(!of("application/x-www-form-urlencoded"));
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn a_version_matches_its_own_tag_or_a_star() {
        let asks = |tags: &str| IfMatch(Some(tags.to_owned())).expected(7).map_err(drop);
        assert_eq!(asks("\"7\""), Ok(Some(7)));
        assert_eq!(asks("\"6\", \"7\""), Ok(Some(7)));
        assert_eq!(asks("*"), Ok(Some(7)));
        assert_eq!(asks("\"6\""), Err(()));
        assert_eq!(asks("W/\"7\""), Err(()));
        assert_eq!(asks(""), Err(()));
        assert_eq!(IfMatch(None).expected(7).map_err(drop), Ok(None));
    }

    /// A body of which nothing ever comes.
    struct Silent;

    impl hyper::body::Body for Silent {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_never_comes_is_given_up() {
        let read = read_within(Duration::from_millis(1), BODY_BYTES_MAX, Body::new(Silent)).await;
        let status = read.map_err(|problem| axum::response::IntoResponse::into_response(problem).status());
        assert_eq!(status, Err(axum::http::StatusCode::REQUEST_TIMEOUT));
    }
}
