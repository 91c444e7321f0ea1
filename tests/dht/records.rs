//! What is written into a DHT of sixty nodes, by honest nodes and by others, and what is read of it.

use std::time::Duration;

use bitpie::dht::{
    Claimant, Dht, Directory, Item, NicknameClaim, PublishError, SlotAnswer, SlotError, SlotState, WriteError,
};
use bitpie::identity::IdentityKey;
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt as _, future};
use tokio::time::timeout;

use crate::network::{NETWORK, Network, Relay, alice, client, document, key, now_unix_ms, server, server_at, silent};

/// After this a test has failed. The machine may be busy with other things.
const DEADLINE: Duration = Duration::from_secs(60);

/// So long a lookup may take to which nobody answers: two attempts, each of which ends after 20 s (`LOOKUP_TIMEOUT` of
/// `dht::engine`), and some time for a busy machine.
const SILENT_LOOKUP: Duration = Duration::from_secs(45);

/// Everybody who is found, by slot.
async fn search(directory: &Directory) -> Vec<(u8, Claimant)> {
    let mut found: Vec<(u8, Claimant)> = directory
        .search(&alice(), 10, false, now_unix_ms())
        .filter_map(|read| async move { read.claimant.map(|claimant| (read.index, claimant)) })
        .collect()
        .await;
    found.sort_by_key(|(index, _)| *index);
    found
}

/// Somebody whose document is published, and who holds slot `index`.
async fn holds(directory: &Directory, key: &IdentityKey, index: u8) {
    let document = document(key, 1, Some(alice()));
    directory.publish(key, &document).await.expect("it is published");
    directory.write_slot(&directory.slot(&alice(), index), key, now_unix_ms()).await.expect("it is written");
}

/// Writes anything into a slot, as anybody can.
async fn overwrite(dht: &Dht, directory: &Directory, index: u8, value: &[u8], sequence: i64) {
    let item = directory.slot(&alice(), index).item(value, sequence).expect("it fits");
    dht.write(&item, None).await.expect("anybody can write");
}

#[tokio::test]
async fn a_document_is_published_found_and_changed() {
    let network = Network::new();
    let (owner, reader) = (network.directory(), network.directory());
    let key = key(1);
    assert_eq!(reader.document(&key.id(), now_unix_ms()).await, None);
    let documents = [1, 2, 3].map(|revision| document(&key, revision, None));
    for document in &documents {
        let nodes = owner.publish(&key, document).await.expect("it is published");
        assert!(nodes >= 10, "{nodes} nodes have it");
        assert_eq!(reader.document(&key.id(), now_unix_ms()).await.as_ref(), Some(document));
    }
    // Who went back in time is told, and takes nothing back.
    let error = owner.publish(&key, &document(&key, 2, None)).await.expect_err("there is a higher revision");
    let PublishError::HigherRevision { published, revision: 2 } = error else { panic!("{error}") };
    let found = reader.document(&key.id(), now_unix_ms()).await.expect("it is there");
    assert_eq!(*published, found, "what is there is handed back, so that the owner can go above it");
    assert_eq!(found.document().revision, 3);
    // It counts for a week.
    assert_eq!(reader.document(&key.id(), now_unix_ms() + 8 * 86_400_000).await, None);
}

#[tokio::test]
async fn a_slot_is_judged_by_claims_and_by_what_the_documents_of_claimants_say() {
    let network = Network::new();
    let directory = network.directory();
    let slot = directory.slot(&alice(), 0);
    let (one, other) = (key(1), key(2));
    let now = now_unix_ms();
    assert_eq!(directory.read_slot(&slot, &one.id(), now).await, Ok(SlotState::Empty));
    holds(&directory, &one, 0).await;
    assert_eq!(directory.read_slot(&slot, &one.id(), now).await, Ok(SlotState::Mine));
    let seen_by_other =
        if slot.compare(&one.id(), &other.id()).is_lt() { SlotState::Prevails } else { SlotState::Yields };
    assert_eq!(directory.read_slot(&slot, &other.id(), now).await, Ok(seen_by_other));

    // The claimant's own document does not name the nickname any more.
    directory.publish(&one, &document(&one, 2, None)).await.expect("it is published");
    assert_eq!(directory.read_slot(&slot, &other.id(), now).await, Ok(SlotState::Empty));
    // And after two days nobody believes the claim.
    directory.publish(&one, &document(&one, 3, Some(alice()))).await.expect("it is published");
    assert_eq!(directory.read_slot(&slot, &other.id(), now + 3 * 86_400_000).await, Ok(SlotState::Empty));
    // Taken out by its owner alone.
    directory.erase_slot(&slot, &other.id(), now).await.expect("there is nothing to do");
    assert_eq!(directory.read_slot(&slot, &one.id(), now).await, Ok(SlotState::Mine));
    directory.erase_slot(&slot, &one.id(), now).await.expect("it is erased");
    assert_eq!(directory.read_slot(&slot, &one.id(), now).await, Ok(SlotState::Empty));
}

#[tokio::test]
async fn what_others_write_into_a_slot_counts_as_nothing() {
    let network = Network::new();
    let (directory, attacker) = (network.directory(), network.client());
    let (owner, mallory) = (key(1), key(2));
    let now = now_unix_ms();
    holds(&directory, &owner, 0).await;

    let unsigned = NicknameClaim::new("test", alice(), 0, owner.id(), now);
    let forged = bitpie::identity::Signed::sign(
        &mallory,
        bitpie::identity::Domain::NicknameClaim,
        &bitpie::codec::encode(&unsigned),
    );
    // A true claim, of another slot.
    let elsewhere = NicknameClaim::new("test", alice(), 5, owner.id(), now).sign(&owner);
    // A true claim of somebody whose document does not name the nickname.
    let valid = NicknameClaim::new("test", alice(), 0, mallory.id(), now).sign(&mallory);
    let values: [&[u8]; 5] = [b"garbage", &[0xff; 996], forged.as_bytes(), elsewhere.as_bytes(), valid.as_bytes()];
    for (sequence, value) in (10..).zip(values) {
        overwrite(&attacker, &directory, 0, value, sequence).await;
        let state = directory.read_slot(&directory.slot(&alice(), 0), &owner.id(), now).await;
        assert_eq!(state, Ok(SlotState::Empty), "sequence {sequence}");
        assert_eq!(search(&directory).await, []);
    }
    // The owner notices at the next check, and takes the place back.
    directory.write_slot(&directory.slot(&alice(), 0), &owner, now).await.expect("it is written");
    let found = search(&directory).await;
    assert_eq!(
        found.iter().map(|(index, claimant)| (*index, claimant.document.id())).collect::<Vec<_>>(),
        [(0, owner.id())]
    );

    // The highest sequence number there is: the slot cannot be written any more, by nobody.
    overwrite(&attacker, &directory, 0, b"no one", i64::MAX).await;
    let error = directory.write_slot(&directory.slot(&alice(), 0), &owner, now).await;
    assert_eq!(error, Err(SlotError::SequenceExhausted));
}

#[tokio::test]
async fn who_has_written_meanwhile_is_not_overwritten() {
    let network = Network::new();
    let (directory, other) = (network.directory(), network.client());
    let item = |value: &[u8], sequence| directory.slot(&alice(), 0).item(value, sequence).expect("it fits");
    other.write(&item(b"first", 1), None).await.expect("there was nothing");
    other.write(&item(b"second", 2), Some(1)).await.expect("it takes the first one's place");
    // Two clients do not ask quite the same nodes. Now those whom the late one asks have it too.
    directory.dht().write(&item(b"second", 2), None).await.expect("it is the same again");
    // Whoever has read the first, and comes too late.
    let late = directory.dht().write(&item(b"late", 3), Some(1)).await;
    assert_eq!(late, Err(WriteError::HoldOther));
    let found = other.read(&directory.slot(&alice(), 0).public_key()).await;
    assert_eq!(found.values.keys().collect::<Vec<_>>(), [&(2, b"second".to_vec())]);
}

#[tokio::test]
async fn a_slot_whose_nodes_hold_different_numbers_can_be_written() {
    // As if the second value had reached a few of them only.
    let (most, few) = (Network::of(24), Network::of(8));
    let directory = Directory::new(most.client_of_both(&few), NETWORK);
    let slot = directory.slot(&alice(), 0);
    overwrite(&most.client(), &directory, 0, b"first", 1).await;
    overwrite(&few.client(), &directory, 0, b"second", 2).await;
    let found = directory.dht().read(&slot.public_key()).await;
    let held: Vec<(i64, u32)> = found.values.iter().map(|((sequence, _), nodes)| (*sequence, *nodes)).collect();
    assert!(matches!(held[..], [(1, first), (2, second)] if first > second), "sequence number, nodes: {held:?}");
    // Most of them refuse what is to take the second value's place, and would for ever.
    let third = slot.item(b"third", 3).expect("it fits");
    assert_eq!(directory.dht().write(&third, Some(2)).await, Err(WriteError::HoldOther));
    holds(&directory, &key(1), 0).await;
    assert_eq!(directory.read_slot(&slot, &key(1).id(), now_unix_ms()).await, Ok(SlotState::Mine));
}

#[tokio::test]
async fn whoever_is_seen_first_in_a_slot_keeps_nobody_from_those_who_prevail() {
    const SLOTS: u8 = 4;
    // Two who wrote at once, under the same number: most nodes have the claim that has to give way, so it is seen
    // first, and a document is looked for that nobody has.
    let (most, few) = (Network::of(24), Network::of(8));
    let directory = Directory::new(most.client_of_both(&few), NETWORK);
    let (of_most, of_few) = (most.client(), few.client());
    let mut expected = Vec::new();
    for index in 0..SLOTS {
        let slot = directory.slot(&alice(), index);
        let mut pair = [key(10 + index), key(50 + index)];
        pair.sort_by(|one, other| slot.compare(&one.id(), &other.id()));
        directory.publish(&pair[0], &document(&pair[0], 1, Some(alice()))).await.expect("it is published");
        for (key, dht) in pair.iter().zip([&of_few, &of_most]) {
            let claim = NicknameClaim::new(NETWORK, alice(), index, key.id(), now_unix_ms()).sign(key);
            overwrite(dht, &directory, index, claim.as_bytes(), 1).await;
        }
        expected.push((index, pair[0].id()));
    }
    let searches = future::join(search(&directory), search(&directory));
    let (found, again) = tokio::time::timeout(Duration::from_secs(30), searches).await.expect("nobody waits for ever");
    for found in [found, again] {
        // A lookup may miss the few nodes that know of the one who prevails; whoever is found prevails.
        let found: Vec<_> = found.iter().map(|(index, claimant)| (*index, claimant.document.id())).collect();
        assert!(!found.is_empty() && found.iter().all(|one| expected.contains(one)), "{found:?}, {expected:?}");
    }
}

#[tokio::test]
async fn nobody_waits_for_the_many_documents_that_are_looked_for_meanwhile() {
    const CONTACTS: u8 = 60;
    let network = Network::new();
    let directory = network.directory();
    holds(&directory, &key(1), 0).await;
    // Contacts whose documents nobody has: each takes until everybody near to it has answered or had the time to.
    let away = (100..100 + CONTACTS).map(|seed| {
        let (directory, id) = (directory.clone(), key(seed).id());
        async move { directory.document(&id, now_unix_ms()).await }
    });
    let mut away = away.collect::<FuturesUnordered<_>>();
    let urgent = async {
        directory.publish(&key(1), &document(&key(1), 2, Some(alice()))).await.expect("it is published");
        assert_eq!(search(&directory).await.len(), 1);
    };
    let mut urgent = std::pin::pin!(urgent);
    let mut looked_for = 0;
    loop {
        tokio::select! {
            () = &mut urgent => break,
            Some(document) = away.next() => {
                assert_eq!(document, None);
                looked_for += 1;
            }
        }
    }
    assert!(looked_for < CONTACTS, "all {looked_for} were looked for first");
}

#[tokio::test]
async fn a_document_under_somebody_elses_key_is_none() {
    let network = Network::new();
    let directory = network.directory();
    let (one, mallory) = (key(1), key(2));
    // Mallory publishes somebody else's document, and a forged one, under her own key.
    let stolen = document(&one, 1, None);
    let item = Item::sign_own(&mallory, stolen.as_bytes(), 7).expect("it fits");
    directory.dht().write(&item, None).await.expect("it is her own key");
    assert_eq!(directory.document(&mallory.id(), now_unix_ms()).await, None);
    assert_eq!(directory.document(&one.id(), now_unix_ms()).await, None);
}

#[tokio::test]
async fn half_of_the_nodes_may_go() {
    let mut network = Network::new();
    let directory = network.directory();
    holds(&directory, &key(1), 0).await;
    let half = network.testnet.nodes.len() / 2;
    network.testnet.nodes.drain(..half);
    // By somebody who knew the DHT before, and asks the dead too.
    let found = search(&directory).await;
    assert_eq!(found.len(), 1);
    assert!(directory.document(&key(1).id(), now_unix_ms()).await.is_some());
}

/// How many of the ten slots have answered, and in which ones somebody is found.
async fn answered(directory: &Directory) -> (usize, Vec<u8>) {
    let read: Vec<SlotAnswer> = directory.search(&alice(), 10, false, now_unix_ms()).collect().await;
    let mut claimed: Vec<u8> = read.iter().filter(|read| read.claimant.is_some()).map(|read| read.index).collect();
    claimed.sort_unstable();
    (read.iter().filter(|read| read.is_answered).count(), claimed)
}

#[tokio::test]
async fn what_has_not_answered_is_not_empty() {
    let (_server, address) = server().await;
    let whole = Directory::new(client(vec![address.clone()]), NETWORK);
    let sockets = [silent(), silent()];
    let silent = sockets.iter().map(|socket| socket.local_addr().expect("an address").to_string());
    let partial = Directory::new(client([address].into_iter().chain(silent).collect()), NETWORK);
    let (one, now) = (key(1), now_unix_ms());
    let slot = partial.slot(&alice(), 0);

    // A node that says that it has no value has answered.
    assert_eq!(whole.read_slot(&slot, &one.id(), now).await, Ok(SlotState::Empty));
    assert_eq!(answered(&whole).await, (10, vec![]));
    // One of three.
    let few = SlotError::FewAnswer { answered: 1, asked: 3 };
    assert_eq!(partial.read_slot(&slot, &one.id(), now).await, Err(few.clone()));
    assert_eq!(partial.write_slot(&slot, &one, now).await, Err(few.clone()));
    assert_eq!(partial.erase_slot(&slot, &one.id(), now).await, Err(few.clone()));
    assert_eq!(answered(&partial).await, (0, vec![]));
    assert!(partial.dht().is_anybody_there().await);

    // What is heard nevertheless is told, and the place counts as one that has not answered.
    holds(&whole, &one, 3).await;
    assert_eq!(answered(&whole).await, (10, vec![3]));
    assert_eq!(answered(&partial).await, (0, vec![3]));
    let slot = partial.slot(&alice(), 3);
    assert_eq!(partial.read_slot(&slot, &one.id(), now).await, Ok(SlotState::Mine));
    // To take it from somebody, more have to answer.
    let prevails = (10..).map(key).find(|key| slot.compare(&key.id(), &one.id()).is_lt()).expect("half of all do");
    assert_eq!(whole.read_slot(&slot, &prevails.id(), now).await, Ok(SlotState::Yields));
    assert_eq!(partial.read_slot(&slot, &prevails.id(), now).await, Err(few));
}

#[tokio::test]
async fn one_server_is_a_dht() {
    let (server, address) = server().await;
    // Its own records, in its own store.
    let directory = Directory::new(server, NETWORK);
    holds(&directory, &key(1), 0).await;
    assert_eq!(answered(&directory).await, (10, vec![0]));
    let clients = [address.clone(), address].map(|address| Directory::new(client(vec![address]), NETWORK));
    holds(&clients[0], &key(2), 1).await;
    for directory in [&directory, &clients[0], &clients[1]] {
        assert_eq!(answered(directory).await, (10, vec![0, 1]));
    }
}

#[tokio::test]
async fn in_a_dht_of_ones_own_nobody_is_waited_for_who_does_not_answer() {
    let sockets = [silent(), silent(), silent()];
    let ports: Vec<u16> = sockets.iter().map(|socket| socket.local_addr().expect("an address").port()).collect();
    drop(sockets);
    let servers: Vec<Dht> = ports.iter().map(|port| server_at(*port, &ports)).collect();
    let addresses: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let clients = [client(addresses.clone()), client(addresses)];
    for round in 0..3 {
        for dht in servers.iter().chain(&clients) {
            // Clients ask for themselves as nodes do, and must not be taken for such.
            let found = dht.read(&[round; 32]).await;
            assert!(found.is_answered && found.answered >= 3 && found.answered == found.asked, "{found:?}");
        }
    }
}

#[tokio::test]
async fn a_search_that_lost_a_claimant_is_not_complete() {
    // Three nodes that know nothing of each other; what comes and goes is lost at random, a quarter each way.
    let nodes = [server().await, server().await, server().await];
    let all: Vec<String> = nodes.iter().map(|(_, address)| address.clone()).collect();
    let whole = Directory::new(client(all.clone()), NETWORK);
    holds(&whole, &key(1), 0).await;
    holds(&whole, &key(2), 1).await;
    assert_eq!(answered(&whole).await, (10, vec![0, 1]));
    let relays: Vec<Relay> = (0..).zip(&all).map(|(seed, node)| Relay::new(node, seed)).collect();
    let lossy = Directory::new(client(relays.iter().map(Relay::address).collect()), NETWORK);
    for search in 0..8 {
        let (answered, claimed) = answered(&lossy).await;
        assert!(answered < 10 || claimed == [0, 1], "search {search}: all have answered, and found is {claimed:?}");
    }
}

#[tokio::test]
async fn where_nobody_answers_there_is_an_end() {
    let network = Network::new();
    let directory = network.directory();
    assert!(directory.dht().is_anybody_there().await);
    drop(network);
    // Its threads end one after the other.
    let silence = async { while directory.dht().is_anybody_there().await {} };
    timeout(DEADLINE, silence).await.expect("nobody answers any more");
    let slot = directory.slot(&alice(), 0);
    let id = key(1).id();
    let read = timeout(SILENT_LOOKUP, directory.read_slot(&slot, &id, now_unix_ms())).await;
    assert_eq!(read.expect("reading ends"), Err(SlotError::NobodyAnswers));
    // A lookup of the document that there is, and the writing.
    let (key, document) = (key(1), document(&key(1), 1, None));
    let published = timeout(SILENT_LOOKUP * 2, directory.publish(&key, &document)).await;
    assert!(published.expect("publishing ends").is_err());
}
