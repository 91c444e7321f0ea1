//! The command line: commands, and what they have in common. Help texts and man pages are made of what stands here.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use super::duration::Span;
use crate::identity::Fingerprint;
use crate::name::ServiceName;
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
        bitpie id                             the address to give to a friend\n  \
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
    /// Show who this node is, and the address to give to others
    #[command(
        after_help = "Works without a running node too, but only a running one knows where it can be reached.\n\n\
        Examples:\n  bitpie id\n  bitpie id --json | jq -r .idurl"
    )]
    Id,
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
        command: ContactCommand,
    },
    /// Messages: send, list, watch, search, export
    #[command(
        after_help = "Examples:\n  bitpie msg send alice \"are you there?\" --wait\n  fortune | bitpie msg send alice -\n  \
        bitpie msg list alice\n  bitpie msg watch --json | jq -r .text"
    )]
    Msg {
        /// What to do with them
        #[command(subcommand)]
        command: MessageCommand,
    },
    /// The nickname by which others find this node
    #[command(
        after_help = "Several people may want one name: each gets a place of it, and whoever looks for it sees them all.\n\n\
        Examples:\n  bitpie nick set alice\n  bitpie nick show\n  bitpie nick clear"
    )]
    Nick {
        /// What to do with it
        #[command(subcommand)]
        command: NickCommand,
    },
    /// Find everybody who claims a nickname
    #[command(
        after_help = "A name can be claimed by anybody, and is never proof of who somebody is: compare the fingerprint.\n\
        Listed is only who has the name in their identity document too; claims without such a document are left out.\n\
        Everybody who is listed is asked whether they are there, and sees the address from which you look.\n\
        Exit code 1 if nobody claims it.\n\n\
        Examples:\n  bitpie find alice\n  bitpie find alice --first --json | jq -r '.claimants[].address'"
    )]
    Find {
        /// The nickname
        name: Nickname,
        /// The first who comes in suffices
        #[arg(long)]
        first: bool,
    },
    /// List the nodes that this one knows, and its sessions with them
    #[command(after_help = "Examples:\n  bitpie peers\n  bitpie peers --json | jq '.peers[] | select(.session)'")]
    Peers,
    /// Show how the node is: network, transports, sessions, counters
    #[command(after_help = "Examples:\n  bitpie status\n  bitpie status --json | jq .counters.refusals")]
    Status,
    /// Services: the parts of the node that can be switched on and off
    #[command(after_help = "Examples:\n  bitpie service tree\n  bitpie service stop private-messages")]
    Service {
        /// What to do with them
        #[command(subcommand)]
        command: ServiceCommand,
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
        command: ConfigCommand,
    },
    /// Take the network down and up again
    Reconnect,
    /// Stop the node, in order
    Stop,
    /// Write a backup of key, settings, contacts and messages
    #[command(
        after_help = "Whoever has the backup can be you: it holds the secret key, encrypted only if the key file is. Keep it accordingly.\n\n\
        Example:\n  bitpie backup /media/stick/bitpie-backup"
    )]
    Backup {
        /// Where; there must be nothing yet
        #[arg(value_hint = ValueHint::AnyPath)]
        to: PathBuf,
    },
    /// Make a home folder of a backup
    #[command(
        after_help = "Of two nodes with one identity, each would miss what the other gets: do not go on with the old one.\n\n\
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
        command: PassphraseCommand,
    },
    /// Look for what is wrong, and say what to do about it
    #[command(
        after_help = "Works without a running node too. Exit code 1 if a check failed.\n\nExamples:\n  bitpie doctor\n  \
        bitpie doctor --json | jq -r '.checks[] | select(.verdict == \"bad\") | .help'"
    )]
    Doctor,
    /// Print completions for a shell
    Completions(super::manual::Completions),
    /// Print the man page, or write one for each command
    Man(super::manual::Man),
}

/// `bitpie passphrase …`
#[derive(Subcommand)]
pub enum PassphraseCommand {
    /// Encrypt the key, or encrypt it anew
    Set {
        /// The new passphrase is the first line of this file; without it, a terminal is asked
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        passphrase_file: Option<PathBuf>,
        /// What is needed if it is encrypted already
        #[command(flatten)]
        old: OldPassphrase,
    },
    /// Keep the key as it is, for whoever can read the file
    Remove {
        /// What is needed
        #[command(flatten)]
        old: OldPassphrase,
    },
}

/// The passphrase that a key has.
#[derive(Args)]
pub struct OldPassphrase {
    /// The passphrase that the key has is the first line of this file; without it, a terminal is asked
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    old_passphrase_file: Option<PathBuf>,
}

impl OldPassphrase {
    /// The file, if one is given.
    #[must_use]
    pub fn file(&self) -> Option<&std::path::Path> {
        self.old_passphrase_file.as_deref()
    }
}

/// Run the node
#[derive(Args)]
#[command(after_help = "The first run makes the home folder and an identity. Ctrl-C stops the node in order.\n\n\
    Examples:\n  bitpie run\n  bitpie run --home /tmp/second       another node on the same machine\n  \
    bitpie run --passphrase-file key.txt\n  bitpie run --bootstrap 192.0.2.7:14441,dht.example:6881")]
pub struct Run {
    /// The passphrase of the key is the first line of this file; on the first run the new key is encrypted with it.
    /// Without it, a terminal is asked if the key is encrypted
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub passphrase_file: Option<PathBuf>,
    /// From whom this node hears of others in the distributed hash table, for this run only; several with commas, or
    /// one after the other. `public` is the well-known nodes [default: the setting services/entangled-dht/bootstrap]
    #[arg(long, value_name = "HOST:PORT", value_parser = NonEmptyStringValueParser::new())]
    pub bootstrap: Vec<String>,
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

/// `bitpie nick …`
#[derive(Subcommand)]
pub enum NickCommand {
    /// Be known by this nickname, from now on
    Set {
        /// 1 to 32 visible characters
        name: Nickname,
        /// Do not wait until it is registered
        #[arg(long)]
        no_wait: bool,
    },
    /// Show how it stands
    Show,
    /// Be known by none
    Clear,
}

/// Whom the user means, where several may be meant.
#[derive(Args, Clone, Debug, Default)]
pub struct Choice {
    /// Do not ask: take the only claimant, or whoever holds the given place by then. In a script, --fingerprint is
    /// safer
    #[arg(long)]
    pub yes: bool,
    /// Of several who claim the nickname, the one in this place
    #[arg(long, value_name = "N")]
    pub place: Option<u8>,
    /// The node whose id begins so, and no other, whoever else claims the nickname; 24 characters or more, as `bitpie
    /// find` shows them
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "place")]
    pub fingerprint: Option<Fingerprint>,
}

/// `bitpie contact …`
#[derive(Subcommand)]
pub enum ContactCommand {
    /// Make somebody a contact
    #[command(after_help = "Examples:\n  bitpie contact add 'bitpie:…?at=tcp://203.0.113.5:7771&name=alice'\n  \
        bitpie contact add bitpie:… --name bob\n  bitpie contact add alice               by nickname; you are asked to compare the fingerprint\n  \
        bitpie contact add alice --fingerprint 'yryo nyeb yryo nyeb yryo nyeb'\n\n\
        Whoever is a contact already keeps their name, unless --name gives another. Whoever was refused has to be accepted: `bitpie contact accept`.")]
    Add {
        /// Their address, as `bitpie id` prints it on their side, or their nickname
        #[arg(value_name = "ADDRESS|NICKNAME")]
        idurl: String,
        /// Whom, if a nickname is given
        #[command(flatten)]
        choice: Choice,
        /// Your name for them; without it, the one that the address proposes
        #[arg(long)]
        name: Option<Nickname>,
    },
    /// List your contacts, and the strangers who have written
    #[command(
        after_help = "SEEN is when they were last heard; THERE is in how much of this node's time in the last 30 days they were there too."
    )]
    List,
    /// Forget a contact; the conversation stays
    Remove {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
    },
    /// Make a stranger who has written a contact, and take their messages
    Accept {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
        /// Your name for them
        #[arg(long)]
        name: Option<Nickname>,
    },
    /// Refuse somebody, now and in future, and delete what waits from them
    Refuse {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
    },
    /// Ask a contact's node whether it is there
    Ping {
        /// Name, id, `bitpie:` and its beginning, or address
        who: String,
    },
}

/// What `bitpie msg send` was told.
#[derive(Args)]
pub struct Sending {
    /// Name, id, `bitpie:` and its beginning, or address; a nickname that is no contact yet is looked for, and you are
    /// asked to compare the fingerprint
    pub to: String,
    /// Whom, if a nickname is given
    #[command(flatten)]
    pub choice: Choice,
    /// What it says; `-` reads standard input, and so does nothing at all in a pipe
    pub text: Option<String>,
    /// Wait until it is delivered, and tell how it goes
    #[arg(long)]
    pub wait: bool,
    /// Wait this long at most
    #[arg(long, value_name = "DURATION", requires = "wait")]
    pub timeout: Option<Span>,
    /// Try this long [default: the setting messages/expiry]
    #[arg(long, value_name = "DURATION")]
    pub expires: Option<Span>,
}

/// `bitpie msg …`
#[derive(Subcommand)]
pub enum MessageCommand {
    /// Send a message: on your disk when the command returns, delivered as soon as they can be reached
    #[command(after_help = "With --wait the exit code is 1 if it was refused, or not confirmed in time.\n\n\
        Examples:\n  bitpie msg send alice \"are you there?\"\n  bitpie msg send alice - < letter.txt\n  \
        bitpie msg send alice \"now or never\" --expires 10min --wait\n  \
        bitpie msg send alice \"from a script\" --fingerprint 'yryo nyeb yryo nyeb yryo nyeb'")]
    Send(Sending),
    /// List the newest messages, oldest first
    #[command(
        after_help = "What was shown of a conversation with one contact is read, unless --keep-unread is given; with --json nothing changes.\n\n\
        Examples:\n  bitpie msg list\n  bitpie msg list alice --limit 200"
    )]
    List {
        /// Only those with them
        with: Option<String>,
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
        /// Only those before this position (the first column)
        #[arg(long, value_name = "POSITION")]
        before: Option<u64>,
        /// Do not mark them as read
        #[arg(long)]
        keep_unread: bool,
    },
    /// Print messages as they come, until Ctrl-C
    #[command(after_help = "What is shown is read, unless --keep-unread is given; with --json nothing changes.\n\n\
        Examples:\n  bitpie msg watch\n  bitpie msg watch alice --after 120\n  bitpie msg watch --json | jq -r .text")]
    Watch {
        /// Only those with them
        with: Option<String>,
        /// From behind this position [default: from now on]
        #[arg(long, value_name = "POSITION")]
        after: Option<u64>,
        /// Do not mark them as read
        #[arg(long)]
        keep_unread: bool,
    },
    /// Find messages by their words
    #[command(after_help = "Example:\n  bitpie msg search \"train berlin\"")]
    Search {
        /// All of these words
        #[arg(required = true)]
        words: Vec<String>,
        /// How many, the newest
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Mark what somebody has written as read
    Read {
        /// Name, id, `bitpie:` and its beginning, or address
        with: String,
    },
    /// Write messages as JSON Lines, the oldest first
    #[command(after_help = "Examples:\n  bitpie msg export > all.jsonl\n  bitpie msg export alice --out alice.jsonl")]
    Export {
        /// Only those with them
        with: Option<String>,
        /// Into this new file, readable by you alone [default: standard output]
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
    },
}

/// `bitpie service …`
#[derive(Subcommand)]
pub enum ServiceCommand {
    /// List the services, in the order in which they start
    List,
    /// Draw what needs what
    Tree,
    /// Start a service, for this run of the node
    Start {
        /// Which
        name: ServiceName,
    },
    /// Stop a service and what needs it, for this run of the node
    Stop {
        /// Which
        name: ServiceName,
    },
    /// Start a service, now and at each start of the node
    Enable {
        /// Which
        name: ServiceName,
    },
    /// Stop a service, now and at each start of the node
    Disable {
        /// Which
        name: ServiceName,
    },
}

/// `bitpie config …`
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Show a setting
    #[command(after_help = "Example:\n  bitpie config get services/tcp-transport/port")]
    Get {
        /// Its path
        path: String,
    },
    /// Change a setting
    #[command(after_help = "Examples:\n  bitpie config set services/tcp-transport/port 7781\n  \
        bitpie config set services/tcp-transport/port --default")]
    Set {
        /// Its path
        path: String,
        /// Its value
        #[arg(required_unless_present = "default", conflicts_with = "default")]
        value: Option<String>,
        /// Back to the default
        #[arg(long)]
        default: bool,
    },
    /// List all settings
    List {
        /// Only those whose path begins so
        beginning: Option<String>,
    },
}
