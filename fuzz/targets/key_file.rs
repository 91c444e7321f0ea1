//! Key files: as somebody could have changed one on a disk or in a backup, and as nobody has written any.
//!
//! The costs that a file asks for are bounded, but not small; so only those that are cheap are paid here.

#![no_main]

use bitpie::identity::key_file::{KEY_FILE_BYTES, PassphraseCost, decode, encode_encrypted, encode_plain, summary};
use libfuzzer_sys::fuzz_target;

/// KiB that all passes of a try may go over.
const CHEAP_KIB: u32 = 2048;

/// The passphrase of the test vectors, which are the seeds.
const PASSPHRASE: &[u8] = b"correct horse battery staple";

fuzz_target!(|text: &str| {
    let Ok(found) = summary(text) else {
        // Whoever asks for more is told no before anything is paid.
        assert!(decode(text, Some(PASSPHRASE)).is_err());
        return;
    };
    assert!(text.len() <= KEY_FILE_BYTES);
    let most = PassphraseCost::MOST;
    let is_cheap = found.cost.is_none_or(|cost| {
        assert!(cost.memory_kib <= most.memory_kib && cost.passes <= most.passes && cost.lanes <= most.lanes);
        cost.memory_kib * cost.passes <= CHEAP_KIB
    });
    if !is_cheap {
        assert!(decode(text, None).is_err());
        return;
    }
    let Ok(key) = decode(text, Some(PASSPHRASE)) else { return };
    assert_eq!(key.id(), found.id);
    // The same key again, in both forms.
    let plain = encode_plain(&key);
    assert_eq!(decode(&plain, None).map(|key| key.id()), Ok(found.id));
    let cost = PassphraseCost { memory_kib: 8, passes: 1, lanes: 1 };
    let encrypted = encode_encrypted(&key, PASSPHRASE, cost, &[1; 16], &[2; 12]).expect("it is cheap");
    assert_eq!(decode(&encrypted, Some(PASSPHRASE)).map(|key| key.id()), Ok(found.id));
});
