//! A TwiML document being written. Escaping is quick-xml's; what XML forbids even then is left out first.

use bytes::Bytes;
use quick_xml::Writer;
use quick_xml::escape::partial_escape;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use crate::routing::Spoken;

use super::text::{legal, pieces};

/// Room for an ordinary answer, so that writing it allocates once.
const USUAL_BYTES: usize = 1_024;

/// What can go wrong writing into memory.
const NOTHING_FAILS: &str = "memory takes every byte";

/// A document whose `Response` is open.
pub(super) struct Document {
    writer: Writer<Vec<u8>>,
}

/// An attribute's name and value.
pub(super) type Attribute<'a> = (&'static str, &'a str);

impl Document {
    pub fn new() -> Document {
        let mut document = Document { writer: Writer::new(Vec::with_capacity(USUAL_BYTES)) };
        document.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        document.open("Response", &[]);
        document
    }

    pub fn open(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.write(Event::Start(start(name, attributes)));
    }

    pub fn close(&mut self, name: &'static str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    pub fn empty(&mut self, name: &'static str, attributes: &[Attribute<'_>]) {
        self.write(Event::Empty(start(name, attributes)));
    }

    pub fn leaf(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) {
        self.open(name, attributes);
        self.write(Event::Text(BytesText::from_escaped(partial_escape(legal(text)))));
        self.close(name);
    }

    /// Speaks a text, in as many pieces as it takes; a blank one not at all.
    pub fn say(&mut self, spoken: &Spoken, text: &str) {
        let voice = spoken.voice.as_deref().map(|voice| ("voice", voice));
        let language = spoken.language.as_deref().map(|language| ("language", language));
        let attributes: Vec<Attribute<'_>> = voice.into_iter().chain(language).collect();
        for piece in pieces(&legal(text)) {
            self.leaf("Say", &attributes, piece);
        }
    }

    pub fn finish(mut self) -> Bytes {
        self.close("Response");
        Bytes::from(self.writer.into_inner())
    }

    fn write(&mut self, event: Event<'_>) {
        self.writer.write_event(event).expect(NOTHING_FAILS);
    }
}

fn start<'a>(name: &'static str, attributes: &'a [Attribute<'a>]) -> BytesStart<'a> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, legal(value).as_ref()));
    }
    start
}
