//! A small internet: two nodes that everybody can reach, each in a network of its own, and sites behind routers.
//!
//! All addresses of the internet look public, since nodes would not believe or publish others. Nothing of them leaves
//! the namespaces.

use std::time::Duration;

use crate::lab::{Lab, Machine, Namespace, cable, within};
use crate::router::{Daemon, Speaks, TABLE, is_there};

use super::kinds::{Conditions, Kind};

/// How long a node may take until it listens, or has what it needs of others.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// The networks of the two nodes that all can reach: 11.77.101.0/24 and so on.
const GO_BETWEENS: [u8; 2] = [101, 102];

/// A switch, the router of which forwards between all networks, and what is plugged into it.
pub struct Internet {
    pub lab: Lab,
    /// Nodes with public addresses, in two networks: they carry the DHT, tell others where they see them, and are who
    /// two sites know in common. Their addresses as `bitpie id` prints them are beside them.
    pub go_betweens: Vec<(Machine, String)>,
}

impl Internet {
    /// One without nodes; nothing where namespaces cannot be made, which is told.
    pub fn new(name: &str) -> Option<Self> {
        let lab = Lab::new(name)?;
        let switch = lab.switch();
        // It sends packets out by the interface that they came in by, and would tell hosts of a shorter way.
        for interface in ["all", "br0"] {
            switch.write(&format!("/proc/sys/net/ipv4/conf/{interface}/send_redirects"), "0");
        }
        switch.write("/proc/sys/net/ipv4/ip_forward", "1");
        Some(Self { lab, go_betweens: Vec::new() })
    }

    /// A machine with a public address, `.2` of a network of its own; `.3` is its too.
    pub fn public_machine(&self, number: u8, name: &str, settings: &[(&str, String)]) -> Machine {
        self.gateway_of(number);
        let machine = self.lab.machine(name, settings);
        machine.address_by(&format!("11.77.{number}.2/24"), &gateway(number));
        machine.namespace().must(&["address", "add", &format!("11.77.{number}.3/24"), "dev", "eth0"]);
        machine
    }

    fn gateway_of(&self, number: u8) {
        self.lab.switch().must(&["address", "add", &format!("{}/24", gateway(number)), "dev", "br0"]);
    }

    /// Starts the nodes that all can reach.
    pub fn start_go_betweens(&mut self) -> Result<(), String> {
        for number in GO_BETWEENS {
            let settings = [
                ("network", "\"main\"".to_owned()),
                ("services/entangled-dht/server", "true".to_owned()),
                ("services/entangled-dht/bootstrap", self.dht()),
                ("services/entangled-dht/port", self.lab.dht_port.to_string()),
                ("services/stun/address", format!("\"11.77.{number}.2\"")),
                ("services/stun/other-address", format!("\"11.77.{number}.3\"")),
            ];
            let name = format!("go-between-{number}");
            let mut machine = self.public_machine(number, &name, &settings);
            // A version that does not know this setting has nothing to be switched on.
            machine.try_run(&["config", "set", "services/relay/enabled", "true"]);
            machine.start();
            let address = format!("11.77.{number}.2:");
            let listens = || ["tcp", "udp"].iter().all(|it| machine.id().contains(&format!("{it}://{address}")));
            if !within(READY_WITHIN, listens) {
                return Err(format!("{name} does not listen at {address} by TCP and UDP: {}", machine.id()));
            }
            let id = machine.id();
            self.go_betweens.push((machine, id));
        }
        Ok(())
    }

    /// Who carries the DHT, as a setting.
    fn dht(&self) -> String {
        let nodes = GO_BETWEENS.map(|number| format!("\"11.77.{number}.2:{}\"", self.lab.dht_port));
        format!("[{}]", nodes.join(", "))
    }

    /// What a node behind a router is told: whom it knows from the beginning.
    pub fn settings_of_a_site(&self) -> Vec<(&'static str, String)> {
        let known: Vec<String> = self.go_betweens.iter().map(|(_, id)| format!("\"{id}\"")).collect();
        vec![
            ("network", "\"main\"".to_owned()),
            ("services/entangled-dht/bootstrap", self.dht()),
            ("services/tcp-transport/bootstrap", format!("[{}]", known.join(", "))),
        ]
    }
}

/// All kinds, without the one that wants a daemon which is not installed.
pub fn kinds_that_can_be_made() -> Vec<Kind> {
    let maps = is_there("miniupnpd");
    if !maps {
        eprintln!("{} was left out: it wants miniupnpd (Debian: miniupnpd-nftables)", Kind::PortPcp);
    }
    Kind::ALL.into_iter().filter(|kind| maps || *kind != Kind::PortPcp).collect()
}

/// The way out of a network of the internet.
fn gateway(number: u8) -> String {
    format!("11.77.{number}.254")
}

/// A machine behind a router.
pub struct Site {
    pub kind: Kind,
    /// The outer address of the outermost router that translates; of an open site, the machine's own.
    pub outside: String,
    /// Its address inside.
    pub inside: String,
    pub machine: Machine,
    /// They live as long as the site.
    _routers: Vec<Namespace>,
    _mapper: Option<Daemon>,
}

impl Site {
    /// A site at the internet. Each has a number of its own.
    pub fn new(internet: &Internet, number: u8, kind: Kind, name: &str, conditions: Conditions) -> Self {
        internet.gateway_of(number);
        let public = format!("11.77.{number}.1");
        let router = Namespace::new().expect("the first could be made");
        let mut routers = Vec::new();
        if kind == Kind::PortCgn {
            let provider = Namespace::new().expect("the first could be made");
            internet.lab.plug(&provider, "wan");
            wan(&provider, &public, &gateway(number));
            cable(&router, "wan", &provider, "lan");
            provider.must(&["address", "add", &format!("100.64.{number}.1/24"), "dev", "lan"]);
            wan(&router, &format!("100.64.{number}.2"), &format!("100.64.{number}.1"));
            translate(&provider, Kind::Port, conditions);
            routers.push(provider);
        } else {
            internet.lab.plug(&router, "wan");
            wan(&router, &public, &gateway(number));
        }
        let net = if kind == Kind::Open { format!("11.78.{number}") } else { format!("10.{number}.0") };
        if kind == Kind::Open {
            internet.lab.switch().must(&["route", "add", &format!("{net}.0/24"), "via", &public]);
        }
        let machine = internet.lab.machine_behind(&router, "lan", name, &internet.settings_of_a_site());
        router.must(&["address", "add", &format!("{net}.1/24"), "dev", "lan"]);
        machine.address_by(&format!("{net}.2/24"), &format!("{net}.1"));
        translate(&router, kind, conditions);
        let mapper = (kind == Kind::PortPcp).then(|| {
            router.nft(TABLE);
            Daemon::start(&router, Speaks::Pcp)
        });
        routers.push(router);
        let inside = format!("{net}.2");
        let outside = if kind == Kind::Open { inside.clone() } else { public };
        Self { kind, outside, inside, machine, _routers: routers, _mapper: mapper }
    }
}

/// The outer side of a router.
fn wan(router: &Namespace, address: &str, gateway: &str) {
    router.must(&["address", "add", &format!("{address}/24"), "dev", "wan"]);
    router.must(&["route", "add", "default", "via", gateway]);
}

/// Makes a namespace a router of that kind.
fn translate(router: &Namespace, kind: Kind, conditions: Conditions) {
    router.write("/proc/sys/net/ipv4/ip_forward", "1");
    router.nft(&conditions.rules(kind));
    let (asked, answered) = conditions.mapping_lifetimes_seconds();
    let lifetimes = [("udp_timeout", asked), ("udp_timeout_stream", answered)];
    for (name, seconds) in lifetimes.iter().filter(|_| kind != Kind::Open) {
        router.write(&format!("/proc/sys/net/netfilter/nf_conntrack_{name}"), &seconds.to_string());
    }
}
