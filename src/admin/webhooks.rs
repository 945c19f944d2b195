//! Endpoints that are told of events: made, changed, rotated, deleted, each by whoever it belongs to.

use axum::Json as Answer;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::json::{Id, IfMatch, Json, OptionalJson, etag};
use super::lists::ListQuery;
use super::narrowings::WebhookQuery;
use super::webhook_body::{
    Rotation, WebhookBody, WebhookNew, WebhookPage, WebhookPatch, WithSecretBody, events, secret,
};
use crate::model::{OrgId, Role, SigningSecret, TenantId, Webhook, WebhookId};

/// The endpoint of the path, if the caller may see it.
pub(super) struct OfWebhook(pub Webhook);

impl FromRequestParts<AdminState> for OfWebhook {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, admin: &AdminState) -> Result<OfWebhook, Problem> {
        let caller = Caller::from_request_parts(parts, admin).await?;
        let Id(id) = Id::<WebhookId>::from_request_parts(parts, admin).await?;
        let nothing = || Problem::not_found("webhook", id.as_str());
        let webhook = admin.store.webhook(&id).await?.ok_or_else(nothing)?;
        let org = match &webhook.tenant_id {
            Some(tenant) => admin.store.tenant(tenant).await?.map(|tenant| tenant.org_id),
            None => webhook.org_id.clone(),
        };
        let seen = caller.sees(org.as_ref(), webhook.tenant_id.as_ref());
        if seen { Ok(OfWebhook(webhook)) } else { Err(nothing()) }
    }
}

/// Endpoints, newest first
#[utoipa::path(get, params(WebhookQuery), path = "/api/webhooks", tag = "webhooks",
    responses((status = 200, description = "A page", body = WebhookPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<WebhookQuery>,
) -> Result<Answer<WebhookPage>, Problem> {
    let page = admin.store.webhooks(&ask).await?;
    Ok(Answer(WebhookPage { data: page.rows.iter().map(WebhookBody::of).collect(), next_cursor: page.next_cursor }))
}

/// Makes an endpoint
///
/// The secret that signs is answered here and never again.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", request_body = WebhookNew,
    responses((status = 201, description = "The endpoint, with its secret", body = WithSecretBody)))]
pub(super) async fn create(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(new): Json<WebhookNew>,
) -> Result<Response, Problem> {
    let mut faults = Vec::new();
    let (org_id, tenant_id) = owner(&admin, &caller, &new).await?;
    let events = events(&new.events, org_id.is_none() && tenant_id.is_none(), &mut faults);
    let brought = secret(new.secret.as_deref(), &mut faults);
    faults.extend((admin.webhook_url)(&new.url).err());
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let seed = admin.seed();
    let webhook = Webhook {
        id: WebhookId::new(seed),
        org_id,
        tenant_id,
        url: new.url,
        events,
        description: new.description,
        enabled: new.enabled.unwrap_or(true),
        disabled_reason: None,
        version: 1,
        created_at: seed.at,
        updated_at: seed.at,
    };
    let secret = brought.unwrap_or_else(|| SigningSecret::new((admin.secret)()));
    admin.store.create_webhook(&webhook, &secret, &caller.by).await?;
    let location = [(header::LOCATION, format!("/api/webhooks/{}", webhook.id))];
    let body = Answer(WithSecretBody::of(&webhook, &secret));
    Ok((StatusCode::CREATED, etag(webhook.version), location, body).into_response())
}

/// An endpoint
#[utoipa::path(get, path = "/api/webhooks/{id}", tag = "webhooks",
    responses((status = 200, description = "The endpoint", body = WebhookBody)))]
pub(super) async fn read(OfWebhook(webhook): OfWebhook) -> Response {
    (etag(webhook.version), Answer(WebhookBody::of(&webhook))).into_response()
}

/// Changes an endpoint
///
/// What it was still to be sent is given up where it is disabled; it can be sent again.
#[utoipa::path(patch, path = "/api/webhooks/{id}", tag = "webhooks", request_body = WebhookPatch,
    responses((status = 200, description = "The endpoint as it is now", body = WebhookBody)))]
pub(super) async fn change(
    State(admin): State<AdminState>,
    caller: Caller,
    OfWebhook(before): OfWebhook,
    if_match: IfMatch,
    Json(patch): Json<WebhookPatch>,
) -> Result<Response, Problem> {
    let expected = if_match.expected(before.version)?;
    let mut faults = Vec::new();
    let is_of_installation = before.org_id.is_none() && before.tenant_id.is_none();
    let events = patch.events.as_ref().map(|given| events(given, is_of_installation, &mut faults));
    faults.extend(patch.url.as_ref().and_then(|url| (admin.webhook_url)(url).err()));
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let now = (admin.now)();
    let apply = |webhook: &mut Webhook| {
        webhook.url = patch.url.unwrap_or_else(|| webhook.url.clone());
        webhook.events = events.unwrap_or_else(|| webhook.events.clone());
        webhook.description = patch.description.unwrap_or_else(|| webhook.description.clone());
        webhook.enabled = patch.enabled.unwrap_or(webhook.enabled);
    };
    let mut after = before.clone();
    apply.clone()(&mut after);
    // What changes nothing is no change.
    if after != before {
        let changed = admin.store.change_webhook(&before.id, expected, &caller.by, |webhook| {
            apply(webhook);
            webhook.updated_at = now;
        });
        after = changed.await?;
    }
    Ok((etag(after.version), Answer(WebhookBody::of(&after))).into_response())
}

/// Deletes an endpoint
///
/// Everything it was sent and was to be sent goes with it.
#[utoipa::path(delete, path = "/api/webhooks/{id}", tag = "webhooks",
    responses((status = 204, description = "It is gone")))]
pub(super) async fn delete(
    State(admin): State<AdminState>,
    caller: Caller,
    OfWebhook(webhook): OfWebhook,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let expected = if_match.expected(webhook.version)?;
    admin.store.delete_webhook(&webhook.id, expected, &caller.by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an endpoint a new secret
///
/// The new one is answered here and never again. For 24 hours everything is signed with both.
#[utoipa::path(post, path = "/api/webhooks/{id}/rotate", tag = "webhooks", request_body = Option<Rotation>,
    responses((status = 200, description = "The endpoint, with its new secret", body = WithSecretBody)))]
pub(super) async fn rotate(
    State(admin): State<AdminState>,
    caller: Caller,
    OfWebhook(webhook): OfWebhook,
    OptionalJson(rotation): OptionalJson<Rotation>,
) -> Result<Response, Problem> {
    let mut faults = Vec::new();
    let brought = secret(rotation.secret.as_deref(), &mut faults);
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let secret = brought.unwrap_or_else(|| SigningSecret::new((admin.secret)()));
    let rotated = admin.store.rotate_webhook(&webhook.id, None, &secret, (admin.now)(), &caller.by).await?;
    Ok((etag(rotated.version), Answer(WithSecretBody::of(&rotated, &secret))).into_response())
}

/// Whose the new endpoint is: as asked, else the caller's own.
async fn owner(
    admin: &AdminState,
    caller: &Caller,
    new: &WebhookNew,
) -> Result<(Option<OrgId>, Option<TenantId>), Problem> {
    match (&new.org_id, &new.tenant_id) {
        (Some(_), Some(_)) => {
            Err(Problem::fault("/orgId", "one_owner", "an endpoint is an organization's or a tenant's, not both"))
        }
        (Some(given), None) => {
            let org = match OrgId::parse(given).ok().filter(|id| caller.sees(Some(id), None)) {
                Some(id) => admin.store.org(&id).await?,
                None => None,
            };
            let org = org.ok_or_else(|| caller.finds_no("organization", given, "/orgId"))?;
            Ok((Some(org.id), None))
        }
        (None, Some(given)) => {
            let tenant = match TenantId::parse(given) {
                Ok(id) => admin.store.tenant(&id).await?,
                Err(_) => None,
            };
            let tenant = tenant.filter(|tenant| caller.sees(Some(&tenant.org_id), Some(&tenant.id)));
            let tenant = tenant.ok_or_else(|| caller.finds_no("tenant", given, "/tenantId"))?;
            Ok((None, Some(tenant.id)))
        }
        (None, None) => Ok(match &caller.role {
            Role::Operator => (None, None),
            Role::Org(org) => (Some(org.clone()), None),
            Role::Tenant { tenant, .. } => (None, Some(tenant.clone())),
        }),
    }
}
