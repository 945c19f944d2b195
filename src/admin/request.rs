//! What every request gets: an id, a deadline, headers that keep browsers careful, one line in the log, and an answer
//! even if the handler panics.

use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::task::JoinHandle;
use tokio::time::error::Elapsed;

use super::AdminState;
use super::error::{self, Problem};

/// Longest anybody waits for an answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// The same where whoever asks knows that it may take a while.
const LONG_DEADLINE: Duration = Duration::from_secs(30);

/// What takes a while: numbers are bought, providers are asked one thing after the other.
const LONG: [(&str, &str); 3] = [("POST", "/api/numbers"), ("POST", "/api/restaurants"), ("GET", "/api/check")];

/// Longest a handler works on after its answer was given up: what it began in the store is brought to its end.
pub(super) const WORK_MAX: Duration = Duration::from_secs(60);

/// The header that carries a request's id, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id under which the log speaks of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub String);

/// The outermost layer.
pub(super) async fn outermost(State(admin): State<AdminState>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = given_id(&request).unwrap_or_else(|| new_id(&admin));
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    request.extensions_mut().insert(RequestId(id.clone()));

    let response = error::finish(run(request, next).await, &id);
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    log(&id, method.as_str(), &path, response.status(), took_ms);
    dress(response, &id, path.starts_with("/api/"))
}

/// Runs the handler as a task of its own: a client that hangs up must not stop a change between the store and the
/// caches that have to hear of it.
async fn run(request: Request, next: Next) -> Response {
    let deadline = if takes_a_while(&request) { LONG_DEADLINE } else { DEADLINE };
    within(deadline, tokio::spawn(tokio::time::timeout(WORK_MAX, next.run(request)))).await
}

fn takes_a_while(request: &Request) -> bool {
    let (method, path) = (request.method().as_str(), request.uri().path());
    // A month of calls is read.
    let is_replay = method == "POST" && path.starts_with("/api/tenants/") && path.ends_with("/replay");
    is_replay || LONG.contains(&(method, path))
}

async fn within(deadline: Duration, work: JoinHandle<Result<Response, Elapsed>>) -> Response {
    match tokio::time::timeout(deadline, work).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Ok(Err(_))) | Err(_) => Problem::too_slow().into_response(),
        // The panic hook has written down what happened.
        Ok(Err(_)) => Problem::internal().into_response(),
    }
}

fn log(id: &str, method: &str, path: &str, status: StatusCode, took_ms: u64) {
    let status = status.as_u16();
    if status >= 500 {
        tracing::warn!(request_id = id, method, path, status, took_ms, "admin request failed");
    } else {
        tracing::debug!(request_id = id, method, path, status, took_ms, "admin request answered");
    }
}

/// Security headers: nothing of ours is framed, sniffed or kept by a cache, and pages load only what we serve.
fn dress(mut response: Response, id: &str, is_api: bool) -> Response {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // A page that holds its own style names it.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    if is_api {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// An id given by whoever stands in front of us is kept, so that their log and ours speak of the same request.
fn given_id(request: &Request) -> Option<String> {
    let given = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&given.len()) && given.bytes().all(plain)).then(|| given.to_owned())
}

fn new_id(admin: &AdminState) -> String {
    use std::fmt::Write;
    (admin.random)().iter().fold("req_".to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn an_answer_that_never_comes_is_given_up() {
        let never = tokio::spawn(async { Ok(pending::<Response>().await) });
        assert_eq!(within(SOON, never).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        let cut_off = tokio::spawn(tokio::time::timeout(SOON, pending::<Response>()));
        assert_eq!(within(DEADLINE, cut_off).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn an_answer_in_time_is_passed_on() {
        let quick = tokio::spawn(tokio::time::timeout(WORK_MAX, ready(StatusCode::NO_CONTENT.into_response())));
        assert_eq!(within(DEADLINE, quick).await.status(), StatusCode::NO_CONTENT);
    }
}
