//! A Merkle tree over ids, in which each part is all ids with one beginning.
//!
//! Its shape follows from the set alone: a part of at most [`LEAF_IDS`] ids is a leaf, a larger one has a child for each
//! next digit. So two nodes that hold the same have the same root, and one that adds an id changes the path to it and
//! nothing else. Hashes are made when somebody asks, and kept until they change. Copies share what they have in common,
//! so a copy costs nothing, and a node can be asked while it goes on.

use std::sync::{Arc, OnceLock};

use sha2::{Digest as _, Sha256};

use super::prefix::{PREFIX_DIGITS, Prefix, digit};
use crate::commons::id::StatementId;

/// A hash of a part.
pub type Hash = [u8; 32];

/// The hash of a part without any ids.
pub const EMPTY: Hash = [0; 32];

/// Ids in a leaf, at most. Small leaves make it cheap to find where two nodes differ: ids have 32 bytes, and a
/// fingerprint has 8.
pub const LEAF_IDS: usize = 8;

/// Children of a part that is not a leaf: one for each digit.
pub const CHILDREN: usize = 16;

/// The hashes of the children.
pub type Children = [Hash; CHILDREN];

/// SHA-256 of a leaf: of `bitpie/commons-leaf/1`, a zero byte, and its ids in ascending order.
pub(super) fn leaf_hash(ids: &[StatementId]) -> Hash {
    if ids.is_empty() {
        return EMPTY;
    }
    let mut hash = Sha256::new_with_prefix("bitpie/commons-leaf/1\0");
    ids.iter().for_each(|id| hash.update(id.as_bytes()));
    hash.finalize().into()
}

/// SHA-256 of any other part: of `bitpie/commons-node/1`, a zero byte, how many ids there are (8 bytes), and the hashes
/// of its children.
pub(super) fn node_hash(count: u64, children: &Children) -> Hash {
    let mut hash = Sha256::new_with_prefix("bitpie/commons-node/1\0");
    hash.update(count.to_be_bytes());
    children.iter().for_each(|child| hash.update(child));
    hash.finalize().into()
}

/// A set of ids with its root hash.
#[derive(Clone, Debug, Default)]
pub struct DigestTree {
    root: Node,
}

/// What a part of the tree is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// At most [`LEAF_IDS`] ids, in ascending order.
    Leaf(Vec<StatementId>),
    /// More; the hashes of its children.
    Children(Box<Children>),
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Arc<[StatementId]>),
    Inner(Arc<Inner>),
}

#[derive(Clone, Debug, Default)]
struct Inner {
    count: u64,
    hash: OnceLock<Hash>,
    children: [Node; CHILDREN],
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Arc::default())
    }
}

impl DigestTree {
    /// How many ids there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.root.count()
    }

    /// The hash of all.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root.hash()
    }

    /// Whether an id is there.
    #[must_use]
    pub fn contains(&self, id: &StatementId) -> bool {
        let (mut node, mut depth) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(ids) => return ids.binary_search(id).is_ok(),
                Node::Inner(inner) => node = &inner.children[digit(id, depth)],
            }
            depth += 1;
        }
    }

    /// Adds an id. Returns whether it is new.
    pub fn insert(&mut self, id: StatementId) -> bool {
        let is_new = !self.contains(&id);
        if is_new {
            self.root.insert(id, 0);
        }
        is_new
    }

    /// Takes an id out. Returns whether it was there.
    pub fn remove(&mut self, id: &StatementId) -> bool {
        let was_there = self.contains(id);
        if was_there {
            self.root.remove(id, 0);
        }
        was_there
    }

    /// The part with this beginning.
    #[must_use]
    pub fn part(&self, prefix: &Prefix) -> Part {
        match self.find(prefix) {
            Found::Node(Node::Inner(inner)) => Part::Children(Box::new(inner.hashes())),
            Found::Node(Node::Leaf(ids)) => Part::Leaf(ids.to_vec()),
            Found::Within(ids) => Part::Leaf(ids),
        }
    }

    /// The hash of the part with this beginning.
    #[must_use]
    pub fn hash(&self, prefix: &Prefix) -> Hash {
        match self.find(prefix) {
            Found::Node(node) => node.hash(),
            Found::Within(ids) => leaf_hash(&ids),
        }
    }

    /// The ids with this beginning, in ascending order, at most `limit` of them.
    #[must_use]
    pub fn ids(&self, prefix: &Prefix, limit: usize) -> Vec<StatementId> {
        let mut ids = Vec::new();
        match self.find(prefix) {
            Found::Node(node) => node.collect(&mut ids, limit),
            Found::Within(within) => ids.extend(within.into_iter().take(limit)),
        }
        ids
    }

    /// The leaf in which an id would be, and on the way there, from the root, how many ids each part has and the hashes
    /// of its children.
    pub(super) fn path(&self, id: &StatementId) -> (Vec<(u64, Children)>, &[StatementId]) {
        let (mut node, mut above) = (&self.root, Vec::new());
        loop {
            match node {
                Node::Leaf(ids) => return (above, ids),
                Node::Inner(inner) => {
                    node = &inner.children[digit(id, above.len())];
                    above.push((inner.count, inner.hashes()));
                }
            }
        }
    }

    fn find(&self, prefix: &Prefix) -> Found<'_> {
        let mut node = &self.root;
        for depth in 0..prefix.depth() {
            match node {
                Node::Inner(inner) => node = &inner.children[prefix.digit(depth)],
                // A part of a leaf is a leaf.
                Node::Leaf(ids) => return Found::Within(ids.iter().filter(|id| prefix.is_of(id)).copied().collect()),
            }
        }
        Found::Node(node)
    }
}

enum Found<'a> {
    Node(&'a Node),
    Within(Vec<StatementId>),
}

impl FromIterator<StatementId> for DigestTree {
    fn from_iter<I: IntoIterator<Item = StatementId>>(ids: I) -> Self {
        let mut tree = Self::default();
        tree.extend(ids);
        tree
    }
}

impl Extend<StatementId> for DigestTree {
    fn extend<I: IntoIterator<Item = StatementId>>(&mut self, ids: I) {
        for id in ids {
            self.insert(id);
        }
    }
}

impl Node {
    fn count(&self) -> u64 {
        match self {
            Self::Leaf(ids) => ids.len() as u64,
            Self::Inner(inner) => inner.count,
        }
    }

    fn hash(&self) -> Hash {
        match self {
            Self::Leaf(ids) => leaf_hash(ids),
            Self::Inner(inner) => *inner.hash.get_or_init(|| node_hash(inner.count, &inner.hashes())),
        }
    }

    /// The id is new.
    fn insert(&mut self, id: StatementId, depth: usize) {
        match self {
            Self::Leaf(ids) if ids.len() < LEAF_IDS || depth == PREFIX_DIGITS => {
                let at = ids.partition_point(|other| *other < id);
                *ids = ids[..at].iter().chain([&id]).chain(&ids[at..]).copied().collect();
            }
            Self::Leaf(ids) => {
                let mut inner = Inner { count: ids.len() as u64, ..Inner::default() };
                ids.iter().for_each(|other| inner.children[digit(other, depth)].insert(*other, depth + 1));
                *self = Self::Inner(Arc::new(inner));
                self.insert(id, depth);
            }
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                inner.hash = OnceLock::new();
                inner.count += 1;
                inner.children[digit(&id, depth)].insert(id, depth + 1);
            }
        }
    }

    /// The id is there.
    fn remove(&mut self, id: &StatementId, depth: usize) {
        match self {
            Self::Leaf(ids) => *ids = ids.iter().filter(|other| *other != id).copied().collect(),
            Self::Inner(inner) => {
                let inner = Arc::make_mut(inner);
                inner.hash = OnceLock::new();
                inner.count -= 1;
                inner.children[digit(id, depth)].remove(id, depth + 1);
                if inner.count <= LEAF_IDS as u64 {
                    let mut ids = Vec::with_capacity(LEAF_IDS);
                    self.collect(&mut ids, LEAF_IDS);
                    *self = Self::Leaf(ids.into());
                }
            }
        }
    }

    fn collect(&self, ids: &mut Vec<StatementId>, limit: usize) {
        match self {
            Self::Leaf(own) => ids.extend(own.iter().take(limit - ids.len())),
            Self::Inner(inner) => {
                for child in &inner.children {
                    if ids.len() >= limit {
                        break;
                    }
                    child.collect(ids, limit);
                }
            }
        }
    }
}

impl Inner {
    fn hashes(&self) -> Children {
        self.children.each_ref().map(Node::hash)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    /// The same by its definition.
    fn defined(ids: &[StatementId], depth: usize) -> Hash {
        if ids.len() <= LEAF_IDS {
            return leaf_hash(ids);
        }
        let part = |of| ids.iter().filter(|id| digit(id, depth) == of).copied().collect::<Vec<_>>();
        node_hash(ids.len() as u64, &std::array::from_fn(|of| defined(&part(of), depth + 1)))
    }

    /// Ids that have long beginnings in common, and others.
    fn any_id() -> impl Strategy<Value = StatementId> {
        (0..3_u8, any::<[u8; 2]>()).prop_map(|(equal, rest)| {
            let mut id = [0; 32];
            match equal {
                0 => id[..2].copy_from_slice(&rest),
                1 => id[5..7].copy_from_slice(&rest),
                _ => id[30..].copy_from_slice(&rest),
            }
            StatementId(id)
        })
    }

    proptest! {
        #[test]
        fn the_root_follows_from_the_set(ids in vec(any_id(), 0..200), out in vec(any::<prop::sample::Index>(), 0..100)) {
            let mut tree = DigestTree::default();
            let mut set = BTreeSet::new();
            for id in &ids {
                prop_assert_eq!(tree.insert(*id), set.insert(*id));
            }
            for index in out.iter().filter(|_| !ids.is_empty()) {
                let id = ids[index.index(ids.len())];
                let kept = tree.clone();
                prop_assert_eq!(tree.remove(&id), set.remove(&id));
                prop_assert!(kept.root() == tree.root() || kept.contains(&id));
            }
            let left: Vec<_> = set.iter().copied().collect();
            prop_assert_eq!(tree.root(), defined(&left, 0));
            prop_assert_eq!(tree.count(), left.len() as u64);
            prop_assert_eq!(tree.ids(&Prefix::ROOT, usize::MAX), left.clone());
            prop_assert_eq!(left.iter().rev().copied().collect::<DigestTree>().root(), tree.root());
        }

        #[test]
        fn a_part_is_that_of_the_ids_which_begin_so(ids in btree_set(any_id(), 0..200), at in any_id(), depth in 0..64_usize) {
            let tree: DigestTree = ids.iter().copied().collect();
            let prefix = (0..depth).fold(Prefix::ROOT, |prefix, depth| prefix.child(digit(&at, depth)));
            let part: Vec<_> = ids.iter().filter(|id| prefix.is_of(id)).copied().collect();
            prop_assert_eq!(tree.hash(&prefix), defined(&part, depth));
            prop_assert_eq!(tree.ids(&prefix, 5), part.iter().take(5).copied().collect::<Vec<_>>());
            match tree.part(&prefix) {
                Part::Leaf(ids) => prop_assert_eq!(ids, part),
                Part::Children(children) => {
                    prop_assert!(part.len() > LEAF_IDS);
                    prop_assert_eq!(node_hash(part.len() as u64, &children), tree.hash(&prefix));
                }
            }
        }
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let id = |number: u32| StatementId::of(&number.to_be_bytes());
        let mut tree: DigestTree = (0..1000).map(id).collect();
        let (copy, root) = (tree.clone(), tree.root());
        tree.extend((1000..1100).map(id));
        assert_eq!((copy.root(), copy.count()), (root, 1000));
        assert_ne!(tree.root(), root);
        assert!((1000..1100).all(|number| tree.remove(&id(number))));
        assert_eq!(tree.root(), root);
    }

    #[test]
    fn without_ids_it_is_empty() {
        assert_eq!((DigestTree::default().root(), DigestTree::default().count()), (EMPTY, 0));
    }
}
