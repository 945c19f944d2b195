//! Who may ask: everything under `/api/` needs a bearer token, and a token opens its own part of the installation.
//!
//! The operator's token of the settings, or one of the store. What a token does not open is not there for it: lists
//! leave it out, lookups answer 404. What it may look at but not change answers 403.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::AdminState;
use super::error::Problem;
use crate::model::{Access, OrgId, Role, Scope, Tenant, TenantId, TokenId};
use crate::store::{Actor, Token};

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
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let opened = if request.uri().path() == "/api/restaurants" {
        super::restaurants::caller(&admin, request.headers())
    } else {
        None
    };
    let asks = match opened {
        Some(caller) => Ok(caller),
        None => caller(&admin, request.headers()).await,
    };
    match asks {
        Ok(caller) if caller.access == Access::Read && changes_something(&request) => {
            Problem::read_only().into_response()
        }
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// All that is not a question. The questions that have a body store nothing.
fn changes_something(request: &Request) -> bool {
    let path = request.uri().path();
    let is_question = *request.method() == Method::POST && (path.ends_with("/simulate") || path == "/api/exports");
    !is_question && !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
}

async fn caller(admin: &AdminState, headers: &HeaderMap) -> Result<Caller, Problem> {
    let token = bearer(headers)?;
    let sum: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    // Both sides are hashes, of one length and unguessable: the time taken tells nothing of the token.
    if admin.token_sha256.is_some_and(|own| bool::from(sum.ct_eq(&own))) {
        return Ok(Caller::operator_of_settings());
    }
    let now = (admin.now)();
    let good = admin.store.token_by_hash(&sum).await?.filter(|token| token.is_good(now));
    let token = good.ok_or_else(|| Problem::unauthorized("this token is not good here"))?;
    if token.last_used_at.is_none_or(|used| now.duration_since(used) >= USED_EVERY)
        && let Err(error) = admin.store.token_used(&token.id, now).await
    {
        // Whoever asks is not made to wait or fail for a note about them.
        tracing::warn!(%error, "could not note that a token was used");
    }
    Ok(Caller::of(token))
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
