//! What is counted while answers come in.

use std::io;

use super::histogram::Histogram;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A call.
    Voice,
    /// The end of one.
    Status,
}

pub struct Tally {
    pub voice: Histogram,
    pub status: Histogram,
    /// Answers other than 2xx.
    pub bad: u64,
    /// Requests whose connection ended in place of an answer.
    pub unanswered: u64,
    pub reconnects: u64,
    voice_bytes: u64,
    lasted: u64,
    ended: u64,
    /// Whether the first thing that went wrong has been told.
    told: bool,
}

impl Tally {
    pub fn new() -> Tally {
        Tally {
            voice: Histogram::new(),
            status: Histogram::new(),
            bad: 0,
            unanswered: 0,
            reconnects: 0,
            voice_bytes: 0,
            lasted: 0,
            ended: 0,
            told: false,
        }
    }

    /// An empty one for the next part of the run, which does not tell again what has been told.
    pub fn next(&self) -> Tally {
        Tally { told: self.told, ..Tally::new() }
    }

    /// Counts an answer; true if it is a good one.
    pub fn answered(&mut self, kind: Kind, status: u16, body: &[u8], nanos: u64) -> bool {
        match kind {
            Kind::Voice => {
                self.voice.add(nanos);
                self.voice_bytes += body.len() as u64;
            }
            Kind::Status => self.status.add(nanos),
        }
        let asked = match kind {
            Kind::Voice => "a call",
            Kind::Status => "the end of a call",
        };
        let good = (200..300).contains(&status);
        if !good {
            self.bad += 1;
            self.tell(&format!("{asked} was answered {status}: {}", String::from_utf8_lossy(body)));
        }
        good
    }

    /// Counts a connection that is over.
    pub fn broken(&mut self, unanswered: bool, why: Option<io::Error>) {
        self.reconnects += 1;
        self.unanswered += u64::from(unanswered);
        if unanswered {
            let why = why.map_or_else(|| "closed".to_owned(), |error| error.to_string());
            self.tell(&format!("a connection ended in place of an answer: {why}"));
        }
    }

    /// Counts requests that have been left without an answer.
    pub fn left_alone(&mut self, requests: u64, secs: u64) {
        self.unanswered += requests;
        if requests > 0 {
            self.tell(&format!("{requests} requests have had no answer for more than {secs} s: does the server hang?"));
        }
    }

    /// Counts how long a call lasted that ends now.
    pub fn lasted(&mut self, nanos: u64) {
        self.lasted += nanos;
        self.ended += 1;
    }

    pub fn answers(&self) -> u64 {
        self.voice.total() + self.status.total()
    }

    /// Mean length of the documents that answered calls.
    pub fn twiml_bytes(&self) -> u64 {
        self.voice_bytes / self.voice.total().max(1)
    }

    /// Mean length of the calls that ended, in seconds.
    pub fn call_secs(&self) -> f64 {
        self.lasted as f64 / 1e9 / self.ended.max(1) as f64
    }

    fn tell(&mut self, what: &str) {
        if !self.told {
            eprintln!("{what}");
        }
        self.told = true;
    }
}
