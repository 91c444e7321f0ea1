//! Random histories, as they come about: authors speak by way of nodes that are apart and meet now and then. An author
//! who uses two nodes that have not met equivocates, without meaning to.

use std::collections::BTreeSet;

use bitpie::codec::Text;
use bitpie::commons::{
    Claim, Commons, Entry, MemoryStore, Network, Note, Payload, Place, Profile, Rating, Retraction, Statement,
    StatementId, Store, Target,
};
use bitpie::identity::{IdentityKey, NodeId};

/// Unix time in milliseconds at which histories begin.
pub const BEGINNING: u64 = 1_700_000_000_000;

/// A generator of random numbers (SplitMix64), so that a seed says everything.
pub struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % limit as u64).expect("it is below a usize")
    }

    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

pub fn network() -> Network {
    Network::named("test")
}

pub fn empty() -> Commons<MemoryStore> {
    Commons::open(network(), MemoryStore::default()).expect("memory can be read")
}

pub fn key(number: u64) -> IdentityKey {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    IdentityKey::from_seed(&seed)
}

/// Signs what an author says next by way of this node, and lets it in.
pub fn say(commons: &mut Commons<MemoryStore>, key: &IdentityKey, payload: &Payload, now_unix_ms: u64) -> Statement {
    let body = commons.next_statement(key.id(), payload, now_unix_ms).expect("memory can be read");
    let statement = Statement::verify(body.sign(key).as_bytes(), &network(), u64::MAX).expect("it is valid");
    commons.take_verified(statement.clone(), key.id(), 0).expect("it is valid in its place");
    statement
}

pub fn note(text: &str) -> Payload {
    Payload::Note(Note { text: Text::cut(text), answers: None })
}

/// Something of any kind, often about something that was said before.
pub fn anything(random: &mut Random, said: &[Statement], authors: &[NodeId], own: NodeId) -> Payload {
    let target = |random: &mut Random| match said.len() {
        0 => StatementId([0xaa; 32]),
        count => said[random.below(count)].id(),
    };
    let nickname = |random: &mut Random| ["alice", "bob", "carol"][random.below(3)].parse().expect("a nickname");
    match random.below(8) {
        0 => Payload::Profile(Profile { name: Some(nickname(random)), about: None }),
        1 => Payload::Claim(Claim { nickname: nickname(random) }),
        2 | 3 => {
            let author = authors[random.below(authors.len())];
            let of_author = random.percent(40) && author != own;
            let target = if of_author { Target::Author(author) } else { Target::Statement(target(random)) };
            Payload::Rating(Rating { target, stars: u8::try_from(1 + random.below(5)).expect("at most 5") })
        }
        4 | 5 => {
            // Mostly one of the author's own; now and then somebody else's, which changes nothing.
            let own = said.iter().rev().find(|of| of.body().author == own).filter(|_| random.percent(80));
            Payload::Retraction(Retraction { of: own.map_or_else(|| target(random), Statement::id) })
        }
        _ => {
            let answers = random.percent(50).then(|| target(random));
            Payload::Note(Note { text: Text::cut(&random.number().to_string()), answers })
        }
    }
}

/// A history of so many statements, parents before their children.
pub fn history(seed: u64, statements: usize) -> Vec<Statement> {
    let mut random = Random(seed);
    let mut nodes: Vec<Commons<MemoryStore>> = (0..4).map(|_| empty()).collect();
    let keys: Vec<IdentityKey> = (0..5).map(key).collect();
    let authors: Vec<NodeId> = keys.iter().map(IdentityKey::id).collect();
    let (mut said, mut now): (Vec<Statement>, u64) = (Vec::new(), BEGINNING);
    while said.len() < statements {
        now += random.number() % 40_000_000;
        if random.percent(25) {
            let (from, to) = (random.below(4), random.below(4));
            // A meeting that ends early: what has come is whole all the same.
            let limit = random.below(60);
            for place in nodes[from].store().after(Place::FIRST, limit).expect("memory can be read") {
                let statement = nodes[from].statement(&place.id).expect("memory can be read").expect("it is there");
                nodes[to].take_verified(statement, authors[0], 0).expect("it is valid");
            }
            continue;
        }
        let key = &keys[random.below(keys.len())];
        let payload = anything(&mut random, &said, &authors, key.id());
        let node = random.below(4);
        said.push(say(&mut nodes[node], key, &payload, now));
    }
    said
}

/// Those of a history that some nodes have: with each, all on which it stands.
pub fn part(random: &mut Random, history: &[Statement], percent: usize) -> Vec<Statement> {
    let mut kept: BTreeSet<StatementId> = BTreeSet::from([network().genesis]);
    let mut part = Vec::new();
    for statement in history {
        let has_all = statement.body().stands_on().all(|id| kept.contains(&id));
        if has_all && random.percent(percent) {
            kept.insert(statement.id());
            part.push(statement.clone());
        }
    }
    part
}

/// A node that has these, which came in this order.
pub fn node_with(statements: &[Statement]) -> Commons<MemoryStore> {
    let mut commons = empty();
    for statement in statements {
        commons.take_verified(statement.clone(), statement.body().author, 0).expect("it is valid");
    }
    commons
}

/// What a node has, with what is kept of it.
pub fn entries(commons: &Commons<MemoryStore>) -> Vec<(Entry, Statement)> {
    let places = commons.store().after(Place::FIRST, usize::MAX).expect("memory can be read");
    let entry = |id: &StatementId| commons.store().entry(id).expect("memory can be read").expect("it is there");
    let statement = |id: &StatementId| commons.statement(id).expect("memory can be read").expect("it is there");
    places.iter().map(|place| (entry(&place.id), statement(&place.id))).collect()
}
