//! Where commands get secrets from: an environment variable or a file. Never from an argument, which the history of the
//! shell keeps and `ps` shows.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::model::Secret;

/// The longest secret taken; what is longer is another file than was meant.
const BYTES_MAX: u64 = 4096;

/// The secret in an environment variable, if it is set to something.
pub(super) fn from_env(name: &str) -> anyhow::Result<Option<Secret>> {
    match std::env::var(name) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()).map(Secret::new)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => bail!("the environment variable {name} is no text"),
    }
}

/// The secret in a file, without the line's end; `-` is standard input.
pub(super) fn from_file(path: &Path) -> anyhow::Result<Secret> {
    let shown = path.display();
    let from: Box<dyn io::Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("could not open {shown}"))?)
    };
    let mut text = String::new();
    from.take(BYTES_MAX).read_to_string(&mut text).with_context(|| format!("could not read a secret from {shown}"))?;
    let text = text.trim();
    if text.is_empty() {
        bail!("there is no secret in {shown}");
    }
    Ok(Secret::new(text))
}

/// The secret from whichever of the two was named.
pub(super) fn named(env: Option<&str>, file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    match (env, file) {
        (Some(name), _) => {
            let secret = from_env(name)?;
            secret
                .map(Some)
                .with_context(|| format!("the environment variable {name} is not set; put the secret in it"))
        }
        (None, Some(file)) => from_file(file).map(Some),
        (None, None) => Ok(None),
    }
}
