//! The file of numbers: one a line. Blank lines and lines that begin with `#` are passed over.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};
use patchbay::model::E164;

/// Faults that are told; a file of another kind altogether has one in every line.
const FAULTS_TOLD: usize = 10;

/// Longest part of a faulty line that is shown.
const SHOWN_CHARS: usize = 40;

/// Reads the numbers, each there once. All faults are told together.
pub fn read(file: &Path) -> anyhow::Result<Vec<E164>> {
    let text = std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut numbers = Vec::new();
    let mut seen = HashMap::new();
    let mut faults = Vec::new();
    for (line, raw) in (1..).zip(text.lines()) {
        let raw = raw.trim();
        if raw.is_empty() || raw.starts_with('#') {
            continue;
        }
        let Ok(number) = E164::parse(raw) else {
            let shown: String = raw.chars().take(SHOWN_CHARS).collect();
            faults.push(format!("line {line}: {shown:?} is no E.164 number: `+` and 7 to 15 digits"));
            continue;
        };
        match seen.entry(number) {
            Entry::Vacant(place) => {
                place.insert(line);
                numbers.push(number);
            }
            Entry::Occupied(first) => faults.push(format!("line {line}: {raw} is on line {} already", first.get())),
        }
    }
    if !faults.is_empty() {
        bail!("{} cannot be used:{}", file.display(), told(&faults));
    }
    if numbers.is_empty() {
        bail!("{} holds no number", file.display());
    }
    Ok(numbers)
}

fn told(faults: &[String]) -> String {
    let mut told = String::new();
    for fault in faults.iter().take(FAULTS_TOLD) {
        let _ = write!(told, "\n  {fault}");
    }
    if let Some(more @ 1..) = faults.len().checked_sub(FAULTS_TOLD) {
        let _ = write!(told, "\n  and {more} more");
    }
    told
}
