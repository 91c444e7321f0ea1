//! What only the rim knows of this node's identity: the key, the keys to which messages are sealed, the document in
//! force.

use crate::identity::{Entrypoint, IdentityDocument, IdentityKey, NodeId, Rank, SealingKey, VerifiedDocument};
use crate::name::ServiceName;
use crate::nickname::Nickname;
use crate::store::{Store, StoreError};
use crate::wire::{Frame, Packet};

/// A document is made anew when less than so many seconds of its validity are left.
const RENEW_BEFORE_S: u64 = 3 * 24 * 60 * 60;

/// The keys of this node. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    /// The identity.
    pub identity: std::sync::Arc<IdentityKey>,
    /// Those to which messages are sealed; the one in the document first.
    pub sealing: std::sync::Arc<[SealingKey]>,
}

impl Keys {
    /// All that come of the identity's key.
    #[must_use]
    pub fn of(identity: IdentityKey) -> Self {
        let sealing = [SealingKey::derive(&identity, 0)].into();
        Self { identity: identity.into(), sealing }
    }

    /// Who we are.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.identity.id()
    }
}

/// Who we are.
pub struct OurIdentity {
    /// Our keys.
    pub keys: Keys,
    /// The document in force.
    pub document: VerifiedDocument,
}

impl OurIdentity {
    /// Our id.
    pub fn id(&self) -> NodeId {
        self.keys.id()
    }

    /// A packet of ours, signed.
    pub(super) fn sign(&self, packet: &Packet) -> Option<Frame> {
        let signed = packet.sign(&self.keys.identity);
        let signed = signed.inspect_err(|error| tracing::error!(%error, "one of our packets cannot be signed")).ok()?;
        Some(Frame::Packet(signed.as_bytes().to_vec()))
    }
}

/// A document of ours, and how it differs from the one before.
#[derive(Clone, Debug)]
pub struct Built {
    /// It is on disk.
    pub document: VerifiedDocument,
    /// It names other entrypoints, or in another order.
    pub contacts_changed: bool,
    /// It is another one than before.
    pub is_new: bool,
}

/// The identity document in force: the one that is kept if it says all this and is valid for a while, else a new one,
/// one revision higher, which is on disk before anybody sees it.
///
/// # Errors
/// Those of the store.
pub fn build(
    store: &Store,
    keys: &Keys,
    name: Option<Nickname>,
    entrypoints: Vec<Entrypoint>,
    services: Vec<ServiceName>,
    now_unix_ms: u64,
) -> Result<Built, StoreError> {
    let me = keys.id();
    let kept = store.document(&me)?;
    let restored = store.is_restored()?;
    let current = kept.as_ref().and_then(|kept| VerifiedDocument::verify(&kept.bytes, now_unix_ms).ok());
    let highest = kept.map_or(0, |kept| kept.revision);
    // Others may have seen higher revisions than a backup knows; milliseconds of unix time are above any count of
    // changes, also of those since a restoration that was a moment ago.
    let revision = if restored { highest.max(now_unix_ms) + 1 } else { highest + 1 };
    let mut wanted = IdentityDocument::new(me, keys.sealing[0].public(), revision, now_unix_ms);
    wanted.name = name;
    wanted.contacts = entrypoints.into();
    wanted.services = services.into();
    let is_valid_long = |document: &IdentityDocument| document.valid_until_unix_s > now_unix_ms / 1000 + RENEW_BEFORE_S;
    let says_the_same = |document: &IdentityDocument| {
        document.name == wanted.name
            && document.contacts == wanted.contacts
            && document.services == wanted.services
            && document.sealing_key == wanted.sealing_key
    };
    if let Some(current) = &current
        && !restored
        && says_the_same(current.document())
        && is_valid_long(current.document())
    {
        return Ok(Built { document: current.clone(), contacts_changed: false, is_new: false });
    }
    let contacts_changed = current.is_none_or(|current| current.document().contacts != wanted.contacts);
    let (document, left_out) = wanted.sign(&keys.identity);
    if !left_out.is_empty() {
        tracing::warn!(?left_out, "the identity document has no room for everything");
    }
    let rank = store.keep_own_document(&document, now_unix_ms)?;
    if restored && rank == Rank::Newer {
        store.set_restored(false)?;
    }
    Ok(Built { document, contacts_changed, is_new: true })
}
