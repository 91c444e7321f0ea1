//! The certificates of the API over WebTransport, as the core knows them: not their keys.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Serialize;

/// The SHA-256 hash of a certificate's DER, by which a browser recognises it (W3C WebTransport,
/// `serverCertificateHashes`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct CertificateHash(pub [u8; 32]);

impl fmt::Display for CertificateHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for CertificateHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<CertificateHash> for String {
    fn from(hash: CertificateHash) -> Self {
        hash.to_string()
    }
}

impl FromStr for CertificateHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or("a hash has 64 hexadecimal digits")
    }
}

/// A certificate that the node has, with times in milliseconds of unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownCertificate {
    /// Which.
    pub hash: CertificateHash,
    /// From when on it is valid.
    pub begins_unix_ms: u64,
    /// Until when.
    pub ends_unix_ms: u64,
}

impl KnownCertificate {
    fn is_valid(&self, unix_ms: u64) -> bool {
        self.begins_unix_ms <= unix_ms && unix_ms < self.ends_unix_ms
    }

    fn lasts(&self, unix_ms: u64, time_ms: u64) -> bool {
        self.is_valid(unix_ms) && self.is_valid(unix_ms.saturating_add(time_ms))
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct ApiCertificates {
    /// Those that have not ended.
    pub known: Vec<KnownCertificate>,
    /// The one that is shown.
    pub shown: Option<CertificateHash>,
    /// Why there is none, or no further one.
    pub problem: Option<String>,
}

/// Certificates that are known at the same time, at most: two in regular use, and some more after a clock has jumped.
const CERTIFICATES: usize = 4;

impl ApiCertificates {
    /// There is one more.
    pub fn note(&mut self, certificate: KnownCertificate) {
        self.known.retain(|known| known.hash != certificate.hash);
        self.known.push(certificate);
        self.known.sort_by_key(|known| known.ends_unix_ms);
        if self.known.len() > CERTIFICATES {
            self.known.remove(0);
        }
    }

    /// Forgets those that have ended.
    pub fn forget_ended(&mut self, unix_ms: u64) {
        self.known.retain(|known| unix_ms < known.ends_unix_ms);
    }

    /// Whether one is valid now, and when so much time has passed.
    #[must_use]
    pub fn lasts(&self, unix_ms: u64, time_ms: u64) -> bool {
        self.known.iter().any(|known| known.lasts(unix_ms, time_ms))
    }

    /// Which is to be shown: of those that last so long the one that ends first, for pages know it for longest; if none
    /// lasts so long, the one that ends last.
    #[must_use]
    pub fn best(&self, unix_ms: u64, time_ms: u64) -> Option<CertificateHash> {
        let valid = || self.known.iter().filter(|known| known.is_valid(unix_ms));
        let lasting = valid().filter(|known| known.lasts(unix_ms, time_ms));
        let first = lasting.min_by_key(|known| known.ends_unix_ms);
        first.or_else(|| valid().max_by_key(|known| known.ends_unix_ms)).map(|known| known.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(number: u8, begins_unix_ms: u64, ends_unix_ms: u64) -> KnownCertificate {
        KnownCertificate { hash: CertificateHash([number; 32]), begins_unix_ms, ends_unix_ms }
    }

    #[test]
    fn the_older_one_is_shown_until_shortly_before_its_end() {
        let mut certificates = ApiCertificates::default();
        assert_eq!(certificates.best(5, 1), None);
        certificates.note(certificate(1, 0, 100));
        certificates.note(certificate(2, 70, 170));
        let best = |unix_ms| certificates.best(unix_ms, 10).map(|hash| hash.0[0]);
        assert_eq!([best(60), best(80), best(89)], [Some(1); 3]);
        assert_eq!([best(90), best(100), best(165)], [Some(2); 3]);
        assert_eq!(best(170), None);
        assert!(certificates.lasts(60, 39) && !certificates.lasts(60, 40) && certificates.lasts(75, 94));
    }

    #[test]
    fn one_that_begins_later_than_the_clock_says_is_not_shown() {
        let mut certificates = ApiCertificates::default();
        certificates.note(certificate(1, 1_000, 2_000));
        assert!(certificates.best(500, 0).is_none() && !certificates.lasts(500, 1_000));
        certificates.note(certificate(2, 400, 1_400));
        assert_eq!(certificates.best(500, 0).map(|hash| hash.0[0]), Some(2));
    }

    #[test]
    fn no_more_are_known_than_are_of_use() {
        let mut certificates = ApiCertificates::default();
        for number in 0..100 {
            certificates.note(certificate(number, 0, u64::from(number)));
        }
        assert_eq!(certificates.known.len(), CERTIFICATES);
        certificates.forget_ended(98);
        assert_eq!(certificates.known, [certificate(99, 0, 99)]);
    }

    #[test]
    fn a_hash_is_read_as_it_is_written() {
        let hash = CertificateHash([0xa5; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.to_string().to_uppercase().parse(), Ok(hash));
        for wrong in ["", "a5", &"a5".repeat(33), &"zz".repeat(32)] {
            assert!(wrong.parse::<CertificateHash>().is_err(), "{wrong}");
        }
    }
}
