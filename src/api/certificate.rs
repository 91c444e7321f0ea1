//! Certificates of the API over WebTransport: made here, signed by their own keys, kept in the home folder, and shown as
//! the automaton `api_certificate` says.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use data_encoding::HEXLOWER;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zeroize::{Zeroize as _, Zeroizing};

use crate::world::CertificateHash;

/// A certificate is dated back by so much, for clients whose clocks are behind.
pub const DATED_BACK_MS: u64 = 60 * 60 * 1_000;

/// Browsers take no certificate by its hash that is valid for longer (W3C WebTransport, 13 days are asked for).
pub const LONGEST_MS: u64 = 14 * 24 * 60 * 60 * 1_000;

/// Certificates that are kept, at most.
const KEPT: usize = 4;

/// A certificate with its key.
#[derive(Clone)]
pub struct Certificate {
    hash: CertificateHash,
    der: Vec<u8>,
    /// PKCS #8, as DER.
    key: Zeroizing<Vec<u8>>,
    begins_unix_ms: u64,
    ends_unix_ms: u64,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hash, begins_unix_ms, ends_unix_ms, .. } = self;
        write!(formatter, "Certificate({hash}, from {begins_unix_ms} to {ends_unix_ms}, its key is hidden)")
    }
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be made.
    #[error("a certificate cannot be made: {0}")]
    NotMade(#[from] rcgen::Error),
    /// The clock says a time of which no certificate can be.
    #[error(
        "the clock of this machine says a time that no certificate can have ({unix_ms} ms of unix time): set the clock"
    )]
    OddClock {
        /// What it says.
        unix_ms: u64,
    },
    /// What was kept cannot be used.
    #[error("the kept certificate and its key cannot be used: {why}")]
    Damaged {
        /// In what way; never with the key.
        why: String,
    },
}

/// As it is kept in the home folder. Times are in milliseconds of unix time.
#[derive(Serialize, Deserialize)]
struct KeptCertificate {
    certificate: String,
    key: String,
    begins_unix_ms: u64,
    ends_unix_ms: u64,
}

impl Drop for KeptCertificate {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl Certificate {
    /// Makes one for a key of its own (ECDSA with P-256), which lasts so long from now on, [`LONGEST_MS`] at most.
    ///
    /// # Errors
    /// If the clock says nothing that can be, or the system gives no random bytes.
    pub fn make(now_unix_ms: u64, lifetime_ms: u64) -> Result<Self, CertificateError> {
        let second = |unix_ms: u64| unix_ms / 1_000 * 1_000;
        let begins_unix_ms = second(now_unix_ms.saturating_sub(DATED_BACK_MS));
        let longest = begins_unix_ms.saturating_add(LONGEST_MS);
        let ends_unix_ms = second(now_unix_ms.saturating_add(lifetime_ms)).min(longest);
        let date = |unix_ms: u64| {
            let seconds = i64::try_from(unix_ms / 1_000).ok();
            let date = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
            date.ok_or(CertificateError::OddClock { unix_ms })
        };
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()])?;
        parameters.not_before = date(begins_unix_ms)?;
        parameters.not_after = date(ends_unix_ms)?;
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "bitpie");
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let der = parameters.self_signed(&key)?.der().to_vec();
        let key = Zeroizing::new(key.serialize_der());
        Ok(Self { hash: hash_of(&der), der, key, begins_unix_ms, ends_unix_ms })
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> CertificateHash {
        self.hash
    }

    /// From when until when it is valid, in milliseconds of unix time.
    #[must_use]
    pub fn validity_unix_ms(&self) -> (u64, u64) {
        (self.begins_unix_ms, self.ends_unix_ms)
    }

    fn certified_key(&self) -> Result<CertifiedKey, CertificateError> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.to_vec()));
        let signing = ring::sign::any_ecdsa_type(&key);
        let signing = signing.map_err(|error| CertificateError::Damaged { why: error.to_string() })?;
        Ok(CertifiedKey::new(vec![CertificateDer::from(self.der.clone())], signing))
    }
}

fn hash_of(der: &[u8]) -> CertificateHash {
    CertificateHash(Sha256::digest(der).into())
}

/// Certificates as the text of a file. The newest are kept, as many as are of use.
#[must_use]
pub fn to_text(certificates: &[Certificate]) -> Zeroizing<String> {
    let newest = &certificates[certificates.len().saturating_sub(KEPT)..];
    let kept = newest.iter().map(|certificate| KeptCertificate {
        certificate: HEXLOWER.encode(&certificate.der),
        key: HEXLOWER.encode(&certificate.key),
        begins_unix_ms: certificate.begins_unix_ms,
        ends_unix_ms: certificate.ends_unix_ms,
    });
    let kept: Vec<KeptCertificate> = kept.collect();
    Zeroizing::new(serde_json::to_string(&kept).expect("texts and numbers are JSON"))
}

/// Certificates of the text of a file.
///
/// # Errors
/// If it is not what [`to_text`] makes.
pub fn from_text(text: &str) -> Result<Vec<Certificate>, CertificateError> {
    let damaged = |why: String| CertificateError::Damaged { why };
    // The error of the parser could quote a key.
    let kept: Vec<KeptCertificate> = serde_json::from_str(text).map_err(|error| {
        damaged(format!("line {}, column {} is not as a node writes it", error.line(), error.column()))
    })?;
    let read = |kept: &KeptCertificate| {
        let bytes = |text: &str| HEXLOWER.decode(text.as_bytes()).map_err(|error| damaged(error.to_string()));
        let der = bytes(&kept.certificate)?;
        let key = Zeroizing::new(bytes(&kept.key)?);
        let (begins_unix_ms, ends_unix_ms) = (kept.begins_unix_ms, kept.ends_unix_ms);
        let certificate = Certificate { hash: hash_of(&der), der, key, begins_unix_ms, ends_unix_ms };
        certificate.certified_key().map(|_| certificate)
    };
    kept.iter().take(KEPT).map(read).collect()
}

/// The certificate that is shown to those who connect.
#[derive(Clone, Default)]
pub struct ShownCertificate(Arc<Mutex<Option<Arc<CertifiedKey>>>>);

impl fmt::Debug for ShownCertificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ShownCertificate(…)")
    }
}

impl ShownCertificate {
    /// Shows this one from now on.
    ///
    /// # Errors
    /// If it does not fit its key.
    pub fn set(&self, certificate: &Certificate) -> Result<(), CertificateError> {
        let key = Arc::new(certificate.certified_key()?);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
        Ok(())
    }
}

impl ResolvesServerCert for ShownCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000_123;

    #[test]
    fn a_certificate_is_dated_back_and_lasts_no_longer_than_browsers_take() {
        let day = 24 * 60 * 60 * 1_000;
        let (begins, ends) = Certificate::make(NOW, 13 * day).expect("made").validity_unix_ms();
        assert_eq!((begins, ends), (1_800_000_000_000 - DATED_BACK_MS, 1_800_000_000_000 + 13 * day));
        let (begins, ends) = Certificate::make(NOW, 99 * day).expect("made").validity_unix_ms();
        assert_eq!(ends - begins, LONGEST_MS);
        let [one, other] = [(); 2].map(|()| Certificate::make(NOW, day).expect("made").hash());
        assert_ne!(one, other);
    }

    #[test]
    fn an_odd_clock_is_an_error_that_says_so() {
        let error = Certificate::make(u64::MAX, 1_000).expect_err("no such year").to_string();
        assert!(error.contains("set the clock"), "{error}");
    }

    #[test]
    fn certificates_are_read_as_they_were_kept_and_what_is_damaged_is_told_without_the_key() {
        let made: Vec<Certificate> = (0..6).map(|_| Certificate::make(NOW, 1_000_000).expect("made")).collect();
        let text = to_text(&made);
        let read = from_text(&text).expect("what was kept");
        let hashes = |of: &[Certificate]| of.iter().map(Certificate::hash).collect::<Vec<_>>();
        assert_eq!(hashes(&read), hashes(&made[2..]));
        assert_eq!(read[0].validity_unix_ms(), made[2].validity_unix_ms());
        assert!(!format!("{read:?}").contains(&HEXLOWER.encode(&made[2].key)));
        for (wrong, by) in [("", "x"), ("{", "["), ("\"key\":\"30", "\"key\":\"31")] {
            let text = text.replacen(wrong, by, 1);
            let error = from_text(&text).expect_err("damaged").to_string();
            assert!(error.contains("cannot be used") && error.len() < 200, "{error}");
        }
    }
}
