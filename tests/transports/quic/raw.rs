//! A caller and an answerer of our own making, on quinn and rustls alone: they can leave out, repeat or forge what a
//! node would not.

use std::net::SocketAddr;
use std::sync::Arc;

use bitpie::identity::{IdentityKey, NodeId};
use bitpie::transports::quic::{ALPN, CALLER_PROOF_BYTES, caller_proof};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connection, ConnectionError, ConnectionId, Endpoint, ServerConfig};
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use tokio::time::timeout;

use super::sides::{localhost, now_unix_ms};

/// What stands before an Ed25519 key, as RFC 8410 writes it: public, and private.
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PRIVATE: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Takes anybody.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Anybody {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

/// The key that is shown, with the one that signs.
fn raw_key(shown: &IdentityKey, signs: &IdentityKey) -> Arc<CertifiedKey> {
    let private = PrivatePkcs8KeyDer::from([&PRIVATE[..], &signs.seed()[..]].concat());
    let provider = ring::default_provider();
    let signing = provider.key_provider.load_private_key(PrivateKeyDer::Pkcs8(private)).expect("a key");
    let public = CertificateDer::from([&PUBLIC[..], shown.id().as_bytes()].concat());
    Arc::new(CertifiedKey::new(vec![public], signing))
}

/// Answers whoever calls, with these keys. It wants no proof, and takes anybody.
pub fn answerer(shown: &IdentityKey, signs: &IdentityKey) -> (Endpoint, SocketAddr) {
    let builder = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("TLS 1.3");
    let builder = builder.with_client_cert_verifier(Arc::new(Anybody));
    let key = AlwaysResolvesServerRawPublicKeys::new(raw_key(shown, signs));
    let mut tls = builder.with_cert_resolver(Arc::new(key));
    tls.alpn_protocols = vec![ALPN.to_vec()];
    let tls = QuicServerConfig::try_from(tls).expect("it is well-formed");
    let endpoint = Endpoint::server(ServerConfig::with_crypto(Arc::new(tls)), localhost()).expect("a socket");
    let at = endpoint.local_addr().expect("it is bound");
    (endpoint, at)
}

/// A call, before it is made.
pub struct Call {
    /// The key that is shown, and the one that signs.
    pub shown: IdentityKey,
    pub signs: IdentityKey,
    /// The first connection id.
    pub proof: Vec<u8>,
    pub protocol: Vec<u8>,
    /// No key is shown at all.
    pub is_nobody: bool,
}

impl Call {
    /// One as a node would make it.
    pub fn honest(key: &IdentityKey, called: &NodeId, chance: u8) -> Self {
        let proof: [u8; CALLER_PROOF_BYTES] = caller_proof(called, [chance; 8], now_unix_ms());
        let (shown, signs) = (key.clone(), key.clone());
        Self { shown, signs, proof: proof.to_vec(), protocol: ALPN.to_vec(), is_nobody: false }
    }

    fn configuration(&self) -> ClientConfig {
        let provider = Arc::new(ring::default_provider());
        let key = raw_key(&self.shown, &self.signs);
        let builder = rustls::ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).expect("TLS 1.3");
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody));
        let mut tls = if self.is_nobody {
            builder.with_no_client_auth()
        } else {
            builder.with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(key)))
        };
        tls.alpn_protocols = vec![self.protocol.clone()];
        tls.enable_sni = false;
        let tls = QuicClientConfig::try_from(tls).expect("it is well-formed");
        let mut configuration = ClientConfig::new(Arc::new(tls));
        let proof = self.proof.clone();
        configuration.initial_dst_cid_provider(Arc::new(move || ConnectionId::new(&proof)));
        configuration
    }

    /// Makes it; `None` if there is no answer at all for so long.
    pub async fn make(&self, to: SocketAddr) -> Option<Result<Caller, ConnectionError>> {
        let endpoint = Endpoint::client(localhost()).expect("a socket");
        let connecting = endpoint.connect_with(self.configuration(), to, "bitpie").expect("it is well-formed");
        let connected = timeout(super::sides::SILENCE, connecting).await.ok()?;
        Some(connected.map(|connection| Caller { connection, _endpoint: endpoint }))
    }
}

/// A call that was answered.
pub struct Caller {
    pub connection: Connection,
    _endpoint: Endpoint,
}
