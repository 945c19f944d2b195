//! What a file wants: organizations and tenants, each with the place it is wanted at.
//!
//! ```yaml
//! version: 1
//! organizations: {NAME or org_…: {name, billing, twilio: {accountSid, authToken: {env}, authTokenNext: {env}, phoneNumber}}}
//! tenants: {SLUG: {name, organization, timezone, country, language, voice, target, connect, availability}}
//! ```
//! What is absent stays as it is. Secrets are never written in it: `{env: NAME}` names where they are.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::cli::yaml::Node;

/// The only version of this form.
const VERSION: u64 = 1;

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
    let mut reader = Reader { wanted: Wanted::default(), faults: Vec::new(), seen: HashSet::new() };
    for document in documents {
        reader.document(document);
    }
    (reader.wanted, reader.faults)
}

struct Reader {
    wanted: Wanted,
    faults: Vec<FileFault>,
    seen: HashSet<String>,
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
        let known: Vec<&str> = fields.into_iter().chain(["organization", "availability"]).collect();
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
        self.wanted.tenants.push(WantedTenant { slug, organization, fields, password, availability, place });
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
