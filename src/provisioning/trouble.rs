//! What can stop a step, and what then becomes of its job.

use jiff::Timestamp;

use crate::model::JobState;
use crate::providers::{Outlook, ProviderError};
use crate::store::StoreError;

/// Why a step did not come to its end.
#[derive(Debug)]
pub(super) enum Trouble {
    /// A provider failed or refused.
    Provider(ProviderError),
    /// The store failed or refused.
    Store(StoreError),
    /// The provider is known to be down: nobody was asked.
    Away(std::time::Duration),
    /// It is too early, or what was done did not hold: again, later.
    NotYet(String),
    /// Nothing more can be done by itself.
    Stop(JobState, String),
}

/// Why a job stops, for now or for good.
#[derive(Debug)]
pub(super) enum Halt {
    /// It is written down when it goes on.
    Waits,
    /// It goes on at this instant; nothing happened that is worth a line.
    PutOff(Timestamp),
    /// Somebody called it off.
    Cancelled,
    /// It ends.
    Stop(JobState, String),
    /// It is not ours any more, or the store cannot be written: whoever claims it next goes on.
    Lost(StoreError),
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Trouble {
        Trouble::Provider(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        Trouble::Store(error)
    }
}

impl Trouble {
    /// For people.
    pub fn words(&self) -> String {
        match self {
            Trouble::Provider(error) => error.to_string(),
            Trouble::Store(error) => error.to_string(),
            Trouble::Away(_) => "it failed many requests in a row, and is left alone for a while".to_owned(),
            Trouble::NotYet(words) | Trouble::Stop(_, words) => words.clone(),
        }
    }

    /// The rest is for a person.
    pub fn by_hand(detail: impl Into<String>) -> Trouble {
        Trouble::Stop(JobState::Manual, detail.into())
    }
}

/// What to do about credentials a provider does not take.
pub(super) fn mend(error: &ProviderError) -> String {
    let (provider, mend) = match error {
        ProviderError::Refused { provider: "Vapi", .. } => ("Vapi", "set vapi.api_key right and restart"),
        _ => (
            "Twilio",
            "give the organization its account's token anew (PUT /api/orgs/{id}/twilio), or set twilio.auth_token right and restart",
        ),
    };
    format!("{provider} does not take our credentials: {mend}, then retry this job ({error})")
}

/// True for what may be otherwise later.
pub(super) fn may_pass(error: &ProviderError) -> bool {
    matches!(error.outlook(), Outlook::Unclear | Outlook::Later(_))
}
