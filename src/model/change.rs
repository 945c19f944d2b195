//! What changed in the settings, for whoever keeps a copy to forget it.

use super::{E164, JobId, OrgId, Sid, TenantId, VoicemailId};

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A tenant's settings.
    Tenant(TenantId),
    /// Where a number leads, or what is known of it.
    Number(E164),
    /// Where a Vapi phone number leads.
    VapiNumber(Sid),
    /// A name on the SIP domain.
    SipName(String),
    /// An organization's credentials.
    Org(OrgId),
    /// A voicemail was heard, or changed in another way by somebody. Nobody keeps a copy; listeners are told.
    Voicemail(VoicemailId),
    /// Something happened to a job. Likewise.
    Job(JobId),
}
