//! How a browser gets in: it shows a token or a link once, and carries a cookie from then on.
//!
//! A session is another door to a token, not another right: role, access, name and end are the token's at every request.
//! Neither secret is kept, only hashes.

use axum::Json as Answer;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::auth::{self, Caller};
use super::error::{Problem, ProblemBody};
use super::json::Json;
use super::tokens::{AccessBody, spelled};
use super::{AdminState, cookie, cross_site};
use crate::model::{OrgId, Role, TenantId};
use crate::store::{Session, SessionKind, Store, StoreError};

/// A day's work; whoever begins another signs in again.
const SESSION_LASTS: SignedDuration = SignedDuration::from_hours(12);

/// Long enough to get from a terminal to a browser.
const LINK_LASTS: SignedDuration = SignedDuration::from_mins(10);

/// Where a browser gets a session without a token to begin with.
pub(super) const PATH: &str = "/api/session";

/// Where a caller has a link made to its own rights.
pub(super) const LINKS: &str = "/api/session/links";

/// By which token a request came in, and through which session if through one.
#[derive(Clone, Debug)]
pub(super) struct Door {
    pub token_sha256: [u8; 32],
    pub session: Option<Session>,
}

impl<S: Send + Sync> FromRequestParts<S> for Door {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Door, Problem> {
        let passed = parts.extensions.get::<Door>().cloned();
        passed.ok_or_else(|| Problem::unauthorized("send the admin token as authorization: Bearer …"))
    }
}

/// What a browser shows: a token, or a link.
#[derive(Deserialize, ToSchema)]
#[schema(as = SignIn, example = json!({"token": "an-operators-token"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SignIn {
    /// A token's secret.
    #[schema(min_length = 1, max_length = 1000)]
    token: Option<String>,
    /// What stands behind the `#` of a one-time link.
    #[schema(min_length = 1, max_length = 1000)]
    link: Option<String>,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionBody {
    /// As the audit log names them.
    #[schema(example = "front desk (tok_01kafbd2x0q7h3m8w5r9t2c6ze)")]
    by: String,
    /// For whom they speak: `operator`, `org:<id>` or `tenant:<id>`.
    #[schema(format = "role", example = "tenant:ten_01kafbd2x0q7h3m8w5r9t2c6ze")]
    role: String,
    access: AccessBody,
    /// The organization they see no further than.
    #[schema(value_type = Option<String>, format = "org-id")]
    org_id: Option<OrgId>,
    /// The tenant they see no further than.
    #[schema(value_type = Option<String>, format = "tenant-id")]
    tenant_id: Option<TenantId>,
    /// What the installation is called.
    #[schema(example = "patchbay")]
    brand: String,
    /// The version of patchbay.
    #[schema(value_type = String, example = "0.1.0")]
    version: &'static str,
    /// When the session ends by itself; null for a bearer token.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A link that signs in once.
#[derive(Serialize, ToSchema)]
#[schema(as = SessionLink)]
#[serde(rename_all = "camelCase")]
pub(super) struct LinkBody {
    /// What to sign in with.
    #[schema(example = "cGljayBhIHNlY3JldCB0aGF0IG5vYm9keSBndWVzc2U")]
    link: String,
    /// The console, with the link behind the `#`, so that it stands in nobody's log.
    #[schema(example = "http://127.0.0.1:8081/sign-in#cGljayBhIHNlY3JldCB0aGF0IG5vYm9keSBndWVzc2U")]
    url: String,
    /// From this instant on it is no good, used or not.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Who is signed in
///
/// By the session's cookie, or by the bearer token, which wins where both come.
#[utoipa::path(get, path = "/api/session", tag = "session",
    responses((status = 200, description = "Whoever asks", body = SessionBody)))]
pub(super) async fn read(State(admin): State<AdminState>, caller: Caller, door: Door) -> Answer<SessionBody> {
    Answer(SessionBody::of(&admin, caller, door.session.as_ref()))
}

/// Signs in
///
/// With a token or a link, one of the two; it needs no token beside. The answer sets a cookie, which opens for 12 hours
/// what the token opens, and no longer than the token is good. A page of another site cannot sign anybody in. An
/// `Idempotency-Key` does nothing here: a secret is not kept to be given out again.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn, responses(
    (status = 200, description = "Whoever signed in", body = SessionBody,
        headers(("Set-Cookie" = String, description = "The session, for browsers."))),
    (status = 401, description = "The token or the link is not good", body = ProblemBody,
        content_type = "application/problem+json"),
    (status = 403, description = "A page of another site asks: `cross_site`", body = ProblemBody,
        content_type = "application/problem+json")))]
pub(super) async fn sign_in(
    State(admin): State<AdminState>,
    headers: HeaderMap,
    Json(shown): Json<SignIn>,
) -> Result<Response, Problem> {
    let token_sha256 = match (&shown.token, &shown.link) {
        (Some(token), None) => sha256(token.trim()),
        (None, Some(link)) => {
            let taken = admin.store.take_link(&sha256(link.trim()), (admin.now)()).await?;
            taken.ok_or_else(|| Problem::unauthorized("this link is not good: it opens once, within ten minutes"))?
        }
        _ => return Err(Problem::fault("", "token_or_link", "give a token or a link, one of the two")),
    };
    let (caller, good_until) = auth::by_token(&admin, &token_sha256).await?;
    let now = (admin.now)();
    let expires_at = good_until.map_or(now + SESSION_LASTS, |end| end.min(now + SESSION_LASTS));
    let secret = URL_SAFE_NO_PAD.encode((admin.secret)());
    let session =
        Session { sha256: sha256(&secret), kind: SessionKind::Session, token_sha256, created_at: now, expires_at };
    admin.store.keep_session(&session).await?;
    let token = caller.token.as_ref().map_or("of the settings", |token| token.as_str());
    tracing::info!(token, by_link = shown.link.is_some(), "somebody signed in to the console");

    let seconds = expires_at.duration_since(now).as_secs();
    let cookie = cookie::keep(&secret, seconds, cross_site::came_over_https(&headers));
    let body = SessionBody::of(&admin, caller, Some(&session));
    Ok(([(header::SET_COOKIE, cookie)], Answer(body)).into_response())
}

/// Signs out
///
/// The session of the cookie ends here too, not in the browser alone. The token stays good.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses(
    (status = 204, description = "The session is over",
        headers(("Set-Cookie" = String, description = "Takes the session from the browser."))),
    (status = 403, description = "A page of another site asks: `cross_site`", body = ProblemBody,
        content_type = "application/problem+json")))]
pub(super) async fn sign_out(State(admin): State<AdminState>, headers: HeaderMap) -> Result<Response, Problem> {
    // A bearer token may have come beside it.
    if let Some(secret) = cookie::read(&headers) {
        admin.store.end_session(&sha256(secret)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie::forget())]).into_response())
}

/// Makes a link that signs in
///
/// Once, within 10 minutes, as whoever made it; for another browser, or for somebody at a terminal. It takes no more than
/// a token that may read.
#[utoipa::path(post, path = "/api/session/links", tag = "session", responses(
    (status = 201, description = "The link", body = LinkBody),
    (status = 403, description = "A page of another site asks: `cross_site`", body = ProblemBody,
        content_type = "application/problem+json")))]
pub(super) async fn make_link(
    State(admin): State<AdminState>,
    headers: HeaderMap,
    door: Door,
) -> Result<Response, Problem> {
    let (now, secret) = ((admin.now)(), (admin.secret)());
    let (link, expires_at) = new_link(&admin.store, door.token_sha256, now, &secret).await?;
    // Where whoever asks has found us, they will find us again.
    let scheme = if cross_site::came_over_https(&headers) { "https" } else { "http" };
    let base = cross_site::host(&headers).map(|host| format!("{scheme}://{host}"));
    let url = link_url(base.as_ref().unwrap_or(&admin.own_base), &link);
    Ok((StatusCode::CREATED, Answer(LinkBody { link, url, expires_at })).into_response())
}

/// A link to a token whose hash is known: the first start shows one with the token it makes. Answers it as a URL.
pub async fn link_to(
    store: &Store,
    token_sha256: [u8; 32],
    base: &str,
    now: Timestamp,
    chance: &[u8; 32],
) -> Result<String, StoreError> {
    let (link, _) = new_link(store, token_sha256, now, chance).await?;
    Ok(link_url(base, &link))
}

async fn new_link(
    store: &Store,
    token_sha256: [u8; 32],
    now: Timestamp,
    chance: &[u8; 32],
) -> Result<(String, Timestamp), StoreError> {
    let (link, expires_at) = (URL_SAFE_NO_PAD.encode(chance), now + LINK_LASTS);
    let row = Session { sha256: sha256(&link), kind: SessionKind::Link, token_sha256, created_at: now, expires_at };
    store.keep_session(&row).await?;
    Ok((link, expires_at))
}

fn link_url(base: &str, link: &str) -> String {
    format!("{base}/sign-in#{link}")
}

/// Who a cookie lets in.
pub(super) async fn by_cookie(admin: &AdminState, headers: &HeaderMap) -> Result<(Caller, Door), Problem> {
    let over = || Problem::unauthorized("this session is over: sign in again");
    let secret = cookie::read(headers).ok_or_else(over)?;
    let session = admin.store.session(&sha256(secret), (admin.now)()).await?.ok_or_else(over)?;
    let token_sha256 = session.token_sha256;
    let (caller, _) = auth::by_token(admin, &token_sha256).await?;
    Ok((caller, Door { token_sha256, session: Some(session) }))
}

fn sha256(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl SessionBody {
    fn of(admin: &AdminState, caller: Caller, session: Option<&Session>) -> SessionBody {
        let role = spelled(&caller.role);
        let (org_id, tenant_id) = match caller.role {
            Role::Operator => (None, None),
            Role::Org(org) => (Some(org), None),
            Role::Tenant { org, tenant } => (Some(org), Some(tenant)),
        };
        SessionBody {
            by: caller.by.0,
            role,
            access: AccessBody::of(caller.access),
            org_id,
            tenant_id,
            brand: admin.brand.clone(),
            version: env!("CARGO_PKG_VERSION"),
            expires_at: session.map(|session| session.expires_at),
        }
    }
}
