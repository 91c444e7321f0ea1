//! The local API's calls about invitations: made, listed, taken back.

use std::collections::BTreeMap;

use crate::api::answers;
use crate::api::hidden::Hidden;
use crate::api::methods::{Answers, ListInvitations, NewInvitation, RemoveInvitation};
use crate::api::reply::Reply;
use crate::home::clock::unix_ms;
use crate::home::entropy::random;
use crate::identity::{Idurl, Invitation, NodeId};
use crate::nickname::Nickname;
use crate::store::{NewInvitation as Kept, StoredInvitation};

use crate::runtime::driver::Driver;
use crate::runtime::errors::{bad, failed};
use crate::runtime::lookup;

/// How long an invitation counts if nobody says for how long, in milliseconds.
const BY_DEFAULT_MS: u64 = 7 * DAY_MS;

/// How long it counts, at most.
const LONGEST_MS: u64 = 366 * DAY_MS;

/// How long it counts, at least.
const SHORTEST_MS: u64 = 1_000;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Answers<NewInvitation> for Driver {
    fn answer(&mut self, NewInvitation { for_ms }: NewInvitation, reply: Reply<answers::Invited>) {
        if for_ms.is_some_and(|ms| !(SHORTEST_MS..=LONGEST_MS).contains(&ms)) {
            return reply.refuse(bad("an invitation counts for at least 1s, and for at most 366d".to_owned()));
        }
        let now = unix_ms();
        let invitation = Invitation::from_bytes(random());
        let kept = Kept {
            digest: invitation.digest(),
            until_unix_ms: now.saturating_add(for_ms.unwrap_or(BY_DEFAULT_MS)),
            is_once: for_ms.is_none(),
        };
        let entrypoints: Vec<_> = self.node.world().reached_at().flat_map(|(_, at)| at).collect();
        let name = self.settings.values.identity.name.clone();
        let id = self.identity.id();
        self.ask(reply, false, move |store| {
            store.add_invitation(&kept, now).map_err(failed)?;
            let idurl = Idurl { id, at: entrypoints.clone(), name: name.clone(), invitation: Some(invitation) };
            let Kept { digest, until_unix_ms, is_once } = kept;
            let stored = StoredInvitation { digest, made_unix_ms: now, until_unix_ms, is_once, used_by: Vec::new() };
            let invitation = shown(stored, &BTreeMap::new());
            let idurl = Hidden(idurl.to_string());
            Ok((answers::Invited { id, idurl, name, entrypoints, invitation }, Vec::new()))
        });
    }
}

impl Answers<ListInvitations> for Driver {
    fn answer(&mut self, ListInvitations {}: ListInvitations, reply: Reply<answers::Invitations>) {
        let now = unix_ms();
        self.ask(reply, false, move |store| {
            let names = lookup::names(store)?;
            let kept = store.invitations(now).map_err(failed)?;
            let invitations = kept.into_iter().map(|kept| shown(kept, &names)).collect();
            Ok((answers::Invitations { invitations }, Vec::new()))
        });
    }
}

impl Answers<RemoveInvitation> for Driver {
    fn answer(&mut self, RemoveInvitation { name }: RemoveInvitation, reply: Reply<answers::InvitationRemoved>) {
        let now = unix_ms();
        self.ask(reply, true, move |store| {
            let waiting = store.remove_invitation(&name, now).map_err(failed)?;
            Ok((answers::InvitationRemoved { name, waiting }, Vec::new()))
        });
    }
}

/// An invitation, and who has used it.
fn shown(invitation: StoredInvitation, names: &BTreeMap<NodeId, Option<Nickname>>) -> answers::Invitation {
    let user = |id: NodeId| answers::InvitationUser { id, name: names.get(&id).cloned().flatten() };
    answers::Invitation {
        name: invitation.digest.name(),
        once: invitation.is_once,
        made_unix_ms: invitation.made_unix_ms,
        until_unix_ms: invitation.until_unix_ms,
        used_by: invitation.used_by.into_iter().map(user).collect(),
    }
}
