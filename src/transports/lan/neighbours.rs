//! Who is announced near us, and what of it has been told. Pure: bounded in how much is kept, and in how often
//! something is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::{Entrypoint, NodeId};

use super::announcement::{Announcement, LAN_ENTRYPOINTS};
use super::event::LanEvent;

/// Announcements that are kept, and nodes that are told of, at most. What comes beyond is heard when another one is
/// gone.
pub const LAN_NODES: usize = 64;

/// Something new of one node is told at most so often, however often it is announced and withdrawn.
pub const TELL_INTERVAL_MS: u64 = 5_000;

/// The announcements near us.
#[derive(Debug, Default)]
pub struct Neighbours {
    /// By the name of the announced instance.
    heard: BTreeMap<String, Announcement>,
    told: BTreeMap<NodeId, Told>,
}

/// What was told of a node. Kept for a while after it is gone, so that coming and going is not a way around
/// [`TELL_INTERVAL_MS`].
#[derive(Debug)]
struct Told {
    entrypoints: Vec<Entrypoint>,
    at_ms: u64,
}

impl Neighbours {
    /// An announcement came. Says whether there was room for it.
    pub fn hear(&mut self, instance: &str, announcement: Announcement) -> bool {
        let has_room = self.heard.len() < LAN_NODES || self.heard.contains_key(instance);
        if has_room {
            self.heard.insert(instance.to_owned(), announcement);
        }
        has_room
    }

    /// An announcement was withdrawn, or has not been renewed, or means nothing any more.
    pub fn lose(&mut self, instance: &str) {
        self.heard.remove(instance);
    }

    /// Everything that was heard is forgotten; what was told of is told to be gone next.
    pub fn forget(&mut self) {
        self.heard.clear();
    }

    /// What is to be told now.
    pub fn news(&mut self, now_ms: u64) -> Vec<LanEvent> {
        let mut near: BTreeMap<NodeId, BTreeSet<&Entrypoint>> = BTreeMap::new();
        for announcement in self.heard.values() {
            near.entry(announcement.id).or_default().extend(&announcement.entrypoints);
        }
        let mut news = Vec::new();
        self.told.retain(|id, told| {
            let may_tell = now_ms.saturating_sub(told.at_ms) >= TELL_INTERVAL_MS;
            if told.entrypoints.is_empty() {
                return near.contains_key(id) || !may_tell;
            }
            // That somebody is gone makes nobody do anything, so it is told at once.
            if !near.contains_key(id) {
                told.entrypoints.clear();
                news.push(LanEvent::Gone { peer: *id });
            }
            true
        });
        for (id, entrypoints) in near {
            let entrypoints: Vec<Entrypoint> = entrypoints.into_iter().take(LAN_ENTRYPOINTS).cloned().collect();
            let has_room = self.told.len() < LAN_NODES;
            match self.told.get(&id) {
                Some(told) if told.entrypoints == entrypoints => {}
                Some(told) if now_ms.saturating_sub(told.at_ms) < TELL_INTERVAL_MS => {}
                None if !has_room => {}
                _ => {
                    self.told.insert(id, Told { entrypoints: entrypoints.clone(), at_ms: now_ms });
                    news.push(LanEvent::Found { peer: id, entrypoints });
                }
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> NodeId {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        NodeId::from_bytes(bytes)
    }

    fn at(port: u16) -> Entrypoint {
        format!("tcp://192.168.7.1:{port}").parse().expect("an entrypoint")
    }

    fn announcement(number: u32, port: u16) -> Announcement {
        Announcement { id: id(number), entrypoints: vec![at(port)] }
    }

    fn found(number: u32, ports: &[u16]) -> LanEvent {
        LanEvent::Found { peer: id(number), entrypoints: ports.iter().map(|port| at(*port)).collect() }
    }

    #[test]
    fn each_is_told_once_and_told_to_be_gone_once() {
        let mut neighbours = Neighbours::default();
        assert!(neighbours.hear("a", announcement(1, 7)));
        assert_eq!(neighbours.news(0), [found(1, &[7])]);
        assert!(neighbours.hear("a", announcement(1, 7)));
        assert_eq!(neighbours.news(60_000), []);
        neighbours.lose("a");
        assert_eq!(neighbours.news(60_001), [LanEvent::Gone { peer: id(1) }]);
        assert_eq!(neighbours.news(120_000), []);
        assert!(neighbours.told.is_empty());
    }

    #[test]
    fn two_announcements_of_one_node_are_one_node() {
        let mut neighbours = Neighbours::default();
        neighbours.hear("a", announcement(1, 7));
        neighbours.hear("b", announcement(1, 8));
        assert_eq!(neighbours.news(0), [found(1, &[7, 8])]);
        neighbours.lose("a");
        assert_eq!(neighbours.news(TELL_INTERVAL_MS), [found(1, &[8])]);
        for number in 0..50 {
            neighbours.hear(&format!("more {number}"), announcement(1, number + 1));
        }
        let news = neighbours.news(2 * TELL_INTERVAL_MS);
        assert!(matches!(&news[..], [LanEvent::Found { entrypoints, .. }] if entrypoints.len() == LAN_ENTRYPOINTS));
    }

    #[test]
    fn coming_and_going_is_told_no_more_often_than_it_may_be() {
        let mut neighbours = Neighbours::default();
        let mut told = 0;
        for now_ms in 0..10 * TELL_INTERVAL_MS / 100 {
            let port = u16::try_from(now_ms % 1_000).expect("it is small") + 1;
            neighbours.hear("a", announcement(1, port));
            told += neighbours.news(now_ms * 100).iter().filter(|it| matches!(it, LanEvent::Found { .. })).count();
            neighbours.lose("a");
            neighbours.news(now_ms * 100 + 50);
        }
        assert_eq!(told, 10);
    }

    #[test]
    fn neither_announcements_nor_nodes_grow_beyond_their_bound() {
        let mut neighbours = Neighbours::default();
        for number in 0..10_000 {
            neighbours.hear(&number.to_string(), announcement(number, 1));
        }
        assert_eq!((neighbours.heard.len(), neighbours.news(0).len()), (LAN_NODES, LAN_NODES));
        // All go, and as many others come at once: those wait.
        neighbours.forget();
        for number in 10_000..20_000 {
            neighbours.hear(&number.to_string(), announcement(number, 1));
        }
        assert!(neighbours.news(1).iter().all(|it| matches!(it, LanEvent::Gone { .. })));
        assert_eq!(neighbours.told.len(), LAN_NODES);
        assert_eq!(neighbours.news(TELL_INTERVAL_MS).len(), LAN_NODES);
        assert_eq!(neighbours.told.len(), LAN_NODES);
    }
}
