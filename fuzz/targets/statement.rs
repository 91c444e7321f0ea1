//! Statements of the shared database: as they come, and as somebody with a key could make them, well signed and with
//! anything in them.

#![no_main]

use bitpie::commons::{Commons, MemoryStore, Network, STATEMENT_BYTES, Statement, check};
use bitpie::identity::{Domain, IdentityKey, Signed};
use libfuzzer_sys::fuzz_target;

/// The time of the test vectors, which are the seeds.
const NOW_UNIX_MS: u64 = 1_700_000_000_123;

fuzz_target!(|data: &[u8]| {
    look(data);
    look(Signed::sign(&IdentityKey::from_seed(&[1; 32]), Domain::Statement, data).as_bytes());
});

fn look(bytes: &[u8]) {
    let network = Network::named("test");
    let Ok(statement) = Statement::verify(bytes, &network, NOW_UNIX_MS) else { return };
    assert!(bytes.len() <= STATEMENT_BYTES);
    assert_eq!(statement.as_bytes(), bytes);
    assert_eq!(Statement::kept(bytes, &network).as_ref(), Ok(&statement));
    assert!((1..=9).contains(&statement.body().stands_on().count()));
    let mut commons = Commons::open(network.clone(), MemoryStore::default()).expect("memory can be read");
    if commons.take(bytes, statement.body().author, NOW_UNIX_MS, 0).is_ok() {
        assert!(commons.knows(&statement.id()));
    }
    assert_eq!(check(commons.store(), &network, commons.tree()), Ok(Vec::new()));
}
