//! `patchbay check`: reads the settings, tells every fault at once, then what the preflight says.

use std::io::{self, Write};

use anyhow::bail;
use jiff::Timestamp;

use super::Config;
use super::api::block_on;
use crate::preflight::{self, Grade, Providers, StoreFile};

pub(super) fn run(config: &Config) -> anyhow::Result<()> {
    let settings = config.load()?;
    let mut report = preflight::local(&settings, StoreFile::Unopened, Timestamp::now());
    report.extend(block_on(async { Ok(preflight::server(&settings).await) })?);
    report.extend(block_on(async { Ok(preflight::live(&settings).await) })?);
    report.extend(block_on(async { Ok(preflight::online(&settings, &Providers::of(&settings)?).await) })?);
    let mut out = io::stdout().lock();
    for finding in &report {
        writeln!(out, "{:<8} {}: {}", finding.grade.word(), finding.subject, finding.detail)?;
    }
    let count = |grade| report.iter().filter(|finding| finding.grade == grade).count();
    let (faults, warnings) = (count(Grade::Fault), count(Grade::Warning));
    if faults > 0 {
        bail!("{faults} of {} checks failed; mend what is marked fault and check again", report.len());
    }
    let noun = if warnings == 1 { "warning" } else { "warnings" };
    writeln!(out, "ready to serve: {} checks, {warnings} {noun}", report.len())?;
    Ok(())
}
