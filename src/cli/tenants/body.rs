//! The fields of a tenant, as they are typed.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::cli::secrets;

pub(super) const HELP: &str = "\
The password is read from an environment variable or a file, never from an argument: what is typed
stays in the history of the shell. `-` as the file reads standard input.";

#[derive(Debug, Args)]
pub(super) struct Fields {
    /// Its name in SIP addresses; made from the name where absent.
    #[arg(long)]
    slug: Option<String>,
    /// The zone its settings are read in, as America/Toronto.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Its country in two letters.
    #[arg(long)]
    country: Option<String>,
    /// What it is spoken to in, as en-US.
    #[arg(long)]
    language: Option<String>,
    /// The voice of what is said, as Polly.Joanna-Neural.
    #[arg(long)]
    voice: Option<String>,
    /// Who answers at Vapi: assistant:ID or squad:ID.
    #[arg(long, value_parser = target)]
    target: Option<Value>,
    /// How a call reaches Vapi.
    #[arg(long, value_enum)]
    via: Option<Via>,
    /// The SIP address that is dialled.
    #[arg(long, value_name = "URI")]
    sip_uri: Option<String>,
    /// The user name there.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The environment variable that holds the password there.
    #[arg(long, value_name = "NAME", conflicts_with = "password_file")]
    password_env: Option<String>,
    /// The file that holds the password there.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// How long the AI may ring before the fallback takes the call.
    #[arg(long, value_name = "SECONDS")]
    timeout_seconds: Option<u16>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Via {
    Sip,
    Bypass,
    Redirect,
}

/// What can be taken away.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Clear {
    Language,
    Voice,
    Target,
    SipUri,
    /// User name and password.
    Credentials,
    TimeoutSeconds,
}

fn target(text: &str) -> Result<Value, String> {
    match text.split_once(':') {
        Some((kind @ ("assistant" | "squad"), id)) if !id.is_empty() => Ok(json!({ "kind": kind, "id": id })),
        _ => Err("must be assistant:ID or squad:ID".to_owned()),
    }
}

impl Fields {
    /// What was named, as the API takes it.
    pub fn body(&self) -> anyhow::Result<Value> {
        let texts = [
            ("slug", &self.slug),
            ("timezone", &self.timezone),
            ("country", &self.country),
            ("language", &self.language),
            ("voice", &self.voice),
        ];
        let mut body = json!({});
        for (name, text) in texts {
            if let Some(text) = text {
                body[name] = json!(text);
            }
        }
        if let Some(target) = &self.target {
            body["target"] = target.clone();
        }
        let mut connect = json!({});
        if let Some(via) = self.via {
            connect["via"] = json!(match via {
                Via::Sip => "sip",
                Via::Bypass => "bypass",
                Via::Redirect => "redirect",
            });
        }
        for (name, text) in [("sipUri", &self.sip_uri), ("username", &self.username)] {
            if let Some(text) = text {
                connect[name] = json!(text);
            }
        }
        if let Some(password) = secrets::named(self.password_env.as_deref(), self.password_file.as_deref())? {
            connect["password"] = json!(password.reveal());
        }
        if let Some(seconds) = self.timeout_seconds {
            connect["timeoutSeconds"] = json!(seconds);
        }
        if connect != json!({}) {
            body["connect"] = connect;
        }
        Ok(body)
    }
}

impl Clear {
    pub fn take_away(self, body: &mut Value) {
        match self {
            Clear::Language => body["language"] = Value::Null,
            Clear::Voice => body["voice"] = Value::Null,
            Clear::Target => body["target"] = Value::Null,
            Clear::SipUri => body["connect"]["sipUri"] = Value::Null,
            Clear::Credentials => {
                body["connect"]["username"] = Value::Null;
                body["connect"]["password"] = Value::Null;
            }
            Clear::TimeoutSeconds => body["connect"]["timeoutSeconds"] = Value::Null,
        }
    }
}
