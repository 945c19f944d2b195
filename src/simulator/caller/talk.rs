//! One call on its way: the documents it walks through and the verbs in them, save dialling and recording.

use hyper::StatusCode;
use jiff::Timestamp;
use reqwest::Url;

use crate::simulator::wire::{fresh_sid, rfc2822};

use super::markup::{self, Element};
use super::post::Post;
use super::script::Script;
use super::{AnsweredBy, Event, Outcome, Placed};

/// How many documents a call may walk through; more is a circle.
const DOCUMENTS_MAX: usize = 40;

/// How fast a voice speaks, in words per ten seconds.
const WORDS_PER_TEN_SECONDS: usize = 25;

const FALLBACK: &str = "/api/twilio/fallback";
const STATUS: &str = "/api/twilio/status";

/// The call.
pub(super) struct Talk<'a> {
    pub post: &'a Post,
    pub call: &'a Placed,
    pub sid: String,
    pub script: Script,
    tell: Box<dyn FnMut(&Event) + Send + 'a>,
    /// Seconds since the call began.
    pub clock: u32,
    pub answered_at: Option<u32>,
    /// The final status, once there is one.
    pub ended: Option<&'static str>,
    pub answered_by: AnsweredBy,
    pub troubles: Vec<String>,
    /// How many AI legs and how many phones have been rung: the place in the script.
    pub ai_rung: usize,
    pub staff_rung: usize,
    documents: usize,
    fell_back: bool,
    pub sip_call_id: String,
}

/// A document and where it came from.
pub(super) struct Page {
    pub url: Url,
    root: Element,
}

/// What follows a verb.
pub(super) enum Then {
    /// The next verb.
    Next,
    /// Another document.
    Go(Page),
    /// Nothing more.
    End,
}

impl Page {
    pub fn verbs(&self) -> &[Element] {
        &self.root.children
    }
}

impl<'a> Talk<'a> {
    pub fn new(
        post: &'a Post,
        call: &'a Placed,
        sid: String,
        script: Script,
        tell: Box<dyn FnMut(&Event) + Send + 'a>,
    ) -> Talk<'a> {
        Talk {
            post,
            call,
            sid,
            script,
            tell,
            clock: 0,
            answered_at: None,
            ended: None,
            answered_by: AnsweredBy::Nobody,
            troubles: Vec::new(),
            ai_rung: 0,
            staff_rung: 0,
            documents: 0,
            fell_back: false,
            sip_call_id: fresh_sid(""),
        }
    }

    /// From the first request to the status callback.
    pub async fn follow(mut self) -> Outcome {
        let dials = Event::Dials { from: self.call.from.clone(), to: self.call.to.clone(), call_sid: self.sid.clone() };
        self.tell(dials);
        let first = self.post.entrance(if self.call.is_sip() { "/api/twilio/sip" } else { "/api/twilio/voice" });
        let mut page = self.fetch(&first, "POST", &[]).await;
        while let Some(current) = page {
            page = self.play(current).await;
        }
        if self.ended.is_none() {
            // Out of verbs, or out of documents: Twilio hangs up. A call that never got an answer has failed.
            let nothing_ran = self.answered_at.is_none() && !self.troubles.is_empty();
            self.ended = Some(if nothing_ran { "failed" } else { "completed" });
        }
        self.over().await
    }

    async fn over(mut self) -> Outcome {
        let status = self.ended.unwrap_or("completed");
        let duration = self.answered_at.map_or(0, |at| self.clock - at);
        let form = self.form(&[
            ("CallDuration", duration.to_string()),
            ("Duration", duration.div_ceil(60).to_string()),
            ("Timestamp", rfc2822(Timestamp::now())),
            ("CallbackSource", "call-progress-events".to_owned()),
            ("SequenceNumber", "0".to_owned()),
        ]);
        self.notify(&format!("{STATUS}#rc=3&rp=5xx,ct,rt&rt=3000"), "POST", form).await;
        self.tell(Event::Ended { status: status.to_owned(), seconds: duration });
        Outcome {
            call_sid: self.sid,
            answered_by: self.answered_by,
            status: status.to_owned(),
            duration_seconds: duration,
            troubles: self.troubles,
        }
    }

    async fn play(&mut self, page: Page) -> Option<Page> {
        for (place, verb) in page.root.children.iter().enumerate() {
            let then = match verb.name.as_str() {
                "Say" | "Play" | "Pause" => {
                    self.hear(verb, place == 0);
                    Then::Next
                }
                "Gather" => self.gather(&page.url, verb).await,
                "Record" => self.record(&page.url, verb).await,
                "Dial" => self.dial(&page.url, verb).await,
                "Connect" => self.connect(&page.url, verb).await,
                "Redirect" => self.redirect(&page.url, verb).await,
                "Reject" => self.reject(verb),
                "Hangup" => Then::End,
                other => {
                    self.tell(Event::NotPlayed { verb: other.to_owned() });
                    Then::Next
                }
            };
            match then {
                _ if self.ended.is_some() => return None,
                Then::Next => {}
                Then::Go(next) => return Some(next),
                Then::End => {
                    if verb.name == "Hangup" {
                        self.answer();
                    }
                    return None;
                }
            }
        }
        None
    }

    /// `Say`, `Play` and `Pause`; only a leading `Pause` leaves the call unanswered.
    fn hear(&mut self, verb: &Element, leading: bool) {
        match verb.name.as_str() {
            "Pause" => {
                let seconds = verb.number("length").unwrap_or(1);
                if !leading {
                    self.answer();
                }
                self.tell(Event::Silence { seconds });
                self.pass(seconds);
            }
            "Play" => {
                self.answer();
                let keys = verb.attribute("digits").map(|keys| format!("keys {keys}"));
                self.tell(Event::Plays { what: keys.unwrap_or_else(|| verb.spoken()) });
                self.pass(1);
            }
            _ => {
                self.answer();
                let text = verb.spoken();
                if text.is_empty() {
                    self.trouble("<Say> says nothing".to_owned());
                    return;
                }
                let seconds = (text.split(' ').count() * 10).div_ceil(WORDS_PER_TEN_SECONDS);
                if self.answered_by == AnsweredBy::Nobody {
                    self.answered_by = AnsweredBy::Announcement;
                }
                self.tell(Event::Hears { text });
                self.pass(u32::try_from(seconds).unwrap_or(u32::MAX));
            }
        }
    }

    async fn gather(&mut self, here: &Url, gather: &Element) -> Then {
        self.answer();
        for inner in &gather.children {
            self.hear(inner, false);
            if self.ended.is_some() {
                return Then::End;
            }
        }
        let listens = gather.attribute("input").unwrap_or("dtmf");
        let keys = if listens.contains("dtmf") { self.script.caller.digits.pop_front() } else { None };
        let extra = if let Some(keys) = keys {
            self.tell(Event::Presses { who: "caller".to_owned(), keys: keys.clone() });
            vec![("Digits", pressed(gather, &keys))]
        } else if let Some(text) = self.script.caller.speech.clone().filter(|_| listens.contains("speech")) {
            self.tell(Event::Says { text: text.clone() });
            vec![("SpeechResult", text), ("Confidence", "0.9".to_owned())]
        } else {
            let seconds = gather.number("timeout").unwrap_or(5);
            self.tell(Event::Silence { seconds });
            self.pass(seconds);
            if self.ended.is_some() {
                return Then::End;
            }
            if !gather.is("actionOnEmptyResult", "true") {
                return Then::Next;
            }
            vec![("Digits", String::new())]
        };
        self.pass(1);
        self.go_on(here, gather, gather.attribute("action").or(Some("")), &extra).await
    }

    async fn redirect(&mut self, here: &Url, verb: &Element) -> Then {
        let to = verb.spoken();
        match self.join(here, &to) {
            Some(url) if !self.post.is_edge(&url) => {
                // Whoever is called there takes the call over for good; the script's AI, if anybody.
                self.tell(Event::HandedOver { to: format!("{}{}", url.origin().ascii_serialization(), url.path()) });
                self.handed_over();
                Then::End
            }
            Some(_) => self.go_on(here, verb, Some(&to), &[]).await,
            None => Then::End,
        }
    }

    fn reject(&mut self, verb: &Element) -> Then {
        let reason = verb.attribute("reason").unwrap_or("rejected");
        if self.answered_at.is_some() {
            self.trouble("<Reject> after the call was answered".to_owned());
            self.ended = Some("completed");
            return Then::End;
        }
        self.tell(Event::Rejected { reason: reason.to_owned() });
        self.ended = Some(if reason == "busy" { "busy" } else { "no-answer" });
        Then::End
    }

    /// Asks a verb's action and goes on with what it answers. Without an action the document goes on.
    pub async fn go_on(&mut self, here: &Url, verb: &Element, action: Option<&str>, extra: &[(&str, String)]) -> Then {
        let Some(action) = action else { return Then::Next };
        let Some(url) = self.join(here, action) else { return Then::End };
        let method = verb.attribute("method").unwrap_or("POST").to_owned();
        match self.fetch(&url, &method, extra).await {
            // A caller who has left hears nothing of the answer.
            Some(page) if self.ended.is_none() => Then::Go(page),
            _ => Then::End,
        }
    }

    /// Asks for a document; where that fails, once in a call, for the fallback's.
    pub async fn fetch(&mut self, url: &Url, method: &str, extra: &[(&str, String)]) -> Option<Page> {
        match self.document(url, method, self.form(extra)).await {
            Ok(page) => Some(page),
            Err(what) => {
                self.trouble(what);
                if std::mem::replace(&mut self.fell_back, true) || self.ended.is_some() {
                    return None;
                }
                let failed = [("ErrorCode", "11200".to_owned()), ("ErrorUrl", url.to_string())];
                let fallback = self.post.entrance(FALLBACK);
                match self.document(&fallback, "POST", self.form(&failed)).await {
                    Ok(page) => Some(page),
                    Err(what) => {
                        self.trouble(what);
                        None
                    }
                }
            }
        }
    }

    /// Asks for a document and reads it; the error says what is wrong with the answer.
    pub async fn document(&mut self, url: &Url, method: &str, form: Vec<(String, String)>) -> Result<Page, String> {
        let path = url.path().to_owned();
        self.documents += 1;
        if self.documents > DOCUMENTS_MAX {
            return Err(format!("{path}: more than {DOCUMENTS_MAX} documents, the TwiML goes round in circles"));
        }
        if !self.post.is_edge(url) {
            return Err(format!("{} is not the edge and is not called", url.origin().ascii_serialization()));
        }
        let answer = self.post.send(url, method, &form).await.map_err(|error| format!("{path}: {error}"))?;
        self.tell(Event::Asked { method: method.to_owned(), path: path.clone(), status: answer.status });
        if answer.status == StatusCode::FORBIDDEN.as_u16() {
            return Err(format!("{path} answered 403: check the account, its auth token and the URL that is signed"));
        }
        if matches!(answer.status, 401 | 404) {
            return Err(format!("{path} answered {}: look whether this is where the edge listens", answer.status));
        }
        if answer.status != StatusCode::OK.as_u16() {
            return Err(format!("{path} answered {}", answer.status));
        }
        let kind = answer.content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if !matches!(kind.as_str(), "application/xml" | "text/xml" | "text/html") {
            return Err(format!("{path} answered the content type `{}`, not XML", answer.content_type));
        }
        let root = markup::document(&answer.body).map_err(|error| format!("{path}: {error}"))?;
        self.tell(Event::Twiml { twiml: root.to_string() });
        Ok(Page { url: url.clone(), root })
    }

    /// Tells the edge something whose answer does not matter, save that it must be a good one.
    pub async fn notify(&mut self, to: &str, method: &str, form: Vec<(String, String)>) {
        let base = self.post.entrance("/");
        let own = to.starts_with('/').then(|| {
            let (path, fragment) = to.split_once('#').map_or((to, None), |(path, rest)| (path, Some(rest)));
            let mut url = self.post.entrance(path);
            url.set_fragment(fragment);
            url
        });
        let Some(url) = own.or_else(|| self.join(&base, to)) else { return };
        let path = url.path().to_owned();
        if !self.post.is_edge(&url) {
            self.trouble(format!("{} is not the edge and is not called", url.origin().ascii_serialization()));
            return;
        }
        match self.post.send(&url, method, &form).await {
            Ok(answer) => {
                self.tell(Event::Asked { method: method.to_owned(), path: path.clone(), status: answer.status });
                if !(200..300).contains(&answer.status) {
                    self.trouble(format!("{path} answered {}", answer.status));
                }
            }
            Err(error) => self.trouble(format!("{path}: {error}")),
        }
    }

    /// An address in a document, which may be relative to it.
    pub fn join(&mut self, here: &Url, to: &str) -> Option<Url> {
        let mut base = here.clone();
        base.set_fragment(None);
        let joined = if to.is_empty() { Ok(base) } else { base.join(to.trim()) };
        match joined {
            Ok(url) if matches!(url.scheme(), "http" | "https") => Some(url),
            _ => {
                self.trouble(format!("`{to}` is no address"));
                None
            }
        }
    }

    pub fn answer(&mut self) {
        if self.answered_at.is_none() {
            self.answered_at = Some(self.clock);
        }
    }

    /// Lets seconds pass, unless the caller hangs up before.
    pub fn pass(&mut self, seconds: u32) {
        if self.ended.is_some() {
            return;
        }
        let then = self.clock.saturating_add(seconds);
        match self.script.caller.hangup_after {
            Some(patience) if patience < then => {
                self.clock = patience.max(self.clock);
                self.hang_up();
            }
            _ => self.clock = then,
        }
    }

    /// The caller leaves.
    pub fn hang_up(&mut self) {
        self.ended = Some(if self.answered_at.is_some() { "completed" } else { "no-answer" });
        self.tell(Event::CallerHangsUp { after_seconds: self.clock });
    }

    pub fn status(&self) -> &'static str {
        match (self.ended, self.answered_at) {
            (Some(status), _) => status,
            (None, Some(_)) => "in-progress",
            (None, None) => "ringing",
        }
    }

    pub fn tell(&mut self, event: Event) {
        (self.tell)(&event);
    }

    pub fn trouble(&mut self, what: String) {
        self.tell(Event::Trouble { what: what.clone() });
        self.troubles.push(what);
    }
}

/// What arrives of the keys pressed: up to the finishing key, and no more than asked for.
pub(super) fn pressed(gather: &Element, keys: &str) -> String {
    let finish = gather.attribute("finishOnKey").unwrap_or("#");
    let keys = match finish.chars().next() {
        Some(key) => keys.split(key).next().unwrap_or(""),
        None => keys,
    };
    let most = gather.number("numDigits").map_or(usize::MAX, |count| count as usize);
    keys.chars().take(most).collect()
}
