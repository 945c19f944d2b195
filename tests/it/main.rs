//! The integration tests, one binary: a file a room, and the ways of whole calls.

#![allow(clippy::unwrap_used, missing_docs)]

mod rig;
mod sim;

mod accounts;
mod admin_calls;
mod admin_desk;
mod admin_document;
mod admin_numbers;
mod admin_requests;
mod admin_settings;
mod admin_tenants;
mod binary;
mod bypass;
mod callbacks;
mod caller_commands;
mod caller_follows;
mod caller_server;
mod calls;
mod calls_odd;
mod config_faults;
mod directory_store;
mod edge_http_faults;
mod edge_http_serve;
mod edge_http_support;
mod edge_http_tls;
mod faults;
mod house;
mod journal_store;
mod keeper_providers;
mod kill;
mod ledger_battery;
mod ledger_keeper;
mod life;
mod outage;
mod process;
mod process_signals;
mod providers_simulator;
mod readme;
mod store_battery;
mod store_fixtures;
mod store_records;
mod store_sqlite;
mod telemetry_logs;
mod twiml_documents;
