//! The ports of the API as a neighbour: opened and closed as their automata say.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::api::bind::{BoundPort, PortChoice, Reach, bind_port};
use crate::api::line::{Serves, Shared};
use crate::api::server::serve_port;
use crate::automata::senders::api_ports::api_port;
use crate::home::config::{PortSetting, Settings};
use crate::name::ServiceName;
use crate::world::Input;

/// Ends of servers that wait for the loop, at most.
const EVENTS_WAITING: usize = 8;

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
];

fn kind(service: &ServiceName) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.service == service.as_str())
}

/// A port that is open.
struct Open {
    address: SocketAddr,
    end: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// The ports of the API.
pub struct ApiPorts {
    shared: Arc<Shared>,
    open: HashMap<ServiceName, Open>,
    /// Servers that are about to give back their ports.
    closing: HashMap<ServiceName, JoinHandle<()>>,
    ended: (mpsc::Sender<Input>, mpsc::Receiver<Input>),
}

impl ApiPorts {
    /// None is open yet.
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, open: HashMap::new(), closing: HashMap::new(), ended: mpsc::channel(EVENTS_WAITING) }
    }

    /// A server that has ended although nobody wanted it.
    pub(super) async fn next(&mut self) -> Option<Input> {
        self.ended.1.recv().await
    }

    /// The server that still has the port, if one does; to be waited for before it is opened again.
    pub(super) fn closing(&mut self, service: &ServiceName) -> Option<JoinHandle<()>> {
        self.closing.remove(service).filter(|serving| !serving.is_finished())
    }

    /// Opens a port, if it is not open.
    pub(super) fn open(&mut self, service: ServiceName, settings: &Settings, is_public: bool) -> Input {
        let Some(kind) = kind(&service) else {
            return Input::Event(api_port::failed(service, "this program was made without it".to_owned()));
        };
        let wanted = (kind.port)(settings);
        if let Some(open) = self.open.get(&service) {
            return Input::Event(opened(service, open.address, wanted));
        }
        let choice = match wanted.is_set {
            true => PortChoice::Set { port: wanted.port, setting: kind.setting },
            false => PortChoice::Default(wanted.port),
        };
        let reach = if is_public { Reach::Everywhere } else { Reach::ThisMachine };
        match bind_port(choice, reach) {
            Ok(BoundPort { listener, address, .. }) => {
                let (end, ending) = watch::channel(false);
                let serving = serve_port(listener, kind.serves, Arc::clone(&self.shared), ending);
                let (ended, of) = (self.ended.0.clone(), service.clone());
                let serving = tokio::spawn(async move {
                    if let Err(error) = serving.await {
                        let _ = ended.send(Input::Event(api_port::failed(of, error.to_string()))).await;
                    }
                });
                tracing::info!(%service, %address, "requests are answered");
                if kind.serves == Serves::Http {
                    self.shared.desk.page.send_replace(Some(address));
                }
                self.open.insert(service.clone(), Open { address, end, serving });
                Input::Event(opened(service, address, wanted))
            }
            Err(error) => Input::Event(api_port::failed(service, error.to_string())),
        }
    }

    /// Whether the default port is free again.
    pub(super) fn try_port(&self, service: ServiceName, settings: &Settings) -> Input {
        let is_free = kind(&service).is_some_and(|kind| {
            let wanted = (kind.port)(settings);
            let choice = PortChoice::Set { port: wanted.port, setting: kind.setting };
            !wanted.is_set && bind_port(choice, Reach::ThisMachine).is_ok()
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
}

fn opened(service: ServiceName, address: SocketAddr, wanted: PortSetting) -> crate::automata::system::Message {
    let gave_way = !wanted.is_set && wanted.port != 0 && address.port() != wanted.port;
    api_port::opened(service, address, gave_way)
}
