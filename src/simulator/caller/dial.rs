//! `<Dial>` and `<Connect>`: who rings, who picks up, who talks with the caller, and what the edge is told of it.

use reqwest::Url;

use crate::simulator::wire::{fresh_sid, rfc2822};

use super::markup::Element;
use super::script::{Ai, Staff};
use super::talk::{Talk, Then, pressed};
use super::{AnsweredBy, Event};

/// How long a phone rings that is picked up.
const RING_SECONDS: u32 = 4;

/// How long a conversation lasts, if the caller does not hang up before.
const TALK_SECONDS: u32 = 30;

/// How long the AI talks before it hands the caller on.
const BEFORE_REFER_SECONDS: u32 = 10;

/// How long a phone rings where the document names no time.
const DIAL_TIMEOUT_SECONDS: u32 = 30;

/// Longest a whisper may go on, in documents.
const WHISPERS_MAX: usize = 10;

/// A phone or an AI that is dialled.
struct Leg<'e> {
    noun: &'e Element,
    /// The number or URI, without the headers of a SIP URI.
    who: String,
    sid: String,
    /// What it will do.
    part: Part,
    /// How many progress events have been told.
    told: u32,
}

enum Part {
    Ai(Ai),
    Staff(Staff),
}

/// How a group of phones that rang together came out.
enum Rung<'e> {
    Connected(Leg<'e>),
    Missed { status: &'static str, leg: Leg<'e> },
}

impl<'e> Talk<'_> {
    pub async fn dial(&mut self, here: &Url, dial: &'e Element) -> Then {
        let mut legs = self.legs(dial);
        if legs.is_empty() {
            self.trouble("<Dial> names nobody to dial".to_owned());
            return Then::Next;
        }
        if !dial.is("answerOnBridge", "true") {
            self.answer();
        }
        let in_turn = dial.is("sequential", "true");
        let mut rung;
        loop {
            let group = if in_turn { vec![legs.remove(0)] } else { std::mem::take(&mut legs) };
            rung = self.ring(here, dial, group).await;
            let over = matches!(rung, Rung::Connected(_)) || legs.is_empty() || self.ended.is_some();
            if over {
                break;
            }
        }
        match rung {
            Rung::Connected(leg) => self.connected(here, dial, leg).await,
            Rung::Missed { status, leg } => self.after(here, dial, &leg, status, None).await,
        }
    }

    /// The AI behind a media stream.
    pub async fn connect(&mut self, here: &Url, connect: &Element) -> Then {
        self.answer();
        let Some(stream) = connect.children.iter().find(|noun| noun.name == "Stream") else {
            let noun = connect.children.first().map_or("nothing", |noun| noun.name.as_str());
            self.tell(Event::NotPlayed { verb: format!("Connect><{noun}") });
            return Then::Next;
        };
        let address = stream.attribute("url").unwrap_or("");
        if !address.starts_with("wss://") || address.contains('?') {
            self.trouble(format!("<Stream> needs a wss address without a query, not `{address}`"));
            return Then::Next;
        }
        match self.next_ai() {
            Ai::Answer | Ai::Refer(_) => {
                self.answered_by = AnsweredBy::Ai;
                self.converse("the AI", TALK_SECONDS);
            }
            Ai::Busy | Ai::NoAnswer | Ai::Failed => {
                self.tell(Event::Missed { who: "the AI".to_owned(), status: "failed".to_owned() });
            }
        }
        self.go_on(here, connect, connect.attribute("action"), &[]).await
    }

    /// The call has gone elsewhere for good; what happens there is the AI's part.
    pub fn handed_over(&mut self) {
        match self.next_ai() {
            Ai::Answer | Ai::Refer(_) => {
                self.answer();
                self.answered_by = AnsweredBy::Ai;
                self.converse("the AI", TALK_SECONDS);
                self.ended.get_or_insert("completed");
            }
            Ai::Busy | Ai::NoAnswer | Ai::Failed => {
                self.tell(Event::Missed { who: "the AI".to_owned(), status: "failed".to_owned() });
                self.ended = Some("failed");
            }
        }
    }

    fn legs(&mut self, dial: &'e Element) -> Vec<Leg<'e>> {
        let mut legs = Vec::new();
        let bare = dial.children.is_empty().then_some(dial);
        for noun in bare.into_iter().chain(&dial.children) {
            let who = noun.spoken();
            let part = match noun.name.as_str() {
                "Sip" => Part::Ai(self.next_ai()),
                "Number" | "Client" | "Dial" => Part::Staff(self.next_staff()),
                other => {
                    self.tell(Event::NotPlayed { verb: format!("Dial><{other}") });
                    continue;
                }
            };
            if who.is_empty() {
                continue;
            }
            let who = who.split('?').next().unwrap_or("").to_owned();
            legs.push(Leg { noun, who, sid: fresh_sid("CA"), part, told: 0 });
        }
        legs
    }

    async fn ring(&mut self, here: &Url, dial: &Element, mut legs: Vec<Leg<'e>>) -> Rung<'e> {
        let timeout = dial.number("timeout").unwrap_or(DIAL_TIMEOUT_SECONDS);
        let seconds = legs.iter().any(Leg::picks_up).then_some(RING_SECONDS.min(timeout));
        let patient = legs.iter().any(Leg::lets_it_ring);
        let seconds = seconds.unwrap_or(if patient { timeout } else { 1 });
        for leg in &mut legs {
            self.tell(Event::Rings { who: leg.who.clone(), seconds });
            self.progress(here, dial, leg, "initiated", "initiated").await;
            self.progress(here, dial, leg, "ringing", "ringing").await;
        }
        self.pass(seconds);

        let mut connected: Option<Leg<'e>> = None;
        let mut missed: Option<(&'static str, Leg<'e>)> = None;
        for mut leg in legs {
            let reached = connected.is_none() && self.ended.is_none() && leg.picks_up();
            if reached && self.lets_through(here, dial, &mut leg).await {
                connected = Some(leg);
                continue;
            }
            let status = if connected.is_some() || self.ended.is_some() { "canceled" } else { leg.missed() };
            self.tell(Event::Missed { who: leg.who.clone(), status: status.to_owned() });
            self.progress(here, dial, &mut leg, "completed", status).await;
            // A phone that rang out says more of the group than one that was busy or out of reach.
            if missed.as_ref().is_none_or(|(before, _)| *before != "no-answer") {
                missed = Some((status, leg));
            }
        }
        match (connected, missed) {
            (Some(leg), _) => Rung::Connected(leg),
            (None, Some((status, leg))) => Rung::Missed { status, leg },
            (None, None) => unreachable!("a group has at least one leg, and each is connected or missed"),
        }
    }

    /// A leg has picked up. Where it is screened it must come through that first.
    async fn lets_through(&mut self, here: &Url, dial: &Element, leg: &mut Leg<'e>) -> bool {
        self.progress(here, dial, leg, "answered", "in-progress").await;
        let Some(whisper) = leg.noun.attribute("url") else { return true };
        let from = self.caller_id(dial);
        let mut extra: Vec<(&str, String)> = vec![("CallStatus", "in-progress".to_owned())];
        let mut method = leg.noun.attribute("method").unwrap_or("POST").to_owned();
        let mut at = self.join(here, whisper);
        for _ in 0..WHISPERS_MAX {
            let Some(url) = at.take() else { return false };
            let form = self.leg_form(&leg.sid, &from, &leg.who, &extra);
            let page = match self.document(&url, &method, form).await {
                Ok(page) => page,
                Err(what) => {
                    self.trouble(what);
                    return false;
                }
            };
            for verb in page.verbs() {
                match verb.name.as_str() {
                    "Say" | "Play" => self.whisper(leg, verb),
                    "Pause" => self.pass(verb.number("length").unwrap_or(1)),
                    "Hangup" => return false,
                    "Gather" => {
                        for inner in verb.children.iter().filter(|inner| inner.name != "Pause") {
                            self.whisper(leg, inner);
                        }
                        let Some(keys) = leg.keys() else {
                            self.pass(verb.number("timeout").unwrap_or(5));
                            continue;
                        };
                        self.tell(Event::Presses { who: leg.who.clone(), keys: keys.to_owned() });
                        extra.truncate(1);
                        extra.push(("Digits", pressed(verb, keys)));
                        method = verb.attribute("method").unwrap_or("POST").to_owned();
                        at = self.join(&page.url, verb.attribute("action").unwrap_or(""));
                        break;
                    }
                    other => {
                        self.trouble(format!("<{other}> in what is whispered to {}", leg.who));
                        return false;
                    }
                }
            }
            if at.is_none() {
                return true;
            }
        }
        self.trouble(format!("the whisper to {} goes round in circles", leg.who));
        false
    }

    fn whisper(&mut self, leg: &Leg<'e>, verb: &Element) {
        self.tell(Event::Whispers { who: leg.who.clone(), text: verb.spoken() });
        self.pass(2);
    }

    async fn connected(&mut self, here: &Url, dial: &Element, mut leg: Leg<'e>) -> Then {
        self.answer();
        let (who, by) = match leg.part {
            Part::Ai(_) => ("the AI".to_owned(), AnsweredBy::Ai),
            Part::Staff(_) => (leg.who.clone(), AnsweredBy::Staff),
        };
        self.answered_by = by;
        let began = self.clock;
        let limit = dial.number("timeLimit").unwrap_or(u32::MAX);
        let Part::Ai(Ai::Refer(to)) = &leg.part else {
            self.converse(&who, TALK_SECONDS.min(limit));
            self.progress(here, dial, &mut leg, "completed", "completed").await;
            return self.after(here, dial, &leg, "completed", Some(self.clock - began)).await;
        };
        let to = to.clone();
        self.converse(&who, BEFORE_REFER_SECONDS.min(limit));
        if self.ended.is_some() {
            self.progress(here, dial, &mut leg, "completed", "completed").await;
            return self.after(here, dial, &leg, "completed", Some(self.clock - began)).await;
        }
        self.tell(Event::Refers { to: to.clone() });
        self.progress(here, dial, &mut leg, "completed", "completed").await;
        let Some(refer) = dial.attribute("referUrl") else {
            self.trouble("the AI transfers, but <Dial> has no referUrl".to_owned());
            return self.after(here, dial, &leg, "completed", Some(self.clock - began)).await;
        };
        let host = leg.who.split_once('@').map_or("sip.invalid", |(_, host)| host).to_owned();
        let host = host.split([';', ':']).next().unwrap_or("").to_owned();
        let target = if to.contains(':') { to } else { format!("<sip:{to}@{host}>") };
        let method = dial.attribute("referMethod").unwrap_or("POST").to_owned();
        let Some(url) = self.join(here, refer) else { return Then::End };
        match self.fetch(&url, &method, &[("ReferTransferTarget", target)]).await {
            Some(page) if self.ended.is_none() => Then::Go(page),
            _ => Then::End,
        }
    }

    /// Asks the action of a Dial that is over.
    async fn after(&mut self, here: &Url, dial: &Element, leg: &Leg<'e>, status: &str, talked: Option<u32>) -> Then {
        let mut extra = vec![
            ("DialCallStatus", status.to_owned()),
            ("DialCallSid", leg.sid.clone()),
            ("DialBridged", talked.is_some().to_string()),
        ];
        if let Some(seconds) = talked {
            extra.push(("DialCallDuration", seconds.to_string()));
        }
        if leg.noun.name == "Sip" {
            let code = match status {
                "completed" => "200",
                "busy" => "486",
                "failed" => "503",
                _ => "487",
            };
            extra.push(("DialSipCallId", format!("{}@192.0.2.20", fresh_sid(""))));
            extra.push(("DialSipResponseCode", code.to_owned()));
        }
        self.go_on(here, dial, dial.attribute("action"), &extra).await
    }

    /// A progress event of a leg, if the document asks for it.
    async fn progress(&mut self, here: &Url, dial: &Element, leg: &mut Leg<'e>, event: &str, status: &str) {
        let Some(callback) = leg.noun.attribute("statusCallback") else { return };
        let wanted = leg.noun.attribute("statusCallbackEvent").unwrap_or("completed");
        if !wanted.split(' ').any(|one| one == event) {
            return;
        }
        let Some(to) = self.join(here, callback) else { return };
        let mut extra = vec![
            ("CallStatus", status.to_owned()),
            ("Timestamp", rfc2822(jiff::Timestamp::now())),
            ("CallbackSource", "call-progress-events".to_owned()),
            ("SequenceNumber", leg.told.to_string()),
        ];
        if event == "completed" {
            extra.push(("CallDuration", "0".to_owned()));
        }
        leg.told += 1;
        let form = self.leg_form(&leg.sid, &self.caller_id(dial), &leg.who, &extra);
        let method = leg.noun.attribute("statusCallbackMethod").unwrap_or("POST");
        self.notify(to.as_str(), method, form).await;
    }

    fn converse(&mut self, who: &str, seconds: u32) {
        let until_hangup = self.script.caller.hangup_after.map(|after| after.saturating_sub(self.clock));
        let talked = until_hangup.map_or(seconds, |left| left.min(seconds));
        self.tell(Event::Talks { who: who.to_owned(), seconds: talked });
        self.pass(seconds);
    }

    fn caller_id(&self, dial: &Element) -> String {
        dial.attribute("callerId").unwrap_or(&self.call.from).to_owned()
    }

    fn next_ai(&mut self) -> Ai {
        let part = self.script.ai.get(self.ai_rung).or(self.script.ai.last()).cloned();
        self.ai_rung += 1;
        part.unwrap_or(Ai::Answer)
    }

    fn next_staff(&mut self) -> Staff {
        let part = self.script.staff.get(self.staff_rung).or(self.script.staff.last()).copied();
        self.staff_rung += 1;
        part.unwrap_or(Staff::NoAnswer)
    }
}

impl Leg<'_> {
    fn picks_up(&self) -> bool {
        match &self.part {
            Part::Ai(ai) => matches!(ai, Ai::Answer | Ai::Refer(_)),
            Part::Staff(Staff::Decline) => self.noun.attribute("url").is_some(),
            Part::Staff(staff) => matches!(staff, Staff::Answer | Staff::Accept),
        }
    }

    fn lets_it_ring(&self) -> bool {
        matches!(self.part, Part::Ai(Ai::NoAnswer) | Part::Staff(Staff::NoAnswer))
    }

    /// The status of a leg that was not connected. One that failed its screening counts as not answered.
    fn missed(&self) -> &'static str {
        match &self.part {
            Part::Ai(Ai::Busy) | Part::Staff(Staff::Busy) => "busy",
            Part::Ai(Ai::Failed) | Part::Staff(Staff::Failed) => "failed",
            Part::Staff(Staff::Decline) if self.noun.attribute("url").is_none() => "busy",
            _ => "no-answer",
        }
    }

    fn keys(&self) -> Option<&'static str> {
        match self.part {
            Part::Staff(Staff::Accept) => Some("1"),
            Part::Staff(Staff::Decline) => Some("2"),
            _ => None,
        }
    }
}
