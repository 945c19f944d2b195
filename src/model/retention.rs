//! How long things are kept: the installation's word, and what a tenant wants instead.

use super::TenantId;

/// The longest time that can be asked for: a hundred years.
pub const DAYS_MAX: u32 = 36_500;

/// How long the installation keeps each kind, in days. What is absent is kept until somebody erases it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Calls with their events and reports.
    pub calls_days: Option<u32>,
    /// Voicemails with their news.
    pub voicemails_days: Option<u32>,
    /// What was said, in words: transcripts of voicemails and the AI's summaries of calls.
    pub transcripts_days: Option<u32>,
    /// Entries of the audit log.
    pub audit_days: Option<u32>,
}

/// What a tenant wants instead of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRetention {
    /// Who.
    pub tenant_id: TenantId,
    /// As in [`Retention`]; none: as the installation says.
    pub calls_days: Option<u32>,
    /// Likewise.
    pub voicemails_days: Option<u32>,
    /// Likewise.
    pub transcripts_days: Option<u32>,
    /// What becomes of recordings at Twilio when their voicemail's time is over.
    pub recording: RecordingFate,
    /// Rises by one with every change; 0 while nobody said anything.
    pub version: u64,
}

/// What becomes of a recording at Twilio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordingFate {
    /// It goes with its voicemail.
    #[default]
    Delete,
    /// It stays there, for whoever keeps the account.
    Keep,
}

impl TenantRetention {
    /// What holds for a tenant that said nothing.
    pub fn unsaid(tenant_id: TenantId) -> TenantRetention {
        TenantRetention {
            tenant_id,
            calls_days: None,
            voicemails_days: None,
            transcripts_days: None,
            recording: RecordingFate::default(),
            version: 0,
        }
    }
}

impl RecordingFate {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            RecordingFate::Delete => "delete",
            RecordingFate::Keep => "keep",
        }
    }
}
