//! Signs webhooks line by line, to compare with other implementations of Standard Webhooks.
//!
//! In, one JSON object a line: `{"secrets", "id", "timestamp", "body"}`, the timestamp in whole seconds.
//! Out, one line for each: `{"signature"}`, the value of the header `webhook-signature`.

use std::io::{BufRead, Write, stdin, stdout};

use anyhow::{Context, Result};
use jiff::Timestamp;
use patchbay::model::{MessageId, SigningSecret};
use patchbay::outbox::signatures;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    secrets: Vec<String>,
    id: String,
    timestamp: i64,
    body: String,
}

#[derive(Serialize)]
struct Signed {
    signature: String,
}

fn main() -> Result<()> {
    let mut out = stdout().lock();
    for (number, line) in (1..).zip(stdin().lock().lines()) {
        let signed = sign(&line?).with_context(|| format!("could not sign line {number}"))?;
        serde_json::to_writer(&mut out, &signed)?;
        writeln!(out)?;
    }
    Ok(())
}

fn sign(line: &str) -> Result<Signed> {
    let message: Message = serde_json::from_str(line)?;
    let secrets: Result<Vec<_>, _> = message.secrets.iter().map(|secret| SigningSecret::parse(secret)).collect();
    let at = Timestamp::from_second(message.timestamp)?;
    Ok(Signed { signature: signatures(&secrets?, &MessageId::parse(&message.id)?, at, &message.body) })
}
