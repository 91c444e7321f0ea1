//! `automata serve`: the Automata room in a browser, for definitions that are being edited. It needs no node.
//!
//! The server is small on purpose: it knows the definitions as they are, says when they change, and runs scripts. What
//! was simulated, which trace is looked at, and where, is known by the page alone.

mod access;
mod connections;
mod script;
mod server;
mod version;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, anyhow};
use clap::Args;

use crate::folder::{Folder, USUAL_NAME};
use crate::terminal::{FAINT, ODD, STRONG, errors, output, styled};
use crate::verdict::Verdict;
use crate::watch::{PAUSE, Watched};
use server::Serving;
use version::Version;

/// The port that is asked for if none is named, so that a page that is open finds the next run again.
const PORT: u16 = 38_090;

/// Show definitions in a browser, again at each change: diagrams, findings, simulation, traces
#[derive(Args)]
#[command(after_help = "The page shows each automaton with its findings beside it, as the files are saved.\n\
    Click on events to simulate, drop a trace onto the page to walk it, or compare two versions.\n\
    Only this machine reaches the page, and every user of this machine can.\n\n\
    Examples:\n  \
    automata serve                       the folder `automata`, here or above\n  \
    automata serve examples/elevator     another one\n  \
    automata serve --open                opens the page too\n  \
    git worktree add /tmp/before main && automata serve --against /tmp/before/automata\n                                       \
    what changed since, side by side")]
pub struct Serve {
    /// The folder of the definitions, or one that contains a folder `automata` [default: as for --automata]
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: Option<PathBuf>,
    /// The port of 127.0.0.1; 0 takes any free one [default: 38090, or any free one if that is taken]
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// Open the page in a browser
    #[arg(long)]
    open: bool,
    /// Another version of the definitions, to compare with
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    against: Option<PathBuf>,
}

impl Serve {
    pub fn run(self, named: Option<&Path>) -> anyhow::Result<Verdict> {
        let folder = match &self.folder {
            Some(path) => below(path, "DIR names", "automata serve ")?,
            None => Folder::find(named)?,
        };
        let against = self.against.as_deref().map(|path| below(path, "--against names", "--against ")).transpose()?;
        let sources = folder.read()?;
        let first = Version::first(&sources);
        let mut watched = Watched::after(folder.clone(), Ok(sources));
        let listener = listener(self.port)?;
        let address = listener.local_addr().context("the port cannot be asked for its number")?;
        let serving = Arc::new(Serving::new(first, against, address.port()));
        // It ends with the program.
        let watching = Arc::clone(&serving);
        std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || watch(&mut watched, &watching))
            .context("the system refuses a thread")?;
        tell(&folder, address)?;
        if self.open {
            open(address);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("the server cannot start")?;
        let ended = runtime.block_on(serve(listener, serving));
        runtime.shutdown_background();
        ended.map(|()| Verdict::Good)
    }
}

/// The folder itself, or the folder `automata` in it if it has no definitions of its own.
fn below(path: &Path, what_names_it: &str, before_it: &str) -> anyhow::Result<Folder> {
    let inner = path.join(USUAL_NAME);
    let is_definition = |entry: std::fs::DirEntry| {
        automata_compiler::is_meant_as_definition(&entry.file_name().to_string_lossy()) && entry.path().is_file()
    };
    let mut entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let chosen = if inner.is_dir() && !entries.any(is_definition) { &inner } else { path };
    Folder::at(chosen, what_names_it, before_it)
}

/// At the port that was named, or at the usual one, or at any.
fn listener(named: Option<u16>) -> anyhow::Result<TcpListener> {
    let at = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = named {
        return at(port).map_err(|error| {
            anyhow!(
                "port {port} cannot be used: {error}\nhelp: name another with --port, or leave it out to get a free one"
            )
        });
    }
    match at(PORT) {
        Ok(listener) => Ok(listener),
        Err(error) => {
            let listener = at(0).map_err(|_| anyhow!("no port can be used: {error}"))?;
            let _ = writeln!(errors(), "{} port {PORT} is taken, so another is used", styled(ODD, "note:"));
            Ok(listener)
        }
    }
}

fn tell(folder: &Folder, address: SocketAddr) -> anyhow::Result<()> {
    let mut output = output();
    writeln!(output, "{} of {}", styled(STRONG, format_args!("http://{address}/")), folder.path().display())?;
    writeln!(output, "{}", styled(FAINT, "It follows the files as they are saved. Ctrl-C ends it."))?;
    output.flush()?;
    Ok(())
}

/// Hands the page to the system's browser.
fn open(address: SocketAddr) {
    let link = format!("http://{address}/");
    let words: &[&str] = match std::env::consts::OS {
        "macos" => &["open"],
        "windows" => &["cmd", "/c", "start", ""],
        _ => &["xdg-open"],
    };
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(link).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Err(error) = command.spawn() {
        let _ = writeln!(errors(), "{} no browser was opened: {}: {error}", styled(ODD, "note:"), words[0]);
    }
}

/// Draws again whenever a file changes.
fn watch(watched: &mut Watched, serving: &Serving) {
    loop {
        std::thread::sleep(PAUSE);
        if let Some((read, _)) = watched.look() {
            serving.change(read);
        }
    }
}

async fn serve(listener: TcpListener, serving: Arc<Serving>) -> anyhow::Result<()> {
    listener.set_nonblocking(true).context("the port cannot be used")?;
    let listener = tokio::net::TcpListener::from_std(listener).context("the port cannot be used")?;
    let router = server::router(serving);
    tokio::select! {
        () = connections::serve(listener, router) => Ok(()),
        ended = tokio::signal::ctrl_c() => ended.context("Ctrl-C cannot be waited for"),
    }
}
