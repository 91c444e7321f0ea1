//! `websocket-api`: the port of WebSocket. The automaton `api_port`.

use super::of_api::{close, is_settled, open, problem};
use super::service::{Service, USUAL};

const NAME: &str = "websocket-api";

pub(super) const SERVICE: Service = Service {
    name: NAME,
    summary: "Answers requests over WebSocket, and tells of changes; on this machine.",
    purpose: "Answer requests over WebSocket",
    while_off: "nothing is answered over WebSocket",
    start: |world, _| open(world, NAME),
    stop: |world, system| close(world, system, NAME),
    is_settled: |system| is_settled(system, NAME),
    problem: |world, _| problem(world, NAME),
    ..USUAL
};
