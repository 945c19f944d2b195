//! `patchbay sim`: the provider simulator alone, until it is told to stop.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Builder;

use crate::model::Secret;
use crate::simulator::{self, Options};

use super::told::{Stop, say};

const HELP: &str = "\
Speaks so far what a call needs:
  Twilio  GET  /2010-04-01/Accounts/{AC}/Calls/{CA}.json
          POST /2010-04-01/Accounts/{AC}/Calls/{CA}.json          (Status only)
          GET  /2010-04-01/Accounts/{AC}/Calls/{CA}/Recordings.json
          GET  /2010-04-01/Accounts/{AC}/Recordings.json?CallSid=
  Vapi    POST /call, GET and DELETE /call/{id}, POST /{id}/control
  itself  POST, GET, DELETE /_sim/faults   {\"match\",\"kind\",\"times\",\"ms\"}
          GET, DELETE /_sim/requests
          POST, GET /_sim/calls            {\"sid\",\"status\",\"provider\"?,\"recordings\"?,…}
Faults: error, 429, garbage (without effect); timeout-after, reset-after, slow (with effect).
Any credentials are let in, or only TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, and VAPI_API_KEY, if set.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Where it listens; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The only Twilio account that is let in.
    #[arg(long, env = "TWILIO_ACCOUNT_SID", hide = true, requires = "twilio_token")]
    twilio_account: Option<String>,
    /// Its token.
    #[arg(id = "twilio_token", long, env = "TWILIO_AUTH_TOKEN", hide_env_values = true, hide = true)]
    twilio_token: Option<String>,
    /// The only Vapi key that is let in.
    #[arg(long, env = "VAPI_API_KEY", hide_env_values = true, hide = true)]
    vapi_key: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().enable_all().build().context("could not start a runtime")?;
    runtime.block_on(async {
        let mut stop = Stop::new()?;
        let token = arguments.twilio_token.clone().map(Secret::new);
        let options = Options {
            twilio: arguments.twilio_account.clone().zip(token),
            vapi_key: arguments.vapi_key.clone().map(Secret::new),
        };
        let simulator = simulator::start_with(arguments.listen, options).await?;
        say(format_args!("Twilio and Vapi are simulated at {}", simulator.url()));
        stop.told().await;
        simulator.stop().await;
        Ok(())
    })
}
