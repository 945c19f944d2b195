//! Who may ask: everything under `/api/` needs a bearer token.
//!
//! There is one token, the operator's; it may do everything. Tokens for less come with their own table.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::AdminState;
use super::error::Problem;
use crate::store::Actor;

/// Whoever sent the request, as the audit log names them.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub Actor);

/// Lets a request through if it may pass. What lies outside `/api/` is for everybody; what lies inside answers 401
/// without a token even where there is nothing, so that nobody can learn what is there.
pub(super) async fn guard(State(admin): State<AdminState>, mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    match caller(request.headers(), &admin.token_sha256) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

fn caller(headers: &HeaderMap, token_sha256: &[u8; 32]) -> Result<Caller, Problem> {
    let given = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| Problem::unauthorized("send the admin token as authorization: Bearer …"))?;
    let token = given.to_str().ok().and_then(bearer);
    let token = token.ok_or_else(|| Problem::unauthorized("the authorization header is not of the form Bearer …"))?;
    let sum: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    // Both sides are hashes, of one length and unguessable: the time taken tells nothing of the token.
    if bool::from(sum.ct_eq(token_sha256)) {
        Ok(Caller(Actor("operator".to_owned())))
    } else {
        Err(Problem::unauthorized("this token is not good here"))
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Caller, Problem> {
        // Absent only if a route was built outside the guard: then it is closed, not open.
        let passed = parts.extensions.get::<Caller>().cloned();
        passed.ok_or_else(|| Problem::unauthorized("send the admin token as authorization: Bearer …"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_the_token_itself_passes() {
        let sum: [u8; 32] = Sha256::digest(b"open-sesame").into();
        let asks = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            caller(&headers, &sum).is_ok()
        };
        assert!(asks("Bearer open-sesame"));
        assert!(asks("bearer  open-sesame "));
        for bad in ["Bearer open-sesam", "Bearer ", "Bearer", "open-sesame", "Basic open-sesame", ""] {
            assert!(!asks(bad), "{bad}");
        }
        assert!(caller(&HeaderMap::new(), &sum).is_err());
    }
}
