//! Signs and checks requests line by line, to compare with other implementations of `X-Twilio-Signature`.
//!
//! In, one JSON object a line: `{"token", "url", "form"?, "body"?, "signature"?}`. `url` is where the request arrived,
//! `form` a form body as it is sent, `body` one of another kind.
//! Out, one line for each: `{"signature", "valid"}`: what we would have signed, and whether `signature` is accepted.

use std::io::{BufRead, Write, stdin, stdout};

use anyhow::{Context, Result};
use patchbay::edge::{Claim, Content, Form, PublicUrl, SignedUrls, signature};
use patchbay::model::{Secret, SigningKey};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    token: String,
    url: String,
    form: Option<String>,
    body: Option<String>,
    signature: Option<String>,
}

#[derive(Serialize)]
struct Verdict {
    signature: String,
    valid: bool,
}

fn main() -> Result<()> {
    let mut out = stdout().lock();
    for (number, line) in (1..).zip(stdin().lock().lines()) {
        let verdict = judge(&line?).with_context(|| format!("could not judge line {number}"))?;
        serde_json::to_writer(&mut out, &verdict)?;
        writeln!(out)?;
    }
    Ok(())
}

fn judge(line: &str) -> Result<Verdict> {
    let request: Request = serde_json::from_str(line)?;
    let authority = request.url.find("://").context("the URL has no scheme")? + 3;
    let path = authority + request.url[authority..].find('/').context("the URL has no path")?;
    let (base, target) = request.url.split_at(path);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));

    let base = PublicUrl::parse(base)?;
    let urls = SignedUrls { bases: base.signed().into(), path, query };
    let form = request.form.as_ref().map(|form| Form::parse(form.as_bytes())).transpose()?;
    let content = match (&form, &request.body) {
        (Some(form), _) => Content::Form(form),
        (None, Some(body)) => Content::Raw(body.as_bytes()),
        (None, None) => Content::Nothing,
    };
    let key = SigningKey::new(&Secret::new(request.token));
    let claim = Claim { signature: request.signature.as_deref(), settings: None };
    let valid = signature::verify(&urls, content, claim, std::slice::from_ref(&key)).is_ok();
    Ok(Verdict { signature: signature::sign(&request.url, form.as_ref(), &key), valid })
}
