//! One run of a job: its steps are written down before and after, and those that are written down are not done again.

use std::collections::HashMap;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::backoff::pause;
use super::desk::{Desk, actor};
use super::gate::Gate;
use super::trouble::{Halt, Trouble, may_pass, mend};
use crate::model::{Change, Job, JobEntry, JobState, StepKey, StepStanding};
use crate::providers::Outlook;
use crate::store::{Actor, ClaimedJob, StoreError};

/// After so many failures in a row, about a day, a person is asked.
const FAILURES_MAX: u32 = 700;

/// A run of a job.
pub(super) struct Run<'d> {
    /// What it works with.
    pub desk: &'d Desk,
    /// The job, standing as it did when it was last written.
    pub job: Job,
    fence: i64,
    memory: HashMap<StepKey, Past>,
    /// How many steps of each name this run has come to.
    counts: HashMap<&'static str, u32>,
    /// What is still to be written, with the next that is.
    unwritten: Vec<JobEntry>,
    /// What was got is being put in order: no calling off any more.
    is_leaving: bool,
}

/// What is known of a step.
enum Past {
    /// It was begun, and may have had its effect.
    Begun,
    Done(Value),
    Skipped,
}

/// How a step is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    /// It may have had its effect already: look before asking again.
    pub again: bool,
    /// The job is called off: find out whether it had its effect, and do not ask.
    pub only_look: bool,
    /// How often in a row it failed.
    pub failures: u32,
}

/// What had no effect is tried anew when somebody begins a job again: things may be otherwise now. But while nobody knows
/// whether a number was bought, no other is tried, nor the ones before it.
fn begin_again(memory: &mut HashMap<StepKey, Past>) {
    let buys = |step: &StepKey| step.name == "purchaseTwilioNumber";
    let is_open = memory.iter().any(|(step, past)| buys(step) && matches!(past, Past::Begun));
    if is_open {
        let offers = |step: &StepKey| buys(step) || step.name == "searchAvailableNumbers";
        memory.retain(|step, past| offers(step) || !matches!(past, Past::Skipped));
        return;
    }
    let bought: Vec<u32> = memory
        .iter()
        .filter(|(step, past)| buys(step) && matches!(past, Past::Done(_)))
        .map(|(step, _)| step.nth)
        .collect();
    // An offer that was refused is no offer any more.
    memory.retain(|step, past| {
        !matches!(past, Past::Skipped) && (step.name != "searchAvailableNumbers" || bought.contains(&step.nth))
    });
}

/// What comes of a step.
pub(super) enum Outcome<T> {
    /// It had its effect; in words, and for the steps behind it.
    Done(String, T),
    /// It had none: something else has to be tried.
    Skipped(String),
}

impl<'d> Run<'d> {
    /// Goes on with a job from what is written of it.
    pub fn new(desk: &'d Desk, claimed: ClaimedJob) -> Run<'d> {
        let mut memory = HashMap::new();
        let mut last_end = None;
        for entry in &claimed.log {
            match entry {
                JobEntry::Began { step } => drop(memory.insert(step.clone(), Past::Begun)),
                JobEntry::Done { step, data, .. } => drop(memory.insert(step.clone(), Past::Done(data.clone()))),
                JobEntry::Skipped { step, .. } => drop(memory.insert(step.clone(), Past::Skipped)),
                JobEntry::Ended { state, .. } => last_end = Some(*state),
                // What it had got was put in order: it begins from nothing.
                JobEntry::Retried if last_end == Some(JobState::Cancelled) => memory.clear(),
                JobEntry::Retried => begin_again(&mut memory),
                JobEntry::Delayed { .. } | JobEntry::Broke { .. } | JobEntry::CancelAsked => {}
            }
        }
        Run {
            desk,
            job: claimed.job,
            fence: claimed.fence,
            memory,
            counts: HashMap::new(),
            unwritten: Vec::new(),
            is_leaving: false,
        }
    }

    /// As the audit log names it.
    pub fn by(&self) -> Actor {
        actor(&self.job)
    }

    /// From here on what was got is put in order.
    pub fn leave(&mut self) {
        self.is_leaving = true;
    }

    /// A step that asks nobody but the store.
    pub async fn step<T, F>(&mut self, name: &'static str, work: impl FnOnce(Try) -> F) -> Result<Option<T>, Halt>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<Outcome<T>, Trouble>>,
    {
        self.step_through(None, name, work).await
    }

    /// A step that asks Twilio.
    pub async fn step_at_twilio<T, F>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(Try) -> F,
    ) -> Result<Option<T>, Halt>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<Outcome<T>, Trouble>>,
    {
        self.step_through(Some(&self.desk.gates.twilio), name, work).await
    }

    /// A step that asks Vapi.
    pub async fn step_at_vapi<T, F>(
        &mut self,
        name: &'static str,
        work: impl FnOnce(Try) -> F,
    ) -> Result<Option<T>, Halt>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<Outcome<T>, Trouble>>,
    {
        self.step_through(Some(&self.desk.gates.vapi), name, work).await
    }

    /// Does a step, unless it is written that it was done or skipped. `work` is told whether it may have been done
    /// before; then it looks first. None if it was skipped.
    async fn step_through<T, F>(
        &mut self,
        gate: Option<&Gate>,
        name: &'static str,
        work: impl FnOnce(Try) -> F,
    ) -> Result<Option<T>, Halt>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<Outcome<T>, Trouble>>,
    {
        let nth = self.counts.entry(name).or_insert(0);
        *nth += 1;
        let step = StepKey { name: name.to_owned(), nth: *nth };
        let again = match self.memory.get(&step) {
            Some(Past::Done(data)) => {
                let unreadable =
                    |error| Halt::Stop(JobState::Manual, format!("the log of {name} cannot be read: {error}"));
                return serde_json::from_value(data.clone()).map(Some).map_err(unreadable);
            }
            Some(Past::Skipped) => return Ok(None),
            Some(Past::Begun) => true,
            None => false,
        };
        if self.is_called_off() && !again {
            return Err(Halt::Cancelled);
        }
        if let Some(Err(wait)) = gate.map(Gate::look) {
            return Err(self.put_off(wait).await);
        }
        self.unwritten.push(JobEntry::Began { step: step.clone() });
        self.write().await?;
        let failures = self.standing_of(&step).map_or(0, |standing| standing.failures);
        let only_look = self.is_called_off();
        if only_look && !again {
            // It was written as begun and is not; whoever begins the job again looks first.
            return Err(Halt::Cancelled);
        }
        match work(Try { again, only_look, failures }).await {
            Ok(Outcome::Done(detail, data)) => {
                let value = serde_json::to_value(&data).unwrap_or(Value::Null);
                self.say(name, &detail);
                self.memory.insert(step.clone(), Past::Done(value.clone()));
                self.unwritten.push(JobEntry::Done { step, detail, data: value });
                Ok(Some(data))
            }
            Ok(Outcome::Skipped(detail)) => {
                self.say(name, &detail);
                self.unwritten.push(JobEntry::Skipped { step, detail });
                Ok(None)
            }
            Err(trouble) => Err(self.stopped(step, trouble).await),
        }
    }

    /// What the last step of this name that was done brought, whichever run it was in.
    pub fn done<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let of_name = self.memory.iter().filter(|(step, _)| step.name == name);
        let done = of_name.filter_map(|(step, past)| match past {
            Past::Done(data) => Some((step.nth, data)),
            Past::Begun | Past::Skipped => None,
        });
        let (_, data) = done.max_by_key(|(nth, _)| *nth)?;
        serde_json::from_value(data.clone()).ok()
    }

    /// Was a step of this name ever begun?
    pub fn has_begun(&self, name: &str) -> bool {
        self.job.standing.steps.iter().any(|step| step.key.name == name)
    }

    /// How many steps of this name were begun, and how many of them are done.
    pub fn counts(&self, name: &str) -> (usize, usize) {
        let begun = self.job.standing.steps.iter().filter(|step| step.key.name == name).count();
        let is_done = |(step, past): &(&StepKey, &Past)| step.name == name && matches!(past, Past::Done(_));
        (begun, self.memory.iter().filter(is_done).count())
    }

    /// Was one of them tried more than once?
    pub fn was_repeated(&self, name: &str) -> bool {
        self.job.standing.steps.iter().any(|step| step.key.name == name && step.attempts > 1)
    }

    fn is_called_off(&self) -> bool {
        self.job.standing.cancel_asked && !self.is_leaving
    }

    /// Ends the job.
    pub async fn end(&mut self, state: JobState, detail: String, result: Value) -> Result<(), Halt> {
        self.say("end", &detail);
        self.unwritten.push(JobEntry::Ended { state, detail, result });
        self.write().await
    }

    /// Writes what is not written yet: before a job is given back.
    pub async fn write(&mut self) -> Result<(), Halt> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let (now, id) = ((self.desk.now)(), self.job.id.clone());
        match self.desk.store.write_job(&id, self.fence, &self.unwritten, now).await {
            Ok(standing) => {
                self.unwritten.clear();
                (self.job.standing, self.job.updated_at) = (standing, now);
                (self.desk.changed)(Change::Job(id));
                Ok(())
            }
            Err(error) => Err(Halt::Lost(error)),
        }
    }

    async fn put_off(&mut self, wait: std::time::Duration) -> Halt {
        if let Err(lost) = self.write().await {
            return lost;
        }
        // Not all at once when the time has come.
        let spread = wait.mul_f64(1.0 + self.chance() / 4.0);
        Halt::PutOff((self.desk.now)().saturating_add(spread).unwrap_or(jiff::Timestamp::MAX))
    }

    /// What becomes of the job when a step did not come to its end.
    async fn stopped(&mut self, step: StepKey, trouble: Trouble) -> Halt {
        let failures = self.standing_of(&step).map_or(0, |standing| standing.failures);
        let (detail, wait) = match trouble {
            Trouble::Provider(error) if may_pass(&error) => {
                let asked = match error.outlook() {
                    Outlook::Later(asked) => asked,
                    _ => None,
                };
                (error.to_string(), pause(failures, self.chance(), asked))
            }
            Trouble::Provider(error) if error.outlook() == Outlook::Credentials => {
                return self.broke(step, JobState::Manual, mend(&error)).await;
            }
            Trouble::Provider(error) => return self.broke(step, JobState::Failed, error.to_string()).await,
            Trouble::Store(error @ (StoreError::Away(_) | StoreError::VersionChanged(_))) => return Halt::Lost(error),
            Trouble::Store(error) => return self.broke(step, JobState::Failed, error.to_string()).await,
            Trouble::Away(wait) => {
                let wait = wait.mul_f64(1.0 + self.chance() / 4.0);
                let wait = jiff::SignedDuration::try_from(wait).unwrap_or_default();
                ("the provider does not answer just now".to_owned(), wait)
            }
            Trouble::NotYet(detail) => (detail, pause(failures.clamp(2, 4), self.chance(), None)),
            Trouble::Stop(state, detail) => return self.broke(step, state, detail).await,
        };
        if failures >= FAILURES_MAX {
            let detail = format!("{detail}; tried {failures} times, for about a day: retry it once the reason is gone");
            return self.broke(step, JobState::Manual, detail).await;
        }
        tracing::warn!(job = %self.job.id, step = step.name, failures, detail, "a step failed and is tried again");
        let until = (self.desk.now)().saturating_add(wait).unwrap_or(jiff::Timestamp::MAX);
        self.unwritten.push(JobEntry::Delayed { step, detail, until });
        self.write().await.err().unwrap_or(Halt::Waits)
    }

    async fn broke(&mut self, step: StepKey, state: JobState, detail: String) -> Halt {
        tracing::warn!(job = %self.job.id, step = step.name, detail, "a step failed for good");
        self.unwritten.push(JobEntry::Broke { step, detail: detail.clone() });
        Halt::Stop(state, detail)
    }

    fn standing_of(&self, step: &StepKey) -> Option<&StepStanding> {
        self.job.standing.steps.iter().find(|standing| standing.key == *step)
    }

    fn say(&self, step: &'static str, detail: &str) {
        tracing::info!(job = %self.job.id, step, "{detail}");
    }

    fn chance(&self) -> f64 {
        f64::from((self.desk.random)()[0]) / 255.0
    }
}
