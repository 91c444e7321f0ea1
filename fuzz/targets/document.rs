//! Identity documents: as they come, and as somebody with a key could make them, well signed and with anything in them.

#![no_main]

use bitpie::identity::Signed;
use bitpie::identity::{DOCUMENT_BYTES, DOCUMENT_VALIDITY_S, Domain, IdentityKey, Rank, VerifiedDocument, judge};
use libfuzzer_sys::fuzz_target;

/// The time of the test vectors, which are the seeds.
const NOW_UNIX_MS: u64 = 1_700_000_000_123;

fuzz_target!(|data: &[u8]| {
    check(data);
    let signed = Signed::sign(&IdentityKey::from_seed(&[1; 32]), Domain::Document, data);
    assert_eq!(signed.unverified_body(), data);
    check(signed.as_bytes());
});

fn check(bytes: &[u8]) {
    let Ok(verified) = VerifiedDocument::verify(bytes, NOW_UNIX_MS) else { return };
    assert_eq!(verified.as_bytes(), bytes);
    assert!(bytes.len() <= DOCUMENT_BYTES);
    let document = verified.document();
    assert!(document.valid_until_unix_s - document.time_unix_s <= DOCUMENT_VALIDITY_S);
    assert_eq!(judge(Some((document.revision, verified.digest())), &verified), Rank::Same);
    // To say the same again takes no more room than a stranger took to say it.
    let (again, left_out) = document.clone().sign(&IdentityKey::from_seed(&[1; 32]));
    assert!(left_out.is_empty());
    assert_eq!(again.document(), document);
}
