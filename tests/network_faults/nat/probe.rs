//! The routers of the laboratory are what their names say, as bare sockets see them.

use crate::router::is_there;

use super::bare::{Behaviour, Depends, Servers};
use super::internet::{Internet, Site, kinds_that_can_be_made};
use super::kinds::{Conditions, Kind};

/// What each kind does: mapping, filtering, and whether it translates. Nothing where no UDP gets out.
fn expected(kind: Kind) -> Option<Behaviour> {
    let (mapping, filtering) = match kind {
        Kind::Open | Kind::Full => (Depends::Nothing, Depends::Nothing),
        Kind::Address => (Depends::Nothing, Depends::Address),
        Kind::Port | Kind::Naive | Kind::PortCgn | Kind::PortPcp => (Depends::Nothing, Depends::AddressAndPort),
        Kind::Symmetric => (Depends::AddressAndPort, Depends::AddressAndPort),
        Kind::NoUdp => return None,
    };
    Some(Behaviour { mapping, filtering, translates: kind != Kind::Open })
}

fn can_be_made(test: &str) -> bool {
    let there = is_there("nft");
    if !there {
        eprintln!("{test} was left out: it wants nft (Debian: nftables)");
    }
    there
}

/// Two machines that both can reach, with two servers each.
fn servers(internet: &Internet) -> (Servers, Vec<crate::lab::Machine>) {
    let machines: Vec<_> = [101, 102].map(|number| internet.public_machine(number, "server", &[])).into();
    let at = |number: u8| format!("11.77.{number}.2:0").parse().expect("it is an address");
    let servers = Servers::at([(&machines[0], at(101)), (&machines[1], at(102))]);
    (servers, machines)
}

#[test]
fn routers_do_what_their_kind_says() {
    let test = "routers_do_what_their_kind_says";
    let Some(internet) = Internet::new(test).filter(|_| can_be_made(test)) else { return };
    let (servers, _machines) = servers(&internet);
    for (number, kind) in (1..).zip(kinds_that_can_be_made()) {
        let site = Site::new(&internet, number, kind, "asking", Conditions::default());
        assert_eq!(servers.classify(&site.machine), expected(kind), "{kind}");
    }
}

#[test]
fn holes_are_punched_where_they_can_be() {
    let test = "holes_are_punched_where_they_can_be";
    let Some(internet) = Internet::new(test).filter(|_| can_be_made(test)) else { return };
    let (servers, _machines) = servers(&internet);
    let sites: Vec<[Site; 2]> = (1..)
        .zip(kinds_that_can_be_made())
        .map(|(number, kind)| {
            [0, 20].map(|more| Site::new(&internet, number + more, kind, "asking", Conditions::default()))
        })
        .collect();
    for [a, _] in &sites {
        for [_, b] in &sites {
            // Which of the two sends first decides behind a naive router, so those pairs are only told.
            let punched = servers.punch(&a.machine, &b.machine).is_some();
            let expected = a.kind.bare_socket_punches(b.kind);
            assert!(b.kind == Kind::Naive || punched == expected, "{}/{}: {punched}", a.kind, b.kind);
        }
    }
}

#[test]
fn short_mappings_and_losses_are_what_was_asked_for() {
    let rules = Conditions { loss_percent: 30, mapping_seconds: Some(1) }.rules(Kind::Port);
    assert!(rules.contains("mod 100 < 30 drop") && rules.contains("timeout 1s"), "{rules}");
    assert!(!Conditions::default().rules(Kind::Port).contains("numgen"));
}
