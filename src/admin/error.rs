//! What the admin API answers when it cannot do what was asked: `application/problem+json` (RFC 9457).
//!
//! The only place that knows which status code belongs to which trouble. A [`Problem`] travels in the response until
//! [`finish`] writes it down, because only the outermost layer knows the id of the request.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::json::BODY_BYTES_MAX;
use super::rotation::RotationRefused;
use crate::model::Fault;
use crate::store::StoreError;

/// Why a request came to nothing.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    title: &'static str,
    detail: String,
    errors: Vec<Fault>,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Problem {
        Problem { status, code: code.into(), title, detail: detail.into(), errors: Vec::new(), header: None }
    }

    fn with(mut self, name: HeaderName, value: &'static str) -> Problem {
        self.header = Some(Box::new((name, HeaderValue::from_static(value))));
        self
    }

    /// What was sent reads well but says something that cannot be; nothing was changed.
    pub fn invalid(faults: Vec<Fault>) -> Problem {
        let detail = match faults.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", only.pointer, only.detail),
            several => format!("{} faults, each named in errors; nothing was changed", several.len()),
        };
        // Where all faults are of one kind, that is the kind of the whole.
        let shared = faults.first().filter(|first| faults.iter().all(|fault| fault.code == first.code));
        let code = shared.map_or("invalid".into(), |fault| Cow::Owned(fault.code.clone()));
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "What was sent is not valid", detail);
        Problem { code, errors: faults, ..problem }
    }

    /// The faults it names.
    #[cfg(test)]
    pub fn faults(&self) -> &[Fault] {
        &self.errors
    }

    /// One fault is enough to say no.
    pub fn fault(pointer: &str, code: &str, detail: impl Into<String>) -> Problem {
        Problem::invalid(vec![Fault::new(pointer, code, detail)])
    }

    /// The body is no JSON.
    pub fn not_json(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "not_json", "The body is no JSON", detail)
    }

    /// The request is malformed outside its body.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, "The request is malformed", detail)
    }

    /// The body broke off or came too slowly.
    pub fn body_incomplete(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body_incomplete", "The body did not arrive", detail)
            .with(header::CONNECTION, "close")
    }

    /// The body is larger than anything this API takes.
    pub fn too_large(bytes_max: usize) -> Problem {
        let detail = format!("a body may have {bytes_max} bytes at most");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "The body is too large", detail)
            .with(header::CONNECTION, "close")
    }

    /// The body claims to be something else than JSON.
    pub fn wrong_content_type() -> Problem {
        let detail = "send the body as JSON, with content-type: application/json";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", "The body is of the wrong type", detail)
    }

    /// A file of another type than is taken.
    pub fn wrong_file_type(detail: String) -> Problem {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", "The file is of the wrong type", detail)
    }

    /// No token, or one that is not good.
    pub fn unauthorized(detail: &'static str) -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "A token is needed", detail)
            .with(header::WWW_AUTHENTICATE, "Bearer realm=\"patchbay\"")
    }

    /// A browser was sent here by somebody else's page.
    pub fn cross_site() -> Problem {
        let detail =
            "a page of another site sent this request; behind a proxy, have it pass on the header Host as it came";
        Problem::new(StatusCode::FORBIDDEN, "cross_site", "The request comes from another site", detail)
    }

    /// The token looks, and does not change.
    pub fn read_only() -> Problem {
        let detail = "this token may read only; use one with write access";
        Problem::new(StatusCode::FORBIDDEN, "read_only", "This token may not change anything", detail)
    }

    /// The token sees it, and may not do this to it.
    pub fn operator_only() -> Problem {
        let detail = "only the platform's own people may do this: it takes an operator's token";
        Problem::new(StatusCode::FORBIDDEN, "operator_only", "This takes an operator's token", detail)
    }

    /// The token is a tenant's own, and this is for those above it.
    pub fn tenant_only() -> Problem {
        let detail = "a tenant's token may not do this: it takes one of its organization, or an operator's";
        Problem::new(StatusCode::FORBIDDEN, "tenant_only", "This takes a token of the organization", detail)
    }

    /// The thing is not there, or not for this token to see.
    pub fn not_found(what: &str, name: &str) -> Problem {
        let detail = format!("there is no {what} {name}");
        Problem::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing", detail)
    }

    /// No route of this API has this path.
    pub fn no_route(path: &str) -> Problem {
        let detail = format!("nothing is at {path}; /docs lists every path");
        Problem::new(StatusCode::NOT_FOUND, "no_route", "There is nothing at this path", detail)
    }

    /// The path exists, but not for this method.
    pub fn wrong_method(method: &str, path: &str) -> Problem {
        let detail = format!("{path} does not take {method}; the Allow header names what it takes");
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "The method does not fit the path", detail)
    }

    /// Another tenant has this slug.
    pub fn slug_taken(slug: &str) -> Problem {
        let detail = format!("another tenant has the slug {slug}");
        let problem = Problem::new(StatusCode::CONFLICT, "slug_taken", "The slug is taken", detail.clone());
        Problem { errors: vec![Fault::new("/slug", "slug_taken", detail)], ..problem }
    }

    /// Another organization has this Twilio account.
    pub fn account_taken() -> Problem {
        let detail = "this Twilio account belongs to another organization, or is the platform's own";
        let problem = Problem::new(StatusCode::CONFLICT, "account_taken", "The account is taken", detail);
        Problem { errors: vec![Fault::new("/accountSid", "account_taken", detail)], ..problem }
    }

    /// The organization cannot go.
    pub fn org_in_use() -> Problem {
        let detail = "it has tenants still, or is the platform's own: delete its tenants first";
        Problem::new(StatusCode::CONFLICT, "org_in_use", "The organization is in use", detail)
    }

    /// There are no settings to replay the call with.
    pub fn call_without_tenant() -> Problem {
        let detail = "the call is of no tenant that is still there, so there are no settings it could be replayed with";
        Problem::new(StatusCode::CONFLICT, "no_tenant", "The call is of no tenant", detail)
    }

    /// Nothing is put in line for an endpoint to which nothing is sent.
    pub fn webhook_disabled() -> Problem {
        let detail = "the webhook is disabled: enable it first";
        Problem::new(StatusCode::CONFLICT, "webhook_disabled", "The webhook is disabled", detail)
    }

    /// `If-Match` names a version that is no longer the current one.
    pub fn version_changed(current: u64) -> Problem {
        let detail = format!("it is at version {current} now; read it again, then change it");
        Problem::new(StatusCode::PRECONDITION_FAILED, "version_changed", "It has changed since it was read", detail)
    }

    /// The same `Idempotency-Key` came with another request.
    pub fn idempotency_key_reused() -> Problem {
        let detail = "this Idempotency-Key came with another request before; give each request a key of its own";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, "idempotency_key_reused", "The key belongs to another request", detail)
    }

    /// The voicemail has no sound: not yet, or never.
    pub fn no_sound(code: &'static str, detail: &'static str) -> Problem {
        Problem::new(StatusCode::CONFLICT, code, "There is nothing to hear", detail)
    }

    /// Twilio does not have the recording any more.
    pub fn recording_gone() -> Problem {
        let detail = "Twilio does not have the recording any more: somebody deleted it there, or its time was over";
        Problem::new(StatusCode::NOT_FOUND, "recording_gone", "The recording is gone", detail)
    }

    /// The part asked for lies beyond the end; `length` as `Content-Range` says it.
    pub fn beyond_the_end(length: Option<String>) -> Problem {
        let status = StatusCode::RANGE_NOT_SATISFIABLE;
        let detail = "the range begins behind the end of the recording";
        let mut problem = Problem::new(status, "range_not_satisfiable", "There is no such part", detail);
        let value = length.and_then(|length| HeaderValue::from_str(&length).ok());
        problem.header = value.map(|value| Box::new((header::CONTENT_RANGE, value)));
        problem
    }

    /// As many listen as can.
    pub fn too_many_listen() -> Problem {
        let detail = "as many recordings are being heard as this process streams at once; try again in a moment";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "Too many listen at once", detail)
            .with(header::RETRY_AFTER, "5")
    }

    /// The sealing key is in the settings, which this process cannot change.
    pub fn key_given() -> Problem {
        let detail = "the sealing key is given in the settings: set secrets.key to a new one (`openssl rand -base64 32`), \
                      put the old one in secrets.previous, and restart; what is sealed follows by itself";
        Problem::new(StatusCode::CONFLICT, "key_given", "The key is given in the settings", detail)
    }

    /// The file that holds the sealing keys cannot be replaced.
    pub fn key_file() -> Problem {
        let detail = "the key file could not be read or replaced, so the key stays as it is; the log tells more. \
                      patchbay needs the right to write the file and its directory";
        Problem::new(StatusCode::CONFLICT, "key_file", "The key file cannot be replaced", detail)
    }

    /// The first request with this `Idempotency-Key` is still worked on.
    pub fn in_progress() -> Problem {
        let detail = "the first request with this Idempotency-Key is still worked on; send it again in a moment";
        Problem::new(StatusCode::CONFLICT, "in_progress", "It is being worked on", detail)
            .with(header::RETRY_AFTER, "2")
    }

    /// The first request with this `Idempotency-Key` broke off halfway.
    pub fn outcome_unknown() -> Problem {
        let detail = "the first request with this Idempotency-Key broke off; read what is there before you repeat it with a new key";
        Problem::new(StatusCode::CONFLICT, "outcome_unknown", "How far it got is not known", detail)
    }

    /// The first request with this `Idempotency-Key` was answered, but its answer cannot be given again.
    pub fn answer_not_kept(status: u16) -> Problem {
        let detail =
            format!("the first request with this Idempotency-Key was answered {status}, with more than is kept");
        Problem::new(StatusCode::CONFLICT, "answer_not_kept", "Its answer was too large to keep", detail)
    }

    /// As many listen to events as may.
    pub fn too_many_listeners() -> Problem {
        let detail = "as many listen to events as this process has places for; close a stream, or come back later";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Problem::new(status, "too_many_listeners", "Every place is taken", detail).with(header::RETRY_AFTER, "30")
    }

    /// The process is on its way to its end.
    pub fn stopping() -> Problem {
        let detail = "this process is stopping; come back in a moment";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "The process is stopping", detail)
            .with(header::RETRY_AFTER, "5")
    }

    /// It took longer than anybody waits.
    pub fn too_slow() -> Problem {
        let detail = "the answer took too long; whether the change was made is not known, so read before you repeat";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_slow", "The answer took too long", detail)
            .with(header::RETRY_AFTER, "5")
    }

    /// Our own fault; the log knows more.
    pub fn internal() -> Problem {
        let detail = "something went wrong in patchbay; its log tells more under this requestId";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong", detail)
    }
}

impl Problem {
    fn body(self, request_id: &str) -> ProblemBody {
        ProblemBody {
            title: self.title,
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail,
            errors: self.errors,
            request_id: request_id.to_owned(),
        }
    }

    /// What an answer of this status looks like, for whoever reads the document.
    pub fn sample(status: &str) -> Option<Value> {
        let problem = match status {
            "400" => Problem::not_json("expected `,` or `}` at line 3 column 5"),
            "401" => Problem::unauthorized("this token is not good here"),
            "403" => Problem::read_only(),
            "404" => Problem::not_found("tenant", "ten_01kafbd2x0q7h3m8w5r9t2c6ze"),
            "408" => Problem::body_incomplete("the body broke off"),
            "412" => Problem::version_changed(7),
            "413" => Problem::too_large(BODY_BYTES_MAX),
            "415" => Problem::wrong_content_type(),
            "416" => Problem::beyond_the_end(Some("bytes */48128".to_owned())),
            "422" => Problem::fault("/timezone", "timezone", "no time zone of this name is known"),
            "500" => Problem::internal(),
            "502" => Problem::upstream_failed("Twilio did not answer; try again in a moment"),
            "503" => Problem::too_slow(),
            // What is in the way is told where it is: it differs from resource to resource.
            _ => return None,
        };
        serde_json::to_value(problem.body("req_5f1c7d0a9b3e2c48d611")).ok()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Away(cause) => {
                tracing::warn!(cause, "the store is away: the admin API answers 503");
                let detail = "the store cannot be reached; calls are answered meanwhile, settings cannot be changed";
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "store_away", "The store is away", detail)
                    .with(header::RETRY_AFTER, "5")
            }
            StoreError::AccountTaken => Problem::account_taken(),
            StoreError::OrgInUse => Problem::org_in_use(),
            StoreError::SlugTaken => Problem::slug_taken("asked for"),
            StoreError::NumberTaken => Problem::number_taken(),
            StoreError::BothNamesInUse => Problem::sip_names_in_use(),
            StoreError::VersionChanged(current) => Problem::version_changed(current),
            StoreError::BadCursor => {
                Problem::fault("?cursor", "bad_cursor", "this is no cursor of this list; begin again without one")
            }
            StoreError::TooMany(max) => {
                Problem::fault("", "too_many", format!("there may be {max} of these at most: delete one first"))
            }
            StoreError::NotFound => Problem::not_found("such thing", "any more"),
            StoreError::Failed(cause) => {
                tracing::error!(cause, "the store failed");
                Problem::internal()
            }
        }
    }
}

impl From<RotationRefused> for Problem {
    fn from(refused: RotationRefused) -> Problem {
        match refused {
            RotationRefused::Given => Problem::key_given(),
            RotationRefused::File(cause) => {
                tracing::error!(cause, "the sealing key could not be changed");
                Problem::key_file()
            }
            RotationRefused::Store(error) => Problem::from(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some((name, value)) = self.header.as_deref().cloned() {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes down the problem a response carries, if it carries one.
pub(super) fn finish(mut response: Response, request_id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let body = problem.body(request_id);
    let (mut head, _) = response.into_parts();
    // The length of the empty body that stood in for this one.
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    Response::from_parts(head, Json(body).into_response().into_body())
}

/// What went wrong: every error of this API has this form.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProblemBody {
    /// What kind of trouble it is, for people.
    #[schema(value_type = String, example = "What was sent is not valid")]
    title: &'static str,
    /// The status code once more.
    #[schema(example = 422)]
    status: u16,
    /// What kind of trouble it is, for programs: stable. `invalid` where faults of several kinds were found.
    #[schema(value_type = String, example = "timezone")]
    code: Cow<'static, str>,
    /// What it is this time.
    #[schema(example = "/timezone: no time zone of this name is known")]
    detail: String,
    /// Each fault with its place in the body.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FaultBody>)]
    errors: Vec<Fault>,
    /// The id under which the log speaks of this request; also in the header X-Request-Id.
    #[schema(example = "req_0kq3v5n8x2m7")]
    request_id: String,
}

/// One fault or doubt, and where it is.
#[derive(ToSchema)]
#[schema(as = Fault)]
#[allow(dead_code, reason = "only describes `model::Fault`, which knows nothing of OpenAPI")]
pub(super) struct FaultBody {
    /// JSON pointer to the place (RFC 6901); for a query parameter, `?` and its name.
    #[schema(example = "/timezone")]
    pointer: String,
    /// What kind of fault it is, for programs: stable.
    #[schema(example = "timezone")]
    code: String,
    /// What it is this time.
    #[schema(example = "no time zone of this name is known")]
    detail: String,
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn answer(error: StoreError) -> (u16, bool, String) {
        let response = finish(Problem::from(error).into_response(), "req_1");
        let (head, body) = response.into_parts();
        let text = body.collect().await.expect("a body in memory never fails").to_bytes();
        let retry = head.headers.contains_key(header::RETRY_AFTER);
        (head.status.as_u16(), retry, String::from_utf8_lossy(&text).into_owned())
    }

    #[tokio::test]
    async fn what_the_store_says_has_one_status_each_and_its_causes_stay_in_the_log() {
        for (error, status, retry, code) in [
            (StoreError::Away("a planted cause".into()), 503, true, "store_away"),
            (StoreError::Failed("a planted cause".into()), 500, false, "internal"),
            (StoreError::SlugTaken, 409, false, "slug_taken"),
            (StoreError::AccountTaken, 409, false, "account_taken"),
            (StoreError::OrgInUse, 409, false, "org_in_use"),
            (StoreError::NumberTaken, 409, false, "number_taken"),
            (StoreError::BothNamesInUse, 409, false, "sip_names_in_use"),
            (StoreError::VersionChanged(7), 412, false, "version_changed"),
            (StoreError::BadCursor, 422, false, "bad_cursor"),
            (StoreError::TooMany(50), 422, false, "too_many"),
            (StoreError::NotFound, 404, false, "not_found"),
        ] {
            let (given, retries, text) = answer(error).await;
            assert_eq!((given, retries), (status, retry), "{text}");
            assert!(text.contains(&format!("\"code\":\"{code}\"")), "{text}");
            assert!(!text.contains("planted"), "{text}");
        }
    }
}
