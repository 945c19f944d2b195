//! Numbers that are got: for one tenant, for one that is just made, for all that have none. Whoever asks waits a while,
//! and is told of the job that goes on.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AdminState;
use super::auth::Caller;
use super::error::Problem;
use super::jobs::{self, BegunBody};
use super::json::{Json, OptionalJson};
use super::numbers::NumberBody;
use crate::model::{Billing, Change, E164, Job, JobId, JobState, Org, OrgId, Sid, Tenant, TenantId};
use crate::provisioning::{About, Asked};
use crate::store::{Ask, JobBounds, TenantFilter};

/// Most jobs one batch makes; the rest is made by asking again.
const BATCH_MAX: usize = 10_000;

/// A number to be bought for a tenant.
#[derive(Deserialize, ToSchema)]
#[schema(as = NumberPurchase, example = json!({"projectId": "ten_01kafbd2x0q7h3m8w5r9t2c6ze", "areaCode": "205"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PurchaseNew {
    /// The tenant.
    #[schema(format = "tenant-id")]
    project_id: String,
    /// The assistant that answers for it from now on; without one it is as it was.
    #[schema(format = "sid")]
    agent_id: Option<String>,
    /// An area code of North America; 205 where nothing is said of the United States.
    #[schema(pattern = "^[2-9][0-9]{2}$")]
    area_code: Option<String>,
    /// The tenant's where nothing is said.
    #[schema(format = "country")]
    country: Option<String>,
    /// This number and no other.
    #[schema(format = "e164")]
    number: Option<String>,
}

/// A number was bought.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberPurchased)]
#[serde(rename_all = "camelCase")]
pub(super) struct PurchasedBody {
    success: bool,
    phone_number: NumberBody,
    #[schema(value_type = Option<String>, format = "sid")]
    vapi_number_id: Option<Sid>,
    #[schema(value_type = String, format = "job-id")]
    job_id: JobId,
}

/// Numbers for all tenants that have none.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = NumberBatch, example = json!({"dryRun": true}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BatchNew {
    /// Only tenants of this organization.
    #[schema(format = "org-id")]
    org_id: Option<String>,
    /// Skip our own pool and the free numbers.
    #[serde(default)]
    force_twilio: bool,
    /// Only tell which tenants that would be.
    #[serde(default)]
    dry_run: bool,
}

/// What a batch comes to.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberBatchBegun)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchBody {
    /// Nothing was begun.
    dry_run: bool,
    data: Vec<BatchedBody>,
    /// Tenants whose organization pays for nothing yet.
    unpaid: Vec<TenantRef>,
}

/// A tenant that gets a number.
#[derive(Serialize, ToSchema)]
#[schema(as = BatchedTenant)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchedBody {
    tenant: TenantRef,
    /// Null in a dry run.
    #[schema(value_type = Option<String>, format = "job-id")]
    job_id: Option<JobId>,
}

/// A tenant, as it is named.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantRef {
    #[schema(value_type = String, format = "tenant-id")]
    id: TenantId,
    slug: String,
    name: String,
}

/// Buys a number for a tenant
///
/// Waits up to 25 seconds for it. A number of the account that nobody uses comes before one that is bought.
#[utoipa::path(post, path = "/api/numbers", tag = "numbers", request_body = PurchaseNew,
    responses(
        (status = 201, description = "The number is ready", body = PurchasedBody),
        (status = 202, description = "It takes longer, or has stopped: the job tells", body = BegunBody)))]
pub(super) async fn purchase(
    State(admin): State<AdminState>,
    caller: Caller,
    Json(new): Json<PurchaseNew>,
) -> Result<Response, Problem> {
    let nobody = || caller.finds_no("tenant", &new.project_id, "/projectId");
    let id = TenantId::parse(&new.project_id).map_err(|_| nobody())?;
    let tenant = admin.store.tenant(&id).await?;
    let tenant = tenant.filter(|tenant| caller.sees(Some(&tenant.org_id), Some(&tenant.id))).ok_or_else(nobody)?;
    is_paid(&admin, &tenant.org_id).await?;
    let number = new.number.as_deref().map(|number| E164::parse(number).expect("the schema let it through"));
    if let Some(number) = number
        && admin.store.number_by_e164(number).await?.is_some_and(|known| known.tenant_id.is_some())
    {
        return Err(Problem::number_taken());
    }
    let asked = Asked::Number {
        number,
        area_code: new.area_code,
        country: new.country.map(|country| country.to_ascii_uppercase()),
        force_twilio: true,
        purpose: Default::default(),
        agent: new.agent_id.as_deref().map(|id| Sid::parse(id).expect("the schema let it through")),
    };
    let job = jobs::begin(&admin, &caller.by, &About::tenant(&tenant), &asked, bounds(&admin)).await?;
    let job = jobs::wait_for(&admin, job).await?;
    match bought(&admin, &job).await? {
        Some(number) => {
            let vapi_number_id = number.vapi_number_id.clone();
            let phone_number = NumberBody::of(&number);
            let body = PurchasedBody { success: true, phone_number, vapi_number_id, job_id: job.id };
            Ok((StatusCode::CREATED, Answer(body)).into_response())
        }
        None => Ok(jobs::begun(&job)),
    }
}

/// Gets a number for each tenant that has none
///
/// Each gets a job of its own; ask again for more than ten thousand.
#[utoipa::path(post, path = "/api/numbers/batch", tag = "numbers", request_body = Option<BatchNew>,
    responses(
        (status = 200, description = "A dry run: nothing was begun", body = BatchBody),
        (status = 202, description = "The jobs that were begun", body = BatchBody)))]
pub(super) async fn batch(
    State(admin): State<AdminState>,
    caller: Caller,
    OptionalJson(new): OptionalJson<BatchNew>,
) -> Result<Response, Problem> {
    let org = match new.org_id.as_deref() {
        None => None,
        Some(given) => {
            let seen = OrgId::parse(given).ok().filter(|id| caller.sees(Some(id), None));
            Some(seen.ok_or_else(|| caller.finds_no("organization", given, "/orgId"))?)
        }
    };
    let without = without_number(&admin, &caller, org).await?;
    let (mut paid, mut unpaid) = (Vec::new(), Vec::new());
    let mut known = std::collections::HashMap::new();
    for tenant in without {
        let pays = match known.get(&tenant.org_id) {
            Some(pays) => *pays,
            None => {
                let pays = is_paid(&admin, &tenant.org_id).await.is_ok();
                known.insert(tenant.org_id.clone(), pays);
                pays
            }
        };
        if pays { paid.push(tenant) } else { unpaid.push(TenantRef::of(&tenant)) }
    }
    if new.dry_run {
        let data = paid.iter().map(|tenant| BatchedBody { tenant: TenantRef::of(tenant), job_id: None }).collect();
        return Ok(Answer(BatchBody { dry_run: true, data, unpaid }).into_response());
    }
    let asked = Asked::any_number().forcing_twilio(new.force_twilio);
    let jobs: Vec<Job> =
        paid.iter().map(|tenant| jobs::new(&admin, &caller.by, &About::tenant(tenant), &asked)).collect();
    let mut data = Vec::with_capacity(jobs.len());
    // In portions: others write too.
    for (some, tenants) in jobs.chunks(100).zip(paid.chunks(100)) {
        let only_one = JobBounds { only_one: true, numbers_max: None };
        let kept = admin.store.create_jobs(some, only_one, &caller.by).await?;
        for (job, tenant) in kept.iter().zip(tenants) {
            (admin.changed)(Change::Job(job.id.clone()));
            data.push(BatchedBody { tenant: TenantRef::of(tenant), job_id: Some(job.id.clone()) });
        }
        (admin.provision.wake)();
    }
    Ok((StatusCode::ACCEPTED, Answer(BatchBody { dry_run: false, data, unpaid })).into_response())
}

/// Tenants the caller sees to whom no number leads.
async fn without_number(admin: &AdminState, caller: &Caller, org: Option<OrgId>) -> Result<Vec<Tenant>, Problem> {
    let only = TenantFilter { org, ..TenantFilter::default() };
    let mut ask = Ask { limit: 200, scope: caller.scope(), only, ..Ask::default() };
    let mut found = Vec::new();
    loop {
        let page = admin.store.tenants(&ask).await?;
        for tenant in page.rows {
            let of = Ask { limit: 1, tenant: Some(tenant.id.clone()), ..Ask::default() };
            if admin.store.numbers(&of).await?.rows.is_empty() {
                found.push(tenant);
            }
        }
        match page.next_cursor {
            Some(cursor) if found.len() < BATCH_MAX => ask.cursor = Some(cursor),
            _ => return Ok(found),
        }
    }
}

/// Nothing is bought for whom nobody pays.
pub(super) async fn is_paid(admin: &AdminState, org: &OrgId) -> Result<(), Problem> {
    if pays(admin, org).await? { Ok(()) } else { Err(Problem::payment_required()) }
}

/// Is there somebody who pays for this organization's numbers?
pub(super) async fn pays(admin: &AdminState, org: &OrgId) -> Result<bool, Problem> {
    if !admin.provision.require_payment {
        return Ok(true);
    }
    Ok(admin.store.org(org).await?.is_some_and(|org| pays_for(admin, &org)))
}

/// The same, of one that is at hand.
pub(super) fn pays_for(admin: &AdminState, org: &Org) -> bool {
    !admin.provision.require_payment || org.billing == Billing::Verified
}

/// What a job that gets a number is held against.
pub(super) fn bounds(admin: &AdminState) -> JobBounds {
    JobBounds { only_one: false, numbers_max: Some(admin.provision.numbers_per_tenant) }
}

/// The number a job got, if it is done.
pub(super) async fn bought(admin: &AdminState, job: &Job) -> Result<Option<crate::model::Number>, Problem> {
    if job.standing.state != JobState::Succeeded {
        return Ok(None);
    }
    let id = job.standing.result["numberId"].as_str().and_then(|id| crate::model::NumberId::parse(id).ok());
    match id {
        Some(id) => Ok(admin.store.number(&id).await?),
        None => Ok(None),
    }
}

impl TenantRef {
    fn of(tenant: &Tenant) -> TenantRef {
        TenantRef { id: tenant.id.clone(), slug: tenant.slug.clone(), name: tenant.name.clone() }
    }
}
