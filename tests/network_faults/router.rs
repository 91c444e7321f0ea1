//! A home network behind a router that translates addresses and maps ports: `miniupnpd` in a namespace of the test. Its
//! outer addresses look public, since neither the router nor the node would map or publish others; nothing of them
//! leaves the namespaces.

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::lab::{Lab, Machine, Namespace, until};

/// The address of the router on the outside.
pub const OUTSIDE: &str = "11.77.0.1";

/// Its address on the inside.
const INSIDE: &str = "10.1.0.1";

/// What the router understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Pcp,
    NatPmp,
    Upnp,
}

/// A router, as long as it lives.
pub struct Router {
    namespace: Namespace,
    _daemon: Daemon,
}

/// `miniupnpd` in the namespace of a router, whose interfaces are `wan` and `lan`.
pub struct Daemon {
    process: Child,
    _folder: TempDir,
}

/// Where [`Daemon`] notes what it maps.
pub const TABLE: &str = "table inet upnp {
            chain forward { type filter hook forward priority filter - 1; }
            chain prerouting { type nat hook prerouting priority dstnat - 1; }
            chain postrouting { type nat hook postrouting priority srcnat - 1; }
        }";

/// Whether there is such a program.
pub fn is_there(program: &str) -> bool {
    let found = Command::new("which").arg(program).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Whether a router can be made; what is missing is said.
pub fn can_be_made(test: &str) -> bool {
    let missing: Vec<&str> = ["miniupnpd", "nft"].into_iter().filter(|program| !is_there(program)).collect();
    if !missing.is_empty() {
        eprintln!("{test} was left out: it wants {} (Debian: miniupnpd-nftables, nftables)", missing.join(" and "));
    }
    missing.is_empty()
}

impl Router {
    /// A router at the switch of the laboratory, which is the internet, and a machine behind it.
    pub fn with_machine(lab: &Lab, speaks: Speaks, name: &str, settings: &[(&str, String)]) -> (Self, Machine) {
        let namespace = Namespace::new().expect("the first could be made");
        lab.plug(&namespace, "wan");
        namespace.must(&["address", "add", &format!("{OUTSIDE}/24"), "dev", "wan"]);
        let machine = lab.machine_behind(&namespace, "lan", name, settings);
        namespace.must(&["address", "add", &format!("{INSIDE}/24"), "dev", "lan"]);
        machine.address_by("10.1.0.2/24", INSIDE);
        namespace.write("/proc/sys/net/ipv4/ip_forward", "1");
        rules(&namespace, speaks);
        let daemon = Daemon::start(&namespace, speaks);
        (Self { namespace, _daemon: daemon }, machine)
    }

    /// A neighbour in the network of the laboratory that offers to map ports by UPnP, and is nobody's router.
    pub fn neighbour(lab: &Lab) -> Self {
        let namespace = Namespace::new().expect("the first could be made");
        for (interface, address) in [("wan", format!("{OUTSIDE}/24")), ("lan", "10.77.0.66/16".to_owned())] {
            lab.plug(&namespace, interface);
            namespace.must(&["address", "add", &address, "dev", interface]);
        }
        rules(&namespace, Speaks::Upnp);
        let daemon = Daemon::start(&namespace, Speaks::Upnp);
        Self { namespace, _daemon: daemon }
    }

    /// Whether it passes on what comes to that port.
    pub fn maps(&self, port: u16) -> bool {
        let listed = self.namespace.command("nft").args(["list", "chain", "inet", "upnp", "prerouting"]).output();
        let listed = listed.expect("nft was there");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        let rules = String::from_utf8_lossy(&listed.stdout).into_owned();
        rules.lines().any(|rule| rule.contains("dnat") && rule.contains(&format!("dport {port} ")))
    }
}

impl Daemon {
    /// Starts it, and waits until it maps ports. The rules of the router have [`TABLE`].
    pub fn start(namespace: &Namespace, speaks: Speaks) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { process: miniupnpd(namespace, speaks, &folder), _folder: folder }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a usual home router does: hosts inside get out by its address, and nobody gets in unless a port is mapped.
fn rules(namespace: &Namespace, speaks: Speaks) {
    // By the first byte behind the header of UDP, which is the version.
    let deaf_to_pcp = if speaks == Speaks::NatPmp { "udp dport 5351 @th,64,8 2 drop" } else { "" };
    let rules = format!(
        "table ip nat {{
            chain leave {{ type nat hook postrouting priority srcnat; oifname wan masquerade; }}
            chain through {{
                type filter hook forward priority filter;
                iifname wan ct state new ct status & dnat == 0 drop
            }}
            chain own {{
                type filter hook input priority filter;
                {deaf_to_pcp}
                iifname wan ct state established,related accept
                iifname wan drop
            }}
        }}
        {TABLE}"
    );
    namespace.nft(&rules);
}

fn miniupnpd(namespace: &Namespace, speaks: Speaks, folder: &TempDir) -> Child {
    let yes = |is_so: bool| if is_so { "yes" } else { "no" };
    let (upnp, packets) = (yes(speaks == Speaks::Upnp), yes(speaks != Speaks::Upnp));
    let settings = format!(
        "ext_ifname=wan\nlistening_ip=lan\nport=5000\nenable_natpmp={packets}\nenable_upnp={upnp}\nsecure_mode=yes\n\
         ipv6_disable=yes\nmin_lifetime=1\nmax_lifetime=86400\nupnp_table_name=upnp\nupnp_nat_table_name=upnp\n\
         upnp_forward_chain=forward\nupnp_nat_chain=prerouting\nupnp_nat_postrouting_chain=postrouting\n\
         uuid=00000000-0000-4000-8000-000000000001\nallow 1024-65535 10.0.0.0/8 1024-65535\n\
         deny 0-65535 0.0.0.0/0 0-65535\n"
    );
    let path = |name: &str| folder.path().join(name);
    fs::write(path("conf"), settings).expect("written");
    let said = fs::File::create(path("said")).expect("a file");
    let errors = said.try_clone().expect("a file");
    let daemon = namespace
        .command("miniupnpd")
        .arg("-d")
        .arg("-f")
        .arg(path("conf"))
        .arg("-P")
        .arg(path("pid"))
        .stdout(said)
        .stderr(errors)
        .spawn()
        .expect("it was there");
    let ready = if speaks == Speaks::Upnp { "HTTP listening on port" } else { "Listening for NAT-PMP" };
    until("the router maps ports", || {
        let said = fs::read_to_string(path("said")).unwrap_or_default();
        assert!(!said.contains("Port forwarding is now disabled"), "{said}");
        said.contains(ready)
    });
    daemon
}
