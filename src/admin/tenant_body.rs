//! Tenants as the API writes and reads them; `tenants` says what is done with them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::formats;
use super::json::given;
use crate::model::{Connect, JobId, OrgId, Sid, Target, TargetKind, Tenant, TenantId, Via};

/// One business.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantBody {
    #[schema(value_type = String, format = "tenant-id", example = "ten_01kafbd2x0q7h3m8w5r9t2c6ze")]
    id: TenantId,
    #[schema(value_type = String, format = "org-id", example = "org_01kafbd2x0q7h3m8w5r9t2c6ze")]
    org_id: OrgId,
    /// Its name in SIP addresses.
    #[schema(example = "smile-dental")]
    slug: String,
    /// What callers hear it called.
    #[schema(example = "Smile Dental")]
    name: String,
    /// The zone its settings are read in where they name none.
    #[schema(format = "iana-zone", example = "America/Toronto")]
    timezone: String,
    #[schema(format = "country", example = "CA")]
    country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    voice: Option<String>,
    /// Who answers at Vapi; null means the shared target of this installation.
    target: Option<TargetBody>,
    connect: ConnectBody,
    /// Rises with every change; also in the ETag, for If-Match.
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A tenant that was made.
#[derive(Serialize, ToSchema)]
#[schema(as = NewlyMadeTenant)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantMade {
    #[serde(flatten)]
    pub tenant: TenantBody,
    /// The job that gets it a number, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = "job-id")]
    pub job_id: Option<JobId>,
}

/// Who answers at Vapi.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Target)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetBody {
    kind: TargetKindBody,
    /// Vapi's id of the assistant or squad.
    #[schema(format = "sid", example = "2c7f9f0e-front-desk")]
    id: String,
}

/// One assistant, or several that hand over to each other.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = TargetKind)]
#[serde(rename_all = "lowercase")]
pub(super) enum TargetKindBody {
    Assistant,
    Squad,
}

/// How a call reaches Vapi. The password is never told again, only whether there is one.
#[derive(Serialize, ToSchema)]
#[schema(as = Connect)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectBody {
    via: ViaBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    sip_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    username: Option<String>,
    has_password: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u16, required = false)]
    timeout_seconds: Option<u16>,
}

/// The three ways to Vapi: dial its SIP address; ask it for TwiML first; hand the call over to it.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Via)]
#[serde(rename_all = "lowercase")]
pub(super) enum ViaBody {
    Sip,
    Bypass,
    Redirect,
}

/// How a call reaches Vapi, as somebody sets it. What is absent stays as it is, null takes it away.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = ConnectChange)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConnectChange {
    pub via: Option<ViaBody>,
    /// The address that is dialled.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, format = "sip-uri", example = "sip:smile-dental@sip.vapi.ai")]
    pub sip_uri: Option<Option<String>>,
    /// Up to 128 characters. An endpoint at Vapi has 20 to 40, but the address may be anybody's.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = "^[!-~]*$")]
    pub username: Option<Option<String>>,
    /// Likewise; never answered.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = "^[!-~]*$", write_only)]
    pub password: Option<Option<String>>,
    /// How long the AI may ring before the fallback takes the call; 12 where nothing is said.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u16>, minimum = 5, maximum = 600)]
    pub timeout_seconds: Option<Option<u16>>,
}

/// A tenant to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewTenant, example = json!({"name": "Smile Dental", "timezone": "America/Toronto", "country": "CA"}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TenantNew {
    /// What callers hear it called.
    #[schema(format = "spoken", max_length = 200)]
    pub name: String,
    /// Made from the name where absent.
    #[schema(format = "slug", example = "smile-dental")]
    pub slug: Option<String>,
    /// Without one it joins the platform's organization.
    #[schema(format = "org-id")]
    pub org_id: Option<String>,
    /// UTC where absent.
    #[schema(format = "iana-zone")]
    pub timezone: Option<String>,
    /// US where absent.
    #[schema(format = "country")]
    pub country: Option<String>,
    /// As Twilio names it: en-US, fr-CA.
    #[schema(max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", example = "en-US")]
    pub language: Option<String>,
    /// As Twilio names it: Polly.Joanna-Neural.
    #[schema(max_length = 100, pattern = "^[A-Za-z0-9._-]+$", example = "Polly.Joanna-Neural")]
    pub voice: Option<String>,
    pub target: Option<TargetBody>,
    pub connect: Option<ConnectChange>,
    /// Find or buy a number for it.
    #[serde(default)]
    pub assign_phone: bool,
    /// Skip our own pool and the free numbers.
    #[serde(default)]
    pub force_twilio: bool,
}

/// What to change of a tenant. What is absent stays as it is, null takes it away.
#[derive(Clone, Deserialize, ToSchema)]
#[schema(as = TenantChange, example = json!({"name": "Smile Dental North", "language": null}))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct TenantPatch {
    #[serde(default)]
    #[schema(value_type = String, required = false, format = "spoken", max_length = 200)]
    pub name: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, format = "slug")]
    pub slug: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, format = "iana-zone")]
    pub timezone: Option<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false, format = "country")]
    pub country: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 35, pattern = "^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
    pub language: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>, max_length = 100, pattern = "^[A-Za-z0-9._-]+$")]
    pub voice: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<TargetBody>)]
    pub target: Option<Option<TargetBody>>,
    #[serde(default)]
    #[schema(value_type = ConnectChange, required = false)]
    pub connect: Option<ConnectChange>,
}

/// A page of tenants.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TenantPage {
    pub data: Vec<TenantBody>,
    /// Where the next page begins; null at the end.
    pub next_cursor: Option<String>,
}

impl TenantBody {
    pub fn of(tenant: &Tenant) -> TenantBody {
        TenantBody {
            id: tenant.id.clone(),
            org_id: tenant.org_id.clone(),
            slug: tenant.slug.clone(),
            name: tenant.name.clone(),
            timezone: tenant.timezone.clone(),
            country: tenant.country.clone(),
            language: tenant.language.clone(),
            voice: tenant.voice.clone(),
            target: tenant.target.as_ref().map(TargetBody::of),
            connect: ConnectBody::of(&tenant.connect),
            version: tenant.version,
            created_at: tenant.created_at,
            updated_at: tenant.updated_at,
        }
    }
}

impl TargetBody {
    pub fn of(target: &Target) -> TargetBody {
        let kind = match target.kind {
            TargetKind::Assistant => TargetKindBody::Assistant,
            TargetKind::Squad => TargetKindBody::Squad,
        };
        TargetBody { kind, id: target.id.as_str().to_owned() }
    }

    pub fn read(&self) -> Target {
        let kind = match self.kind {
            TargetKindBody::Assistant => TargetKind::Assistant,
            TargetKindBody::Squad => TargetKind::Squad,
        };
        Target { kind, id: Sid::parse(&self.id).expect("the schema let it through, and it asks the same function") }
    }
}

impl ConnectBody {
    pub fn of(connect: &Connect) -> ConnectBody {
        ConnectBody {
            via: match connect.via {
                Via::Sip => ViaBody::Sip,
                Via::Bypass => ViaBody::Bypass,
                Via::Redirect => ViaBody::Redirect,
            },
            sip_uri: connect.sip_uri.clone(),
            username: connect.username.clone(),
            has_password: connect.password.is_some(),
            timeout_seconds: connect.timeout_seconds,
        }
    }
}

impl ViaBody {
    pub fn read(self) -> Via {
        match self {
            ViaBody::Sip => Via::Sip,
            ViaBody::Bypass => Via::Bypass,
            ViaBody::Redirect => Via::Redirect,
        }
    }
}

/// A text whose format the schema has checked already.
pub(super) fn checked(read: Result<String, formats::Wrong>) -> String {
    read.expect("the schema let it through, and it asks the same function")
}
