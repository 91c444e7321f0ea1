//! The command line: commands, and what they have in common. Help texts and man pages are made of what stands here.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, ValueHint};

use super::duration::Span;
use super::failure::Failure;
use super::{
    Context, backups, compare, contacts, doctor, invitations, messages, names, overview, passphrase, ratings, services,
    settings, web,
};
use crate::calendar::Month;
use crate::nickname::Nickname;

/// A peer-to-peer node whose every behaviour is an explicit state machine.
#[derive(Parser)]
#[command(
    name = "bitpie",
    version,
    max_term_width = 110,
    after_help = "Exit codes: 0 it is done; 1 the node said no, or a check failed; 2 it could not be done here; 3 no node is running.\n\n\
        Examples:\n  \
        bitpie run                            start the node; the other commands talk to it from a second terminal\n  \
        bitpie id                             the address to give to a friend; with --invite, past any crowd of strangers\n  \
        bitpie nick set alice                 the name by which others find you\n  \
        bitpie contact add bitpie:…           a friend's address, or nickname\n  \
        bitpie msg send alice \"are you there?\"\n  \
        bitpie msg watch                      what they write, as it comes\n  \
        bitpie doctor                         what is wrong, and what to do about it"
)]
pub struct Arguments {
    /// The home folder [default: $BITPIE_HOME, or ~/.bitpie]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Everywhere")]
    pub home: Option<PathBuf>,
    /// Print JSON, as the node answers
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub json: bool,
    /// When to use colours: auto, always, never; NO_COLOR is respected
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        hide_default_value = true,
        help_heading = "Everywhere"
    )]
    pub color: Color,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// When to use colours.
#[derive(Clone, Copy, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Even into a pipe
    Always,
    /// Nowhere
    Never,
}

impl Color {
    /// From now on, everywhere.
    pub fn apply(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }
}

/// All commands.
#[derive(Subcommand)]
pub enum Command {
    /// Run the node
    Run(Run),
    /// See it work: three nodes on this machine find one another and talk, and their traces are replayed
    Demo(Demo),
    /// Open the web page of the running node in your browser
    #[command(
        after_help = "The address holds a token that lets one browser in, once, so nobody else on this machine gets in. A browser that is \
        in stays so until the node stops.\n\n\
        Examples:\n  bitpie web\n  bitpie web --print                   only print the address"
    )]
    Web {
        /// Print the address, and open no browser
        #[arg(long)]
        print: bool,
    },
    /// Show who this node is, and the address to give to others
    #[command(
        after_help = "Works without a running node too, but only a running one knows where it can be reached, and makes invitations.\n\n\
        With an invitation in it the address is a secret: who has it reaches you by their first messages, however many strangers \
        write. These wait for `bitpie contact accept`, as those of any stranger. The node keeps no copy of an invitation, so the \
        address is printed this once.\n\n\
        Examples:\n  bitpie id\n  bitpie id --json | jq -r .idurl\n  bitpie id --invite                    for one, within 7 days\n  \
        bitpie id --invite --for 30d          for everybody who gets it, for 30 days"
    )]
    Id {
        /// Add an invitation: the first who uses it gets through, however many strangers write; it counts for 7 days
        #[arg(long)]
        invite: bool,
        /// Let everybody use the invitation for so long: like 12h, 30d; 366d at most
        #[arg(long = "for", value_name = "DURATION", requires = "invite")]
        span: Option<Span>,
    },
    /// Invitations that you have given away: list them, take them back
    #[command(
        after_help = "`bitpie id --invite` makes one. Listed are those that count, by a short name: what stands in the address is not kept.\n\
        An invitation that was taken back opens nothing any more, and its user is not told.\n\n\
        Examples:\n  bitpie invite list\n  bitpie invite remove 8kq3abcd"
    )]
    Invite {
        /// What to do with them
        #[command(subcommand)]
        command: invitations::InviteCommand,
    },
    /// Contacts: whom you talk with, and who would like to
    #[command(
        after_help = "WHO is your name for them, their id, `bitpie:` and a beginning of it that is theirs alone, its fingerprint, or their address (bitpie:…).\n\
        The beginning of an id without `bitpie:` is taken for a name, for anybody can make an id that begins like one.\n\n\
        Examples:\n  bitpie contact add 'bitpie:…?at=tcp://203.0.113.5:7771' --name alice\n  bitpie contact list\n  \
        bitpie contact accept bitpie:8kq3"
    )]
    Contact {
        /// What to do with them
        #[command(subcommand)]
        command: contacts::ContactCommand,
    },
    /// Messages: send, list, watch, search, export
    #[command(
        after_help = "Examples:\n  bitpie msg send alice \"are you there?\" --wait\n  fortune | bitpie msg send alice -\n  \
        bitpie msg list alice\n  bitpie msg watch --json | jq -r .text"
    )]
    Msg {
        /// What to do with them
        #[command(subcommand)]
        command: messages::MessageCommand,
    },
    /// The nickname by which others find this node
    #[command(
        after_help = "Several people may want one name: each gets a place of it, and a search shows them all.\n\n\
        Examples:\n  bitpie nick set alice\n  bitpie nick show\n  bitpie nick clear"
    )]
    Nick {
        /// What to do with it
        #[command(subcommand)]
        command: names::NickCommand,
    },
    /// Find everybody who claims a nickname
    #[command(
        after_help = "A name can be claimed by anybody, and is never proof of who somebody is: compare the fingerprint.\n\
        The list holds only those who have the name in their identity document too; other claims are left out.\n\
        Everybody in the list is asked whether they are there, and sees the address from which you look.\n\
        Exit code 1 if nobody claims it.\n\n\
        Examples:\n  bitpie find alice\n  bitpie find alice --first --json | jq -r '.claimants[].address'"
    )]
    Find {
        /// The nickname
        name: Nickname,
        /// Stop at the first who is found
        #[arg(long)]
        first: bool,
    },
    /// List the nodes that this one knows, and its sessions with them
    #[command(
        after_help = "With --ratings: for each contact, in how much of the time for which your node was connected theirs was too. \
        Your node looks once a minute. MONTH is this month, or the one that --month names; TOTAL is all months. \
        The chart has a column for each hour of the day, in UTC: of all months, or of the one that --month names. \
        The last 24 months in which a contact was counted are kept apart; older ones count in TOTAL only.\n\n\
        Examples:\n  bitpie peers\n  bitpie peers --json | jq '.peers[] | select(.session)'\n  \
        bitpie peers --ratings                 who is there, and at what hours\n  \
        bitpie peers --ratings --month 2026-11"
    )]
    Peers {
        /// Show how often each contact was there while this node was, and at what hours
        #[arg(long)]
        ratings: bool,
        /// Show this month, and its hours
        #[arg(long, value_name = "YYYY-MM", requires = "ratings")]
        month: Option<Month>,
    },
    /// Show how the node is: whether others reach it, and what is not as it should be
    #[command(after_help = "Examples:\n  bitpie status\n  bitpie status --verbose\n  \
        bitpie status --json | jq .counters.refusals")]
    Status {
        /// The states of automata and all counters too; JSON always has them
        #[arg(long, short)]
        verbose: bool,
    },
    /// Services: the parts of the node that can be switched on and off
    #[command(after_help = "Examples:\n  bitpie service tree\n  bitpie service stop private-messages")]
    Service {
        /// What to do with them
        #[command(subcommand)]
        command: services::ServiceCommand,
    },
    /// Settings: read and change them
    #[command(
        after_help = "Settings are paths, kept in config.toml of the home folder; works without a running node too.\n\n\
        Examples:\n  bitpie config list\n  bitpie config set services/tcp-transport/port 7781\n  \
        bitpie config set services/tcp-transport/port --default"
    )]
    Config {
        /// What to do with them
        #[command(subcommand)]
        command: settings::ConfigCommand,
    },
    /// Take the network down and up again
    Reconnect,
    /// Stop the node, in order
    Stop,
    /// Write a backup of key, settings, contacts and messages
    #[command(
        after_help = "Anybody who has the backup can be you: it holds the secret key, encrypted only if the key file is. Keep it safe.\n\n\
        Example:\n  bitpie backup /media/stick/bitpie-backup"
    )]
    Backup {
        /// Where; there must be nothing yet
        #[arg(value_hint = ValueHint::AnyPath)]
        to: PathBuf,
    },
    /// Make a home folder of a backup
    #[command(
        after_help = "Do not go on with the old one: of two nodes with one identity, each misses what the other gets.\n\n\
        Example:\n  bitpie restore /media/stick/bitpie-backup --home ~/.bitpie"
    )]
    Restore {
        /// The backup
        #[arg(value_hint = ValueHint::AnyPath)]
        from: PathBuf,
    },
    /// The passphrase with which the key is encrypted
    #[command(
        after_help = "Works while the node runs, and without it. The key stays the same; backups keep the passphrase that they were made with.\n\n\
        Examples:\n  bitpie passphrase set\n  bitpie passphrase set --passphrase-file new.txt --old-passphrase-file old.txt\n  \
        bitpie passphrase remove"
    )]
    Passphrase {
        /// What to do with it
        #[command(subcommand)]
        command: passphrase::PassphraseCommand,
    },
    /// Ask several nodes the same, and show where their answers differ
    Compare(compare::Compare),
    /// Look for what is wrong, and say what to do about it
    #[command(
        after_help = "Works without a running node too. Exit code 1 if a check failed.\n\nExamples:\n  bitpie doctor\n  \
        bitpie doctor --json | jq -r '.checks[] | select(.verdict == \"bad\") | .help'\n  \
        bitpie doctor --repair                 save what can be read of a damaged messages.db into a new one; the node has to be stopped"
    )]
    Doctor {
        /// Save what can be read of a damaged database into a new one; the damaged one is kept
        #[arg(long)]
        repair: bool,
    },
    /// Print completions for a shell
    Completions(super::manual::Completions),
    /// Print the man page, or write one for each command
    Man(super::manual::Man),
}

impl Command {
    /// Does it; `run` and `demo` are done by the program itself.
    pub(super) fn perform(self, context: &Context<'_>) -> Result<(), Failure> {
        match self {
            Self::Run(_) | Self::Demo(_) => {
                Err(Failure::here("`run` and `demo` are no commands of a client", "the program does them itself"))
            }
            Self::Web { print } => web::web(print, context),
            Self::Id { invite: false, .. } => overview::id(context),
            Self::Id { invite: true, span } => invitations::invite(span, context),
            Self::Invite { command } => invitations::perform(command, context),
            Self::Status { verbose } => overview::status(verbose, context),
            Self::Peers { ratings: false, .. } => overview::peers(context),
            Self::Peers { ratings: true, month } => ratings::perform(month, context),
            Self::Contact { command } => contacts::perform(command, context),
            Self::Nick { command } => names::nick(command, context),
            Self::Find { name, first } => names::find(name, first, context),
            Self::Msg { command } => messages::perform(command, context),
            Self::Service { command } => services::perform(command, context),
            Self::Config { command } => settings::perform(command, context),
            Self::Compare(compare) => compare::perform(&compare, context),
            Self::Reconnect => overview::reconnect(context),
            Self::Stop => overview::stop(context),
            Self::Backup { to } => backups::backup(&to, context),
            Self::Restore { from } => backups::restore(&from, context),
            Self::Passphrase { command } => passphrase::perform(&command, context),
            Self::Doctor { repair: true } => doctor::repair(context),
            Self::Doctor { repair: false } => doctor::perform(context),
            Self::Completions(completions) => completions.run(Arguments::command()),
            Self::Man(man) => man.run(Arguments::command()),
        }
    }
}

/// Run the node
#[derive(Args)]
#[command(after_help = "The first run makes the home folder and an identity. Ctrl-C stops the node in order.\n\n\
    Examples:\n  bitpie run\n  bitpie run --home /tmp/second       another node on the same machine\n  \
    bitpie run --passphrase-file key.txt\n  bitpie run --bootstrap 192.0.2.7:14441,dht.example:6881\n\n\
    A home that was used and has no key is not started: put identity.key back, or give --new-identity. Contacts and conversations then \
    stay, messages that were not delivered are given up, and your contacts do not know the new identity.")]
pub struct Run {
    /// The passphrase of the key is the first line of this file, which nobody but you may read or write; on the first
    /// run the new key is encrypted with it. Without it, a terminal is asked if the key is encrypted
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub passphrase_file: Option<PathBuf>,
    /// The nodes by which this node enters the distributed hash table, for this run only; several with commas, or one
    /// after the other. `public` is the well-known nodes [default: the setting services/entangled-dht/bootstrap]
    #[arg(long, value_name = "HOST:PORT", value_parser = NonEmptyStringValueParser::new())]
    pub bootstrap: Vec<String>,
    /// Start under a new identity in a home whose key is lost
    #[arg(long)]
    pub new_identity: bool,
}

/// See it work: three nodes on this machine find one another and talk, and their traces are replayed
#[derive(Args)]
#[command(
    after_help = "Real sockets on loopback, homes of their own in a temporary folder; nothing of yours is touched. It takes less than 30 seconds.\n\n\
    Examples:\n  bitpie demo\n  bitpie demo --keep /tmp/demo      homes and traces stay there"
)]
pub struct Demo {
    /// Leave the three homes, with logs and traces, in this folder. It is made if it is not there, and has to be empty
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub keep: Option<PathBuf>,
}
