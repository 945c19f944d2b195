//! `patchbay sim`: the provider simulator alone, until it is told to stop.

use std::net::SocketAddr;

use anyhow::Context as _;
use clap::Args;
use tokio::runtime::Builder;

use crate::model::Secret;
use crate::simulator::{self, Account, Options};

use super::told::{Stop, say};

const HELP: &str = "\
Speaks what patchbay uses of them, at the hosts' own paths:
  Twilio  /2010-04-01/Accounts/{AC}.json, and below /2010-04-01/Accounts/{AC}/
          Calls/{CA}.json (GET; POST with Status), Recordings
          AvailablePhoneNumbers/{US|CA|GB}/Local.json, IncomingPhoneNumbers
          SIP/Domains, SIP/CredentialLists, SIP/IpAccessControlLists, with what is in them and mapped
          /v1/Documents (POST), and below /v1/Porting/
          Portability/PhoneNumber/{number}, PortIn, PortIn/PortInRequests, Configuration/Webhook
          PortIn/{KW} and PortIn/{KW}/PhoneNumber/{PU} (GET, DELETE)
          /v1/PhoneNumbers/Countries/{US|CA|GB} and /v2/Voice/Countries/{US|CA|GB}: prices
  Vapi    /call, /phone-number, /v2/phone-number, /credential, GET /assistant/{id}, GET /squad/{id}
  itself  POST, GET, DELETE /_sim/faults   {\"match\",\"kind\",\"times\",\"ms\"}
          GET, DELETE /_sim/requests
          POST, GET /_sim/calls            {\"sid\",\"status\",\"provider\"?,\"recordings\"?,…}
          POST /_sim/numbers               {\"accountSid\",\"phoneNumber\",\"with\"?}: owned from the start
          POST, GET /_sim/ports            {\"sid\"|\"phoneNumber\",\"status\",\"reason\"?,\"code\"?}
          POST /_sim/account               {\"kind\"}: full, once it is upgraded
          GET /_sim/bills                  what was bought, until when, months and dollars charged
          POST /_sim/vapi                  {\"freeNumberLimit\"?,\"activationMs\"?,\"unavailableAreaCodes\"?,
                                           \"withoutDigits\"?}
Faults: error, 429, garbage (without effect); timeout-after, reset-after, slow (with effect).
Numbers for sale end in 01xx: those below 0150 are Twilio's, the others Vapi's free ones. +15005550000 is not available,
…0001 is invalid, …0006 is fine; in area code 533 there is none.
Numbers of the United States can be ported, save toll-free ones (+1800…, +1888…) and those that end in
91; those that end in 92 are mobile, and want a PIN and an account number. A port goes on when it is told to: in_review,
waiting_for_signature, in_progress, port_pending, action_required, completed, expired, canceling, canceled. Whoever set a
webhook is told, signed with the token it was set with; a completed number is the account's, and leads nowhere yet.
Any credentials are let in, or only TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, and VAPI_API_KEY, if set.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Where it listens; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Of which kind every account at Twilio is; a trial one may own one number.
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    account: Account,
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
            account: arguments.account,
            clock: None,
        };
        let simulator = simulator::start_with(arguments.listen, options).await?;
        say(format_args!("Twilio and Vapi are simulated at {}", simulator.url()));
        stop.told().await;
        simulator.stop().await;
        Ok(())
    })
}
