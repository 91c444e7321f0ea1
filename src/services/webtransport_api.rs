//! `webtransport-api`: the port of WebTransport. The automata `api_certificate` and `api_port`.

use super::of_api::{close, is_settled, problem};
use super::service::{Service, USUAL};
use crate::automata::api_certificate::State;
use crate::automata::senders::services;

const NAME: &str = "webtransport-api";

pub(super) const SERVICE: Service = Service {
    name: NAME,
    summary: "Answers requests over WebTransport, and tells of changes; on this machine.",
    purpose: "Answer requests over WebTransport",
    while_off: "nothing is answered over WebTransport",
    // The port is opened once there is a certificate.
    start: |world, _| world.tell(services::api_certificate::init()),
    stop: |world, system| {
        world.tell_if_there(system, services::api_certificate::stop());
        world.api_certificates.problem = None;
        close(world, system, NAME);
    },
    is_settled: |system| {
        let certificate = system.api_certificate.get().map(|certificate| certificate.state());
        let has_begun = matches!(certificate, None | Some(State::Showing | State::Resting | State::Closed));
        has_begun && is_settled(system, NAME)
    },
    problem: |world, _| world.api_certificates.problem.clone().or_else(|| problem(world, NAME)),
    ..USUAL
};
