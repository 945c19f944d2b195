//! Many records at once: what they make of the calls they tell of.
//!
//! Pure: an engine asks of which calls it is to read what it keeps, lets the records change them, and writes what has
//! changed. It comes to what the same records come to one by one, endpoints that are told included.

use std::collections::{HashMap, HashSet};

use crate::model::{CallEvent, Record, Sid, TenantId};

use super::event::Event;
use super::merge::KeptCall;

/// Records being merged, in their order.
#[derive(Debug)]
pub(crate) struct Batch<'r> {
    /// In the order in which they were first told of.
    calls: Vec<Changed>,
    places: HashMap<&'r Sid, usize>,
    events: Vec<&'r CallEvent>,
    over: Vec<Event>,
    /// There is somebody to be told.
    tells: bool,
}

/// A call before and after.
#[derive(Debug)]
pub(crate) struct Changed {
    /// As it is kept; none if it is not.
    pub before: Option<KeptCall>,
    /// As it is to be kept.
    pub after: KeptCall,
}

impl<'r> Batch<'r> {
    /// How many of these records go together, from the first on: up to news of a voicemail, which is merged with what is
    /// written, and up to a call's second beginning, after which it may be another tenant's.
    pub(crate) fn run(records: &[&Record]) -> usize {
        let mut begun: HashSet<&Sid> = HashSet::new();
        let goes_along = records.iter().map(|record| match record {
            Record::CallBegan(began) => begun.insert(&began.call_sid),
            Record::CallEvent(_) | Record::CallEnded(_) | Record::AiReport(_) => true,
            Record::Voicemail(_) => false,
        });
        goes_along.take_while(|goes| *goes).count()
    }

    /// Nothing yet. Without anybody to be told, events need not be made.
    pub(crate) fn new(tells: bool) -> Batch<'r> {
        Batch { calls: Vec::new(), places: HashMap::new(), events: Vec::new(), over: Vec::new(), tells }
    }

    /// Calls of these records that were not asked for before: what is kept of them is to be told before the records are
    /// taken.
    pub(crate) fn asks(&mut self, records: &[&'r Record]) -> Vec<&'r Sid> {
        let mut asked = Vec::new();
        for record in records {
            let sid = record.call_sid();
            if !self.places.contains_key(sid) {
                self.places.insert(sid, self.calls.len());
                self.calls.push(Changed { before: None, after: KeptCall::unheard_of(sid.clone(), record.at()) });
                asked.push(sid);
            }
        }
        asked
    }

    /// What is kept of a call that was asked for.
    pub(crate) fn kept(&mut self, call: KeptCall) {
        if let Some(changed) = self.places.get(&call.sid).and_then(|place| self.calls.get_mut(*place)) {
            *changed = Changed { before: Some(call.clone()), after: call };
        }
    }

    /// Takes a record whose call was asked for.
    pub(crate) fn take(&mut self, record: &'r Record) {
        let Some(place) = self.places.get(record.call_sid()) else { return };
        let call = &mut self.calls[*place].after;
        let was_over = call.over().map(Option::<&TenantId>::cloned);
        match record {
            Record::CallBegan(began) => call.begin(began),
            Record::CallEvent(event) => {
                call.heard(event.at);
                self.events.push(event);
            }
            Record::CallEnded(ended) => call.end(ended),
            Record::AiReport(report) => call.report(report),
            Record::Voicemail(_) => {}
        }
        // Told once, when both beginning and end are known, in whatever order they came. Whose call it is may only then
        // become known; who was told already is not told again. What is told is what was known then: a later word on
        // how it ended is not.
        let is_news = call.over().is_some_and(|tenant| was_over.as_ref().map(Option::as_ref) != Some(tenant));
        if self.tells
            && is_news
            && let Some(ending) = &call.ending
        {
            self.over.push(Event::call_ended(&call.clone().row(), ending.at));
        }
    }

    /// What there is to write.
    pub(crate) fn done(self) -> Merged<'r> {
        Merged { calls: self.calls, events: self.events, over: self.over }
    }
}

/// What records have come to.
#[derive(Debug)]
pub(crate) struct Merged<'r> {
    /// Calls, each once.
    pub calls: Vec<Changed>,
    /// What happened in them, in order.
    pub events: Vec<&'r CallEvent>,
    /// What endpoints are to be told.
    pub over: Vec<Event>,
}

impl Changed {
    /// It has become known whose call this is.
    pub(crate) fn has_new_tenant(&self) -> bool {
        let tenant = |call: &'_ KeptCall| call.began.as_ref().and_then(|began| began.tenant_id.clone());
        tenant(&self.after) != self.before.as_ref().and_then(tenant)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{CallEnded, EndedBy, Seed, VoicemailId, VoicemailNews, VoicemailState};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// `b1`: call 1 begins; `e1`: it ends; `v1`: somebody left a message.
    fn record(word: &str) -> Record {
        let call_sid = Sid::parse(&word[1..]).unwrap();
        match &word[..1] {
            "b" => Record::CallBegan(KeptCall::unheard_of(call_sid, NOW).beginning().into_owned()),
            "e" => {
                let (status, duration_seconds) = (None, None);
                Record::CallEnded(CallEnded { call_sid, at: NOW, status, duration_seconds, by: EndedBy::Status })
            }
            _ => Record::Voicemail(VoicemailNews {
                id: VoicemailId::new(Seed { at: NOW, random: [0; 10] }),
                tenant_id: None,
                call_sid,
                account_sid: None,
                recording_sid: None,
                recording_url: None,
                from: None,
                duration_seconds: None,
                state: VoicemailState::Pending,
                transcript: None,
                at: NOW,
            }),
        }
    }

    #[test]
    fn a_run_ends_before_news_of_a_voicemail_and_before_a_second_beginning() {
        for (words, expected) in [
            ("", 0),
            ("b1", 1),
            ("b1 e1 b2 e2 e1", 5),
            ("e1 b1 e1", 3),
            ("b1 b2 b1 e1", 2),
            ("v1 b1", 0),
            ("b1 e1 v1 e2", 2),
        ] {
            let records: Vec<Record> = words.split_whitespace().map(record).collect();
            assert_eq!(Batch::run(&records.iter().collect::<Vec<_>>()), expected, "{words}");
        }
    }

    #[test]
    fn a_call_is_told_as_over_once_when_its_end_and_its_beginning_are_known() {
        for (words, expected) in [("b1", 0), ("e1", 0), ("b1 e1", 1), ("e1 b1", 1), ("b1 e1 e1 e2 b2", 2)] {
            let records: Vec<Record> = words.split_whitespace().map(record).collect();
            for tells in [true, false] {
                let mut batch = Batch::new(tells);
                let records: Vec<&Record> = records.iter().collect();
                batch.asks(&records);
                records.iter().for_each(|record| batch.take(record));
                assert_eq!(batch.done().over.len(), if tells { expected } else { 0 }, "{words}");
            }
        }
    }

    #[test]
    fn a_call_that_is_kept_as_over_is_not_told_again_and_is_asked_for_once() {
        let (began, ended) = (record("b1"), record("e1"));
        let mut kept = KeptCall::unheard_of(Sid::parse("1").unwrap(), NOW);
        let (Record::CallBegan(beginning), Record::CallEnded(end)) = (&began, &ended) else { unreachable!() };
        kept.begin(beginning);
        kept.end(end);
        let mut batch = Batch::new(true);
        assert_eq!(batch.asks(&[&began, &ended]).len(), 1);
        assert_eq!(batch.asks(&[&began, &ended]).len(), 0);
        batch.kept(kept.clone());
        [&began, &ended].into_iter().for_each(|record| batch.take(record));
        let merged = batch.done();
        assert_eq!((merged.over.len(), merged.calls[0].before.as_ref()), (0, Some(&kept)));
    }
}
