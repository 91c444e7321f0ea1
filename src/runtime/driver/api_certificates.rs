//! The certificates of the API over WebTransport with their keys, which the core does not see.

use automata_runtime::Milliseconds;

use crate::api::certificate::{Certificate, ShownCertificate, from_text, to_text};
use crate::automata::senders::api_ports::api_certificate;
use crate::home::Home;
use crate::home::clock::unix_ms;
use crate::world::{CertificateHash, Input};

/// All of them, and the one that is shown.
#[derive(Default)]
pub(super) struct ApiCertificates {
    known: Vec<Certificate>,
    shown: ShownCertificate,
    /// The one that is shown, so that it is not looked up each time.
    shown_hash: Option<CertificateHash>,
}

impl ApiCertificates {
    /// What is shown to those who connect.
    pub(super) fn shown(&self) -> ShownCertificate {
        self.shown.clone()
    }

    /// Those that were made in earlier runs.
    pub(super) fn read_kept(&mut self, home: &Home) -> Vec<Input> {
        let read = home.read_certificates().map_err(|error| error.to_string());
        let read = read.and_then(|text| {
            text.map_or_else(|| Ok(Vec::new()), |text| from_text(&text).map_err(|error| error.to_string()))
        });
        self.known = read.unwrap_or_else(|reason| {
            tracing::warn!(reason, "the certificates that were kept are of no use: pages that know their hashes cannot connect, and ask for new ones");
            Vec::new()
        });
        let kept = self.known.iter().map(|certificate| {
            let (begins, ends) = certificate.validity_unix_ms();
            Input::Event(api_certificate::kept(certificate.hash(), begins, ends))
        });
        kept.chain([Input::Event(api_certificate::all_kept())]).collect()
    }

    /// Makes one more, and keeps it.
    pub(super) fn make(&mut self, home: &Home, lifetime: Milliseconds) -> Input {
        let now = unix_ms();
        let certificate = match Certificate::make(now, lifetime.0) {
            Ok(certificate) => certificate,
            Err(error) => return Input::Event(api_certificate::failed(error.to_string())),
        };
        let (hash, (begins, ends)) = (certificate.hash(), certificate.validity_unix_ms());
        self.known.retain(|known| known.validity_unix_ms().1 > now);
        self.known.push(certificate);
        if let Err(error) = home.write_certificates(&to_text(&self.known)) {
            tracing::warn!(%error, "the certificate of the API is not kept: pages that know its hash cannot connect after a restart");
        }
        tracing::info!(%hash, "a certificate for the API over WebTransport was made");
        Input::Event(api_certificate::made(hash, begins, ends))
    }

    /// Shows one to those who connect from now on.
    pub(super) fn show(&mut self, hash: Option<CertificateHash>) {
        if hash == self.shown_hash {
            return;
        }
        let found = self.known.iter().find(|certificate| Some(certificate.hash()) == hash);
        if let Some(certificate) = found {
            match self.shown.set(certificate) {
                Ok(()) => self.shown_hash = hash,
                Err(error) => tracing::warn!(%error, "a certificate cannot be shown"),
            }
        }
    }
}
