//! Randomness of the system, for whoever needs it as data.

/// So many random bytes.
///
/// # Panics
/// If the system has none, in which case no key and no session would be safe.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// A chance from 0 to 999 milliseconds.
#[must_use]
pub fn chance_ms() -> u64 {
    u64::from(u32::from_le_bytes(random())) % 1_000
}
