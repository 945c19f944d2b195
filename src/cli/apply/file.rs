//! What a file wants: organizations and tenants, each with the place it is wanted at.
//!
//! ```yaml
//! version: 1
//! organizations: {NAME or org_…: {name, billing, twilio: {accountSid, authToken: {env}, authTokenNext: {env}, phoneNumber}}}
//! tenants: {SLUG: {name, organization, timezone, country, language, voice, target, connect, availability,
//!   phone: {method, clinicNumber, phoneNumber, currentCarrier, wantsTemporaryNumber, pbxType, areaCode,
//!     needsPhoneNumber, sourceIps, deploy},
//!   numbers: [NUMBER or {number, purpose, alreadyOverflowed}]}}
//! ```
//! What is absent stays as it is. Secrets are never written in it: `{env: NAME}` names where they are. `deploy: false`
//! configures how a tenant is reached and sets nothing up.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::cli::yaml::Node;
use crate::model::E164;

/// The only version of this form.
const VERSION: u64 = 1;

/// What may be said of how a tenant is reached: what PUT phone-integration takes, and whether it is set up too.
const PHONE: [&str; 10] = [
    "method",
    "clinicNumber",
    "phoneNumber",
    "currentCarrier",
    "wantsTemporaryNumber",
    "pbxType",
    "areaCode",
    "needsPhoneNumber",
    "sourceIps",
    "deploy",
];

/// Something wrong with a file, and its line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileFault {
    pub line: u64,
    /// Whose it is: `tenants/smile-dental`.
    pub whose: String,
    pub detail: String,
}

/// What a file, or several, want.
#[derive(Debug, Default)]
pub struct Wanted {
    pub orgs: Vec<WantedOrg>,
    pub tenants: Vec<WantedTenant>,
}

#[derive(Debug)]
pub struct WantedOrg {
    /// Its name or id.
    pub key: String,
    pub place: Place,
    pub name: Option<String>,
    pub billing: Option<String>,
    /// `Some(None)`: taken away.
    pub twilio: Option<Option<WantedTwilio>>,
}

#[derive(Debug)]
pub struct WantedTwilio {
    /// `accountSid` and `phoneNumber`, as far as they are given.
    pub given: Map<String, Value>,
    pub auth_token: Option<SecretName>,
    pub auth_token_next: Option<SecretName>,
}

#[derive(Debug)]
pub struct WantedTenant {
    pub slug: String,
    pub place: Place,
    pub organization: Option<String>,
    /// What stands at the top of a tenant in the API, `connect` without its password.
    pub fields: Map<String, Value>,
    /// `Some(None)`: taken away.
    pub password: Option<Option<SecretName>>,
    pub availability: Option<Value>,
    pub phone: Option<WantedPhone>,
    pub numbers: Option<Vec<WantedNumber>>,
}

/// How a tenant is to be reached.
#[derive(Debug)]
pub struct WantedPhone {
    /// What the API takes of it, as far as it is given.
    pub given: Map<String, Value>,
    /// It is set up too.
    pub deploy: bool,
}

/// A number that is to lead to a tenant.
#[derive(Debug)]
pub struct WantedNumber {
    pub e164: E164,
    /// Where it stands in its part.
    pub pointer: String,
    /// `purpose` and `alreadyOverflowed`, as far as they are given.
    pub given: Map<String, Value>,
}

/// An environment variable that holds a secret.
#[derive(Debug)]
pub struct SecretName {
    pub env: String,
    pub line: u64,
}

/// Whose part of the file it is.
#[derive(Debug)]
pub struct Place {
    pub whose: String,
    node: Node,
}

impl Place {
    /// A fault of what a JSON pointer names in this part.
    pub fn fault(&self, pointer: &str, detail: impl Into<String>) -> FileFault {
        let at = pointer.trim_start_matches('/').replace('/', ".");
        let detail = detail.into();
        let detail = if at.is_empty() { detail } else { format!("{at}: {detail}") };
        FileFault { line: self.node.line_of(pointer), whose: self.whose.clone(), detail }
    }
}

/// Reads documents; every fault of their form at once.
pub fn wanted(documents: Vec<Node>) -> (Wanted, Vec<FileFault>) {
    let (faults, seen, numbers) = (Vec::new(), HashSet::new(), HashMap::new());
    let mut reader = Reader { wanted: Wanted::default(), faults, seen, numbers };
    for document in documents {
        reader.document(document);
    }
    (reader.wanted, reader.faults)
}

struct Reader {
    wanted: Wanted,
    faults: Vec<FileFault>,
    seen: HashSet<String>,
    /// Whom each number is to lead to.
    numbers: HashMap<E164, String>,
}

impl Reader {
    fn fault(&mut self, line: u64, whose: &str, detail: impl Into<String>) {
        self.faults.push(FileFault { line, whose: whose.to_owned(), detail: detail.into() });
    }

    fn document(&mut self, document: Node) {
        let line = document.line;
        if document.is_null() {
            return;
        }
        let Some(members) = document.into_members() else {
            return self.fault(line, "the document", "must have `version`, and `organizations` or `tenants`");
        };
        if !members.iter().any(|(name, _)| name == "version") {
            self.fault(line, "the document", "must say `version: 1`");
        }
        for (name, node) in members {
            match name.as_str() {
                "version" if node.value() == VERSION => {}
                "version" => self.fault(node.line, "version", "only 1 is known to this patchbay"),
                "organizations" => self.parts(&name, node, Reader::org),
                "tenants" => self.parts(&name, node, Reader::tenant),
                _ => self.fault(node.line, &name, "is not known here; there are version, organizations and tenants"),
            }
        }
    }

    fn parts(&mut self, kind: &str, node: Node, read: fn(&mut Reader, String, Place)) {
        if node.is_null() {
            return;
        }
        let line = node.line;
        let Some(members) = node.into_members() else {
            return self.fault(line, kind, "must name each by its slug or name, with its settings under it");
        };
        for (key, node) in members {
            let whose = format!("{kind}/{key}");
            if node.members().is_none() && !node.is_null() {
                self.fault(node.line, &whose, "must have settings under it");
            } else if self.seen.insert(whose.clone()) {
                read(self, key, Place { whose, node });
            } else {
                self.fault(node.line, &whose, "is there twice");
            }
        }
    }

    fn org(&mut self, key: String, place: Place) {
        let known = ["name", "billing", "twilio"];
        self.name_unknown(&place, "", &known);
        let text = |reader: &mut Reader, name: &str| reader.text(&place, name);
        let (name, billing) = (text(self, "name"), text(self, "billing"));
        if billing.as_deref().is_some_and(|status| !matches!(status, "verified" | "unverified")) {
            self.faults.push(place.fault("/billing", "must be verified or unverified"));
        }
        if name.is_some() && !key.starts_with("org_") {
            self.faults.push(place.fault("/name", "is its key already; to rename it, use its id (org_…) as the key"));
        }
        let twilio = place.node.member("twilio").map(|node| (!node.is_null()).then(|| self.twilio(&place, node)));
        self.wanted.orgs.push(WantedOrg { key, name, billing, twilio, place });
    }

    fn twilio(&mut self, place: &Place, node: &Node) -> WantedTwilio {
        self.name_unknown(place, "/twilio", &["accountSid", "authToken", "authTokenNext", "phoneNumber"]);
        let given = ["accountSid", "phoneNumber"];
        let given = given.iter().filter_map(|name| Some(((*name).to_owned(), node.member(name)?.value())));
        let given: Map<String, Value> = given.collect();
        if !given.contains_key("accountSid") {
            self.faults.push(place.fault("/twilio", "must name the account: accountSid"));
        }
        let auth_token = self.secret(place, "/twilio/authToken", node.member("authToken"));
        let auth_token_next = self.secret(place, "/twilio/authTokenNext", node.member("authTokenNext"));
        WantedTwilio { given, auth_token, auth_token_next }
    }

    fn tenant(&mut self, slug: String, place: Place) {
        let fields = ["name", "timezone", "country", "language", "voice", "target", "connect"];
        let known: Vec<&str> = fields.into_iter().chain(["organization", "availability", "phone", "numbers"]).collect();
        self.name_unknown(&place, "", &known);
        let given = fields.iter().filter_map(|name| Some(((*name).to_owned(), place.node.member(name)?.value())));
        let mut fields: Map<String, Value> = given.collect();
        let mut password = None;
        if let Some(connect) = place.node.member("connect") {
            if let Some(node) = connect.member("password") {
                let given = self.secret(&place, "/connect/password", Some(node));
                password = (given.is_some() || node.is_null()).then_some(given);
            }
            if let Some(connect) = fields.get_mut("connect").and_then(Value::as_object_mut) {
                connect.remove("password");
            }
            if connect.is_null() {
                self.faults.push(place.fault("/connect", "must have settings under it"));
            }
        }
        let organization = self.text(&place, "organization");
        let availability = place.node.member("availability").map(Node::value);
        let (phone, numbers) = (self.phone(&place), self.numbers(&place));
        let tenant = WantedTenant { slug, organization, fields, password, availability, phone, numbers, place };
        self.wanted.tenants.push(tenant);
    }

    fn phone(&mut self, place: &Place) -> Option<WantedPhone> {
        let node = place.node.member("phone")?;
        let Some(members) = node.members() else {
            self.faults.push(place.fault("/phone", "must have settings under it"));
            return None;
        };
        self.name_unknown(place, "/phone", &PHONE);
        let deploy = node.member("deploy").map_or(Value::Bool(true), Node::value);
        if !deploy.is_boolean() {
            self.faults.push(place.fault("/phone/deploy", "must be true or false"));
        }
        let given = members.iter().filter(|(name, _)| name != "deploy");
        let given = given.map(|(name, node)| match node.value() {
            // Three digits look like a number to whoever types them.
            Value::Number(code) if name == "areaCode" => (name.clone(), Value::String(code.to_string())),
            value => (name.clone(), value),
        });
        Some(WantedPhone { given: given.collect(), deploy: deploy == Value::Bool(true) })
    }

    fn numbers(&mut self, place: &Place) -> Option<Vec<WantedNumber>> {
        let node = place.node.member("numbers")?;
        let Value::Array(items) = node.value() else {
            self.faults.push(place.fault("/numbers", "must be a list of numbers"));
            return None;
        };
        let read = |(index, item)| self.number(place, format!("/numbers/{index}"), item);
        Some(items.into_iter().enumerate().filter_map(read).collect())
    }

    /// A number by itself, or with what its calls are for.
    fn number(&mut self, place: &Place, pointer: String, item: Value) -> Option<WantedNumber> {
        let mut given = match item {
            Value::Object(members) => members,
            alone => Map::from_iter([("number".to_owned(), alone)]),
        };
        let number = given.remove("number").unwrap_or_default();
        for (name, value) in &given {
            let detail = match (name.as_str(), value) {
                ("purpose", Value::String(purpose)) if matches!(purpose.as_str(), "calls" | "voicemail") => continue,
                ("alreadyOverflowed", Value::Bool(_)) => continue,
                ("purpose", _) => "must be calls or voicemail",
                ("alreadyOverflowed", _) => "must be true or false",
                _ => "is not known here; there are number, purpose, alreadyOverflowed",
            };
            self.faults.push(place.fault(&format!("{pointer}/{name}"), detail));
        }
        let Some(e164) = number.as_str().and_then(|text| E164::parse(text).ok()) else {
            self.faults.push(place.fault(&pointer, "must be a number with + and its country, as +13125550123"));
            return None;
        };
        if let Some(whose) = self.numbers.insert(e164, place.whose.clone()) {
            self.faults.push(place.fault(&pointer, format!("{e164} is named for {whose} already")));
        }
        Some(WantedNumber { e164, pointer, given })
    }

    fn text(&mut self, place: &Place, name: &str) -> Option<String> {
        let node = place.node.member(name)?;
        if node.text().is_none() {
            self.faults.push(place.fault(&format!("/{name}"), "must be a text"));
        }
        node.text().map(str::to_owned)
    }

    fn secret(&mut self, place: &Place, pointer: &str, node: Option<&Node>) -> Option<SecretName> {
        let node = node.filter(|node| !node.is_null())?;
        let only = node.members().filter(|members| members.len() == 1);
        match only.and_then(|_| node.member("env")).and_then(Node::text).filter(|name| is_variable(name)) {
            Some(env) => Some(SecretName { env: env.to_owned(), line: node.line }),
            None => {
                let detail = "a secret is never written here: name the environment variable that holds it, {env: NAME}";
                self.faults.push(place.fault(pointer, detail));
                None
            }
        }
    }

    fn name_unknown(&mut self, place: &Place, pointer: &str, known: &[&str]) {
        let node = pointer.split('/').skip(1).try_fold(&place.node, |node, name| node.member(name));
        let members = node.and_then(Node::members).unwrap_or_default();
        for (name, _) in members.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
            let detail = format!("is not known here; there are {}", known.join(", "));
            self.faults.push(place.fault(&format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), detail));
        }
    }
}

fn is_variable(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(good) && !name.starts_with(|first: char| first.is_ascii_digit())
}
