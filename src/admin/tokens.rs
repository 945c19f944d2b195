//! Tokens: made for somebody who needs no more than their part, shown once, revoked when they leave.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::{Id, Json};
use super::lists::ListQuery;
use super::narrowings::TokenQuery;
use crate::model::{Access, OrgId, Role, TenantId, TokenId};
use crate::store::{StoreError, Token};

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenBody {
    #[schema(value_type = String, format = "token-id", example = "tok_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: TokenId,
    #[schema(example = "front desk")]
    name: String,
    /// For whom it speaks: `operator`, `org:<id>` or `tenant:<id>`.
    #[schema(format = "role", example = "tenant:ten_01kafbd2x0q7h3m8w5r9t2c6ze")]
    role: String,
    access: AccessBody,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// To the hour or so.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = TokenMade)]
pub(super) struct TokenMade {
    #[serde(flatten)]
    token: TokenBody,
    /// The secret, for `Authorization: Bearer …`. It is shown now and never again.
    secret: String,
}

/// Look, or look and change.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Access)]
#[serde(rename_all = "lowercase")]
pub(super) enum AccessBody {
    Read,
    Write,
}

/// A token to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewToken, example = json!({"name": "dashboard", "role": "operator", "access": "read"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TokenNew {
    /// What it is for, for whoever reads the list and the audit log.
    #[schema(format = "spoken", max_length = 100)]
    name: String,
    /// `operator`, `org:<id>` or `tenant:<id>`; no more than the token that asks.
    #[schema(format = "role")]
    role: String,
    access: AccessBody,
    /// From this instant on it is no good; null or absent means never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A page of tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TokenPage {
    data: Vec<TokenBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Tokens, newest first, those that are no good any more too
#[utoipa::path(get, params(TokenQuery), path = "/api/tokens", tag = "tokens", responses((status = 200, description = "A page", body = TokenPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<TokenQuery>,
) -> Result<Answer<TokenPage>, Problem> {
    let page = admin.store.tokens(&ask).await?;
    Ok(Answer(TokenPage { data: page.rows.iter().map(TokenBody::of).collect(), next_cursor: page.next_cursor }))
}

/// Makes a token
///
/// It never opens more than the token that made it. Only a hash of it is kept.
#[utoipa::path(post, path = "/api/tokens", tag = "tokens", request_body = TokenNew,
    responses((status = 201, description = "The token, with its secret", body = TokenMade)))]
pub(super) async fn create(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(new): Json<TokenNew>,
) -> Result<Response, Problem> {
    let seed = admin.seed();
    if new.expires_at.is_some_and(|end| end <= seed.at) {
        return Err(Problem::fault("/expiresAt", "in_the_past", "this instant is over already"));
    }
    let token = Token {
        id: TokenId::new(seed),
        name: new.name,
        role: role_of(&admin, &caller, &new.role).await?,
        access: new.access.read(),
        created_at: seed.at,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let secret = format!("pb_{}", URL_SAFE_NO_PAD.encode((admin.secret)()));
    let sha256: [u8; 32] = Sha256::digest(&secret).into();
    match admin.store.create_token(&token, &sha256, &caller.by).await {
        // Gone since it was looked up.
        Err(StoreError::NotFound) => return Err(caller.finds_no("organization or tenant", &new.role, "/role")),
        made => made?,
    }
    Ok((StatusCode::CREATED, Answer(TokenMade { token: TokenBody::of(&token), secret })).into_response())
}

/// Revokes a token
///
/// It opens nothing from the next request on. It stays in the list, because the audit log names it.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "tokens", responses((status = 204, description = "It opens nothing any more")))]
pub(super) async fn revoke(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, Problem> {
    let token = admin.store.token(&id).await?.filter(|token| caller.role.covers(&token.role));
    let token = token.ok_or_else(|| Problem::not_found("token", id.as_str()))?;
    admin.store.revoke_token(&token.id, (admin.now)(), &caller.by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The role that is asked for, if it is the caller's to give.
async fn role_of(admin: &AdminState, caller: &Caller, asked: &str) -> Result<Role, Problem> {
    let role = match asked.split_once(':') {
        None => Some(Role::Operator),
        Some(("org", id)) => OrgId::parse(id).ok().map(Role::Org),
        Some((_, id)) => match TenantId::parse(id) {
            Ok(id) => {
                admin.store.tenant(&id).await?.map(|tenant| Role::Tenant { org: tenant.org_id, tenant: tenant.id })
            }
            Err(_) => None,
        },
    };
    match role {
        Some(Role::Operator) if caller.role != Role::Operator => Err(Problem::operator_only()),
        Some(role) if caller.role.covers(&role) => Ok(role),
        _ => Err(caller.finds_no("organization or tenant", asked, "/role")),
    }
}

/// A role as the API writes it.
pub(super) fn spelled(role: &Role) -> String {
    match role {
        Role::Operator => "operator".to_owned(),
        Role::Org(org) => format!("org:{org}"),
        Role::Tenant { tenant, .. } => format!("tenant:{tenant}"),
    }
}

impl TokenBody {
    fn of(token: &Token) -> TokenBody {
        TokenBody {
            id: token.id.clone(),
            name: token.name.clone(),
            role: spelled(&token.role),
            access: AccessBody::of(token.access),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}

impl AccessBody {
    pub(super) fn of(access: Access) -> AccessBody {
        match access {
            Access::Read => AccessBody::Read,
            Access::Write => AccessBody::Write,
        }
    }

    fn read(self) -> Access {
        match self {
            AccessBody::Read => Access::Read,
            AccessBody::Write => Access::Write,
        }
    }
}
