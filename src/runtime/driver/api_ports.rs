//! The ports of the API as a neighbour: opened and closed as their automata say, and asked from.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::api::bind::{PortChoice, Reach, bind_datagrams, bind_port};
use crate::api::certificate::ShownCertificate;
use crate::api::line::{Serves, Shared};
use crate::api::server::serve_port;
use crate::api::webtransport::{endpoint, serve_webtransport};
use crate::automata::senders::api_ports::{api_address, api_port};
use crate::home::config::{PortSetting, Settings};
use crate::name::ServiceName;
use crate::quic_socket::QuicSocket;
use crate::world::{Input, Observers};

use super::api_questions::{Questions, Socket};

/// Ends of servers, and answers of observers, that wait for the loop, at most.
const EVENTS_WAITING: usize = 16;

/// A port of the API, before it is open.
struct Kind {
    service: &'static str,
    setting: &'static str,
    port: fn(&Settings) -> PortSetting,
    serves: Serves,
}

/// All of them.
const KINDS: &[Kind] = &[
    Kind {
        service: "http-api",
        setting: "api/http-port",
        port: |settings| settings.api.http_port,
        serves: Serves::Http,
    },
    Kind {
        service: "websocket-api",
        setting: "api/ws-port",
        port: |settings| settings.api.ws_port,
        serves: Serves::WebSocket,
    },
    Kind {
        service: "webtransport-api",
        setting: "api/wt-port",
        port: |settings| settings.api.wt_port,
        serves: Serves::WebTransport,
    },
];

fn kind(service: &ServiceName) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.service == service.as_str())
}

/// A port that is open.
struct Open {
    address: SocketAddr,
    end: watch::Sender<bool>,
    serving: JoinHandle<()>,
    questions: Questions,
}

/// The ports of the API.
pub struct ApiPorts {
    shared: Arc<Shared>,
    open: HashMap<ServiceName, Open>,
    /// Servers that are about to give back their ports.
    closing: HashMap<ServiceName, JoinHandle<()>>,
    events: (mpsc::Sender<Input>, mpsc::Receiver<Input>),
}

impl ApiPorts {
    /// None is open yet.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, open: HashMap::new(), closing: HashMap::new(), events: mpsc::channel(EVENTS_WAITING) }
    }

    /// A server that has ended although nobody wanted it, or where a peer sees a port.
    pub(super) async fn next(&mut self) -> Option<Input> {
        self.events.1.recv().await
    }

    /// The server that still has the port, if one does; to be waited for before it is opened again.
    pub(super) fn closing(&mut self, service: &ServiceName) -> Option<JoinHandle<()>> {
        self.closing.remove(service).filter(|serving| !serving.is_finished())
    }

    /// Opens a port, if it is not open.
    pub(super) fn open(
        &mut self,
        service: ServiceName,
        settings: &Settings,
        is_public: bool,
        certificate: ShownCertificate,
    ) -> Input {
        let Some(kind) = kind(&service) else {
            return Input::Event(api_port::failed(service, "this program was made without it".to_owned()));
        };
        let wanted = (kind.port)(settings);
        if let Some(open) = self.open.get(&service) {
            return Input::Event(opened(service, open.address, wanted));
        }
        let reach = if is_public { Reach::Everywhere } else { Reach::ThisMachine };
        match self.bind(&service, kind, wanted, reach, certificate) {
            Ok(open) => {
                let address = open.address;
                tracing::info!(%service, %address, "requests are answered");
                if kind.serves == Serves::Http {
                    self.shared.desk.page.send_replace(Some(address));
                }
                self.open.insert(service.clone(), open);
                Input::Event(opened(service, address, wanted))
            }
            Err(reason) => Input::Event(api_port::failed(service, reason)),
        }
    }

    fn bind(
        &self,
        service: &ServiceName,
        kind: &Kind,
        wanted: PortSetting,
        reach: Reach,
        certificate: ShownCertificate,
    ) -> Result<Open, String> {
        let choice = match wanted.is_set {
            true => PortChoice::Set { port: wanted.port, setting: kind.setting },
            false => PortChoice::Default(wanted.port),
        };
        let (end, ending) = watch::channel(false);
        let shared = Arc::clone(&self.shared);
        let questions = Questions::new(service.clone(), self.events.0.clone());
        if kind.serves == Serves::WebTransport {
            let bound = bind_datagrams(choice, reach).map_err(|error| error.to_string())?;
            let lost = |error: std::io::Error| format!("QUIC cannot use its socket: {error}");
            let socket = QuicSocket::new(bound.listener.into(), questions.heard()).map_err(lost)?;
            let held = Arc::downgrade(&socket);
            let questions = questions.by(Socket::Udp(held.clone()));
            let endpoint = endpoint(socket, certificate).map_err(lost)?;
            let serving = self.watched(service, serve_webtransport(endpoint, held, shared, ending));
            return Ok(Open { address: bound.address, end, serving, questions });
        }
        let bound = bind_port(choice, reach).map_err(|error| error.to_string())?;
        let socket = bound.listener.try_clone().map_err(|error| error.to_string())?;
        let serving = self.watched(service, serve_port(bound.listener, kind.serves, shared, ending));
        Ok(Open { address: bound.address, end, serving, questions: questions.by(Socket::Tcp(socket)) })
    }

    /// Serves, and tells if that ends by a failure.
    fn watched(
        &self,
        service: &ServiceName,
        serving: impl Future<Output = std::io::Result<()>> + Send + 'static,
    ) -> JoinHandle<()> {
        let (events, service) = (self.events.0.clone(), service.clone());
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                let _ = events.send(Input::Event(api_port::failed(service, error.to_string()))).await;
            }
        })
    }

    /// Whether the default port is free again.
    pub(super) fn try_port(&self, service: ServiceName, settings: &Settings) -> Input {
        let is_free = kind(&service).is_some_and(|kind| {
            let wanted = (kind.port)(settings);
            let choice = PortChoice::Set { port: wanted.port, setting: kind.setting };
            let can_be_had = match kind.serves {
                Serves::WebTransport => bind_datagrams(choice, Reach::ThisMachine).is_ok(),
                _ => bind_port(choice, Reach::ThisMachine).is_ok(),
            };
            !wanted.is_set && can_be_had
        });
        Input::Event(if is_free { api_port::port_free(service) } else { api_port::port_taken(service) })
    }

    /// Closes a port; connections end.
    pub(super) fn close(&mut self, service: &ServiceName) {
        let Some(open) = self.open.remove(service) else { return };
        open.end.send_replace(true);
        self.closing.insert(service.clone(), open.serving);
        if kind(service).is_some_and(|kind| kind.serves == Serves::Http) {
            self.shared.desk.page.send_replace(None);
        }
    }

    /// Asks peers where they see a port. Says so at once if that cannot be.
    pub(super) fn ask(&mut self, service: ServiceName, observers: &Observers) -> Option<Input> {
        match self.open.get_mut(&service) {
            Some(open) => {
                open.questions.ask(observers);
                None
            }
            None => Some(Input::Event(api_address::failed(service, "the port is not open".to_owned()))),
        }
    }

    /// Asks those once more that have not answered.
    pub(super) fn ask_again(&self, service: &ServiceName) {
        if let Some(open) = self.open.get(service) {
            open.questions.ask_again();
        }
    }

    /// Nobody is asked any more.
    pub(super) fn stop_asking(&mut self, service: &ServiceName) {
        if let Some(open) = self.open.get_mut(service) {
            open.questions.stop();
        }
    }
}

fn opened(service: ServiceName, address: SocketAddr, wanted: PortSetting) -> crate::automata::system::Message {
    let gave_way = !wanted.is_set && wanted.port != 0 && address.port() != wanted.port;
    api_port::opened(service, address, gave_way)
}
