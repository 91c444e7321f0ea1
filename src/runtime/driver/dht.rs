//! What the core asks of the DHT, carried out. Each question is a future of its own, and all of them end when the DHT is closed.

use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt as _};

use crate::automata::outside::Dht as DhtCommand;
use crate::automata::senders::dht as told;
use crate::dht::{Bootstrap, Claimant, Dht, DhtOptions, Directory, SlotError};
use crate::home::clock::unix_ms;
use crate::identity::{NodeId, Rank, VerifiedDocument};
use crate::nickname::Nickname;
use crate::store::StoreError;
use crate::store::StoreHandle;
use crate::world::{DhtInput, Input};

use super::{Done, Driver};

/// The slots of a search that have not answered yet.
pub(in crate::runtime) type Answers = Pin<Box<dyn Stream<Item = (u8, Option<Claimant>)>>>;

/// Why a node does not open.
const SERVES_THE_PUBLIC: &str = "services/entangled-dht/server is for a DHT of one's own: name its nodes in services/entangled-dht/bootstrap, or switch it off";

/// Files of saved nodes are small.
const NODES_FILE_BYTES: u64 = 64 * 1024;

/// The port may be held for a moment by the DHT that was just closed.
const OPEN_ATTEMPTS: u32 = 5;

impl Driver {
    pub(super) fn dht_command(&mut self, command: DhtCommand) {
        match command {
            DhtCommand::DhtConnectorOpen => self.open_dht(),
            DhtCommand::DhtConnectorClose => {
                self.directory = None;
                self.dht_at = None;
                self.dht_tasks.clear();
                self.nickname_question.clear();
                self.reading.clear();
            }
            DhtCommand::DhtConnectorLook => {
                self.ask_dht(Some(Input::Event(told::dht_connector::alone())), |directory| async move {
                    let is_answered = directory.dht().is_anybody_there().await;
                    Some(if is_answered {
                        Input::Event(told::dht_connector::answered())
                    } else {
                        Input::Event(told::dht_connector::alone())
                    })
                })
            }
            DhtCommand::DhtConnectorSaveNodes => {
                let file = self.home.dht_nodes_file();
                let whose = self.dht_of.clone();
                self.ask_dht(None, move |directory| async move {
                    let nodes = format!("{}\n{}\n", heading(&whose), directory.dht().nodes().await.join("\n"));
                    let saved = tokio::task::spawn_blocking(move || std::fs::write(file, nodes)).await;
                    if let Ok(Err(error)) = saved {
                        tracing::warn!(%error, "the nodes of the DHT cannot be written down for the next start");
                    }
                    None
                });
            }
            DhtCommand::IdentityPublisherPublish => {
                let (keys, document) = (self.keys.clone(), self.document.clone());
                let otherwise = Input::Event(told::identity_publisher::publish_failed("there is no DHT".to_owned()));
                self.ask_dht(Some(otherwise), |directory| async move {
                    Some(match directory.publish(&keys.identity, &document).await {
                        Ok(nodes) => {
                            let revision = document.document().revision;
                            tracing::debug!(revision, nodes, "the identity document is published");
                            Input::Event(told::identity_publisher::published())
                        }
                        Err(error) => {
                            tracing::warn!(%error, "the identity document is not published");
                            Input::Event(told::identity_publisher::publish_failed(error.to_string()))
                        }
                    })
                });
            }
            DhtCommand::NicknameHolderReadSlot { nickname: Some(nickname), index } => {
                self.leave_slots_but(&nickname, index);
                let me = self.keys.id();
                let failed = |reason| Input::Dht(DhtInput::SlotReadFailed { reason });
                self.ask_for_nickname(failed, move |directory| async move {
                    let slot = directory.slot(&nickname, index);
                    match directory.read_slot(&slot, &me, unix_ms()).await {
                        Ok(state) => Input::Dht(DhtInput::SlotRead(state)),
                        Err(error) => {
                            tracing::debug!(%nickname, index, %error, "a slot is not read");
                            failed(error.to_string())
                        }
                    }
                });
            }
            DhtCommand::NicknameHolderWriteSlot { nickname: Some(nickname), index } => self.write_slot(nickname, index),
            // There is a nickname wherever the holder works; without one there is nothing to do, and its time-out says
            // so.
            DhtCommand::NicknameHolderReadSlot { .. }
            | DhtCommand::NicknameHolderWriteSlot { .. }
            | DhtCommand::NicknameHolderEraseSlot { nickname: None, .. } => {}
            DhtCommand::NicknameHolderEraseSlot { nickname: Some(nickname), index } => {
                self.leave_slots_but(&nickname, index);
                let me = self.keys.id();
                let name = nickname.clone();
                let failed = move |reason| {
                    let problem = format!("{name} may stay taken for two days: {reason}");
                    Input::Dht(DhtInput::SlotErased { problem: Some(problem) })
                };
                self.ask_for_nickname(failed.clone(), move |directory| async move {
                    let slot = directory.slot(&nickname, index);
                    match directory.erase_slot(&slot, &me, unix_ms()).await {
                        Ok(_) => Input::Dht(DhtInput::SlotErased { problem: None }),
                        Err(error) => {
                            tracing::warn!(%nickname, index, %error, "the claim to a nickname is left to expire");
                            failed(error.to_string())
                        }
                    }
                });
            }
            DhtCommand::NicknameObserverReadSlots { search, nickname, slots, first } => {
                self.read_slots(search, &nickname, slots, first)
            }
            // The answers that still come are dropped with the search.
            DhtCommand::NicknameObserverCancelReading { search } => {
                self.reading.remove(&search);
            }
        }
    }

    /// Looks for a node's identity document; it may say where the node is now.
    pub(super) fn find_identity(&mut self, peer: NodeId) {
        let store = self.store.clone();
        let otherwise = Input::Dht(DhtInput::IdentityRead { peer, entrypoints: None });
        self.ask_dht(Some(otherwise), move |directory| async move {
            let document = directory.document(&peer, unix_ms()).await;
            let document = kept(&store, document).await;
            let entrypoints = document.map(|document| document.document().contacts.to_vec());
            Some(Input::Dht(DhtInput::IdentityRead { peer, entrypoints }))
        });
    }

    /// Writes our claim.
    fn write_slot(&mut self, nickname: Nickname, index: u8) {
        let failed = |reason| Input::Dht(DhtInput::SlotWriteFailed { reason, is_exhausted: false });
        let keys = self.keys.clone();
        self.written.borrow_mut().insert((nickname.clone(), index));
        self.ask_for_nickname(failed, move |directory| async move {
            let slot = directory.slot(&nickname, index);
            match directory.write_slot(&slot, &keys.identity, unix_ms()).await {
                Ok(_) => Input::Event(told::nickname_holder::slot_written()),
                Err(error) => {
                    tracing::warn!(%nickname, index, %error, "the claim to a nickname is not written");
                    let is_exhausted = error == SlotError::SequenceExhausted;
                    Input::Dht(DhtInput::SlotWriteFailed { reason: error.to_string(), is_exhausted })
                }
            }
        });
    }

    /// A node holds one slot of its nickname. What it wrote into others, before it was told to go on, would keep them from whoever comes; so it is taken out, until it is
    /// not there any more.
    fn leave_slots_but(&mut self, nickname: &Nickname, index: u8) {
        let left: Vec<_> =
            self.written.borrow().iter().filter(|slot| **slot != (nickname.clone(), index)).cloned().collect();
        let me = self.keys.id();
        for (nickname, index) in left {
            let written = Rc::clone(&self.written);
            self.ask_dht(None, move |directory| async move {
                let slot = directory.slot(&nickname, index);
                match directory.erase_slot(&slot, &me, unix_ms()).await {
                    Ok(true) => {}
                    Ok(false) => {
                        written.borrow_mut().remove(&(nickname, index));
                    }
                    Err(error) => tracing::debug!(%nickname, index, %error, "a claim that was left is still there"),
                }
                None
            });
        }
    }

    fn open_dht(&mut self) {
        let file = self.home.dht_nodes_file();
        let options = DhtOptions {
            address: self.settings.dht_address,
            port: self.settings.dht_port.port,
            bootstrap: self.settings.dht_bootstrap.clone(),
            known: Vec::new(),
            is_server: self.settings.dht_is_server,
            request_timeout: Duration::from_millis(self.settings.dht_request_timeout_ms),
        };
        self.dht_of.clone_from(&options.bootstrap);
        let may_move_port = !self.settings.dht_port.is_set;
        let network = self.settings.network.clone();
        self.dht_task(async move {
            let opened = tokio::task::spawn_blocking(move || {
                if serves_the_public(&options) {
                    return Err(std::io::Error::other(SERVES_THE_PUBLIC));
                }
                let known = saved_nodes(&file, &options.bootstrap);
                let options = DhtOptions { known, ..options };
                open(&options, may_move_port)
            });
            let opened = opened.await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
            Done::DhtOpened(match opened {
                Ok(dht) => {
                    let address = dht.local_address().await;
                    Ok((Directory::new(dht, &network), address.into()))
                }
                Err(error) => Err(error),
            })
        });
    }

    /// The socket is open, or cannot be.
    pub(super) fn dht_opened(&mut self, opened: std::io::Result<(Directory, std::net::SocketAddr)>) {
        let input = match opened {
            Ok((directory, address)) => {
                tracing::info!(%address, "the DHT is open");
                self.directory = Some(directory);
                self.dht_at = Some(address);
                Input::Dht(DhtInput::Opened)
            }
            Err(error) if error.kind() == std::io::ErrorKind::Other => {
                Input::Event(told::dht_connector::open_failed(error.to_string()))
            }
            Err(error) => {
                let port = self.settings.dht_port.port;
                let reason = format!("port {port} (UDP): {error}; the setting is services/entangled-dht/port");
                Input::Event(told::dht_connector::open_failed(reason))
            }
        };
        self.input(input);
    }

    /// Asks the DHT; if there is none, `otherwise` is the answer.
    fn ask_dht<F>(&mut self, otherwise: Option<Input>, question: impl FnOnce(Directory) -> F)
    where
        F: Future<Output = Option<Input>> + 'static,
    {
        let told = |answer: Option<Input>| Done::Inputs(answer.into_iter().collect());
        match self.directory.clone() {
            Some(directory) => {
                let answer = question(directory);
                self.dht_task(async move { told(answer.await) });
            }
            None => self.dht_task(async move { told(otherwise) }),
        }
    }

    /// Asks on behalf of the holder of our nickname. It has one question at a time: of one that it has given up no answer comes.
    fn ask_for_nickname<F>(&mut self, failed: impl FnOnce(String) -> Input, question: impl FnOnce(Directory) -> F)
    where
        F: Future<Output = Input> + 'static,
    {
        self.nickname_question.clear();
        self.nickname_question.push(match self.directory.clone().map(question) {
            Some(answer) => Box::pin(async move { Done::Inputs(vec![answer.await]) }),
            None => {
                let answer = failed("there is no DHT".to_owned());
                Box::pin(async move { Done::Inputs(vec![answer]) })
            }
        });
    }

    fn dht_task(&mut self, task: impl Future<Output = Done> + 'static) {
        self.dht_tasks.push(Box::pin(task));
    }

    fn read_slots(&mut self, search: u64, nickname: &Nickname, slots: u8, first: bool) {
        let Some(directory) = &self.directory else {
            // Nobody can be asked, so no slot holds anything that could be found.
            let nothing = (0..slots).map(|index| {
                Input::Dht(DhtInput::SearchSlotRead { search, index, claimant: None, entrypoints: Vec::new() })
            });
            let inputs = nothing.collect();
            self.task(async move { Done::Inputs(inputs) });
            return;
        };
        let answers: Answers = Box::pin(directory.search(nickname, slots, first, unix_ms()));
        self.reading.insert(search);
        self.wait_for_slot(search, answers);
    }

    fn wait_for_slot(&mut self, search: u64, mut answers: Answers) {
        let store = self.store.clone();
        self.dht_task(async move {
            let Some((index, claimant)) = answers.next().await else { return Done::SlotsRead { search } };
            let document = kept(&store, claimant.map(|claimant| claimant.document)).await;
            Done::SlotRead { search, index, document, rest: answers }
        });
    }

    /// All slots of a search have answered.
    pub(super) fn slots_read(&mut self, search: u64) {
        self.reading.remove(&search);
    }

    /// A slot of a search has answered.
    pub(super) fn slot_read(&mut self, search: u64, index: u8, document: Option<VerifiedDocument>, rest: Answers) {
        if !self.reading.contains(&search) {
            return;
        }
        let claimant: Option<NodeId> = document.as_ref().map(VerifiedDocument::id);
        let entrypoints = document.map(|document| document.document().contacts.to_vec()).unwrap_or_default();
        self.wait_for_slot(search, rest);
        self.input(Input::Dht(DhtInput::SearchSlotRead { search, index, claimant, entrypoints }));
    }
}

/// The document, if it is not older than one that was seen of the same node. Those that count are kept.
async fn kept(store: &StoreHandle, document: Option<VerifiedDocument>) -> Option<VerifiedDocument> {
    let document = document?;
    let now_unix_ms = unix_ms();
    let to_keep = document.clone();
    let rank = store.run(move |store| store.keep_document(&to_keep, now_unix_ms)).await;
    match rank {
        Ok(Rank::Newer | Rank::Same) => Some(document),
        Ok(rank) => {
            tracing::debug!(peer = %document.id(), ?rank, "an identity document in the DHT does not count");
            None
        }
        Err(StoreError::Closed) => None,
        Err(error) => {
            tracing::warn!(%error, "an identity document cannot be kept");
            None
        }
    }
}

/// Opens the socket; a default port that is taken gives way to a free one.
fn open(options: &DhtOptions, may_move_port: bool) -> std::io::Result<Dht> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        match Dht::open(options) {
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && attempts < OPEN_ATTEMPTS => {
                std::thread::sleep(Duration::from_millis(50 << attempts));
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && may_move_port => {
                tracing::warn!(%error, "the default port of services/entangled-dht/port gives way to a free one");
                return Dht::open(&DhtOptions { port: 0, ..options.clone() });
            }
            opened => return opened,
        }
    }
}

/// A node keeps records of others only in a DHT of one's own.
fn serves_the_public(options: &DhtOptions) -> bool {
    options.is_server && options.bootstrap == Bootstrap::Public
}

/// What the file of saved nodes begins with: those of one DHT are of no use in another, and are not to be asked.
fn heading(bootstrap: &Bootstrap) -> String {
    match bootstrap {
        Bootstrap::Public => "# the public DHT".to_owned(),
        Bootstrap::Nodes(nodes) => format!("# the DHT of {}", nodes.join(" ")),
    }
}

/// Nodes that answered the last time, in the same DHT.
fn saved_nodes(file: &std::path::Path, bootstrap: &Bootstrap) -> Vec<String> {
    use std::io::Read as _;
    let Ok(opened) = std::fs::File::open(file) else { return Vec::new() };
    let mut text = String::new();
    if opened.take(NODES_FILE_BYTES).read_to_string(&mut text).is_err() {
        return Vec::new();
    }
    let mut lines = text.lines();
    let is_alone = matches!(bootstrap, Bootstrap::Nodes(nodes) if nodes.is_empty());
    if is_alone || lines.next() != Some(&heading(bootstrap)) {
        return Vec::new();
    }
    let is_address = |line: &&str| line.parse::<std::net::SocketAddrV4>().is_ok();
    lines.filter(is_address).take(crate::dht::SAVED_NODES).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dht_of_ones_own_is_served() {
        let ours = Bootstrap::Nodes(vec!["192.0.2.1:1".to_owned()]);
        let cases = [(Bootstrap::Public, true, true), (Bootstrap::Public, false, false), (ours, true, false)];
        for (bootstrap, is_server, expected) in cases {
            let options = DhtOptions {
                address: std::net::Ipv4Addr::LOCALHOST,
                port: 0,
                bootstrap,
                known: Vec::new(),
                is_server,
                request_timeout: Duration::from_secs(1),
            };
            assert_eq!(serves_the_public(&options), expected, "{options:?}");
        }
    }

    #[test]
    fn nodes_of_one_dht_are_not_asked_in_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("nodes");
        let (ours, none) = (Bootstrap::Nodes(vec!["192.0.2.1:1".to_owned()]), Bootstrap::Nodes(Vec::new()));
        assert_eq!(saved_nodes(&file, &ours), [""; 0]);
        std::fs::write(&file, format!("{}\n192.0.2.7:7\nnonsense\n", heading(&ours))).expect("written");
        assert_eq!(saved_nodes(&file, &ours), ["192.0.2.7:7"]);
        for other in [Bootstrap::Public, none.clone(), Bootstrap::Nodes(vec!["192.0.2.2:1".to_owned()])] {
            assert_eq!(saved_nodes(&file, &other), [""; 0], "{other:?}");
        }
        std::fs::write(&file, format!("{}\n192.0.2.7:7\n", heading(&none))).expect("written");
        assert_eq!(saved_nodes(&file, &none), [""; 0], "who asks nobody asks nobody");
    }
}
