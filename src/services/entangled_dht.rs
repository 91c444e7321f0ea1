//! `entangled-dht`: the distributed hash table in which nodes and names are found. The automaton `dht_connector`.

use super::service::{Service, USUAL};
use crate::automata::senders::services;

pub(super) const SERVICE: Service = Service {
    name: "entangled-dht",
    summary: "Finds nodes and nicknames by the distributed hash table, and is found there.",
    purpose: "Find nodes and nicknames by the distributed hash table",
    while_off: "nobody is found by nickname, or after they have moved",
    depends_on: &["network"],
    start: |world, _| world.tell(services::dht_connector::init()),
    stop: |world, _| world.tell(services::dht_connector::stop()),
    problem: |world, _| world.problems.dht.clone(),
    ..USUAL
};
