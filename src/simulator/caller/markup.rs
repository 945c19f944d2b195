//! TwiML read into a small tree. What Twilio would not run is refused, with the reason.

use std::fmt;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Longest document Twilio runs.
const DOCUMENT_BYTES_MAX: usize = 64_000;

/// Deepest nesting there is in TwiML, with room for speech markup.
const DEPTH_MAX: usize = 8;

/// What may stand directly in `<Response>`.
const VERBS: &[&str] = &[
    "Connect", "Dial", "Echo", "Enqueue", "Gather", "Hangup", "Leave", "Pause", "Pay", "Play", "Prompt", "Queue",
    "Record", "Redirect", "Refer", "Reject", "Say", "Sms", "Start", "Stop", "Siprec", "Message",
];

/// An element of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    text: String,
}

/// The text is not TwiML.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not TwiML: {0}")]
pub(super) struct NotTwiml(String);

/// Reads a document: one `<Response>` of known verbs, nothing else.
pub(super) fn document(bytes: &[u8]) -> Result<Element, NotTwiml> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return no(format!("{} bytes, more than {DOCUMENT_BYTES_MAX}", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).or_else(|_| no("not UTF-8"))?;
    if let Some(bad) = text.chars().find(|c| !legal(*c)) {
        return no(format!("the character {bad:?}, which XML forbids"));
    }
    let root = tree(text)?;
    if root.name != "Response" {
        return no(format!("the root is <{}>, not <Response>", root.name));
    }
    if !root.text.trim().is_empty() {
        return no("text directly in <Response>");
    }
    if let Some(unknown) = root.children.iter().find(|verb| !VERBS.contains(&verb.name.as_str())) {
        return no(format!("<{}> is no verb", unknown.name));
    }
    Ok(root)
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that holds a number; what is none counts as absent.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.attribute(name)?.parse().ok()
    }

    pub fn is(&self, name: &str, value: &str) -> bool {
        self.attribute(name) == Some(value)
    }

    /// The text in it, and in what it holds (speech markup), in single spaces.
    pub fn spoken(&self) -> String {
        let mut words = self.text.clone();
        for child in &self.children {
            words.push(' ');
            words.push_str(&child.spoken());
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Indented, for people. Passwords are hidden.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f, 0)
    }
}

fn write(element: &Element, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    let indent = "  ".repeat(depth);
    write!(f, "{indent}<{}", element.name)?;
    for (name, value) in &element.attributes {
        let value = if name == "password" { "•••" } else { value.as_str() };
        write!(f, " {name}=\"{}\"", escaped(value))?;
    }
    let text = element.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if element.children.is_empty() {
        return if text.is_empty() { write!(f, "/>") } else { write!(f, ">{}</{}>", escaped(&text), element.name) };
    }
    writeln!(f, ">{}", escaped(&text))?;
    for child in &element.children {
        write(child, f, depth + 1)?;
        writeln!(f)?;
    }
    write!(f, "{indent}</{}>", element.name)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn tree(text: &str) -> Result<Element, NotTwiml> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut first = true;
    loop {
        let event = reader.read_event().or_else(|error| no(error.to_string()))?;
        let at_start = std::mem::take(&mut first);
        match event {
            Event::Start(_) if root.is_some() => return no("a second root"),
            Event::Start(_) if open.len() == DEPTH_MAX => return no(format!("nested deeper than {DEPTH_MAX}")),
            Event::Start(start) => open.push(element(&start)?),
            Event::End(_) => {
                let done = open.pop().map_or_else(|| no("an end without a start"), Ok)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(text) => add(&mut open, &text.xml10_content())?,
            Event::CData(text) => add(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().or_else(|error| no(error.to_string()))? {
                    Some(c) if legal(c) => c.to_string(),
                    Some(c) => return no(format!("a reference to {c:?}, which XML forbids")),
                    None => match resolve_predefined_entity(&reference) {
                        Some(text) => text.to_owned(),
                        None => return no(format!("the unknown entity &{};", &*reference)),
                    },
                };
                add(&mut open, &resolved)?;
            }
            Event::Decl(_) if at_start => {}
            Event::Decl(_) => return no("an XML declaration that is not at the start"),
            Event::DocType(_) => return no("a document type"),
            Event::PI(_) => return no("a processing instruction"),
            Event::Comment(_) | Event::Empty(_) => {}
            Event::Eof if !open.is_empty() => return no("it ends in the middle"),
            Event::Eof => return root.map_or_else(|| no("it is empty"), Ok),
        }
    }
}

fn add(open: &mut [Element], text: &str) -> Result<(), NotTwiml> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return no("text outside of the root"),
    }
    Ok(())
}

fn element(start: &BytesStart<'_>) -> Result<Element, NotTwiml> {
    let name = start.name().0.to_owned();
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':')) {
        return no(format!("the element name {name:?}"));
    }
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.or_else(|error| no(error.to_string()))?;
        if attribute.value.contains('<') {
            return no(format!("a bare < in {}", attribute.key.0));
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).or_else(|error| no(error.to_string()))?;
        if let Some(bad) = value.chars().find(|c| !legal(*c)) {
            return no(format!("a reference to {bad:?}, which XML forbids"));
        }
        attributes.push((attribute.key.0.to_owned(), value.into_owned()));
    }
    Ok(Element { name, attributes, ..Element::default() })
}

/// The characters XML 1.0 allows.
fn legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn no<T>(why: impl Into<String>) -> Result<T, NotTwiml> {
    Err(NotTwiml(why.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_a_tree_and_reads_well() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><!-- hi --><Say voice='alice'>You &amp; \
                    I <break time='1s'/>&#x41;<![CDATA[<3]]></Say><Dial action=\"/n?a=1&amp;b=2\"><Sip \
                    username=\"u\" password=\"p\">sip:x@y</Sip></Dial></Response>\n";
        let root = document(text.as_bytes()).expect("twiml");
        assert_eq!(root.children[0].spoken(), "You & I A<3");
        assert_eq!(root.children[1].attribute("action"), Some("/n?a=1&b=2"));
        let shown = root.to_string();
        assert!(shown.contains("\n    <Sip username=\"u\" password=\"•••\">sip:x@y</Sip>\n  </Dial>\n"), "{shown}");
    }

    #[test]
    fn what_twilio_would_not_run_is_refused() {
        let deep = format!("<Response>{}{}</Response>", "<Say>".repeat(9), "</Say>".repeat(9));
        let long = format!("<Response><Say>{}</Say></Response>", "x".repeat(DOCUMENT_BYTES_MAX));
        let rows: &[(&str, &str)] = &[
            ("", "empty"),
            ("   ", "empty"),
            ("hello", "outside"),
            ("<Say>x</Say>", "the root"),
            ("<response/>", "the root"),
            ("<Response><Say>x</Response>", ""),
            ("<Response>", "middle"),
            ("<Response/><Response/>", "second root"),
            ("<Response/>tail", "outside"),
            ("<Response>loose</Response>", "directly"),
            ("<Response><say>x</say></Response>", "no verb"),
            ("<Response><Say a='1' a='2'>x</Say></Response>", ""),
            ("<Response><Say a=1>x</Say></Response>", ""),
            ("<Response><Say a='<'>x</Say></Response>", "bare <"),
            ("<Response><Say>a & b</Say></Response>", ""),
            ("<Response><Say>&nbsp;</Say></Response>", "entity"),
            ("<Response><Say>&#0;</Say></Response>", ""),
            ("<Response><Say>&#1;</Say></Response>", "forbids"),
            ("<Response><Say a='&#8;'>x</Say></Response>", "forbids"),
            ("<Response><Say>\u{0}</Say></Response>", "forbids"),
            ("<Response><Say>\u{fffe}</Say></Response>", "forbids"),
            ("<!DOCTYPE x [<!ENTITY a 'b'>]><Response/>", "document type"),
            ("<?php x?><Response/>", "processing"),
            ("<Response/><?xml version='1.0'?>", "declaration"),
            (" <?xml version='1.0'?><Response/>", "declaration"),
            (&deep, "deeper"),
            (&long, "bytes"),
        ];
        for (text, why) in rows {
            let error = document(text.as_bytes()).expect_err(text).to_string();
            assert!(error.starts_with("not TwiML: ") && error.contains(why), "{text}: {error}");
        }
        assert!(document(b"<Response>\xff</Response>").is_err());
        assert!(document(b"<Response/>").is_ok());
    }
}
