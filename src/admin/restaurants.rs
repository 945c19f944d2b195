//! Tenants by the words of an older system: a name, a number if there is one, and the shared target. The secret that
//! opens this opens nothing else.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

use super::auth::Caller;
use super::error::Problem;
use super::jobs;
use super::json::Json;
use super::tenants::{NewTenant, make};
use super::{AdminState, purchases};
use crate::model::{Access, E164, JobId, JobState, NumberId, Role, TenantId};
use crate::provisioning::{About, Asked};
use crate::store::Actor;

/// Where the secret comes.
const SECRET: &str = "X-Vapi-Secret";

/// A restaurant to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewRestaurant, example = json!({"name": "My Restaurant", "assign_phone": true, "force_twilio": false}))]
#[serde(deny_unknown_fields)]
pub(super) struct RestaurantNew {
    #[schema(format = "spoken", max_length = 200)]
    name: String,
    /// Find or buy a number for it; true where nothing is said.
    assign_phone: Option<bool>,
    /// Skip our own pool and the free numbers.
    #[serde(default)]
    force_twilio: bool,
}

/// A restaurant.
#[derive(Serialize, ToSchema)]
#[schema(as = Restaurant)]
pub(super) struct RestaurantBody {
    #[schema(value_type = String, format = "tenant-id")]
    id: TenantId,
    name: String,
    /// Null where there is none, or none yet.
    #[schema(value_type = Option<String>, format = "e164")]
    phone_number: Option<E164>,
    #[schema(value_type = Option<String>, format = "number-id")]
    phone_number_id: Option<NumberId>,
    /// The job that gets it; null where none was asked for.
    #[schema(value_type = Option<String>, format = "job-id")]
    job_id: Option<JobId>,
    #[schema(example = "Restaurant created, and +13125550100 leads to it")]
    message: String,
}

/// Creates a restaurant
///
/// A tenant of the platform's organization, answered by the shared target. Takes `X-Vapi-Secret` in place of an operator's
/// token, and waits up to 25 seconds for the number; the restaurant is there even where there is none.
#[utoipa::path(post, path = "/api/restaurants", tag = "restaurants", request_body = RestaurantNew,
    params(("X-Vapi-Secret" = Option<String>, Header, description = "The secret of Vapi's webhooks.")),
    responses(
        (status = 201, description = "The restaurant", body = RestaurantBody)))]
pub(super) async fn create(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(new): Json<RestaurantNew>,
) -> Result<Response, Problem> {
    caller.operator()?;
    let org_id = admin.store.platform_org().await?.id;
    let wants_number = new.assign_phone.unwrap_or(true);
    if wants_number {
        purchases::is_paid(&admin, &org_id).await?;
    }
    let tenant = make(&admin, &caller, NewTenant::named(new.name, org_id)).await?;
    if !wants_number {
        let body = RestaurantBody {
            id: tenant.id,
            name: tenant.name,
            phone_number: None,
            phone_number_id: None,
            job_id: None,
            message: "Restaurant created, without a number".to_owned(),
        };
        return Ok((StatusCode::CREATED, Answer(body)).into_response());
    }
    let asked = Asked::any_number().forcing_twilio(new.force_twilio);
    let job = jobs::begin(&admin, &caller.by, &About::tenant(&tenant), &asked, purchases::bounds(&admin)).await?;
    let job = jobs::wait_for(&admin, job).await?;
    let number = purchases::bought(&admin, &job).await?;
    let message = match (&number, job.standing.state) {
        (Some(number), _) => format!("Restaurant created, and {} leads to it", number.e164),
        (None, state) if !state.is_end() => "Restaurant created; its number takes a while, see the job".to_owned(),
        (None, JobState::Manual | JobState::Failed) => {
            format!("Restaurant created, without a number: {}", job.standing.detail)
        }
        (None, _) => "Restaurant created, without a number".to_owned(),
    };
    let body = RestaurantBody {
        id: tenant.id,
        name: tenant.name,
        phone_number: number.as_ref().map(|number| number.e164),
        phone_number_id: number.map(|number| number.id),
        job_id: Some(job.id),
        message,
    };
    Ok((StatusCode::CREATED, Answer(body)).into_response())
}

/// Whoever brings the secret, if it is the one, where there is one.
pub(super) fn caller(admin: &AdminState, headers: &HeaderMap) -> Option<Caller> {
    let secret = admin.provision.restaurants_secret.as_ref()?;
    let given = headers.get(SECRET)?.as_bytes();
    // Hashes are of one length: the time taken tells nothing of the secret.
    let fits = Sha256::digest(given).ct_eq(&Sha256::digest(secret.reveal().as_bytes()));
    let by = Actor("restaurants".to_owned());
    bool::from(fits).then_some(Caller { by, role: Role::Operator, access: Access::Write, token: None })
}
