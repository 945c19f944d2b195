//! How a tenant is reached: its own number moves here, its carrier forwards to a number of ours, or its own telephone
//! system calls over SIP. Configured here, set up by a job.

use axum::Json as Answer;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::auth::Caller;
use super::error::Problem;
use super::jobs::{self, BegunBody};
use super::json::Json;
use super::owned::OfTenant;
use super::phone_wish::{Wish, network_told};
use super::port;
use super::port_body::StageBody;
use super::{AdminState, checks, purchases};
use crate::model::{
    Change, E164, Estimates, Fault, Number, NumberState, PhoneIntegration, PhoneMethod, Purpose, Secret, SipSeat,
    Tenant,
};
use crate::provisioning::{About, Asked, sip_password, sip_username};
use crate::store::{Ask, JobBounds, NewSipName, NumberFilter, StoreError};

/// How a tenant is reached. Which members there are depends on the method, and on whether it is set up.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneIntegration)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhoneBody {
    method: MethodBody,
    /// The number the business is known by, where it stays with its carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "e164", example = "+16475550188")]
    clinic_number: Option<E164>,
    /// The number that moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "e164", example = "+13125550100")]
    phone_number: Option<E164>,
    /// The carrier it is with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "Example Telecom")]
    current_carrier: Option<String>,
    /// How far the move is; `GET …/port` tells more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = StageBody, required = false)]
    port_status: Option<StageBody>,
    /// Another number is got meanwhile, to forward to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    wants_temporary_number: Option<bool>,
    /// That other number; it stays until it is released by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "e164")]
    temporary_number: Option<E164>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "FreePBX")]
    pbx_type: Option<String>,
    /// The address its telephone system calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "sip:sip_ca5ecdfd@example.sip.twilio.com")]
    sip_url: Option<String>,
    /// Networks its telephone system calls from, in place of a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    source_ips: Option<Vec<String>>,
    /// The name it signs in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "sip_ca5ecdfd")]
    sip_username: Option<String>,
    /// Its password: told once, when it is made, and absent ever after.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    sip_password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "205")]
    area_code: Option<String>,
    /// A number will be got when it is deployed; gone once it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    needs_phone_number: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    configured_at: Option<Timestamp>,
    /// The number calls are to be forwarded to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "e164")]
    twilio_forward_number: Option<E164>,
    /// The number of ours behind the SIP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "e164")]
    twilio_sip_number: Option<E164>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    setup_completed_at: Option<Timestamp>,
    /// What to tell the business meanwhile, a line each; gone once it is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>, required = false)]
    notes: Option<Vec<String>>,
}

/// The carrier sends calls on to us; the business' own telephone system sends them over SIP; the number itself moves.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = PhoneMethod)]
#[serde(rename_all = "lowercase")]
pub(super) enum MethodBody {
    Forwarded,
    Sip,
    Ported,
}

/// How a tenant is to be reached.
#[derive(Deserialize, ToSchema)]
#[schema(as = PhoneIntegrationChange, example = json!({"method": "forwarded", "clinicNumber": "+16475550188"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(dead_code, reason = "what was read may be sent back, and is passed over")]
pub(super) struct PhonePut {
    pub method: MethodBody,
    /// The number the business is known by; for `ported`, `phoneNumber` says it.
    #[schema(format = "e164")]
    pub clinic_number: Option<String>,
    /// The number that moves, of the United States.
    #[schema(format = "e164")]
    pub phone_number: Option<String>,
    /// The carrier it is with.
    #[schema(format = "spoken", max_length = 100)]
    current_carrier: Option<String>,
    /// Get another number while it is on its way, to forward to.
    wants_temporary_number: Option<bool>,
    /// Ours to say: passed over, so that what was read can be sent back.
    #[schema(value_type = Option<String>)]
    port_status: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<String>)]
    temporary_number: Option<Value>,
    /// What its telephone system is.
    #[schema(format = "spoken", max_length = 100)]
    pbx_type: Option<String>,
    /// Where a number is looked for.
    #[schema(pattern = "^[2-9][0-9]{2}$")]
    area_code: Option<String>,
    /// Get a number when it is deployed. Where nothing is said: unless the tenant has one.
    needs_phone_number: Option<bool>,
    /// Make a new SIP name and password. Those before stay good beside them, until a week after the first call with the
    /// new ones (`sip.password_overlap_days`), or until they are removed (`DELETE …/sip-names/{name}`).
    #[serde(default)]
    renew_sip_password: bool,
    /// Networks its telephone system calls from, in place of a password: IPv4, no wider
    /// than /20, twenty at most.
    #[schema(example = json!(["203.0.113.7", "198.51.100.0/28"]))]
    pub source_ips: Option<Vec<String>>,
    /// Ours to say: passed over, so that what was read can be sent back.
    #[schema(value_type = Option<String>)]
    configured_at: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<String>)]
    sip_url: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<String>)]
    sip_username: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<String>)]
    sip_password: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<String>)]
    twilio_forward_number: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<String>)]
    twilio_sip_number: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<String>)]
    setup_completed_at: Option<Value>,
    /// Likewise.
    #[schema(value_type = Option<Vec<String>>)]
    notes: Option<Value>,
}

/// How a tenant is reached
#[utoipa::path(get, path = "/api/tenants/{id}/phone-integration", tag = "phone",
    responses((status = 200, description = "How, as far as it is set up", body = PhoneBody)))]
pub(super) async fn read(
    State(admin): State<AdminState>,
    OfTenant(tenant): OfTenant,
) -> Result<Answer<PhoneBody>, Problem> {
    let found = admin.store.phone_integration(&tenant.id).await?;
    let (phone, _) = found.ok_or_else(|| Problem::not_found("phone integration", "yet: PUT one first"))?;
    Ok(Answer(PhoneBody::of(&admin, &tenant, &phone, None).await?))
}

/// Says how a tenant is to be reached
///
/// Nothing is bought or set up by it: that is what deploy does. A SIP password is told here once, with the name it goes
/// with; where there is one already, both are good.
#[utoipa::path(put, path = "/api/tenants/{id}/phone-integration", tag = "phone", request_body = PhonePut,
    responses((status = 200, description = "As it is configured now", body = PhoneBody)))]
pub(super) async fn put(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
    Json(put): Json<PhonePut>,
) -> Result<Answer<PhoneBody>, Problem> {
    let Wish { method, clinic_number, source_ips } = wish(&admin, &put)?;
    if method == PhoneMethod::Forwarded {
        checks::is_no_loop(&admin, &tenant, clinic_number).await?;
    }
    let known = admin.store.phone_integration(&tenant.id).await?;
    let port = admin.store.port_of(&tenant.id).await?.filter(|port| port.stage.is_open());
    if port.is_some_and(|port| method != PhoneMethod::Ported || port.e164 != clinic_number) {
        return Err(Problem::port_under_way());
    }
    let numbers = calls_numbers(&admin, &tenant).await?;
    let has_password = known.as_ref().is_some_and(|(phone, password)| password.is_some() && phone.sip_name().is_some());
    if method != PhoneMethod::Ported && numbers.iter().any(|number| number.e164 == clinic_number) {
        let detail = "this number is ours already: calls to it need not be sent on";
        return Err(Problem::fault("/clinicNumber", "loop", detail));
    }
    // Who is known by its addresses has no password: it is told one when it comes to have one.
    let signs_in = method == PhoneMethod::Sip && source_ips.is_empty();
    let fresh = signs_in && (!has_password || put.renew_sip_password);
    let seats = known.as_ref().map(|(phone, _)| phone.seats.clone()).unwrap_or_default();
    let phone = PhoneIntegration {
        method,
        clinic_number,
        current_carrier: put.current_carrier.filter(|_| method == PhoneMethod::Ported),
        wants_temporary_number: method == PhoneMethod::Ported && put.wants_temporary_number.unwrap_or(false),
        temporary_number: known.as_ref().and_then(|(phone, _)| phone.temporary_number),
        source_ips,
        pbx_type: put.pbx_type.filter(|_| method == PhoneMethod::Sip),
        area_code: put.area_code,
        needs_phone_number: method != PhoneMethod::Ported
            && put.needs_phone_number.unwrap_or_else(|| !numbers.iter().any(|number| !number.is_free())),
        configured_at: (admin.now)(),
        number: None,
        setup_completed_at: None,
        seats,
    };
    let tenant = if fresh && tenant.sip_username.is_none() { named(&admin, &caller, &tenant).await? } else { tenant };
    let renewed = match fresh {
        true => Some(NewSipName { username: new_name(&admin).await?, password: sip_password(&(admin.secret)()) }),
        false => None,
    };
    let kept = admin.store.put_phone_integration(&tenant.id, &phone, renewed.as_ref(), &caller.by).await;
    (admin.changed)(Change::Tenant(tenant.id.clone()));
    // By its number a telephone system may call too.
    for number in known.iter().map(|(phone, _)| phone.clinic_number).chain([clinic_number]) {
        (admin.changed)(Change::SipName(number.to_string()));
        (admin.changed)(Change::SipName(number.to_string().trim_start_matches('+').to_owned()));
    }
    if let Err(StoreError::NumberTaken) = kept {
        let detail = "another tenant is known by this number";
        return Err(Problem::fault("/clinicNumber", "number_taken", detail));
    }
    if let Some(name) = kept? {
        // Whoever called by it before it was anybody's was told so, and that is remembered.
        (admin.changed)(Change::SipName(name));
    }
    let now = admin.store.phone_integration(&tenant.id).await?.map_or(phone, |(phone, _)| phone);
    Ok(Answer(PhoneBody::of(&admin, &tenant, &now, renewed.as_ref().map(|new| &new.password)).await?))
}

/// Sets up how a tenant is reached
///
/// Gets a number where one is needed, makes it lead here and known to Vapi, and for SIP lets the telephone system in; or
/// asks for the number that is to move, anew where its carrier has refused. Asked twice, it is one job.
#[utoipa::path(post, path = "/api/tenants/{id}/deploy", tag = "phone",
    responses((status = 202, description = "The job that does it", body = BegunBody)))]
pub(super) async fn deploy(
    State(admin): State<AdminState>,
    caller: Caller,
    OfTenant(tenant): OfTenant,
) -> Result<Response, Problem> {
    let found = admin.store.phone_integration(&tenant.id).await?;
    let (phone, _) = found.ok_or_else(Problem::not_configured)?;
    let is_ported = phone.method == PhoneMethod::Ported;
    if phone.needs_phone_number || is_ported {
        purchases::is_paid(&admin, &tenant.org_id).await?;
    }
    if is_ported && phone.setup_completed_at.is_none() {
        port::is_complete(&admin, &tenant, &phone).await?;
    }
    let buys = (phone.needs_phone_number || phone.wants_temporary_number)
        && calls_numbers(&admin, &tenant).await?.iter().all(Number::is_free);
    let numbers_max = buys.then_some(admin.provision.numbers_per_tenant);
    let bounds = JobBounds { only_one: true, numbers_max };
    let job = jobs::begin(&admin, &caller.by, &About::tenant(&tenant), &Asked::Deploy, bounds).await?;
    Ok(jobs::begun(&job))
}

/// What is wanted, if it can be had here.
fn wish(admin: &AdminState, put: &PhonePut) -> Result<Wish, Problem> {
    let (wish, mut faults) = match Wish::read(put) {
        Ok(wish) => (Some(wish), Vec::new()),
        Err(faults) => (None, faults),
    };
    let (domain, setting) = match put.source_ips.as_deref().unwrap_or_default().is_empty() {
        true => (&admin.provision.sip_domain, "sip.domain"),
        false => (&admin.provision.sip_acl_domain, "sip.acl_domain"),
    };
    if put.method.read() == PhoneMethod::Sip && domain.is_none() {
        let detail = format!("there is no SIP domain to call: set {setting} (as example.sip.twilio.com) and restart");
        faults.push(Fault::new("/method", "sip_domain_missing", detail));
    }
    wish.filter(|_| faults.is_empty()).ok_or_else(|| Problem::invalid(faults))
}

/// A name on the SIP domain that nobody has, or had.
async fn new_name(admin: &AdminState) -> Result<String, Problem> {
    let mut name = sip_username(&(admin.random)());
    while admin.store.tenant_by_sip_user(&name).await?.is_some() {
        name = sip_username(&(admin.random)());
    }
    Ok(name)
}

/// The tenant with a name of its own on the SIP domain, by which it is called ever after.
async fn named(admin: &AdminState, caller: &Caller, tenant: &Tenant) -> Result<Tenant, Problem> {
    let name = new_name(admin).await?;
    let now = (admin.now)();
    let given = name.clone();
    let changed = admin.store.change_tenant(&tenant.id, None, &caller.by, move |tenant| {
        tenant.sip_username = Some(given);
        tenant.updated_at = now;
    });
    let changed = changed.await;
    (admin.changed)(Change::SipName(name));
    (admin.changed)(Change::Tenant(tenant.id.clone()));
    Ok(changed?)
}

/// The tenant's numbers whose calls are decided like any.
async fn calls_numbers(admin: &AdminState, tenant: &Tenant) -> Result<Vec<Number>, Problem> {
    let only = NumberFilter { state: Some(NumberState::Active), purpose: Some(Purpose::Calls), account: None };
    let ask = Ask { limit: 200, tenant: Some(tenant.id.clone()), only, ..Ask::default() };
    let mut numbers = admin.store.numbers(&ask).await?.rows;
    numbers.retain(|number| !number.is_coming());
    Ok(numbers)
}

impl MethodBody {
    pub fn read(self) -> PhoneMethod {
        match self {
            MethodBody::Forwarded => PhoneMethod::Forwarded,
            MethodBody::Sip => PhoneMethod::Sip,
            MethodBody::Ported => PhoneMethod::Ported,
        }
    }

    fn of(method: PhoneMethod) -> MethodBody {
        match method {
            PhoneMethod::Forwarded => MethodBody::Forwarded,
            PhoneMethod::Sip => MethodBody::Sip,
            PhoneMethod::Ported => MethodBody::Ported,
        }
    }
}

impl PhoneBody {
    async fn of(
        admin: &AdminState,
        tenant: &Tenant,
        phone: &PhoneIntegration,
        password: Option<&Secret>,
    ) -> Result<PhoneBody, Problem> {
        let (is_sip, is_ported) = (phone.method == PhoneMethod::Sip, phone.method == PhoneMethod::Ported);
        let by_password = is_sip && phone.source_ips.is_empty();
        let own = tenant.sip_username.as_ref().filter(|_| by_password);
        let named = phone.sip_name().and_then(|seat| seat.username.clone()).filter(|_| by_password);
        let domain = if by_password { &admin.provision.sip_domain } else { &admin.provision.sip_acl_domain };
        let host = domain.as_deref().unwrap_or_default();
        // It may call by any name of the tenant's: what it dials need not change when it signs in with another. Of those
        // that are known by their addresses people can read this one.
        let user = own.unwrap_or(&tenant.slug);
        let is_set_up = phone.setup_completed_at.is_some();
        let port_status = if is_ported { Some(port::stage(admin, tenant, phone).await?) } else { None };
        Ok(PhoneBody {
            method: MethodBody::of(phone.method),
            clinic_number: Some(phone.clinic_number).filter(|_| !is_ported),
            phone_number: Some(phone.clinic_number).filter(|_| is_ported),
            current_carrier: phone.current_carrier.clone(),
            port_status,
            wants_temporary_number: Some(true).filter(|_| phone.wants_temporary_number && !is_set_up),
            temporary_number: phone.temporary_number.filter(|_| is_ported),
            pbx_type: phone.pbx_type.clone(),
            sip_url: is_sip.then(|| format!("sip:{user}@{host}")),
            source_ips: (!phone.source_ips.is_empty()).then(|| phone.source_ips.iter().map(network_told).collect()),
            sip_password: password.filter(|_| by_password).map(|password| password.reveal().to_owned()),
            sip_username: named.or_else(|| own.cloned()),
            area_code: phone.area_code.clone().filter(|_| !is_set_up),
            needs_phone_number: (!is_set_up).then_some(phone.needs_phone_number),
            configured_at: (!is_set_up && !is_ported).then_some(phone.configured_at),
            twilio_forward_number: phone.number.filter(|_| !is_sip && !is_ported),
            twilio_sip_number: phone.number.filter(|_| is_sip),
            setup_completed_at: phone.setup_completed_at,
            notes: (!is_set_up).then(|| notes(phone, &admin.costs.estimates)),
        })
    }
}

/// What the business is told while it is not set up.
fn notes(phone: &PhoneIntegration, costs: &Estimates) -> Vec<String> {
    let number = phone.clinic_number;
    let cost = format!("Cost: Approximately {}/month for the Twilio number", costs.number_month.said.price);
    if phone.method == PhoneMethod::Ported {
        let moves = format!(
            "Note: Your existing number ({number}) will be transferred to Twilio. This process typically takes 7-14 \
             business days."
        );
        let mut notes = vec!["✓ Port request configured".to_owned(), moves];
        match phone.wants_temporary_number {
            false => notes.push("No additional phone number will be purchased.".to_owned()),
            true => notes.extend([
                "Until then calls can be forwarded to a temporary number, which is got during deployment and stays \
                 until it is released by hand."
                    .to_owned(),
                cost,
            ]),
        }
        return notes;
    }
    let (done, needed, without) = match phone.method {
        PhoneMethod::Sip => (
            if phone.source_ips.is_empty() { "✓ SIP credentials generated" } else { "✓ SIP addresses saved" },
            "Note: A Twilio phone number will be provisioned during deployment to serve as the endpoint for your AI \
             assistant. Configure your PBX to route calls to this number using the SIP credentials provided."
                .to_owned(),
            "Note: Configure your PBX to route calls to the SIP address using the SIP credentials provided.",
        ),
        PhoneMethod::Forwarded | PhoneMethod::Ported => (
            "✓ Forwarding configuration saved",
            format!(
                "Note: A Twilio phone number will be provisioned during deployment. You'll need to set up call \
                 forwarding from your existing number ({number}) to the new Twilio number."
            ),
            "Note: You'll need to set up call forwarding from your existing number to the Twilio number you have.",
        ),
    };
    let mut names = SipSeat::names(&phone.seats).rev().filter_map(|seat| seat.username.as_deref());
    let (newest, older) = (names.next(), names.next());
    if let (Some(newest), Some(older), true) = (newest, older, phone.source_ips.is_empty()) {
        let beside = format!(
            "Note: {newest} is good once it is deployed; {older} with its password stays good beside it until your \
             telephone system has changed over."
        );
        return vec![done.to_owned(), beside];
    }
    if phone.needs_phone_number {
        return vec![done.to_owned(), needed, cost];
    }
    vec![done.to_owned(), without.to_owned()]
}
