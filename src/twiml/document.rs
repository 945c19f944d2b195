//! A TwiML document being written: elements and attributes come from our code, what people wrote is escaped.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::model::E164;
use crate::model::spelled::Digits;
use crate::routing::Spoken;

use super::escape::{push_attribute, push_text};
use super::text::{legal, pieces};

/// Room for an ordinary answer, so that writing it allocates once.
const USUAL_BYTES: usize = 1_024;

/// A document whose `Response` is open.
pub(super) struct Document {
    written: String,
}

/// An attribute's name and value.
pub(super) type Attribute<'a> = (&'static str, &'a dyn Value);

/// What an attribute or an element holds, as it knows best to escape itself.
pub(super) trait Value {
    /// Appends it, fit to stand between double quotes.
    fn push_to(&self, document: &mut String);
}

/// Text of our own making that means nothing to XML.
pub(super) struct Plain<'a>(pub &'a str);

impl Value for Plain<'_> {
    fn push_to(&self, document: &mut String) {
        document.push_str(self.0);
    }
}

impl Value for Box<str> {
    fn push_to(&self, document: &mut String) {
        push_attribute(document, self);
    }
}

impl Value for &str {
    fn push_to(&self, document: &mut String) {
        push_attribute(document, self);
    }
}

impl Value for u16 {
    fn push_to(&self, document: &mut String) {
        document.push_str(Digits::of(u64::from(*self)).as_str());
    }
}

impl Value for E164 {
    fn push_to(&self, document: &mut String) {
        write!(document, "{self}").expect("a String takes all");
    }
}

impl Document {
    pub fn new() -> Document {
        let mut written = String::with_capacity(USUAL_BYTES);
        written.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>");
        Document { written }
    }

    pub fn open<'a>(&mut self, name: &'static str, attributes: impl IntoIterator<Item = Attribute<'a>>) {
        self.tag(name, attributes, ">");
    }

    pub fn close(&mut self, name: &'static str) {
        self.written.push_str("</");
        self.written.push_str(name);
        self.written.push('>');
    }

    pub fn empty<'a>(&mut self, name: &'static str, attributes: impl IntoIterator<Item = Attribute<'a>>) {
        self.tag(name, attributes, "/>");
    }

    pub fn leaf<'a>(
        &mut self,
        name: &'static str,
        attributes: impl IntoIterator<Item = Attribute<'a>>,
        value: &dyn Value,
    ) {
        self.open(name, attributes);
        value.push_to(&mut self.written);
        self.close(name);
    }

    /// Speaks a text, in as many pieces as it takes; a blank one not at all.
    pub fn say(&mut self, spoken: &Spoken, text: &str) {
        for piece in pieces(&legal(text)) {
            let voice = spoken.voice.as_ref().map(|voice| ("voice", voice as &dyn Value));
            let language = spoken.language.as_ref().map(|language| ("language", language as &dyn Value));
            self.open("Say", voice.into_iter().chain(language));
            push_text(&mut self.written, piece);
            self.close("Say");
        }
    }

    pub fn finish(mut self) -> Bytes {
        self.close("Response");
        Bytes::from(self.written)
    }

    fn tag<'a>(&mut self, name: &'static str, attributes: impl IntoIterator<Item = Attribute<'a>>, end: &str) {
        self.written.push('<');
        self.written.push_str(name);
        for (name, value) in attributes {
            self.written.push(' ');
            self.written.push_str(name);
            self.written.push_str("=\"");
            value.push_to(&mut self.written);
            self.written.push('"');
        }
        self.written.push_str(end);
    }
}
