//! What only the rim knows of this node's identity: the key, the keys to which messages are sealed, the document in
//! force.

use crate::identity::{
    Entrypoint, GREATEST_REVISION, IdentityDocument, IdentityKey, NodeId, Rank, SealingKey, VerifiedDocument,
};
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
    if highest >= GREATEST_REVISION {
        return Err(StoreError::RevisionsUsedUp);
    }
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
    // Where nothing can be kept, nobody is shown a document either.
    if store.is_read_only() {
        return Ok(Built { document, contacts_changed, is_new: true });
    }
    let rank = store.keep_own_document(&document, now_unix_ms)?;
    if restored && rank == Rank::Newer {
        store.set_restored(false)?;
    }
    Ok(Built { document, contacts_changed, is_new: true })
}

/// What is to be shown after others have shown a document of ours that this home does not know: the same as now, one
/// revision above it. Nothing if it is known, or older. Only our own signature is believed, so nobody else drives the
/// revision up.
///
/// # Errors
/// Those of the store, or if there is no higher revision.
pub fn raise(
    store: &Store,
    keys: &Keys,
    seen: &VerifiedDocument,
    now_unix_ms: u64,
) -> Result<Option<Built>, StoreError> {
    let kept = store.document(&keys.id())?;
    let current = kept.and_then(|kept| VerifiedDocument::verify_whenever(&kept.bytes).ok());
    let revision = seen.document().revision;
    let is_known =
        |current: &VerifiedDocument| revision < current.document().revision || seen.as_bytes() == current.as_bytes();
    if seen.id() != keys.id() || current.as_ref().is_some_and(is_known) {
        return Ok(None);
    }
    if revision >= GREATEST_REVISION {
        return Err(StoreError::RevisionsUsedUp);
    }
    // Evidence, where both have the same revision; and never forgotten again.
    store.keep_own_document(seen, now_unix_ms)?;
    let says = current.as_ref().unwrap_or(seen).document().clone();
    let mut wanted = IdentityDocument::new(keys.id(), keys.sealing[0].public(), revision + 1, now_unix_ms);
    wanted.name = says.name;
    wanted.contacts = says.contacts;
    wanted.services = says.services;
    wanted.external = says.external;
    let (document, _) = wanted.sign(&keys.identity);
    store.keep_own_document(&document, now_unix_ms)?;
    Ok(Some(Built { document, contacts_changed: false, is_new: true }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    fn document(key: &IdentityKey, revision: u64) -> VerifiedDocument {
        let sealing = SealingKey::derive(key, 0).public();
        IdentityDocument::new(key.id(), sealing, revision, NOW).sign(key).0
    }

    #[test]
    fn only_a_newer_document_of_our_own_raises_the_revision() {
        let (store, keys) = (Store::in_memory().expect("memory"), Keys::of(IdentityKey::from_seed(&[7; 32])));
        let name: Nickname = "alice".parse().expect("a nickname");
        build(&store, &keys, Some(name.clone()), Vec::new(), Vec::new(), NOW).expect("built");
        let kept = |store: &Store| store.document(&keys.id()).expect("read").expect("there").revision;
        assert_eq!(kept(&store), 1);
        let raised = |seen: &VerifiedDocument| {
            let raised = raise(&store, &keys, seen, NOW).expect("looked");
            raised.map(|built| built.document)
        };
        let other = IdentityKey::from_seed(&[8; 32]);
        assert_eq!(raised(&document(&other, 500)), None);
        let ours = raised(&document(&keys.identity, 500)).expect("it is newer");
        assert_eq!((ours.document().revision, ours.document().name.as_ref()), (501, Some(&name)));
        assert_eq!(kept(&store), 501);
        for old in [ours.clone(), document(&keys.identity, 500), document(&keys.identity, 3)] {
            assert_eq!(raised(&old), None);
        }
        // Another one of the same revision: others have seen that, and not ours.
        assert_eq!(raised(&document(&keys.identity, 501)).expect("a conflict").document().revision, 502);
        let last = document(&keys.identity, GREATEST_REVISION);
        assert!(matches!(raise(&store, &keys, &last, NOW), Err(StoreError::RevisionsUsedUp)));
        assert_eq!(kept(&store), 502);
    }
}
