//! `http-api`: the port of HTTP, with the web page. The automaton `api_port`.

use super::of_api::{close, is_settled, open, problem};
use super::service::{Service, USUAL};

const NAME: &str = "http-api";

pub(super) const SERVICE: Service = Service {
    name: NAME,
    summary: "Answers requests over HTTP, and serves the web page; on this machine.",
    purpose: "Answer requests over HTTP, and serve the web page",
    while_off: "there is no web page, and nothing is answered over HTTP",
    start: |world, _| open(world, NAME),
    stop: |world, system| close(world, system, NAME),
    is_settled: |system| is_settled(system, NAME),
    problem: |world, _| problem(world, NAME),
    ..USUAL
};
