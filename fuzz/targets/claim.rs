//! What anybody can write into a slot of a nickname: a claim, or something that only looks like one.

#![no_main]

use bitpie::codec::{decode, encode};
use bitpie::dht::{NicknameClaim, VerifiedClaim};
use bitpie::identity::Signed;
use bitpie::identity::{Domain, IdentityKey};
use bitpie::nickname::Nickname;
use libfuzzer_sys::fuzz_target;

/// The time of the test vectors, which are the seeds.
const NOW_UNIX_MS: u64 = 1_700_000_000_123;

/// A claim that holds is for the slot that was asked for, and of the key that has signed it.
fn look(bytes: &[u8], network: &str, nickname: &Nickname, index: u8) -> bool {
    let Ok(claim) = VerifiedClaim::verify(bytes, network, nickname, index, NOW_UNIX_MS) else { return false };
    let said = claim.claim();
    assert_eq!((said.network.as_str(), &said.nickname, said.index), (network, nickname, index));
    assert_eq!(claim.as_bytes(), bytes);
    true
}

fuzz_target!(|data: &[u8]| {
    let alice: Nickname = "alice".parse().expect("a nickname");
    look(data, "main", &alice, 0);
    // A body that nobody has signed yet, signed as it is.
    let Ok(claim) = decode::<NicknameClaim>(data) else { return };
    let key = IdentityKey::from_seed(&[1; 32]);
    let signed = Signed::sign(&key, Domain::NicknameClaim, data);
    let (network, nickname) = (claim.network.clone(), claim.nickname.clone());
    let holds = look(signed.as_bytes(), network.as_str(), &nickname, claim.index);
    assert!(!holds || claim.id == key.id(), "a claim of somebody else");
    assert!(!encode(&claim).is_empty());
});
