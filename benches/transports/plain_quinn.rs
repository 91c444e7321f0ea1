//! QUIC by quinn alone, with raw public keys and the cipher of the transport, and quinn's own settings: what a stream
//! costs without anything of ours.

use std::sync::Arc;

use anyhow::Context as _;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connection, Endpoint, RecvStream, SendStream, ServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, Error, SignatureScheme, version};

/// What stands before an Ed25519 key, as RFC 8410 writes it.
const PUBLIC: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const PRIVATE: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Takes any server.
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

/// An endpoint that takes calls.
///
/// # Errors
/// If there is no port, or no such key.
pub fn server() -> anyhow::Result<Endpoint> {
    let seed = [9; 32];
    let public = bitpie::identity::IdentityKey::from_seed(&seed).id();
    let provider = Arc::new(ring::default_provider());
    let private = PrivatePkcs8KeyDer::from([&PRIVATE[..], &seed].concat());
    let signing = provider.key_provider.load_private_key(PrivateKeyDer::Pkcs8(private))?;
    let public = CertificateDer::from([&PUBLIC[..], public.as_bytes()].concat());
    let key = Arc::new(CertifiedKey::new(vec![public], signing));
    let tls = rustls::ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&version::TLS13])?;
    let tls = tls.with_no_client_auth().with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(key)));
    let configuration = ServerConfig::with_crypto(Arc::new(QuicServerConfig::try_from(tls)?));
    Ok(Endpoint::server(configuration, ([127, 0, 0, 1], 0).into())?)
}

/// An endpoint that calls.
///
/// # Errors
/// If there is no port, or no such key.
pub fn client() -> anyhow::Result<Endpoint> {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let tls = tls.with_protocol_versions(&[&version::TLS13])?.dangerous();
    let tls = tls.with_custom_certificate_verifier(Arc::new(Anybody)).with_no_client_auth();
    let mut endpoint = Endpoint::client(([127, 0, 0, 1], 0).into())?;
    endpoint.set_default_client_config(ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls)?)));
    Ok(endpoint)
}

/// A connection, and its first stream.
pub type Called = (Connection, SendStream, RecvStream);

/// Calls the one at that address, and opens a stream.
///
/// # Errors
/// If nobody answers.
pub async fn call(endpoint: &Endpoint, to: std::net::SocketAddr) -> anyhow::Result<Called> {
    let connection = endpoint.connect(to, "bench")?.await?;
    let (send, receive) = connection.open_bi().await?;
    Ok((connection, send, receive))
}

/// Takes a call, and its first stream.
///
/// # Errors
/// If nobody calls.
pub async fn answer(endpoint: &Endpoint) -> anyhow::Result<Called> {
    let connection = endpoint.accept().await.context("somebody calls")?.await?;
    let (send, receive) = connection.accept_bi().await?;
    Ok((connection, send, receive))
}
