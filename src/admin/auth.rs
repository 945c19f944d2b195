//! Who may ask: everything under `/api/` needs a bearer token, or the cookie of a session, which stands for one. A token
//! opens its own part of the installation.
//!
//! The operator's token of the settings, or one of the store. What a token does not open is not there for it: lists
//! leave it out, lookups answer 404. What it may look at but not change answers 403.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::error::Problem;
use super::session::{self, Door};
use super::{AdminState, cookie, cross_site};
use crate::model::{Access, OrgId, Role, Scope, Tenant, TenantId, TokenId};
use crate::store::{self, Actor, Token};

/// How exact it is kept when a token was last used: a write for every request would cost more than it tells.
const USED_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Whoever sent the request, and what they may.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// As the audit log names them.
    pub by: Actor,
    /// For whom they speak.
    pub role: Role,
    /// What they may do.
    pub access: Access,
    /// Their token; none where it is the one of the settings.
    pub token: Option<TokenId>,
}

impl Caller {
    /// The part of the installation they may see.
    pub fn scope(&self) -> Scope {
        self.role.scope()
    }

    /// Do they see what belongs to this organization, and to this tenant of it where there is one?
    pub fn sees(&self, org: Option<&OrgId>, tenant: Option<&TenantId>) -> bool {
        self.role.sees(org, tenant)
    }

    /// What a body names and the caller does not find: for the platform's own people a fault of the body, since they see
    /// everything; for everybody else it is not there, like what a path names.
    pub fn finds_no(&self, what: &str, id: &str, pointer: &str) -> Problem {
        match self.role {
            Role::Operator => Problem::fault(pointer, "not_found", format!("there is no {what} {id}")),
            Role::Org(_) | Role::Tenant { .. } => Problem::not_found(what, id),
        }
    }

    /// What only the platform's own people may do.
    pub fn operator(&self) -> Result<(), Problem> {
        if self.role == Role::Operator { Ok(()) } else { Err(Problem::operator_only()) }
    }

    /// What a tenant's own token may not do to the tenant: make it, and make it go.
    pub fn administers(&self, tenant: &Tenant) -> Result<(), Problem> {
        if self.sees(Some(&tenant.org_id), None) { Ok(()) } else { Err(Problem::tenant_only()) }
    }

    fn operator_of_settings() -> Caller {
        let by = Actor("operator".to_owned());
        Caller { by, role: Role::Operator, access: Access::Write, token: None }
    }

    fn of(token: Token) -> Caller {
        let by = Actor(format!("{} ({})", token.name, token.id));
        Caller { by, role: token.role, access: token.access, token: Some(token.id) }
    }
}

/// Lets a request through if it may pass. What lies outside `/api/` is for everybody; what lies inside answers 401
/// without a token even where there is nothing, so that nobody can learn what is there.
pub(super) async fn guard(State(admin): State<AdminState>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !path.starts_with("/api/") {
        return next.run(request).await;
    }
    // Whoever signs in has nothing to show yet but what stands in the body.
    if path == session::PATH && *request.method() == Method::POST {
        let foreign = cross_site::is_foreign(request.headers());
        return if foreign { Problem::cross_site().into_response() } else { next.run(request).await };
    }
    let opened = if request.uri().path() == "/api/restaurants" {
        super::restaurants::caller(&admin, request.headers())
    } else {
        None
    };
    let asks = match opened {
        Some(caller) => Ok((caller, None)),
        None => caller(&admin, request.method(), request.headers()).await.map(|(caller, door)| (caller, Some(door))),
    };
    match asks {
        Ok((caller, _)) if caller.access == Access::Read && changes_something(&request) => {
            Problem::read_only().into_response()
        }
        Ok((caller, door)) => {
            let org = caller.role.org().cloned();
            request.extensions_mut().insert(caller);
            if let Some(door) = door {
                request.extensions_mut().insert(door);
            }
            // What they see is told to the store once, here, besides what each question asks for.
            store::seen_by(org.as_ref(), next.run(request)).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// All that is not a question. The questions that have a body store nothing, and whoever signs out or has a link made
/// changes nothing but their own way in.
fn changes_something(request: &Request) -> bool {
    let path = request.uri().path();
    let is_question = *request.method() == Method::POST && is_question(path);
    let is_way_in = path == session::PATH || path == session::LINKS;
    !is_question && !is_way_in && !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Is what is posted there a question, which has a body and stores nothing? Messages to webhooks are replayed too, and
/// that is none.
pub(super) fn is_question(path: &str) -> bool {
    let is_about = |place: &str, words: &[&str]| path.starts_with(place) && words.iter().any(|end| path.ends_with(end));
    path == "/api/exports"
        || is_about("/api/tenants/", &["/simulate", "/coverage", "/replay"])
        || is_about("/api/calls/", &["/replay"])
}

/// Whoever shows a token, else whoever carries a session. Browsers carry it wherever they are sent, so what changes
/// something must come from a page of ours.
async fn caller(admin: &AdminState, method: &Method, headers: &HeaderMap) -> Result<(Caller, Door), Problem> {
    if headers.contains_key(header::AUTHORIZATION) || !cookie::is_there(headers) {
        let token_sha256: [u8; 32] = Sha256::digest(bearer(headers)?.as_bytes()).into();
        let (caller, _) = by_token(admin, &token_sha256).await?;
        return Ok((caller, Door { token_sha256, session: None }));
    }
    if !matches!(*method, Method::GET | Method::HEAD) && !cross_site::is_same_origin(headers) {
        return Err(Problem::cross_site());
    }
    session::by_cookie(admin, headers).await
}

/// Whose the token with this hash is, and until when it is good where that has an end.
pub(super) async fn by_token(admin: &AdminState, sum: &[u8; 32]) -> Result<(Caller, Option<Timestamp>), Problem> {
    // Both sides are hashes, of one length and unguessable: the time taken tells nothing of the token.
    if admin.token_sha256.is_some_and(|own| bool::from(sum.ct_eq(&own))) {
        return Ok((Caller::operator_of_settings(), None));
    }
    let now = (admin.now)();
    let good = admin.store.token_by_hash(sum).await?.filter(|token| token.is_good(now));
    let token = good.ok_or_else(|| Problem::unauthorized("this token is not good here"))?;
    if token.last_used_at.is_none_or(|used| now.duration_since(used) >= USED_EVERY)
        && let Err(error) = admin.store.token_used(&token.id, now).await
    {
        // Whoever asks is not made to wait or fail for a note about them.
        tracing::warn!(%error, "could not note that a token was used");
    }
    let good_until = token.expires_at;
    Ok((Caller::of(token), good_until))
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let given = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(|| Problem::unauthorized("send the admin token as authorization: Bearer …"))?;
    let token = given.to_str().ok().and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
    });
    token.ok_or_else(|| Problem::unauthorized("the authorization header is not of the form Bearer …"))
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
    fn a_question_changes_nothing_and_a_message_sent_again_does() {
        for path in ["simulate", "coverage", "replay"].map(|word| format!("/api/tenants/ten_1/{word}")) {
            assert!(is_question(&path), "{path}");
        }
        assert!(is_question("/api/calls/CA1/replay") && is_question("/api/exports"));
        for path in ["/api/webhooks/wh_1/replay", "/api/webhooks/wh_1/deliveries/msg_1/replay", "/api/tenants/ten_1"] {
            assert!(!is_question(path), "{path}");
        }
    }

    #[test]
    fn a_bearer_token_is_read_and_nothing_else_is() {
        let asks = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(value));
            bearer(&headers).map(str::to_owned).ok()
        };
        assert_eq!(asks("Bearer open-sesame").as_deref(), Some("open-sesame"));
        assert_eq!(asks("bearer  open-sesame ").as_deref(), Some("open-sesame"));
        for bad in ["Bearer ", "Bearer", "open-sesame", "Basic open-sesame", ""] {
            assert_eq!(asks(bad), None, "{bad}");
        }
        assert!(bearer(&HeaderMap::new()).is_err());
    }
}
