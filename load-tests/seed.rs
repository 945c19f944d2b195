//! Fills an empty store for a load test: one tenant for each number of a file.
//!
//! `seed NUMBERS_FILE week|1|40`. Where the store is, its key and the account that carries the numbers come from the
//! settings that `patchbay serve` will start with: the environment and the working directory. The file is checked whole
//! before the store is touched. What was written is read back through the store's own doors before anybody relies on it.

#[path = "seed/copies.rs"]
mod copies;
#[path = "seed/hours.rs"]
mod hours;
#[path = "seed/numbers.rs"]
mod numbers;
#[path = "seed/readback.rs"]
mod readback;
#[path = "seed/sealing.rs"]
mod sealing;
#[path = "seed/tenants.rs"]
mod tenants;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use patchbay::config::{Settings, secrets};
use patchbay::model::E164;
use patchbay::store::{Actor, Ask, Store};

use hours::Rules;
use tenants::Tenants;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [file, rules] = words.as_slice() else { bail!("say: seed NUMBERS_FILE week|1|40") };
    let rules = Rules::parse(rules)?;
    let numbers = numbers::read(Path::new(file))?;
    fill(&numbers, rules).await
}

async fn fill(numbers: &[E164], rules: Rules) -> anyhow::Result<()> {
    let began = Instant::now();
    let settings = Settings::load(None, std::env::vars())?;
    let account = settings.twilio.account().context("there is no TWILIO_ACCOUNT_SID with its TWILIO_AUTH_TOKEN")?;
    let file = settings.store.url.path().context("a store in memory would be gone before it is served")?;
    let key = secrets::keys(&settings).context("could not get the key that seals secrets")?.current;
    let store = Store::open(&settings.store.url, &*key).await.context("could not open the store")?;
    let org = store.platform_org().await?;
    ensure!(store.tenants(&Ask::default()).await?.rows.is_empty(), "{} has tenants already", file.display());

    let tenants = Tenants { org: org.id, account: account.sid, rules };
    let (templates, rest) = numbers.split_at(numbers.len().min(tenants.kinds()));
    let by = Actor("load-test".to_owned());
    for (place, number) in (0..).zip(templates) {
        store.create_tenant(&tenants.tenant(place, *number), &by).await?;
        store.put_number(&tenants.number(place, *number), &by).await?;
    }
    copies::write(&file, &tenants, &key, templates.len(), rest).await?;
    readback::check(&store, &tenants, numbers).await?;
    let took = began.elapsed().as_secs_f64();
    eprintln!("{} tenants in {took:.1} s: {:.0}/s", numbers.len(), numbers.len() as f64 / took);
    Ok(())
}
