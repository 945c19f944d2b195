//! A tenant's own number on its way here: what its carrier wants, the bill, how far the move is, and calling it off.
//! Asked for is it by deploying the tenant, which is configured as `ported`.

use axum::Json as Answer;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::Response;

use super::auth::Caller;
use super::error::{Problem, ProblemBody};
use super::jobs::{self, BegunBody};
use super::json::{Json, read_file};
use super::owned::OfTenant;
use super::port_body::{BillBody, KindBody, PapersBody, PapersPut, PortBody, PortabilityBody, RequestBody, StageBody};
use super::{AdminState, supply};
use crate::model::{
    PhoneIntegration, PhoneMethod, Port, PortBill, PortSeen, PortStage, Tenant, TwilioAccount, missing_for_port,
    port_words,
};
use crate::providers::{Bill, NotABill, PortKind};
use crate::provisioning::{About, Asked, why_not_portable};
use crate::store::JobBounds;

/// The largest bill: what Twilio takes.
const BILL_BYTES_MAX: usize = 10 * 1024 * 1024;

/// How far a tenant's number is on its way here
#[utoipa::path(get, path = "/api/tenants/{id}/port", tag = "ports",
    responses(
        (status = 200, description = "How far, and what is missing", body = PortBody),
        (status = 409, description = "The tenant is not configured as `ported`: `not_ported`", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn read(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
) -> Result<Answer<PortBody>, Problem> {
    let phone = ported(&admin, &tenant).await?;
    Ok(Answer(body(&admin, &tenant, &phone).await?))
}

/// Tells what the carrier wants to know
///
/// Name and address as they stand on the bill. It is kept sealed, handed to Twilio when the tenant is deployed, and
/// forgotten once the number has come.
#[utoipa::path(put, path = "/api/tenants/{id}/port", tag = "ports", request_body = PapersPut,
    responses(
        (status = 200, description = "What was told, and what is missing", body = PortBody),
        (status = 409, description = "The tenant is not configured as `ported`: `not_ported`", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn put(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
    Json(put): Json<PapersPut>,
) -> Result<Answer<PortBody>, Problem> {
    let phone = ported(&admin, &tenant).await?;
    let (known, _) = admin.store.port_papers(&tenant.id).await?;
    let papers = put.read(known, (admin.now)())?;
    admin.store.put_port_papers(&tenant.id, Some(&papers), None, &caller.by).await?;
    Ok(Answer(body(&admin, &tenant, &phone).await?))
}

/// Uploads the bill that proves whose the number is
///
/// A bill of the carrier, at most 30 days old: PDF, JPEG or PNG, up to 10 MiB. It goes to Twilio and is not kept here.
#[utoipa::path(put, path = "/api/tenants/{id}/port/bill", tag = "ports",
    request_body(content((Vec<u8> = "application/pdf"), (Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"))),
    responses(
        (status = 200, description = "Twilio has it", body = PortBody),
        (status = 409, description = "There is no Twilio account to ask (`twilio_missing`), or the tenant is not configured as `ported` (`not_ported`)", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "It is neither PDF nor JPEG nor PNG", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "It is empty", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Twilio failed (`upstream_failed`), or refuses the account's token (`upstream_refused`)", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn put_bill(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
    request: Request,
) -> Result<Answer<PortBody>, Problem> {
    let phone = ported(&admin, &tenant).await?;
    let account = account_of(&admin, &tenant).await?;
    let (head, file) = request.into_parts();
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let file = read_file(file, BILL_BYTES_MAX).await?;
    let bill = Bill::new(&tenant.name, content_type, file).map_err(|error| match error {
        NotABill::Format => Problem::wrong_file_type(error.to_string()),
        NotABill::TooLarge => Problem::too_large(BILL_BYTES_MAX),
        NotABill::Empty => Problem::fault("", "empty", error.to_string()),
    })?;
    let uploaded = admin.supply.twilio.upload_bill(&account, &bill).await;
    let document = uploaded.map_err(|error| supply::failed(&error))?;
    let bill = PortBill { document, at: (admin.now)() };
    admin.store.put_port_papers(&tenant.id, None, Some(&bill), &caller.by).await?;
    Ok(Answer(body(&admin, &tenant, &phone).await?))
}

/// Can the tenant's number come?
///
/// Asks Twilio. Numbers of the United States can, local and mobile ones.
#[utoipa::path(get, path = "/api/tenants/{id}/port/portability", tag = "ports",
    responses(
        (status = 200, description = "Whether, and what its carrier wants", body = PortabilityBody),
        (status = 409, description = "There is no Twilio account to ask (`twilio_missing`), or the tenant is not configured as `ported` (`not_ported`)", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Twilio failed (`upstream_failed`), or refuses the account's token (`upstream_refused`)", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn portability(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
) -> Result<Answer<PortabilityBody>, Problem> {
    let number = ported(&admin, &tenant).await?.clinic_number;
    let account = account_of(&admin, &tenant).await?;
    let found = admin.supply.twilio.portability(&account, number).await.map_err(|error| supply::failed(&error))?;
    let detail = why_not_portable(number, &found).unwrap_or_else(|| format!("{number} can come to Twilio."));
    Ok(Answer(PortabilityBody {
        phone_number: number,
        portable: found.portable,
        needs_pin: found.needs_pin,
        kind: match found.kind {
            PortKind::Local => KindBody::Local,
            PortKind::Mobile => KindBody::Mobile,
            PortKind::TollFree => KindBody::TollFree,
            PortKind::Unknown => KindBody::Unknown,
        },
        detail,
    }))
}

/// Asks Twilio now how far it is
#[utoipa::path(post, path = "/api/tenants/{id}/port/refresh", tag = "ports",
    responses(
        (status = 200, description = "How far it is", body = PortBody),
        (status = 409, description = "Nothing is under way: `no_port`, or the tenant is not configured as `ported` (`not_ported`)", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Twilio could not be asked: `upstream_failed`", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn refresh(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
) -> Result<Answer<PortBody>, Problem> {
    let phone = ported(&admin, &tenant).await?;
    let port = open_port(&admin, &tenant).await?;
    if let Some(why) = (admin.port_look)(port).await? {
        tracing::warn!(why, "could not ask how far a port is");
        return Err(Problem::upstream_failed("Twilio could not be asked how far it is; try again in a moment"));
    }
    Ok(Answer(body(&admin, &tenant, &phone).await?))
}

/// Calls the move off
///
/// The number stays with its carrier. What has come already is not sent back.
#[utoipa::path(post, path = "/api/tenants/{id}/port/cancel", tag = "ports",
    responses(
        (status = 202, description = "The job that does it", body = BegunBody),
        (status = 409, description = "Nothing is under way: `no_port`", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn cancel(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
) -> Result<Response, Problem> {
    let port = open_port(&admin, &tenant).await?;
    let bounds = JobBounds { only_one: true, ..JobBounds::default() };
    let asked = Asked::CallOff { port: port.id };
    Ok(jobs::begun(&jobs::begin(&admin, &caller.by, &About::tenant(&tenant), &asked, bounds).await?))
}

/// The tenant's port that is under way.
async fn open_port(admin: &AdminState, tenant: &Tenant) -> Result<Port, Problem> {
    let port = admin.store.port_of(&tenant.id).await?.filter(|port| port.stage.is_open());
    port.ok_or_else(Problem::no_port)
}

/// How the tenant is reached, if that is by its own number.
async fn ported(admin: &AdminState, tenant: &Tenant) -> Result<PhoneIntegration, Problem> {
    let phone = admin.store.phone_integration(&tenant.id).await?.map(|(phone, _)| phone);
    phone.filter(|phone| phone.method == PhoneMethod::Ported).ok_or_else(Problem::not_ported)
}

/// The account the number comes to.
async fn account_of(admin: &AdminState, tenant: &Tenant) -> Result<TwilioAccount, Problem> {
    let own = admin.store.org(&tenant.org_id).await?.and_then(|org| org.twilio);
    own.or_else(|| admin.around.global_account.clone()).ok_or_else(Problem::twilio_missing)
}

/// Refuses to ask for a number while something is missing.
pub(super) async fn is_complete(admin: &AdminState, tenant: &Tenant, phone: &PhoneIntegration) -> Result<(), Problem> {
    let missing = body(admin, tenant, phone).await?.missing;
    if missing.is_empty() { Ok(()) } else { Err(Problem::port_incomplete(&missing)) }
}

/// How far a tenant's port is; of one that is set up without any, that the number is here.
pub(super) async fn stage(admin: &AdminState, tenant: &Tenant, phone: &PhoneIntegration) -> Result<StageBody, Problem> {
    let port = newest(admin, tenant, phone).await?;
    Ok(StageBody::of(stage_of(port.as_ref(), phone)))
}

async fn newest(admin: &AdminState, tenant: &Tenant, phone: &PhoneIntegration) -> Result<Option<Port>, Problem> {
    Ok(admin.store.port_of(&tenant.id).await?.filter(|port| port.e164 == phone.clinic_number))
}

fn stage_of(port: Option<&Port>, phone: &PhoneIntegration) -> PortStage {
    match port {
        _ if phone.setup_completed_at.is_some() => PortStage::Completed,
        Some(port) => port.stage,
        None => PortStage::PendingConfiguration,
    }
}

async fn body(admin: &AdminState, tenant: &Tenant, phone: &PhoneIntegration) -> Result<PortBody, Problem> {
    let port = newest(admin, tenant, phone).await?;
    let (papers, bill) = admin.store.port_papers(&tenant.id).await?;
    let stage = stage_of(port.as_ref(), phone);
    // What is with Twilio already needs nothing more, unless it comes back.
    let is_asked = stage.is_under_way() || stage == PortStage::Completed;
    let missing = if is_asked { Vec::new() } else { missing_for_port(papers.as_ref(), bill.as_ref(), (admin.now)()) };
    let detail = port_words(stage, port.as_ref().map_or(&PortSeen::default(), |port| &port.seen));
    let request = match port {
        Some(port) => {
            let timeline = admin.store.port_moments(&port.id).await?;
            Some(RequestBody::of(port, timeline))
        }
        None => None,
    };
    Ok(PortBody {
        phone_number: phone.clinic_number,
        port_status: StageBody::of(stage),
        detail,
        missing,
        papers: papers.map(PapersBody::of),
        bill: bill.map(|bill| BillBody { document_sid: bill.document, uploaded_at: bill.at }),
        request,
    })
}
