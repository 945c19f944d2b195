//! The nouns of the house, pure: identifiers, numbers, tenants, decisions, and the records kept of calls.
//!
//! No wire format of a provider lives here, no clock and no socket.

mod access;
pub mod availability;
mod change;
mod costs;
mod decision;
mod e164;
mod fallback;
mod fault;
mod ids;
mod job;
mod life;
mod money;
mod person;
mod phone;
mod port;
mod record;
mod retention;
mod seat;
mod secret;
mod sid;
mod signing;
mod sip;
pub mod spelled;
mod stage;
mod tenant;
mod webhook;

/// Tells the time: the house's, or that of a test which lets a year go by.
pub type Clock = fn() -> jiff::Timestamp;

pub use access::{Access, Role, Scope};
pub use change::Change;
pub use costs::{CountryPrices, Estimate, Estimates, Figure, Item, Month, NumberKind};
pub use decision::{Decision, Reason, Verdicts};
pub use e164::{E164, Masked, NotE164, is_withheld};
pub use fallback::{Fallback, FallbackKind, NoAnswer, Ring};
pub use fault::Fault;
pub use ids::{
    ErasureId, JobId, MessageId, NotAnId, NumberId, OrgId, PortId, Seed, TenantId, TokenId, VoicemailId, WebhookId,
};
pub use job::{Job, JobEntry, JobKind, JobState, Standing, StepKey, StepStanding, StepState};
pub use life::{LifeState, NumberLife, Spell};
pub use money::{Currency, Money, NotMoney};
pub use person::Person;
pub use phone::{PhoneIntegration, PhoneMethod};
pub use port::{
    Port, PortAddress, PortBill, PortMoment, PortPapers, PortSeen, PortStage, missing as missing_for_port,
    words as port_words,
};
pub use record::{
    AiReport, Arrival, CallBegan, CallEnded, CallEvent, EndedBy, Fresh, FreshBeginning, FreshEnd, Kept, Record,
    VoicemailNews, VoicemailState, as_e164,
};
pub use retention::{DAYS_MAX, RecordingFate, Retention, TenantRetention};
pub use seat::{SipOverlap, SipPlace, SipSeat, SipUser};
pub use secret::Secret;
pub use sid::{NotASid, Sid};
pub use signing::SigningKey;
pub use sip::{NotASipUri, SipUri};
pub use stage::{Outlay, SAYINGS, Saying, Stage};
pub use tenant::{
    Billing, Connect, Forced, Number, NumberState, Org, Override, Purpose, Target, TargetKind, Tenant, TwilioAccount,
    Via,
};
pub use webhook::{DisabledReason, EventKind, NotASigningSecret, SigningSecret, Webhook};
