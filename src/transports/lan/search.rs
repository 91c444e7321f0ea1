//! The task that looks around: it starts and stops the daemon of `mdns-sd`, and tries again what has failed.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use crate::identity::{Entrypoint, NodeId};

use super::announcement::{Ignored, Ports, Received, SERVICE_TYPE, read, txt};
use super::event::LanEvent;
use super::interfaces::{Subnet, selected, subnets, try_multicast};
use super::neighbours::Neighbours;

/// Withdrawing an announcement takes no longer than this.
pub const WITHDRAWAL_PATIENCE: Duration = Duration::from_secs(2);

/// Who we are in the local network; the same for a whole run.
#[derive(Clone, Debug)]
pub struct Ourselves {
    /// Our id.
    pub id: NodeId,
    /// Our network; nodes of others mean nothing to us.
    pub network: String,
    /// The UDP port: [`MDNS_PORT`](super::MDNS_PORT), except in tests.
    pub mdns_port: u16,
}

/// Where we look, and what we announce.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Names of interfaces; all but loopback if there are none.
    pub interfaces: Vec<String>,
    /// Where we can be reached. Without any we look, and announce nothing.
    pub entrypoints: Vec<Entrypoint>,
}

/// Records of others that the daemon may keep. It has no bound of its own; beyond this one it is ended, and what it
/// kept is forgotten. An honest node has four or five.
pub const CACHED_RECORDS: i64 = 4_096;

/// How often is told what is new, and looked at the interfaces and at what the daemon keeps.
const TICK: Duration = Duration::from_secs(1);

/// What we announce comes back to us in this time, as to every other node; otherwise nobody hears it.
const ECHO_PATIENCE: Duration = Duration::from_secs(15);

/// The daemon says goodbye a second time after 120 ms.
const SECOND_GOODBYE: Duration = Duration::from_millis(200);

/// Why a search has ended.
enum Ended {
    /// Something else is wanted.
    Changed,
    /// It cannot go on.
    Failed(String),
    /// Nobody is there to be told.
    Unheard,
}

/// Does what is wanted until the handle is dropped.
pub(super) async fn run(
    ourselves: Ourselves,
    mut wanted: watch::Receiver<Option<Wanted>>,
    rests: watch::Sender<bool>,
    events: mpsc::Sender<LanEvent>,
) {
    let started = Instant::now();
    let mut neighbours = Neighbours::default();
    loop {
        let now_wanted = wanted.borrow_and_update().clone();
        let Some(now_wanted) = now_wanted else {
            // Whoever wants nothing any more has forgotten what was told.
            neighbours = Neighbours::default();
            rests.send_replace(true);
            if wanted.changed().await.is_err() {
                return;
            }
            continue;
        };
        rests.send_replace(false);
        let mut search = Search { ourselves: &ourselves, events: &events, neighbours: &mut neighbours, started };
        match search.run(now_wanted, &mut wanted).await {
            Ended::Changed => {}
            Ended::Unheard => return,
            Ended::Failed(reason) => {
                neighbours.forget();
                let news = neighbours.news(milliseconds_since(started));
                for event in news.into_iter().chain([LanEvent::Failed { reason }]) {
                    if events.send(event).await.is_err() {
                        return;
                    }
                }
                // Until it is wanted again.
                if wanted.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

fn milliseconds_since(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

struct Search<'a> {
    ourselves: &'a Ourselves,
    events: &'a mpsc::Sender<LanEvent>,
    neighbours: &'a mut Neighbours,
    started: Instant,
}

/// What is under way while it is listened.
struct Listening {
    daemon: Daemon,
    wanted: Wanted,
    near: Vec<Subnet>,
    echo: Echo,
}

impl Search<'_> {
    async fn run(&mut self, wanted: Wanted, changes: &mut watch::Receiver<Option<Wanted>>) -> Ended {
        let interfaces = match selected(&wanted.interfaces) {
            Ok(interfaces) => interfaces,
            Err(reason) => return Ended::Failed(reason),
        };
        if let Err(reason) = try_multicast(&interfaces, self.ourselves.mdns_port) {
            return Ended::Failed(reason);
        }
        let daemon = match Daemon::start(self.ourselves.mdns_port, &wanted.interfaces) {
            Ok(daemon) => daemon,
            Err(error) => return Ended::Failed(could_not("be started", &error)),
        };
        let ended = self.listen(daemon, wanted, subnets(&interfaces), changes).await;
        // Whatever was heard here may mean something else elsewhere; what is still there is heard again.
        self.neighbours.forget();
        ended
    }

    async fn listen(
        &mut self,
        mut daemon: Daemon,
        wanted: Wanted,
        near: Vec<Subnet>,
        changes: &mut watch::Receiver<Option<Wanted>>,
    ) -> Ended {
        let heard = match daemon.service.browse(SERVICE_TYPE) {
            Ok(heard) => heard,
            Err(error) => return Ended::Failed(could_not("look around", &error)),
        };
        let echo = match daemon.announce(self.ourselves, &wanted, &near) {
            Ok(echo) => echo,
            Err(error) => return Ended::Failed(could_not("announce this node", &error)),
        };
        if let Err(unheard) = self.tell(echo.told()).await {
            return unheard;
        }
        let mut listening = Listening { daemon, wanted, near, echo };
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let ended = loop {
            let went = tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => self.wanted_changed(&mut listening, changes).await,
                    Err(_) => Err(Ended::Unheard),
                },
                event = heard.recv_async() => match event {
                    Ok(event) => self.heard(&mut listening, &event).await,
                    Err(_) => Err(Ended::Failed(listening.daemon.why_nothing_is_heard())),
                },
                _ = tick.tick() => self.look(&mut listening).await,
            };
            if let Err(ended) = went {
                break ended;
            }
        };
        listening.daemon.withdraw().await;
        ended
    }

    /// Goes on if only what we announce is another.
    async fn wanted_changed(
        &mut self,
        listening: &mut Listening,
        changes: &mut watch::Receiver<Option<Wanted>>,
    ) -> Result<(), Ended> {
        let new = changes.borrow_and_update().clone();
        let Some(new) = new.filter(|new| new.interfaces == listening.wanted.interfaces) else {
            changes.mark_changed();
            return Err(Ended::Changed);
        };
        listening.wanted = new;
        let announced = listening.daemon.announce(self.ourselves, &listening.wanted, &listening.near);
        listening.echo = announced.map_err(|error| Ended::Failed(could_not("announce this node", &error)))?;
        self.tell(listening.echo.told()).await
    }

    async fn heard(&mut self, listening: &mut Listening, event: &ServiceEvent) -> Result<(), Ended> {
        if self.event(event, &listening.near) == Some(Ignored::Own) && listening.echo.came() {
            self.tell(LanEvent::Searching).await?;
        }
        Ok(())
    }

    /// Looks at the interfaces and at what the daemon keeps, and tells what is new.
    async fn look(&mut self, listening: &mut Listening) -> Result<(), Ended> {
        listening.near = subnets(&selected(&listening.wanted.interfaces).map_err(Ended::Failed)?);
        if let Some(reason) = listening.daemon.overflow().await {
            return Err(Ended::Failed(reason));
        }
        let mut news = self.neighbours.news(milliseconds_since(self.started));
        news.extend(listening.echo.missed().then(|| listening.echo.told()));
        for event in news {
            self.tell(event).await?;
        }
        Ok(())
    }

    async fn tell(&self, event: LanEvent) -> Result<(), Ended> {
        self.events.send(event).await.map_err(|_| Ended::Unheard)
    }

    /// Takes what the daemon has heard. Says why it means nothing.
    fn event(&mut self, event: &ServiceEvent, near: &[Subnet]) -> Option<Ignored> {
        match event {
            ServiceEvent::ServiceResolved(resolved) => {
                let ignored = match self.read(resolved, near) {
                    Ok(announcement) => {
                        if !self.neighbours.hear(&resolved.fullname, announcement) {
                            tracing::debug!("there are more nodes in the local network than are looked at");
                        }
                        return None;
                    }
                    Err(ignored) => ignored,
                };
                self.neighbours.lose(&resolved.fullname);
                if ignored != Ignored::Own {
                    // Its name is not told: it is a foreign text.
                    tracing::debug!("an announcement in the local network is ignored: {ignored}");
                }
                Some(ignored)
            }
            ServiceEvent::ServiceRemoved(_, instance) => {
                self.neighbours.lose(instance);
                None
            }
            _ => None,
        }
    }

    fn read(&self, resolved: &ResolvedService, near: &[Subnet]) -> Result<super::Announcement, Ignored> {
        let properties: Vec<(&str, Option<&[u8]>)> =
            resolved.txt_properties.iter().map(|property| (property.key(), property.val())).collect();
        let addresses: Vec<IpAddr> = resolved.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr).collect();
        let received = Received { properties: &properties, port: resolved.port, addresses: &addresses };
        read(&received, &self.ourselves.id, &self.ourselves.network, near)
    }
}

/// Whether what we announce comes back.
struct Echo {
    /// Why there can be none.
    silent: Option<String>,
    is_expected_until: Option<Instant>,
    is_missed: bool,
}

impl Echo {
    /// What is told of it.
    fn told(&self) -> LanEvent {
        match &self.silent {
            Some(reason) => LanEvent::Unheard { reason: reason.clone() },
            None if self.is_missed => LanEvent::Unheard {
                reason: "what this node announces does not come back, so nobody may hear it: is UDP port 5353 blocked by a firewall, or does the network carry no multicast?".to_owned(),
            },
            None => LanEvent::Searching,
        }
    }

    /// It came. Whether that is to be told.
    fn came(&mut self) -> bool {
        self.is_expected_until = None;
        std::mem::take(&mut self.is_missed)
    }

    /// It has not come in time, which is said once.
    fn missed(&mut self) -> bool {
        let is_missed = self.is_expected_until.is_some_and(|until| Instant::now() > until);
        if is_missed {
            self.is_expected_until = None;
            self.is_missed = true;
        }
        is_missed
    }
}

/// The daemon of the library, which goes on for ever unless it is ended.
struct Daemon {
    service: ServiceDaemon,
    announced: Option<String>,
}

impl Daemon {
    fn start(port: u16, names: &[String]) -> mdns_sd::Result<Self> {
        let daemon = Self { service: ServiceDaemon::new_with_port(port)?, announced: None };
        // Orders are carried out one after another, so nothing is said at an interface before it is excluded.
        if names.is_empty() {
            daemon.service.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        } else {
            daemon.service.disable_interface(IfKind::All)?;
            daemon.service.enable_interface(names.iter().map(IfKind::from).collect::<Vec<_>>())?;
        }
        Ok(daemon)
    }

    /// Announces where we can be reached, in place of what was announced.
    fn announce(&mut self, ourselves: &Ourselves, wanted: &Wanted, near: &[Subnet]) -> mdns_sd::Result<Echo> {
        let id = ourselves.id.to_string();
        let is_near = |ip: &IpAddr| near.iter().any(|subnet| subnet.has_host(*ip));
        let ports = Ports::of(&wanted.entrypoints);
        let of_all = || wanted.entrypoints.iter().map(|entrypoint| entrypoint.address.ip()).collect::<BTreeSet<_>>();
        let addresses: BTreeSet<IpAddr> = of_all().into_iter().filter(is_near).collect();
        let port = ports.of_srv().unwrap_or(0);
        if addresses.is_empty() {
            if let Some(instance) = self.announced.take() {
                self.service.unregister(&instance)?;
            }
            let listening = of_all().iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
            let silent = (!listening.is_empty()).then(|| {
                format!("this node looks for others, but is not announced: it listens at {listening}, which is not at the interfaces of services/lan-discovery/interfaces")
            });
            return Ok(Echo { silent, is_expected_until: None, is_missed: false });
        }
        let addresses: Vec<IpAddr> = addresses.into_iter().collect();
        let host = format!("bitpie-{id}.local.");
        let txt = txt(&ourselves.id, &ourselves.network, ports);
        let info = ServiceInfo::new(SERVICE_TYPE, &id, &host, &addresses[..], port, &txt[..])?;
        self.announced = Some(info.get_fullname().to_owned());
        self.service.register(info)?;
        Ok(Echo { silent: None, is_expected_until: Some(Instant::now() + ECHO_PATIENCE), is_missed: false })
    }

    /// Whether the daemon keeps too much.
    async fn overflow(&self) -> Option<String> {
        let asked = self.service.get_metrics();
        // A daemon that does not answer in time has too much to do.
        let metrics = match asked {
            Ok(asked) => timeout(TICK, asked.recv_async()).await.ok().and_then(Result::ok),
            Err(mdns_sd::Error::Again) => None,
            Err(error) => return Some(could_not("go on", &error)),
        };
        let kept: i64 = match &metrics {
            Some(metrics) => {
                metrics.iter().filter(|(name, _)| name.starts_with("cached-")).map(|(_, count)| count).sum()
            }
            None => i64::MAX,
        };
        (kept > CACHED_RECORDS).then(flooded)
    }

    /// Why the daemon tells nothing any more: it stops when we have fallen behind, and when it is no more.
    fn why_nothing_is_heard(&self) -> String {
        match self.service.status() {
            Ok(_) | Err(mdns_sd::Error::Again) => flooded(),
            Err(error) => could_not("go on", &error),
        }
    }

    /// Says goodbye, and ends.
    async fn withdraw(mut self) {
        let farewell = async {
            if let Some(instance) = self.announced.take()
                && let Ok(done) = self.service.unregister(&instance)
                && done.recv_async().await.is_ok()
            {
                sleep(SECOND_GOODBYE).await;
            }
            if let Ok(done) = self.service.shutdown() {
                let _ = done.recv_async().await;
            }
        };
        let _ = timeout(WITHDRAWAL_PATIENCE / 2, farewell).await;
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Its end need not be waited for. If it has ended already, or has too much to do, there is nothing more that
        // can be done.
        let _ = self.service.shutdown();
    }
}

fn flooded() -> String {
    "the local network is flooded with announcements; this node looks away for a while".to_owned()
}

fn could_not(what: &str, error: &mdns_sd::Error) -> String {
    format!("multicast DNS could not {what}: {error}")
}
