use std::future::Future;

use portcullis_accounts::store::{Change, Conflict};
use portcullis_accounts::{Family, UserRef};
use portcullis_core::Timestamp;
use portcullis_jwt::Revocation;

use super::families::{find, live};
use super::rows::{HOUR, at, family, family_at, inserted};
use super::snapshot::{revocations, text_of};
use super::{Nodes, rows};

super::cases![
    a_family_that_ends_is_gone_and_revoked,
    only_the_owner_ends_it,
    all_end_but_one,
    what_ended_by_itself_is_revoked_too,
    none_is_no_conflict,
];

pub(super) fn ended(owner: &UserRef, family: &Family) -> Change {
    Change::EndFamily {
        owner: owner.clone(),
        id: family.id,
        until: at(HOUR),
    }
}

pub(super) fn all_ended(owner: &UserRef, except: Option<&Family>) -> Change {
    Change::EndFamilies {
        owner: owner.clone(),
        except: except.map(|family| family.id),
        until: at(HOUR),
    }
}

/// What the end of these families writes, sorted.
pub(super) fn written<'a>(families: impl IntoIterator<Item = &'a Family>) -> Vec<String> {
    let sessions = families.into_iter().map(|family| {
        text_of(&Revocation::Session {
            id: family.id.to_string(),
            until: at(HOUR),
        })
    });
    rows::sorted(sessions.collect())
}

async fn a_family_that_ends_is_gone_and_revoked(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let (family, other) = (family(&alice), family(&alice));
    nodes.commit(&[inserted(&family), inserted(&other)]).await;
    let end = ended(&alice, &family);
    let made = nodes.commit(std::slice::from_ref(&end)).await;
    assert_eq!(
        made.ended,
        [family.id],
        "a commit names the family that ended"
    );
    assert!(made.keys.is_empty(), "and no key");
    assert_eq!(
        find(&nodes, &family).await,
        None,
        "a family that was ended is gone"
    );
    assert_eq!(live(&nodes, &family, 20).await, [other], "others are not");
    assert_eq!(
        revocations(&nodes).await,
        written([&family]),
        "its access tokens are revoked with it"
    );
    assert_eq!(nodes.refusal(end).await, Conflict::NotFound, "it ends once");
    assert_eq!(revocations(&nodes).await.len(), 1, "and is revoked once");
    let refused = nodes.refusal(rows::rotated(&family, 0, 20)).await;
    assert_eq!(refused, Conflict::NotFound, "what was ended is not rotated");
}

async fn only_the_owner_ends_it(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let family = family(&alice.reference());
    nodes.commit(&[inserted(&family)]).await;
    for owner in [
        bob.reference(),
        rows::namesake(&family.owner),
        rows::stranger(),
    ] {
        let refused = nodes.refusal(ended(&owner, &family)).await;
        assert_eq!(refused, Conflict::NotFound, "another's family is not there");
        let made = nodes.commit(&[all_ended(&owner, None)]).await;
        assert!(
            made.ended.is_empty(),
            "all of somebody else's are none of these"
        );
        assert_eq!(
            live(&nodes, &family, 20).await,
            std::slice::from_ref(&family),
            "it lives on"
        );
    }
    assert!(revocations(&nodes).await.is_empty(), "nothing was revoked");
}

async fn all_end_but_one(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let (alice, bob) = (alice.reference(), bob.reference());
    let own: Vec<_> = (0..5).map(|_| family(&alice)).collect();
    let theirs = family(&bob);
    let all: Vec<_> = own.iter().chain([&theirs]).map(inserted).collect();
    nodes.commit(&all).await;

    let made = nodes.commit(&[all_ended(&alice, Some(&own[2]))]).await;
    let others: Vec<&Family> = own.iter().filter(|one| one.id != own[2].id).collect();
    let ids = others.iter().map(|family| family.id).collect();
    assert_eq!(
        rows::sorted(made.ended),
        rows::sorted::<_>(ids),
        "all that ended are named"
    );
    assert_eq!(
        live(&nodes, &own[0], 20).await,
        [own[2].clone()],
        "all end but for one"
    );
    assert_eq!(
        revocations(&nodes).await,
        written(others),
        "each that ended is revoked, and no other"
    );
    let made = nodes.commit(&[all_ended(&alice, Some(&theirs))]).await;
    assert_eq!(made.ended, [own[2].id], "another's family is no exception");
    assert_eq!(
        live(&nodes, &theirs, 20).await,
        std::slice::from_ref(&theirs),
        "others' live on"
    );
}

async fn what_ended_by_itself_is_revoked_too(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    let old = family_at(&alice, -1000 * HOUR);
    let older = family_at(&alice, -2000 * HOUR);
    nodes.commit(&[inserted(&old), inserted(&older)]).await;
    nodes.commit(&[ended(&alice, &older)]).await;
    let made = nodes.commit(&[all_ended(&alice, None)]).await;
    assert_eq!(made.ended, [old.id], "all families end, live or not");
    let all = nodes.b.revocations(Timestamp::UNIX_EPOCH, at(0)).await;
    assert_eq!(all.expect("a store answers").len(), 2, "and are revoked");
}

async fn none_is_no_conflict(nodes: Nodes) {
    let alice = nodes.user("alice").await.reference();
    for owner in [alice, rows::stranger()] {
        let made = nodes.commit(&[all_ended(&owner, None)]).await;
        assert!(made.ended.is_empty(), "to end none is no conflict");
    }
    assert!(revocations(&nodes).await.is_empty(), "and revokes nothing");
}
