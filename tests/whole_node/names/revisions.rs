//! What the DHT remembers of this identity, and this home does not.

use bitpie::identity::{IdentityDocument, SealingKey};

use super::Network;
use crate::peer::now_unix_ms;

#[test]
fn a_node_goes_above_the_document_of_its_own_that_is_published() {
    let network = Network::new();
    let mut node = super::node(network.bootstrap(), &[]);
    node.id();
    let key = node.key();
    // It was published when the clock was ahead, or by a home of which this one is an older copy.
    let published = 4 * now_unix_ms();
    let stranger = network.stranger();
    let sealing = SealingKey::derive(&key, 0).public();
    let document = IdentityDocument::new(key.id(), sealing, published, now_unix_ms()).sign(&key).0;
    stranger.runtime.block_on(stranger.directory.publish(&key, &document)).expect("it is published");

    node.start();
    node.until("its document is published, above that", |_| {
        let found = stranger.runtime.block_on(stranger.directory.document(&key.id(), now_unix_ms()));
        found.is_some_and(|found| (published + 1..published + 100).contains(&found.document().revision))
    });
    let [notice] = &node.status().notices[..] else { panic!("{:?}", node.status().notices) };
    assert!(notice.contains("others knew a newer identity document"), "{notice}");
    node.until("it is published", |node| node.status().dht.identity == "PUBLISHED");
}
