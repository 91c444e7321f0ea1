//! The certificates of the API over WebTransport: which there are, and which is shown.

use automata_runtime::Milliseconds;

use crate::automata::api_certificate::{Conditions, Inside as Action};
use crate::automata::senders::services;
use crate::name::webtransport_api_name;
use crate::world::{CertificateHash, Command, KnownCertificate, World};

impl Conditions for World {
    fn lasts(&mut self, time: Milliseconds) -> bool {
        self.api_certificates.lasts(self.now.unix_ms, time.0)
    }

    fn best(&mut self, time: Milliseconds) -> Option<CertificateHash> {
        self.api_certificates.best(self.now.unix_ms, time.0)
    }
}

/// Performs an action.
pub fn perform(world: &mut World, action: Action) {
    match action {
        Action::ForgetEnded => world.api_certificates.forget_ended(world.now.unix_ms),
        Action::Note { hash, begins_unix_ms, ends_unix_ms } => {
            world.api_certificates.note(KnownCertificate { hash, begins_unix_ms, ends_unix_ms });
            world.tell(services::api_certificate::noted());
        }
        Action::NoteShown { hash } => world.api_certificates.shown = hash,
        Action::OpenPort => world.tell(services::api_port::init(webtransport_api_name())),
        Action::ReportFailure { reason } => {
            if world.api_certificates.problem.as_ref() != Some(&reason) {
                let what = "there is no certificate for the API over WebTransport".to_owned();
                world.command(Command::Report { what, reason: reason.clone() });
            }
            world.api_certificates.problem = Some(reason);
        }
        Action::ClearFailure => world.api_certificates.problem = None,
    }
}
