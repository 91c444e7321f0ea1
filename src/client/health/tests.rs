//! What is found by each check of the node, from its status.

use std::collections::BTreeMap;

use expect_test::expect;

use super::*;
use crate::api::answers::{
    CameIn, ClockStatus, ContactCounts, Counters, DhtStatus, LanStatus, MappingStatus, NicknameStatus, RelayStatus,
    SessionCounts, StunStatus, Traffic, TransportStatus,
};
use crate::identity::NodeId;

pub const NOW: u64 = 1_800_000_000_000;

/// Of a node that others reach, and with which nothing is amiss.
pub fn well() -> Status {
    Status {
        id: NodeId::from_bytes([7; 32]),
        name: None,
        version: "1".to_owned(),
        network: "main".to_owned(),
        process: 77,
        home: "/home/a/.bitpie".to_owned(),
        traces: "/home/a/.bitpie/traces".to_owned(),
        traces_problem: None,
        log_problem: None,
        started_unix_ms: NOW - 3_600_000,
        uptime_ms: 3_600_000,
        network_connector: "CONNECTED".to_owned(),
        network_problem: None,
        p2p_connector: "CONNECTED".to_owned(),
        transports: vec![TransportStatus {
            name: "tcp".parse().expect("a name"),
            state: "LISTENING".to_owned(),
            listening: vec!["tcp://203.0.113.5:7771".parse().expect("an entrypoint")],
            problem: None,
            stability: crate::api::answers::TransportStability {
                place: Some(1),
                better: None,
                sessions: 2,
                success_percent: 90,
                round_trip_ms: Some(12),
                loss_per_mille: None,
                lasts_ms: None,
                came_in_unix_ms: Some(NOW),
            },
            traffic: Traffic::default(),
            mapping: MappingStatus::default(),
        }],
        stun: StunStatus::default(),
        relay: RelayStatus::default(),
        lan_discovery: LanStatus { state: "ON".to_owned(), found: 2, problem: None },
        services: BTreeMap::new(),
        services_off: Vec::new(),
        sessions: SessionCounts { incoming: 1, outgoing: 1, half_open: 0 },
        came_in: CameIn { last_unix_ms: Some(NOW), from_internet_unix_ms: Some(NOW - 300_000) },
        clock: ClockStatus::default(),
        contacts: ContactCounts::default(),
        messages: BTreeMap::new(),
        counters: Counters::default(),
        api: Vec::new(),
        dht: DhtStatus {
            state: "JOINED".to_owned(),
            identity: "PUBLISHED".to_owned(),
            asks_nobody: false,
            listening: None,
            problem: None,
        },
        nickname: NicknameStatus {
            name: None,
            state: "AT_STARTUP".to_owned(),
            result: None,
            lost: None,
            index: None,
            held: None,
            settled: true,
            problem: None,
            help: None,
        },
        notices: Vec::new(),
        is_damaged: false,
    }
}

/// What is bad about it, by the names of the judges.
fn bad(status: &Status) -> Vec<&'static str> {
    let is_bad = |(_, judge): &&(&str, Judge)| judge(status, NOW).verdict == Verdict::Bad;
    JUDGES.iter().filter(is_bad).map(|(name, _)| *name).collect()
}

fn changed(change: impl FnOnce(&mut Status)) -> Status {
    let mut status = well();
    change(&mut status);
    status
}

#[test]
fn a_node_with_a_damaged_database_says_so_before_all_else() {
    let status = Status { is_damaged: true, transports: Vec::new(), ..well() };
    let (verdict, said) = headline(&status, NOW);
    assert!(verdict == Verdict::Bad && said.contains("messages.db is damaged"), "{said}");
    for judge in [listening, dht, nickname] {
        assert_eq!(judge(&status, NOW).verdict, Verdict::Skipped, "what does not listen has a cause, told elsewhere");
    }
}

#[test]
fn nothing_is_amiss_with_a_node_that_others_reach() {
    assert_eq!(bad(&well()), [""; 0]);
}

#[test]
fn each_broken_state_is_told_by_its_judge() {
    let broken = [
        ("listening", changed(|it| it.transports[0].problem = Some("the port is taken".to_owned()))),
        ("listening", changed(|it| it.network_problem = Some("no interface".to_owned()))),
        (
            "listening",
            changed(|it| (it.transports[0].state, it.transports[0].listening) = ("OFFLINE".to_owned(), vec![])),
        ),
        ("clocks", changed(|it| it.clock.problem = Some("your clock is 151 s ahead of 8 peers".to_owned()))),
        ("DHT", changed(|it| it.dht.state = "ALONE".to_owned())),
        ("DHT", changed(|it| (it.dht.state, it.dht.problem) = ("RESTING".to_owned(), Some("no port".to_owned())))),
        ("DHT", changed(|it| it.dht.problem = Some("not published".to_owned()))),
        (
            "nickname",
            changed(|it| {
                it.nickname.name = Some("alice".parse().expect("a name"));
                it.nickname.state = "FAILED".to_owned();
            }),
        ),
        (
            "nickname",
            changed(|it| {
                it.nickname.name = Some("alice".parse().expect("a name"));
                it.nickname.problem = Some("its place is somebody else's now".to_owned());
            }),
        ),
        ("local net", changed(|it| it.lan_discovery.problem = Some("it cannot be opened".to_owned()))),
    ];
    for (judge, status) in broken {
        assert_eq!(bad(&status), [judge], "{status:?}");
    }
}

#[test]
fn what_the_user_has_chosen_and_what_is_only_told_is_no_fault() {
    let chosen = [
        changed(|it| (it.dht.state, it.dht.asks_nobody) = ("ALONE".to_owned(), true)),
        changed(|it| it.notices.push("this home was restored".to_owned())),
    ];
    for status in &chosen {
        assert_eq!(bad(status), [""; 0], "{status:?}");
    }
    let [alone, told] = chosen;
    assert!(dht(&alone, NOW).said.contains("services/entangled-dht/bootstrap"));
    assert_eq!(notices(&told, NOW).verdict, Verdict::Notable);
}

#[test]
fn that_nobody_in_the_dht_answers_is_said_once() {
    let status = changed(|it| {
        it.dht.state = "ALONE".to_owned();
        it.dht.problem = Some("nobody in the DHT has answered within 10 s".to_owned());
    });
    let finding = dht(&status, NOW);
    assert_eq!((finding.verdict, finding.said.as_str()), (Verdict::Bad, "nobody in it answers"));
}

fn off(name: &str, enabled: bool, needs: &[&str]) -> ServiceOff {
    ServiceOff {
        name: name.parse().expect("a name"),
        enabled,
        means: format!("no {name}"),
        depends_on: needs.iter().map(|needed| needed.parse().expect("a name")).collect(),
    }
}

#[test]
fn services_that_are_off_are_told_with_what_that_means_and_how_they_are_started() {
    let told = |off: Vec<ServiceOff>| {
        let finding = services(&changed(|it| it.services_off = off), NOW);
        (finding.verdict, finding.said, finding.help.unwrap_or_default())
    };
    assert_eq!(told(Vec::new()).0, Verdict::Good);
    let one = told(vec![off("mail", true, &["gate"])]);
    assert_eq!(one, (Verdict::Notable, "mail is off: no mail".to_owned(), "`bitpie service start mail`".to_owned()));
    // What it needs comes along with it.
    let (_, said, help) = told(vec![off("gate", true, &[]), off("mail", true, &["gate"])]);
    assert_eq!(
        (said.as_str(), help.as_str()),
        ("gate is off: no gate; mail is off: no mail", "`bitpie service start mail`",)
    );
    // Unless the settings have it off.
    let (_, _, help) = told(vec![off("gate", false, &[]), off("mail", true, &["gate"])]);
    assert_eq!(help, "`bitpie service enable gate`, `bitpie service start mail`");
}

#[test]
fn a_transport_that_is_off_is_the_reason_why_nobody_listens() {
    let deaf = |off| {
        changed(|it| {
            it.transports[0].listening.clear();
            it.network_problem = Some("no transport listens".to_owned());
            it.services_off = off;
        })
    };
    let status = deaf(vec![off("tcp-transport", true, &["network"])]);
    let finding = listening(&status, NOW);
    assert_eq!(
        finding,
        Finding::bad("no transport listens: tcp-transport is off", "`bitpie service start tcp-transport`",)
    );
    assert_eq!(services(&status, NOW).verdict, Verdict::Good, "it is told once");
    let disabled = deaf(vec![off("network", false, &[]), off("tcp-transport", false, &["network"])]);
    let help = listening(&disabled, NOW).help;
    assert_eq!(help.as_deref(), Some("`bitpie service enable network`, `bitpie service enable tcp-transport`"));
    // Where another transport listens, it is one service that is off.
    let other = changed(|it| it.services_off = vec![off("tcp-transport", true, &[])]);
    assert_eq!(listening(&other, NOW).verdict, Verdict::Good);
    assert_eq!(services(&other, NOW).verdict, Verdict::Notable);
}

#[test]
fn only_a_place_that_is_held_is_told() {
    let named = |state: &str, index, held| {
        changed(|it| {
            it.nickname.name = Some("alice".parse().expect("a name"));
            (it.nickname.state, it.nickname.index, it.nickname.held) = (state.to_owned(), index, held);
        })
    };
    let said = |status: &Status| nickname(status, NOW).said;
    assert_eq!(said(&named("HELD", Some(1), Some(1))), "others find this node as alice, in place 1");
    // It is looked at again.
    assert_eq!(said(&named("DHT_READ", Some(1), Some(1))), "others find this node as alice, in place 1");
    // Place 0 is somebody else's.
    assert_eq!(said(&named("DHT_READ", Some(0), None)), "alice is being registered");
}

#[test]
fn the_first_line_says_whether_others_get_through() {
    let states = [
        well(),
        changed(|it| it.came_in.from_internet_unix_ms = None),
        changed(|it| it.came_in = CameIn::default()),
        // What was so long ago says nothing of now.
        changed(|it| it.came_in = CameIn { last_unix_ms: Some(0), from_internet_unix_ms: Some(0) }),
        changed(|it| it.transports[0].listening = vec!["tcp://127.0.0.1:7771".parse().expect("an entrypoint")]),
        changed(|it| (it.sessions, it.dht.state) = (SessionCounts::default(), "ALONE".to_owned())),
        changed(|it| {
            (it.sessions, it.dht.state) = (SessionCounts::default(), "ALONE".to_owned());
            it.dht.asks_nobody = true;
        }),
        changed(|it| {
            (it.sessions, it.dht.state) = (SessionCounts::default(), "RESTING".to_owned());
            it.dht.problem = Some("a name was not found".to_owned());
        }),
        changed(|it| it.transports[0].problem = Some("the port is taken".to_owned())),
        changed(|it| {
            it.sessions = SessionCounts::default();
            it.network_problem = Some("this machine has no interface that is up".to_owned());
        }),
        changed(|it| {
            it.uptime_ms = 1;
            (it.transports[0].state, it.transports[0].listening) = ("STARTING".to_owned(), vec![]);
        }),
    ];
    let lines: Vec<String> = states.iter().map(|status| headline(status, NOW).1).collect();
    expect![[r#"
        online and reachable: others come in from the internet, the last 5 min ago
        online, and reachable in its own network; from the internet nobody has come in lately
        online; nobody has come in lately, so it is not known whether others can reach it
        online; nobody has come in lately, so it is not known whether others can reach it
        online, but reachable on this machine only: it listens on loopback
        alone: it listens, but there is no session with another node, and nobody in the DHT answers
        alone: it listens, but there is no session with another node, and it asks nobody in the DHT
        alone: it listens, but there is no session with another node, and the DHT cannot be entered
        online, but not reachable, because tcp does not listen: the port is taken
        not reachable, because this machine has no interface that is up
        not reachable yet: it has not begun to listen"#]]
    .assert_eq(&lines.join("\n"));
}
