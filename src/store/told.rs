//! What a process tells the others of the records it has written: enough to find what was written, and nothing of whom it
//! was. Who called and what was said stays in the rows this leads to, for as long as those are kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{CallEnded, CallEvent, Record, Sid};

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Word {
    /// It began.
    Began {
        /// Which.
        call_sid: Sid,
    },
    /// Something happened in it.
    Event(CallEvent),
    /// It ended.
    Ended(CallEnded),
    /// Somebody left a message in it, or there is news of one.
    Voicemail {
        /// Which call.
        call_sid: Sid,
        /// The recording, once known.
        recording_sid: Option<Sid>,
        /// When the news came.
        at: Timestamp,
    },
}

impl Word {
    /// A record without whom it is about.
    pub fn of(record: &Record) -> Word {
        match record {
            Record::CallBegan(began) => Word::Began { call_sid: began.call_sid.clone() },
            Record::CallEvent(event) => Word::Event(event.clone()),
            Record::CallEnded(ended) => Word::Ended(ended.clone()),
            Record::AiReport(report) => Word::Event(report.as_event()),
            Record::Voicemail(news) => Word::Voicemail {
                call_sid: news.call_sid.clone(),
                recording_sid: news.recording_sid.clone(),
                at: news.at,
            },
        }
    }
}

/// What other processes have told.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// In the order in which it was written.
    pub words: Vec<Word>,
    /// More than that may have been told: nobody knows any more what.
    pub more: bool,
    /// Up to where: what is asked for next lies behind.
    pub upto: u64,
}
