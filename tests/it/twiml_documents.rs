//! Every TwiML the planner can emit, enumerated and checked against the table of what Twilio takes.
//!
//! With `PATCHBAY_TWIML_DUMP` set to a directory the documents are written there, for `tests/python/twiml_check.py` to
//! read with a strict parser of another make.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::LazyLock;

use bytes::Bytes;
use patchbay::model::{
    Arrival, Connect, Decision, E164, Fallback, FallbackKind, NoAnswer, Reason, Ring, Secret, Sid, Target, TargetKind,
    TenantId, Via,
};
use patchbay::routing::{Call, Leg, Script, ScriptSource, StandIn, Step, Walk};
use patchbay::twiml::{Screen, Urls, answer, canned, screening, text, words};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

const URLS: Urls<'_> = Urls { base: "https://edge.example.com" };

/// Texts as people and their enemies write them.
const TEXTS: [&str; 7] = [
    "Smile Dental",
    "Smith & Sons <\"best\" in 'town'>",
    "]]> <Hangup/> &amp; <![CDATA[x]]> <!-- y --> <?z?>",
    "NUL \0 bell \u{7} escape \u{1b} del \u{7f} next line \u{85} nonsense \u{fffe}\u{ffff}",
    "🦷 émail 微笑牙科 \u{1f468}\u{200d}\u{2695}\u{fe0f}",
    "שלום \u{202e}drow\u{202c} مرحبا",
    " \r\n\t ",
];

fn number(digits: &str) -> E164 {
    E164::parse(digits).unwrap()
}

fn tenant() -> TenantId {
    TenantId::parse("ten_01hzx3v9k2m4n6p8q0r2s4t6v8").unwrap()
}

fn account() -> Sid {
    Sid::parse("ACsmile").unwrap()
}

fn fallbacks(text: &str) -> Vec<Fallback> {
    let mut fallbacks = Vec::new();
    for greeting in [None, Some(text.to_owned())] {
        for transcribe in [false, true] {
            fallbacks.push(Fallback { greeting: greeting.clone(), transcribe, ..Fallback::default() });
        }
    }
    for reject in [false, true] {
        fallbacks.push(Fallback { kind: FallbackKind::BusySignal, reject, ..Fallback::default() });
        for no_answer in [NoAnswer::Voicemail, NoAnswer::BusySignal, NoAnswer::Ai] {
            for (ring, accept_key) in
                [(Ring::Together, false), (Ring::Together, true), (Ring::InTurn, false), (Ring::InTurn, true)]
            {
                for numbers in [&["+14165550101"][..], &["+14165550101", "+14165550102"], &["+12125550101"]] {
                    fallbacks.push(Fallback {
                        kind: FallbackKind::Forward,
                        forward: numbers.iter().copied().map(number).collect(),
                        ring,
                        accept_key,
                        no_answer,
                        reject,
                        ..Fallback::default()
                    });
                }
            }
        }
    }
    fallbacks
}

fn connects(text: &str) -> Vec<Connect> {
    let sip = |sip_uri: &str, username: Option<&str>| Connect {
        via: Via::Sip,
        sip_uri: Some(sip_uri.to_owned()),
        username: username.map(str::to_owned),
        password: username.map(|_| Secret::new(text)),
        timeout_seconds: None,
    };
    let by = |via| Connect { via, ..sip("sip:ten_1@sip.vapi.ai", None) };
    vec![
        sip("sip:ten_1@sip.vapi.ai", Some(text)),
        sip("sip:ten_1@sip.vapi.ai;transport=tls?x-own=1&x-two=2", None),
        by(Via::Bypass),
        by(Via::Redirect),
    ]
}

fn script(text: &str, connect: &Connect, fallback: Fallback, voice: Option<&str>) -> Script {
    let target = Target { kind: TargetKind::Squad, id: Sid::parse("s-1").unwrap() };
    let own = number("+16475550123");
    let source = ScriptSource {
        tenant: &tenant(),
        name: text,
        slug: "smile-dental",
        language: voice.map(|_| "fr-CA"),
        voice,
        connect,
        target: Some(&target),
        fallback,
        own: vec![own],
        accounts: &[account()],
        stand_ins: vec![StandIn { account: account(), number: own }],
        countries: vec!["CA".to_owned()],
    };
    Script::compile(source).0
}

fn calls() -> Vec<Call<'static>> {
    let by = |arrival, from, sid| Call { sid, account: "ACsmile", from, arrival };
    vec![
        by(Arrival::Number, "+14165550177", "CA0123456789abcdef0123456789abcdef"),
        by(Arrival::Number, "anonymous", "CA<&\"'>"),
        by(Arrival::Sip, "sip:front-desk@pbx.example", "CA0123456789abcdef0123456789abcdef"),
    ]
}

/// Every place a call can come to with this script, from every decision, through every outcome of every leg.
fn walks(script: &Script, call: &Call<'_>) -> Vec<Walk> {
    let decisions = [
        Decision::ai(Reason::AlwaysOn),
        Decision::fallback(Reason::BusinessHours),
        Decision::fallback(Reason::AiUnavailable),
        Decision::fallback(Reason::Loop),
    ];
    let mut open: Vec<Walk> = decisions.into_iter().map(|decision| script.begin(decision, call)).collect();
    let mut walks: Vec<Walk> = Vec::new();
    while let Some(walk) = open.pop() {
        if walks.contains(&walk) {
            continue;
        }
        if walk.step != Step::HangUp {
            open.push(script.after(&walk, Leg::Missed, call));
            open.push(script.after(&walk, Leg::Answered, call));
        }
        open.extend(script.refer(&walk, "sip:+14165550109@sip.vapi.ai", call));
        walks.push(walk);
    }
    walks
}

/// All documents, each once, under a name that says where it comes from.
static DOCUMENTS: LazyLock<BTreeMap<String, Bytes>> = LazyLock::new(documents);

fn documents() -> BTreeMap<String, Bytes> {
    let mut documents = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut keep = |name: String, document: Bytes| {
        if seen.insert(document.clone()) {
            documents.insert(format!("{:04}-{name}", seen.len()), document);
        }
    };
    for (name, document) in [
        ("empty", canned::empty()),
        ("hang-up", canned::hang_up()),
        ("reject", canned::reject()),
        ("unknown-number", canned::unknown_number()),
        ("unknown-sip-name", canned::unknown_sip_name()),
        ("trouble", canned::trouble()),
        ("busy", canned::busy()),
        ("goodbye", canned::goodbye()),
    ] {
        keep(format!("canned-{name}"), document);
    }
    for script in scripts() {
        for call in calls() {
            for walk in walks(&script, &call) {
                keep(walk.to_string(), answer(&script, &walk, &call, &URLS));
                if walk.step != Step::Forward {
                    continue;
                }
                for screen in [Screen::Ask, Screen::Accepted, Screen::Refused] {
                    keep(format!("screen-{walk}"), screening(&script, &walk, screen, &URLS));
                }
            }
        }
    }
    documents
}

/// Every way of settings with a plain name, and the hostile texts in every place a text can stand in.
fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for (place, text) in TEXTS.into_iter().enumerate() {
        let ways = if place == 0 { usize::MAX } else { 1 };
        for connect in connects(text).into_iter().take(ways) {
            for fallback in fallbacks(text) {
                scripts.push(script(text, &connect, fallback.clone(), None));
                if fallback.kind != FallbackKind::Forward || fallback.accept_key {
                    scripts.push(script(text, &connect, fallback, Some("Polly.Chantal")));
                }
            }
        }
    }
    scripts
}

/// One element as a parser sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The names of the elements, nested as they are: `Response(Say Dial(Number))`.
    fn shape(&self) -> String {
        if self.children.is_empty() {
            return self.name.clone();
        }
        let inside: Vec<String> = self.children.iter().map(Element::shape).collect();
        format!("{}({})", self.name, inside.join(" "))
    }
}

fn parse(document: &[u8]) -> Element {
    let mut reader = Reader::from_str(std::str::from_utf8(document).unwrap());
    reader.config_mut().check_end_names = true;
    let mut stack = vec![Element::default()];
    let element = |start: &quick_xml::events::BytesStart<'_>| Element {
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let value = quick_xml::escape::unescape(&attribute.value).unwrap().into_owned();
                (attribute.key.as_ref().to_owned(), value)
            })
            .collect(),
        ..Element::default()
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => stack.push(element(&start)),
            Event::Empty(start) => stack.last_mut().unwrap().children.push(element(&start)),
            Event::End(_) => {
                let done = stack.pop().unwrap();
                stack.last_mut().unwrap().children.push(done);
            }
            Event::Text(text) => stack.last_mut().unwrap().text.push_str(text.as_ref()),
            Event::GeneralRef(reference) => {
                let escaped = format!("&{};", &*reference);
                stack.last_mut().unwrap().text.push_str(&quick_xml::escape::unescape(&escaped).unwrap());
            }
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("no TwiML of ours has a {other:?}"),
        }
    }
    assert_eq!(stack.len(), 1, "every element is closed");
    let mut roots = stack.pop().unwrap().children;
    assert_eq!(roots.len(), 1, "one root");
    roots.pop().unwrap()
}

fn table() -> Value {
    serde_json::from_str(include_str!("../data/twiml_table.json")).unwrap()
}

/// What is wrong with a document, by the table.
fn faults(document: &Bytes, table: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let limit = |name: &str| table["limits"][name].as_u64().unwrap() as usize;
    if document.len() >= limit("documentBytes") {
        faults.push(format!("{} bytes", document.len()));
    }
    let root = parse(document);
    if root.name != "Response" {
        faults.push(format!("the root is {}", root.name));
    }
    check_element(&root, "", table, &mut faults);
    let verbs: Vec<&str> = root.children.iter().map(|verb| verb.name.as_str()).collect();
    for (place, verb) in verbs.iter().enumerate() {
        let ends = table["elements"][*verb]["ends"] == true;
        if ends && place + 1 != verbs.len() {
            faults.push(format!("what follows {verb} is never run"));
        }
        if *verb == "Reject" && place != 0 {
            faults.push("Reject is not the first verb".to_owned());
        }
    }
    if verbs.contains(&"Redirect") && verbs.len() != 1 {
        faults.push("Redirect is not the only verb".to_owned());
    }
    faults
}

fn check_element(element: &Element, parent: &str, table: &Value, faults: &mut Vec<String>) {
    let name = element.name.as_str();
    let known = &table["elements"][name];
    if known.is_null() {
        faults.push(format!("{name} is not in the table"));
        return;
    }
    let homes = known["in"].as_array().unwrap();
    if homes.is_empty() != parent.is_empty() || !(homes.is_empty() || homes.iter().any(|home| home == parent)) {
        faults.push(format!("{name} stands in {parent:?}"));
    }
    if (known["text"] == true) == element.text.trim().is_empty() {
        faults.push(format!("{name} holds the text {:?}", element.text));
    }
    for (attribute, value) in &element.attributes {
        let kind = &known["attributes"][attribute.as_str()];
        if kind.is_null() || !is_of_kind(value, kind) {
            faults.push(format!("{name} has {attribute}={value:?}"));
        }
    }
    let distinct: HashSet<_> = element.attributes.iter().map(|(name, _)| name).collect();
    if distinct.len() != element.attributes.len() {
        faults.push(format!("{name} repeats an attribute"));
    }
    check_limits(element, table, faults);
    for child in &element.children {
        check_element(child, name, table, faults);
    }
}

fn check_limits(element: &Element, table: &Value, faults: &mut Vec<String>) {
    let limit = |name: &str| table["limits"][name].as_u64().unwrap() as usize;
    let text = element.text.as_str();
    match element.name.as_str() {
        "Say" if text.len() > limit("sayBytes") || url_encoded(text) > limit("sayEncodedBytes") => {
            faults.push(format!("Say holds {} bytes", text.len()));
        }
        "Sip" => {
            let (uri, headers) = text.split_once('?').unwrap_or((text, ""));
            if uri.len() > limit("sipUriBytes") || headers.len() > limit("sipHeaderBytes") {
                faults.push(format!("Sip dials {} + {} bytes", uri.len(), headers.len()));
            }
            let in_lower_case = headers.split('&').all(|header| {
                header.split('=').next().is_some_and(|name| name.starts_with("x-") && !name.contains('%'))
            });
            if !in_lower_case {
                faults.push(format!("Sip sends {headers}"));
            }
        }
        "Number" if E164::parse(text).is_err() => faults.push(format!("Number dials {text}")),
        "Dial" if !(1..=limit("ringing")).contains(&element.children.len()) => {
            faults.push(format!("Dial rings {} at once", element.children.len()));
        }
        "Dial" | "Record" | "Gather" if element.attribute("action").is_none() => {
            faults.push(format!("{} has no action", element.name));
        }
        _ => {}
    }
}

fn is_of_kind(value: &str, kind: &Value) -> bool {
    match kind {
        Value::Array(words) => words.iter().any(|word| word == value),
        Value::Object(bounds) => {
            let bounds = bounds["int"].as_array().unwrap();
            value
                .parse::<u64>()
                .is_ok_and(|figure| (bounds[0].as_u64().unwrap()..=bounds[1].as_u64().unwrap()).contains(&figure))
        }
        _ => match kind.as_str().unwrap() {
            "url" => is_callback(value),
            "number" => E164::parse(value).is_ok(),
            "name" => value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
            "text" => !value.is_empty(),
            other => panic!("the table knows no kind {other}"),
        },
    }
}

/// Our base, one of our paths, the state in unreserved characters, and Twilio's patience in the fragment.
fn is_callback(url: &str) -> bool {
    let Some(path) = url.strip_prefix("https://edge.example.com/api/twilio/") else { return false };
    let Some((path_and_query, fragment)) = path.split_once('#') else { return false };
    let Some((path, query)) = path_and_query.split_once('?') else { return false };
    let for_records = matches!(path, "voicemail" | "transcription");
    let expected = if for_records { "rc=3&rp=5xx,ct,rt&rt=3000" } else { "ct=2000&rt=4000&rc=1&rp=5xx,ct,rt" };
    let state = query.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~=&".contains(&byte));
    let known = for_records || matches!(path, "next" | "refer" | "voicemail/done");
    known && state && fragment == expected && query.starts_with("t=ten_01hzx3v9k2m4n6p8q0r2s4t6v8")
}

fn url_encoded(text: &str) -> usize {
    text.bytes().map(|byte| if byte.is_ascii_alphanumeric() || b"-_.~ ".contains(&byte) { 1 } else { 3 }).sum()
}

#[test]
fn every_document_the_planner_can_emit_is_what_twilio_takes() {
    let (documents, table) = (&*DOCUMENTS, table());
    assert!(documents.len() > 200, "only {} documents", documents.len());
    for (name, document) in documents {
        let faults = faults(document, &table);
        assert!(faults.is_empty(), "{name}: {faults:?}\n{}", String::from_utf8_lossy(document));
    }
    if let Some(directory) = std::env::var_os("PATCHBAY_TWIML_DUMP") {
        std::fs::create_dir_all(&directory).unwrap();
        for (name, document) in documents {
            std::fs::write(Path::new(&directory).join(format!("{name}.xml")), document).unwrap();
        }
    }
}

#[test]
fn every_element_and_attribute_of_the_table_is_emitted() {
    let table = table();
    let mut emitted = HashSet::new();
    for document in DOCUMENTS.values() {
        let mut open = vec![parse(document)];
        while let Some(element) = open.pop() {
            emitted.extend(element.attributes.iter().map(|(name, _)| format!("{}.{name}", element.name)));
            emitted.insert(element.name);
            open.extend(element.children);
        }
    }
    for (name, element) in table["elements"].as_object().unwrap() {
        assert!(emitted.contains(name), "{name} is in the table and never emitted");
        for attribute in element["attributes"].as_object().unwrap().keys() {
            assert!(emitted.contains(&format!("{name}.{attribute}")), "{name}.{attribute} is never emitted");
        }
    }
}

#[test]
fn the_check_notices_what_twilio_would_not_take() {
    let table = table();
    for (body, fault) in [
        ("<Say></Say>", "Say holds the text"),
        ("<say>x</say>", "say is not in the table"),
        ("<Number>+14165550101</Number>", "Number stands in"),
        ("<Say>x</Say><Reject/>", "not the first verb"),
        ("<Hangup/><Say>x</Say>", "never run"),
        ("<Record maxLength=\"1\" action=\"x\"/>", "Record has maxLength"),
        ("<Record/>", "Record has no action"),
        ("<Dial><Number>+14165550101</Number></Dial>", "Dial has no action"),
        ("<Say>x</Say><Redirect>y</Redirect>", "not the only verb"),
        ("<Hangup reason=\"x\"/>", "Hangup has reason"),
    ] {
        let document = Bytes::from(format!("<Response>{body}</Response>"));
        let faults = faults(&document, &table);
        assert!(faults.iter().any(|found| found.contains(fault)), "{body}: {faults:?}");
    }
}

/// The published table is not part of the repository; where it lies beside it, ours must not differ from it.
#[test]
fn our_table_says_nothing_the_published_one_does_not() {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/specs/twiml/twiml.json");
    let Ok(published) = std::fs::read_to_string(published) else { return };
    let published: Value = serde_json::from_str(&published).unwrap();
    for (name, element) in table()["elements"].as_object().unwrap() {
        let theirs = &published["elements"][name.as_str()];
        for home in element["in"].as_array().unwrap() {
            assert!(theirs["nest_in"].as_array().unwrap().contains(home), "{name} in {home}");
        }
        for (attribute, kind) in element["attributes"].as_object().unwrap() {
            let theirs = &theirs["attributes"][attribute.as_str()];
            assert!(theirs["documented"] != false && theirs.is_object(), "{name}.{attribute}");
            if let Some(words) = kind.as_array() {
                let known = theirs["values"].as_array().unwrap();
                assert!(words.iter().all(|word| known.contains(word)), "{name}.{attribute}");
            }
            if let Some(bounds) = kind["int"].as_array() {
                let lowest = theirs["min"].as_i64().unwrap_or(0);
                let highest = theirs["max"].as_i64().unwrap_or(i64::MAX);
                assert!(
                    bounds[0].as_i64().unwrap() >= lowest && bounds[1].as_i64().unwrap() <= highest,
                    "{name}.{attribute}"
                );
            }
        }
    }
}

fn voicemail_of(name: &str, greeting: Option<String>) -> Element {
    let fallback = Fallback { greeting, ..Fallback::default() };
    let script = script(name, &connects("x")[0], fallback, None);
    parse(&answer(&script, &Walk::first(Step::Voicemail), &calls()[0], &URLS))
}

#[test]
fn legal_text_arrives_as_it_was_written() {
    for greeting in [
        "tabs\tand \"quotes\" 'too'",
        "a ]]> b <c> & d &amp; e",
        "🦷 \u{1f468}\u{200d}\u{2695}\u{fe0f} 微笑牙科",
        "שלום \u{202e}drow\u{202c} مرحبا",
        "carriage\rreturn and line\nfeed",
        "\u{7f}\u{85}\u{2028}\u{fffd}x",
    ] {
        assert_eq!(voicemail_of("x", Some(greeting.to_owned())).children[0].text, greeting);
    }
    let cleaned = voicemail_of("x", Some("N\0U\u{b}L\u{fffe}".to_owned()));
    assert_eq!(cleaned.children[0].text, "NUL");
}

proptest! {
    #[test]
    fn no_text_changes_the_shape_of_a_document(
        name in prop::collection::vec(any::<char>(), 0..60),
        greeting in prop::collection::vec(prop_oneof![any::<char>(), prop::sample::select(vec!['<', '>', '&', ']', '\0', '"', '/', '\r'])], 0..200),
    ) {
        let (name, greeting): (String, String) = (name.into_iter().collect(), greeting.into_iter().collect());
        let spoken = voicemail_of(&name, Some(greeting.clone()));
        prop_assert_eq!(spoken.shape(), "Response(Say Record Say Hangup)");
        let cleaned = text::legal(&greeting).trim().to_owned();
        if !cleaned.is_empty() {
            prop_assert_eq!(&spoken.children[0].text, &cleaned);
        }
        let standard = voicemail_of(&name, None);
        prop_assert_eq!(standard.shape(), "Response(Say Record Say Hangup)");
        let cleaned = text::legal(&words::greeting(&name)).into_owned();
        prop_assert_eq!(&standard.children[0].text, &cleaned);
    }

    #[test]
    fn no_credential_and_no_call_changes_the_shape_of_a_dial(
        secret in "\\PC{1,40}", sid in "\\PC{0,70}", from in "\\PC{0,20}"
    ) {
        let script = script("x", &connects(&secret)[0], Fallback::default(), None);
        let call = Call { sid: &sid, from: &from, ..calls()[0] };
        let dial = parse(&answer(&script, &Walk::first(Step::Ai), &call, &URLS));
        prop_assert_eq!(dial.shape(), "Response(Dial(Sip))");
        let password = text::legal(&secret);
        prop_assert_eq!(dial.children[0].children[0].attribute("password"), Some(password.as_ref()));
    }
}
