//! Organizations: whose Twilio account carries the calls, and who may be charged for numbers.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auth::Caller;
use super::error::Problem;
use super::json::{IfMatch, Json, etag, given};
use super::lists::ListQuery;
use super::narrowings::OrgQuery;
use super::owned::OfOrg;
use super::{AdminState, purchases};
use crate::model::{Billing, Change, E164, Org, OrgId, Secret, Sid, TwilioAccount};
use crate::store::Actor;

/// An organization.
#[derive(Serialize, ToSchema)]
#[schema(as = Organization)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrgBody {
    #[schema(value_type = String, format = "org-id", example = "org_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: OrgId,
    #[schema(example = "Acme Reception Services")]
    name: String,
    /// Its own Twilio account; null while its calls are carried by the account of this installation.
    twilio: Option<AccountBody>,
    billing: BillingStatus,
    /// Numbers are bought for it: its billing is verified, or the installation asks for none (policy.require_payment).
    may_buy: bool,
    /// Rises with every change; also in the ETag, for If-Match.
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A Twilio account, as far as it is told again: never its tokens.
#[derive(Serialize, ToSchema)]
#[schema(as = TwilioAccount)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountBody {
    #[schema(value_type = String, format = "sid", example = "AC00000000000000000000000000000001")]
    account_sid: Sid,
    /// A token for after the next rotation is kept too.
    has_next_token: bool,
    /// Shown as caller ID where the caller's own cannot be.
    #[schema(value_type = Option<String>, format = "e164")]
    phone_number: Option<E164>,
}

/// May it be charged for numbers?
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = BillingStatus)]
#[serde(rename_all = "lowercase")]
pub(super) enum BillingStatus {
    Unverified,
    Verified,
}

/// An organization to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewOrganization, example = json!({"name": "Acme Reception Services"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OrgNew {
    #[schema(format = "spoken", max_length = 200)]
    name: String,
}

/// What to change of an organization.
#[derive(Deserialize, ToSchema)]
#[schema(as = OrganizationChange, example = json!({"name": "Acme Reception"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct OrgPatch {
    #[serde(default)]
    #[schema(value_type = String, required = false, format = "spoken", max_length = 200)]
    name: Option<String>,
}

/// Credentials at Twilio. They are sealed, and never told again.
#[derive(Deserialize, ToSchema)]
#[schema(as = TwilioCredentials, example = json!({
    "accountSid": "AC00000000000000000000000000000002", "authToken": "not-a-real-token", "phoneNumber": "+16475550155"
}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TwilioPut {
    #[schema(format = "sid")]
    account_sid: String,
    /// The token that signs its webhooks.
    #[schema(min_length = 1, max_length = 256, pattern = "^[!-~]*$", write_only)]
    auth_token: String,
    /// The token that will sign after the next rotation; both are accepted meanwhile.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256, pattern = "^[!-~]*$", write_only)]
    auth_token_next: Option<String>,
    /// A number of the account, shown as caller ID where the caller's own cannot be. Absent: as it is.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "e164")]
    phone_number: Option<Option<String>>,
}

/// Whether an organization may be charged for numbers.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Billing, example = json!({"status": "verified"}))]
#[serde(deny_unknown_fields)]
pub(super) struct BillingBody {
    status: BillingStatus,
}

/// A page of organizations.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganizationPage {
    data: Vec<OrgBody>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Organizations by name
#[utoipa::path(get, params(OrgQuery), path = "/api/orgs", tag = "organizations",
    responses((status = 200, description = "A page", body = OrganizationPage)))]
pub(super) async fn list(
    State(admin): State<AdminState>,
    ListQuery(ask): ListQuery<OrgQuery>,
) -> Result<Answer<OrganizationPage>, Problem> {
    let page = admin.store.orgs(&ask).await?;
    Ok(Answer(OrganizationPage {
        data: page.rows.iter().map(|org| OrgBody::of(&admin, org)).collect(),
        next_cursor: page.next_cursor,
    }))
}

/// Creates an organization
///
/// Until it has a Twilio account of its own, the account of this installation carries the calls of its tenants.
#[utoipa::path(post, path = "/api/orgs", tag = "organizations", request_body = OrgNew,
    responses((status = 201, description = "The organization", body = OrgBody)))]
pub(super) async fn create(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(new): Json<OrgNew>,
) -> Result<Response, Problem> {
    caller.operator()?;
    let seed = admin.seed();
    let org = Org {
        id: OrgId::new(seed),
        name: new.name,
        twilio: None,
        billing: Billing::Unverified,
        version: 1,
        created_at: seed.at,
        updated_at: seed.at,
    };
    admin.store.create_org(&org, &caller.by).await?;
    let location = [(header::LOCATION, format!("/api/orgs/{}", org.id))];
    Ok((StatusCode::CREATED, etag(org.version), location, Answer(OrgBody::of(&admin, &org))).into_response())
}

/// An organization
#[utoipa::path(get, path = "/api/orgs/{id}", tag = "organizations",
    responses((status = 200, description = "The organization", body = OrgBody)))]
pub(super) async fn read(State(admin): State<AdminState>, OfOrg(org): OfOrg) -> Response {
    OrgBody::answer(&admin, &org)
}

/// Changes an organization
#[utoipa::path(patch, path = "/api/orgs/{id}", tag = "organizations", request_body = OrgPatch,
    responses((status = 200, description = "The organization as it is now", body = OrgBody)))]
pub(super) async fn change(
    State(admin): State<AdminState>,
    caller: Caller,
    OfOrg(before): OfOrg,
    if_match: IfMatch,
    Json(patch): Json<OrgPatch>,
) -> Result<Response, Problem> {
    let put_name = |org: &mut Org| org.name = patch.name.unwrap_or_else(|| org.name.clone());
    let after = save(&admin, &caller.by, &before, &if_match, put_name).await?;
    Ok(OrgBody::answer(&admin, &after))
}

/// Deletes an organization that has no tenants
///
/// Its tokens open nothing any more.
#[utoipa::path(delete, path = "/api/orgs/{id}", tag = "organizations",
    responses((status = 204, description = "It is gone")))]
pub(super) async fn delete(
    State(admin): State<AdminState>,
    caller: Caller,
    OfOrg(org): OfOrg,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    caller.operator()?;
    let deleted = admin.store.delete_org(&org.id, if_match.expected(org.version)?, &caller.by).await;
    (admin.changed)(Change::Org(org.id));
    deleted?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an organization its own Twilio account, or the account other tokens
///
/// From the next call on its tenants' calls must be signed by this account.
#[utoipa::path(put, path = "/api/orgs/{id}/twilio", tag = "organizations", request_body = TwilioPut,
    responses((status = 200, description = "The organization as it is now", body = OrgBody)))]
pub(super) async fn put_twilio(
    State(admin): State<AdminState>,
    caller: Caller,
    OfOrg(before): OfOrg,
    if_match: IfMatch,
    Json(put): Json<TwilioPut>,
) -> Result<Response, Problem> {
    let sid = Sid::parse(&put.account_sid).expect("the schema let it through, and it asks the same function");
    let is_platforms = admin.around.global_account.as_ref().is_some_and(|global| global.sid == sid);
    if is_platforms {
        return Err(Problem::account_taken());
    }
    let kept = before.twilio.as_ref().filter(|account| account.sid == sid).and_then(|account| account.phone_number);
    let phone_number = match put.phone_number {
        Some(given) => given.and_then(|digits| E164::parse(&digits).ok()),
        None => kept,
    };
    let account = TwilioAccount {
        sid,
        auth_token: Secret::new(put.auth_token),
        auth_token_next: put.auth_token_next.map(Secret::new),
        phone_number,
    };
    let after = save(&admin, &caller.by, &before, &if_match, move |org| org.twilio = Some(account)).await?;
    Ok(OrgBody::answer(&admin, &after))
}

/// Takes an organization's own Twilio account away
///
/// Its tenants' calls are carried by the account of this installation again.
#[utoipa::path(delete, path = "/api/orgs/{id}/twilio", tag = "organizations",
    responses((status = 204, description = "It has no account of its own")))]
pub(super) async fn delete_twilio(
    State(admin): State<AdminState>,
    caller: Caller,
    OfOrg(before): OfOrg,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let after = save(&admin, &caller.by, &before, &if_match, |org| org.twilio = None).await?;
    Ok((StatusCode::NO_CONTENT, etag(after.version)).into_response())
}

/// Whether an organization may be charged for numbers
#[utoipa::path(get, path = "/api/orgs/{id}/billing", tag = "organizations",
    responses((status = 200, description = "Its state", body = BillingBody)))]
pub(super) async fn read_billing(OfOrg(org): OfOrg) -> Response {
    (etag(org.version), Answer(BillingBody { status: BillingStatus::of(org.billing) })).into_response()
}

/// Says whether an organization may be charged for numbers
#[utoipa::path(put, path = "/api/orgs/{id}/billing", tag = "organizations", request_body = BillingBody,
    responses((status = 200, description = "Its state", body = BillingBody)))]
pub(super) async fn put_billing(
    State(admin): State<AdminState>,
    caller: Caller,
    OfOrg(before): OfOrg,
    if_match: IfMatch,
    Json(put): Json<BillingBody>,
) -> Result<Response, Problem> {
    caller.operator()?;
    let billing = match put.status {
        BillingStatus::Unverified => Billing::Unverified,
        BillingStatus::Verified => Billing::Verified,
    };
    let after = save(&admin, &caller.by, &before, &if_match, move |org| org.billing = billing).await?;
    Ok((etag(after.version), Answer(put)).into_response())
}

/// Changes an organization, tells everybody, and answers what it is now. What changes nothing is no change.
async fn save(
    admin: &AdminState,
    by: &Actor,
    before: &Org,
    if_match: &IfMatch,
    change: impl FnOnce(&mut Org) + Clone + Send,
) -> Result<Org, Problem> {
    let expected = if_match.expected(before.version)?;
    let mut after = before.clone();
    change.clone()(&mut after);
    if after == *before {
        return Ok(after);
    }
    let now = (admin.now)();
    let dated = move |org: &mut Org| {
        change(org);
        org.updated_at = now;
    };
    let saved = admin.store.change_org(&before.id, expected, by, dated).await;
    // Also where the store failed: whether it kept the change is not known then.
    (admin.changed)(Change::Org(before.id.clone()));
    Ok(saved?)
}

impl OrgBody {
    fn of(admin: &AdminState, org: &Org) -> OrgBody {
        OrgBody {
            id: org.id.clone(),
            name: org.name.clone(),
            twilio: org.twilio.as_ref().map(|account| AccountBody {
                account_sid: account.sid.clone(),
                has_next_token: account.auth_token_next.is_some(),
                phone_number: account.phone_number,
            }),
            billing: BillingStatus::of(org.billing),
            may_buy: purchases::pays_for(admin, org),
            version: org.version,
            created_at: org.created_at,
            updated_at: org.updated_at,
        }
    }

    fn answer(admin: &AdminState, org: &Org) -> Response {
        (etag(org.version), Answer(OrgBody::of(admin, org))).into_response()
    }
}

impl BillingStatus {
    fn of(billing: Billing) -> BillingStatus {
        match billing {
            Billing::Unverified => BillingStatus::Unverified,
            Billing::Verified => BillingStatus::Verified,
        }
    }
}
