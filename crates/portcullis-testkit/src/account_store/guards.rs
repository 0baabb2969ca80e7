//! What a commit may ask besides: a stamp as it was, and something left to log in by.

use std::future::Future;

use portcullis_accounts::User;
use portcullis_accounts::store::{Change, Conflict};

use super::bytes::ALIKE;
use super::identities::list;
use super::roles::require_admin;
use super::rows::{
    factor_deleted, identity, linked_identity, require_credential, require_stamp, unlinked,
    without_password,
};
use super::users::{assert_same, insert};
use super::{Nodes, rows};

super::cases![
    a_stamp_is_still_this_one,
    a_stamp_is_asked_in_its_turn,
    a_stamp_that_is_another_leaves_nothing,
    a_credential_is_a_password_or_an_identity,
    a_credential_is_left_after_all_changes,
    the_last_credential_stays,
    others_credentials_do_not_count,
    what_is_asked_last_is_named_last,
];

fn stamped(user: &User, stamp: &str) -> Change {
    let mut update = rows::update(user);
    update.stamp = Some(stamp.to_owned());
    rows::updated(update)
}

async fn a_stamp_is_still_this_one(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    nodes.commit(&[require_stamp(&owner, "stamp-1")]).await;
    assert_same(nodes.find(&owner).await, &alice, "asking changes nothing");
    for user in [rows::stranger(), rows::namesake(&owner)] {
        let refused = nodes.refusal(require_stamp(&user, "stamp-1")).await;
        assert_eq!(refused, Conflict::NotFound, "nobody has a stamp");
    }
    for stamp in ALIKE {
        let set = stamped(&alice, stamp);
        nodes.commit(&[set, require_stamp(&owner, stamp)]).await;
        let others = ALIKE.into_iter().filter(|other| *other != stamp);
        for other in others.chain([""]) {
            let refused = nodes.refusal(require_stamp(&owner, other)).await;
            let rule = "stamps are compared byte by byte";
            assert_eq!(refused, Conflict::Changed, "{rule}: {stamp:?}, {other:?}");
        }
    }
}

/// Other than what is asked when all is made.
async fn a_stamp_is_asked_in_its_turn(nodes: Nodes) {
    let alice = rows::user("users", "alice@example.com");
    let owner = alice.reference();
    let [first, second] = ["stamp-1", "stamp-2"].map(|stamp| require_stamp(&owner, stamp));
    nodes
        .commit(&[
            insert(&alice),
            first.clone(),
            stamped(&alice, "stamp-2"),
            second.clone(),
        ])
        .await;
    let rule = "a stamp is asked where it stands among the changes";
    let refused = nodes.conflict(&[stamped(&alice, "stamp-1"), second]).await;
    assert_eq!(refused, (1, Conflict::Changed), "{rule}");
    let refused = nodes.conflict(&[first, stamped(&alice, "stamp-1")]).await;
    assert_eq!(refused, (0, Conflict::Changed), "{rule}");
    let gone = Change::DeleteUser(owner.clone());
    let after = [gone, require_stamp(&owner, "stamp-2")];
    let refused = nodes.conflict(&after).await;
    assert_eq!(refused, (1, Conflict::NotFound), "{rule}");
}

async fn a_stamp_that_is_another_leaves_nothing(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    let made = [
        rows::inserted(&rows::family(&owner)),
        rows::factor_put(&rows::factor(&owner)),
        linked_identity(&identity(&owner)),
    ];
    for place in 0..=made.len() {
        let mut changes = made.to_vec();
        changes.insert(place, require_stamp(&owner, "stamp-0"));
        let refused = nodes.conflict(&changes).await;
        assert_eq!(refused, (place, Conflict::Changed), "it names itself");
        let families = nodes.b.families(&owner, rows::at(11)).await;
        let rule = "where a stamp is another, nothing is made";
        assert!(families.expect("a store answers").is_empty(), "{rule}");
        let factor = super::factors::find(&nodes, &owner).await;
        assert_eq!(factor, None, "{rule}");
        assert!(list(&nodes, &owner).await.is_empty(), "{rule}");
    }
}

/// AC-A8.
async fn a_credential_is_a_password_or_an_identity(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    let require = || require_credential(&owner);
    nodes.commit(&[require()]).await;
    assert_same(nodes.find(&owner).await, &alice, "asking changes nothing");

    let rule = "a password is one credential, an identity another";
    let identity = identity(&owner);
    nodes.commit(&[linked_identity(&identity), require()]).await;
    nodes.commit(&[without_password(&alice), require()]).await;
    nodes.commit(&[require()]).await;
    let last = [unlinked(&identity), require()];
    let refused = nodes.conflict(&last).await;
    assert_eq!(refused, (1, Conflict::LastCredential), "{rule}");
    assert_eq!(list(&nodes, &owner).await, [identity], "{rule}");

    for nobody in [rows::stranger(), rows::namesake(&owner)] {
        let refused = nodes.refusal(require_credential(&nobody)).await;
        assert_eq!(refused, Conflict::LastCredential, "nobody has one");
    }
}

async fn a_credential_is_left_after_all_changes(nodes: Nodes) {
    let alice = User {
        password: None,
        ..rows::user("users", "alice@example.com")
    };
    let owner = alice.reference();
    let require = || require_credential(&owner);
    let (first, second) = (identity(&owner), identity(&owner));
    let rule = "it is asked when all changes are made, wherever it stands";
    let refused = nodes.conflict(&[require(), insert(&alice)]).await;
    assert_eq!(refused, (0, Conflict::LastCredential), "{rule}");
    nodes
        .commit(&[require(), insert(&alice), linked_identity(&first)])
        .await;
    let exchanged = [unlinked(&first), require(), linked_identity(&second)];
    nodes.commit(&exchanged).await;
    let mut update = rows::update(&alice);
    update.password = Some(rows::user("users", "").password);
    let replaced = [require(), unlinked(&second), rows::updated(update)];
    nodes.commit(&replaced).await;
    let found = nodes.find(&owner).await.and_then(|user| user.password);
    assert!(found.is_some(), "{rule}");
    let gone = [require(), Change::DeleteUser(owner.clone())];
    let refused = nodes.conflict(&gone).await;
    assert_eq!(refused, (0, Conflict::LastCredential), "{rule}");
}

/// AC-A8.
async fn the_last_credential_stays(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    let identities = [identity(&owner), identity(&owner), identity(&owner)];
    let begin: Vec<_> = identities.iter().map(linked_identity).collect();
    nodes.commit(&begin).await;
    nodes.commit(&[without_password(&alice)]).await;
    let without = |identity| [unlinked(identity), require_credential(&owner)];
    nodes.commit(&without(&identities[0])).await;
    nodes.commit(&without(&identities[1])).await;
    let rule = "the last way to log in is not taken away";
    let refused = nodes.conflict(&without(&identities[2])).await;
    assert_eq!(refused, (1, Conflict::LastCredential), "{rule}");
    let all = Change::DeleteIdentities {
        owner: owner.clone(),
    };
    let refused = nodes.conflict(&[require_credential(&owner), all]).await;
    assert_eq!(refused, (0, Conflict::LastCredential), "{rule}");
    let found = list(&nodes, &owner).await;
    assert_eq!(found, identities[2..], "{rule}");
}

async fn others_credentials_do_not_count(nodes: Nodes) {
    let (alice, bob) = (nodes.user("alice").await, nodes.user("bob").await);
    let namesake = User {
        id: alice.id,
        ..rows::user("customers", "alice@example.com")
    };
    let owner = alice.reference();
    nodes
        .commit(&[
            insert(&namesake),
            linked_identity(&identity(&bob.reference())),
            linked_identity(&identity(&namesake.reference())),
            // None of these is anything to log in by.
            rows::factor_put(&rows::active_factor(&owner)),
            rows::codes_put(&owner, &[rows::code()]),
            rows::added(&rows::key(&owner)),
            rows::inserted(&rows::family(&owner)),
        ])
        .await;
    let changes = [without_password(&alice), require_credential(&owner)];
    let refused = nodes.conflict(&changes).await;
    let rule = "a credential is the account's own, and good to log in by";
    assert_eq!(refused, (1, Conflict::LastCredential), "{rule}");
    assert_same(nodes.find(&owner).await, &alice, "nothing was changed");
}

async fn what_is_asked_last_is_named_last(nodes: Nodes) {
    let alice = nodes.user("alice").await;
    let owner = alice.reference();
    nodes.commit(&[without_password(&alice)]).await;
    let credential = || require_credential(&owner);
    let rule = "of what is asked when all is made, the first is named";
    let both = [credential(), require_admin()];
    let refused = nodes.conflict(&both).await;
    assert_eq!(refused, (0, Conflict::LastCredential), "{rule}");
    let both = [require_admin(), credential()];
    let refused = nodes.conflict(&both).await;
    assert_eq!(refused, (0, Conflict::RoleUnheld), "{rule}");

    let rule = "and before it what cannot be made";
    let unmade = [
        (require_stamp(&owner, "stamp-0"), Conflict::Changed),
        (factor_deleted(&owner), Conflict::NotFound),
    ];
    for (change, conflict) in unmade {
        let changes = [credential(), require_admin(), change];
        let refused = nodes.conflict(&changes).await;
        assert_eq!(refused, (2, conflict), "{rule}");
    }
}
