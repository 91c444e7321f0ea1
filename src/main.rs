//! The `bitpie` program: from the words of a shell to the node that runs here, or to the client of one that runs
//! already.

use std::process::ExitCode;

use bitpie::client::arguments::{Arguments, Command};
use bitpie::client::{self, Offline};
use bitpie::demo::{self, DemoOptions};
use bitpie::hardening;
use bitpie::runtime::checks::CHECKS;
use bitpie::runtime::databases;
use bitpie::runtime::offline;
use bitpie::runtime::run::{RunOptions, run};
use clap::Parser as _;

/// What works without a running node, and who does it.
const OFFLINE: Offline = Offline {
    holder: offline::holder,
    id: offline::id,
    settings: offline::settings,
    set: offline::set,
    backup: offline::backup,
    restore: offline::restore,
    set_passphrase: offline::set_passphrase,
    remove_passphrase: offline::remove_passphrase,
    repair: databases::repair_at,
    checks: CHECKS,
};

fn main() -> ExitCode {
    // Before anything is read, made or computed.
    hardening::harden();
    let arguments = Arguments::parse();
    arguments.color.apply();
    let done = match &arguments.command {
        Command::Demo(options) => demo::run(&DemoOptions { keep: options.keep.clone(), json: arguments.json }),
        Command::Run(options) => {
            let (passphrase_file, bootstrap) = (options.passphrase_file.clone(), options.bootstrap.clone());
            let new_identity = options.new_identity;
            run(&RunOptions { home: arguments.home.clone(), passphrase_file, bootstrap, new_identity })
        }
        _ => return client::perform(arguments, &OFFLINE),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {}", client::told(&error));
        ExitCode::from(2)
    })
}
