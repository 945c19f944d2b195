//! The commands, one file each. Here: what can be typed, and what becomes of an error.
//!
//! Exit codes: 0 done, 1 the thing asked for failed, 2 wrong usage. An error is one sentence on standard error.

mod api;
mod apply;
mod audit;
mod backup;
mod call;
mod calls;
mod check;
mod console;
mod costs;
pub mod decide;
mod demo;
mod differences;
mod export;
mod health;
mod jobs;
mod list;
mod numbers;
mod orgs;
mod remote;
mod restore;
mod search;
mod secrets;
mod serve;
mod sim;
mod store;
mod table;
mod tenants;
mod today;
mod token;
mod told;
mod voicemails;
mod when;
mod yaml;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};

use crate::config::{Faults, Settings};

/// The phone edge between Twilio and a voice AI.
#[derive(Debug, Parser)]
#[command(name = "patchbay", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the edge, which Twilio and Vapi call, and the admin API.
    Serve(Config),
    /// Shows all of it with sample businesses and a simulated Twilio and Vapi; needs no credentials.
    Demo(demo::Arguments),
    /// Plays Twilio: places a call, follows the TwiML to its end, prints each step.
    Call(Box<call::Arguments>),
    /// Runs the provider simulator alone.
    Sim(sim::Arguments),
    /// Answers questions about availability, one JSON document a line, offline.
    #[command(after_help = decide::HELP)]
    Decide,
    /// Reads the settings, tells every fault at once, and looks whether all is in place.
    Check(Config),
    /// Prints a link that opens the console in a browser, once.
    #[command(after_help = console::HELP)]
    Console(console::Arguments),
    /// How things are today: what needs a person, and what they do now.
    Today(today::Arguments),
    /// Finds tenants, numbers, calls, jobs, organizations and voicemails by a few words.
    Search(search::Arguments),
    /// Makes, lists and revokes tokens of the admin API.
    Token(token::Arguments),
    /// Organizations: their Twilio accounts, and whether they may be charged.
    Orgs(orgs::Arguments),
    /// Tenants: the businesses, their settings and versions.
    Tenants(tenants::Arguments),
    /// Numbers: those there are, whom they lead to, those that can be had.
    Numbers(numbers::Arguments),
    /// Jobs: what is being set up, step by step.
    Jobs(jobs::Arguments),
    /// What numbers and calls cost: each method, each tenant, the whole installation.
    Costs(costs::Arguments),
    /// Calls as they went, and why they went so.
    Calls(calls::Arguments),
    /// What callers left, and whether somebody listened.
    Voicemails(voicemails::Arguments),
    /// Who changed what, and how it was before.
    Audit(audit::Arguments),
    /// Brings organizations, tenants, availability and numbers to what a file says.
    Apply(apply::Arguments),
    /// Writes organizations, tenants, availability and numbers as a file for `apply`.
    Export(export::Arguments),
    /// Copies the store and the journal into a directory, while patchbay runs or not.
    Backup(backup::Arguments),
    /// Verifies a backup, and puts it in place of the store.
    Restore(restore::Arguments),
    /// The store as a whole: moved from one file to a server that many machines share.
    Store(store::Arguments),
    /// Asks a running edge whether it is alive.
    #[command(hide = true)]
    Health(health::Arguments),
}

/// Where the settings are.
#[derive(Debug, Args)]
struct Config {
    /// File with settings that differ from the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Config {
    fn load(&self) -> Result<Settings, Faults> {
        settings(self.config.as_deref())
    }
}

/// The settings of this process: `file`, and its environment.
fn settings(file: Option<&Path>) -> Result<Settings, Faults> {
    // A variable that is not text cannot be a setting: names and values of ours are.
    let text =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Settings::load(file, text)
}

/// Reads the command line, runs the command, says how it went.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Serve(config) => serve::run(&config),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Call(arguments) => call::run(&arguments),
        Command::Sim(arguments) => sim::run(&arguments),
        Command::Decide => decide(),
        Command::Check(config) => check::run(&config),
        Command::Console(arguments) => console::run(&arguments),
        Command::Today(arguments) => today::run(&arguments),
        Command::Search(arguments) => search::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Orgs(arguments) => orgs::run(&arguments),
        Command::Tenants(arguments) => tenants::run(&arguments),
        Command::Numbers(arguments) => numbers::run(&arguments),
        Command::Jobs(arguments) => jobs::run(&arguments),
        Command::Costs(arguments) => costs::run(&arguments),
        Command::Calls(arguments) => calls::run(&arguments),
        Command::Voicemails(arguments) => voicemails::run(&arguments),
        Command::Audit(arguments) => audit::run(&arguments),
        Command::Apply(arguments) => apply::run(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Store(arguments) => store::run(&arguments),
        Command::Health(arguments) => health::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            told::complain(format_args!("patchbay: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn decide() -> anyhow::Result<()> {
    let some_failed = decide::run(io::stdin().lock(), io::stdout().lock()).context("could not read or write")?;
    ensure!(!some_failed, "some lines could not be answered; their answers say why");
    Ok(())
}
