//! A job: a provisioning run that survives whatever happens to the process, and how it stands.
//!
//! What happened to it is a log of entries; how it stands follows from the log and from nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{JobId, OrgId, TenantId};

/// What a job is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JobKind {
    /// A tenant gets a number: one that is named, or the first the chain comes to.
    Number,
    /// A tenant's way of being reached is set up.
    Deploy,
    /// A number that is ours is made to lead to us, at Twilio and at Vapi.
    Wire,
    /// What Vapi knows of a tenant follows its target.
    Target,
    /// A number is taken out of Vapi and stays ours.
    Remove,
    /// A number is given back for good.
    Release,
    /// A name that a tenant's telephone system signed in with is let in no more.
    Retire,
    /// What a tenant had at the providers goes, now that it is gone.
    Vacate,
    /// A number that came from another carrier is made to lead to us.
    Arrive,
    /// A number stays with its carrier after all: its move is called off.
    CallOff,
}

/// A provisioning run.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Who it is.
    pub id: JobId,
    /// What it is for.
    pub kind: JobKind,
    /// Whose it is.
    pub tenant_id: Option<TenantId>,
    /// The organization whose business it is.
    pub org_id: Option<OrgId>,
    /// What it works on: of two unfinished jobs on the same thing the older one goes first.
    pub subject: String,
    /// What was asked, as `provisioning` reads it.
    pub asked: Value,
    /// Who asked.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
    /// How it stands.
    pub standing: Standing,
    /// When that last changed.
    pub updated_at: Timestamp,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Nothing has been done.
    #[default]
    Queued,
    /// It is being worked on.
    Running,
    /// Something failed, and is tried again by itself.
    Waiting,
    /// All is done.
    Succeeded,
    /// It came to nothing.
    Failed,
    /// It came as far as it can by itself; the rest is for a person.
    Manual,
    /// Somebody called it off.
    Cancelled,
}

impl JobState {
    /// Every state there is.
    pub const ALL: [JobState; 7] = [
        JobState::Queued,
        JobState::Running,
        JobState::Waiting,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Manual,
        JobState::Cancelled,
    ];

    /// The word the outside sees.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Queued => "queued",
            JobState::Running => "running",
            JobState::Waiting => "waiting",
            JobState::Succeeded => "succeeded",
            JobState::Failed => "failed",
            JobState::Manual => "manual",
            JobState::Cancelled => "cancelled",
        }
    }

    /// Nothing happens to it any more by itself.
    pub fn is_end(self) -> bool {
        !matches!(self, JobState::Queued | JobState::Running | JobState::Waiting)
    }

    /// It ended, and may be begun again where it stopped.
    pub fn may_be_retried(self) -> bool {
        matches!(self, JobState::Failed | JobState::Manual | JobState::Cancelled)
    }
}

/// A step of a job: its name, and the how manieth of that name it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StepKey {
    /// What is done.
    pub name: String,
    /// Steps of one name are counted from one.
    pub nth: u32,
}

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum JobEntry {
    /// A step is about to be tried: from here on nobody knows whether it had its effect.
    Began {
        /// Which.
        step: StepKey,
    },
    /// A step had its effect.
    Done {
        /// Which.
        step: StepKey,
        /// What came of it, for people.
        detail: String,
        /// The same for the steps behind it.
        data: Value,
    },
    /// A step had no effect and will have none: something else is tried instead.
    Skipped {
        /// Which.
        step: StepKey,
        /// Why.
        detail: String,
    },
    /// A step failed, and is tried again.
    Delayed {
        /// Which.
        step: StepKey,
        /// What went wrong.
        detail: String,
        /// When it is tried again.
        until: Timestamp,
    },
    /// A step failed for good.
    Broke {
        /// Which.
        step: StepKey,
        /// What went wrong.
        detail: String,
    },
    /// Somebody wants it called off.
    CancelAsked,
    /// Somebody began it again.
    Retried,
    /// It is over.
    Ended {
        /// How.
        state: JobState,
        /// What came of it, and what is left to do by hand.
        detail: String,
        /// What it got, for programs.
        result: Value,
    },
}

/// How a job stands: what follows from its log.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Standing {
    /// How far it is.
    pub state: JobState,
    /// Its steps, in the order they were first tried.
    pub steps: Vec<StepStanding>,
    /// What came of it.
    pub result: Value,
    /// The same in words, and what is left to do by hand.
    pub detail: String,
    /// Somebody wants it called off.
    pub cancel_asked: bool,
    /// When it goes on; none once it has ended.
    pub due: Option<Timestamp>,
}

/// How a step stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepStanding {
    /// Which.
    pub key: StepKey,
    /// How far it is.
    pub state: StepState,
    /// How often it was tried.
    pub attempts: u32,
    /// How often in a row it failed.
    #[serde(default)]
    pub failures: u32,
    /// What came of it.
    pub detail: String,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It is being tried.
    Running,
    /// It failed, and is tried again.
    Waiting,
    /// It had its effect.
    Done,
    /// Something else was tried instead.
    Skipped,
    /// It failed for good.
    Failed,
}

impl Standing {
    /// One of which nothing has been done.
    pub fn new(due: Timestamp) -> Standing {
        Standing { due: Some(due), ..Standing::default() }
    }

    /// Takes in what happened at `at`.
    pub fn apply(&mut self, entry: &JobEntry, at: Timestamp) {
        match entry {
            JobEntry::Began { step } => {
                let standing = self.step(step);
                standing.state = StepState::Running;
                standing.attempts += 1;
                self.state = JobState::Running;
            }
            JobEntry::Done { step, detail, .. } => self.settle(step, StepState::Done, detail),
            JobEntry::Skipped { step, detail } => self.settle(step, StepState::Skipped, detail),
            JobEntry::Broke { step, detail } => self.settle(step, StepState::Failed, detail),
            JobEntry::Delayed { step, detail, until } => {
                self.settle(step, StepState::Waiting, detail);
                self.step(step).failures += 1;
                self.state = JobState::Waiting;
                self.due = Some(*until);
            }
            JobEntry::CancelAsked => {
                self.cancel_asked = true;
                self.due = Some(at);
            }
            JobEntry::Retried => {
                self.state = JobState::Queued;
                self.cancel_asked = false;
                self.result = Value::Null;
                self.detail.clear();
                self.due = Some(at);
                self.steps.iter_mut().for_each(|step| step.failures = 0);
            }
            JobEntry::Ended { state, detail, result } => {
                self.state = *state;
                self.detail.clone_from(detail);
                self.result = result.clone();
                self.due = None;
            }
        }
    }

    fn settle(&mut self, step: &StepKey, state: StepState, detail: &str) {
        let standing = self.step(step);
        standing.state = state;
        standing.detail = detail.to_owned();
    }

    fn step(&mut self, key: &StepKey) -> &mut StepStanding {
        let place = self.steps.iter().position(|step| step.key == *key).unwrap_or_else(|| {
            let (state, detail) = (StepState::Running, String::new());
            self.steps.push(StepStanding { key: key.clone(), state, attempts: 0, failures: 0, detail });
            self.steps.len() - 1
        });
        &mut self.steps[place]
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn key(name: &str) -> StepKey {
        StepKey { name: name.to_owned(), nth: 1 }
    }

    fn after(entries: &[JobEntry]) -> Standing {
        let mut standing = Standing::new(at(0));
        entries.iter().for_each(|entry| standing.apply(entry, at(9)));
        standing
    }

    #[test]
    fn how_a_job_stands_follows_from_what_happened_to_it() {
        let began = JobEntry::Began { step: key("buy") };
        let delayed = JobEntry::Delayed { step: key("buy"), detail: "no answer".into(), until: at(5) };
        let done = JobEntry::Done { step: key("buy"), detail: "bought".into(), data: Value::Null };
        let ended = JobEntry::Ended { state: JobState::Manual, detail: "by hand".into(), result: Value::Null };
        let told = |entries: &[JobEntry]| {
            let standing = after(entries);
            (standing.state, standing.due, standing.steps.first().map(|step| (step.state, step.attempts)))
        };
        assert_eq!(told(&[]), (JobState::Queued, Some(at(0)), None));
        let running = [began.clone()];
        assert_eq!(told(&running), (JobState::Running, Some(at(0)), Some((StepState::Running, 1))));
        let waiting = [began.clone(), delayed.clone()];
        assert_eq!(told(&waiting), (JobState::Waiting, Some(at(5)), Some((StepState::Waiting, 1))));
        let again = [began.clone(), delayed, began.clone(), done.clone()];
        assert_eq!(told(&again), (JobState::Running, Some(at(5)), Some((StepState::Done, 2))));
        let over = [began, done, ended, JobEntry::Retried];
        assert_eq!(told(&over[..3]), (JobState::Manual, None, Some((StepState::Done, 1))));
        assert_eq!(told(&over), (JobState::Queued, Some(at(9)), Some((StepState::Done, 1))));
    }

    #[test]
    fn a_standing_is_read_back_as_it_was_written() {
        let standing = after(&[JobEntry::Began { step: key("buy") }, JobEntry::CancelAsked]);
        let text = serde_json::to_string(&standing).unwrap();
        assert_eq!(serde_json::from_str::<Standing>(&text).unwrap(), standing);
        for state in JobState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
