//! The identity in the handshake of TLS 1.3: each side shows its identity key as a raw public key (RFC 7250) and signs
//! the handshake with it. There is no certificate, no name and no authority.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{AlwaysResolvesClientRawPublicKeys, Resumption};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme, version};
use zeroize::Zeroizing;

use crate::identity::{IdentityKey, NodeId};

/// What is spoken within QUIC (RFC 7301).
pub const ALPN: &[u8] = b"bitpie/1";

/// What stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410, section 4).
const PUBLIC_KEY_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What stands before the 32 bytes of the seed in a `OneAsymmetricKey` (RFC 8410, section 7).
const PRIVATE_KEY_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Who signed the handshake, by its raw public key; nobody if it is no such key.
pub(super) fn node_of(key: &CertificateDer<'_>) -> Option<NodeId> {
    let bytes = key.as_ref().strip_prefix(&PUBLIC_KEY_PREFIX)?;
    Some(NodeId::from_bytes(bytes.try_into().ok()?))
}

/// Our identity, as TLS shows it.
pub(super) struct TlsIdentity {
    provider: Arc<CryptoProvider>,
    key: Arc<CertifiedKey>,
    id: NodeId,
}

impl TlsIdentity {
    pub(super) fn new(key: &IdentityKey) -> Self {
        let provider = Arc::new(ring::default_provider());
        let private = Zeroizing::new([&PRIVATE_KEY_PREFIX[..], &key.seed()[..]].concat());
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(private.to_vec()));
        let signing = provider.key_provider.load_private_key(private).expect("each seed makes a key");
        let public = [&PUBLIC_KEY_PREFIX[..], key.id().as_bytes()].concat();
        let key_shown = Arc::new(CertifiedKey::new(vec![CertificateDer::from(public)], signing));
        Self { provider, key: key_shown, id: key.id() }
    }

    /// Who we are.
    pub(super) fn id(&self) -> NodeId {
        self.id
    }

    /// The side that is called. It takes whoever proves to hold a key; who that is, the session's protocol judges.
    pub(super) fn called(&self) -> rustls::ServerConfig {
        let anybody = Verifier { provider: Arc::clone(&self.provider), expected: None, found: Arc::default() };
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_protocol_versions(&[&version::TLS13]).expect("ring has what TLS 1.3 needs");
        let mut config = builder
            .with_client_cert_verifier(Arc::new(anybody))
            .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::clone(&self.key))));
        config.alpn_protocols = vec![ALPN.to_vec()];
        // Each session proves anew who is there.
        config.send_tls13_tickets = 0;
        config
    }

    /// The side that calls, and nobody but the node that is expected. Who was found instead is told by the second
    /// value.
    pub(super) fn caller(&self, expected: NodeId) -> (rustls::ClientConfig, Arc<OnceLock<NodeId>>) {
        let found = Arc::default();
        let verifier =
            Verifier { provider: Arc::clone(&self.provider), expected: Some(expected), found: Arc::clone(&found) };
        let builder = rustls::ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder.with_protocol_versions(&[&version::TLS13]).expect("ring has what TLS 1.3 needs");
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::clone(&self.key))));
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.enable_sni = false;
        config.resumption = Resumption::disabled();
        (config, found)
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TlsIdentity(of {})", self.id)
    }
}

/// Why a key is refused. The other side is told so, in these words behind an alert `certificate_unknown` (RFC 8446,
/// section 6.2).
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum WrongKey {
    #[error("the key shown is not a bitpie identity (a raw Ed25519 key)")]
    NoIdentity,
    #[error("the key shown is not that of the node that was called")]
    AnotherNode,
}

/// The words again: rustls puts them into its own text in this way, and that is what the other side reads.
impl fmt::Debug for WrongKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<WrongKey> for Error {
    fn from(why: WrongKey) -> Self {
        // Any other error ends in the alert `handshake_failure`, which says nothing of keys.
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
    }
}

/// Checks that the other side holds the key that it shows, and that it is the one that is expected.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    expected: Option<NodeId>,
    found: Arc<OnceLock<NodeId>>,
}

impl Verifier {
    fn check(&self, key: &CertificateDer<'_>) -> Result<(), Error> {
        let found = node_of(key).ok_or(WrongKey::NoIdentity)?;
        if self.expected.is_some_and(|expected| expected != found) {
            let _ = self.found.set(found);
            return Err(WrongKey::AnotherNode.into());
        }
        Ok(())
    }

    fn check_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(key.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, signature, &self.provider.signature_verification_algorithms)
    }
}

fn older_version() -> Error {
    Error::General("TLS 1.3 alone is spoken".into())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(key).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(older_version())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        key: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(key).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(older_version())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        key: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check_signature(message, key, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(expected: Option<NodeId>) -> Verifier {
        Verifier { provider: Arc::new(ring::default_provider()), expected, found: Arc::default() }
    }

    fn shown(key: &[u8]) -> CertificateDer<'static> {
        CertificateDer::from([&PUBLIC_KEY_PREFIX[..], key].concat())
    }

    #[test]
    fn a_key_that_is_no_identity_and_one_of_another_node_are_refused_in_words() {
        let said = |verifier: &Verifier, key: &CertificateDer<'_>| {
            let error = verifier.check(key).expect_err("it is refused");
            assert!(matches!(error, Error::InvalidCertificate(CertificateError::Other(_))), "{error:?}");
            error.to_string()
        };
        let anybody = verifier(None);
        assert_eq!(anybody.check(&shown(&[1; 32])), Ok(()));
        let certificate = CertificateDer::from(vec![0x30, 0x82, 0x01, 0x0a]);
        for key in [certificate, shown(&[1; 31]), shown(&[1; 33]), CertificateDer::from(Vec::new())] {
            assert!(said(&anybody, &key).contains("not a bitpie identity"), "{key:?}");
        }
        let one = verifier(Some(NodeId::from_bytes([1; 32])));
        assert_eq!(one.check(&shown(&[1; 32])), Ok(()));
        assert!(said(&one, &shown(&[2; 32])).contains("not that of the node that was called"));
        assert_eq!(one.found.get(), Some(&NodeId::from_bytes([2; 32])), "who was there is told");
    }
}
